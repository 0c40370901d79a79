"""The rows about building: what it costs to freeze and to verify a graph; not to run it."""

from dataclasses import dataclass, field
from random import Random
from typing import Final

from agentgraph import END, START, Graph, Node
from agentgraph.graph import END as LAST
from agentgraph.graph import START as FIRST
from agentgraph.graph import Edge, FrozenGraph, Vertex
from agentgraph.verify import verify
from agentgraph.verify.nest import nest
from agentgraph.verify.soundness import check_soundness
from agentgraph.verify.wiring import Wiring
from benchmarks.floors import passes
from benchmarks.flows import Counter
from benchmarks.measure import Figure, Stopwatch, Work, against_floor, alternate

NODES: Final = 10_000
EDGES: Final = 30_000
SMALL: Final = 50
SEED: Final = 7
"""The graphs are random, and the same each time."""
MS: Final = 1e3
THOUSAND: Final = 1_000


async def look(s: Counter) -> None:
    """Do nothing: these graphs are not run."""


def sources_of(nodes: int, edges: int) -> list[list[int]]:
    """Say for each node of a random DAG from which earlier ones it is reached."""
    random = Random(SEED)  # noqa: S311 - the same graph each time, no secret
    found: list[list[int]] = [[]]
    left = edges
    for number in range(1, nodes):
        width = min(number, round(left / (nodes - number)))
        found.append(sorted(random.sample(range(number), width)))
        left -= width
    return found


def built(sources: list[list[int]]) -> int:
    """Build a workflow in which each node waits for all its sources, and count its nodes."""
    g = Graph("dag", Counter)
    nodes: list[Node[Counter]] = [
        g.add_node(look, name=f"n{number}") for number in range(len(sources))
    ]
    g.add_edge(START, nodes[0])
    for target, before in zip(nodes[1:], sources[1:], strict=True):
        if len(before) == 1:
            g.add_edge(nodes[before[0]], target)
        else:
            g.add_join([nodes[source] for source in before], target)
    used = {source for before in sources for source in before}
    g.add_join([node for number, node in enumerate(nodes) if number not in used], END)
    frozen = g.compile().graph
    return sum(vertex.kind == "node" for vertex in frozen.vertices)


async def dag(turns: int) -> Figure:
    """Build and verify a random DAG through the builder."""
    sources = sources_of(NODES, EDGES)
    names = [str(number) for number in range(NODES)]
    edges = [(str(one), str(to)) for to, before in enumerate(sources) for one in before]

    async def ours() -> int:
        return built(sources)

    async def floor() -> int:
        return passes(names, edges)

    found = await alternate(
        Stopwatch(Work(ours, NODES, 1)), Stopwatch(Work(floor, NODES, 1)), turns=turns
    )
    return against_floor("dag", found, scale=MS)


@dataclass(slots=True)
class Nest:
    """Grows a graph by putting choices and forks in the place of nodes, at random.

    `outs` has, for each vertex, where it leads to; `ways` the label of each of these edges.
    """

    random: Random
    kinds: dict[str, str] = field(default_factory=dict[str, str])
    outs: dict[str, list[str]] = field(default_factory=dict[str, list[str]])
    nodes: list[str] = field(default_factory=list[str])

    def add(self, kind: str, outs: list[str]) -> str:
        """Add a vertex that leads to these."""
        name = f"v{len(self.kinds)}"
        self.kinds[name] = kind
        self.outs[name] = outs
        if kind == "node":
            self.nodes.append(name)
        return name

    def grow(self) -> None:
        """Let a random node be followed by another one, or begin a choice or a fork there."""
        at = self.random.randrange(len(self.nodes))
        name = self.nodes[at]
        after = self.outs[name]
        match self.random.choice(["chain", "choice", "fork"]):
            case "chain":
                self.outs[name] = [self.add("node", after)]
            case "choice":
                meeting = self.add("node", after)
                ways = [self.add("node", [meeting]) for _ in range(2)]
                self.outs[name] = [self.add("classifier", ways)]
            case _:
                join = self.add("join", after)
                self.outs[name] = [self.add("node", [join]) for _ in range(3)]
                # A fork stays one: what follows it would take over its branches.
                self.nodes[at] = self.nodes[-1]
                self.nodes.pop()


def nested(size: int) -> FrozenGraph:
    """Make a graph of at least `size` vertices, choices and forks nested in each other."""
    nest = Nest(Random(SEED))  # noqa: S311 - the same graph each time, no secret
    first = nest.add("node", [LAST])
    while len(nest.kinds) < size:
        nest.grow()
    vertices = [Vertex(FIRST, "start")]
    edges = [Edge(FIRST, first)]
    for name, kind in nest.kinds.items():
        outs = nest.outs[name]
        match kind:
            case "classifier":
                labels = tuple(str(number) for number in range(len(outs)))
                vertices.append(Vertex(name, "classifier", labels=labels))
                edges += [Edge(name, to, label) for to, label in zip(outs, labels, strict=True)]
            case "join":
                vertices.append(Vertex(name, "join"))
                edges += [Edge(name, to) for to in outs]
            case _:
                vertices.append(Vertex(name))
                edges += [Edge(name, to) for to in outs]
    vertices.append(Vertex(LAST, "end"))
    return FrozenGraph("nested", tuple(vertices), tuple(edges))


def branched(branches: int, choices: int) -> FrozenGraph:
    """Make a fork of branches, each with so many choices of two nodes one after the other."""
    vertices = [Vertex(FIRST, "start"), Vertex("fork"), Vertex("join", "join"), Vertex(LAST, "end")]
    edges = [Edge(FIRST, "fork"), Edge("join", LAST)]
    for branch in range(branches):
        before = "fork"
        for number in range(choices):
            at = f"b{branch}c{number}"
            vertices.append(Vertex(at, "classifier", labels=("x", "y")))
            vertices += [Vertex(f"{at}{way}") for way in ("x", "y", "z")]
            edges.append(Edge(before, at))
            edges += [Edge(at, f"{at}{way}", way) for way in ("x", "y")]
            edges += [Edge(f"{at}{way}", f"{at}z") for way in ("x", "y")]
            before = f"{at}z"
        edges.append(Edge(before, "join"))
    return FrozenGraph("branched", tuple(vertices), tuple(edges))


async def verified(row: str, graph: FrozenGraph, turns: int) -> Figure:
    """Verify a graph, each time as new as `compile` finds it."""
    names = [vertex.name for vertex in graph.vertices]
    edges = [(edge.source, edge.target) for edge in graph.edges]

    async def ours() -> int:
        report = verify(FrozenGraph(graph.name, graph.vertices, graph.edges))
        return len(report.findings)

    async def floor() -> int:
        return len(names) - passes(names, edges)

    found = await alternate(Stopwatch(Work(ours, 0, 1)), Stopwatch(Work(floor, 0, 1)), turns=turns)
    return against_floor(row, found, scale=MS)


async def large(turns: int) -> Figure:
    """Decide whether 10,000 nested vertices are sound, without the other checks."""
    graph = nested(NODES)
    names = [vertex.name for vertex in graph.vertices]
    edges = [(edge.source, edge.target) for edge in graph.edges]
    inner, _ = nest(Wiring(graph))
    assert inner is not None
    costs = [1] * len(names)

    async def ours() -> int:
        return len(check_soundness(inner, costs)[0])

    async def floor() -> int:
        return len(names) - passes(names, edges)

    found = await alternate(Stopwatch(Work(ours, 0, 1)), Stopwatch(Work(floor, 0, 1)), turns=turns)
    return against_floor("nested", found, scale=MS)


async def fifty(turns: int) -> Figure:
    """Verify 50 vertices, which is more than most workflows have."""
    return await verified("fifty", nested(SMALL), turns)


async def thousand(turns: int) -> Figure:
    """Verify 1,000 nested vertices."""
    return await verified("thousand", nested(THOUSAND), turns)


async def branches(turns: int) -> Figure:
    """Verify 100 branches of 10 choices each."""
    return await verified("branches", branched(100, 10), turns)
