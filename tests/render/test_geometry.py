"""Nothing lies on anything else, and every arrow touches what it leads from and to."""

from typing import Literal

import pytest

from agentgraph.graph import Edge, FrozenGraph, Vertex
from agentgraph.render import engines, to_svg
from tests.render.drawings import DESK
from tests.render.geometry import faults
from tests.render.test_layouts import random_workflow
from tests.strategies import TANGLES, Seeded, random_graph

# A system's own Graphviz is drawn by once below; it takes a process, and a moment, for each.
ENGINES = [engine.name for engine in engines() if engine.found and engine.name != "system"]
DIRECTIONS: list[Literal["TB", "LR"]] = ["TB", "LR"]
PORTION = 25


def workflow(seed: int) -> FrozenGraph:
    """A random workflow: of nested blocks with regions, or of long jumps ahead and back."""
    if seed % 3:
        return random_graph(Seeded(seed), size=3 + seed % 20, kinds=TANGLES)
    return random_workflow(5 + seed % 30, seed)


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("first", range(0, 500, PORTION))
def test_nothing_lies_on_anything_else_in_500_random_workflows(engine: str, first: int) -> None:
    found = {
        seed: faults(to_svg(workflow(seed), engine=engine, direction=DIRECTIONS[seed % 2]))  # type: ignore[arg-type]  # a name of an engine
        for seed in range(first, first + PORTION)
    }

    assert {seed: what for seed, what in found.items() if what} == {}


@pytest.mark.skipif(not engines()[1].found, reason="there is no dot on the PATH")
def test_nothing_lies_on_anything_else_with_the_dot_of_the_system() -> None:
    found = [faults(to_svg(workflow(seed), engine="system")) for seed in range(20)]

    assert [what for what in found if what] == []


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("direction", DIRECTIONS)
def test_loops_of_one_node_and_their_labels_lie_apart(
    engine: str, direction: Literal["TB", "LR"]
) -> None:
    edges = tuple(Edge("a", "a", f"the {number}. label") for number in range(5))
    graph = FrozenGraph(
        "g", (Vertex("a", "classifier"), Vertex("b")), (*edges, Edge("a", "b", "on"))
    )

    assert faults(to_svg(graph, engine=engine, direction=direction)) == []  # type: ignore[arg-type]  # a name of an engine


@pytest.mark.parametrize(
    ("broken", "what"),
    [
        ('data-path="tone" data-kind="node" transform="translate(0,0)"', "ends"),
        ('data-path="tone" data-kind="node" transform="translate(PLACE)"', "lies on"),
    ],
)
def test_the_check_finds_what_it_looks_for(broken: str, what: str) -> None:
    """A node moved away is no longer touched; one moved onto another lies on it."""
    svg = to_svg(DESK, engine="builtin")
    mark = 'data-path="facts" data-kind="node" transform="translate('
    place = svg[svg.index(mark) + len(mark) :].partition(")")[0]
    mark = 'data-path="tone" data-kind="node" transform="translate('
    old = svg[svg.index(mark) :].partition('"><')[0] + '"'

    found = faults(svg.replace(old, broken.replace("PLACE", place)))

    assert any(what in fault for fault in found)
