"""From a finding to the marks that show it on a picture: its path, its culprit, what waits."""

from collections.abc import Iterator, Sequence

from agentgraph.errors import Finding, Script
from agentgraph.graph import FrozenGraph
from agentgraph.render.marks import UNSEEN, Key, Mark, Marks


def marks_of(finding: Finding, graphs: Sequence[tuple[str, FrozenGraph]]) -> Marks:
    """Mark the path of a finding by number, where it goes wrong, and where tokens then are.

    `graphs` are those of the report, each with the path in front of its names.
    """
    script = finding.script or Script("never", finding.path[-1:])
    moves = script.moves or tuple(_along(finding, graphs))
    marks = {name: Mark("path") for source, target, _ in moves for name in (source, target)}
    edges = {move: Mark("path") for move in moves}
    for name in finding.path:
        numbers = [str(at) for at, other in enumerate(finding.path, start=1) if other == name]
        marks[name] = Mark("path", ", ".join(numbers))
    for token in script.tokens:
        key = next((key for key in edges if key[:2] == (token.source, token.vertex)), None)
        if key is not None:
            edges[key] = Mark("path", "waits")
        elif token.vertex not in script.culprits:
            note = marks.get(token.vertex, UNSEEN).note
            marks[token.vertex] = Mark("waits", f"{note} waits".strip())
    for name in script.culprits:
        marks[name] = Mark("fault", marks.get(name, UNSEEN).note)
    return Marks(marks, edges, "not on the path")


def _along(finding: Finding, graphs: Sequence[tuple[str, FrozenGraph]]) -> Iterator[Key]:
    """Yield the edges along a path; where it does not name its labels, all that it may mean."""
    labels = finding.labels or (None,) * len(finding.path)
    pairs = list(zip(finding.path, finding.path[1:], labels, strict=False))
    for prefix, graph in graphs:
        for edge in graph.edges:
            label = "unsure" if edge.unsure else edge.label
            key = (prefix + edge.source, prefix + edge.target, label)
            if key in pairs or (not finding.labels and (*key[:2], None) in pairs):
                yield key
