"""Budgets, and the policies that could not be meant."""

import asyncio
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentgraph.errors import InvalidAgent, InvalidInput, NotAvailable, RunFailed
from agentgraph.events import CostUnknown
from agentgraph.runtime import Body, Budget, Ctx, Retry, run, start
from agentgraph.runtime.policy import pause_before
from tests.runtime.kit import Notes, VirtualClock, play, program, settle

CHAIN = "START -> a\na -> b\nb -> c\nc -> END"
LOOP = "START -> w\nw -> k\nclassifier k: ok -> END, again -> w\nbound w 99 loop l\nloop l: w k"


def spending(tokens: int, usd: float | None, times: int = 1) -> Body:
    left = [times]

    async def spend(s: Notes, ctx: Ctx) -> None:
        ctx.spend(tokens=tokens, usd=usd)
        left[0] -= 1
        if left[0] > 0:
            raise ConnectionError
        s.notes.append(ctx.path)

    return Body(spend, "ctx", is_async=True)


@pytest.mark.parametrize(
    ("budget", "path"),
    [
        (Budget(steps=2), ("a", "b")),
        (Budget(steps=0), ()),
        (Budget(tokens=20), ("a", "b")),
        (Budget(tokens=15), ("a", "b")),
        (Budget(usd=0.1), ("a",)),
        (Budget(visits=0), ()),
        (Budget(steps=3, tokens=100, usd=9, visits=1, seconds=5), ("a", "b", "c")),
    ],
)
def test_a_run_that_has_used_its_budget_ends_before_the_next_node(
    budget: Budget, path: tuple[str, ...]
) -> None:
    made = program(CHAIN, **dict.fromkeys("abc", spending(10, 0.1)))

    result = play(lambda: run(made, Notes(), budget=budget))

    assert result.path == path
    assert result.status == ("done" if len(path) == 3 else "exhausted")
    assert result.state.notes == list(path)
    assert result.errors == ()


def test_visits_limit_each_node_of_a_loop() -> None:
    made = program(LOOP, k=lambda s: "again")

    result = play(lambda: run(made, Notes(), budget=Budget(visits=3)))

    assert (result.status, result.visits) == ("exhausted", {"w": 4, "k": 3})
    assert result.state.notes == ["w"] * 3


def test_a_run_may_go_on_under_a_larger_budget() -> None:
    async def main() -> None:
        going = start(program(CHAIN), Notes(), budget=Budget(steps=1))
        assert (await going.result()).status == "exhausted"
        await going.fund(Budget(steps=2))
        result = await going.result()
        assert (result.status, result.path) == ("exhausted", ("a", "b"))
        await going.fund(Budget())
        result = await going.result()
        assert (result.status, result.path, result.usage.steps) == ("done", ("a", "b", "c"), 3)
        with pytest.raises(NotAvailable, match="does not wait for a larger budget: it is done"):
            await going.fund(Budget())

    play(main)


def test_a_loop_that_met_its_bound_does_not_wait_for_money() -> None:
    async def main() -> None:
        going = start(program(LOOP.replace("99", "1"), k=lambda s: "again"), Notes())
        assert (await going.result()).status == "exhausted"
        with pytest.raises(NotAvailable):
            await going.fund(Budget())

    play(main)


@pytest.mark.parametrize("again", [True, False])
def test_when_the_time_is_over_what_is_under_way_finishes_and_nothing_begins(again: bool) -> None:
    async def main() -> None:
        clock = VirtualClock()
        gate = asyncio.Event()

        async def b(s: Notes) -> None:
            await gate.wait()
            s.notes.append("b")

        made = program(CHAIN, b=b)
        going = start(made, Notes(), budget=Budget(seconds=5), clock=clock)
        await clock.advance(6)
        assert going.status == "running"
        gate.set()
        result = await going.result()
        assert (result.status, result.state.notes) == ("exhausted", ["a", "b"])
        if again:
            await going.fund(Budget(seconds=5))
            assert (await going.result()).status == "done"
        assert clock.set == []

    play(main)


def test_failed_attempts_spend_too() -> None:
    async def main() -> None:
        clock = VirtualClock()
        made = program(CHAIN + "\nretry a 2", a=spending(10, 0.5, times=2))
        result = await clock.finish(run(made, Notes(), clock=clock))
        assert (result.usage.tokens, result.usage.usd) == (20, 1.0)

    play(main)


def test_an_unknown_cost_makes_the_cost_unknown_and_is_told_once() -> None:
    async def main() -> None:
        made = program(CHAIN, a=spending(5, 0.5), b=spending(5, None), c=spending(5, None))
        going = start(made, Notes(), budget=Budget(usd=1))
        told = [event async for event in going if isinstance(event, CostUnknown)]
        result = await going.result()
        assert told == [CostUnknown("b")]
        assert (result.status, result.usage.usd, result.usage.tokens) == ("done", None, 15)

    play(main)


def test_a_node_in_a_thread_may_spend_and_tell() -> None:
    def work(s: Notes, ctx: Ctx) -> None:
        for _ in range(50):
            ctx.spend(tokens=1, usd=0.0)
            ctx.emit("here")

    names = [f"b{i}" for i in range(8)]
    text = f"START -> a\na -> {', '.join(names)}\njoin j: {', '.join(names)} -> END"
    made = program(text, **dict.fromkeys(names, Body(work, "ctx")))

    assert play(lambda: run(made, Notes())).usage.tokens == 400


@pytest.mark.parametrize("spent", [(-1, None), (0, -0.1), (0, float("nan")), (0, float("inf"))])
def test_what_nobody_can_have_spent_fails_the_node(spent: tuple[int, float | None]) -> None:
    with pytest.raises(RunFailed, match="'a' spent"):
        play(lambda: run(program(CHAIN, a=spending(*spent)), Notes()))


@pytest.mark.parametrize("value", [-1, float("nan"), float("inf"), "much"])
@pytest.mark.parametrize("name", ["usd", "steps", "visits", "seconds", "tokens"])
def test_a_budget_that_could_not_be_meant_is_refused(name: str, value: Any) -> None:
    with pytest.raises(InvalidInput, match=f"allows {name}="):
        Budget(**{name: value})


@pytest.mark.parametrize("name", ["steps", "visits", "tokens"])
def test_what_is_counted_in_a_budget_is_whole(name: str) -> None:
    options: dict[str, Any] = {name: 1.5}
    with pytest.raises(InvalidInput, match=f"allows {name}=1.5") as caught:
        Budget(**options)

    assert "a whole number" in caught.value.fix


@pytest.mark.parametrize(
    "options",
    [
        {"attempts": 0},
        {"attempts": "often"},
        {"attempts": 1.5},
        {"attempts": None},
        {"first": -1},
        {"first": float("inf")},
        {"cap": float("nan")},
        {"cap": None},
        {"on": "ValueError"},
        {"on": (ValueError, 5)},
        {"on": KeyboardInterrupt},
    ],
)
def test_retries_that_could_not_be_meant_are_refused(options: dict[str, Any]) -> None:
    with pytest.raises(InvalidAgent, match="the retries are"):
        Retry(**options)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"concurrency": 0}, "may do 0 things"),
        ({"concurrency": "many"}, "may do 'many' things"),
        ({"concurrency": 1.5}, "may do 1.5 things"),
        ({"budget": 5}, "the budget of the run is 5"),
        ({"clock": 5}, "the clock of the run is 5"),
    ],
)
def test_options_of_a_run_that_could_not_be_meant_are_refused(
    options: dict[str, Any], message: str
) -> None:
    with pytest.raises(InvalidInput, match=message):
        play(lambda: run(program(CHAIN), Notes(), **options))


@given(st.integers(2, 10**6), st.floats(0, 1e6), st.floats(0, 1e6), st.text(max_size=5))
def test_a_pause_is_at_most_the_cap_and_the_same_for_the_same_seed(
    attempt: int, first: float, cap: float, seed: str
) -> None:
    pause = pause_before(attempt, first_s=first, cap_s=cap, seed=seed)

    assert 0 <= pause <= cap
    assert pause == pause_before(attempt, first_s=first, cap_s=cap, seed=seed)


def test_the_budget_of_a_run_holds_over_its_branches() -> None:
    async def main() -> None:
        async def slow(s: Notes) -> None:
            await settle()
            s.notes.append("slow")

        text = "START -> a\na -> b, c\njoin j: b, c -> END"
        going = start(program(text, b=slow, c=slow), Notes(), budget=Budget(steps=2))
        result = await going.result()
        assert (result.status, result.state.notes) == ("exhausted", ["a"])
        await going.fund(Budget(steps=3))
        assert (await going.result()).state.notes == ["a", "slow", "slow"]

    play(main)
