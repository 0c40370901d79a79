"""Two versions of a graph as one, with marks on what differs; not what differs."""

from collections.abc import Iterator
from dataclasses import replace

from agentgraph.graph import Edge, FrozenGraph, Vertex
from agentgraph.graph.difference import Difference
from agentgraph.render.marks import Key, Mark, Marks

_SIGNS = {
    "added": Mark("added", "+"),
    "removed": Mark("removed", "\u2212"),
    "changed": Mark("changed", "~"),
}


def both(difference: Difference) -> tuple[FrozenGraph, Marks]:
    """Return the new graph with all that is gone still in it, and the marks to draw it with."""
    vertices: dict[str, Mark] = {}
    edges: dict[Key, Mark] = {}
    was = {now: old.rpartition("/")[2] for old, now in difference.renamed.items()}
    for change in difference.changes:
        if change.edge is not None:
            edges[change.edge] = _SIGNS[change.kind]
        elif change.path in was:
            vertices[change.path] = Mark("changed", f"was {was[change.path]}")
        elif change.part == "vertex":
            vertices[change.path] = _SIGNS[change.kind]
    whole = _merged(difference.before, difference.after, "", "", difference)
    return whole, Marks(vertices, edges, "as before")


def _merged(
    before: FrozenGraph, after: FrozenGraph, old: str, new: str, difference: Difference
) -> FrozenGraph:
    """Put what only the old version has into the new one, under the names that it has now."""
    now = {
        name: difference.renamed.get(old + name, new + name).removeprefix(new)
        for name in before.vertex
    }
    gone = [vertex for vertex in before.vertices if now[vertex.name] not in after.vertex]
    kept = {now[name]: name for name in before.vertex}

    def whole(vertex: Vertex) -> Vertex:
        was = before.vertex[kept[vertex.name]] if vertex.name in kept else None
        if was is None or was.child is None or vertex.child is None:
            return vertex
        inner = _merged(
            was.child, vertex.child, f"{old}{was.name}/", f"{new}{vertex.name}/", difference
        )
        return replace(vertex, child=inner)

    there = set(after.edges)
    vertices = (*map(whole, after.vertices[:-1]), *gone, *after.vertices[-1:])
    lost = (edge for edge in _renamed(before, now) if edge not in there)
    return replace(after, vertices=vertices, edges=(*after.edges, *lost))


def _renamed(graph: FrozenGraph, now: dict[str, str]) -> Iterator[Edge]:
    for edge in graph.edges:
        source, target = (now.get(name, name) for name in (edge.source, edge.target))
        yield replace(edge, source=source, target=target)
