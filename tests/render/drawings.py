"""Graphs to draw, and what must be on a picture of them; told without the code under test."""

from collections import Counter
from collections.abc import Iterator
from typing import get_args
from xml.etree import ElementTree as ET

from hypothesis import strategies as st

from agentgraph.graph import Bound, Edge, FrozenGraph, Policy, Region, Vertex, VertexKind
from agentgraph.render.lettering import shown

SVG = "{http://www.w3.org/2000/svg}"
EdgeKey = tuple[str, str, str | None]

ESSAY = FrozenGraph(
    "essay",
    (
        Vertex("START", "start"),
        Vertex("write", bound=Bound(5, loop="again"), agent="essay:write", doc="Write a draft."),
        Vertex("critic", "classifier", labels=("OK", "REVISE")),
        Vertex("END", "end"),
    ),
    (
        Edge("START", "write"),
        Edge("write", "critic"),
        Edge("critic", "END", "OK"),
        Edge("critic", "write", "REVISE"),
    ),
    (Region("again", "loop", ("write", "critic")),),
)

DESK = FrozenGraph(
    "support",
    (
        Vertex("START", "start"),
        Vertex("triage", "classifier", at_least=0.7, labels=("billing", "tech", "other")),
        Vertex("billing", policy=Policy(attempts=3, timeout_s=30.0)),
        Vertex("tech", undo="desk:reopen"),
        Vertex("draft", bound=Bound(3, then="clerk", loop="redo")),
        Vertex("checks", "gateway"),
        Vertex("tone"),
        Vertex("facts"),
        Vertex("checked", "join"),
        Vertex("review", "consensus", need=2, voters=("desk:kind", "desk:true", "desk:legal")),
        Vertex("approve", "human", labels=("send", "redo", "drop")),
        Vertex("send", "each", child=ESSAY, limit=4),
        Vertex("clerk", "form"),
        Vertex("apologise"),
        Vertex("END", "end"),
    ),
    (
        Edge("START", "triage"),
        Edge("triage", "billing", "billing"),
        Edge("triage", "tech", "tech"),
        Edge("triage", "clerk", "other"),
        Edge("triage", "clerk", unsure=True),
        Edge("billing", "draft"),
        Edge("tech", "draft"),
        Edge("draft", "checks"),
        Edge("checks", "tone"),
        Edge("checks", "facts"),
        Edge("tone", "checked"),
        Edge("facts", "checked"),
        Edge("checked", "review"),
        Edge("review", "approve", "True"),
        Edge("review", "draft", "False"),
        Edge("approve", "send", "send"),
        Edge("approve", "clerk", "redo"),
        Edge("approve", "END", "drop"),
        Edge("send", "END"),
        Edge("clerk", "END"),
        Edge("apologise", "END"),
    ),
    (
        Region("redo", "loop", ("draft", "checks", "tone", "facts", "checked", "review")),
        Region("desks", "catch", ("billing", "tech"), "apologise", ("builtins:ConnectionError",)),
    ),
)

NASTY = (
    "",
    " ",
    "end",
    "graph",
    "a]b[c",
    'say "hi"',
    "it's",
    "a|b",
    "%%{init: {'theme': 'dark'}}%%",
    "-->",
    "]]></style><script>alert(1)</script>",
    "<b>&amp;</b>",
    "javascript:alert(1)",
    "url(http://example.org/x)",
    "\\",
    "ends in \\",
    "\\N\\G\\n",
    "a\nb\tc\rd",
    "\x00\x1b[31m",
    "\ud800",
    "\ufffe\uffff",
    "\u202eevil\u202c",
    "1. item",
    "$x^2$",
    "`code` **bold** #35;",
    "\u5ba1\u6838 \U0001f469\u200d\U0001f4bb",
    "x" * 300,
)

_names = st.one_of(
    st.sampled_from(["START", "END", "a", "b", "c", "a/b"]),
    st.sampled_from(NASTY),
    st.text(st.characters(exclude_categories=()), max_size=12),
)
_bounds = st.builds(Bound, st.integers(1, 9), st.none() | _names)


def graphs(depth: int = 1) -> st.SearchStrategy[FrozenGraph]:
    """Any graph: sound or not, with names that nothing has and names that two have."""
    children = st.none() | graphs(depth - 1) if depth else st.none()
    return st.lists(_names, max_size=6).flatmap(
        lambda names: st.builds(
            FrozenGraph,
            _names,
            st.tuples(*(_vertices(name, children) for name in names)),
            st.lists(_edges(names), max_size=8).map(tuple),
            st.lists(_regions(names), max_size=3).map(tuple),
        )
    )


def _vertices(
    name: str, children: st.SearchStrategy[FrozenGraph | None]
) -> st.SearchStrategy[Vertex]:
    return st.builds(
        Vertex,
        st.just(name),
        st.sampled_from(get_args(VertexKind)),
        doc=_names,
        agent=_names,
        undo=_names,
        bound=st.none() | _bounds,
        voters=st.lists(_names, max_size=3).map(tuple),
        need=st.none() | st.integers(1, 3),
        child=children,
    )


def _ends(names: list[str]) -> st.SearchStrategy[str]:
    return st.sampled_from(names) | _names if names else _names


def _edges(names: list[str]) -> st.SearchStrategy[Edge]:
    return st.builds(Edge, _ends(names), _ends(names), st.none() | _names, st.booleans())


def _regions(names: list[str]) -> st.SearchStrategy[Region]:
    return st.builds(
        Region,
        _names,
        st.sampled_from(["catch", "loop", "quorum"]),
        st.lists(_ends(names), max_size=4, unique=True).map(tuple),
        st.none() | _ends(names),
        st.lists(_names, max_size=2).map(tuple),
    )


def levels(graph: FrozenGraph, path: str = "") -> Iterator[tuple[str, FrozenGraph]]:
    """Yield the graph and those inside it, each with the path in front of its names."""
    yield path, graph
    for vertex in graph.vertices:
        if vertex.child is not None:
            yield from levels(vertex.child, f"{path}{vertex.name}/")


def vertices_of(graph: FrozenGraph) -> Counter[str]:
    """Count the paths of all vertices and of what undoes them, as they are shown."""
    return Counter(
        shown(f"{path}{name}")
        for path, level in levels(graph)
        for vertex in level.vertices
        for name in (vertex.name, *([f"undo {vertex.name}"] if vertex.undo else []))
    )


def edges_of(graph: FrozenGraph) -> Counter[EdgeKey]:
    """Count all ways that a token can go, and those to what undoes, as they are shown."""
    return Counter(
        (shown(f"{path}{source}"), shown(f"{path}{target}"), label)
        for path, level in levels(graph)
        for source, target, label in _ways(level)
    )


def _ways(graph: FrozenGraph) -> Iterator[EdgeKey]:
    for edge in graph.edges:
        plain = None if edge.label is None else shown(edge.label)
        yield edge.source, edge.target, "unsure" if edge.unsure else plain
    for vertex in graph.vertices:
        if vertex.bound is not None and vertex.bound.then is not None:
            yield vertex.name, vertex.bound.then, "then"
    for region in graph.regions:
        if region.kind == "catch" and region.target is not None:
            yield region.name, region.target, shown(", ".join(region.catches))
    for vertex in graph.vertices:
        if vertex.undo:
            yield vertex.name, f"undo {vertex.name}", shown(vertex.undo)


def parsed(svg: str) -> ET.Element:
    """Read a drawing as any strict XML parser would."""
    return ET.fromstring(svg.encode())


def with_class(root: ET.Element, word: str) -> list[ET.Element]:
    """Find the elements that have this word among their classes."""
    return [one for one in root.iter() if word in (one.get("class") or "").split()]
