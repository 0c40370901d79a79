"""What a DOT text of a graph holds, as Graphviz itself reads it."""

import json
import subprocess
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given, settings

from agentgraph.graph import Edge, FrozenGraph, Vertex
from agentgraph.render import engines, to_dot
from tests.render.drawings import DESK, ESSAY, NASTY, edges_of, graphs, vertices_of

GOLDEN = Path(__file__).parent / "golden"
BUNDLED = engines()[0]
needs_graphviz = pytest.mark.skipif(
    not BUNDLED.found, reason="graphviz-pure has no wheel for this platform"
)


def read(text: str) -> dict[str, list[dict[str, str]]]:
    """Let Graphviz read a text, and return its objects and edges."""
    done = subprocess.run(
        [BUNDLED.path, "-Kdot", "-Tjson0"], input=text.encode(), capture_output=True, check=True
    )
    assert b"rror" not in done.stderr
    found = json.loads(done.stdout)
    return {"objects": found.get("objects", []), "edges": found.get("edges", [])}


def plain(value: str) -> str:
    """Undo the escapes that Graphviz leaves in an attribute."""
    return value.replace("&amp;", "&").replace("\\\\", "\\").replace('\\"', '"')


@needs_graphviz
@given(graphs())
@settings(max_examples=15)
def test_graphviz_reads_each_vertex_and_each_edge_of_any_graph_once(graph: FrozenGraph) -> None:
    found = read(to_dot(graph))

    drawn = [part for part in found["objects"] if "agentgraph_kind" in part]
    regions = {"catch", "loop", "quorum", "missing"}
    paths = [plain(part.get("agentgraph_path", "")) for part in drawn]
    kinds = [part["agentgraph_kind"] for part in drawn]
    vertices = Counter(path for path, kind in zip(paths, kinds, strict=True) if kind not in regions)
    assert vertices == vertices_of(graph)
    named = [edge for edge in found["edges"] if edge["agentgraph_kind"] != "plain"]
    labels = Counter(plain(edge.get("agentgraph_label", "")) for edge in named)
    assert len(found["edges"]) == edges_of(graph).total()
    assert labels == Counter(label for *_, label in edges_of(graph).elements() if label is not None)


@needs_graphviz
@pytest.mark.parametrize("name", NASTY)
def test_graphviz_takes_a_hostile_name_for_a_name(name: str) -> None:
    graph = FrozenGraph(name, (Vertex(name), Vertex("b")), (Edge(name, "b"), Edge("b", name, name)))

    found = read(to_dot(graph))

    assert len(found["objects"]) == 2
    assert len(found["edges"]) == 2


def test_the_text_for_a_small_graph_is_the_golden_one() -> None:
    assert to_dot(ESSAY) == (GOLDEN / "essay.dot").read_text(encoding="utf-8")


def test_an_edge_to_a_workflow_ends_at_its_frame() -> None:
    text = to_dot(DESK)

    assert '"approve" -> "send/START" [label="send", lhead="cluster_c-send"' in text
    assert '"send/END" -> "END" [ltail="cluster_c-send"' in text


def test_two_vertices_of_one_name_are_two() -> None:
    text = to_dot(FrozenGraph("g", (Vertex("a"), Vertex("a")), (Edge("a", "a"),)))

    assert '"a" [' in text
    assert '"a (2)" [' in text
    assert '"a" -> "a" [' in text
