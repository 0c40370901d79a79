"""A graph by numbers: the same vertices and edges, looked up without names; it judges nothing.

Rules of this file:

1. Every name of the graph must be known: `names` has looked before.
2. A *way* is all that a token can take: an edge, the `then` of a bound, the handler of a catch.
"""

from dataclasses import dataclass, field

from agentgraph.errors import Place
from agentgraph.graph import CHOICES, END, START, Edge, FrozenGraph, Vertex


@dataclass(slots=True)
class Wiring:
    """The numbers of the vertices and edges of a graph, and what is read often."""

    graph: FrozenGraph
    vertices: tuple[Vertex, ...]
    edges: tuple[Edge, ...]
    number: dict[str, int]
    source: list[int]
    target: list[int]
    outs: list[list[int]]
    """For each vertex, the numbers of the edges that leave it."""
    ins: list[list[int]]
    is_join: list[bool]
    is_choice: list[bool]
    then: dict[int, int]
    """From a bounded vertex to where its bound leads, where it leads anywhere."""
    handlers: dict[int, int] = field(default_factory=dict[int, int])
    """From the number of a catch region to its handler."""
    start: int = 0
    end: int = 0
    _order: list[int] | None = None
    _failing: dict[int, list[int]] | None = None

    def name(self, vertex: int) -> str:
        """The name of a vertex by its number."""
        return self.vertices[vertex].name

    def place(self, vertex: int) -> Place | None:
        """Where the user wrote a vertex, as far as it is known."""
        return self.vertices[vertex].place

    def order(self) -> list[int] | None:
        """The vertices so that every way of a run leads onward, or None where there is a cycle."""
        if self._order is None:
            self._order = self._sorted()
        return self._order if len(self._order) == len(self.vertices) else None

    def _sorted(self) -> list[int]:
        """The vertices that no cycle leads to, in that order."""
        count = list(map(len, self.ins))
        for vertex in self.then.values():
            count[vertex] += 1
        ready = [vertex for vertex, number in enumerate(count) if not number]
        target, outs, then = self.target, self.outs, self.then
        for vertex in ready:
            for edge in outs[vertex]:
                head = target[edge]
                count[head] -= 1
                if not count[head]:
                    ready.append(head)
            if vertex in then:
                count[then[vertex]] -= 1
                if not count[then[vertex]]:
                    ready.append(then[vertex])
        return ready

    def ways(self, vertex: int) -> list[int]:
        """The vertices to which a token can go from `vertex` when nobody fails."""
        found = [self.target[edge] for edge in self.outs[vertex]]
        if vertex in self.then:
            found.append(self.then[vertex])
        return found

    @property
    def failing(self) -> dict[int, list[int]]:
        """From each vertex in a catch flow to the handlers that its failure may lead to."""
        if self._failing is None:
            self._failing = {}
            for region, handler in self.handlers.items():
                for name in self.graph.regions[region].members:
                    if self.graph.vertex[name].kind != "gateway":  # it runs nothing
                        self._failing.setdefault(self.number[name], []).append(handler)
        return self._failing

    def ways_on(self, vertex: int) -> list[int]:
        """The vertices to which a token can go from `vertex`, be it by a failure."""
        return [*self.ways(vertex), *self.failing.get(vertex, ())]


def wire(graph: FrozenGraph) -> Wiring:
    """Number the vertices and edges of `graph`, whose names must all be known."""
    number = {vertex.name: i for i, vertex in enumerate(graph.vertices)}
    source = [number[edge.source] for edge in graph.edges]
    target = [number[edge.target] for edge in graph.edges]
    outs: list[list[int]] = [[] for _ in graph.vertices]
    ins: list[list[int]] = [[] for _ in graph.vertices]
    for edge, (tail, head) in enumerate(zip(source, target, strict=True)):
        outs[tail].append(edge)
        ins[head].append(edge)
    made = Wiring(
        graph=graph,
        vertices=graph.vertices,
        edges=graph.edges,
        number=number,
        source=source,
        target=target,
        outs=outs,
        ins=ins,
        is_join=[vertex.kind == "join" for vertex in graph.vertices],
        is_choice=[vertex.kind in CHOICES for vertex in graph.vertices],
        then={},
        handlers={
            i: number[region.target]
            for i, region in enumerate(graph.regions)
            if region.kind == "catch" and region.target is not None
        },
        start=number[START],
        end=number[END],
    )
    loops = {region.name: region.members for region in graph.regions if region.kind == "loop"}
    for i, vertex in enumerate(graph.vertices):
        bound = vertex.bound
        if bound is not None and bound.then is not None:
            members = loops.get(bound.loop or "", ())
            comes_back = any(graph.edges[edge].source in members for edge in ins[i])
            if comes_back or bound.at_most < 1 or _comes_back(made, i):
                made.then[i] = number[bound.then]
    return made


def _comes_back(net: Wiring, start: int) -> bool:
    """Say whether a token can come to a bounded vertex again; else its bound is never used up."""
    handlers: dict[int, list[int]] = {}
    for region, handler in net.handlers.items():
        for member in net.graph.regions[region].members:
            handlers.setdefault(net.number[member], []).append(handler)
    seen: set[int] = set()
    stack = [start]
    while stack:
        vertex = stack.pop()
        ways = [net.target[edge] for edge in net.outs[vertex]] + handlers.get(vertex, [])
        bound = net.vertices[vertex].bound
        if vertex != start and bound is not None and bound.then is not None:
            ways.append(net.number[bound.then])
        if start in ways:
            return True
        stack += [way for way in ways if way not in seen]
        seen.update(ways)
    return False
