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
from collections.abc import Iterator
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Literal

from agentgraph.graph import CHOICES, END, START, Edge, FrozenGraph, Region, Vertex, VertexKind
from agentgraph.render.layout import around, nested
from agentgraph.render.lettering import shown, visible
from agentgraph.render.marks import Key, Mark, Marks
from agentgraph.render.overlay import Trace
from agentgraph.render.ranks import against

FigureKind = VertexKind | Literal["missing", "undo"]
ArrowKind = Literal["plain", "branch", "unsure", "then", "catch", "undo"]
GroupKind = Literal["subgraph", "each", "catch", "loop", "quorum"]


_NO_SLUG = re.compile("[^A-Za-z0-9]")
SILENT: frozenset[VertexKind] = frozenset({"start", "end", "join", "gateway"})
"""The kinds that run nothing."""


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
    trace: Trace = field(default_factory=Trace)

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
        part, depth = {one.id: one for one in self.parts}, 1
        for name in nested(self.group, self.parents):
            depth -= name is None
            yield "  " * depth, None if name is None else part[name]
            depth += name in self.group

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
    def against(self) -> list[bool]:
        """Say of each arrow whether it leads against the flow."""
        number = {figure.id: index for index, figure in enumerate(self.figures)}
        ends = [self.ends(arrow) for arrow in self.arrows]
        return against(len(number), [(number[source], number[target]) for source, target in ends])

    @cached_property
    def group(self) -> dict[str, Group]:
        """The groups by their ids."""
        return {group.id: group for group in self.groups}

    def is_within(self, arrow: Arrow) -> bool:
        """Say whether one end of an arrow is, or lies in, the group at its other end."""
        ends = {arrow.source, arrow.target}
        one, other = ({end, *self.around(end)} for end in (arrow.source, arrow.target))
        return not ends.isdisjoint(one & other)


def diagram_of(graph: FrozenGraph, *, folded: AbstractSet[str] = frozenset()) -> Diagram:
    """Say what is drawn of `graph`; `folded` are the vertices whose graph inside is not."""
    builder = _Builder(folded)
    waiting = [_Level(builder, graph, "", None)]
    for level in waiting:
        waiting += level.added()
    return builder.finished(graph)


def short_name(qualified: str) -> str:
    """Return the last part of a qualified name: the class or function without its module."""
    return qualified.rpartition(":")[2].rpartition(".")[2] or qualified


class _Builder:
    """What has been found so far, over all levels."""

    def __init__(self, folded: AbstractSet[str]) -> None:
        self.folded = folded
        self.figures: list[Figure] = []
        self.groups: list[Group] = []
        self.arrows: list[Arrow] = []
        self.ends: dict[str, tuple[str, str]] = {}
        """The members of each group that edges into it lead to, and edges out of it from."""
        self._numbers: dict[str, int] = {}

    def new_id(self, prefix: str, text: str) -> str:
        """Make an id that no other part has, readable where the name is."""
        slug = _NO_SLUG.sub("-", text[:60])
        wanted = f"{prefix}-{slug}"
        number = self._numbers[wanted] = self._numbers.get(wanted, 0) + 1
        # A slug has no dot, so that what is made here can never be made another way.
        return wanted if number == 1 else f"{wanted}.{number}"

    def finished(self, graph: FrozenGraph) -> Diagram:
        """Give the diagram; a group learns which figures stand for it."""
        groups = [
            replace(group, first=self._figure_at(group.id, 0), last=self._figure_at(group.id, 1))
            for group in self.groups
        ]
        return Diagram(graph, tuple(self.figures), tuple(groups), tuple(self.arrows))

    def _figure_at(self, part: str, side: int) -> str:
        while part in self.ends:
            part = self.ends[part][side]
        return part


class _Level:
    """One graph that is added, the path in front of its names, the group it is in."""

    def __init__(
        self, builder: _Builder, graph: FrozenGraph, path: str, parent: str | None
    ) -> None:
        self._builder = builder
        self._graph = graph
        self._path = path
        self._parent = parent
        self._known: dict[str, str] = {}
        """What stands for each name: a figure or a group."""
        self._home: dict[str, str] = {}
        """The frame of a region around each vertex that is in one."""
        self._framed: dict[int, str] = {}

    def added(self) -> Iterator["_Level"]:
        """Add the vertices, regions and edges; yield the graphs inside."""
        builder, known, frames = self._builder, self._known, list(self._frames())
        for vertex in self._graph.vertices:
            path, child = f"{self._path}{vertex.name}", vertex.child
            if child is not None and _has_parts(child) and path not in builder.folded:
                kind: GroupKind = "each" if vertex.kind == "each" else "subgraph"
                builder.groups.append(Group(*self._part("c", vertex.name, vertex), kind=kind))
                added = builder.groups[-1].id
                yield _Level(builder, child, f"{path}/", added)
            else:
                added = self._figure(vertex.name, vertex)
            known.setdefault(vertex.name, added)
        for group, members in frames:
            builder.groups.append(group)
            builder.ends[group.id] = (known[members[0]], known[members[-1]])
        builder.arrows += self._arrows()
        if self._parent is not None:
            parts = list(known.values())
            builder.ends[self._parent] = known.get(START, parts[0]), known.get(END, parts[-1])

    def _frames(self) -> Iterator[tuple[Group, list[str]]]:
        """Yield a frame for each region that lies wholly inside or outside of the others."""
        graph = self._graph
        for region in sorted(graph.regions, key=lambda region: -len(set(region.members))):
            members = [name for name in region.members if name in graph.vertex]
            if len(set(members)) > 1 and len({self._home.get(name) for name in members}) == 1:
                path = f"{self._path}{region.name}"
                parent = self._home.get(members[0], self._parent)
                new = self._builder.new_id("r", path)
                self._framed[id(region)] = new
                self._home.update(dict.fromkeys(members, new))
                head = (new, path, region.name, parent, None)
                yield Group(*head, kind=region.kind, region=region), members

    def _part(
        self, prefix: str, name: str, vertex: Vertex | None
    ) -> tuple[str, str, str, str | None, Vertex | None]:
        path = f"{self._path}{name}"
        parent = self._home.get(name, self._parent)
        return self._builder.new_id(prefix, path), path, name, parent, vertex

    def _figure(self, name: str, vertex: Vertex | None) -> str:
        outs = self._graph.outs.get(name, ())
        figure = Figure(
            *self._part("n", name, vertex),
            forks=sum(edge.label is None and not edge.unsure for edge in outs) > 1,
            ways_in=len(self._graph.ins.get(name, ())),
        )
        self._builder.figures.append(figure)
        return figure.id

    def _arrows(self) -> Iterator[Arrow]:
        """Yield the edges, then the ways past a bound, those into a handler, and to what undoes."""
        for edge in self._graph.edges:
            yield self._edge(edge)
        for vertex in self._graph.vertices:
            if vertex.bound is not None and vertex.bound.then is not None:
                way = (vertex.name, vertex.bound.then, "then")
                yield self._arrow(way, "then", f"after {vertex.bound.at_most}")
        for region in self._graph.regions:
            if region.kind == "catch" and region.target is not None:
                yield self._catch(region, region.target)
        for vertex in self._graph.vertices:
            if vertex.undo:
                yield self._undo(vertex)

    def _edge(self, edge: Edge) -> Arrow:
        if edge.unsure:
            return self._arrow((edge.source, edge.target, "unsure"), "unsure", self._unsure(edge))
        way = (edge.source, edge.target, edge.label)
        if edge.label is None:
            return self._arrow(way, "plain", "")
        return self._arrow(way, "branch", visible(edge.label))

    def _unsure(self, edge: Edge) -> str:
        source = self._graph.vertex.get(edge.source)
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
        arrow = self._arrow((region.name, handler, "catch"), "catch", names, source=source)
        return replace(arrow, label=", ".join(region.catches))

    def _undo(self, vertex: Vertex) -> Arrow:
        """Add a figure for what undoes a vertex, and return the arrow to it."""
        name, path = f"undo {vertex.name}", f"{self._path}undo {vertex.name}"
        new, short = self._builder.new_id("u", path), f"undo {short_name(vertex.undo)}"
        parent, owner = self._home.get(vertex.name, self._parent), f"{self._path}{vertex.name}"
        self._builder.figures.append(Figure(new, path, short, parent, None, undoes=owner))
        return self._arrow((vertex.name, name, vertex.undo), "undo", "", target=new)

    def _arrow(
        self, way: Key, kind: ArrowKind, note: str, *, source: str = "", target: str = ""
    ) -> Arrow:
        """Make an arrow by the names at its ends; `source` and `target` are what stands for them."""
        key = (self._path + way[0], self._path + way[1], way[2])
        new = self._builder.new_id("e", "--".join([*key[:2], *filter(None, key[2:])]))
        ends = (source or self._find(way[0]), target or self._find(way[1]))
        return Arrow(new, *ends, kind, key, note, way[2])

    def _find(self, name: str) -> str:
        """Return what stands for a name; where no vertex has it, that is a figure of its own."""
        if name not in self._known:
            self._known[name] = self._figure(name, None)
        return self._known[name]


def _has_parts(graph: FrozenGraph) -> bool:
    """Say whether anything of a graph would be drawn; a faulty one may be empty."""
    handled = any(region.kind == "catch" and region.target is not None for region in graph.regions)
    return bool(graph.vertices or graph.edges or handled)
