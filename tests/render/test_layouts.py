"""Where things stand: nothing on anything else, arrows from outline to outline."""

import random
from itertools import combinations, pairwise
from math import hypot
from typing import Literal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agentgraph.graph import Edge, FrozenGraph, Vertex
from agentgraph.render.arrange import Scene, scene_of
from agentgraph.render.curve import samples
from agentgraph.render.diagram import Arrow, diagram_of
from agentgraph.render.engines import engines
from agentgraph.render.layout import Point, Rect
from tests.render.drawings import DESK, graphs

ENGINES = [engine.name for engine in engines() if engine.found]
DIRECTIONS: list[Literal["TB", "LR"]] = ["TB", "LR"]


def random_workflow(size: int, seed: int) -> FrozenGraph:
    """A chain of agents and choices with short jumps ahead and some back."""
    chance = random.Random(seed)
    names = [f"step {number}" for number in range(size)]
    edges = [Edge(a, b) for a, b in pairwise(names)]
    for number in range(size):
        for _ in range(chance.choice([0, 0, 1, 2])):
            other = max(0, min(size - 1, number + chance.randint(-6, 9)))
            edges.append(Edge(names[number], names[other], f"label {len(edges)}"))
    return FrozenGraph("w", tuple(Vertex(name) for name in names), tuple(edges))


def overlapping(places: dict[str, Rect]) -> list[tuple[str, str]]:
    slightly_smaller = {
        name: at._replace(width=at.width - 0.1, height=at.height - 0.1)
        for name, at in places.items()
    }
    return [
        (a, b)
        for a, b in combinations(places, 2)
        if slightly_smaller[a].overlaps(slightly_smaller[b])
    ]


def is_inside(inner: Rect, outer: Rect) -> bool:
    return (
        outer.left <= inner.left + 0.1
        and inner.right <= outer.right + 0.1
        and outer.top <= inner.top + 0.1
        and inner.bottom <= outer.bottom + 0.1
    )


def check(scene: Scene) -> None:
    """Assert that boxes lie apart, and each in its own frames and no others."""
    boxes, zones = dict(scene.layout.boxes), scene.layout.zones
    picture = Rect(
        scene.layout.width / 2, scene.layout.height / 2, scene.layout.width, scene.layout.height
    )
    diagram = scene.diagram
    around = {part: {*diagram.around(part)} for part in diagram.parents}
    for arrow in diagram.arrows:
        around[f"{arrow.id} label"] = around[arrow.source] & around[arrow.target]
    # A frame that leads to itself has the label beside its only box, else outside: never across.
    own = {(arrow.source, f"{arrow.id} label") for arrow in diagram.arrows if is_loop(arrow)}
    assert overlapping(boxes) == []
    assert all(is_inside(at, picture) for at in boxes.values())
    for name, zone in zones.items():
        for box, at in boxes.items():
            inside = name in around[box] or ((name, box) in own and is_inside(at, zone))
            assert is_inside(at, zone) if inside else not at.overlaps(zone)


def is_loop(arrow: Arrow) -> bool:
    return arrow.source == arrow.target


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("inner", [(), (Edge("x", "y"),)])
def test_the_label_of_a_subgraph_that_leads_to_itself_never_lies_across_its_frame(
    engine: str, inner: tuple[Edge, ...]
) -> None:
    child = FrozenGraph("child", (Vertex("x"),), inner)
    graph = FrozenGraph("w", (Vertex("A", "subgraph", child=child),), (Edge("A", "A", "again"),))

    check(scene_of(diagram_of(graph), direction="TB", engine=engine))


@pytest.mark.parametrize("direction", DIRECTIONS)
@pytest.mark.parametrize("engine", ENGINES)
def test_nothing_overlaps_on_the_support_desk(engine: str, direction: Literal["TB", "LR"]) -> None:
    check(scene_of(diagram_of(DESK), direction=direction, engine=engine))


@given(graphs(), st.sampled_from(DIRECTIONS))
@settings(max_examples=25)
def test_the_built_in_engine_lets_nothing_overlap(
    graph: FrozenGraph, direction: Literal["TB", "LR"]
) -> None:
    check(scene_of(diagram_of(graph), direction=direction, engine="builtin"))


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("seed", range(6))
def test_nothing_overlaps_on_larger_workflows(engine: str, seed: int) -> None:
    check(scene_of(diagram_of(random_workflow(40, seed)), direction="TB", engine=engine))


@pytest.mark.parametrize("seed", range(6))
def test_no_arrow_of_the_built_in_engine_runs_through_a_box(seed: int) -> None:
    scene = scene_of(diagram_of(random_workflow(40, seed)), direction="TB", engine="builtin")

    for arrow in scene.diagram.arrows:
        own = {arrow.source, arrow.target, f"{arrow.id} label"}
        others = [at for name, at in scene.layout.boxes.items() if name not in own]
        points = samples(scene.chains[arrow.id], 12)
        assert not any(other.holds(point) for other in others for point in points)


@pytest.mark.parametrize("engine", ENGINES)
def test_arrows_begin_and_end_on_the_outline_of_the_real_shape(engine: str) -> None:
    scene = scene_of(diagram_of(DESK), direction="TB", engine=engine)

    for arrow in scene.diagram.arrows:
        chain = scene.chains[arrow.id]
        for part, end in ((arrow.source, chain[0]), (arrow.target, chain[-1])):
            if part in scene.sketches:
                place = scene.layout.boxes[part]
                corners = scene.sketches[part].outline.corners
                outline = [(place.x + x, place.y + y) for x, y in corners]
                assert distance(end, outline) < 1


def distance(point: Point, outline: list[Point]) -> float:
    """Return how far a point is from the nearest side of a polygon."""
    found: list[float] = []
    for a, b in zip(outline, [*outline[1:], outline[0]], strict=True):
        (ax, ay), (bx, by), (x, y) = a, b, point
        dx, dy = bx - ax, by - ay
        along = ((x - ax) * dx + (y - ay) * dy) / ((dx * dx + dy * dy) or 1)
        t = max(0.0, min(1.0, along))
        found.append(hypot(x - ax - t * dx, y - ay - t * dy))
    return min(found)


@pytest.mark.parametrize("engine", ENGINES)
def test_branches_go_from_left_to_right_as_they_are_declared(engine: str) -> None:
    names = [f"branch {number}" for number in range(5)]
    edges = tuple(Edge("fork", name) for name in names)

    scene = scene_of(
        diagram_of(FrozenGraph("g", (Vertex("fork"), *map(Vertex, names)), edges)),
        direction="TB",
        engine=engine,
    )

    xs = [scene.layout.boxes[figure.id].x for figure in scene.diagram.figures[1:]]
    assert xs == sorted(xs)


def test_a_chain_of_a_thousand_is_laid_out_without_recursion() -> None:
    graph = random_workflow(1000, 1)

    scene = scene_of(diagram_of(graph), direction="TB", engine="builtin")

    assert len(scene.chains) == len(graph.edges)
