"""Errors on their way out: handlers, undos, groups, interrupts; classifiers and voters that err."""

import asyncio
import gc
import os
import signal
from traceback import format_exception, walk_tb

import pytest
from pydantic import ValidationError

from agentgraph.errors import (
    Abstained,
    InternalError,
    ReadOnlyState,
    RunFailed,
    Stuck,
    UnknownLabel,
)
from agentgraph.events import NodeFailed, Result, Verdict
from agentgraph.graph import Policy
from agentgraph.runtime import Binding, Body, Ctx, run, start
from agentgraph.runtime.driver import Driver
from agentgraph.runtime.session import Session
from agentgraph.state import Revision
from tests.runtime.kit import Notes, VirtualClock, body, noting, play, program, result_of, settle

CATCH = """
START -> a
a -> b
b -> END
catch r: a b on ConnectionError -> h
h -> END
undo a
"""
FORK = "START -> a\na -> b, c\njoin j: b, c -> d\nd -> END"
FORKED = """
START -> x
x -> go
gateway go -> b, c
join j: b, c -> d
d -> END
catch r: go b c j d on OSError -> h
h -> END
"""


def fails(error: BaseException):
    async def fail(s: Notes) -> None:
        s.notes.append("lost")
        raise error

    return fail


def test_a_handler_gets_the_error_after_what_was_completed_is_undone() -> None:
    error = ConnectionError("down")
    seen = []

    def undo(s: Notes, ctx: Ctx) -> None:
        seen.append((list(s.notes), ctx.before, ctx.idempotency_key.partition("/")[2]))
        s.notes.append("undone")

    def handler(s: Notes, caught: ConnectionError) -> None:
        seen.append((list(s.notes), caught))

    bind = {"a": Binding(noting("a"), undo=Body(undo, "ctx"))}
    made = program(CATCH, bind=bind, b=fails(error), h=Body(handler, "error"))
    result = play(lambda: run(made, Notes()))

    ((notes, before, key), handled) = seen
    assert (notes, before) == (["a"], Notes(notes=["a"]))
    assert key.startswith("a#1/undo")
    assert handled == (["a", "undone"], error)
    assert result.path == ("a", "undo a", "h")
    assert (result.status, result.errors) == ("done", ())
    assert [(each.node, each.error) for each in result.failures] == [("b", error)]


def test_a_handler_may_take_the_state_alone_or_the_context() -> None:
    error = ConnectionError("down")
    seen = []

    def alone(s: Notes) -> None:
        seen.append("alone")

    async def with_context(s: Notes, ctx: Ctx) -> None:
        seen.append(ctx.error)

    for handler in (body(alone), Body(with_context, "ctx", is_async=True)):
        play(lambda handler=handler: run(program(CATCH, b=fails(error), h=handler), Notes()))

    assert seen == ["alone", error]


def test_an_undo_that_fails_changes_nothing_and_its_error_is_kept() -> None:
    bind = {"a": Binding(noting("a"), undo=body(fails(ValueError("no undo"))))}

    result = play(lambda: run(program(CATCH, bind=bind, b=fails(ConnectionError())), Notes()))

    assert result.state.notes == ["a", "h"]
    assert [str(each) for each in result.errors] == ["no undo"]


def test_what_nobody_catches_fails_the_run_with_its_result_and_the_cause_chained() -> None:
    error = KeyError("x")

    with pytest.raises(RunFailed, match="workflow 'g' failed at 'b': KeyError") as caught:
        play(lambda: run(program(CATCH, b=fails(error)), Notes()))

    assert caught.value.__cause__ is error
    result = result_of(caught)
    assert (result.status, result.errors) == ("failed", (error,))
    assert result.state.notes == ["a", "undo a"]


def test_two_branches_that_fail_at_once_fail_together() -> None:
    async def main() -> None:
        async def b(s: Notes) -> None:
            await settle()
            raise ConnectionError("b")

        async def c(s: Notes) -> None:
            try:
                await asyncio.Event().wait()
            finally:
                raise PermissionError("c")

        with pytest.raises(RunFailed) as caught:
            await run(program(FORK, b=b, c=c), Notes())

        cause = caught.value.__cause__
        assert isinstance(cause, ExceptionGroup)
        assert [str(each) for each in cause.exceptions] == ["b", "c"]
        assert "'b', 'c'" in str(cause)
        assert result_of(caught).state.notes == ["a"]

        seen = []
        h = Body(lambda s, error: seen.append(error), "error")
        result = await run(program(FORKED, b=b, c=c, h=h), Notes())
        assert result.status == "done"
        assert [type(each) for each in seen[0].exceptions] == [ConnectionError, PermissionError]

    play(main)


def test_a_catch_inside_a_branch_does_not_disturb_its_sibling() -> None:
    text = """
    START -> go
    gateway go -> a, b
    catch r: a on ConnectionError -> h
    gateway m
    a -> m
    h -> m
    join j: m, b -> END
    """

    async def main() -> None:
        gate = asyncio.Event()

        async def b(s: Notes) -> None:
            await gate.wait()
            s.notes.append("b")

        async def h(s: Notes) -> None:
            s.notes.append("h")
            gate.set()

        result = await run(program(text, a=fails(ConnectionError()), b=b, h=h), Notes())
        assert result.state.notes == ["h", "b"]

    play(main)


@pytest.mark.parametrize("error", [KeyboardInterrupt(), SystemExit(3)])
@pytest.mark.parametrize("where", ["inline", "branch", "thread"])
def test_an_interrupt_stops_and_awaits_everything_and_goes_on_to_the_caller(
    error: BaseException, where: str
) -> None:
    ended = []

    async def hang(s: Notes) -> None:
        try:
            await asyncio.Event().wait()
        finally:
            await settle()
            ended.append("hang")

    async def raises(s: Notes) -> None:
        await settle()
        raise error

    def in_thread(s: Notes) -> None:
        raise error

    async def main() -> None:
        work = {
            "inline": {"a": raises},
            "branch": {"b": raises, "c": hang},
            "thread": {"b": in_thread, "c": hang},
        }[where]
        with pytest.raises(type(error)):
            await run(program(FORK, **work), Notes())

    play(main)
    assert ended == ([] if where == "inline" else ["hang"])


def test_ctrl_c_cancels_the_nodes_and_waits_for_them() -> None:
    ended = []

    async def interrupted(s: Notes) -> None:
        try:
            os.kill(os.getpid(), signal.SIGINT)
            await asyncio.Event().wait()
        finally:
            await settle()
            ended.append("a")

    with pytest.raises(KeyboardInterrupt):
        asyncio.run(run(program(FORK, a=interrupted), Notes()))

    assert ended == ["a"]


# ---- classifiers

CHOICE = "START -> k\nclassifier k: x -> a, y -> b\na -> END\nb -> END"


def test_a_classifier_may_answer_a_bare_label_or_a_verdict() -> None:
    verdict = Verdict("y", 0.75, {"x": 0.25, "y": 0.75}, "rules", "because")

    one = play(lambda: run(program(CHOICE, k=lambda s: "x"), Notes()))
    two = play(lambda: run(program(CHOICE, k=lambda s: verdict), Notes()))

    assert (one.path, two.path) == (("k", "a"), ("k", "b"))
    (decision,) = two.decisions
    assert (decision.classifier, decision.label, decision.confidence) == ("k", "y", 0.75)
    assert (decision.source, decision.rationale) == ("rules", "because")
    assert decision.probabilities == {"x": 0.25, "y": 0.75}
    assert decision.alternatives == ("x", "y")


def test_a_classifier_that_edits_the_state_fails() -> None:
    def assigns(s: Notes) -> str:
        s.text = "edited"
        return "x"

    def appends(s: Notes) -> str:
        s.notes.append("edited")
        return "x"

    for fn in (assigns, appends):
        with pytest.raises(RunFailed) as caught:
            play(lambda fn=fn: run(program(CHOICE, k=fn), Notes()))
        assert isinstance(caught.value.__cause__, ReadOnlyState)
        assert result_of(caught).state == Notes()


def test_a_label_that_is_not_declared_fails_with_the_nearest_one() -> None:
    text = "START -> k\nclassifier k: billing -> a, tech -> b\na -> END\nb -> END"

    with pytest.raises(RunFailed) as caught:
        play(lambda: run(program(text, k=lambda s: "biling"), Notes()))

    assert isinstance(caught.value.__cause__, UnknownLabel)
    assert str(caught.value.__cause__).endswith("fix:   did you mean 'billing'?")


class Sly(str):
    """Equal to a label, and not of its type."""


@pytest.mark.parametrize("label", [1, 1.0, "True", [], {}, Sly("x"), object()])
def test_what_only_looks_like_a_label_is_none(label: object) -> None:
    flags = program(
        "START -> k\nclassifier k: True -> a, False -> b\na -> END\nb -> END",
        bind={"k": Binding(body(lambda s: label), labels={True: "True", False: "False"})},
    )
    words = program(CHOICE, k=lambda s: label)

    for made in (flags, words):
        with pytest.raises(RunFailed) as caught:
            play(lambda made=made: run(made, Notes()))
        assert isinstance(caught.value.__cause__, UnknownLabel)


def test_a_classifier_that_fails_and_is_repeated_leaves_its_state_editable() -> None:
    left = [1]

    async def k(s: Notes) -> str:
        assert s.notes == ["n"]
        left[0] -= 1
        if left[0] >= 0:
            raise ConnectionError
        return "x"

    async def main() -> None:
        clock = VirtualClock()
        text = f"START -> n\nn -> k\n{CHOICE[11:]}\nretry k 2"
        result = await clock.finish(run(program(text, k=k), Notes(), clock=clock))
        assert result.state.notes == ["n", "a"]

    play(main)


VOTE = "START -> v\nconsensus v 2 p q r: yes -> a, no -> b\na -> END\nb -> END"


def test_voters_are_asked_at_once_and_those_that_cannot_change_anything_are_cancelled() -> None:
    ended = []

    async def main() -> None:
        both = asyncio.Barrier(2)

        async def yes(s: Notes) -> str:
            await both.wait()
            return "yes"

        async def slow(s: Notes) -> str:
            try:
                await asyncio.Event().wait()
            finally:
                ended.append("slow")
            return "no"

        result = await run(program(VOTE, v=(yes, slow, yes)), Notes())

        assert result.state.notes == ["a"]
        *votes, decision = [(each.classifier, each.label) for each in result.decisions]
        assert sorted(votes) == [("v/p", "yes"), ("v/r", "yes")]
        assert decision == ("v", "yes")

    play(main)
    assert ended == ["slow"]


def test_a_voter_that_fails_is_no_vote_and_without_a_winner_all_errors_are_told() -> None:
    def fails_with(error: Exception):
        async def vote(s: Notes) -> str:
            raise error

        return vote

    async def yes(s: Notes) -> str:
        return "yes"

    down, lost = ConnectionError("down"), KeyError("lost")
    won = play(lambda: run(program(VOTE, v=(yes, fails_with(down), yes)), Notes()))
    assert won.state.notes == ["a"]

    with pytest.raises(RunFailed) as caught:
        play(lambda: run(program(VOTE, v=(fails_with(down), fails_with(lost), yes)), Notes()))
    cause = caught.value.__cause__
    assert isinstance(cause, ExceptionGroup)
    assert cause.exceptions == (down, lost)


def test_a_fault_of_the_machine_in_an_alarm_reaches_whoever_waits_for_the_run() -> None:
    """An unsound graph, which verification would never let through."""
    text = "START -> a\na -> q, b\nhuman q: x -> b, y -> END\nb -> END"

    async def main() -> None:
        going = start(program(text), Notes())
        await going.result()
        await going.answer("x", id="q#1")
        with pytest.raises(Stuck):
            await going.result()

    play(main)


def test_a_failure_that_no_node_told_is_among_the_failures_and_the_events() -> None:
    text = """
    START -> k
    classifier k: x -> a, y -> a
    a -> END
    catch r: k a on Exception -> h
    h -> END
    """

    async def main() -> tuple[Result[Notes], list[NodeFailed]]:
        under_way = start(program(text, k=lambda s: None), Notes())
        told = [event async for event in under_way if isinstance(event, NodeFailed)]
        return await under_way.result(), told

    result, (told,) = play(main)

    (failure,) = result.failures
    assert (failure.node, failure.attempt, failure.visit, dict(failure.changed)) == ("k", 1, 1, {})
    assert (told.node, told.error) == ("k", failure.error)
    assert isinstance(failure.error, Abstained)
    assert result.status == "done"


@pytest.mark.parametrize("way", ["plain", "async", "ctx", "thread", "edit"])
def test_failures_that_were_caught_keep_no_state_alive(way: str) -> None:
    def fail(s: Notes) -> None:
        s.text = "x"
        raise ConnectionError

    async def fail_later(s: Notes) -> None:
        await asyncio.sleep(0)
        raise ConnectionError

    def fail_with(s: Notes, ctx: Ctx) -> None:
        raise ConnectionError

    def edit(s: Notes) -> None:
        s.number = "much"  # type: ignore[assignment]

    async def main() -> None:
        text = "START -> w\nw -> a\na -> k\nclassifier k: ok -> END, again -> w\n"
        text += "catch r: a on Exception -> h\nh -> k"
        policy = {"a": Policy(in_thread=way == "thread")}
        a = {"async": body(fail_later), "ctx": Body(fail_with, "ctx"), "edit": edit}.get(way, fail)
        k = lambda s: "ok" if len(s.notes) > 40 else "again"  # noqa: E731
        nodes = {"a": a, "h": noting("h"), "w": noting("w"), "k": k}
        before = sum(isinstance(each, Revision) for each in gc.get_objects())
        result = await run(program(text, **nodes, policy=policy), Notes())
        assert len(result.failures) > 10
        await settle()
        gc.collect()
        assert sum(isinstance(each, Revision) for each in gc.get_objects()) < before + 5
        assert way == "edit" or "in fail" in "".join(format_exception(result.failures[0].error))

    play(main)


def test_what_an_edit_broke_is_kept_without_the_values_of_its_attempt() -> None:
    def edit(s: Notes) -> None:
        s.notes.append(5)  # type: ignore[arg-type]

    async def main() -> None:
        text = "START -> a\na -> END\ncatch r: a on Exception -> h\nh -> END"
        result = await run(program(text, a=edit), Notes())
        await settle()
        cause = result.failures[0].error.__context__
        assert isinstance(cause, ValidationError)
        frames = [frame for frame, _ in walk_tb(cause.__traceback__)]
        assert len(frames) > 0
        assert [frame.f_locals for frame in frames if frame.f_locals] == []

    play(main)


def test_a_wish_to_cancel_what_nobody_works_on_is_our_own_fault_and_says_so() -> None:
    async def cancel() -> None:
        driver = Driver(Session(program("START -> a\na -> END"), {}))
        driver._cancel(7, {}, {})

    with pytest.raises(InternalError, match="nobody works on ticket 7"):
        asyncio.run(cancel())
