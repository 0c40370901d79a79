"""One node after the other, and what a commit keeps."""

import asyncio
import threading
from typing import Any

import pytest
from pydantic import model_validator

from agentgraph.errors import (
    ClosedDraft,
    InvalidEdit,
    InvalidInput,
    InvalidReturn,
    RunFailed,
)
from agentgraph.graph import Policy
from agentgraph.runtime import Binding, Body, run
from agentgraph.state import State
from tests.runtime.kit import Notes, body, play, program, result_of

CHAIN = "START -> a\na -> b\nb -> END"


def test_nodes_run_one_after_the_other_in_the_task_of_the_caller() -> None:
    tasks = []

    async def a(s: Notes) -> None:
        await asyncio.sleep(0)
        tasks.append(asyncio.current_task())
        s.text = "a"

    def b(s: Notes) -> None:
        tasks.append(asyncio.current_task())
        s.text += "b"

    async def main() -> None:
        result = await run(program(CHAIN, a=a, b=b), Notes())

        assert (result.status, result.state.text, result.path) == ("done", "ab", ("a", "b"))
        assert tasks == [asyncio.current_task()] * 2

    play(main)


def test_the_object_of_the_caller_is_never_changed_and_never_shared() -> None:
    given = Notes(notes=["x"])

    result = play(lambda: run(program(CHAIN), given))

    assert given == Notes(notes=["x"])
    assert result.state.notes == ["x", "a", "b"]
    result.state.notes.append("mine")
    assert given.notes == ["x"]


def test_a_result_says_how_often_each_vertex_and_edge_was_reached() -> None:
    result = play(lambda: run(program(CHAIN), Notes()))

    assert result.visits == {"a": 1, "b": 1}
    assert result.taken[("a", "b", None)] == 1
    assert (result.usage.steps, result.usage.tokens, result.usage.usd) == (2, 0, 0.0)


def test_a_sync_function_may_give_an_awaitable() -> None:
    async def later(s: Notes, text: str) -> None:
        s.text = text

    result = play(lambda: run(program(CHAIN, a=lambda s: later(s, "later")), Notes()))

    assert result.state.text == "later"


@pytest.mark.parametrize("is_async", [True, False])
def test_a_node_that_returns_a_value_fails_and_leaves_no_trace(is_async: bool) -> None:
    async def slow(s: Notes) -> Any:
        s.text = "lost"
        return s

    def fast(s: Notes) -> Any:
        s.text = "lost"
        return s

    with pytest.raises(RunFailed, match="failed at 'a'") as caught:
        play(lambda: run(program(CHAIN, a=slow if is_async else fast), Notes()))

    assert isinstance(caught.value.__cause__, InvalidReturn)
    assert "node 'a', visit 1, attempt 1" in str(caught.value.__cause__)
    assert result_of(caught).state == Notes()
    assert result_of(caught).failures[0].changed == {"text": "lost"}


def test_a_field_of_the_wrong_type_fails_the_node_that_wrote_it() -> None:
    def wrong(s: Notes) -> None:
        s.number = "many"  # type: ignore[assignment]

    with pytest.raises(RunFailed) as caught:
        play(lambda: run(program(CHAIN, b=wrong), Notes()))

    assert isinstance(caught.value.__cause__, InvalidEdit)
    result = result_of(caught)
    assert (result.status, result.state.notes, result.path) == ("failed", ["a"], ("a",))


class Even(State):
    number: int = 0

    @model_validator(mode="after")
    def is_even(self) -> "Even":
        if self.number % 2:
            raise ValueError("odd")
        return self


def test_a_validator_of_the_whole_model_fails_the_node_and_keeps_the_last_good_state() -> None:
    def one(s: Even) -> None:
        s.number += 1

    def two(s: Even) -> None:
        s.number += 2

    with pytest.raises(RunFailed) as caught:
        play(lambda: run(program(CHAIN, Even, a=two, b=one), Even()))

    assert result_of(caught).state == Even(number=2)


def test_a_draft_that_is_kept_is_closed_when_the_node_has_ended() -> None:
    kept: list[Notes] = []

    async def keep(s: Notes) -> None:
        kept.append(s)

    play(lambda: run(program(CHAIN, a=keep), Notes()))

    with pytest.raises(ClosedDraft):
        kept[0].text = "late"


def test_a_state_of_another_class_is_refused_before_anything_runs() -> None:
    with pytest.raises(InvalidInput, match="works on Notes, not on Even"):
        play(lambda: run(program(CHAIN), Even()))


def test_a_program_that_needs_services_is_refused_without_them() -> None:
    with pytest.raises(InvalidInput, match="needs its services, dict"):
        play(lambda: run(program(CHAIN, deps=dict), Notes()))


def test_a_run_that_may_do_nothing_at_once_is_refused() -> None:
    with pytest.raises(InvalidInput, match="0 things at once"):
        play(lambda: run(program(CHAIN), Notes(), concurrency=0))


def test_a_chain_longer_than_the_stack_runs() -> None:
    names = [f"n{i}" for i in range(3000)]
    text = "\n".join(f"{a} -> {b}" for a, b in zip(["START", *names], [*names, "END"], strict=True))

    result = play(lambda: run(program(text, n0=lambda s: None), Notes()))

    assert len(result.path) == 3000


def test_other_tasks_get_their_turn_while_a_long_run_goes_on() -> None:
    turns = 0
    rounds = 3000

    def more(s: Notes) -> str:
        return "again" if s.number < rounds else "ok"

    def count(s: Notes) -> None:
        s.number += 1

    text = f"START -> w\nw -> k\nclassifier k: ok -> END, again -> w\nbound w {rounds} loop l\nloop l: w k"

    async def other() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    async def main() -> None:
        beside = asyncio.create_task(other())
        await asyncio.sleep(0)
        await run(program(text, w=count, k=more), Notes())
        beside.cancel()
        await asyncio.wait([beside])

    play(main)
    assert turns >= 2 * rounds // 256


def test_a_function_that_is_to_run_in_a_thread_does_so() -> None:

    threads = []

    def where(s: Notes) -> None:
        threads.append(threading.current_thread())

    made = program(CHAIN, policy={"a": Policy(in_thread=True)}, a=where, b=where)
    play(lambda: run(made, Notes()))

    assert threads[0] is not threading.main_thread()
    assert threads[1] is threading.main_thread()


def test_a_node_limit_and_its_binding_are_told_by_name() -> None:
    made = program(CHAIN, bind={"a": Binding(body(lambda s: None), limit=1)})

    assert play(lambda: run(made, Notes())).status == "done"
    assert isinstance(made.bindings["a"].body, Body)
