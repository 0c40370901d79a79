"""How many steps the longest run of a small graph takes, by trying every run; counts included."""

from collections.abc import Iterator

from agentgraph.graph import CHOICES, END, START, FrozenGraph
from tests.verify.oracle import ENTRY, Marking, Oracle, Place, TooLarge

State = tuple[Marking, tuple[int, ...]]

FREE = {"start", "end", "join", "gateway"}


class Counting(Oracle):
    def __init__(self, graph: FrozenGraph, limit: int = 20_000) -> None:
        super().__init__(graph, limit)
        self.bounded = sorted(name for name, bound in self.bound.items() if bound is not None)

    def entry(self, vertex: str) -> Place:
        """Here the counts decide at once which way a token goes."""
        return (vertex, ENTRY)

    def most_steps(self) -> int:
        """The steps of the longest run. The graph must be sound, or this may not end."""
        start: State = (frozenset([(START, -1)]), tuple(0 for _ in self.bounded))
        best: dict[State, int] = {}
        after: dict[State, list[tuple[int, State | None]]] = {}
        stack = [start]
        while stack:
            state = stack[-1]
            if state not in after:
                if len(after) > self.limit:
                    raise TooLarge
                after[state] = list(self._steps_from(state))
                stack += [to for _, to in after[state] if to is not None and to not in best]
            else:
                stack.pop()
                best[state] = max(
                    (cost + (0 if to is None else best[to]) for cost, to in after[state]),
                    default=0,
                )
        return best[start]

    def cost(self, vertex: str, counts: dict[str, int]) -> int:
        """What a visit costs; nothing where the bound lets no token pass any more."""
        bound = self.bound[vertex]
        is_over = bound is not None and counts[vertex] >= bound.at_most
        if is_over or self.kind[vertex] in FREE:
            return 0
        return max(1, len(self.graph.vertex[vertex].voters))

    def begun(self, marking: Marking, counts: dict[str, int]) -> int:
        """What the visits cost that may have begun when they are cancelled."""
        return sum(self.cost(vertex, counts) for vertex, edge in marking if edge < 0)

    def _arrived(self, marking: Marking, counts: dict[str, int]) -> dict[str, int]:
        """The counts when those visits have begun too."""
        begun = {vertex for vertex, edge in marking if edge < 0}
        return {
            name: min(number + (name in begun), getattr(self.bound[name], "at_most", 0))
            for name, number in counts.items()
        }

    def _steps_from(self, state: State) -> Iterator[tuple[int, State | None]]:
        marking, numbers = state
        counts = dict(zip(self.bounded, numbers, strict=True))
        quorums = [join for join in self.quorums if self._has_quorum(join, marking)]
        for join in quorums:
            inside = {p for p in marking if self.is_in(p, self.quorums[join])}
            yield (
                self.begun(frozenset(inside), counts),
                (
                    self._fires(join, marking),
                    self._reset(
                        self._arrived(frozenset(inside), counts),
                        join,
                        inside={p[0] for p in inside},
                    ),
                ),
            )
        if not quorums:
            for vertex, edge in sorted(marking):
                if vertex != END:
                    yield from self._visits(vertex, edge, marking, counts)
            yield from self._failing(marking, counts)

    def _failing(
        self, marking: Marking, counts: dict[str, int]
    ) -> Iterator[tuple[int, State | None]]:
        for region in self.graph.regions:
            inside = frozenset(place for place in marking if self.is_in(place, region))
            begun = self.begun(inside, counts)
            if region.kind != "catch" or not begun or region.target is None:
                continue
            after = marking - inside | {(region.target, -1)}
            sources = set(region.members)
            now = self._arrived(inside, counts)
            yield begun, (frozenset(after), self._reset(now, region.target, inside=sources))

    def _visits(
        self, vertex: str, edge: int, marking: Marking, counts: dict[str, int]
    ) -> Iterator[tuple[int, State | None]]:
        taken = {(vertex, -1)}
        if edge >= 0:
            if vertex in self.quorums:
                return
            taken = {(vertex, i) for i, e in enumerate(self.graph.edges) if e.target == vertex}
        if not taken <= marking:
            return
        left = marking - taken
        bound = self.bound[vertex]
        now = dict(counts)
        if bound is not None and counts[vertex] >= bound.at_most:
            if bound.then is None:
                yield self.begun(left, counts), None
            else:
                yield 0, (left | {(bound.then, -1)}, self._reset(now, bound.then, {vertex}))
            return
        cost = self.cost(vertex, counts)
        if bound is not None:
            now[vertex] += 1
        targets = [self.place(i) for i, e in enumerate(self.graph.edges) if e.source == vertex]
        groups = [[t] for t in targets] if self.kind[vertex] in CHOICES else [targets]
        for group in groups:
            numbers = now
            for target, _ in group:
                numbers = dict(
                    zip(self.bounded, self._reset(numbers, target, {vertex}), strict=True)
                )
            yield cost, (left | frozenset(group), tuple(numbers[name] for name in self.bounded))

    def _reset(self, counts: dict[str, int], target: str, inside: set[str]) -> tuple[int, ...]:
        """Set back the counts of the loops that a token enters that comes from `inside`."""
        loops = {r.name: set(r.members) for r in self.graph.regions if r.kind == "loop"}
        found = []
        for name in self.bounded:
            bound = self.bound[name]
            loop = loops.get(bound.loop or "", set()) if bound else set()
            enters = target in loop and not inside <= loop
            found.append(0 if enters else counts[name])
        return tuple(found)
