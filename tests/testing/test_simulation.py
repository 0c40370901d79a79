"""The simulated loop: one schedule is one run, time is a number, nothing real is reached."""

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentgraph.errors import NotAvailable
from agentgraph.testing import Deadlock, Schedule, SimulatedLoop

DAY_S = 24 * 3600


async def branches(count: int = 4) -> list[tuple[int, int]]:
    log: list[tuple[int, int]] = []

    async def branch(number: int) -> None:
        for turn in range(3):
            await asyncio.sleep(0)
            log.append((number, turn))

    await asyncio.gather(*map(branch, range(count)))
    return log


def test_without_a_seed_what_came_first_goes_first() -> None:
    log = SimulatedLoop().run(branches(2))

    assert log == [(0, 0), (1, 0), (0, 1), (1, 1), (0, 2), (1, 2)]


def test_a_deviation_lets_another_go_first() -> None:
    log = SimulatedLoop(Schedule({1: 1})).run(branches(2))

    assert log != SimulatedLoop().run(branches(2))
    assert sorted(log) == sorted(SimulatedLoop().run(branches(2)))


@given(st.text(max_size=4))
def test_a_seed_and_the_deviations_that_it_came_to_make_the_same_run(seed: str) -> None:
    thrown = Schedule(seed=seed)

    log = SimulatedLoop(thrown).run(branches())

    assert SimulatedLoop(Schedule(seed=seed)).run(branches()) == log
    assert SimulatedLoop(Schedule(thrown.deviations)).run(branches()) == log


def test_seeds_reach_many_orders() -> None:
    orders = {tuple(SimulatedLoop(Schedule(seed=str(n))).run(branches(2))) for n in range(200)}

    assert len(orders) == 20  # Six steps, three of each branch: 6! / (3! * 3!).


def test_time_jumps_to_the_next_timer() -> None:
    async def wait() -> float:
        await asyncio.sleep(DAY_S)
        return asyncio.get_running_loop().time()

    assert SimulatedLoop().run(wait()) == DAY_S


def test_a_timeout_ends_a_wait_without_waiting() -> None:
    async def wait() -> None:
        async with asyncio.timeout(DAY_S):
            await asyncio.Event().wait()

    with pytest.raises(TimeoutError):
        SimulatedLoop().run(wait())


def test_those_who_wait_for_each_other_are_named() -> None:
    async def wait() -> None:
        async with asyncio.TaskGroup() as group:
            group.create_task(asyncio.Event().wait(), name="reviewer")

    with pytest.raises(Deadlock, match="waiting: reviewer, task 0"):
        SimulatedLoop().run(wait())


def test_a_run_that_never_ends_is_ended() -> None:
    async def poll() -> None:
        while True:  # noqa: ASYNC110 - that is the fault
            await asyncio.sleep(60)

    with pytest.raises(Deadlock, match="does not end"):
        SimulatedLoop().run(poll())


def test_the_outside_is_refused() -> None:
    async def connect() -> None:
        await asyncio.open_connection("localhost", 80)

    async def spawn() -> None:
        await asyncio.create_subprocess_exec("true")

    for work in (connect, spawn):
        with pytest.raises(NotAvailable, match="hand the agent a fake"):
            SimulatedLoop().run(work())


def test_a_thread_is_a_turn_of_the_loop() -> None:
    async def work() -> list[int]:
        return [await asyncio.to_thread(pow, 2, 3), await asyncio.to_thread(len, "ab")]

    assert SimulatedLoop().run(work()) == [8, 2]


def test_an_error_in_a_thread_reaches_whoever_awaits_it() -> None:
    async def work() -> None:
        await asyncio.to_thread(int, "no number")

    with pytest.raises(ValueError, match="no number"):
        SimulatedLoop().run(work())


def test_what_is_left_is_cancelled_and_named() -> None:
    told: list[str] = []

    async def stay() -> None:
        try:
            await asyncio.sleep(DAY_S)
        finally:
            told.append("cancelled")

    async def leave() -> None:
        kept = asyncio.get_running_loop().create_task(stay(), name="stays")
        await asyncio.sleep(0)
        assert not kept.done()

    loop = SimulatedLoop()
    loop.run(leave())

    assert (loop.left, told) == (("stays",), ["cancelled"])


def test_a_loop_that_is_running_already_goes_on_afterwards() -> None:
    async def notebook() -> tuple[str, bool]:
        outer = asyncio.get_running_loop()
        said = SimulatedLoop().run(asyncio.sleep(3600, "slept"))
        await asyncio.sleep(0)
        return said, asyncio.get_running_loop() is outer

    assert asyncio.run(notebook()) == ("slept", True)
