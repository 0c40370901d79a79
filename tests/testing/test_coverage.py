"""Coverage: which edges, pairs of edges and rounds of loops the runs of a check have taken."""

from importlib import import_module
from typing import Any

import pytest

from agentgraph import NEXT, State, classifier, node, workflow
from agentgraph.testing import Coverage, WorkflowFailure, check
from agentgraph.testing.properties import Property


class Letter(State):
    text: str = ""


@classifier
def is_long(s: Letter) -> bool:
    return len(s.text) > 3


def cut(s: Letter) -> None:
    s.text = s.text[:-1]


def nothing(s: Letter) -> None:
    """Nothing to do."""


def copied(s: Letter) -> Letter:
    return Letter(text=s.text)


cutter = node(name="cut")(cut)
SHORT = workflow(
    "short",
    Letter,
    (cutter >> is_long.route({True: cutter, False: NEXT})).loop(
        at_most=3, then=node(name="give up")(nothing)
    ),
)
DESK = workflow(
    "desk",
    Letter,
    node(name="risky")(nothing).catch(ConnectionError, node(name="sorry")(nothing))
    >> SHORT.as_node(enter=copied, leave=lambda s, done: None),
)
RUNS: list[Property] = ["runs"]


def taken(**how: Any) -> Coverage:
    return check(DESK, agents="real", labels="real", properties=RUNS, folder=None, **how).coverage


def test_fakes_take_every_edge_also_into_a_handler_past_a_bound_and_inside() -> None:
    coverage = check(DESK, properties=RUNS, folder=None).coverage

    assert (coverage.missed, coverage.share, coverage.loops_missed) == ((), 1.0, ())
    assert coverage.taken["catch", "sorry", "catch"] > 0
    assert coverage.taken["short/cut", "short/give up", "then"] > 0


def test_answers_of_each_visit_vary_so_that_a_loop_ends_after_each_number_of_rounds() -> None:
    desk = import_module("examples.support_desk").support

    coverage = check(desk, properties=RUNS, folder=None).coverage

    assert coverage.loops_missed == ()


def test_what_no_run_took_is_named() -> None:
    coverage = taken(inputs=[Letter(text="long")])

    assert ("short/cut", "short/give up", "then") in coverage.missed
    assert coverage.loops_missed == (("short/cut", 2), ("short/cut", 3))
    assert "  never taken: 'short/is_long' -[True]-> 'short/cut'" in str(coverage)
    assert "  never reached just 2 times from entry to entry: 'short/cut'" in str(coverage)


def test_pairs_are_edges_that_follow_each_other() -> None:
    pairs = taken(inputs=[Letter(text="longer")]).pairs

    back, on = ("short/is_long", "short/cut", "True"), ("short/cut", "short/is_long", None)
    assert (pairs[back, on] > 0, pairs[on, back] > 0, pairs[back, back]) == (True, True, 0)


def test_edges_that_were_never_taken_fail_where_all_are_wanted() -> None:
    with pytest.raises(WorkflowFailure, match=r"never taken: 'short/cut' -\[then\]->"):
        taken(inputs=[Letter()], min_edges=1.0)
    assert 0.4 < taken(inputs=[Letter()], min_edges=0.4).share < 1


def test_what_no_run_took_is_faded_in_the_picture() -> None:
    picture = taken(inputs=[Letter()]).to_svg()

    assert "short/is_long goes to short/cut when 'True', taken 0 times" in picture
    assert "agent short/give up, 0 visits" in picture


class Counts(State):
    inner: int = 0
    outer: int = 0


def test_a_loop_that_is_entered_again_counts_its_rounds_anew() -> None:
    @node
    def step(s: Counts) -> None:
        s.inner += 1

    @node
    def head(s: Counts) -> None:
        s.outer += 1

    @classifier
    def goes_on(s: Counts) -> bool:
        return s.inner == 2

    @classifier
    def again(s: Counts) -> bool:
        return s.outer < 2

    inner = (step >> goes_on.route({True: step, False: NEXT})).loop(at_most=5)
    made = workflow(
        "loops", Counts, (head >> inner >> again.route({True: head, False: NEXT})).loop(at_most=2)
    )

    coverage = check(
        made, inputs=[Counts()], agents="real", labels="real", properties=RUNS, folder=None,
        examples=1, runs=0,
    ).coverage  # fmt: skip

    # Entered twice: once left after its first round, once gone round a second time.
    assert {key for key in coverage.loops if key[0] == "step"} == {("step", 1), ("step", 2)}
    assert coverage.loops["step", 1] == coverage.loops["head", 2]
    assert ("step", 5) in coverage.loops_missed
