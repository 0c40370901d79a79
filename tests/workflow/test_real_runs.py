"""Runs as a program makes them, on the real loop: what a review found, each by its smallest program."""

# pyright: basic

import asyncio
import sys
from collections.abc import Awaitable, Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from typing import Annotated, Any, Literal

import pytest

from agentgraph import Ask, Budget, State, append, human, node, workflow


class Chat(State):
    messages: Annotated[list[str], append] = []
    facts: Annotated[list[str], append] = []
    text: str = ""


def within(work: Awaitable[Any], seconds: float = 20) -> Any:
    """Run to the end; what hangs fails."""

    async def limited() -> Any:
        return await asyncio.wait_for(work, seconds)

    return asyncio.run(limited())


# Lists that branches share


def test_a_branch_that_only_reads_a_list_never_gets_what_a_sibling_adds() -> None:
    async def research(s: Chat) -> None:
        await asyncio.sleep(0.002)
        s.facts.append(f"after {len(s.messages)}")
        await asyncio.sleep(0.01)

    async def report(s: Chat) -> None:
        s.messages.append("report")

    async def smalltalk(s: Chat) -> None:
        await asyncio.sleep(0.005)
        s.messages.append("smalltalk")

    chat = workflow("chat", Chat, (node(research) >> node(report)) | node(smalltalk))

    done = within(chat.run(Chat(messages=["hello"])))

    assert done.state.messages == ["hello", "report", "smalltalk"]


def test_adding_nothing_to_a_list_adds_nothing() -> None:
    async def idle(s: Chat) -> None:
        s.messages += []
        await asyncio.sleep(0.004)
        s.text = "idle"

    async def busy(s: Chat) -> None:
        await asyncio.sleep(0.002)
        s.messages.append("busy")

    done = within(workflow("chat", Chat, node(idle) | node(busy)).run(Chat(messages=["first"])))

    assert done.state.messages == ["first", "busy"]


@contextmanager
def hectic() -> Iterator[None]:
    """Let threads take turns as often as can be."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        yield
    finally:
        sys.setswitchinterval(before)


def test_branches_in_threads_each_add_once() -> None:
    def adding(name: str) -> Any:
        def add(s: Chat) -> None:
            s.messages.append(name)

        return node(name=name)(add)

    names = ["a", "b", "c", "d"]
    a, b, c, d = map(adding, names)
    fork = workflow("fork", Chat, a | b | c | d)

    with hectic():
        for _ in range(150):
            assert within(fork.run(Chat())).state.messages == names


# Cancelled from outside


def cancel_all() -> None:
    for task in asyncio.all_tasks():
        task.cancel()


def test_an_undo_that_was_about_to_begin_when_all_was_cancelled_runs() -> None:
    undone: list[str] = []

    async def book(s: Chat) -> None:
        s.text = "booked"

    async def unbook(s: Chat) -> None:
        undone.append(s.text)

    async def bad(s: Chat) -> None:
        asyncio.get_running_loop().call_soon(cancel_all)
        raise KeyError

    trip = workflow("trip", Chat, node(book).undo(unbook) >> node(bad))

    with pytest.raises(asyncio.CancelledError):
        asyncio.run(trip.run(Chat()))
    assert undone == ["booked"]


@human
def first(s: Chat) -> Ask[Literal["go", "late"]]:
    return Ask(show="first")


@human
def second(s: Chat) -> Ask[Literal["go"]]:
    return Ask(show="second")


def test_a_run_ends_when_all_tasks_are_cancelled_while_one_has_not_begun() -> None:
    async def waits(s: Chat) -> None:
        await asyncio.sleep(60)

    async def main() -> str:
        pair = workflow(
            "pair", Chat, first.route({"go": waits, "late": waits}) | second.route({"go": waits})
        )
        before = asyncio.all_tasks()
        run = pair.start(Chat())
        await run.result()
        await run.answer(first, "go")
        await asyncio.sleep(0.01)
        await run.answer(second, "go")
        others = asyncio.all_tasks() - before
        for task in others:
            task.cancel()
        _, pending = await asyncio.wait(others, timeout=10)
        assert not pending
        return run.status

    assert within(main()) == "cancelled"


# A run whose budget is out


def answered(s: Chat) -> None:
    s.text = "answered"


def late(s: Chat) -> None:
    s.text = "late"


@human
def soon(s: Chat) -> Ask[Literal["go", "late"]]:
    return Ask(show="soon", timeout=timedelta(seconds=0.05), on_timeout="late")


def idle(s: Chat) -> None: ...


@pytest.mark.parametrize("pause", [0, 0.1])
def test_the_deadline_of_a_question_holds_for_a_run_that_waits_for_money(pause: float) -> None:
    desk = workflow(
        "desk", Chat, soon.route({"go": answered, "late": late}) | (node(idle) >> node(idle))
    )

    async def main() -> str:
        run = desk.start(Chat(), budget=Budget(steps=2))
        assert (await run.result()).status == "exhausted"
        await asyncio.sleep(pause)
        await run.fund(Budget(steps=100))
        async for _ in run:
            pass
        await asyncio.sleep(0.1)
        return (await run.result()).state.text

    assert within(main()) == "late"


def test_what_a_run_whose_budget_is_out_has_done_is_undone_on_request() -> None:
    undone: list[str] = []

    def book(s: Chat) -> None:
        s.text = "booked"

    def unbook(s: Chat) -> None:
        undone.append(s.text)

    async def main() -> str:
        trip = workflow("trip", Chat, node(book).undo(unbook) >> node(idle))
        run = trip.start(Chat(), budget=Budget(steps=1))
        assert (await run.result()).status == "exhausted"
        with suppress(asyncio.CancelledError):
            await run.cancel(undo=True)
        return (await run.result()).status

    assert (within(main()), undone) == ("cancelled", ["booked"])
