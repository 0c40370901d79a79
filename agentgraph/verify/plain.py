"""A graph in which only tokens matter, for the machine to play; not how it is played."""

from collections.abc import Callable
from dataclasses import replace

from agentgraph.graph import FrozenGraph, Vertex, VertexKind
from agentgraph.verify.loops import components, left_of

_KINDS: dict[VertexKind, VertexKind] = {
    "human": "classifier",
    "consensus": "classifier",
    "form": "node",
    "each": "node",
    "subgraph": "node",
}


def plain(graph: FrozenGraph) -> FrozenGraph | None:
    """Return `graph` with each vertex as one piece of work that only tokens matter to.

    A token that goes round where nothing works would never rest, so that no run could be looked
    at: there gateways are nodes. None where that is not enough: not even between two steps would
    some runs come to a stand.
    """
    gates = spinning(graph)
    if gates and _spinning(
        graph, lambda v: v.kind == "join" and (v.need or len(graph.ins[v.name])) == 1
    ):
        return None
    return replace(graph, vertices=tuple(piece_of_work(v, v.name in gates) for v in graph.vertices))


def spinning(graph: FrozenGraph) -> set[str]:
    """The vertices between which a token could go round without any work."""
    return _spinning(graph, lambda vertex: vertex.kind in {"gateway", "join"})


def _spinning(graph: FrozenGraph, passes: Callable[[Vertex], bool]) -> set[str]:
    """The vertices in cycles of those that `passes` says let tokens pass, and of used up bounds."""
    ways: dict[str, list[str]] = {}
    for vertex in graph.vertices:
        targets = [edge.target for edge in graph.outs[vertex.name]] if passes(vertex) else []
        if vertex.bound is not None and vertex.bound.then is not None:
            targets.append(vertex.bound.then)
        ways[vertex.name] = targets
    return set[str]().union(*components(left_of(ways)))


def piece_of_work(vertex: Vertex, is_spinning: bool) -> Vertex:
    """Return a vertex as one piece of work; of those that spin a gateway is a node."""
    kind = _KINDS.get(vertex.kind, vertex.kind)
    if kind == vertex.kind and not (is_spinning or vertex.undo or vertex.at_least):
        return vertex
    if is_spinning and kind == "gateway":
        kind = "node"
    need = vertex.need if kind == "join" else None
    return Vertex(vertex.name, kind, bound=vertex.bound, need=need)
