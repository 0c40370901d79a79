"""The gallery: drawn by the code as it is, and nothing in it lies on anything else."""

from itertools import pairwise
from pathlib import Path
from statistics import median

import pytest

from agentgraph.graph import Edge, FrozenGraph, Vertex
from agentgraph.render import engines, to_svg
from tests.render.geometry import crossings, faults
from tests.render.test_geometry import workflow
from tools.gallery import GALLERY, differing, drawn
from tools.gallery_graphs import plates

needs_bundled = pytest.mark.skipif(
    not engines()[0].found, reason="graphviz-pure has no wheel for this platform"
)
PICTURES = sorted(GALLERY.glob("*.svg"))


@needs_bundled
def test_the_gallery_is_what_its_code_draws() -> None:
    assert differing(drawn()) == []


def test_the_gallery_has_twenty_pictures_and_shows_each_of_them() -> None:
    index = (GALLERY / "README.md").read_text("utf-8")

    assert len(PICTURES) >= 20
    assert all(f"]({path.name})" in index for path in PICTURES)


@pytest.mark.parametrize("path", PICTURES, ids=lambda path: path.stem)
def test_nothing_lies_on_anything_else_in_the_gallery(path: Path) -> None:
    assert faults(path.read_text("utf-8")) == []


@pytest.mark.parametrize("name", [plate.name for plate in plates()])
def test_nothing_lies_on_anything_else_in_the_gallery_by_the_built_in_layout(name: str) -> None:
    plate = next(plate for plate in plates() if plate.name == name)

    assert faults(to_svg(plate.graph, **{**plate.options, "engine": "builtin"})) == []


def test_a_picture_of_the_support_desk_has_at_most_20_kilobytes() -> None:
    assert (GALLERY / "support_desk.svg").stat().st_size <= 20_000


def pipeline(size: int) -> FrozenGraph:
    """A chain of steps, three in ten of which also choose to go somewhat ahead or back."""
    names = [f"step {number}" for number in range(size)]
    edges = [Edge(a, b) for a, b in pairwise(names)]
    for index in range(size - 9):
        if index % 10 in {0, 3, 6}:
            target = index + 5 if index % 2 else max(0, index - 4)
            edges.append(Edge(names[index], names[target], "ahead" if index % 2 else "back"))
    return FrozenGraph("pipeline", tuple(map(Vertex, names)), tuple(edges))


@pytest.mark.parametrize("engine", ["bundled", "builtin"])
def test_a_picture_of_a_thousand_nodes_has_at_most_700_kilobytes(engine: str) -> None:
    if engine == "bundled" and not engines()[0].found:
        pytest.skip("graphviz-pure has no wheel for this platform")

    svg = to_svg(pipeline(1000), engine=engine)  # type: ignore[arg-type]  # a name of an engine

    assert len(svg.encode()) <= 700_000


@needs_bundled
@pytest.mark.slow
def test_the_built_in_layout_crosses_at_most_half_as_many_edges_again_as_dot() -> None:
    ratios: list[float] = []
    for seed in range(200):
        graph = workflow(seed)
        dots, ours = (crossings(to_svg(graph, engine=one)) for one in ("bundled", "builtin"))
        ratios.append((ours + 1) / (dots + 1))

    assert median(ratios) <= 1.5


@pytest.mark.slow
def test_ten_thousand_nodes_are_all_drawn_by_the_engine_that_is_chosen_by_itself() -> None:
    graph = pipeline(10_000)

    svg = to_svg(graph)

    assert svg.count(' data-kind="node"') == 10_000
    assert svg.count(' class="edge ') == len(graph.edges)
