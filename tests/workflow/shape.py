"""Writes a graph as a few lines of text, so that a test can say exactly what it is."""

from collections.abc import Iterator

from agentgraph.graph import Edge, FrozenGraph, Vertex


def shape(graph: FrozenGraph) -> str:
    """Write every edge, then every vertex that is no plain node, then the regions."""
    return "\n".join([*map(_edge, graph.edges), *_vertices(graph), *_regions(graph)])


def text(block: str) -> str:
    """Take the indentation off an expected shape."""
    return "\n".join(line.strip() for line in block.strip().splitlines())


def _edge(edge: Edge) -> str:
    label = "?" if edge.unsure else edge.label
    return f"{edge.source} -> {edge.target}" + (f" on {label}" if label is not None else "")


def _vertices(graph: FrozenGraph) -> Iterator[str]:
    for vertex in graph.vertices:
        if vertex.kind not in {"start", "end", "node", "gateway"}:
            yield _described(vertex)
        if vertex.bound is not None:
            then = f" then {vertex.bound.then}" if vertex.bound.then else ""
            loop = f" in {vertex.bound.loop}" if vertex.bound.loop else ""
            yield f"bound {vertex.name} {vertex.bound.at_most}{then}{loop}"
        if vertex.undo:
            yield f"undo {vertex.name}"


def _described(vertex: Vertex) -> str:
    words = [vertex.kind, vertex.name]
    if vertex.need is not None:
        words.append(str(vertex.need))
    if vertex.labels:
        words.append("/".join(vertex.labels))
    if vertex.at_least:
        words.append(f"at {vertex.at_least:g}")
    return " ".join(words)


def _regions(graph: FrozenGraph) -> Iterator[str]:
    for region in graph.regions:
        words = [f"{region.kind} {region.name}: {' '.join(region.members)}"]
        if region.catches:
            words.append(" ".join(name.rpartition(".")[2] for name in region.catches))
        if region.target:
            words.append(f"-> {region.target}")
        yield "; ".join(words)
