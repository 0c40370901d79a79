"""Two faults of one graph that have nothing to do with each other: both are told, and each once."""

from dataclasses import replace
from itertools import product

import pytest

from agentgraph.graph import Edge, FrozenGraph, Region, Vertex
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


def strung(kinds: tuple[str, ...], *, start: str = "START", end: str = "END") -> FrozenGraph:
    """Put faults one behind the other, each between two nodes of its own."""
    vertices: list[Vertex] = []
    edges: list[Edge] = []
    before = start
    for number, kind in enumerate(kinds):
        inner, ways = put(kind, f"p{number}")
        names = {v.name for v in inner}
        vertices += [
            *inner,
            *(Vertex(f"p{number}{end}") for end in ("IN", "OUT") if f"p{number}{end}" not in names),
        ]
        edges += [Edge(before, f"p{number}IN"), *ways]
        before = f"p{number}OUT"
    edges.append(Edge(before, end))
    ends = [Vertex("START", "start"), Vertex("END", "end")]
    return FrozenGraph("desk", (*ends, *vertices), tuple(edges))


@pytest.mark.parametrize(
    "kinds", [k for n in (2, 3) for k in product(("waits", "twice"), repeat=n)]
)
def test_faults_behind_each_other_are_all_told_once(kinds: tuple[str, ...]) -> None:
    made = strung(kinds)

    findings = verify(made).findings

    expected = {"waits": "AG301", "twice": "AG302"}
    assert [finding.code for finding in findings] == [expected[kind] for kind in kinds]
    for number, finding in enumerate(findings):
        assert finding.script is not None
        assert finding.script.culprits[0].startswith(f"p{number}")
        assert len(finding.script.mended) == number
        assert replay(made, finding).occurred


def test_the_path_of_a_fault_behind_another_one_says_where_that_is_taken_as_mended() -> None:
    split = "START -> a\na -> b, c\nb -> m\nc -> m\nm -> k"
    faulty = graph(f"{split}\nk -x-> p\nk -y-> q\np -> j\nq -> j\nj -> END", join("j"))

    twice, waits = verify(faulty).findings

    assert twice.route == "START -> a -> c -> m"
    assert waits.route == "START -> a -> ... -> m -> k -[x]-> p -> j"


def test_a_fault_around_another_one_is_told_with_it() -> None:
    made = graph(
        "START -> k\nk -x-> f\nk -y-> b\nf -> p, q\np -> c\nq -> c\nc -> d\nd -> j\nb -> j\nj -> END",
        join("j"),
    )

    findings = verify(made).findings

    found = [(f.code, f.script.culprits[0]) for f in findings if f.script is not None]
    assert sorted(found) == [("AG301", "j"), ("AG302", "c")]
    assert all(replay(made, finding).occurred for finding in findings)


def test_a_fault_that_another_one_inside_it_hides_is_told_with_it() -> None:
    made = graph(
        "START -> f\nf -> a, b\na -> k\nk -x-> p\nk -y-> q\np -> i\nq -> i\ni -> c\nb -> l\n"
        "l -x-> r\nl -y-> s\nr -> h\ns -> h\nh -> c\nc -> END",
        join("i"),
        join("h"),
    )

    findings = verify(made).findings

    found = [(f.code, f.script.culprits[0]) for f in findings if f.script is not None]
    assert sorted(found) == [("AG301", "h"), ("AG301", "i"), ("AG302", "c")]
    assert all(replay(made, finding).occurred for finding in findings)


def test_a_fault_behind_one_inside_a_subgraph_is_told_with_the_path_of_both() -> None:
    inner = strung(("waits", "twice"))
    made = graph("START -> sub\nsub -> END", Vertex("sub", "subgraph", child=inner))

    first, second = verify(made).findings

    assert first.script is not None
    assert second.script is not None
    assert first.script.mended == ()
    assert [part[0][:5] for part in second.script.mended] == ["sub/p"]
    assert replay(made, first).occurred
    assert replay(made, second).occurred


def test_a_fault_behind_a_region_with_one_is_told_too() -> None:
    made = graph(
        "START -> f\nf -> a, b\na -> c\nb -> c\nc -> k\nk -x-> d\nk -y-> e\nd -> j\ne -> j\nj -> END\nh -> END",
        join("j"),
        regions=(Region("r", "catch", ("f", "a", "b", "c"), "h", ("builtins.OSError",)),),
    )

    findings = verify(made).findings

    assert [finding.code for finding in findings] == ["AG302", "AG301"]
    assert all(replay(made, finding).occurred for finding in findings)
