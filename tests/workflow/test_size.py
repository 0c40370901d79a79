"""Large graphs: they build without recursion, and each mention is looked at a fixed number of times."""

import sys
from collections.abc import Callable
from itertools import pairwise

import pytest

from agentgraph import END, NEXT, START, Flow, Graph, State, classifier, node, workflow
from agentgraph.graph import FrozenGraph


class Draft(State):
    text: str = ""


@node
def a(s: Draft) -> None: ...


@classifier
def check(s: Draft) -> bool:
    return True


def chain(count: int) -> Flow[Draft]:
    flow: Flow[Draft] = a
    for _ in range(count - 1):
        flow = flow >> a
    return flow


def chain_from_the_right(count: int) -> Flow[Draft]:
    flow: Flow[Draft] = a
    for _ in range(count - 1):
        flow = a >> flow
    return flow


def group(count: int) -> Flow[Draft]:
    flow: Flow[Draft] = a
    for _ in range(count - 1):
        flow = flow | a
    return flow


def nested_routes(count: int) -> Flow[Draft]:
    flow: Flow[Draft] = a
    for _ in range(count - 1):
        flow = check.route({True: flow, False: NEXT})
    return flow


def nested_catches(count: int) -> Flow[Draft]:
    flow: Flow[Draft] = a
    for _ in range(count - 1):
        flow = flow.catch(KeyError, a)
    return flow


def loops_in_a_row(count: int) -> Flow[Draft]:
    one = (a >> check.route({True: NEXT, False: a})).loop(at_most=2)
    flow: Flow[Draft] = one
    for _ in range(count - 1):
        flow = flow >> one
    return flow


def built(flow: Flow[Draft]) -> FrozenGraph:
    return workflow("w", Draft, flow).graph


def calls_of(build: Callable[[], object]) -> int:
    """Count the calls of functions of the workflow layer: a measure that no busy machine changes."""
    count = 0

    def watch(frame: object, event: str, _: object) -> None:
        nonlocal count
        name: str = frame.f_globals["__name__"]  # pyright: ignore[reportAttributeAccessIssue]
        count += event == "call" and name.startswith("agentgraph.workflow")

    sys.setprofile(watch)
    try:
        build()
    finally:
        sys.setprofile(None)
    return count


@pytest.mark.parametrize("make", [chain, chain_from_the_right, group])
def test_ten_thousand_mentions_build_in_any_bracketing(
    make: Callable[[int], Flow[Draft]],
) -> None:
    graph = built(make(10_000))

    assert sum(vertex.kind == "node" for vertex in graph.vertices) == 10_000


def test_a_chain_keeps_its_order() -> None:
    path = [edge.source for edge in built(chain(10_000)).edges]

    assert path[:4] == ["START", "a", "a_2", "a_3"]
    assert path == [*path[:2], *(f"a_{number}" for number in range(2, 10_001))]


def test_what_is_nested_a_thousand_deep_needs_no_recursion() -> None:
    assert len(built(nested_routes(1_000)).vertices) == 2 + 999 + 1
    assert len(built(nested_catches(300)).regions) == 299


@pytest.mark.parametrize(
    "make", [chain, chain_from_the_right, group, nested_routes, loops_in_a_row]
)
def test_twice_the_mentions_take_twice_the_calls(make: Callable[[int], Flow[Draft]]) -> None:
    small, large = (calls_of(lambda: built(make(size))) for size in (100, 200))  # noqa: B023

    assert large < 2.1 * small


def test_a_builder_of_twice_the_size_takes_twice_the_calls() -> None:
    def build(count: int) -> None:
        g = Graph("w", Draft)
        nodes = [g.add_node(a, name=f"n{number}") for number in range(count)]
        g.add_edge(START, nodes[0])
        for source, target in pairwise(nodes):
            g.add_edge(source, target)
        g.add_edge(nodes[-1], END)
        g.compile()

    small, large = (calls_of(lambda: build(size)) for size in (100, 200))  # noqa: B023

    assert large < 2.1 * small
