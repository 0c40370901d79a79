"""Two faults of one graph that have nothing to do with each other: both are told, and each once."""

from dataclasses import replace
from itertools import product

import pytest

from agentgraph.graph import Edge, FrozenGraph, Vertex
from agentgraph.testing import replay
from agentgraph.verify import verify
from tests.verify.drafting import bounded, graph, join

FAULTS = {
    "waits": graph("IN -> k\nk -x-> a\nk -y-> b\na -> j\nb -> j\nj -> OUT", join("j")),
    "twice": graph("IN -> f\nf -> a, b\na -> c\nb -> c\nc -> OUT"),
    "multiplies": graph("IN -> a\na -> b, c\nb -> a\nc -> OUT", bounded("a", 3)),
    "endless": graph("IN -> a\na -> k\nk -x-> a\nk -y-> OUT"),
}


def put(kind: str, side: str) -> tuple[list[Vertex], list[Edge]]:
    """The vertices and edges of a fault, with the names of one side of the graph."""
    piece = FAULTS[kind]
    vertices = [
        replace(v, name=side + v.name) for v in piece.vertices if v.kind not in {"start", "end"}
    ]
    edges = [replace(e, source=side + e.source, target=side + e.target) for e in piece.edges]
    return vertices, edges


def beside(one: str, other: str, *, is_fork: bool) -> FrozenGraph:
    """Put two faults beside each other: as branches, or as alternatives."""
    parts = [put(one, "p"), put(other, "q")]
    lines = "START -> c\nc -> pIN, qIN\npOUT -> z\nqOUT -> z\nz -> END"
    outer = graph(lines if is_fork else lines.replace("c -> pIN, qIN", "c -x-> pIN\nc -y-> qIN"))
    inner = [
        vertex
        for vertices, _ in parts
        for vertex in vertices
        if vertex.name[1:] not in {"IN", "OUT"}
    ]
    vertices = [join("z") if v.name == "z" and is_fork else v for v in outer.vertices]
    edges = [edge for _, edges in parts for edge in edges]
    return FrozenGraph("desk", (*vertices, *inner), (*outer.edges, *edges))


@pytest.mark.parametrize("is_fork", [True, False])
@pytest.mark.parametrize(("one", "other"), list(product(FAULTS, FAULTS)))
def test_two_faults_beside_each_other_are_both_told_once(
    one: str, other: str, *, is_fork: bool
) -> None:
    made = beside(one, other, is_fork=is_fork)

    findings = verify(made).findings

    # What never ends hides that nothing waits for it in vain.
    sides = sorted({name[0] for f in findings for name in f.path if name[0] in "pq"})
    assert sides == ["p", "q"]
    assert len(findings) == 2
    assert all(replay(made, finding).occurred for finding in findings)
