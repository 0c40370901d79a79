"""The events of a run, as one reader gets them."""

import asyncio
from typing import assert_never

import pytest

from agentgraph.errors import NotAvailable, RunFailed
from agentgraph.events import (
    Asked,
    Charged,
    CostUnknown,
    Decided,
    Emitted,
    Event,
    Missed,
    NodeDone,
    NodeFailed,
    NodeStarted,
    NodeStopped,
    RunEnded,
    RunStarted,
    UndoDone,
    UndoFailed,
    UndoStarted,
)
from agentgraph.runtime import Binding, Body, Ctx, Run, start, stream
from tests.runtime.kit import Notes, VirtualClock, body, noting, play, program, result_of, settle

LOOP = "START -> w\nw -> k\nclassifier k: ok -> END, again -> w\nbound w 9 loop l\nloop l: w k"
ONE = "START -> a\na -> q\nhuman q: send -> b, drop -> END\nb -> END"
FORK = "START -> a\na -> b, c\njoin j: b, c -> d\nd -> END"


def say(event: Event[Notes]) -> str:  # noqa: C901 - one case for each event
    """Write an event in a word; a checker sees when one is forgotten."""
    match event:
        case RunStarted(state):
            return f"begin {len(state.notes)}"
        case NodeStarted(node, attempt, visit):
            return f"{node}{visit}.{attempt}"
        case NodeDone(node, changed):
            return f"{node} wrote {', '.join(changed)}"
        case NodeFailed(node, error, attempt):
            return f"{node} failed {attempt} {type(error).__name__}"
        case NodeStopped(node):
            return f"{node} stopped"
        case UndoStarted(node, visit):
            return f"undo {node}{visit}"
        case UndoDone(node, changed):
            return f"undo {node} wrote {', '.join(changed)}"
        case UndoFailed(node, error):
            return f"undo {node} failed {type(error).__name__}"
        case Decided(classifier, label):
            return f"{classifier} says {label}"
        case Emitted(node, value, attempt):
            return f"{node} tells {value} {attempt}"
        case Asked(_, id):
            return f"asks {id}"
        case Charged(node, tokens):
            return f"{node} used {tokens}"
        case CostUnknown(node):
            return f"{node} unknown"
        case Missed(count):
            return f"missed {count}"
        case RunEnded(result):
            return f"end {result.status}"
        case _:
            assert_never(event)


async def story(going: Run[Notes]) -> list[str]:
    return [say(event) async for event in going]


def test_events_come_in_order_and_end_with_the_run() -> None:
    answers = iter(["again", "ok"])

    async def main() -> None:
        going = start(program(LOOP, k=lambda s: next(answers)), Notes())
        assert await story(going) == [
            "begin 0",
            "w1.1",
            "w wrote notes",
            "k says again",
            "w2.1",
            "w wrote notes",
            "k says ok",
            "end done",
        ]
        assert await story(going) == []

    play(main)


def test_repeated_attempts_and_what_they_tell_are_told() -> None:
    left = [1]

    async def a(s: Notes, ctx: Ctx) -> None:
        ctx.emit("hi")
        left[0] -= 1
        if left[0] == 0:
            raise ConnectionError
        s.text = "a"

    async def main() -> None:
        clock = VirtualClock()
        made = program("START -> a\na -> END\nretry a 2", a=Body(a, "ctx", is_async=True))
        assert await clock.finish(story(start(made, Notes(), clock=clock))) == [
            "begin 0",
            "a1.1",
            "a tells hi 1",
            "a failed 1 ConnectionError",
            "a1.2",
            "a tells hi 2",
            "a wrote text",
            "end done",
        ]

    play(main)


def test_a_run_that_failed_ends_its_story_and_raises_only_when_asked() -> None:
    async def main() -> None:
        async def b(s: Notes) -> None:
            await settle()
            raise KeyError

        async def c(s: Notes) -> None:
            await asyncio.Event().wait()

        going = start(program(FORK, b=b, c=c), Notes())
        told = await story(going)
        assert told[-3:] == ["b failed 1 KeyError", "c stopped", "end failed"]
        with pytest.raises(RunFailed):
            await going.result()

    play(main)


def test_iterate_again_after_an_answer() -> None:
    async def main() -> None:
        going = start(program(ONE), Notes())
        assert await story(going) == [
            "begin 0", "a1.1", "a wrote notes", "asks q#1", "end paused",
        ]  # fmt: skip
        assert await story(going) == []
        await going.answer("send")
        assert await story(going) == ["q says send", "b1.1", "b wrote notes", "end done"]

    play(main)


def test_a_reader_may_stop_at_a_question_and_go_on_where_it_stopped() -> None:
    async def main() -> None:
        going = start(program(ONE), Notes())
        async for event in going:
            if isinstance(event, Asked):
                break
        await going.answer("send")
        assert (await story(going))[-1] == "end done"

    play(main)


def test_a_pause_ends_the_story_also_for_a_reader_who_comes_to_it_late() -> None:
    async def main() -> None:
        going = start(program(ONE), Notes())
        events = aiter(going)
        await anext(events)
        await going.result()
        await going.answer("send")
        await going.result()
        assert [say(event) async for event in events][-1] == "end paused"
        assert (await story(going))[-1] == "end done"

    play(main)


def test_a_slow_reader_holds_nothing_up_and_is_told_the_gap(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(stream, "LONGEST", 4)

    async def main() -> None:
        going = start(program(LOOP, k=lambda s: "ok" if len(s.notes) == 5 else "again"), Notes())
        events = aiter(going)
        assert say(await anext(events)) == "begin 0"
        assert (await going.result()).status == "done"
        rest = [say(event) async for event in events]
        assert rest == ["missed 12", "w5.1", "w wrote notes", "k says ok", "end done"]

    play(main)


def test_a_late_reader_is_told_the_beginning_what_is_open_and_the_end() -> None:
    async def main() -> None:
        going = start(program(ONE), Notes())
        await going.result()
        assert await story(going) == ["begin 0", "asks q#1", "end paused"]
        await going.answer("drop")
        await going.result()

        over = start(program(FORK), Notes())
        await over.result()
        assert await story(over) == ["begin 0", "end done"]

    play(main)


def test_of_two_readers_at_once_the_later_one_reads_and_the_other_is_told() -> None:
    async def main() -> None:
        gate = asyncio.Event()

        async def b(s: Notes) -> None:
            await gate.wait()

        going = start(program(FORK, b=b), Notes())
        first = asyncio.create_task(story(going))
        await settle()
        second = asyncio.create_task(story(going))
        await settle()
        gate.set()
        with pytest.raises(NotAvailable, match="somebody else has begun to read"):
            await first
        assert (await second)[-1] == "end done"

    play(main)


def test_readers_of_many_runs_wait_without_holding_each_other_up() -> None:
    async def main() -> None:
        clock = VirtualClock()

        async def slow(s: Notes) -> None:
            wait = asyncio.Event()
            clock.call_at(clock.now + 1, wait.set)
            await wait.wait()

        made = program(FORK, b=slow, c=slow)
        stories = [story(start(made, Notes(), clock=clock)) for _ in range(20)]
        told = await clock.finish(asyncio.gather(*stories))
        assert {each[-1] for each in told} == {"end done"}

    play(main)


def test_what_is_undone_and_what_could_not_be_is_told() -> None:
    def refuse(s: Notes) -> None:
        raise OSError

    async def main() -> None:
        bind = {
            "a": Binding(noting("a"), undo=noting("-a")),
            "b": Binding(noting("b"), undo=body(refuse)),
        }
        made = program("START -> a\na -> b\nb -> c\nc -> END\nundo a b", bind=bind, c=refuse)
        going = start(made, Notes())
        assert (await story(going))[-6:-1] == [
            "c failed 1 OSError",
            "undo b1",
            "undo b failed OSError",
            "undo a1",
            "undo a wrote notes",
        ]
        with pytest.raises(RunFailed) as caught:
            await going.result()
        result = result_of(caught)
        assert [each.node for each in result.failures] == ["c", "undo b"]
        assert result.fatal is result.failures[0]
        assert result.path == ("a", "b", "undo a")

    play(main)


def test_nothing_is_made_where_nobody_listens() -> None:
    async def main() -> None:
        going = start(program(FORK), Notes())
        await going.result()
        assert going._session.stream is None

    play(main)


def test_what_a_node_changed_is_told_as_it_was_then() -> None:
    async def main() -> None:
        going = start(program(LOOP, k=lambda s: "ok" if len(s.notes) > 1 else "again"), Notes())
        told = [event async for event in going]
        wrote = [dict(event.changed) for event in told if isinstance(event, NodeDone)]
        assert wrote == [{"notes": ["w"]}, {"notes": ["w", "w"]}]

    play(main)


def test_a_fault_that_no_graph_can_catch_is_raised_to_the_reader() -> None:
    async def main() -> None:
        def interrupt(s: Notes) -> None:
            raise SystemExit

        going = start(
            program("START -> a\na -> b, c\njoin j: b, c -> END", a=lambda s: None, b=interrupt),
            Notes(),
        )
        with pytest.raises(SystemExit):
            await story(going)

    with pytest.raises(SystemExit):
        play(main)
