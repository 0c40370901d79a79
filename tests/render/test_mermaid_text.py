"""What a Mermaid text of a graph holds: names as data, each vertex and each edge once."""

import json
import re
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given, settings

from agentgraph.graph import Edge, FrozenGraph, Vertex
from agentgraph.render import to_mermaid
from tests.render.drawings import ESSAY, NASTY, edges_of, graphs, vertices_of

GOLDEN = Path(__file__).parent / "golden"
NODE = re.compile(r'  (n\d+)[(\[{/]+"[^"]*"[)\]}/]+:::(\w+)')
EDGE = re.compile(r'  [ng]\d+ (?:-->|-\.->)(?:\|"[^"]*"\|)? [ng]\d+')
NAME = re.compile(r"%% ([ng]\d+) = (.*)")
OTHER = re.compile(
    r"""---|config:|\ \ flowchart:|\ \ (\ \ )?htmlLabels:\ true|flowchart\ TB|%%\ workflow\ ".*"
    |%%\ \d+\ edges:.*|\ \ subgraph\ g\d+\["[^"]*"\]|\ \ end|\ \ classDef\ \w+\ [\w:#,-]+
    |\ \ style\ g\d+\ [\w:#,]+|\ \ linkStyle\ \d+\ stroke:\#\w+""",
    re.VERBOSE,
)


@given(graphs())
@settings(max_examples=25)
def test_each_vertex_and_each_edge_of_any_graph_is_written_once_and_nothing_else(
    graph: FrozenGraph,
) -> None:
    lines = to_mermaid(graph).splitlines()

    nodes = [found for line in lines if (found := NODE.fullmatch(line))]
    edges = [line for line in lines if EDGE.fullmatch(line)]
    names = {found[1]: found[2] for line in lines if (found := NAME.fullmatch(line))}
    rest = [line for line in lines if not any(kind.fullmatch(line) for kind in (NODE, EDGE, NAME))]
    assert len(edges) == edges_of(graph).total()
    assert {line for line in rest if not OTHER.fullmatch(line)} == set()
    drawn = Counter(
        json.loads(names[node]) for node, kind in map(parts, nodes) if kind != "missing"
    )
    framed = vertices_of(graph) - drawn
    groups = Counter(json.loads(name) for part, name in names.items() if part.startswith("g"))
    assert drawn <= vertices_of(graph)
    assert framed <= groups


def parts(found: re.Match[str]) -> tuple[str, str]:
    return found[1], found[2]


@pytest.mark.parametrize("name", NASTY)
def test_a_hostile_name_becomes_codes(name: str) -> None:
    graph = FrozenGraph(name, (Vertex(name), Vertex("b")), (Edge(name, "b"), Edge("b", name, name)))

    text = to_mermaid(graph)

    assert "%%{" not in text
    assert "<script" not in text
    lines = [line for line in text.splitlines() if line.startswith("  n")]
    written = re.findall(r'"([^"]*)"', "\n".join(lines))
    assert len(written) == 3
    assert all(re.fullmatch(r"(?:[^\W_]|[^\x00-\x7f]| |#\d+;)*", words) for words in written)


def test_the_text_for_a_small_graph_is_the_golden_one() -> None:
    assert to_mermaid(ESSAY) == (GOLDEN / "essay.mmd").read_text(encoding="utf-8")


def test_a_text_with_more_edges_than_mermaid_draws_says_so() -> None:
    edges = tuple(Edge("a", "b", str(number)) for number in range(501))

    text = to_mermaid(FrozenGraph("g", (Vertex("a", "classifier"), Vertex("b")), edges))

    assert "%% 501 edges: set maxEdges" in text
    assert "edges:" not in to_mermaid(ESSAY)


def test_a_text_longer_than_mermaid_reads_says_so() -> None:
    vertices = tuple(Vertex(f"a name of some length, the {number}.") for number in range(900))

    assert "characters: set maxTextSize" in to_mermaid(FrozenGraph("g", vertices, ()))
    assert "characters:" not in to_mermaid(ESSAY)
