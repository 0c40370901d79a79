"""A graph by numbers: the same vertices and edges, looked up without names; it judges nothing.

Rules of this file:

1. Every name of the graph must be known: `names` has looked before.
2. A *way* is all that a token can take: an edge, the `then` of a bound, the handler of a catch.
"""

import builtins
from functools import cache, cached_property

from agentgraph.errors import Place
from agentgraph.graph import CHOICES, END, START, Edge, FrozenGraph, Vertex
from agentgraph.verify.ways import onward, reached


class Wiring:
    """The numbers of the vertices and edges of a graph, and what is read often."""

    def __init__(self, graph: FrozenGraph) -> None:
        """Number the vertices and edges of a graph, whose names must all be known."""
        self.graph: FrozenGraph = graph
        self.vertices: tuple[Vertex, ...] = graph.vertices
        self.edges: tuple[Edge, ...] = graph.edges
        number = {vertex.name: i for i, vertex in enumerate(graph.vertices)}
        self.number: dict[str, int] = number
        self.start: int = number[START]
        self.end: int = number[END]
        self.source: list[int] = [number[edge.source] for edge in graph.edges]
        self.target: list[int] = [number[edge.target] for edge in graph.edges]
        self.outs: list[list[int]] = [[] for _ in graph.vertices]
        """For each vertex, the numbers of the edges that leave it."""
        self.ins: list[list[int]] = [[] for _ in graph.vertices]
        for edge, (tail, head) in enumerate(zip(self.source, self.target, strict=True)):
            self.outs[tail].append(edge)
            self.ins[head].append(edge)
        self.is_join: list[bool] = [vertex.kind == "join" for vertex in graph.vertices]
        self.is_choice: list[bool] = [vertex.kind in CHOICES for vertex in graph.vertices]
        regions = enumerate(graph.regions)
        self.loops: dict[str, int] = {r.name: i for i, r in regions if r.kind == "loop"}
        self.handlers: dict[int, int] = {}
        """From the number of a catch region to its handler, if any error in it comes there."""
        self.failing: dict[int, list[int]] = {}
        """From each vertex to the catch regions by which its errors may leave."""
        _catch(self)
        self.then: dict[int, int] = {}
        """From a bounded vertex to where its bound leads, where it leads anywhere."""
        for i, vertex in enumerate(graph.vertices):
            bound = vertex.bound
            if bound is not None and bound.then is not None:
                loop = self.loops.get(bound.loop or "")
                members = () if loop is None else graph.regions[loop].members
                comes_back = any(graph.edges[edge].source in members for edge in self.ins[i])
                if comes_back or bound.at_most < 1 or _comes_back(self, i):
                    self.then[i] = number[bound.then]

    def name(self, vertex: int) -> str:
        """The name of a vertex by its number."""
        return self.vertices[vertex].name

    def place(self, vertex: int) -> Place | None:
        """Where the user wrote a vertex, as far as it is known."""
        return self.vertices[vertex].place

    @cached_property
    def order(self) -> list[int] | None:
        """The vertices so that every way of a run leads onward, or None where there is a cycle."""
        count = dict(enumerate(map(len, self.ins)))
        for vertex in self.then.values():
            count[vertex] += 1
        found = onward(count, self.ways)
        return found if len(found) == len(self.vertices) else None

    def ways(self, vertex: int) -> list[int]:
        """The vertices to which a token can go from `vertex` when nobody fails."""
        found = [self.target[edge] for edge in self.outs[vertex]]
        if vertex in self.then:
            found.append(self.then[vertex])
        return found

    def ways_on(self, vertex: int) -> list[int]:
        """The vertices to which a token can go from `vertex`, be it by a failure."""
        return [*self.ways(vertex), *(self.handlers[r] for r in self.failing.get(vertex, ()))]


def _catch(net: Wiring) -> None:
    """Note which errors lead to which handlers: the innermost catch that names one takes it."""
    regions = net.graph.regions
    catches = [i for i, region in enumerate(regions) if region.kind == "catch" and region.target]
    taken: dict[int, set[str]] = {}
    # Of two with the same members the later one is the inner one.
    for number in sorted(catches, key=lambda i: (len(regions[i].members), -i)):
        region = regions[number]
        for name in region.members:
            vertex = net.number[name]
            before = taken.setdefault(vertex, set())
            is_open = any(before.isdisjoint(kinds_named(each)) for each in region.catches)
            before.update(region.catches)
            if is_open and net.vertices[vertex].kind != "gateway":  # it runs nothing
                net.failing.setdefault(vertex, []).append(number)
                net.handlers[number] = net.number[region.target or ""]


@cache
def kinds_named(name: str) -> frozenset[str]:
    """The classes that an error with this qualified name belongs to, as far as the name tells."""
    module, _, own = name.rpartition(".")
    kind: object = getattr(builtins, own, None) if module == "builtins" else None
    known = kind.__mro__ if isinstance(kind, type) else Exception.__mro__
    return frozenset([name, *(f"builtins.{each.__qualname__}" for each in known)])


def _comes_back(net: Wiring, start: int) -> bool:
    """Say whether a token can come to a bounded vertex again; else its bound is never used up."""
    then = {
        i: net.number[v.bound.then] for i, v in enumerate(net.vertices) if v.bound and v.bound.then
    }

    def ways(vertex: int) -> list[int]:
        more = [then[vertex]] if vertex != start and vertex in then else []
        return [*net.ways_on(vertex), *more]

    return start in reached(ways(start), ways)
