"""What runs have taken of a graph: edges, pairs of edges, rounds of loops; not whether it is right."""

from collections import Counter
from collections.abc import Sequence

from agentgraph.graph import FrozenGraph
from agentgraph.graph.difference import arrow
from agentgraph.render.diagram import diagram_of
from agentgraph.render.marks import Key
from agentgraph.render.overlay import vertices_of
from agentgraph.testing.retelling import Moment, pairs_of


class Coverage:
    """What the runs of a check have taken of the graph, and what they have not."""

    def __init__(self, graph: FrozenGraph) -> None:
        """Begin with no run."""
        self.graph: FrozenGraph = graph
        arrows = diagram_of(graph).arrows
        self.edges: tuple[Key, ...] = tuple({a.key: None for a in arrows if a.kind != "undo"})
        """Every edge, as `Result.taken` names it; its label is that of a choice, `unsure`, `then`, `catch`."""
        self.taken: Counter[Key] = Counter()
        """How often each edge was taken."""
        self.pairs: Counter[tuple[Key, Key]] = Counter()
        """How often one edge was taken right after another (1-switch coverage)."""
        self.loops: Counter[tuple[str, int]] = Counter()
        """How often each bounded vertex was reached so many times from the entry of its loop to the next."""
        bounded = {path: vertex.bound for path, vertex in vertices_of(graph)}
        self._bounds = {path: bound.at_most for path, bound in bounded.items() if bound}

    def add(self, moments: Sequence[Moment]) -> None:
        """Count one run."""
        taken = Counter(way for moment in moments for way in moment.ways)
        self.taken += taken
        self.pairs.update(pairs_of(moments))
        rounds = Counter[str]()
        for moment in moments:
            for path in moment.resets:
                self._left(path, rounds.pop(path, 0))
            rounds.update(target for _, target, _ in moment.ways)
        for path in self._bounds:
            self._left(path, rounds[path])

    def _left(self, path: str, rounds: int) -> None:
        if rounds:  # What comes after the bound is led elsewhere.
            self.loops[path, min(rounds, self._bounds[path])] += 1

    def include(self, other: "Coverage") -> None:
        """Count what another check has taken of the same graph."""
        self.taken += other.taken
        self.pairs += other.pairs
        self.loops += other.loops

    @property
    def missed(self) -> tuple[Key, ...]:
        """The edges that no run took."""
        return tuple(key for key in self.edges if key not in self.taken)

    @property
    def share(self) -> float:
        """Which share of the edges was taken, from 0 to 1."""
        return 1 - len(self.missed) / len(self.edges)

    @property
    def loops_missed(self) -> tuple[tuple[str, int], ...]:
        """Each bounded vertex with a number of arrivals that it never had: once, twice, its bound."""
        bounds = self._bounds.items()
        wanted = [(path, n) for path, most in bounds for n in sorted({1, min(2, most), most})]
        return tuple(each for each in wanted if each not in self.loops)

    def to_svg(self) -> str:
        """Draw the graph with how often each edge was taken; what never was is faded."""
        from agentgraph.render import to_svg  # noqa: PLC0415 - only who wants to see it

        return to_svg(self.graph, visits=_reached(self.taken), taken=self.taken)

    def __str__(self) -> str:
        taken = len(self.edges) - len(self.missed)
        lines = [f"{taken} of {len(self.edges)} edges, {len(self.pairs)} pairs of edges"]
        lines += [f"  never taken: {arrow(key)}" for key in self.missed]
        lines += [
            f"  never reached just {n} times from entry to entry: {path!r}"
            for path, n in self.loops_missed
        ]
        return "\n".join(lines)


def _reached(taken: Counter[Key]) -> Counter[str]:
    """Count how often a token came to each vertex."""
    reached = Counter[str]()
    for (_, target, _), times in taken.items():
        reached[target] += times
    return reached
