"""Cancellation, of the caller and of the run, at any moment."""

import asyncio
import gc
from contextlib import suppress
from typing import Any

import pytest

from agentgraph.errors import RunFailed, UndoStopped
from agentgraph.graph import Policy
from agentgraph.runtime import Binding, run, start
from tests.runtime.kit import Notes, VirtualClock, body, noting, play, program, settle

FORK = "START -> a\na -> b, c\njoin j: b, c -> d\nd -> END"


class Hanging:
    """A node that waits until it is cancelled, and notes that it has ended."""

    def __init__(self) -> None:
        self.begun = 0
        self.ended = 0

    async def __call__(self, s: Notes) -> None:
        self.begun += 1
        try:
            await asyncio.Event().wait()
        finally:
            await settle()
            self.ended += 1


@pytest.mark.parametrize("where", ["a", "bc", "d"])
@pytest.mark.parametrize("times", [1, 2, 3])
def test_cancelling_the_caller_cancels_and_awaits_the_nodes(where: str, times: int) -> None:
    hang = Hanging()

    async def main() -> None:
        made = program(FORK, **dict.fromkeys(where, body(hang.__call__)))
        going = asyncio.create_task(run(made, Notes()))
        await settle()
        for _ in range(times):
            going.cancel()
            await asyncio.sleep(0)
        await asyncio.wait([going])
        assert going.cancelled()

    play(main)
    assert hang.begun == len(where)


def test_the_timeout_of_a_caller_is_a_timeout() -> None:
    hang = Hanging()

    async def main() -> None:
        made = program(FORK, b=body(hang.__call__))
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0):
                await run(made, Notes())
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0):
                await run(program(FORK, a=body(hang.__call__)), Notes())

    play(main)


def test_a_task_that_was_cancelled_before_can_run_a_workflow_to_clean_up() -> None:
    async def fails_inside(s: Notes) -> None:
        task = asyncio.create_task(asyncio.Event().wait())
        await asyncio.sleep(0)
        task.cancel()
        try:
            await task
        except asyncio.CancelledError:
            s.notes.append("caught")

    async def main() -> None:
        results = []

        async def work() -> None:
            try:
                await asyncio.Event().wait()
            finally:
                results.append(await run(program(FORK, a=fails_inside), Notes()))

        task = asyncio.create_task(work())
        await settle()
        task.cancel()
        await asyncio.wait([task])

        assert task.cancelled()
        assert results[0].status == "done"
        assert results[0].state.notes == ["caught", "b", "c", "d"]

    play(main)


@pytest.mark.parametrize("where", ["a", "b"])
def test_a_node_that_swallows_the_cancellation_of_the_caller_does_not_save_the_run(
    where: str,
) -> None:
    ran = []

    async def stubborn(s: Notes) -> None:
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            s.notes.append("late")

    def next_one(s: Notes) -> None:
        ran.append("d")

    async def main() -> None:
        made = program(FORK, **{where: stubborn}, d=next_one)
        going = asyncio.create_task(run(made, Notes()))
        await settle()
        going.cancel()
        await asyncio.wait([going])
        assert going.cancelled()

    play(main)
    assert ran == []


def test_cancelling_a_run_keeps_what_was_completed_and_awaits_the_rest() -> None:
    hang = Hanging()

    async def main() -> None:
        going = start(program(FORK, b=body(hang.__call__)), Notes())
        await settle()
        await going.cancel()
        result = await going.result()

        assert (result.status, result.state.notes) == ("cancelled", ["a"])
        assert result.path == ("a", "c")
        assert {path: state.notes for path, state in result.branches.items()} == {
            "b": ["a"],
            "c": ["a", "c"],
        }

    play(main)
    assert hang.ended == 1


def test_cancelling_with_undo_compensates_what_was_completed() -> None:
    hang = Hanging()
    text = "START -> a\na -> b\nb -> END\nundo a"

    async def main() -> None:
        going = start(program(text, b=body(hang.__call__)), Notes())
        await settle()
        await going.cancel(undo=True)
        result = await going.result()
        assert (result.status, result.state.notes) == ("cancelled", ["a", "undo a"])

    play(main)


def test_a_run_that_is_cancelled_before_its_first_step_has_run_nothing() -> None:
    hang = Hanging()

    async def main() -> None:
        going = start(program(FORK, a=body(hang.__call__)), Notes())
        await going.cancel()
        assert (await going.result()).status == "cancelled"

        async with start(program(FORK, a=body(hang.__call__)), Notes()) as left:
            pass
        assert left.status == "cancelled"

    play(main)
    assert hang.begun == 0


def test_a_run_as_a_context_is_cancelled_and_awaited_on_leaving() -> None:
    hang = Hanging()

    async def main() -> None:
        handles = []

        async def leave_early() -> None:
            async with start(program(FORK, b=body(hang.__call__)), Notes()) as going:
                handles.append(going)
                await settle()
                raise KeyError

        with pytest.raises(KeyError):
            await leave_early()
        (going,) = handles
        assert going.status == "cancelled"

    play(main)
    assert hang.ended == 1


def test_cancelling_what_has_ended_changes_nothing() -> None:
    async def main() -> None:
        going = start(program(FORK), Notes())
        await going.result()
        await going.cancel()
        assert (await going.result()).status == "done"

    play(main)


def test_a_node_can_cancel_its_own_run() -> None:
    async def main() -> None:
        async def suicide(s: Notes) -> None:
            await handle[0].cancel()

        handle = []
        for where in "ab":
            handle[:] = [start(program(FORK, **{where: suicide}), Notes())]
            assert (await handle[0].result()).status == "cancelled"

    play(main)


@pytest.mark.parametrize("rounds", range(12))
def test_a_cancellation_may_come_at_any_moment(rounds: int) -> None:
    async def main() -> None:
        clock = VirtualClock()
        policy = {"b": Policy(attempts=3, first_s=0, retry_on=("builtins.OSError",))}

        async def b(s: Notes) -> None:
            await asyncio.sleep(0)
            raise ConnectionError

        made = program(FORK, b=b, policy=policy)
        going = asyncio.create_task(run(made, Notes(), clock=clock))
        for _ in range(rounds):
            await asyncio.sleep(0)
        going.cancel()
        await clock.finish(asyncio.wait([going]))
        assert going.cancelled()

    play(main)


def test_a_compensation_is_not_broken_off_by_the_cancellation_of_the_caller() -> None:
    text = "START -> a\na -> b\nb -> END\nundo a"
    undone = []

    async def fail(s: Notes) -> None:
        raise KeyError

    async def main() -> None:
        gate = asyncio.Event()

        async def undo(s: Notes) -> None:
            await gate.wait()
            undone.append("a")

        bind = {"a": Binding(noting("a"), undo=body(undo))}
        going = asyncio.create_task(run(program(text, bind=bind, b=fail), Notes()))
        await settle()
        going.cancel()
        await settle()
        assert not going.done()
        gate.set()
        await asyncio.wait([going])
        assert going.cancelled()

    play(main)
    assert undone == ["a"]


def test_a_compensation_in_line_is_carried_though_its_carrier_is_cancelled_unbegun() -> None:
    undone = []

    async def main() -> None:
        async def fail(s: Notes) -> None:
            asyncio.get_running_loop().call_soon(everything)
            raise KeyError

        async def undo(s: Notes) -> None:
            await asyncio.sleep(0)
            undone.append("a")

        def everything() -> None:
            for task in asyncio.all_tasks() - {me}:
                task.cancel()

        me = asyncio.current_task()
        bind = {"a": Binding(noting("a"), undo=body(undo))}
        text = "START -> a\na -> b\nb -> END\nundo a"
        going = asyncio.create_task(run(program(text, bind=bind, b=fail), Notes()))
        await asyncio.wait([going], timeout=20)
        assert going.cancelled()

    play(main)
    assert undone == ["a"]


@pytest.mark.parametrize("handled", ["", "catch r: a b on KeyError -> h\nh -> END"])
def test_a_compensation_that_somebody_cancels_has_failed_and_the_state_is_as_it_was(
    handled: str,
) -> None:
    async def undo(s: Notes) -> None:
        s.notes.append("half")
        task = asyncio.current_task()
        assert task is not None
        task.cancel()
        await asyncio.sleep(0)

    async def fail(s: Notes) -> None:
        raise KeyError

    async def main() -> None:
        bind = {"a": Binding(noting("a"), undo=body(undo))}
        text = f"START -> a\na -> b\nb -> END\nundo a\n{handled}"
        nodes = {"h": noting("h")} if handled else {}
        going = start(program(text, bind=bind, b=fail, **nodes), Notes())
        with suppress(RunFailed):
            await going.result()
        result: Any = going._session.result()
        assert (result.status, result.state.notes) == ("cancelled" if handled else "failed", ["a"])
        assert isinstance(result.errors[-1], UndoStopped)
        assert [(each.node, type(each.error)) for each in result.failures] == [
            ("b", KeyError),
            ("undo a", UndoStopped),
        ]

    play(main)


def test_the_end_of_the_loop_takes_every_run_down() -> None:
    hang = Hanging()

    async def main() -> None:
        start(program(FORK, b=body(hang.__call__), c=body(hang.__call__)), Notes())
        start(program(FORK, a=body(hang.__call__)), Notes())
        await settle()
        start(program(FORK, b=body(hang.__call__)), Notes())
        late = start(program(FORK, a=noting("a"), b=body(hang.__call__)), Notes())
        for _ in range(2):
            await asyncio.sleep(0)
        del late

    asyncio.run(main())
    assert hang.begun == hang.ended >= 3


def test_a_run_goes_on_by_itself_when_nobody_keeps_its_handle() -> None:
    hang = Hanging()

    async def main() -> None:
        start(program(FORK, b=body(hang.__call__)), Notes())
        await settle()
        gc.collect()
        await settle()
        assert hang.ended == 0

    asyncio.run(main())
    assert hang.ended == 1


def test_branches_that_are_cancelled_before_their_first_step_do_not_hold_up_the_end() -> None:
    async def main() -> None:
        async def last(s: Notes) -> None:
            asyncio.get_running_loop().call_soon(everything)

        def everything() -> None:
            for task in asyncio.all_tasks() - {me}:
                task.cancel()

        me = asyncio.current_task()
        going = asyncio.create_task(run(program(FORK, a=last), Notes()))
        await asyncio.wait([going], timeout=20)
        assert going.cancelled()

    play(main)
