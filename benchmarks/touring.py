"""The row about tours: the fewest runs that take each of 1,000 edges; nothing is run."""

import networkx as nx  # noqa: TID253 - a tour stands on it

from agentgraph.graph import END, START, FrozenGraph
from agentgraph.testing import tour
from benchmarks.building import branched
from benchmarks.measure import Figure, Stopwatch, Work, against_floor, alternate


def flow(graph: FrozenGraph) -> int:
    """Find the least flow over every edge, by the network simplex of networkx."""
    net: nx.DiGraph[str] = nx.DiGraph()
    net.add_nodes_from((vertex.name for vertex in graph.vertices), demand=0)
    for edge in graph.edges:
        net.nodes[edge.source]["demand"] += 1
        net.nodes[edge.target]["demand"] -= 1
        net.add_edge(edge.source, edge.target, weight=1)
    net.add_edge(END, START, weight=len(graph.edges) * len(graph.vertices))
    nx.network_simplex(net)
    return len(graph.edges)


async def touring(turns: int) -> Figure:
    """Find the tour of 20 branches of 10 choices; by the flow that it needs at least."""
    graph = branched(20, 10)

    async def ours() -> int:
        return len({move for walk in tour(graph).walks for move in walk.moves})

    async def floor() -> int:
        return flow(graph)

    edges = len(graph.edges)
    found = await alternate(
        Stopwatch(Work(ours, edges, 1)), Stopwatch(Work(floor, edges, 1)), turns=turns
    )
    return against_floor("tour", found, scale=1e3)
