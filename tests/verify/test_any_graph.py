"""`verify` answers for every graph that can be written down, however wrong; it never raises."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agentgraph.errors import InvalidGraph
from agentgraph.graph import END, START, Bound, Edge, FrozenGraph, Region, Vertex, VertexKind
from agentgraph.verify import require_sound, verify

NAMES = st.sampled_from(["a", "b", "c", "d", "", "x/y", START, END])
KINDS = st.sampled_from(
    list[VertexKind](["start", "end", "node", "classifier", "human", "consensus", "each"])
    + list[VertexKind](["subgraph", "gateway", "join", "join", "form", "node", "classifier"])
)
SMALL = st.integers(-1, 4)
LABELS = st.sampled_from(["x", "y"])
BOUNDS = st.builds(
    Bound, SMALL, then=st.none() | NAMES, loop=st.none() | st.sampled_from(["r", "s"])
)
VERTICES = st.builds(
    Vertex,
    NAMES,
    KINDS,
    bound=st.none() | BOUNDS,
    labels=st.lists(LABELS, unique=True).map(tuple),
    abstains=st.booleans(),
    at_least=st.sampled_from([0.0, 0.5]),
    need=st.none() | SMALL,
    voters=st.lists(LABELS).map(tuple),
)
EDGES = st.builds(Edge, NAMES, NAMES, label=st.none() | LABELS, unsure=st.booleans())
REGIONS = st.builds(
    Region,
    st.sampled_from(["r", "s"]),
    st.sampled_from(["catch", "loop", "quorum"]),
    st.lists(NAMES).map(tuple),
    st.none() | NAMES,
)
OUTER = (Vertex(START, "start"), Vertex(END, "end"))


@settings(max_examples=400)
@given(
    st.lists(VERTICES, max_size=6),
    st.lists(EDGES, max_size=9),
    st.lists(REGIONS, max_size=3),
    st.booleans(),
)
def test_any_graph_has_a_report(
    vertices: list[Vertex], edges: list[Edge], regions: list[Region], has_ends: bool
) -> None:
    known = (*OUTER, *vertices) if has_ends else tuple(vertices)
    graph = FrozenGraph("any", known, tuple(edges), tuple(regions))

    report = verify(graph)

    assert all(finding.what and finding.where and finding.fix for finding in report.findings)
    assert (report.runs_at_most is None) or report.ok
    assert len(report.joins) == sum(vertex.kind == "join" for vertex in known)
    if report.ok:
        require_sound(graph)
    else:
        with pytest.raises(InvalidGraph) as caught:
            require_sound(graph)
        assert caught.value.findings == report.errors


TOKENS = st.lists(st.sampled_from(["a", "b", "c", "d"]), min_size=2, max_size=2)


@settings(max_examples=400)
@given(
    st.lists(st.sampled_from(["node", "gateway", "join", "classifier"]), min_size=4, max_size=4),
    st.lists(TOKENS, max_size=9),
    st.lists(st.sampled_from(["a", "b", "c", "d"]), min_size=1, unique=True),
    st.lists(REGIONS, max_size=3, unique_by=lambda region: region.name),
    st.sampled_from(["a", "b", "c", "d"]),
)
def test_any_graph_whose_names_are_known_has_a_report(
    kinds: list[VertexKind],
    pairs: list[list[str]],
    ends: list[str],
    regions: list[Region],
    first: str,
) -> None:
    edges = [Edge(START, first), *(Edge(end, END) for end in ends)]
    edges += [Edge(source, target) for source, target in pairs]
    vertices: list[Vertex] = []
    for name, kind in zip("abcd", kinds, strict=True):
        count = sum(edge.source == name for edge in edges)
        labels = tuple(f"l{number}" for number in range(count))
        vertices.append(Vertex(name, kind, labels=labels if kind == "classifier" else ()))
        if kind == "classifier":
            fresh = iter(labels)
            edges = [
                Edge(e.source, e.target, next(fresh)) if e.source == name else e for e in edges
            ]
    known = {*"abcd"}
    inner = [
        Region(region.name, region.kind, tuple(set(region.members) & known), region.target)
        for region in regions
    ]

    report = verify(FrozenGraph("any", (*OUTER, *vertices), tuple(edges), tuple(inner)))

    assert all(finding.what and finding.where and finding.fix for finding in report.findings)
