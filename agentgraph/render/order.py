"""The order of the vertices in each rank, so that few edges cross; neither ranks nor places.

The sweeps of Gansner, Koutsofios, North and Vo (see `ranks`): each vertex goes to the median of
its neighbours in the rank before, then vertices side by side change places where that undoes
crossings. Crossings are counted by insertion, as in Barth, Juenger and Mutzel, "Simple and
efficient bilayer cross counting", Graph Drawing 2002.
"""

from bisect import bisect_right, insort
from collections.abc import Iterator, Sequence
from itertools import pairwise

_WORK_MAX = 36_000
"""How many ends of edges are looked at, about, before the best order so far is taken."""
_SWEEPS_MAX = 24
_SWEEPS_MIN = 2
_PATIENCE = 6
"""So many sweeps may go by without fewer crossings."""

Ranks = list[list[int]]
Ties = list[list[tuple[int, int]]]
"""Of the edges of each vertex to one side: the end there, and the end here."""


class Net:
    """Vertices in ranks, the edges between neighbouring ranks, and where all of them are.

    An edge leads from end to end. The number of a vertex is also the end in its middle; ends
    beside the middle have numbers of their own.
    """

    def __init__(self, widths: Sequence[float]) -> None:
        """Begin without edges."""
        self.above: Ties = [[] for _ in widths]
        self.below: Ties = [[] for _ in widths]
        self.vertex: list[int] = list(range(len(widths)))
        """The vertex of each end."""
        self.shift: list[float] = [0.0] * len(widths)
        """How far right of the middle each end is."""
        self.place: list[float] = [0.0] * len(widths)
        """Where each end is, counted in vertices of its rank."""
        self._widths: Sequence[float] = widths
        self._beside: dict[int, list[tuple[int, float]]] = {}

    def end(self, vertex: int, shift: float) -> int:
        """Return the end of a vertex that is `shift` beside its middle."""
        if not shift:
            return vertex
        number = len(self.vertex)
        share = 0.9 * shift / self._widths[vertex]
        self.vertex.append(vertex)
        self.shift.append(shift)
        self.place.append(share)
        self._beside.setdefault(vertex, []).append((number, share))
        return number

    def join(self, upper: int, lower: int) -> None:
        """Add an edge between two ends."""
        self.below[self.vertex[upper]].append((lower, upper))
        self.above[self.vertex[lower]].append((upper, lower))

    def put(self, rank: Sequence[int]) -> None:
        """Let the vertices of a rank stand in this order."""
        place = self.place
        for index, vertex in enumerate(rank):
            place[vertex] = index
            if vertex in self._beside:
                for end, share in self._beside[vertex]:
                    place[end] = index + share


def ordered(ranks: Sequence[Sequence[int]], net: Net) -> Ranks:
    """Order each rank; where nothing crosses, vertices stay in the order given.

    A rank of one vertex parts what is above it from what is below: both are ordered by themselves.
    """
    best = [list(rank) for rank in ranks]
    for rank in best:
        net.put(rank)
    size = len(net.vertex) + sum(map(len, net.below))
    sweeps = max(_SWEEPS_MIN, min(_SWEEPS_MAX, _WORK_MAX // (size + 1)))
    for first, end in _stretches(best):
        best[first:end] = _Order(best[first:end], net, sweeps).best()
    return best


def _stretches(ranks: Ranks) -> Iterator[tuple[int, int]]:
    first = 0
    for last, rank in enumerate(ranks):
        if len(rank) < 2 or last == len(ranks) - 1:
            if last - first > 1 or (last > first and max(len(ranks[first]), len(rank)) > 1):
                yield first, last + 1
            first = last


class _Order:
    """The search for the best order of some ranks."""

    def __init__(self, ranks: Ranks, net: Net, sweeps: int) -> None:
        self._given, self._net, self._place, self._sweeps = ranks, net, net.place, sweeps
        self._is_large = sweeps == _SWEEPS_MIN

    def best(self) -> Ranks:
        """Sweep from two orders: as the vertices are reached from above, and from below."""
        best, fewest = self._given, self._crossings(self._given)
        ways = ((self._net.below, 1), (self._net.above, -1))
        for near, step in ways[:1] if self._is_large else ways:
            if not fewest:
                break
            found, crossings = self._swept(self._reached(near, step))
            if crossings < fewest:
                best, fewest = found, crossings
        for rank in best:
            self._net.put(rank)
        return best

    def _reached(self, ways: Ties, step: int) -> Ranks:
        """Order vertices as a search depth first comes to them, from the first rank or the last."""
        rank_of = {vertex: index for index, rank in enumerate(self._given) for vertex in rank}
        found: Ranks = [[] for _ in self._given]
        seen: set[int] = set()
        for rank in self._given[::step]:
            waiting = rank[::-1]
            while waiting:
                vertex = waiting.pop()
                if vertex not in seen and vertex in rank_of:
                    seen.add(vertex)
                    found[rank_of[vertex]].append(vertex)
                    waiting += [self._net.vertex[end] for end, _ in reversed(ways[vertex])]
        return found

    def _swept(self, current: Ranks) -> tuple[Ranks, int]:
        best, fewest, idle = current, self._crossings(current), 0
        two_ago: list[Ranks] = [[], []]
        for sweep in range(self._sweeps):
            # What was there two sweeps ago comes again for ever.
            if not fewest or idle == _PATIENCE or two_ago[sweep % 2] == current:
                break
            two_ago[sweep % 2] = [list(rank) for rank in current]
            current = self._sweep(current, is_upward=bool(sweep % 2))
            for _ in range(1 if self._is_large else 4):
                # Neighbours are exchanged where that undoes crossings.
                if not sum(self._exchanged(rank) for rank in current if len(rank) > 1):
                    break
            crossings = self._crossings(current)
            idle += 1
            if crossings < fewest:
                best, fewest, idle = [list(rank) for rank in current], crossings, 0
        return best, fewest

    def _sweep(self, current: Ranks, *, is_upward: bool) -> Ranks:
        near = self._net.below if is_upward else self._net.above
        result: Ranks = []
        for rank in reversed(current) if is_upward else current:
            if len(rank) > 1:
                wishes = {vertex: self._median(near[vertex]) for vertex in rank if near[vertex]}
                moved = iter(sorted(wishes, key=wishes.__getitem__))
                # What has no neighbour there keeps its place.
                rank = [next(moved) if vertex in wishes else vertex for vertex in rank]  # noqa: PLW2901
                self._net.put(rank)
            result.append(rank)
        return result[::-1] if is_upward else result

    def _median(self, ties: list[tuple[int, int]]) -> float:
        places = self._ends(ties)
        return (places[(len(places) - 1) // 2] + places[len(places) // 2]) / 2

    def _ends(self, ties: list[tuple[int, int]]) -> list[float]:
        place = self._place
        return sorted([place[end] for end, _ in ties])

    def _exchanged(self, rank: list[int]) -> bool:
        """Exchange neighbours where that undoes crossings, and say whether any were."""
        changed = False
        sides = [
            [self._ends(near[vertex]) for vertex in rank]
            for near in (self._net.above, self._net.below)
        ]
        for index in range(len(rank) - 1):
            pairs = [
                (side[index], side[index + 1]) for side in sides if side[index] and side[index + 1]
            ]
            if any(lefts[-1] > rights[0] for lefts, rights in pairs) and _gain(pairs) > 0:
                rank[index : index + 2] = rank[index + 1], rank[index]
                for side in sides:
                    side[index : index + 2] = side[index + 1], side[index]
                changed = True
        if changed:
            self._net.put(rank)
        return changed

    def _crossings(self, ranks: Ranks) -> int:
        """Count the pairs of edges that cross: inversions among the lower ends."""
        count = 0
        place, below = self._place, self._net.below
        for rank in ranks:
            self._net.put(rank)
        for upper, _ in pairwise(ranks):
            passed: list[float] = []
            for vertex in upper:
                ends = [(place[here], place[there]) for there, here in below[vertex]]
                ends.sort()
                for _, end in ends:
                    count += len(passed) - bisect_right(passed, end)
                    insort(passed, end)
        return count


def _gain(pairs: list[tuple[list[float], list[float]]]) -> int:
    """Say how many crossings fewer there are when those to the left go to the right."""
    return sum(
        (one > other) - (one < other)
        for lefts, rights in pairs
        for one in lefts
        for other in rights
    )
