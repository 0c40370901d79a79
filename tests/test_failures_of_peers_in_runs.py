"""What goes wrong in runs of other libraries (people, attempts, compensation) and not here.

Each docstring says what the naive implementation does, so that one can see that the test
would fail on it.
"""

import asyncio
from typing import Literal

import pytest

from agentgraph import (
    END,
    Ask,
    Budget,
    Ctx,
    Node,
    Retry,
    RunFailed,
    Workflow,
    human,
    node,
    workflow,
)
from agentgraph.errors import (
    AnswerRefused,
    ClosedDraft,
    NodeTimeout,
)
from tests.peers import Notes, failed, failing, first, noting, result_of
from tests.runtime.kit import VirtualClock, play, settle


@human
def second(s: Notes) -> Ask[Literal["yes", "no"]]:
    return Ask(show="second?")


def two_questions() -> Workflow[Notes]:
    then = second.route({"yes": noting("sent"), "no": END})
    return workflow("two", Notes, first.route({"yes": then, "no": END}))


def test_an_answer_that_is_sent_again_never_answers_the_next_question() -> None:
    """Naive: answers are a queue, so the retry of a lost confirmation answers what comes next."""

    async def main() -> None:
        run = two_questions().start(Notes())
        asked = (await run.result()).questions[0].id
        await run.answer("yes", id=asked)
        await settle()
        await run.answer("yes", id=asked)
        with pytest.raises(AnswerRefused):
            await run.answer("no", id=asked)
        with pytest.raises(AnswerRefused):
            await run.answer("yes")
        again = await run.result()

        assert [each.show for each in again.questions] == ["second?"]
        assert again.state.log == []
        await run.cancel()

    play(main)


def test_of_two_who_answer_at_once_one_wins_and_the_other_is_told() -> None:
    """Naive: both are taken, and the second one is lost or answers the next question."""

    async def main() -> None:
        run = two_questions().start(Notes())
        await run.result()
        found = await asyncio.gather(run.answer("yes"), run.answer("no"), return_exceptions=True)
        await settle()

        assert [type(each) for each in found] == [type(None), AnswerRefused]
        assert [each.show for each in (await run.result()).questions] == ["second?"]
        await run.cancel()

    play(main)


def test_a_pause_is_not_caught_by_whoever_catches_every_exception() -> None:
    """Naive: a pause is an exception, which `except Exception` takes for a failure."""
    ran: list[str] = []

    @node
    async def careful(s: Notes) -> None:
        try:
            ran.append("careful")
        except Exception:  # noqa: BLE001 - what users write
            ran.append("swallowed")

    inner = workflow("inner", Notes, careful >> first.route({"yes": noting("sent"), "no": END}))
    asked = inner.as_node(enter=lambda s: s, leave=_take_over)
    made = workflow("outer", Notes, asked.catch(Exception, noting("caught")))

    async def main() -> None:
        run = made.start(Notes())
        assert (await run.result()).status == "paused"
        await run.answer("yes")
        done = await run.result()

        assert (done.status, done.state.log) == ("done", ["sent"])

    play(main)
    assert ran == ["careful"]


def _take_over(s: Notes, child: Notes) -> None:
    s.log = child.log


def test_what_ran_before_a_pause_does_not_run_again() -> None:
    """Naive: the node is called again from its top, and so are the effects before the question."""
    charged: list[str] = []

    @node
    async def charge(s: Notes) -> None:
        charged.append("10 EUR")

    made = workflow("w", Notes, charge >> first.route({"yes": noting("sent"), "no": END}))

    async def main() -> None:
        run = made.start(Notes())
        await run.result()
        await run.answer("yes")
        await run.result()

    play(main)
    assert charged == ["10 EUR"]


def test_a_run_that_goes_on_after_a_pause_keeps_its_budget() -> None:
    """Naive: the counters begin at nothing with each call, so a pause refills the budget."""
    made = workflow(
        "w",
        Notes,
        noting("a") >> first.route({"yes": noting("b") >> noting("c"), "no": END}),
    )

    async def main() -> None:
        run = made.start(Notes(), budget=Budget(steps=3))
        await run.result()
        await run.answer("yes")
        done = await run.result()

        assert (done.status, done.state.log, done.usage.steps) == ("exhausted", ["a", "b"], 3)

    play(main)


def test_an_attempt_that_timed_out_writes_nothing_though_it_goes_on() -> None:
    """Naive: the node holds the state itself, so what it does in its `except` still counts."""
    attempts: list[int] = []

    @node(timeout=1, retry=Retry(attempts=2, on=TimeoutError))
    async def slow(s: Notes, ctx: Ctx) -> None:
        attempts.append(ctx.attempt)
        s.log.append(f"attempt {ctx.attempt}")
        if ctx.attempt == 1:
            try:
                await asyncio.Event().wait()
            except asyncio.CancelledError:
                s.word = "late"

    async def main() -> None:
        clock = VirtualClock()
        made = workflow("w", Notes, slow)
        done = await clock.finish(made.run(Notes(), clock=clock))

        assert done.state == Notes(log=["attempt 2"])

    play(main)
    assert attempts == [1, 2]


def test_an_attempt_that_timed_out_for_good_leaves_the_last_good_state() -> None:
    """Naive: the edits that it had made before the timeout are there already."""

    @node(timeout=1)
    async def slow(s: Notes) -> None:
        s.log.append("lost")
        await asyncio.Event().wait()

    async def main() -> None:
        clock = VirtualClock()
        made = workflow("w", Notes, noting("good") >> slow)
        with pytest.raises(RunFailed) as caught:
            await clock.finish(made.run(Notes(), clock=clock))

        assert isinstance(caught.value.__cause__, NodeTimeout)
        assert result_of(caught.value).state.log == ["good"]

    play(main)


def test_an_attempt_that_was_cancelled_writes_nothing() -> None:
    """Naive: the loser of a race goes on, or what it had edited is merged all the same."""

    @node
    async def loser(s: Notes) -> None:
        s.log.append("lost")
        try:
            await asyncio.Event().wait()
        finally:
            s.word = "late"

    made = workflow("w", Notes, (loser | noting("winner")).join(1) >> noting("end"))

    async def main() -> None:
        done = await made.run(Notes())
        await settle()

        assert done.state == Notes(log=["winner", "end"])

    play(main)


def test_a_failed_attempt_leaves_nothing_for_the_next_one() -> None:
    """Naive: the retry gets the object that the failed attempt has edited."""
    seen: list[list[str]] = []
    kept: list[Notes] = []

    @node(retry=Retry(attempts=3, first=0))
    async def flaky(s: Notes, ctx: Ctx) -> None:
        for draft in kept:
            with pytest.raises(ClosedDraft):
                draft.word = "late"
        kept.append(s)
        seen.append([*s.log, *s.deep])
        s.log.append(f"attempt {ctx.attempt}")
        s.deep["x"] = ["x"]
        if ctx.attempt < 3:
            raise ConnectionError

    done = workflow("w", Notes, flaky).run_sync(Notes())

    assert seen == [[], [], []]
    assert done.state.log == ["attempt 3"]


def test_a_saga_of_three_takes_back_all_that_was_done_the_last_first() -> None:
    """Naive: the handler of the step that failed runs, and those before it stay as they are."""

    def step(name: str) -> Node[Notes]:
        async def back(s: Notes) -> None:
            s.log.append(f"undo {name}")

        return noting(name).undo(back)

    saga = step("one") >> step("two") >> step("three") >> failing(ConnectionError("down"))
    made = workflow("w", Notes, saga.catch(ConnectionError, noting("sorry")))

    assert made.run_sync(Notes()).state.log == [
        "one", "two", "three", "undo three", "undo two", "undo one", "sorry",
    ]  # fmt: skip


def test_a_saga_takes_back_the_rest_when_one_undo_fails() -> None:
    """Naive: the error of the undo ends the compensation, and hides the error that began it."""

    async def broken(s: Notes) -> None:
        s.log.append("lost")
        raise OSError("cannot be taken back")

    async def back(s: Notes) -> None:
        s.log.append("undo one")

    saga = noting("one").undo(back) >> noting("two").undo(broken)
    error = failed(workflow("w", Notes, saga >> failing(ConnectionError("down"))))

    assert isinstance(error.__cause__, ConnectionError)
    assert result_of(error).state.log == ["one", "two", "undo one"]
    assert [type(each) for each in result_of(error).errors] == [ConnectionError, OSError]


def test_nothing_outlives_the_flow_that_failed() -> None:
    """Naive: the handler runs while the branches of the failed flow still do, and do harm."""
    order: list[str] = []

    @node
    async def slow(s: Notes) -> None:
        try:
            await asyncio.Event().wait()
        finally:
            await asyncio.sleep(0)
            order.append("slow has ended")

    @node
    async def sorry(s: Notes) -> None:
        order.append("sorry")

    flow = slow | failing(ConnectionError("down"))
    made = workflow("w", Notes, flow.catch(ConnectionError, sorry))

    async def main() -> None:
        assert (await made.run(Notes())).status == "done"

    play(main)
    assert order == ["slow has ended", "sorry"]


def test_two_errors_at_once_are_both_told() -> None:
    """Naive: the first error wins, and the other one is lost."""

    @node
    async def slow(s: Notes) -> None:
        try:
            await asyncio.Event().wait()
        finally:
            raise OSError("while it was cancelled")

    error = failed(workflow("w", Notes, slow | failing(ConnectionError("down"))))

    assert isinstance(error.__cause__, ExceptionGroup)
    assert [type(each) for each in error.__cause__.exceptions] == [OSError, ConnectionError]
