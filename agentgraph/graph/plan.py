"""A graph with its names resolved, so that a step needs no look-up; not a running thing.

A plan is made once for a graph and shared by all its runs. It holds a `Site` for each
vertex and a `Way` for each edge, also for those that the graph only implies: into a
handler, and past a bound.
"""

from collections.abc import Iterable
from typing import Any, Literal

from agentgraph.errors import Move
from agentgraph.graph.definition import CHOICES, Edge, FrozenGraph, Region, Vertex, VertexKind

Verb = Literal["run", "choose", "poll", "ask", "list", "enter"]
_VERBS: dict[VertexKind, Verb] = {
    "node": "run",
    "classifier": "choose",
    "human": "ask",
    "form": "ask",
    "consensus": "poll",
    "each": "list",
    "subgraph": "enter",
}
NEVER = 1 << 62
"""So many tokens never come."""


class Site:
    """A vertex of a plan, linked to what it leads to."""

    __slots__ = (
        "answers", "areas", "at_least", "at_most", "catches", "handle", "index", "inner", "labels",
        "name", "need", "only", "outs", "path", "places", "then", "unsure", "verb", "vertex",
    )  # fmt: skip

    def __init__(self, vertex: Vertex, index: int, path: str) -> None:
        """Start without ways; `plan` adds them when every site exists."""
        self.vertex: Vertex = vertex
        self.index: int = index
        self.name: str = vertex.name
        self.path: str = path
        self.verb: Verb | None = _VERBS.get(vertex.kind)
        """How the vertex begins its work; None: it has none."""
        self.outs: tuple[Way, ...] = ()
        self.only: Way | None = None
        """The single way on from a node: the hot path."""
        self.labels: dict[str, Way] = {}
        self.answers: tuple[str, ...] = ()
        """The labels alone, which hold nothing else."""
        self.unsure: Way | None = None
        self.places: int = 0
        """Of a join: how many ways lead in."""
        self.need: int = 0
        """Of a join: how many tokens it takes; END of the whole graph never has enough."""
        self.at_most: int | None = vertex.bound.at_most if vertex.bound else None
        self.at_least: float = vertex.at_least
        self.then: Way | None = None
        self.areas: tuple[Area, ...] = ()
        """All regions that hold this site, the innermost first."""
        self.catches: tuple[Area, ...] = ()
        self.inner: Plan | None = None
        self.handle: Any = None
        """Whatever the driver keeps here; the machine never looks at it."""

    def __repr__(self) -> str:
        return f"Site({self.path!r})"


class Way:
    """An edge of a plan: where it leads, which regions it enters, which counts it sets back."""

    __slots__ = ("enters", "is_plain", "is_to_rest", "key", "place", "resets", "site")

    def __init__(self, site: Site, place: int, key: Move) -> None:
        """Take the target, the place of a join (else 0), and source, target and label."""
        self.site: Site = site
        self.place: int = place
        self.key: Move = key
        self.enters: tuple[Area, ...] = ()
        self.resets: tuple[Site, ...] = ()
        self.is_plain: bool = False
        """It leads to a node or classifier, and nothing but a count can be in the way."""
        self.is_to_rest: bool = False
        """It does no more than lead to a join that waits for all, or to END of the whole graph."""


class Area:
    """A region of a plan: its sites, and the way out that it implies."""

    __slots__ = ("catches", "index", "kind", "members", "name", "target", "way")

    def __init__(self, region: Region, index: int, members: frozenset[Site]) -> None:
        """Take the region and its sites; `plan` adds the way to the handler."""
        self.name: str = region.name
        self.kind = region.kind
        self.index: int = index
        self.members: frozenset[Site] = members
        self.catches: frozenset[str] = frozenset(region.catches)
        self.target: str | None = region.target
        self.way: Way | None = None


class Plan:
    """A graph ready to run: its sites by name, and where it starts."""

    __slots__ = ("areas", "entry", "graph", "path", "sites")

    def __init__(self, graph: FrozenGraph, path: str) -> None:
        """Take the graph and the path in front of its names, `""` or `"inbox/"`."""
        self.graph: FrozenGraph = graph
        self.path: str = path
        self.sites: dict[str, Site] = {}
        self.areas: tuple[Area, ...] = ()
        self.entry: Site


def make_plan(graph: FrozenGraph, *, path: str = "") -> Plan:
    """Resolve the names of `graph`, which must be sound, and of the graphs inside it."""
    root = Plan(graph, path)
    waiting = [root]
    for made in waiting:
        _fill(made)
        for site in made.sites.values():
            if site.vertex.child is not None:
                site.inner = Plan(site.vertex.child, f"{site.path}/")
                waiting.append(site.inner)
    return root


def _fill(made: Plan) -> None:
    graph = made.graph
    for index, vertex in enumerate(graph.vertices):
        made.sites[vertex.name] = Site(vertex, index, made.path + vertex.name)
    made.entry = made.sites["START"]
    _add_areas(made)
    joins = [vertex.name for vertex in graph.vertices if vertex.kind == "join"]
    # By identity: two equal edges into one join are two places.
    places = {id(edge): place for join in joins for place, edge in enumerate(graph.ins[join])}
    for name, edges in graph.outs.items():
        _add_ways(made, made.sites[name], edges, places)
    for site in made.sites.values():
        _finish_site(made, site)
    for area, region in zip(made.areas, graph.regions, strict=True):
        if area.kind == "catch" and region.target is not None:
            area.way = _way(made, region.target, 0, (area.name, region.target, "catch"))
            _cross(area.way, next(iter(area.members)).areas, outside_of=area)


def _add_areas(made: Plan) -> None:
    made.areas = tuple(
        Area(region, index, _members(made, region))
        for index, region in enumerate(made.graph.regions)
    )
    # A region inside another has fewer members, so the smaller one is the inner one.
    for area in sorted(made.areas, key=lambda area: (len(area.members), -area.index)):
        for site in area.members:
            site.areas = (*site.areas, area)
            if area.kind == "catch":
                site.catches = (*site.catches, area)


def _members(made: Plan, region: Region) -> frozenset[Site]:
    """Return the sites of a region; a race holds its join, where its losers may rest."""
    names = set(region.members)
    if region.kind == "quorum" and region.target is not None:
        names.add(region.target)
    return frozenset(made.sites[name] for name in names)


def _add_ways(made: Plan, site: Site, edges: Iterable[Edge], places: dict[int, int]) -> None:
    plain: list[Way] = []
    for edge in edges:
        label = "unsure" if edge.unsure else edge.label
        way = _way(made, edge.target, places.get(id(edge), 0), (site.name, edge.target, label))
        _cross(way, site.areas)
        if edge.unsure:
            site.unsure = way
        elif edge.label is not None and site.vertex.kind in CHOICES:
            site.labels[edge.label] = way
            site.answers = tuple(site.labels)
        else:
            plain.append(way)
    site.outs = tuple(plain)


def _finish_site(made: Plan, site: Site) -> None:
    bound = site.vertex.bound
    if bound is not None and bound.then is not None:
        site.then = _way(made, bound.then, 0, (site.name, bound.then, "then"))
        _cross(site.then, site.areas)
    site.places = len(made.graph.ins[site.name])
    site.need = NEVER if _is_last(site) else site.vertex.need or site.places
    if site.verb == "run" and len(site.outs) == 1 and not site.vertex.undo:
        site.only = site.outs[0]


def _way(made: Plan, target: str, place: int, key: Move) -> Way:
    source, end, label = key
    return Way(made.sites[target], place, (made.path + source, made.path + end, label))


def _cross(way: Way, left: tuple[Area, ...], *, outside_of: Area | None = None) -> None:
    """Note what a token that takes `way` enters, coming from a site inside the areas `left`."""
    from_areas = {area for area in left if area is not outside_of}
    entered = [area for area in way.site.areas if area not in from_areas]
    way.enters = tuple(area for area in entered if area.kind != "loop")
    loops = {area.name: area for area in entered if area.kind == "loop"}
    way.resets = tuple(
        site
        for area in loops.values()
        for site in sorted(area.members, key=lambda member: member.index)
        if site.vertex.bound is not None and site.vertex.bound.loop == area.name
    )
    is_bare = not way.enters and not way.resets
    way.is_plain = is_bare and way.site.verb in {"run", "choose"}
    is_join = way.site.vertex.kind == "join" and way.site.vertex.need is None
    way.is_to_rest = is_bare and (is_join or _is_last(way.site))


def _is_last(site: Site) -> bool:
    """Say whether a site is END of the whole graph, and not of one inside it."""
    return site.vertex.kind == "end" and site.path == site.name
