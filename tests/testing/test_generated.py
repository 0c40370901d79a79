"""Random workflows: sound, without findings, and every run of them ends in the same way."""

import asyncio
from random import Random

import pytest
from hypothesis import find, given
from hypothesis import strategies as st

from agentgraph.testing import Journal, workflows
from agentgraph.testing.generated import FEATURES
from agentgraph.workflow import Workflow

KINDS = {
    "sequence": "node",
    "fork": "join",
    "choice": "classifier",
    "loop": "classifier",
    "catch": "node",
    "each": "each",
    "subgraph": "subgraph",
}


@given(workflows(max_nodes=14), st.integers(0, 6))
def test_they_are_sound_without_a_finding_and_every_run_is_done(
    made: Workflow[Journal], points: int
) -> None:
    report = made.verify()
    done = made.run_sync(Journal(points=points))

    assert report.findings == ()
    assert (done.status, done.errors) == ("done", ())


@given(workflows(max_nodes=12), st.integers(0, 6), st.integers(0, 99))
def test_the_order_in_which_branches_finish_does_not_matter(
    made: Workflow[Journal], points: int, seed: int
) -> None:
    random = Random(seed)

    async def shuffled() -> Journal:
        loop = asyncio.get_running_loop()
        plain = loop.call_soon

        def call_soon(callback, *args, context=None):
            if random.random() < 0.3:
                return plain(lambda: plain(callback, *args, context=context), context=context)
            return plain(callback, *args, context=context)

        loop.call_soon = call_soon  # pyright: ignore[reportAttributeAccessIssue]
        return (await made.run(Journal(points=points))).state

    first = made.run_sync(Journal(points=points), concurrency=1).state

    assert asyncio.run(shuffled()) == first


@given(workflows(max_nodes=9))
def test_they_have_no_more_nodes_than_they_may(made: Workflow[Journal]) -> None:
    def count(graph) -> int:
        inner = sum(count(v.child) for v in graph.vertices if v.child)
        own = sum(v.kind in {"node", "classifier", "each", "subgraph"} for v in graph.vertices)
        return own + inner

    assert 1 <= count(made.graph) <= 9


@pytest.mark.parametrize("feature", FEATURES)
def test_each_feature_is_there_and_can_be_asked_for_alone(feature) -> None:
    def has(made: Workflow[Journal]) -> bool:
        graph = made.graph
        is_there = any(vertex.kind == KINDS[feature] for vertex in graph.vertices)
        if feature == "catch":
            is_there = any(region.kind == "catch" for region in graph.regions)
        if feature == "loop":
            is_there = any(vertex.bound for vertex in graph.vertices)
        return is_there

    assert has(find(workflows(features=[feature]), has))


def test_what_shrinks_is_one_node() -> None:
    assert find(workflows(), lambda _: True).graph.edges[0].target == "n0"
    assert len(find(workflows(), lambda _: True).graph.vertices) == 3


def test_handlers_are_reached_and_loops_are_gone_round() -> None:
    def does(made: Workflow[Journal]) -> bool:
        return any("catch" in (label or "") for _, _, label in made.run_sync(Journal()).taken)

    assert does(find(workflows(), does))
    assert find(workflows(), lambda made: max(made.run_sync(Journal()).visits.values()) > 1)
