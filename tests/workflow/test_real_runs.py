"""Runs as a program makes them, on the real loop: what a review found, each by its smallest program."""

# Mistakes are made on purpose here.
# pyright: basic, reportUnusedCoroutine=false

import asyncio
import copy
import multiprocessing
import os
import pickle
import sys
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from datetime import timedelta
from decimal import Decimal
from typing import Annotated, Any, Literal

import pytest

from agentgraph import (
    END,
    Ask,
    Budget,
    Ctx,
    Flow,
    RunFailed,
    State,
    append,
    classifier,
    each,
    human,
    node,
    workflow,
)
from agentgraph.events import Emitted


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


# The loop gets its turn


def block(seconds: float = 0.03) -> None:
    time.sleep(seconds)


def blocks(s: Chat) -> None:
    block()


def chain_of(count: int) -> Flow[Chat]:
    first, *rest = [node(name=f"b{n}")(blocks) for n in range(count)]
    whole: Flow[Chat] = first
    for part in rest:
        whole = whole >> part
    return whole


def test_sync_nodes_one_after_the_other_can_be_cancelled() -> None:
    async def main() -> tuple[str, int]:
        run = workflow("w", Chat, chain_of(20)).start(Chat())
        await asyncio.sleep(0.05)
        await run.cancel()
        result = await run.result()
        return result.status, len(result.path)

    status, steps = within(main())
    assert status == "cancelled"
    assert steps < 10


def test_a_budget_of_seconds_holds_between_sync_nodes() -> None:
    done = within(workflow("w", Chat, chain_of(20)).run(Chat(), budget=Budget(seconds=0.05)))

    assert done.status == "exhausted"
    assert len(done.path) < 10


def test_a_budget_of_no_seconds_runs_nothing_slow_to_its_end() -> None:
    done = within(workflow("w", Chat, chain_of(20)).run(Chat(), budget=Budget(seconds=0)))

    assert done.status == "exhausted"
    assert len(done.path) < 3


# Effects, questions and what is told


def test_an_effect_that_is_not_awaited_is_an_error() -> None:
    sent: list[int] = []

    def mail(s: Chat, ctx: Ctx) -> None:
        ctx.effect("mail", lambda: sent.append(1))

    with pytest.raises(RunFailed, match="did not await it"):
        within(workflow("w", Chat, node(mail)).run(Chat()))

    async def waits(s: Chat, ctx: Ctx) -> None:
        await ctx.effect("mail", lambda: sent.append(1))

    within(workflow("w", Chat, node(waits)).run(Chat()))
    assert sent == [1]


def test_what_a_question_shows_stays_as_it_was() -> None:
    @human
    def ask(s: Chat) -> Ask[Literal["go"]]:
        return Ask(show=s.messages)

    async def adds(s: Chat) -> None:
        await asyncio.sleep(0.01)
        s.messages.append("sibling")

    async def main() -> object:
        run = workflow("w", Chat, ask.route({"go": idle}) | node(adds)).start(
            Chat(messages=["first"])
        )
        return (await run.result()).questions[0].show

    assert within(main()) == ["first"]


def test_what_is_told_stays_as_it_was() -> None:
    async def tells(s: Chat, ctx: Ctx) -> None:
        ctx.emit(s.messages)
        ctx.emit(s)
        s.messages.append("later")

    async def main() -> list[object]:
        run = workflow("w", Chat, node(tells)).start(Chat(messages=["first"]))
        return [event.value async for event in run if isinstance(event, Emitted)]

    first, whole = within(main())
    assert first == ["first"]
    assert whole == Chat(messages=["first"])


def test_an_empty_label_may_be_what_a_question_falls_back_on() -> None:
    @human
    def ask(s: Chat) -> Ask[Literal["", "go"]]:
        return Ask(show="", timeout=timedelta(seconds=0.01), on_timeout="")

    async def main() -> str:
        run = workflow("w", Chat, ask.route({"": late, "go": answered})).start(Chat())
        await run.result()
        await asyncio.sleep(0.05)
        return (await run.result()).state.text

    assert within(main()) == "late"


def test_an_amount_may_be_a_decimal() -> None:
    def pays(s: Chat, ctx: Ctx) -> None:
        ctx.spend(tokens=3, usd=Decimal("0.25"))

    assert within(workflow("w", Chat, node(pays)).run(Chat())).usage.usd == 0.25


@pytest.mark.parametrize("said", [{"tokens": "5"}, {"usd": "1"}, {"tokens": 1.5}])
def test_an_amount_that_is_no_number_is_refused(said: dict[str, Any]) -> None:
    def pays(s: Chat, ctx: Ctx) -> None:
        ctx.spend(**said)

    with pytest.raises(RunFailed, match="spent"):
        within(workflow("w", Chat, node(pays)).run(Chat()))


# What went wrong


class Mute(Exception):
    def __str__(self) -> str:
        raise ValueError("mute")


def test_an_error_whose_text_fails_is_still_a_failed_run() -> None:
    async def bad(s: Chat) -> None:
        raise Mute

    with pytest.raises(RunFailed, match="Mute"):
        within(workflow("w", Chat, node(bad)).run(Chat()))


def test_what_an_attempt_had_changed_is_told_when_its_state_does_not_validate() -> None:
    async def bad(s: Chat) -> None:
        s.text = "changed"
        s.messages.append(3)  # type: ignore[arg-type]

    with pytest.raises(RunFailed) as caught:
        within(workflow("w", Chat, node(bad)).run(Chat()))
    assert caught.value.result is not None
    assert caught.value.result.failures[0].changed["text"] == "changed"


def test_what_the_loser_of_a_race_had_changed_is_not_the_next_failures() -> None:
    async def slow(s: Chat) -> None:
        s.text = "loser"
        await asyncio.sleep(5)

    @classifier
    async def fails(s: Chat) -> Literal["a"]:
        raise KeyError

    race = (node(slow) | node(idle)).join(need=1) >> fails.route({"a": idle})

    with pytest.raises(RunFailed) as caught:
        within(workflow("w", Chat, race).run(Chat()))
    assert caught.value.result is not None
    assert [failure.changed for failure in caught.value.result.failures] == [{}]


def test_a_result_with_decisions_can_be_pickled_and_copied() -> None:
    @classifier
    def pick(s: Chat) -> Literal["a", "b"]:
        return "a"

    limited = node(limit=1)(idle)
    result = within(workflow("w", Chat, limited >> pick.route({"a": idle, "b": END})).run(Chat()))

    for copied in (pickle.loads(pickle.dumps(result)), copy.deepcopy(result)):
        assert copied.decisions == result.decisions


# Threads and processes


def forked(child: Callable[[], None]) -> int:
    """Run in a child process made by fork, and return how it ended."""
    process = multiprocessing.get_context("fork").Process(target=child)
    process.start()
    process.join(20)
    alive, code = process.is_alive(), process.exitcode
    process.kill()
    return 99 if alive or code is None else code


def run_in_thread() -> None:
    asyncio.run(workflow("w", Chat, node(in_thread=True)(idle)).run(Chat()))


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_forked_process_has_threads_of_its_own() -> None:
    run_in_thread()

    assert forked(run_in_thread) == 0


def test_sync_nodes_in_threads_may_run_workflows_with_threads() -> None:
    inner = workflow("inner", Chat, node(idle) | node(name="other")(idle))

    def listed(s: Chat) -> list[int]:
        return list(range(40))

    def work(n: int) -> int:
        inner.run_sync(Chat())
        return n

    def keep(s: Chat, found: list[int]) -> None:
        s.text = str(len(found))

    outer = workflow("outer", Chat, each(listed, work, into=keep, limit=40))

    assert within(outer.run(Chat()), 60).state.text == "40"


def test_values_that_cannot_be_compared_may_be_in_context_variables() -> None:
    class Odd:
        def __eq__(self, other: object) -> bool:
            raise ValueError

        __hash__ = object.__hash__

    variable: ContextVar[Odd] = ContextVar("variable")

    async def sets(s: Chat) -> None:
        variable.set(Odd())
        await asyncio.sleep(0)

    flow = (node(sets) >> (node(idle) | node(name="two")(sets))) | node(name="three")(sets)

    assert within(workflow("w", Chat, flow).run(Chat())).status == "done"
