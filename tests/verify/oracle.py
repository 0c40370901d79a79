"""The token game of a whole graph, every order of it, from what the documents say of its meaning.

It knows nothing of levels, of reduction, or of one vertex at a time: it keeps the tokens of
the whole graph in one set, lets every vertex run and every flow fail whenever it can, and
looks at each marking for what must not be.
"""

from collections.abc import Iterator
from functools import cached_property

from agentgraph.graph import CHOICES, END, START, FrozenGraph, Region

Place = tuple[str, int]  # a vertex, and the number of the edge where that vertex is a join
ENTRY, GATE = -1, -3  # of all others: where they run, and before it where their bound decides
Marking = frozenset[Place]


class TooLarge(Exception):
    """There are more markings than a test should wait for."""


class Broken(Exception):
    """A run did what no run may do."""


class Oracle:
    def __init__(self, graph: FrozenGraph, limit: int = 4_000) -> None:
        self.graph = graph
        self.limit = limit
        self.kind = {vertex.name: vertex.kind for vertex in graph.vertices}
        self.bound = {vertex.name: vertex.bound for vertex in graph.vertices}
        self.ran: set[str] = set()

    def is_sound(self) -> bool:
        try:
            return (
                not self._overlapping()
                and not self._traps()
                and not self._endless()
                and self._explore(frozenset([(START, -1)]), None)
                and self.ran == {vertex.name for vertex in self.graph.vertices}
            )
        except Broken:
            return False

    # Regions, sorted so that one that holds another comes before it.

    @cached_property
    def members(self) -> dict[str, frozenset[str]]:
        found = {}
        for region in self.graph.regions:
            join = region.target if region.kind == "quorum" else None
            found[region.name] = frozenset(region.members) - {join}
        return found

    @cached_property
    def outer_first(self) -> list[Region]:
        regions = self.graph.regions
        return sorted(regions, key=lambda r: (-len(self.members[r.name]), regions.index(r)))

    @cached_property
    def quorums(self) -> dict[str, Region]:
        return {r.target: r for r in self.graph.regions if r.kind == "quorum" and r.target}

    def _overlapping(self) -> bool:
        sets = list(self.members.values())
        if any(a & b and not a <= b and not b <= a for a in sets for b in sets):
            return True
        # What takes down a race must take down what waits at its join.
        return any(
            race.kind == "quorum"
            and outer.kind != "loop"
            and outer is not race
            and self.holds(outer, race)
            and race.target not in self.members[outer.name]
            for race in self.graph.regions
            for outer in self.graph.regions
        )

    def _traps(self) -> bool:
        """From some vertex no way leads to END."""
        after = {
            vertex: {edge.target for edge in edges} for vertex, edges in self.graph.outs.items()
        }
        for vertex, bound in self.bound.items():
            if bound is not None and bound.then is not None:
                after[vertex].add(bound.then)
        leading = {END}
        while more := {v for v in after if after[v] & leading} - leading:
            leading |= more
        return leading != set(after)

    def holds(self, outer: Region, inner: Region) -> bool:
        order = self.outer_first
        return order.index(outer) <= order.index(inner) and (
            self.members[inner.name] <= self.members[outer.name]
        )

    def is_in(self, place: Place, region: Region) -> bool:
        vertex, edge = place
        if edge >= 0 and vertex in self.quorums:
            return self.holds(region, self.quorums[vertex])
        return vertex in self.members[region.name]

    # What can happen in a marking. Each move gives the marking after it.

    def place(self, edge: int) -> Place:
        target = self.graph.edges[edge].target
        return (target, edge) if self.kind[target] == "join" else self.entry(target)

    def entry(self, vertex: str) -> Place:
        bound = self.bound[vertex]
        return (vertex, ENTRY if bound is None or bound.then is None else GATE)

    def is_moving(self, place: Place) -> bool:
        """Nothing runs there: a token passes in the transition that brings it."""
        return place[1] == GATE or self.kind[place[0]] == "gateway"

    def moves(self, marking: Marking) -> Iterator[tuple[str, Marking]]:
        vertices = list(dict.fromkeys(vertex for vertex, _ in sorted(marking)))
        at_once = [vertex for vertex, edge in sorted(marking) if self.is_moving((vertex, edge))]
        quorums = [join for join in self.quorums if self._has_quorum(join, marking)]
        for join in quorums if not at_once else []:
            yield "", self._fires(join, marking)
        if at_once or not quorums:
            for vertex in at_once[:1] or vertices:
                if vertex != END:
                    yield from self._runs(vertex, marking)

    def _fires(self, join: str, marking: Marking) -> Marking:
        """All that is in the quorum is cancelled, and its join has one token."""
        quorum = self.quorums[join]
        left = frozenset(place for place in marking if not self.is_in(place, quorum))
        inside = [r for r in self.graph.regions if self.holds(r, quorum) and r is not quorum]
        return self._put(left, inside, [(join, -1)])

    def fails(self, marking: Marking) -> Iterator[tuple[str, Marking]]:
        is_moving = any(map(self.is_moving, marking))
        if is_moving or any(self._has_quorum(j, marking) for j in self.quorums):
            return
        for region in self.graph.regions:
            if region.kind == "catch" and any(self.is_in(place, region) for place in marking):
                left = frozenset(place for place in marking if not self.is_in(place, region))
                inside = [other for other in self.graph.regions if self.holds(other, region)]
                assert region.target is not None
                # The flow that fails is left with it: it may be entered again by its handler.
                inside = [other for other in inside if other is not region]
                yield "", self._put(left, inside, [self.entry(region.target)])

    def _begun(self, marking: Marking) -> set[str]:
        """The vertices that a token has come to, joins if tokens have come by all their ways."""
        begun = {vertex for vertex, edge in marking if edge == ENTRY}
        for vertex, _ in marking:
            ways = {(vertex, i) for i, e in enumerate(self.graph.edges) if e.target == vertex}
            if ways <= marking:
                begun.add(vertex)
        return begun

    def _has_quorum(self, join: str, marking: Marking) -> bool:
        need = self.graph.vertex[join].need or len(self.graph.ins[join])
        return sum(1 for vertex, edge in marking if vertex == join and edge >= 0) >= need

    def _runs(self, vertex: str, marking: Marking) -> Iterator[tuple[str, Marking]]:
        inside = [r for r in self.graph.regions if vertex in self.members[r.name]]
        bound = self.bound[vertex]
        if bound is not None and bound.then is not None and (vertex, GATE) in marking:
            left = marking - {(vertex, GATE)}
            yield vertex, self._put(left, inside, [self.entry(bound.then)])
            yield vertex, self._put(left, inside, [(vertex, ENTRY)])
            return
        taken = {(vertex, -1)}
        if self.kind[vertex] == "join" and vertex not in self.quorums:
            edges = [i for i, edge in enumerate(self.graph.edges) if edge.target == vertex]
            taken = {(vertex, edge) for edge in edges}
        if not taken <= marking:
            return
        left = marking - taken
        targets = [
            self.place(i) for i, edge in enumerate(self.graph.edges) if edge.source == vertex
        ]
        if not targets:
            raise Broken(f"{vertex} has a token that cannot go on")
        if self.kind[vertex] in CHOICES:
            for target in targets:
                yield vertex, self._put(left, inside, [target])
        else:
            yield vertex, self._put(left, inside, targets)

    def _put(self, left: Marking, inside: list[Region], targets: list[Place]) -> Marking:
        """Put tokens on `targets`; raise Broken where that does what no run may do."""
        after = set(left)
        for target in targets:
            if target in after:
                raise Broken(f"a second token on {target}")
            after.add(target)
        for region in self.graph.regions:
            come = [target for target in targets if self.is_in(target, region)]
            if region in inside:
                leaving = len(targets) - len(come)
                if leaving and any(self.is_in(place, region) for place in after):
                    raise Broken(f"{region.name} is left while it is open")
                if leaving > 1:
                    raise Broken(f"{region.name} is left twice")
            elif come and (len(come) > 1 or any(self.is_in(p, region) for p in left)):
                raise Broken(f"{region.name} is entered twice")
        if (END, -1) in after and len(after) > 1:
            raise Broken("END is reached while something goes on")
        return frozenset(after)

    # Exploration.

    def _explore(self, first: Marking, within: Region | None) -> bool:
        """From each marking that can come about, the end can be reached without a failure."""
        before: dict[Marking, list[Marking]] = {first: []}
        stack = [first]
        while stack:
            marking = stack.pop()
            self.ran |= self._begun(marking)
            if len(before) > self.limit:
                raise TooLarge
            for fails, moves in ((False, self.moves(marking)), (True, self.fails(marking))):
                for _, after in moves:
                    if after not in before:
                        before[after] = []
                        stack.append(after)
                    if not fails:
                        before[after].append(marking)
        return self._all_end(before, [frozenset([(END, -1)])]) and self._regions_end(before)

    def _all_end(self, before: dict[Marking, list[Marking]], ends: list[Marking]) -> bool:
        ending = {marking for marking in ends if marking in before}
        stack = list(ending)
        while stack:
            for marking in before[stack.pop()]:
                if marking not in ending:
                    ending.add(marking)
                    stack.append(marking)
        return len(ending) == len(before)

    def _regions_end(self, markings: dict[Marking, list[Marking]]) -> bool:
        """What is inside a region comes out of it by itself, whatever may cancel it from outside."""
        for region in self.graph.regions:
            starts = {frozenset(p for p in m if self.is_in(p, region)) for m in markings}
            if not self._comes_out(region, starts - {frozenset()}):
                return False
        return True

    def _comes_out(self, region: Region, starts: set[Marking]) -> bool:
        before: dict[Marking, list[Marking]] = {start: [] for start in starts}
        stack = list(starts)
        while stack:
            marking = stack.pop()
            if not marking:
                continue
            for _, moved in self.moves(marking):
                after = frozenset(place for place in moved if self.is_in(place, region))
                if after not in before:
                    before[after] = []
                    stack.append(after)
                before[after].append(marking)
        return self._all_end(before, [frozenset()])

    # Bounds: one token alone, with its counts.

    def _endless(self) -> bool:
        """Some token can go on for ever, whatever it may count on its way."""
        loops = {region.name: frozenset(region.members) for region in self.graph.regions}
        names = sorted(name for name, bound in self.bound.items() if bound is not None)
        start = (START, tuple(0 for _ in names))
        after: dict[tuple[str, tuple[int, ...]], list[tuple[str, tuple[int, ...]]]] = {}
        stack = [start, *((name, start[1]) for name in self.kind)]
        while stack:
            state = stack.pop()
            if state in after:
                continue
            if len(after) > 20 * self.limit:
                raise TooLarge
            after[state] = list(self._steps(state, names, loops))
            stack += after[state]
        return _has_cycle(after)

    def _steps(
        self,
        state: tuple[str, tuple[int, ...]],
        names: list[str],
        loops: dict[str, frozenset[str]],
    ) -> Iterator[tuple[str, tuple[int, ...]]]:
        vertex, counts = state
        bound = self.bound[vertex]
        targets = [edge.target for edge in self.graph.outs[vertex]]
        targets += [
            region.target
            for region in self.graph.regions
            if region.kind == "catch" and vertex in region.members and region.target
        ]
        now = dict(zip(names, counts, strict=True))
        if bound is not None:
            if bound.then is not None:
                yield self._arrive(vertex, bound.then, now, loops)
            if now[vertex] >= bound.at_most:
                return
            now[vertex] += 1
        for target in targets:
            yield self._arrive(vertex, target, now, loops)

    def _arrive(
        self, source: str, target: str, now: dict[str, int], loops: dict[str, frozenset[str]]
    ) -> tuple[str, tuple[int, ...]]:
        counts = dict(now)
        for name in counts:
            bound = self.bound[name]
            loop = bound.loop if bound else None
            if loop is not None and target in loops[loop] and source not in loops[loop]:
                counts[name] = 0
        return target, tuple(counts[name] for name in sorted(counts))


def _has_cycle(after: dict) -> bool:
    count = dict.fromkeys(after, 0)
    for targets in after.values():
        for target in targets:
            count[target] += 1
    ready = [state for state, number in count.items() if not number]
    for state in ready:
        for target in after[state]:
            count[target] -= 1
            if not count[target]:
                ready.append(target)
    return len(ready) < len(after)
