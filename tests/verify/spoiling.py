"""One more fault in a graph, of a kind that neither a flow nor the builder can make."""

from dataclasses import replace

from agentgraph.graph import END, START, Bound, Edge, FrozenGraph, Vertex
from tests.strategies import Seeded


def spoilt(graph: FrozenGraph, dice: Seeded) -> FrozenGraph:
    """Change one vertex, edge or region; now and then of a graph inside it."""
    vertices, edges, regions = list(graph.vertices), list(graph.edges), list(graph.regions)
    inner = [vertex for vertex in vertices if vertex.child is not None]
    if inner and not dice.pick(3):
        outer = inner[dice.pick(len(inner))]
        assert outer.child is not None
        vertices[vertices.index(outer)] = replace(outer, child=spoilt(outer.child, dice))
        return replace(graph, vertices=tuple(vertices))
    own = [vertex for vertex in vertices if vertex.name not in {START, END}]
    vertex, other = own[dice.pick(len(own))], own[dice.pick(len(own))]
    at = vertices.index(vertex)
    match dice.pick(8):
        case 0 | 1:
            vertices[at] = Vertex(vertex.name)
        case 2:
            vertices[at] = Vertex(vertex.name, "join")
        case 3:
            vertices[at] = Vertex(vertex.name, "gateway")
        case 4:
            then = other.name if dice.pick(2) else None
            vertices[at] = replace(vertex, bound=Bound(1 + dice.pick(2), then))
        case 5:
            edges.append(Edge(vertex.name, other.name if dice.pick(4) else END))
        case 6:
            edges.pop(dice.pick(len(edges)))
        case _:
            del regions[: dice.pick(2)]
            vertices[at] = replace(vertex, need=1 if vertex.kind == "join" else vertex.need)
    return replace(graph, vertices=tuple(vertices), edges=tuple(edges), regions=tuple(regions))
