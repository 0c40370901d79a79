"""A run is written down as it goes, and read again: every event, every way, with its time."""

import asyncio
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from agentgraph.errors import InvalidInput, NotAvailable
from agentgraph.events import Recording, Result, recorded
from agentgraph.runtime import Ask, Body, Ctx, Run, start
from tests.runtime.kit import Notes, VirtualClock, play, program

LOOP = "START -> w\nw -> k\nclassifier k: ok -> END, again -> w\nbound w 9 loop l\nloop l: w k"
ASK = "START -> a\na -> q\nhuman q: send -> b, drop -> END\nb -> END"


def written(going: Run[Notes]) -> list[str]:
    lines: list[str] = []
    going.record(lines.append)
    return lines


async def loop_run() -> tuple[Result[Notes], list[str]]:
    answers = iter(["again", "ok"])
    going = start(program(LOOP, k=lambda s: next(answers)), Notes(), run_id="r")
    lines = written(going)
    return await going.result(), lines


def told(run: Recording) -> list[str]:
    return [f"{step.kind} {step.node}".strip() for step in run.steps]


def test_a_recording_tells_each_event_and_each_way_once() -> None:
    async def main() -> None:
        result, lines = await loop_run()

        (run,) = recorded(lines)

        assert (run.run_id, run.workflow, run.status) == ("r", "g", "done")
        assert told(run) == [
            "RunStarted",
            "NodeStarted w",
            "NodeDone w",
            "Decided k",
            "NodeStarted w",
            "NodeDone w",
            "Decided k",
            "RunEnded",
        ]
        ways = [move.way for step in run.steps for move in step.moves]
        assert Counter(ways) == result.taken
        assert ways[:3] == [("START", "w", None), ("w", "k", None), ("k", "w", "again")]
        assert run.steps[2].data["changed"] == {"notes": ["w"]}
        assert run.steps[-1].data["state"]["notes"] == ["w", "w"]

    play(main)


def test_a_run_can_be_read_and_recorded_at_once() -> None:
    async def main() -> None:
        going = start(program("START -> a\na -> END"), Notes())
        lines = written(going)

        heard = [type(event).__name__ async for event in going]

        (run,) = recorded(lines)
        assert heard == [step.kind for step in run.steps]
        assert heard == ["RunStarted", "NodeStarted", "NodeDone", "RunEnded"]

    play(main)


def test_times_are_those_of_the_clock_of_the_run() -> None:
    async def a(s: Notes, ctx: Ctx) -> None:
        ctx.spend(tokens=7, usd=0.25)

        await done.wait()

    done = asyncio.Event()

    async def main() -> None:
        clock = VirtualClock()
        clock.call_at(clock.time() + 2.5, done.set)
        made = program("START -> a\na -> END", a=Body(a, "ctx", is_async=True))
        going = start(made, Notes(), clock=clock)
        lines = written(going)
        await clock.finish(going.result())

        (run,) = recorded(lines)

        times = {step.kind: step.at for step in run.steps}
        assert times["NodeStarted"] == 0
        assert times["NodeDone"] == 2.5
        charged = next(step for step in run.steps if step.kind == "Charged")
        assert (charged.node, charged.data) == ("a", {"tokens": 7, "usd": 0.25})

    play(main)


def test_a_run_is_recorded_once_and_a_second_recording_is_refused() -> None:
    async def main() -> None:
        lines: list[str] = []
        going = start(program("START -> a\na -> END"), Notes())
        going.record(lines.append)
        with pytest.raises(NotAvailable, match="is recorded already"):
            going.record(lines.append)
        await going.result()
        (run,) = recorded(lines)
        assert run.status == "done"

    play(main)


def test_a_run_that_waits_is_recorded_from_its_question_to_its_end() -> None:
    async def main() -> None:
        going = start(program(ASK, q=lambda s: Ask(show="?")), Notes())
        await going.result()
        lines = written(going)
        (before,) = recorded(lines)
        await going.answer("send")
        await going.result()

        (run,) = recorded(lines)

        assert told(before) == ["RunStarted", "Asked q", "RunEnded"]
        assert before.status == "paused"
        assert told(run)[3:] == ["Decided q", "NodeStarted b", "NodeDone b", "RunEnded"]
        assert [move.way for move in run.steps[1].moves] == [("START", "a", None), ("a", "q", None)]

    play(main)


def test_what_json_has_no_form_for_is_written_all_the_same() -> None:
    class Odd:
        def __repr__(self) -> str:
            return "<odd>"

    ring: list[Any] = []
    ring.append(ring)
    values = [Odd(), b"\xff", float("nan"), "\ud800", {1, 2}, ring]

    async def a(s: Notes, ctx: Ctx) -> None:
        for value in values:
            ctx.emit(value)

    async def main() -> None:
        going = start(program("START -> a\na -> END", a=Body(a, "ctx", is_async=True)), Notes())
        lines = written(going)
        await going.result()

        (run,) = recorded(lines)

        told = [step.data["value"] for step in run.steps if step.kind == "Emitted"]
        assert told == ["<odd>", "_w==", "nan", "\ud800", [1, 2], "[[...]]"]
        assert all(line.isascii() and line.endswith("\n") for line in lines)

    play(main)


def test_a_run_goes_on_when_it_cannot_be_written_down() -> None:
    def write(line: str) -> None:
        if "NodeDone" in line:
            raise OSError("no space left")

    async def main() -> None:
        going = start(program("START -> a\na -> END"), Notes())
        going.record(write)
        with pytest.warns(RuntimeWarning, match="no space left"):
            assert (await going.result()).status == "done"

    play(main)


def test_many_runs_share_a_file_and_are_told_apart(tmp_path: Path) -> None:
    async def main() -> None:
        one, other = (
            start(program("START -> a\na -> END"), Notes()),
            start(program("START -> b\nb -> END"), Notes()),
        )
        with (tmp_path / "runs.jsonl").open("w") as file:
            one.record(file.write)
            other.record(file.write)
            await asyncio.gather(one.result(), other.result())

        runs = recorded(tmp_path / "runs.jsonl")

        assert [run.run_id for run in runs] == [one.id, other.id]
        assert [told(run)[1] for run in runs] == ["NodeStarted a", "NodeStarted b"]

    play(main)


HEAD = '{"format": "agentgraph/run/1", "run": "r", "workflow": "g", "digest": "d"}'


@pytest.mark.parametrize(
    ("lines", "what", "where"),
    [
        ([], "there is no recorded run", "the lines given"),
        ([HEAD, "{"], "this is not JSON", "line 2"),
        (["[]"], "a JSON object", "line 1"),
        (['{"format": "other/1"}'], "'other/1', not 'agentgraph/run/1'", "line 1"),
        (['{"run": "r", "at": 0, "event": "NodeDone"}'], "belongs to no recorded run", "line 1"),
        ([HEAD, '{"run": "r", "at": "x", "event": "NodeDone"}'], "belongs to no", "line 2"),
    ],
)
def test_what_is_no_recording_is_refused_with_its_line(
    lines: list[str], what: str, where: str
) -> None:
    with pytest.raises(InvalidInput) as caught:
        recorded(lines)

    assert what in caught.value.what
    assert where in caught.value.where
    assert "--record" in caught.value.fix


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="it cannot be read"):
        recorded(tmp_path / "none.jsonl")


def test_a_line_with_more_than_is_known_today_is_read() -> None:
    lines = [HEAD, '{"run": "r", "at": 1, "event": "Dreamt", "node": "a", "depth": 3}']

    (run,) = recorded(lines)

    assert (run.steps[0].kind, run.steps[0].node, run.steps[0].data) == (
        "Dreamt",
        "a",
        {"depth": 3},
    )
