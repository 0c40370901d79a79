"""Small graphs for the tests of `verify`, written as lines of edges."""

from agentgraph.errors import Finding, Place
from agentgraph.graph import END, START, Bound, Edge, FrozenGraph, Region, Vertex
from agentgraph.verify import verify

OSERROR = ("builtins.OSError",)


def graph(
    lines: str, *vertices: Vertex, regions: tuple[Region, ...] = (), name: str = "desk"
) -> FrozenGraph:
    """Make a graph of lines such as `a -> b, c` and `k -yes-> a`; `?` stands for `unsure`.

    What no vertex is given for is a node, or a classifier with the labels of its edges.
    """
    edges = [edge for line in lines.strip().splitlines() for edge in _edges(line)]
    known = {vertex.name: vertex for vertex in vertices}
    for edge in edges:
        for end in (edge.source, edge.target):
            known.setdefault(end, Vertex(end))
    for end, vertex in known.items():
        labels = tuple(e.label for e in edges if e.source == end and e.label is not None)
        if labels and vertex == Vertex(end):
            known[end] = Vertex(end, "classifier", labels=labels)
    known[START], known[END] = Vertex(START, "start"), Vertex(END, "end")
    return FrozenGraph(name, tuple(known.values()), tuple(edges), regions)


def _edges(line: str) -> list[Edge]:
    source, _, rest = (part.strip() for part in line.strip().partition("-"))
    label, _, targets = (part.strip() for part in rest.partition(">"))
    label = label.strip("- ")
    place = Place("desk.py", 1 + len(source))
    return [
        Edge(source, target.strip(), None if label in {"", "?"} else label, label == "?", place)
        for target in targets.split(",")
    ]


def join(name: str, need: int | None = None) -> Vertex:
    return Vertex(name, "join", need=need)


def gateway(name: str) -> Vertex:
    return Vertex(name, "gateway")


def bounded(name: str, at_most: int, then: str | None = None, loop: str | None = None) -> Vertex:
    return Vertex(name, bound=Bound(at_most, then, loop))


def codes(faulty: FrozenGraph) -> list[str]:
    return [finding.code for finding in verify(faulty).findings]


def only(faulty: FrozenGraph) -> Finding:
    """The one finding of a graph."""
    (finding,) = verify(faulty).findings
    return finding
