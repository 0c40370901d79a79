"""What goes wrong in other libraries, each reproduced there, and does not go wrong here.

Each docstring says what the naive implementation does, so that one can see that the test
would fail on it.
"""

import asyncio
from collections.abc import Awaitable, Callable
from itertools import permutations
from typing import Annotated, Literal, cast

import pytest
from pydantic import field_validator

from agentgraph import (
    END,
    NEXT,
    START,
    Ask,
    Budget,
    Ctx,
    Graph,
    Node,
    Result,
    Retry,
    Run,
    RunFailed,
    State,
    Verdict,
    Workflow,
    append,
    classifier,
    human,
    node,
    workflow,
)
from agentgraph.errors import (
    AnswerRefused,
    ClosedDraft,
    InvalidEdit,
    InvalidGraph,
    MergeConflict,
    NodeTimeout,
    UnknownLabel,
)
from agentgraph.graph import from_json, to_json
from agentgraph.verify import verify
from tests.runtime.kit import VirtualClock, play, settle


class Notes(State):
    log: Annotated[list[str], append] = []
    word: str = ""
    count: int = 0
    deep: dict[str, list[str]] = {}

    @field_validator("word")
    @classmethod
    def is_short(cls, word: str) -> str:
        if len(word) > 9:
            raise ValueError("too long")
        return word


def noting(name: str, *, asks: Callable[[], Awaitable[object]] | None = None) -> Node[Notes]:
    """Make a node that notes its name, after it has awaited something."""

    async def note(s: Notes) -> None:
        if asks is not None:
            await asks()
        s.log.append(name)

    return node(name=name)(note)


def failing(error: Exception, name: str = "fail") -> Node[Notes]:
    async def fail(s: Notes) -> None:
        s.log.append("lost")
        raise error

    return node(name=name)(fail)


def failed(made: Workflow[Notes]) -> RunFailed:
    with pytest.raises(RunFailed) as caught:
        made.run_sync(Notes())
    return caught.value


def result_of(error: RunFailed) -> Result[Notes]:
    return cast("Result[Notes]", error.result)


# A bad output, a conflict


@pytest.mark.parametrize("value", ["much too long a word", 7, None])
def test_a_bad_output_leaves_the_last_good_state_and_a_result_that_opens(value: object) -> None:
    """Naive: the value is stored first and validated on the next load, which then fails for good."""

    @node
    async def spoil(s: Notes) -> None:
        s.log.append("lost")
        s.word = value  # type: ignore[assignment]  # what a model made of it

    error = failed(workflow("w", Notes, noting("good") >> spoil))

    assert isinstance(error.__cause__, InvalidEdit)
    assert result_of(error).state == Notes(log=["good"])
    assert Notes.model_validate_json(result_of(error).state.model_dump_json()).log == ["good"]


def test_an_output_that_swallowed_its_own_validation_error_is_not_half_kept() -> None:
    """Naive: fields that were assigned before the bad one stay, as the object is edited in place."""

    @node
    async def stubborn(s: Notes) -> None:
        s.log.append("kept")
        try:
            s.word = "much too long a word"
        except InvalidEdit:
            s.word = "short"

    done = workflow("w", Notes, stubborn).run_sync(Notes())

    assert (done.state.log, done.state.word) == (["kept"], "short")


def test_a_merge_conflict_leaves_the_last_good_state_and_each_branch_beside_it() -> None:
    """Naive: the conflict is raised while the step is stored, and the run cannot be opened again."""

    @node
    async def left(s: Notes) -> None:
        s.word = "left"

    @node
    async def right(s: Notes) -> None:
        s.word = "right"

    error = failed(workflow("w", Notes, noting("good") >> (left | right) >> noting("never")))
    found = result_of(error)

    assert isinstance(error.__cause__, MergeConflict)
    assert (error.__cause__.field, error.__cause__.branches) == ("word", ("left", "right"))
    assert found.state == Notes(log=["good"])
    assert {path: state.word for path, state in found.branches.items()} == {
        "left": "left",
        "right": "right",
    }


# People


@human
def first(s: Notes) -> Ask[Literal["yes", "no"]]:
    return Ask(show="first?")


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


# Names


def test_a_renamed_node_is_found_before_anything_runs() -> None:
    """Naive: an edge to a name that nobody has is dropped, and the run ends as a success."""
    graph = workflow("w", Notes, noting("draft") >> noting("reviewer")).graph
    renamed = to_json(graph).replace('"target": "reviewer"', '"target": "reviwer"')
    assert renamed != to_json(graph)

    errors = verify(from_json(renamed)).errors

    assert errors[0].code == "AG101"
    assert "did you mean 'reviewer'" in errors[0].fix


def test_a_label_that_no_edge_has_stops_the_build() -> None:
    """Naive: the label that is missing or misspelt leads nowhere, and the run ends as a success."""
    go = noting("go")

    with pytest.raises(InvalidGraph, match="stop"):
        workflow("w", Notes, color.route({"go": go}))  # type: ignore[dict-item]
    with pytest.raises(InvalidGraph, match="did you mean 'stop'"):
        workflow("w", Notes, color.route({"go": go, "stopp": END}))  # type: ignore[dict-item]


@classifier
async def color(s: Notes) -> Literal["go", "stop"]:
    return cast("Literal['go', 'stop']", s.word)


@pytest.mark.parametrize("answer", ["Stop", "stop ", "halt"])
def test_an_answer_that_is_no_label_fails_and_names_the_labels(answer: str) -> None:
    """Naive: no edge matches, so the run ends there and reports success."""
    made = workflow("w", Notes, color.route({"go": noting("go"), "stop": END}))

    with pytest.raises(RunFailed) as caught:
        made.run_sync(Notes(word=answer))

    assert isinstance(caught.value.__cause__, UnknownLabel)
    assert "'stop'" in str(caught.value.__cause__)


# Edits


@pytest.mark.parametrize("order", list(permutations(range(3))))
def test_an_edit_in_place_never_reaches_a_sibling_or_the_caller(order: tuple[int, ...]) -> None:
    """Naive: branches share one object, or shallow copies of it, and see each other's lists."""
    mine = Notes(log=["mine"], deep={"a": ["mine"]})
    seen: dict[str, tuple[list[str], dict[str, list[str]]]] = {}
    turns = [asyncio.Event() for _ in range(4)]

    def branch(number: int) -> Node[Notes]:
        async def edit(s: Notes) -> None:
            await turns[order[number]].wait()
            seen[f"b{number}"] = (list(s.log), {key: list(v) for key, v in s.deep.items()})
            s.log.append(f"b{number}")
            if number == 0:
                s.deep["a"].append("b0")
            turns[order[number] + 1].set()

        return node(name=f"b{number}")(edit)

    made = workflow("w", Notes, branch(0) | branch(1) | branch(2))

    async def main() -> Result[Notes]:
        turns[0].set()
        return await made.run(mine)

    done = play(main)
    assert set(map(str, seen.values())) == {"(['mine'], {'a': ['mine']})"}
    assert mine == Notes(log=["mine"], deep={"a": ["mine"]})
    assert done.state == Notes(log=["mine", "b0", "b1", "b2"], deep={"a": ["mine", "b0"]})


def test_an_edit_of_the_result_or_of_a_kept_draft_never_reaches_the_run() -> None:
    """Naive: the draft is the state, so whoever keeps it edits the run behind its back."""
    kept: list[Notes] = []

    @node
    async def keep(s: Notes) -> None:
        s.log.append("kept")
        kept.append(s)

    @node
    async def meddle(s: Notes) -> None:
        with pytest.raises(ClosedDraft):
            kept[0].word = "late"

    made = workflow("w", Notes, keep >> meddle >> first.route({"yes": END, "no": END}))

    async def main() -> None:
        run: Run[Notes] = made.start(Notes())
        paused = await run.result()
        paused.state.log.append("meddled")
        await run.answer("yes")

        assert (await run.result()).state == Notes(log=["kept"])

    play(main)


@pytest.mark.parametrize("takes_over", [True, False])
def test_a_subgraph_that_shares_a_list_with_its_parent_never_doubles_it(takes_over: bool) -> None:
    """Naive: the child's whole list goes through the parent's reducer, which appends it again."""

    def leave(s: Notes, child: Notes) -> None:
        if takes_over:
            s.log = child.log
        else:
            s.log.extend(child.log[len(s.log) :])

    child = workflow("child", Notes, noting("inner") | noting("other"))
    asked = child.as_node(enter=lambda s: s, leave=leave)
    made = workflow("w", Notes, noting("before") >> (asked | noting("beside")) >> asked)

    assert made.run_sync(Notes()).state.log == [
        "before", "inner", "other", "beside", "inner", "other",
    ]  # fmt: skip


# Joins


def test_a_join_whose_branch_may_not_be_taken_stops_the_build() -> None:
    """Naive: the join waits for a branch that was not chosen, and the run ends without its target."""
    g = Graph("w", Notes)
    a, b, c, d = (noting(name) for name in "abcd")
    g.add_edge(START, a)
    g.add_conditional_edge(a, color, {"go": b, "stop": c})
    g.add_join([b, c], d)
    g.add_edge(d, END)

    with pytest.raises(InvalidGraph, match="for ever"):
        g.compile()


def test_parallel_branches_that_meet_without_a_join_stop_the_build() -> None:
    """Naive: the target runs once for each branch, or once and drops one of them."""
    g = Graph("w", Notes)
    a, b, c, d = (noting(name) for name in "abcd")
    g.add_edge(START, a)
    g.add_edge(a, [b, c])
    g.add_edge(b, d)
    g.add_edge(c, d)
    g.add_edge(d, END)

    with pytest.raises(InvalidGraph, match="add_join"):
        g.compile()


def test_a_join_fires_once_however_long_its_branches_are() -> None:
    """Naive: the target runs in each round in which some branch has finished."""
    long = noting("l1") >> noting("l2") >> noting("l3")

    done = workflow("w", Notes, (noting("short") | long) >> noting("after")).run_sync(Notes())

    assert done.state.log == ["short", "l1", "l2", "l3", "after"]
    assert done.visits["after"] == 1


@pytest.mark.parametrize("finish", list(permutations("bca")))
def test_parallel_results_stand_in_the_order_of_declaration(finish: tuple[str, ...]) -> None:
    """Naive: they stand in the order of arrival, or sorted by the names of the nodes."""
    turns = {name: asyncio.Event() for name in finish}

    async def main() -> list[str]:
        def branch(name: str) -> Node[Notes]:
            return noting(name, asks=turns[name].wait)

        made = workflow("w", Notes, (branch("c") | branch("a") | branch("b")) >> noting("end"))
        run = made.start(Notes())
        for name in finish:
            turns[name].set()
            await settle()
        return (await run.result()).state.log

    assert play(main) == ["c", "a", "b", "end"]


# Attempts


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

    @node(retry=Retry(attempts=3, first=0))
    async def flaky(s: Notes, ctx: Ctx) -> None:
        seen.append([*s.log, *s.deep])
        s.log.append(f"attempt {ctx.attempt}")
        s.deep["x"] = ["x"]
        if ctx.attempt < 3:
            raise ConnectionError

    done = workflow("w", Notes, flaky).run_sync(Notes())

    assert seen == [[], [], []]
    assert done.state.log == ["attempt 3"]


# Compensation


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


def test_unsure_is_never_taken_for_sure() -> None:
    """Naive: the label is followed whatever the confidence, or the run ends where none matches."""

    @classifier
    async def guess(s: Notes) -> Verdict[Literal["go", "stop"]]:
        return Verdict("go", 0.3)

    ways = guess.route({"go": noting("go"), "stop": NEXT}, unsure=noting("ask"), at_least=0.7)

    assert workflow("w", Notes, ways).run_sync(Notes()).state.log == ["ask"]
