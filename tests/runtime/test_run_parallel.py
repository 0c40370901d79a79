"""Branches, joins and races."""

import asyncio
import threading
from contextvars import ContextVar
from dataclasses import replace
from typing import Annotated, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentgraph.errors import MergeConflict, RunFailed
from agentgraph.graph import Policy
from agentgraph.runtime import Binding, run, start
from agentgraph.state import State, append, total
from tests.runtime.kit import Notes, VirtualClock, body, noting, play, program, result_of, settle

FORK = "START -> a\na -> b, c\njoin j: b, c -> d\nd -> END"
RACE = """
START -> go
gateway go -> b, c, d
join first 1: b, c, d -> e
quorum q: go b c d -> first
e -> END
"""


def test_branches_run_side_by_side() -> None:
    async def main() -> None:
        both = asyncio.Barrier(2)

        async def meet(s: Notes) -> None:
            await both.wait()

        result = await run(program(FORK, b=meet, c=meet), Notes())

        assert result.status == "done"

    play(main)


@pytest.mark.parametrize("waiting", ["b", "c", "d"])
def test_a_branch_that_waits_holds_up_none_of_those_that_do_not(waiting: str) -> None:
    others = asyncio.Semaphore(0)
    text = "START -> a\na -> b, c, d\njoin j: b, c, d -> END"

    async def wait(s: Notes) -> None:
        await others.acquire()
        await others.acquire()

    async def go(s: Notes) -> None:
        others.release()

    nodes = dict.fromkeys("bcd", go) | {waiting: wait}

    assert play(lambda: run(program(text, **nodes), Notes())).status == "done"


@pytest.mark.parametrize("pauses", [0, 1])
def test_a_branch_never_sees_what_another_one_puts_into_a_context_variable(pauses: int) -> None:
    name = ContextVar("name", default="nobody")
    seen: list[str] = []

    def branch(mine: str) -> Any:
        async def note(s: Notes) -> None:
            seen.append(name.get())
            name.set(mine)
            for _ in range(pauses):
                await asyncio.sleep(0)
            seen.append(name.get())

        return note

    play(lambda: run(program(FORK, b=branch("b"), c=branch("c")), Notes()))

    assert sorted(seen) == ["b", "c", "nobody", "nobody"]


def test_many_branches_that_set_context_variables_are_carried_in_linear_time() -> None:
    name = ContextVar("name", default=0)
    tasks: set[asyncio.Task[Any] | None] = set()
    names = [f"b{index}" for index in range(300)]
    text = f"START -> a\na -> {', '.join(names)}\njoin j: {', '.join(names)} -> END"

    async def note(s: Notes) -> None:
        tasks.add(asyncio.current_task())
        name.set(name.get() + 1)
        assert name.get() == 1
        assert len(asyncio.all_tasks()) <= len(names) + 1

    play(lambda: run(program(text, **dict.fromkeys(names, note)), Notes()))

    assert len(tasks) == len(names)


def test_sync_functions_in_branches_run_side_by_side_in_threads() -> None:

    both = threading.Barrier(2)

    def meet(s: Notes) -> None:
        both.wait(timeout=10)

    assert play(lambda: run(program(FORK, b=meet, c=meet), Notes())).status == "done"


def test_sync_functions_of_a_subgraph_in_a_branch_run_in_threads_too() -> None:

    both = threading.Barrier(2)

    def meet(s: Notes) -> None:
        both.wait(timeout=10)

    child = program("START -> p\np -> END", name="child", p=meet)
    text = (
        "START -> a\na -> b, c\nsubgraph b child -> x\nsubgraph c child -> y\njoin j: x, y -> END"
    )
    made = program(text, children={"child": child})

    assert play(lambda: run(made, Notes())).status == "done"


class Many(State):
    items: Annotated[list[str], append] = []
    sum: Annotated[int, total] = 0
    last: str = ""


@given(st.permutations(range(5)), st.data())
def test_the_state_at_a_join_does_not_depend_on_who_finishes_first(
    order: list[int], data: st.DataObject
) -> None:
    names = [f"b{i}" for i in range(5)]
    text = f"START -> a\na -> {', '.join(names)}\njoin j: {', '.join(names)} -> END"

    async def main() -> Many:
        gates = [asyncio.Event() for _ in names]

        def branch(index: int):
            async def work(s: Many) -> None:
                await gates[index].wait()
                s.items.append(names[index])
                s.sum += index

            return work

        made = program(text, Many, a=lambda s: None, **{n: branch(i) for i, n in enumerate(names)})
        going = asyncio.create_task(run(made, Many()))
        for index in order:
            gates[index].set()
            for _ in range(data.draw(st.integers(0, 3))):
                await asyncio.sleep(0)
        return (await going).state

    assert play(main) == Many(items=names, sum=10)


def test_a_branch_sees_its_own_edits_and_never_those_of_its_sibling() -> None:
    seen = []

    async def main() -> None:
        written = asyncio.Event()

        async def b(s: Notes) -> None:
            s.notes.append("b")
            written.set()

        async def c(s: Notes) -> None:
            await written.wait()
            await settle()
            seen.append(list(s.notes))

        await run(program(FORK, b=b, c=c), Notes())

    play(main)
    assert seen == [["a"]]


def test_a_conflict_names_the_field_and_both_branches_and_keeps_the_last_good_state() -> None:
    def b(s: Notes) -> None:
        s.text = "b"

    def c(s: Notes) -> None:
        s.text = "c"

    with pytest.raises(RunFailed) as caught:
        play(lambda: run(program(FORK, b=b, c=c), Notes()))

    cause = caught.value.__cause__
    assert isinstance(cause, MergeConflict)
    assert (cause.field, cause.branches) == ("text", ("b", "c"))
    result = result_of(caught)
    assert result.state == Notes(notes=["a"])
    assert {path: state.text for path, state in result.branches.items()} == {"b": "b", "c": "c"}


def test_a_conflict_can_be_caught() -> None:
    text = """
    START -> go
    gateway go -> b, c
    join j: b, c -> d
    d -> END
    catch r: go b c j d on Exception -> h
    h -> END
    """
    text = text.replace("Exception", "AgentGraphError")

    def write(s: Notes) -> None:
        s.text = "x"

    made = program(text, b=write, c=write)
    # The notation knows builtin classes only.
    region = replace(made.graph.regions[0], catches=("agentgraph.errors.MergeConflict",))
    made = replace(made, graph=replace(made.graph, regions=(region,)))

    result = play(lambda: run(made, Notes()))

    assert (result.status, result.path) == ("done", ("b", "c", "h"))


def test_the_losers_of_a_race_are_cancelled_and_awaited_before_the_target_runs() -> None:
    order: list[str] = []

    async def main() -> None:
        async def slow(s: Notes) -> None:
            s.notes.append("slow")
            try:
                await asyncio.Event().wait()
            finally:
                await settle()
                order.append("loser is down")

        async def quick(s: Notes) -> None:
            await settle()
            s.notes.append("quick")

        async def target(s: Notes) -> None:
            order.append("target")

        result = await run(program(RACE, b=slow, c=quick, d=slow, e=target), Notes())

        assert result.state.notes == ["quick"]
        assert result.path == ("c", "e")

    play(main)
    assert order == ["loser is down", "loser is down", "target"]


def test_a_loser_that_swallows_its_cancellation_is_awaited_and_its_edits_are_dropped() -> None:
    async def main() -> None:
        async def stubborn(s: Notes) -> None:
            try:
                await asyncio.Event().wait()
            except asyncio.CancelledError:
                await settle()
                s.notes.append("stubborn")

        async def quick(s: Notes) -> None:
            await settle()
            s.notes.append("quick")

        result = await run(program(RACE, b=stubborn, c=quick, d=stubborn), Notes())

        assert (result.state.notes, result.path) == (["quick", "e"], ("c", "e"))

    play(main)


def test_a_loser_that_has_not_begun_never_begins() -> None:
    begun = []

    def quick(s: Notes) -> None:
        begun.append("quick")

    async def late(s: Notes) -> None:
        begun.append("late")

    async def first(s: Notes) -> None:
        begun.append("first")

    result = play(lambda: run(program(RACE, b=first, c=late, d=late), Notes()))

    assert result.path == ("b", "e")
    assert begun == ["first"]


def test_what_losers_completed_is_undone_and_their_edits_are_dropped() -> None:
    text = """
    START -> go
    gateway go -> b, c
    b -> b2
    join first 1: b2, c -> e
    quorum q: go b b2 c -> first
    undo b c
    e -> END
    """
    undone = []

    async def main() -> None:
        async def hang(s: Notes) -> None:
            await asyncio.Event().wait()

        async def c(s: Notes) -> None:
            await settle()
            s.notes.append("c")

        async def undo(s: Notes) -> None:
            undone.append(list(s.notes))
            s.notes.append("dropped")

        bind = {"b": Binding(noting("b"), undo=body(undo)), "c": Binding(body(c), undo=body(undo))}
        result = await run(program(text, bind=bind, b2=hang), Notes())

        assert result.state.notes == ["c", "e"]
        assert result.path == ("b", "c", "undo b", "e")

    play(main)
    assert undone == [[]]


def test_a_quorum_merges_its_winners_in_declared_order() -> None:
    text = RACE.replace("first 1", "first 2")

    async def main() -> None:
        gate = asyncio.Event()

        async def b(s: Notes) -> None:
            await gate.wait()
            s.notes.append("b")

        async def d(s: Notes) -> None:
            s.notes.append("d")
            gate.set()

        async def hang(s: Notes) -> None:
            await asyncio.Event().wait()

        result = await run(program(text, b=b, c=hang, d=d), Notes())

        assert result.state.notes == ["b", "d", "e"]

    play(main)


def test_two_classifiers_may_look_at_one_revision_at_once() -> None:
    text = """
    START -> a
    a -> g, h
    gateway g -> k
    gateway h -> m
    classifier k: x -> b, y -> b
    classifier m: x -> c, y -> c
    join j: b, c -> END
    """
    seen = []

    async def main() -> None:
        both = asyncio.Barrier(2)

        async def look(s: Notes) -> str:
            await both.wait()
            seen.append(s.text)
            await both.wait()
            return "x"

        assert (await run(program(text, k=look, m=look), Notes(text="t"))).status == "done"

    play(main)
    assert seen == ["t", "t"]


def test_a_thousand_branches_of_which_one_fails_are_taken_down_in_linear_time() -> None:
    count = 1000
    names = [f"b{i}" for i in range(count)]
    text = f"START -> a\na -> {', '.join(names)}\njoin j: {', '.join(names)} -> END"

    async def main() -> None:
        async def hang(s: Notes) -> None:
            await asyncio.Event().wait()

        async def fail(s: Notes) -> None:
            await settle()
            raise ConnectionError("down")

        work = dict.fromkeys(names[:-1], hang)
        with pytest.raises(RunFailed, match="at 'b999': ConnectionError: down"):
            await run(program(text, **work, **{names[-1]: fail}), Notes())

    play(main)


@pytest.mark.parametrize("rounds", range(5))
def test_an_attempt_that_is_repeated_can_be_cancelled_at_once(rounds: int) -> None:
    """Between a timeout and the next attempt there is no moment in which nobody has the ticket."""

    async def main() -> None:
        clock = VirtualClock()
        gate = asyncio.Event()

        async def slow(s: Notes) -> None:
            try:
                await asyncio.Event().wait()
            finally:
                gate.set()

        async def fail(s: Notes) -> None:
            await gate.wait()
            for _ in range(rounds):
                await asyncio.sleep(0)
            raise KeyError("down")

        policy = Policy(attempts=9, retry_on=("builtins.TimeoutError",), first_s=0, timeout_s=1)
        made = program(FORK, b=slow, c=fail, policy={"b": policy})
        going = start(made, Notes(), clock=clock)
        await clock.advance(1)

        with pytest.raises(RunFailed) as caught:
            await going.result()
        cause = caught.value.__cause__
        together = cause.exceptions if isinstance(cause, ExceptionGroup) else [cause]
        assert any(isinstance(error, KeyError) for error in together)

    play(main)
