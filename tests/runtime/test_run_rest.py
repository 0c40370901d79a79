"""A run that waits for a person is data: no task, few bytes, and nothing of it is lost."""

import asyncio
import gc
import tracemalloc
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

import pytest

from agentgraph.machine import Marking, advance, key_of, make_plan
from agentgraph.runtime import Ask, Run, run, start
from agentgraph.runtime.rest import rest, wake
from agentgraph.runtime.session import Session
from agentgraph.state import State
from tests.machine.test_brute import journals
from tests.runtime.kit import Notes, VirtualClock, play, program, settle

ONE = "START -> a\na -> q\nhuman q: send -> b, drop -> END\nb -> END"
INNER = "START -> p\np -> q\nhuman q: yes -> r, no -> END\nr -> END"
OUTER = """
START -> a
a -> s
subgraph s inner -> k
classifier k: again -> a, ok -> END
bound a 3 loop l
loop l: a s k
"""


class Counter(State):
    n: int = 0
    m: int = 0


async def increment(s: Counter) -> None:
    s.n += 1


def test_a_run_that_waits_takes_less_than_two_kilobytes_and_no_task() -> None:
    held = 500
    made = program(ONE, Counter, a=increment, b=increment)

    async def paused() -> Run[Counter]:
        going = start(made, Counter())
        assert (await going.result()).status == "paused"
        return going

    async def main() -> None:
        first = await paused()
        tracemalloc.start()
        before, _ = tracemalloc.get_traced_memory()
        kept = [await paused() for _ in range(held)]
        gc.collect()
        after, _ = tracemalloc.get_traced_memory()
        tracemalloc.stop()

        assert (after - before) / held < 2_048
        assert asyncio.all_tasks() == {asyncio.current_task()}
        for going in (first, *kept):
            await going.answer("send")
            assert (await going.result()).state == Counter(n=2)

    play(main)


async def nothing(going: Run[Any]) -> None:
    """Do not look at the run."""


async def ask_for_the_result(going: Run[Any]) -> None:
    assert (await going.result()).status == (await going.result()).status == "paused"


async def read_the_events(going: Run[Any]) -> None:
    async for _ in going:
        pass


async def look_at_the_questions(going: Run[Any]) -> None:
    assert [question.id for question in going.questions] == [
        question.id for question in (await going.result()).questions
    ]


@pytest.mark.parametrize(
    "look", [nothing, ask_for_the_result, read_the_events, look_at_the_questions]
)
def test_whoever_looks_at_a_run_that_waits_changes_nothing(
    look: Callable[[Run[Any]], Awaitable[None]],
) -> None:
    rounds = 0

    def again(s: Notes) -> str:
        nonlocal rounds
        rounds += 1
        return "ok" if rounds % 3 == 0 else "again"

    inner = program(INNER, name="inner")
    made = program(OUTER, k=again, children={"inner": inner})

    async def main() -> None:
        going = start(made, Notes())
        for _ in range(3):
            await settle()
            assert going.status == "paused"
            await look(going)
            (question,) = going.questions
            await going.answer("yes", id=question.id)
        done = await going.result()

        assert done.status == "done"
        assert done.state.notes == ["a", "child p", "child r"] * 3
        assert done.visits["a"] == done.visits["s/r"] == 3
        assert done.path == ("a", *LAP, "a", *LAP, "a", *LAP)
        assert len(done.decisions) == 6

    play(main)


def test_a_run_that_waits_has_no_list_left_that_could_grow() -> None:
    async def main() -> None:
        session = Session(program(ONE), {})
        going = Run[Notes](session, session.program.schema.begin(Notes()))
        await going.result()

        assert (session.path, session.decisions) == (("a",), ())
        await going.answer("send", id="q#1")
        result = await going.result()
        assert (result.path, [each.label for each in result.decisions]) == (
            ("a", "q", "b"),
            ["send"],
        )

    play(main)


LAP = ("s/p", "s/q", "s/r", "s", "k")


def test_a_run_that_waits_can_be_cancelled() -> None:
    async def main() -> None:
        going = start(program(ONE), Notes())
        await going.result()

        await going.cancel()

        assert (await going.result()).status == "cancelled"
        assert going.questions == ()

    play(main)


def test_the_deadline_of_a_question_rings_after_the_run_was_looked_at() -> None:
    clock = VirtualClock()
    ask = Ask(show="?", timeout=timedelta(hours=1), on_timeout="send")

    async def main() -> None:
        going = start(program(ONE, q=lambda s: ask), Notes(), clock=clock)
        await going.result()
        await clock.advance(3_600)

        assert (await going.result()).state.notes == ["a", "b"]
        assert clock.set == []

    play(main)


def test_a_marking_that_rested_goes_on_like_one_that_did_not() -> None:
    for graph, journal in journals("rest", 60):
        plan = make_plan(graph)
        marking, other = Marking(plan), Marking(plan)
        for event in journal:
            rest(marking)
            wake(marking)

            assert key_of(marking) == key_of(other)
            assert repr(advance(marking, event)) == repr(advance(other, event))


def test_what_a_draft_says_of_its_written_fields_is_its_own() -> None:
    async def meddle(s: Counter) -> None:
        assert "n" not in s.model_fields_set
        s.model_fields_set.add("n")

    made = program("START -> a\na -> END", Counter, a=meddle)

    for _ in range(2):
        assert play(lambda: run(made, Counter())).state.model_fields_set == set()
