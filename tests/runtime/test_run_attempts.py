"""Attempts: retries, timeouts, threads, and limits on what runs at once."""

import asyncio
import threading
from itertools import pairwise

import pytest

from agentgraph.errors import ClosedDraft, NodeTimeout, RunFailed
from agentgraph.graph import Policy
from agentgraph.runtime import Binding, run, start
from tests.runtime.kit import Notes, VirtualClock, body, play, program, result_of, settle

ONE = "START -> a\na -> END"
FORK = "START -> s\ns -> a, b\njoin j: a, b -> END"


def failing(times: int, error: Exception | None = None):
    left = [times]

    async def a(s: Notes) -> None:
        s.notes.append("a")
        left[0] -= 1
        if left[0] >= 0:
            raise error or ConnectionError("down")

    return a


def test_an_attempt_that_failed_leaves_no_trace_in_the_next() -> None:
    async def main() -> None:
        clock = VirtualClock()
        made = program(ONE, a=failing(2), policy={"a": Policy(attempts=3)})

        result = await clock.finish(run(made, Notes(), clock=clock))

        assert result.state.notes == ["a"]
        assert [(each.attempt, each.changed) for each in result.failures] == [
            (1, {"notes": ["a"]}),
            (2, {"notes": ["a"]}),
        ]

    play(main)


def test_the_pauses_grow_are_capped_and_come_from_the_seed() -> None:
    async def pauses(seed: int) -> list[float]:
        clock = VirtualClock()
        policy = Policy(attempts=7, first_s=1, cap_s=8)
        await clock.finish(
            run(program(ONE, a=failing(6), policy={"a": policy}), Notes(), clock=clock, seed=seed)
        )
        return clock.asked

    async def main() -> None:
        one, again, two = await pauses(1), await pauses(1), await pauses(2)

        assert one == again != two
        full = [1, 2, 4, 8, 8, 8]
        assert all(top / 2 <= pause <= top for pause, top in zip(one, full, strict=True))

    play(main)


def test_a_retry_of_two_branches_does_not_come_at_the_same_moment() -> None:
    async def main() -> None:
        clock = VirtualClock()
        policy = Policy(attempts=2)
        made = program(FORK, a=failing(1), b=failing(1), policy={"a": policy, "b": policy})

        await clock.finish(run(made, Notes(), clock=clock))

        assert len(set(clock.asked)) == 2

    play(main)


def test_a_policy_that_is_used_up_fails_the_run_with_the_last_error() -> None:
    async def main() -> None:
        clock = VirtualClock()
        made = program(ONE, a=failing(9), policy={"a": Policy(attempts=2)})

        with pytest.raises(RunFailed, match="at 'a': ConnectionError: down") as caught:
            await clock.finish(run(made, Notes(), clock=clock))

        assert [each.attempt for each in result_of(caught).failures] == [1, 2]

    play(main)


def test_programming_errors_are_not_retried_unless_they_are_named() -> None:
    async def main() -> None:
        clock = VirtualClock()
        plain = program(ONE, a=failing(1, TypeError()), policy={"a": Policy(attempts=3)})
        with pytest.raises(RunFailed) as caught:
            await clock.finish(run(plain, Notes(), clock=clock))
        assert len(result_of(caught).failures) == 1

        named = Policy(attempts=3, retry_on=("builtins.TypeError",))
        made = program(ONE, a=failing(1, TypeError()), policy={"a": named})
        assert (await clock.finish(run(made, Notes(), clock=clock))).status == "done"

    play(main)


@pytest.mark.parametrize("where", ["inline", "branch"])
def test_a_node_that_takes_too_long_is_cancelled_and_fails(where: str) -> None:
    ended = []

    async def slow(s: Notes) -> None:
        s.notes.append("lost")
        try:
            await asyncio.Event().wait()
        finally:
            ended.append("slow")

    async def main() -> None:
        clock = VirtualClock()
        text = ONE if where == "inline" else FORK
        made = program(text, a=slow, policy={"a": Policy(timeout_s=5)})

        with pytest.raises(RunFailed) as caught:
            await clock.finish(run(made, Notes(), clock=clock))

        cause = caught.value.__cause__
        assert isinstance(cause, NodeTimeout)
        assert isinstance(cause, TimeoutError)
        assert "'a' took longer than its 5 s" in str(cause)
        assert "lost" not in result_of(caught).state.notes
        assert clock.now == 5
        task = asyncio.current_task()
        assert task is not None
        assert task.cancelling() == 0

    play(main)
    assert ended == ["slow"]


def test_a_timeout_counts_for_each_attempt_and_not_for_the_pause() -> None:
    starts = []

    async def main() -> None:
        clock = VirtualClock()

        async def slow(s: Notes) -> None:
            starts.append(clock.now)
            await asyncio.Event().wait()

        policy = Policy(attempts=3, first_s=10, cap_s=10, timeout_s=2)
        with pytest.raises(RunFailed, match="NodeTimeout"):
            await clock.finish(
                run(program(ONE, a=slow, policy={"a": policy}), Notes(), clock=clock)
            )

        assert all(b - a > 2 + 5 for a, b in pairwise(starts))
        assert len(starts) == 3

    play(main)


@pytest.mark.parametrize("where", ["inline", "branch"])
@pytest.mark.parametrize("politely", [True, False])
def test_what_a_node_gives_that_swallows_its_timeout_is_dropped(where: str, politely: bool) -> None:
    async def stubborn(s: Notes) -> None:
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            task = asyncio.current_task()
            assert task is not None
            if politely:
                task.uncancel()
            await settle()
            s.notes.append("late")

    async def main() -> None:
        clock = VirtualClock()
        text = ONE if where == "inline" else FORK
        made = program(text, a=stubborn, policy={"a": Policy(timeout_s=5)})

        with pytest.raises(RunFailed) as caught:
            await clock.finish(run(made, Notes(), clock=clock))

        assert isinstance(caught.value.__cause__, NodeTimeout)
        assert "late" not in result_of(caught).state.notes

    play(main)


def test_an_error_in_the_cleanup_of_a_timeout_is_chained_to_it() -> None:
    async def clumsy(s: Notes) -> None:
        try:
            await asyncio.Event().wait()
        finally:
            raise ValueError("clumsy")

    async def main() -> None:
        clock = VirtualClock()
        made = program(ONE, a=clumsy, policy={"a": Policy(timeout_s=5)})

        with pytest.raises(RunFailed, match="NodeTimeout") as caught:
            await clock.finish(run(made, Notes(), clock=clock))

        assert caught.value.__cause__ is not None
        assert isinstance(caught.value.__cause__.__cause__, ValueError)

    play(main)


def test_a_node_that_blocks_the_loop_past_its_deadline_has_taken_too_long() -> None:
    async def main() -> None:
        clock = VirtualClock()

        async def blocks(s: Notes) -> None:
            clock.now += 6

        made = program(ONE, a=blocks, policy={"a": Policy(timeout_s=5)})
        with pytest.raises(RunFailed, match="NodeTimeout"):
            await run(made, Notes(), clock=clock)

    play(main)


def test_a_node_that_is_in_time_leaves_no_alarm_and_no_cancellation_behind() -> None:
    async def main() -> None:
        clock = VirtualClock()
        made = program(
            "START -> a\na -> b\nb -> END",
            policy={"a": Policy(timeout_s=5), "b": Policy(timeout_s=1)},
        )

        assert (await run(made, Notes(), clock=clock)).status == "done"
        assert clock.set == []

    play(main)


def test_the_late_result_of_a_thread_is_dropped_and_its_draft_is_closed() -> None:
    begun, gate, closed = threading.Event(), threading.Event(), threading.Event()
    errors = []

    def slow(s: Notes) -> None:
        s.notes.append("early")
        begun.set()
        gate.wait(timeout=10)
        try:
            s.notes.append("late")
        except ClosedDraft as error:
            errors.append(error)
        try:
            s.text = "late"
        except ClosedDraft as error:
            errors.append(error)
        closed.set()

    async def main() -> None:
        clock = VirtualClock()
        made = program(ONE, a=slow, policy={"a": Policy(timeout_s=5)})

        going = asyncio.create_task(run(made, Notes(), clock=clock))
        await asyncio.to_thread(begun.wait, 10)
        await clock.advance(5)
        with pytest.raises(RunFailed, match="NodeTimeout") as caught:
            await going
        gate.set()

        assert result_of(caught).state == Notes()

    play(main)
    assert closed.wait(timeout=10)
    assert len(errors) == 2


def test_stop_iteration_in_a_thread_is_an_error_and_no_hang() -> None:
    def stops(s: Notes) -> None:
        next(iter(()))

    made = program(ONE, a=stops, policy={"a": Policy(in_thread=True)})

    with pytest.raises(RunFailed, match="raised StopIteration"):
        play(lambda: asyncio.wait_for(run(made, Notes()), 20))


def test_stop_iteration_on_the_loop_is_an_error_like_any_other() -> None:
    def stops(s: Notes) -> None:
        next(iter(()))

    with pytest.raises(RunFailed, match="StopIteration"):
        play(lambda: run(program(ONE, a=stops), Notes()))


def test_a_timeout_of_the_nodes_own_is_an_ordinary_error() -> None:
    async def own(s: Notes) -> None:
        async with asyncio.timeout(0):
            await asyncio.Event().wait()

    with pytest.raises(RunFailed) as caught:
        play(lambda: run(program(FORK, a=own), Notes()))

    assert type(caught.value.__cause__) is TimeoutError


def test_a_node_that_awaits_something_cancelled_has_failed_and_the_run_is_not_cancelled() -> None:
    async def inside(s: Notes) -> None:
        task = asyncio.create_task(asyncio.Event().wait())
        await asyncio.sleep(0)
        task.cancel()
        await task

    with pytest.raises(RunFailed, match="was cancelled from inside"):
        play(lambda: run(program(ONE, a=inside), Notes()))


class Crowd:
    """Counts how many are inside at once."""

    def __init__(self) -> None:
        self.now = self.most = 0

    async def __call__(self, s: Notes) -> None:
        self.now += 1
        self.most = max(self.most, self.now)
        await settle()
        self.now -= 1


WIDE = "START -> s\ns -> a, b, c, d\njoin j: a, b, c, d -> END"


def test_a_run_does_no_more_at_once_than_its_concurrency_allows() -> None:
    crowd = Crowd()
    made = program(WIDE, **dict.fromkeys("abcd", body(crowd.__call__)))

    assert play(lambda: run(made, Notes(), concurrency=2)).status == "done"
    assert crowd.most == 2


def test_a_node_is_under_way_no_more_often_than_its_limit_over_all_runs() -> None:
    crowd = Crowd()
    made = program(ONE, bind={"a": Binding(body(crowd.__call__), limit=2)})

    async def main() -> None:
        await asyncio.gather(*(run(made, Notes()) for _ in range(7)))

    play(main)
    assert crowd.most == 2


def test_one_who_waits_for_a_place_can_be_cancelled_and_the_place_is_not_lost() -> None:
    crowd = Crowd()
    made = program(ONE, bind={"a": Binding(body(crowd.__call__), limit=1)})

    async def main() -> None:
        first, second, third = (start(made, Notes()) for _ in range(3))
        await asyncio.sleep(0)
        await second.cancel()
        assert (await first.result()).status == "done"
        assert (await third.result()).status == "done"
        assert (await second.result()).status == "cancelled"
        assert (await run(made, Notes())).status == "done"

    play(main)
    assert crowd.most == 1


def test_a_limit_holds_over_the_loops_of_several_threads() -> None:
    inside, most = [], []
    lock = threading.Lock()

    async def a(s: Notes) -> None:
        with lock:
            inside.append(1)
            most.append(len(inside))
        await settle()
        with lock:
            inside.pop()

    made = program(ONE, bind={"a": Binding(body(a), limit=1)})

    def several() -> None:
        async def main() -> None:
            await asyncio.gather(*(run(made, Notes()) for _ in range(20)))

        asyncio.run(main())

    threads = [threading.Thread(target=several) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)

    assert len(most) == 80
    assert max(most) == 1
