"""At which line a fault of how nodes are put together is mended; not what the fault is.

A node may stand in many graphs, so its definition is not the place. The run that shows a fault
ends where it is noticed, which may be far behind: the place is the edge where the ways of two
tokens should have met, or where the path ends.
"""

from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise
from typing import Final

from agentgraph.errors import Finding
from agentgraph.graph import CHOICES, FrozenGraph
from agentgraph.verify.ways import reached

_BY_EDGE: Final = frozenset({"AG111", "AG112", "AG301", "AG302", "AG303", "AG304", "AG305"})


def at_edge(finding: Finding, graph: FrozenGraph) -> Finding:
    """Place a fault at the edge that is to be mended, where one is known."""
    if finding.code not in _BY_EDGE:
        return finding
    for source, target in _edges(finding, graph):
        for edge in graph.outs.get(source, ()):
            if edge.target == target and edge.place is not None:
                return replace(finding, place=edge.place)
    return finding


def _edges(finding: Finding, graph: FrozenGraph) -> Iterator[tuple[str, str]]:
    """Yield the edges that may be the one, the likeliest first."""
    script = finding.script
    if finding.code == "AG302" and script is not None:
        # Whoever comes first leaves too early; the second one only finds the place taken.
        yield from (move[:2] for move in script.moves if move[1] in script.culprits)
    if finding.code in {"AG303", "AG304"} and script is not None:
        path = finding.path
        again = next((n for n, name in enumerate(path) if name in path[:n]), len(path))
        for name in dict.fromkeys(token.vertex for token in script.tokens):
            yield from _parting(graph, path[: again + 1], name)
    yield from reversed(list(pairwise(finding.path)))


def _parting(graph: FrozenGraph, path: tuple[str, ...], rest: str) -> Iterator[tuple[str, str]]:
    """Yield the edge by which a path comes to where the token at `rest`, of the same fork, comes too."""
    for at in range(len(path) - 2, -1, -1):
        vertex = graph.vertex.get(path[at])
        if vertex is None or vertex.kind in CHOICES or len(graph.outs[vertex.name]) < 2:
            continue
        if rest not in _ahead(graph, path[at], {*path[at + 1 :]} - {rest}):
            continue
        later = _ahead(graph, rest, set(path[: at + 1]))
        met = next((n for n in range(at + 1, len(path)) if path[n] in later), None)
        if met is not None and path[met] != rest:
            yield path[met - 1], path[met]
        return


def _ahead(graph: FrozenGraph, start: str, shut: set[str]) -> dict[str, None]:
    return reached(
        [start], lambda v: (e.target for e in graph.outs.get(v, ()) if e.target not in shut)
    )
