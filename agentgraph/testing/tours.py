"""The fewest runs that together take every edge of a graph; nothing of it runs.

Rules of this file:

1. A run is played one token at a time: a branch goes on to its join before the next one does, so
   a run is a walk from marking to marking, also where it forks. Inside a race any may go first.
2. The walks are those of the postman who walks each street of a town of one-way streets at least
   once and comes home (Edmonds and Johnson, "Matching, Euler tours and the Chinese postman",
   Mathematical Programming 5, 1973): a flow of least cost says how often each edge is taken, and
   an Eulerian circuit says in which order. From END an edge leads back to START: the next run.
3. A postman knows no bound. Where a loop would be gone round too often, the walk goes to END, and
   a further run begins. So without bounds in the way no fewer runs will do, and no fewer steps.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import chain
from typing import Any, NamedTuple, TypeAlias

import networkx as nx  # noqa: TID253 - nobody imports this module but who asks for a tour

from agentgraph.errors import InvalidGraph, Move, NotAvailable, Step
from agentgraph.graph import FrozenGraph
from agentgraph.graph.plan import Area, Site, Way, make_plan
from agentgraph.verify import verify
from agentgraph.verify.stand import caught
from agentgraph.verify.ways import deepest_first
from agentgraph.workflow import Workflow

Marking: TypeAlias = frozenset[tuple[Site, int]]
Counts: TypeAlias = dict[Site, int]
MARKINGS_MAX = 50_000
"""A graph of more markings, such as a race of many long branches, has no tour."""


@dataclass(frozen=True, slots=True)
class Walk:
    """One run from START to END: what completes, one after the other, and the edges it takes."""

    steps: tuple[Step, ...]
    moves: tuple[Move, ...]

    def inside(self, at: str, path: str) -> "Walk":
        """Return it as a part of the run of another graph: `at` its run, `path` where it stands."""
        return Walk(
            tuple(step._replace(vertex=at + step.vertex) for step in self.steps),
            tuple((path + source, path + target, label) for source, target, label in self.moves),
        )


@dataclass(frozen=True, slots=True)
class Tour:
    """Runs that together take every edge, and edges to which no run was found within the bounds."""

    walks: tuple[Walk, ...]
    missed: tuple[Move, ...] = ()


class _Arc(NamedTuple):
    """A vertex completes: from one marking to the next, along some ways at once."""

    source: Marking
    target: Marking
    site: Site
    step: Step | None
    ways: tuple[Way, ...]
    over: Site | None = None
    """The bound that leads elsewhere, which it does only when it is full."""

    is_calm: bool = True
    """Nothing fails."""


class _Run:
    """What a run has taken, and how often it has reached each bounded vertex."""

    def __init__(self, start: Marking) -> None:
        self.at = start
        self.arcs: list[_Arc] = []
        self.counts: Counts = {}

    def takes(self, arc: _Arc) -> bool:
        """Go on by an arc; False: a bound is in the way."""
        counts = after(self.counts, arc)
        if counts is None:
            return False
        self.at, self.counts = arc.target, counts
        self.arcs.append(arc)
        return True


def tour(graph: Workflow[Any, Any] | FrozenGraph) -> Tour:
    """Return the fewest runs that together take every edge at least once.

    Edges into a handler and past a bound count as well: a step of such a run fails, or goes round
    the loop as often as it may. Raises `InvalidGraph` for a graph that is not sound.
    """
    found = graph if isinstance(graph, FrozenGraph) else graph.graph
    errors = verify(found).errors
    if errors:
        raise InvalidGraph(found.name, errors)
    return _toured(found)


def _toured(graph: FrozenGraph) -> Tour:
    inner = {v.name: _toured(v.child) for v in graph.vertices if v.child is not None}
    net = _Net(graph)
    enters = [v.name for v in graph.vertices if v.kind == "subgraph"]
    runs = net.play(net.circuit({name: len(inner[name].walks) for name in enters}))
    left = net.keys(chain(*net.outs.values())) - net.keys(chain(*runs))
    for arc in chain(*net.outs.values()):  # What a bound was in the way of has a run of its own.
        if left & net.keys([arc]):
            runs += net.play([arc])
            left -= net.keys(chain(*runs[-1:]))
    visits = Counter[str]()
    walks = tuple(_walk(run, inner, visits) for run in runs)
    inside = [Walk((), each.missed).inside("", f"{n}/").moves for n, each in inner.items()]
    return Tour(walks, tuple(sorted(chain(left, *inside), key=repr)))


def _walk(run: list[_Arc], inner: Mapping[str, Tour], visits: Counter[str]) -> Walk:
    """Put what happens in the graphs inside between the steps of a run."""
    steps, moves = list[Step](), list[Move]()
    for arc in run:
        name, parts = arc.site.name, list[Walk]()
        if name in inner and arc.is_calm:
            walks, number = inner[name].walks, visits[name]
            visits[name] += 1
            if arc.site.verb == "enter":
                parts = [walks[number % len(walks)].inside(f"{name}/", f"{name}/")]
            elif not number:  # Each walk is an item of the list.
                parts = [w.inside(f"{name}/{i}/", f"{name}/") for i, w in enumerate(walks)]
        steps += [arc.step] if arc.step and (arc.site.verb != "enter" or not arc.is_calm) else []
        for part in parts:
            steps += part.steps
            moves += part.moves
        moves += [way.key for way in arc.ways]
    return Walk(tuple(steps), tuple(moves))


class _Net:
    """The markings of a graph, when one token moves at a time, and the arcs between them."""

    def __init__(self, graph: FrozenGraph) -> None:
        self.plan = make_plan(graph)
        self.start: Marking = frozenset({(self.plan.entry, 0)})
        self.final: Marking = frozenset({(self.plan.sites["END"], 0)})
        self.outs: dict[Marking, list[_Arc]] = {self.start: []}
        self.needed: list[_Arc] = []
        """For each edge the first arc that takes it: the nearest to START."""
        self._explore()

    @staticmethod
    def keys(arcs: Iterable[_Arc]) -> set[Move]:
        """Name the edges that are taken."""
        return {way.key for arc in arcs for way in arc.ways}

    def _explore(self) -> None:
        ranks, taken = _ranks(self.plan.entry), set[Move]()
        queue = [self.start]
        for marking in queue:
            self.outs[marking] = list(_arcs(marking, ranks))
            for arc in self.outs[marking]:
                is_first = arc.over and ranks[arc.site] < ranks[arc.over]
                if not taken >= self.keys([arc]) and not is_first:
                    self.needed.append(arc)
                    taken |= self.keys([arc])
                if arc.target not in self.outs:
                    self.outs[arc.target] = []
                    queue.append(arc.target)
            if len(queue) > MARKINGS_MAX:
                what = f"the graph has more than {MARKINGS_MAX:,} markings"
                fix = "put the branches of its races into workflows of their own"
                raise NotAvailable(what, where=f"tour of {self.plan.graph.name!r}", fix=fix)

    def circuit(self, visits: Mapping[str, int]) -> list[_Arc]:
        """Order arcs as they lie on the shortest round of the postman, run after run."""
        least = {arc: visits.get(arc.site.name, 1) if arc.is_calm else 1 for arc in self.needed}
        dear = 2 * len(self.outs) ** 2 * sum(least.values())
        home = self.needed[0]._replace(source=self.final, target=self.start)
        arcs = [home, *chain(*self.outs.values())]
        net: nx.MultiDiGraph[Marking] = nx.MultiDiGraph()
        net.add_nodes_from(self.outs, demand=0)
        town = defaultdict[Marking, list[_Arc]](list)
        for number, arc in enumerate(arcs):
            net.add_edge(*arc[:2], number, weight=self._price(arc) if number else dear)
        for arc, times in least.items():
            net.nodes[arc.source]["demand"] += times
            net.nodes[arc.target]["demand"] -= times
            town[arc.source] += [arc] * times
        flow = nx.network_simplex(net)[1]
        for number, arc in enumerate(arcs):
            town[arc.source] += [arc] * flow[arc.source][arc.target][number]
        way, round_ = [home], list[_Arc]()
        while way:  # An Eulerian circuit, from its end (Hierholzer 1873).
            if town[way[-1].target]:
                way.append(town[way[-1].target].pop(0))
            else:
                round_.append(way.pop())
        return [arc for arc in reversed(round_) if arc.source != self.final]

    def _price(self, arc: _Arc) -> int:
        return 1 if arc.is_calm and arc.over is None else len(self.outs)

    def play(self, wanted: Iterable[_Arc]) -> list[list[_Arc]]:
        """Take arcs in this order; where a bound is in the way the next run begins."""
        runs, run = list[list[_Arc]](), _Run(self.start)
        for arc in wanted:
            if arc.source != run.at or not self._takes(run, arc):
                runs += [self._ended(run.arcs)] if run.arcs else []
                run = self._begun(arc)
            if run.at == self.final:
                runs.append(run.arcs)
                run = _Run(self.start)
        return [*runs, self._ended(run.arcs)] if run.arcs else runs

    def _begun(self, arc: _Arc) -> _Run:
        """Lead a new run through an arc; or give up."""
        for free in (False, True):
            run, way = _Run(self.start), self._route(self.start, {}, arc.source, free=free)
            if way is not None and all(self._takes(run, each) for each in [*way, arc]):
                return run
        return _Run(self.start)

    def _takes(self, run: _Run, arc: _Arc) -> bool:
        """Go on by an arc, if need be after all rounds that a bound allows."""
        twins = [other for other in self.outs[arc.source] if other.ways == arc.ways[:-1]]
        for twin in twins[:1] * (arc.over.at_most or 0 if arc.over else 0):
            counts = after(run.counts, twin)
            if after(run.counts, arc) is None and counts is not None:
                back = self._route(twin.target, counts, arc.source)
                for each in [] if back is None else [twin, *back]:
                    run.takes(each)
        return run.takes(arc)

    def _ended(self, arcs: list[_Arc]) -> list[_Arc]:
        """Lead a run to END, if need be without what came last."""
        for length in range(len(arcs), -1, -1):
            run = _Run(self.start)
            if all(map(run.takes, arcs[:length])) and (
                way := self._route(run.at, run.counts, self.final)
            ):
                return [*arcs[:length], *way]
        raise AssertionError("a sound graph has a run")

    def _route(
        self, start: Marking, begun: Counts, goal: Marking, *, free: bool = False
    ) -> list[_Arc] | None:
        """Find the shortest way on: if can be without failures, and by no bound."""
        for errors, passes in [(False, False), (True, False), (True, True)][: 2 + free]:
            queue: list[tuple[Marking, Counts, list[_Arc]]] = [(start, begun, [])]
            seen = {start}
            for here, counts, way in queue:
                if here == goal:
                    return way
                for arc in self.outs[here]:
                    then = {} if passes else after(counts, arc)
                    if then is not None and arc.target not in seen and (errors or arc.is_calm):
                        seen.add(arc.target)
                        queue.append((arc.target, then, [*way, arc]))
        return None


def _ranks(entry: Site) -> dict[Site, int]:
    """Number the vertices as ways lead on: what comes later has the higher number."""

    def ahead(site: Site) -> list[Site]:
        sites = [way.site for _, ways, _ in _completions(site) for way in ways]
        return [*sites, *(each.then.site for each in sites if each.then)]

    return {site: -number for number, site in enumerate(deepest_first([entry], ahead))}


def _arcs(marking: Marking, ranks: Mapping[Site, int]) -> Iterator[_Arc]:
    """Let one vertex complete: the last one of those at work, or any one of a race."""
    places = Counter(site for site, _ in marking)
    ready = [
        site
        for site in sorted(places, key=lambda site: ranks[site])
        if site.vertex.kind != "end" and (site.vertex.kind != "join" or places[site] >= site.need)
    ]
    ready = [site for site in ready if site.verb is None][-1:] or ready  # These never wait.
    race = next((a.members for s in ready[-1:] for a in s.areas[::-1] if a.kind == "quorum"), None)
    for site in [site for site in ready if race and site in race] or ready[-1:]:
        for step, ways, area in _completions(site):
            gone = area.members if area else {site}
            left = frozenset(token for token in marking if token[0] not in gone)
            target = left | {(way.site, way.place) for way in ways}
            calm = step is None or not step.error
            arc = _Arc(marking, target, site, step, ways, None, calm)
            yield arc
            for way in ways:
                then = way.site.then
                if then is not None and way.site not in way.resets:
                    elsewhere = target - {(way.site, 0)} | {(then.site, then.place)}
                    yield arc._replace(target=elsewhere, ways=(*ways, then), over=way.site)


def _completions(site: Site) -> Iterator[tuple[Step | None, tuple[Way, ...], Area | None]]:
    """Yield how a vertex can complete: the ways it leads on, and the region it takes down."""
    for label, way in site.labels.items():
        yield Step(site.name, label), (way,), None
    if site.unsure:
        yield Step(site.name), (site.unsure,), None
    if site.outs:
        race = [a for a in site.areas if a.kind == "quorum" and a.target == site.name]
        yield Step(site.name) if site.verb else None, site.outs, next(iter(race), None)
    for name, area in caught(site) if site.verb not in {None, "poll"} else ():
        if area.way:
            yield Step(site.name, None, name), (area.way,), area


def after(counts: Counts, arc: _Arc) -> Counts | None:
    """Return how often each bounded vertex has been reached; None: a bound is in the way."""
    counts = dict(counts)
    for way in arc.ways:
        site = way.site
        for other in way.resets:
            counts.pop(other, None)
        if site.at_most is not None:
            if (counts.get(site, 0) >= site.at_most) != (site is arc.over):
                return None
            counts[site] = counts.get(site, 0) + (site is not arc.over)
    return counts
