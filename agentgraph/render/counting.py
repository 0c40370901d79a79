"""A diagram with what runs did there, and with its marks; neither what is drawn nor how it looks."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

from agentgraph.render.diagram import SILENT, Arrow, Diagram, Figure, Group
from agentgraph.render.marks import UNSEEN, Key, Marks
from agentgraph.render.overlay import Overlay, Trace

_Part = TypeVar("_Part", Figure, Group)
_REGIONS = frozenset({"catch", "loop", "quorum"})


@dataclass(frozen=True, slots=True)
class Counts:
    """How often a run came to each vertex, and along each edge; None where nobody counted.

    What has marks is shown by these alone.
    """

    visits: Mapping[str, int] | None = None
    taken: Mapping[Key, int] | None = None
    marks: Marks | None = None
    overlay: Overlay | None = None


def counted(diagram: Diagram, counts: Counts) -> Diagram:
    """Return the diagram with all that is known of each of its parts."""
    if counts == Counts():
        return diagram
    overlay, marks = counts.overlay or Overlay(), counts.marks
    arrows = tuple(
        replace(
            arrow,
            taken=_taken(arrow, counts),
            mark=None if marks is None else marks.edge(arrow.key),
            order=tuple(overlay.order.get(arrow.key, ())),
        )
        for arrow in diagram.arrows
    )
    visits = _visits(counts, arrows)

    def known(part: _Part) -> _Part:
        kind: str = part.kind
        if kind in _REGIONS:
            # Marks are on vertices and edges: a frame that stands for neither steps back.
            return replace(part, mark=None if marks is None else UNSEEN)
        mark = None if marks is None else UNSEEN if kind == "undo" else marks.vertex(part.path)
        trace = overlay.traces.get(part.path, Trace())
        return replace(part, visits=visits(part), mark=mark, trace=trace)

    return replace(
        diagram,
        figures=tuple(map(known, diagram.figures)),
        groups=tuple(map(known, diagram.groups)),
        arrows=arrows,
        counted=counts != Counts(marks=marks),
        marks=marks,
        caption=overlay.caption,
    )


def _taken(arrow: Arrow, counts: Counts) -> int | None:
    """Count how often a way was taken: counts that are given alone say nothing of undos."""
    is_known = counts.taken is not None and (arrow.kind != "undo" or counts.overlay is not None)
    return counts.taken.get(arrow.key, 0) if is_known and counts.taken is not None else None


def _visits(counts: Counts, arrows: Sequence[Arrow]) -> Callable[[Figure | Group], int | None]:
    """Count the visits; what runs nothing may only be known by the edges that were taken."""
    ends: tuple[Counter[str], Counter[str]] = Counter(), Counter()
    undone: dict[str, int | None] = {}
    for arrow in arrows:
        if arrow.kind == "undo":
            undone[arrow.target] = arrow.taken
        elif arrow.kind not in {"then", "catch"}:
            ends[0][arrow.target] += arrow.taken or 0
            ends[1][arrow.source] += arrow.taken or 0

    def visits(part: Figure | Group) -> int | None:
        if part.kind == "undo":
            return undone[part.id]
        if counts.visits is not None and part.path in counts.visits:
            return counts.visits[part.path]
        if part.vertex is None or part.vertex.kind in SILENT:
            passed = (count[part.id] for count in ends if count[part.id])
            return None if counts.taken is None else min(passed, default=0)
        return None if counts.visits is None else 0

    return visits
