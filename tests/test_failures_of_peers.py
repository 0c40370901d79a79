"""What goes wrong in other libraries, each reproduced there, and does not go wrong here.

Each docstring says what the naive implementation does, so that one can see that the test
would fail on it.
"""

import asyncio
from itertools import permutations
from typing import Literal, cast

import pytest

from agentgraph import (
    END,
    NEXT,
    START,
    Graph,
    Node,
    Result,
    Run,
    RunFailed,
    Verdict,
    classifier,
    node,
    workflow,
)
from agentgraph.errors import (
    ClosedDraft,
    InvalidEdit,
    InvalidGraph,
    MergeConflict,
    UnknownLabel,
)
from agentgraph.graph import from_json, to_json
from agentgraph.verify import verify
from tests.peers import Notes, failed, first, noting, result_of
from tests.runtime.kit import play, settle


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

    def put(s: Notes, word: str) -> None:
        s.word = word

    # By a helper: a plain assignment would be refused when the workflow is built.
    @node
    async def left(s: Notes) -> None:
        put(s, "left")

    @node
    async def right(s: Notes) -> None:
        put(s, "right")

    error = failed(workflow("w", Notes, noting("good") >> (left | right) >> noting("never")))
    found = result_of(error)

    assert isinstance(error.__cause__, MergeConflict)
    assert (error.__cause__.field, error.__cause__.branches) == ("word", ("left", "right"))
    assert found.state == Notes(log=["good"])
    assert {path: state.word for path, state in found.branches.items()} == {
        "left": "left",
        "right": "right",
    }


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
        s.deep["a"] = ["kept"]
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
        paused.state.deep["a"].append("meddled")
        await run.answer("yes")

        assert (await run.result()).state == Notes(log=["kept"], deep={"a": ["kept"]})

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


def test_unsure_is_never_taken_for_sure() -> None:
    """Naive: the label is followed whatever the confidence, or the run ends where none matches."""

    @classifier
    async def guess(s: Notes) -> Verdict[Literal["go", "stop"]]:
        return Verdict("go", 0.3)

    ways = guess.route({"go": noting("go"), "stop": NEXT}, unsure=noting("ask"), at_least=0.7)

    assert workflow("w", Notes, ways).run_sync(Notes()).state.log == ["ask"]
