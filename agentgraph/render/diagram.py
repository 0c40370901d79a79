"""What is drawn of a graph: figures, arrows and groups, without places; not how they look.

Rules of this file:

1. Each vertex is one figure or one group, each edge one arrow. A bound with `then` and
   a catch with a handler are one arrow more, for these are ways that a token can go.
2. Nothing else is drawn, but a name that an edge, a bound or a region mentions and no
   vertex has: that is a figure of the kind `missing`; and what undoes a vertex: a figure
   of the kind `undo`, and an arrow to it that no token takes.
3. The order is that of the graph; ids are made of names alone. So a diagram, and what
   is written from it, is the same on every machine.
"""

import re
from collections.abc import Iterator, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Literal

from agentgraph.graph import CHOICES, END, START, Edge, FrozenGraph, Region, Vertex, VertexKind
from agentgraph.render.layout import around
from agentgraph.render.lettering import shown, visible
from agentgraph.render.marks import UNSEEN, Key, Mark, Marks
from agentgraph.render.overlay import Overlay, Trace

FigureKind = VertexKind | Literal["missing", "undo"]
ArrowKind = Literal["plain", "branch", "unsure", "then", "catch", "undo"]
GroupKind = Literal["subgraph", "each", "catch", "loop", "quorum"]


_NO_SLUG = re.compile("[^A-Za-z0-9]")
SILENT: frozenset[VertexKind] = frozenset({"start", "end", "join", "gateway"})
"""The kinds that run nothing."""


@dataclass(frozen=True, slots=True)
class Counts:
    """How often a run came to each vertex, and along each edge; None where nobody counted.

    What has marks is shown by these alone.
    """

    visits: Mapping[str, int] | None = None
    taken: Mapping[Key, int] | None = None
    marks: Marks | None = None
    overlay: Overlay | None = None


@dataclass(frozen=True, slots=True)
class Part:
    """What figures and groups have in common; `vertex` is None when there is only the name."""

    id: str
    path: str
    name: str
    parent: str | None
    vertex: Vertex | None
    visits: int | None = None
    mark: Mark | None = None
    trace: Trace | None = None

    @property
    def badge(self) -> str:
        """The note of its mark, or else the number of its visits."""
        return self.mark.note if self.mark else str(self.visits or "")


@dataclass(frozen=True, slots=True)
class Figure(Part):
    """A vertex that is drawn as one shape; or the function that undoes the vertex `undoes`."""

    undoes: str | None = None
    forks: bool = False
    ways_in: int = 0
    cut: int = 0
    """How many of its ways are not drawn, since only a part of the graph is."""

    @property
    def kind(self) -> FigureKind:
        """The kind of its vertex, or `undo` or `missing`."""
        return self.vertex.kind if self.vertex else "missing" if self.undoes is None else "undo"


@dataclass(frozen=True, slots=True)
class Group(Part):
    """A frame around figures: a vertex whose child is drawn inside it, or a region.

    `first` and `last` are members: edges into the group are laid to the one, edges out
    of it from the other.
    """

    kind: GroupKind = "subgraph"
    region: Region | None = None
    first: str = ""
    last: str = ""


@dataclass(frozen=True, slots=True)
class Arrow:
    """A way from one figure or group to another; `note` is what stands on it."""

    id: str
    source: str
    target: str
    kind: ArrowKind
    key: Key
    note: str = ""
    label: str | None = None
    taken: int | None = None
    mark: Mark | None = None
    order: tuple[int, ...] = ()


@dataclass(frozen=True)
class Diagram:
    """Everything that is drawn of one graph and of the graphs inside it."""

    graph: FrozenGraph
    figures: tuple[Figure, ...]
    groups: tuple[Group, ...]
    arrows: tuple[Arrow, ...]
    counted: bool = False
    marks: Marks | None = None
    caption: str = ""
    """What stands below the name: which run it is."""

    @cached_property
    def parts(self) -> tuple[Figure | Group, ...]:
        """The figures, then the groups."""
        return (*self.figures, *self.groups)

    @cached_property
    def parents(self) -> dict[str, str | None]:
        """The group around each figure and each group."""
        return {part.id: part.parent for part in self.parts}

    def around(self, part: str) -> list[str]:
        """Return the groups around a figure or group, the innermost first."""
        return around(part, self.parents)

    def nested(self) -> Iterator[tuple[str, Figure | Group | None]]:
        """Yield each part as it is nested, with blanks as deep; None is the end of a group."""
        inside: dict[str | None, list[Figure | Group | None]] = {}
        for one in reversed(self.parts):
            inside.setdefault(one.parent, []).append(one)
        waiting, depth = inside.get(None, []), 1
        while waiting:
            part = waiting.pop()
            depth -= part is None
            yield "  " * depth, part
            if isinstance(part, Group):
                depth += 1
                waiting += [None, *inside.get(part.id, ())]

    @cached_property
    def coverage(self) -> str:
        """How much of it runs came to: of what runs something, and of the edges."""
        ran = [part.visits for part in self.parts if part.vertex and part.vertex.kind not in SILENT]
        taken = [arrow.taken for arrow in self.arrows if arrow.kind != "undo"]
        vertices, edges = sum(map(bool, ran)), sum(map(bool, taken))
        return f"{vertices} of {len(ran)} vertices and {edges} of {len(taken)} edges"

    def ends(self, arrow: Arrow, *, back: bool = False) -> tuple[str, str]:
        """Return the figures at both ends of an arrow: of a group its last and its first one.

        A line against the flow leaves a group at its first figure and enters at its last,
        so that it does not run through the whole of it.
        """
        source, target = self.group.get(arrow.source), self.group.get(arrow.target)
        turned = back and arrow.source != arrow.target
        leaving = (source.first if turned else source.last) if source else arrow.source
        entering = (target.last if turned else target.first) if target else arrow.target
        return leaving, entering

    @cached_property
    def group(self) -> dict[str, Group]:
        """The groups by their ids."""
        return {group.id: group for group in self.groups}

    def is_within(self, arrow: Arrow) -> bool:
        """Say whether one end of an arrow is, or lies in, the group at its other end."""
        ends = {arrow.source, arrow.target}
        inside = {arrow.source, *self.around(arrow.source)} & {
            arrow.target,
            *self.around(arrow.target),
        }
        return not ends.isdisjoint(inside)


def diagram_of(
    graph: FrozenGraph, counts: Counts | None = None, *, folded: AbstractSet[str] = frozenset()
) -> Diagram:
    """Say what is drawn of `graph`, with the counts of a run when there are any.

    `folded` are the paths of the vertices whose graph inside is not drawn.
    """
    builder = _Builder(counts or Counts(), folded)
    waiting = [_Level(graph, "", None)]
    for level in waiting:
        waiting += builder.add_level(level)
    return builder.finished(graph)


def short_name(qualified: str) -> str:
    """Return the last part of a qualified name: the class or function without its module."""
    return qualified.rpartition(":")[2].rpartition(".")[2] or qualified


@dataclass(frozen=True, slots=True)
class _Level:
    """One graph that waits to be added, the path in front of its names, the group it is in."""

    graph: FrozenGraph
    path: str
    parent: str | None


class _Builder:
    """What has been found so far, over all levels."""

    def __init__(self, counts: Counts, folded: AbstractSet[str]) -> None:
        self._counts = counts
        self._folded = folded
        self._overlay = counts.overlay or Overlay()
        self._numbers: dict[str, int] = {}
        self._figures: list[Figure] = []
        self._groups: dict[str, Group] = {}
        self._ends: dict[str, tuple[str, str]] = {}
        self._arrows: list[Arrow] = []

    def add_level(self, level: _Level) -> Iterator[_Level]:
        """Add the vertices, regions and edges of one graph; yield the graphs inside it."""
        regions = self._regions(level)
        known: dict[str, str] = {}
        for vertex in level.graph.vertices:
            parent = regions.home.get(vertex.name, level.parent)
            child = vertex.child
            is_folded = f"{level.path}{vertex.name}" in self._folded
            if child is not None and _has_parts(child) and not is_folded:
                added = self._add_frame(level, vertex, parent)
                yield _Level(child, f"{level.path}{vertex.name}/", added)
            else:
                added = self._add_figure(level, vertex.name, vertex, parent)
            known.setdefault(vertex.name, added)
        for group, members in regions.framed:
            # Marks are on vertices and edges: a frame that stands for neither steps back.
            mark = None if self._counts.marks is None else UNSEEN
            self._groups[group.id] = replace(group, mark=mark)
            self._ends[group.id] = (known[members[0]], known[members[-1]])
        self._arrows += _Ways(self, level, known, regions).arrows()
        if level.parent is not None:
            names = list(known)
            self._ends[level.parent] = (
                known.get(START, known[names[0]]),
                known.get(END, known[names[-1]]),
            )

    def finished(self, graph: FrozenGraph) -> Diagram:
        """Give the diagram; a group learns which figures stand for it."""
        groups = [
            replace(group, first=self._figure_at(group.id, 0), last=self._figure_at(group.id, 1))
            for group in self._groups.values()
        ]
        return Diagram(
            graph=graph,
            figures=tuple(self._figures),
            groups=tuple(groups),
            arrows=tuple(self._arrows),
            counted=self._counts != Counts(marks=self._counts.marks),
            marks=self._counts.marks,
            caption=self._overlay.caption,
        )

    def _figure_at(self, part: str, side: int) -> str:
        while part in self._ends:
            part = self._ends[part][side]
        return part

    def missing(self, level: _Level, name: str) -> str:
        """Add a figure for a name that no vertex has."""
        return self._add_figure(level, name, None, level.parent)

    def new_id(self, prefix: str, text: str) -> str:
        """Make an id that no other part has, readable where the name is."""
        slug = _NO_SLUG.sub("-", text[:60])
        wanted = f"{prefix}-{slug}"
        number = self._numbers[wanted] = self._numbers.get(wanted, 0) + 1
        # A slug has no dot, so that what is made here can never be made another way.
        return wanted if number == 1 else f"{wanted}.{number}"

    def taken(self, key: Key) -> int | None:
        """Return how often an edge was taken, None when nobody counted."""
        return None if self._counts.taken is None else self._counts.taken.get(key, 0)

    def undone(self, key: Key) -> int | None:
        """Return how often an undo ran: counts that are given alone say nothing of undos."""
        return None if self._counts.overlay is None else self.taken(key)

    def order(self, key: Key) -> tuple[int, ...]:
        """Return when an edge was taken, counted in ways; nothing when nobody numbered them."""
        return tuple(self._overlay.order.get(key, ()))

    def edge_mark(self, key: Key) -> Mark | None:
        """Return what is marked on an edge, None when nothing is."""
        return None if self._counts.marks is None else self._counts.marks.edge(key)

    def _regions(self, level: _Level) -> "_Regions":
        regions = _Regions(level.parent)
        for region in sorted(level.graph.regions, key=lambda region: -len(set(region.members))):
            members = [name for name in region.members if name in level.graph.vertex]
            if regions.fits(members):
                path = f"{level.path}{region.name}"
                regions.add(region, members, self.new_id("r", path), path)
        return regions

    def _add_figure(
        self, level: _Level, name: str, vertex: Vertex | None, parent: str | None
    ) -> str:
        outs = level.graph.outs.get(name, ())
        figure = Figure(
            *self._part("n", level, name, vertex, parent),
            forks=sum(edge.label is None and not edge.unsure for edge in outs) > 1,
            ways_in=len(level.graph.ins.get(name, ())),
        )
        self._figures.append(figure)
        return figure.id

    def undo(self, level: _Level, vertex: Vertex, parent: str | None) -> str:
        """Add a figure for what undoes a vertex."""
        path, name = f"{level.path}undo {vertex.name}", f"undo {short_name(vertex.undo)}"
        new, owner = self.new_id("u", path), f"{level.path}{vertex.name}"
        mark = None if self._counts.marks is None else UNSEEN
        ran = self.undone((owner, path, vertex.undo))
        trace = self._overlay.traces.get(path)
        figure = Figure(new, path, name, parent, None, ran, mark, trace, undoes=owner)
        self._figures.append(figure)
        return new

    def _add_frame(self, level: _Level, vertex: Vertex, parent: str | None) -> str:
        kind: GroupKind = "each" if vertex.kind == "each" else "subgraph"
        group = Group(*self._part("c", level, vertex.name, vertex, parent), kind=kind)
        self._groups[group.id] = group
        return group.id

    def _part(
        self, prefix: str, level: _Level, name: str, vertex: Vertex | None, parent: str | None
    ) -> tuple[str, str, str, str | None, Vertex | None, int | None, Mark | None, Trace | None]:
        path = f"{level.path}{name}"
        mark = None if self._counts.marks is None else self._counts.marks.vertex(path)
        visits, trace = self._visits(level, name, vertex), self._overlay.traces.get(path)
        return self.new_id(prefix, path), path, name, parent, vertex, visits, mark, trace

    def _visits(self, level: _Level, name: str, vertex: Vertex | None) -> int | None:
        """Count the visits; what runs nothing may only be known by the edges that were taken."""
        path = f"{level.path}{name}"
        visits = self._counts.visits
        if visits is not None and path in visits:
            return visits[path]
        if vertex is None or vertex.kind in SILENT:
            return self._passed(level, name)
        return None if visits is None else 0

    def _passed(self, level: _Level, name: str) -> int | None:
        counted = self._counts.taken
        if counted is None:
            return None
        ways = [
            sum(counted.get(_key(level, edge), 0) for edge in side[name])
            for side in (level.graph.ins, level.graph.outs)
            if name in side
        ]
        return min((count for count in ways if count), default=0)


class _Regions:
    """The regions of one graph that can be drawn as frames, and where each vertex then lies."""

    def __init__(self, parent: str | None) -> None:
        self.home: dict[str, str] = {}
        self.framed: list[tuple[Group, list[str]]] = []
        self._parent = parent

    def fits(self, members: list[str]) -> bool:
        """Say whether a frame helps, and lies wholly inside or outside of the others."""
        return len(set(members)) > 1 and len({self.home.get(name) for name in members}) == 1

    def add(self, region: Region, members: list[str], id: str, path: str) -> None:
        """Draw a frame around `members`; larger regions must have come before."""
        parent = self.home.get(members[0], self._parent)
        group = Group(id, path, region.name, parent, None, kind=region.kind, region=region)
        self.framed.append((group, members))
        self.home.update(dict.fromkeys(members, id))


class _Ways:
    """The arrows of one graph; finds what they name, and adds what is missing."""

    def __init__(
        self, builder: _Builder, level: _Level, known: dict[str, str], regions: _Regions
    ) -> None:
        self._builder = builder
        self._level = level
        self._known = known
        self._framed = {id(group.region): group.id for group, _ in regions.framed}
        self._home = regions.home

    def arrows(self) -> Iterator[Arrow]:
        """Yield the edges, then the ways past a bound, those into a handler, and to what undoes."""
        for edge in self._level.graph.edges:
            yield self._edge(edge)
        for vertex in self._level.graph.vertices:
            if vertex.bound is not None and vertex.bound.then is not None:
                note = f"after {vertex.bound.at_most}"
                yield self._arrow(vertex.name, vertex.bound.then, "then", note, "then")
        for region in self._level.graph.regions:
            if region.kind == "catch" and region.target is not None:
                yield self._catch(region, region.target)
        for vertex in self._level.graph.vertices:
            if vertex.undo:
                parent = self._home.get(vertex.name, self._level.parent)
                target = self._builder.undo(self._level, vertex, parent)
                names = vertex.name, f"undo {vertex.name}"
                yield self._arrow(*names, "undo", "", vertex.undo, target_id=target)

    def _edge(self, edge: Edge) -> Arrow:
        if edge.unsure:
            return self._arrow(edge.source, edge.target, "unsure", self._unsure(edge), "unsure")
        if edge.label is None:
            return self._arrow(edge.source, edge.target, "plain", "", None)
        return self._arrow(edge.source, edge.target, "branch", visible(edge.label), edge.label)

    def _unsure(self, edge: Edge) -> str:
        source = self._level.graph.vertex.get(edge.source)
        if source is None or source.kind not in CHOICES or source.at_least <= 0:
            return "unsure"
        return f"unsure (under {source.at_least:g})"

    def _catch(self, region: Region, handler: str) -> Arrow:
        names = ", ".join(shown(short_name(name)) for name in region.catches) or "any error"
        members = [name for name in region.members if name in self._known]
        source = self._framed.get(id(region))
        if source is None:
            source = self._find(members[-1] if members else region.name)
            if len(members) > 1:
                names = f"{names} in {', '.join(map(shown, members))}"
        arrow = self._arrow(region.name, handler, "catch", names, "catch", source_id=source)
        return replace(arrow, label=", ".join(region.catches))

    def _arrow(
        self,
        source: str,
        target: str,
        kind: ArrowKind,
        note: str,
        label: str | None,
        *,
        source_id: str | None = None,
        target_id: str | None = None,
    ) -> Arrow:
        path = self._level.path
        key = (f"{path}{source}", f"{path}{target}", label)
        return Arrow(
            id=self._builder.new_id("e", "--".join([key[0], key[1], *([label] if label else [])])),
            source=source_id or self._find(source),
            target=target_id or self._find(target),
            kind=kind,
            key=key,
            note=note,
            label=label,
            taken=(self._builder.undone if kind == "undo" else self._builder.taken)(key),
            mark=self._builder.edge_mark(key),
            order=self._builder.order(key),
        )

    def _find(self, name: str) -> str:
        if name not in self._known:
            self._known[name] = self._builder.missing(self._level, name)
        return self._known[name]


def _has_parts(graph: FrozenGraph) -> bool:
    """Say whether anything of a graph would be drawn; a faulty one may be empty."""
    handled = any(region.kind == "catch" and region.target is not None for region in graph.regions)
    return bool(graph.vertices or graph.edges or handled)


def _key(level: _Level, edge: Edge) -> Key:
    label = "unsure" if edge.unsure else edge.label
    return f"{level.path}{edge.source}", f"{level.path}{edge.target}", label
