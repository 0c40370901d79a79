"""Which part of a diagram is drawn: how deep, and around which vertex; nothing is left out unsaid."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from agentgraph.errors import NotAvailable, suggest
from agentgraph.graph import FrozenGraph
from agentgraph.render.counting import Counts, counted
from agentgraph.render.diagram import Diagram, Figure, Group, diagram_of
from agentgraph.render.overlay import vertices_of


@dataclass(frozen=True, slots=True)
class View:
    """What to show of a graph: `depth` 0 is its own level alone, `collapse` names single frames.

    With `focus`, only what is at most `radius` edges away from that vertex.
    """

    depth: int | None = None
    collapse: tuple[str, ...] = ()
    focus: str | None = None
    radius: int = 1


def frames_of(graph: FrozenGraph) -> list[str]:
    """Name the vertices that hold a graph, by their paths, the outer ones first."""
    return [path for path, vertex in vertices_of(graph) if vertex.child is not None]


def seen(graph: FrozenGraph, counts: Counts, view: View) -> Diagram:
    """Return the part of the diagram of `graph` that is asked for. Raises `NotAvailable`."""
    frames = frames_of(graph)
    for path in view.collapse:
        _known(path, frames, "workflow to collapse")
    deep = {path for path in frames if view.depth is not None and path.count("/") >= view.depth}
    diagram = counted(diagram_of(graph, folded=deep | set(view.collapse)), counts)
    return diagram if view.focus is None else _around(diagram, view.focus, view.radius)


def _known(name: str, known: Iterable[str], what: str) -> None:
    names = list(known)
    if name not in names:
        some = ", ".join(map(repr, names[:5])) or "none"
        where = "the part of the picture that was asked for"
        fix = suggest(name, names, f"take one of these: {some}")
        raise NotAvailable(f"there is no {what} called {name!r}", where=where, fix=fix)


def _around(diagram: Diagram, name: str, radius: int) -> Diagram:
    """Keep what is near a vertex; each figure that is kept says how many of its ways are not."""
    open_frames = [group for group in diagram.groups if group.vertex]
    parts: list[Figure | Group] = [*diagram.figures, *open_frames]
    _known(name, (part.path for part in parts), "vertex")
    chosen = {part.id for part in parts if part.path == name}
    kept = {one.id for one in diagram.figures if chosen & {one.id, *diagram.around(one.id)}}
    joined = [diagram.ends(arrow) for arrow in diagram.arrows]
    for _ in range(radius):
        kept |= {end for ends in joined if kept & set(ends) for end in ends}
    framed = {group for figure in kept for group in diagram.around(figure)}
    arrows = [arrow for arrow in diagram.arrows if {arrow.source, arrow.target} <= kept | framed]
    whole = {arrow.id for arrow in arrows}
    cut: dict[str, int] = {}
    for arrow, ends in zip(diagram.arrows, joined, strict=True):
        for end in set(ends) & kept if arrow.id not in whole else ():
            cut[end] = cut.get(end, 0) + 1
    figures = [
        replace(figure, cut=cut.get(figure.id, 0))
        for figure in diagram.figures
        if figure.id in kept
    ]
    some, all_of = (sum(f.kind != "undo" for f in them) for them in (figures, diagram.figures))
    near = f"{some} of {all_of} vertices, those near {name}"
    return replace(
        diagram,
        figures=tuple(figures),
        groups=tuple(_regrouped(diagram, figures, framed)),
        arrows=tuple(arrows),
        caption="; ".join(filter(None, (diagram.caption, near))),
    )


def _regrouped(diagram: Diagram, kept: list[Figure], framed: set[str]) -> Iterator[Group]:
    for group in diagram.groups:
        if group.id in framed:
            inside = [one.id for one in kept if group.id in diagram.around(one.id)]
            first, last = (end if end in inside else "" for end in (group.first, group.last))
            yield replace(group, first=first or inside[0], last=last or inside[-1])
