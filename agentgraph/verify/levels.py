"""The levels of a graph, the innermost first: each is decided once for each of its entries.

A region that has been decided is one vertex of the level around it: it takes a token and
gives one to one of its exits, or to its handler. That is exact, because a region must be
proper on its own, whatever goes on around it.
"""

from dataclasses import dataclass

from agentgraph.verify.nest import OUTSIDE, Nest
from agentgraph.verify.net import FREE, Cost, Fault, Net, Way
from agentgraph.verify.proper import Solved, solve, whole


@dataclass(slots=True)
class Wrong:
    """A fault, the level whose numbers it uses, and where that level lies."""

    region: int
    net: Net
    fault: Fault


class Levels:
    """The levels of one graph while they are decided."""

    def __init__(self, nest: Nest, steps: list[int]) -> None:
        """Take the nest of regions, and how many steps one visit of each vertex takes."""
        self.nest = nest
        self.steps = steps
        count = len(nest.around)
        self.open: dict[tuple[int, int], list[Fault]] = {}
        self.seen: set[int] = set()
        self.bounds: list[int] = [0] * count
        self.exits: dict[tuple[int, int], list[tuple[int, Cost]]] = {}
        self.caught: dict[tuple[int, int], set[int]] = {}
        """By region and entry, as the exits: the catch regions to which errors in it come."""
        self.wrong: list[Wrong] = []
        self.most: int = 0
        """How many steps the graph takes at most."""

    def decide(self) -> None:
        """Decide every level."""
        for region in self.nest.inner_first:
            self.bounds[region] += sum(map(self._bound, self.nest.direct[region]))
            for entry in self.nest.entries[region]:
                self.decide_level(region, entry)
            if self.nest.around[region] != OUTSIDE:
                self.bounds[self.nest.around[region]] += self.bounds[region]
        self.decide_level(OUTSIDE, self.nest.net.start)
        if not self.wrong:
            # What would lead to a vertex in no level is always cancelled before.
            unseen = [v.name for i, v in enumerate(self.nest.net.vertices) if i not in self.seen]
            self.wrong = [Wrong(OUTSIDE, Net([name]), Fault("idle")) for name in unseen]

    def decide_level(self, region: int, entry: int) -> None:
        """Decide one level, when those inside it have been."""
        level = Level(self, region, entry)
        solved = self._missing(level) or solve(level.net)
        self.open[region, entry] = solved.open
        # What is wrong with a region that is entered in several places is so by each of them.
        if all(wrong.region != region for wrong in self.wrong):
            self.wrong += [Wrong(region, net, fault) for net, fault in solved.faults]
        self.seen.update(level.vertices)
        ever = max((cost.ever for cost in solved.costs.values()), default=0)
        if region == OUTSIDE:
            self.most = ever
            return
        net, costs = self.nest.net, self._costs(level, solved)
        caught = {catch for vertex in level.vertices for catch in net.failing.get(vertex, ())}
        self.caught[region, entry] = caught.union(*map(self.caught.__getitem__, level.inner))
        if region in self.caught[region, entry]:
            known = costs.get(handler := net.handlers[region], FREE)
            costs[handler] = Cost(max(known.through, ever), max(known.ever, ever))
        self.exits[region, entry] = list(costs.items())

    def _costs(self, level: "Level", solved: Solved) -> dict[int, Cost]:
        """What it costs to leave a level by each place that it leads to, or by firing its join."""
        exits = {key: end for key, end in level.exits.items() if end not in solved.dead}
        costs = {key: solved.costs.get(end, FREE) for key, end in exits.items()}
        ends = level.joined & exits.keys()
        if ends:
            join = self.nest.vertex_of(next(iter(ends)))
            costs[join] = max(costs.pop(key) for key in ends)
        return costs

    def _missing(self, level: "Level") -> Solved | None:
        """Find a join that waits for a way which nothing in this level can come."""
        net = level.net
        ins = net.ins()
        faults = [
            Fault("stuck", local)
            for vertex, local in level.vertices.items()
            if net.both[local] and ins[local] < len(self.nest.net.ins[vertex])
        ]
        return whole(Solved(net, {}), faults) if faults else None

    def _bound(self, vertex: int) -> int:
        bound = self.nest.net.vertices[vertex].bound
        return max(bound.at_most, 0) if bound else 0


class Level:
    """One level, put together from its entry onward."""

    def __init__(self, levels: Levels, region: int, entry: int) -> None:
        """Take the levels that have been decided, and where this one lies."""
        self.levels = levels
        self.nest: Nest = levels.nest
        self.region = region
        self.net: Net = Net()
        self.vertices: dict[int, int] = {}
        self.exits: dict[int, int] = {}
        self.joined: set[int] = set()
        """The exits that are places of the join that ends this quorum."""
        self.inner: dict[tuple[int, int], int] = {}
        self._gates: dict[int, int] = {}
        self._open: list[tuple[int, int, int]] = []
        self.net.add("")
        self.net.outs[0] = [Way(self._arrive(entry), self._edge(entry))]
        for inner, key, local in self._open:
            self._expand(inner, key, local)
        if self.joined:
            join = self.nest.vertex_of(next(iter(self.joined)))
            vertex = self.nest.net.vertices[join]
            self.net.need = vertex.need or len(self.nest.net.ins[join])
            self.net.race = frozenset(self.exits[key] for key in self.joined)

    def _edge(self, place: int) -> int:
        count = len(self.nest.net.vertices)
        return place - count if place >= count else -1

    def _arrive(self, place: int) -> int:
        """The local number of what lies at `place`, to be expanded later if it is new."""
        nest = self.nest
        inner = nest.region_of(place)
        if inner == self.region:
            vertex = nest.vertex_of(place)
            if place >= len(nest.net.vertices) and nest.quorum.get(vertex) == self.region:
                self.joined.add(place)
                return self._exit(place)
            return self._vertex(vertex, both=place >= len(nest.net.vertices))
        while inner != OUTSIDE and nest.around[inner] != self.region:
            inner = nest.around[inner]
        return self._exit(place) if inner == OUTSIDE else self._region(inner, place)

    def _gathered(self, place: int) -> int:
        """The same for an exit of a region: by each entry of the region it is the same place."""
        local = self._arrive(place)
        if not self.net.both[local]:
            return local
        if place not in self._gates:
            edge = self._edge(place)
            gate = self.net.add(self.nest.net.edges[edge].source)
            self.net.outs[gate].append(Way(local, edge))
            self._gates[place] = gate
        return self._gates[place]

    def _exit(self, place: int) -> int:
        if place not in self.exits:
            self.exits[place] = self.net.add(self._name(place))
        return self.exits[place]

    def _vertex(self, vertex: int, *, both: bool = False) -> int:
        if vertex not in self.vertices:
            local = self.net.add(self.nest.net.name(vertex), both=both)
            self.vertices[vertex] = local
            self._open.append((OUTSIDE, vertex, local))
        return self.vertices[vertex]

    def _region(self, region: int, place: int) -> int:
        key = (region, place)
        if key not in self.inner:
            self.inner[key] = self.net.add(self._name(place))
            self._open.append((region, place, self.inner[key]))
        return self.inner[key]

    def _name(self, place: int) -> str:
        return self.nest.net.name(self.nest.vertex_of(place))

    def _expand(self, inner: int, key: int, local: int) -> None:
        if inner == OUTSIDE:
            self._expand_vertex(key, local)
            return
        for place, cost in self.levels.exits[inner, key]:
            self.net.outs[local].append(Way(self._gathered(place), -1, cost))
        if wrong := self.levels.open[inner, key]:
            self.net.open[local] = wrong
        self.net.bounds[local] = self.levels.bounds[inner]
        if limit := self._limit(inner, key):
            self.net.limits[local] = limit
        if len(self.nest.net.graph.regions[inner].members) > 1:
            self.net.several.add(local)
        if len(self.nest.entries[inner]) > 1:
            self.net.held[local] = frozenset({inner})

    def _limit(self, region: int, entry: int) -> int:
        """How many tokens the bound of the entry lets into a region, 0 where it does not say."""
        wiring = self.nest.net
        bound = wiring.vertices[self.nest.vertex_of(entry)].bound
        if bound is None or bound.then is not None:
            return 0
        loop = OUTSIDE if bound.loop is None else wiring.loops[bound.loop]
        is_outer = loop != region and self.nest.has_inside(loop, region)
        return max(bound.at_most, 0) if is_outer else 0

    def _expand_vertex(self, vertex: int, local: int) -> None:
        net, wiring = self.net, self.nest.net
        bound = wiring.vertices[vertex].bound
        if bound is not None:
            net.bounds[local] = max(bound.at_most, 0)
            if vertex in wiring.then:
                body = net.add(wiring.name(vertex))
                over = Way(self._arrive(wiring.then[vertex]))
                net.outs[local] = [Way(body), over]
                net.gates[local] = net.bounds[local]
                net.instant.add(local)
                local = body
            else:
                net.limits[local] = net.bounds[local]
        if wiring.vertices[vertex].kind == "gateway":
            net.instant.add(local)
        net.cost[local] = self.levels.steps[vertex]
        net.fork[local] = not wiring.is_choice[vertex]
        ways, owner = net.outs[local], self.nest.owner
        for edge in wiring.outs[vertex]:
            head = wiring.target[edge]
            if owner[head] == self.region and not wiring.is_join[head]:
                ways.append(Way(self._vertex(head), edge))
            else:
                ways.append(Way(self._arrive(self.nest.place(edge)), edge))
