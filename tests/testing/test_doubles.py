"""Agents that stand in: scripted, faulty, played from a tape."""

import asyncio
import json
from pathlib import Path
from typing import Annotated, Any

import pytest

from agentgraph import (
    NEXT,
    Ctx,
    Retry,
    State,
    Workflow,
    append,
    classifier,
    each,
    node,
    workflow,
)
from agentgraph.errors import InvalidInput, RunFailed
from agentgraph.testing import Cassette, SimulatedLoop, check, faulty, scripted
from agentgraph.testing.properties import Property


class Essay(State):
    topic: str = ""
    text: str = ""
    calls: int = 0


def write(s: Essay) -> None:
    s.calls += 1
    s.text = f"about {s.topic}, take {s.calls}"


@classifier
def is_good(s: Essay) -> bool:
    return s.calls > 1


writer = node(name="write")(write)
FLOW = (writer >> is_good.route({True: NEXT, False: writer})).loop(at_most=3)


def test_a_scripted_agent_writes_by_its_visits() -> None:
    agent = node(name="write")(scripted({"text": "one", "calls": 1}, {"text": "two", "calls": 2}))
    flow = (agent >> is_good.route({True: NEXT, False: agent})).loop(at_most=3)

    done = workflow("essay", Essay, flow).run_sync(Essay())

    assert (done.state.text, done.visits["write"]) == ("two", 2)


@pytest.mark.parametrize("fault", [ConnectionError("gone"), "hang", 5.0])
def test_a_faulty_agent_goes_wrong_once_and_is_repeated(fault: Any) -> None:
    agent = node(name="write", retry=Retry(attempts=2), timeout=1)(faulty(write, fault))
    made = workflow("essay", Essay, agent)

    done = SimulatedLoop().run(made.run(Essay(topic="x")))

    assert (done.state.text, len(done.failures)) == ("about x, take 1", 1)


def test_a_late_agent_is_in_time_where_there_is_time() -> None:
    made = workflow("essay", Essay, node(name="write", timeout=1)(faulty(write, 0.5)))

    done = SimulatedLoop().run(made.run(Essay(topic="x")))

    assert (done.state.calls, done.failures) == (1, ())


@pytest.mark.parametrize("fault", ["garbage", asyncio.CancelledError()])
def test_an_agent_that_gives_garbage_or_cancels_itself_fails(fault: Any) -> None:
    made = workflow("essay", Essay, node(name="write")(faulty(write, fault)))

    with pytest.raises((RunFailed, asyncio.CancelledError)):
        SimulatedLoop().run(made.run(Essay()))


def test_a_faulty_agent_is_given_its_context() -> None:
    seen: list[int] = []

    def agent(s: Essay, ctx: Ctx) -> None:
        seen.append(ctx.visit)

    workflow("essay", Essay, node(name="agent")(faulty(agent))).run_sync(Essay())

    assert seen == [1]


class Corpus(State):
    words: set[str] = {"one", "three", "fourteen"}
    log: Annotated[list[str], append] = []
    sizes: list[int] = []


def sorted_words(s: Corpus) -> list[str]:
    return sorted(s.words)


async def size(word: str) -> int:
    return len(word)


def keep(s: Corpus, sizes: list[int]) -> None:
    s.sizes = sizes
    s.log.append("kept")


def note(s: Corpus) -> None:
    s.log.append(f"{len(s.words)} words")


RUNS: list[Property] = ["runs"]


@pytest.mark.parametrize(
    ("made", "state", "says"),
    [
        (workflow("essay", Essay, FLOW), Essay(topic="x"), '"text": "about x, take 2"'),
        (
            workflow("corpus", Corpus, node(note) >> each(sorted_words, size, keep)),
            Corpus(),
            '"": 8',
        ),
    ],
)
def test_a_cassette_is_recorded_once_and_played_without_the_agents(
    made: Workflow[Any, Any], state: Any, says: str, tmp_path: Path
) -> None:
    tape = tmp_path / "tapes" / "tape.json"
    options: Any = {"inputs": [state], "labels": "real", "properties": RUNS, "folder": None}
    check(made, agents=Cassette(tape, record=True), **options)
    recorded = tape.read_text("utf-8")

    check(made, agents=Cassette(tape), **options)

    assert (says in recorded, tape.read_text("utf-8") == recorded) == (True, True)


def test_what_a_cassette_plays_is_what_the_agent_did(tmp_path: Path) -> None:
    tape = tmp_path / "tape.json"
    runs = [
        workflow("corpus", Corpus, node(name="note")(Cassette(tape, record=record)(note)))
        .run_sync(Corpus(words={"b", "a"}))
        for record in (True, False)
    ]  # fmt: skip
    data = json.loads(tape.read_text("utf-8"))

    data["note#1"][0]["sees"]["words"].reverse()  # As another process may write the set.
    tape.write_text(json.dumps(data), "utf-8")
    flow = workflow("corpus", Corpus, node(name="note")(Cassette(tape)(note)))

    assert runs[0].state == runs[1].state == flow.run_sync(Corpus(words={"a", "b"})).state


def test_what_was_not_recorded_is_told(tmp_path: Path) -> None:
    player = Cassette(tmp_path / "empty.json")(write)

    with pytest.raises(RunFailed) as told:
        workflow("essay", Essay, node(name="write")(player)).run_sync(Essay())

    assert isinstance(told.value.__cause__, InvalidInput)
    assert "record it once" in str(told.value.__cause__)
