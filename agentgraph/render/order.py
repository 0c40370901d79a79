"""The order of the vertices in each rank, so that few edges cross; neither ranks nor places.

The sweeps of Gansner, Koutsofios, North and Vo (see `ranks`): each vertex goes to the median of
its neighbours in the rank before, then vertices side by side change places where that undoes
crossings. Crossings are counted by insertion, as in Barth, Juenger and Mutzel, "Simple and
efficient bilayer cross counting", Graph Drawing 2002.
"""

from bisect import bisect_right, insort
from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

_WORK_MAX = 36_000
"""How many ends of edges are looked at, about, before the best order so far is taken."""
_SWEEPS_MAX = 24
_PATIENCE = 6
"""So many sweeps may go by without fewer crossings."""


class Step(NamedTuple):
    """An edge to the next rank, and how far from the middles it is fixed: by shares of a width."""

    upper: int
    lower: int
    upper_aside: float = 0.0
    lower_aside: float = 0.0


Ranks = list[list[int]]
Ends = list[tuple[int, float, float]]
"""Of the edges of a vertex to one side: the other vertex, how far aside there, and here."""


def ordered(ranks: Sequence[Sequence[int]], steps: Sequence[Step]) -> Ranks:
    """Order each rank; where nothing crosses, vertices stay in the order given."""
    return _Order(ranks, steps).best()


class _Order:
    """The search: `above` and `below` are the neighbours of each vertex."""

    def __init__(self, ranks: Sequence[Sequence[int]], steps: Sequence[Step]) -> None:
        self._given = [list(rank) for rank in ranks]
        count = 1 + max((vertex for rank in ranks for vertex in rank), default=-1)
        self._above: list[Ends] = [[] for _ in range(count)]
        self._below: list[Ends] = [[] for _ in range(count)]
        for upper, lower, upper_aside, lower_aside in steps:
            self._below[upper].append((lower, lower_aside, upper_aside))
            self._above[lower].append((upper, upper_aside, lower_aside))
        self._place = [0.0] * count
        size = len(steps) + count
        self._sweeps = max(2, min(_SWEEPS_MAX, _WORK_MAX // (size + 1)))
        self._transpositions = 4 if size < _WORK_MAX // 3 else 1

    def best(self) -> Ranks:
        """Sweep from two orders: as the vertices are reached from above, and from below."""
        best, fewest = self._given, self._crossings(self._given)
        ways = ((self._below, 1), (self._above, -1))
        for near, step in ways if self._transpositions > 1 else ways[:1]:
            if not fewest:
                break
            found, crossings = self._swept(self._reached(near, step))
            if crossings < fewest:
                best, fewest = found, crossings
        return best

    def _reached(self, ways: list[Ends], step: int) -> Ranks:
        """Order vertices as a search depth first comes to them, from the first rank or the last."""
        rank_of = {vertex: index for index, rank in enumerate(self._given) for vertex in rank}
        found: Ranks = [[] for _ in self._given]
        seen: set[int] = set()
        for rank in self._given[::step]:
            waiting = rank[::-1]
            while waiting:
                vertex = waiting.pop()
                if vertex not in seen:
                    seen.add(vertex)
                    found[rank_of[vertex]].append(vertex)
                    waiting += [other for other, _, _ in reversed(ways[vertex])]
        return found

    def _swept(self, current: Ranks) -> tuple[Ranks, int]:
        best, fewest, idle = current, self._crossings(current), 0
        for sweep in range(self._sweeps):
            if not fewest or idle == _PATIENCE:
                break
            current = self._sweep(current, is_upward=bool(sweep % 2))
            for _ in range(self._transpositions):
                if not self._transposed(current):
                    break
            crossings = self._crossings(current)
            idle += 1
            if crossings < fewest:
                best, fewest, idle = [list(rank) for rank in current], crossings, 0
        return best, fewest

    def _sweep(self, current: Ranks, *, is_upward: bool) -> Ranks:
        near = self._below if is_upward else self._above
        place = self._place
        result: Ranks = []
        for rank in reversed(current) if is_upward else current:
            wishes = {
                vertex: _median([place[other] + aside for other, aside, _ in near[vertex]])
                for vertex in rank
                if near[vertex]
            }
            moved = iter(sorted(wishes, key=wishes.__getitem__))
            # What has no neighbour there keeps its place.
            rank = [next(moved) if vertex in wishes else vertex for vertex in rank]  # noqa: PLW2901
            for index, vertex in enumerate(rank):
                place[vertex] = index
            result.append(rank)
        return result[::-1] if is_upward else result

    def _transposed(self, current: Ranks) -> bool:
        """Exchange neighbours where that undoes crossings, and say whether any were."""
        place, changed = self._place, False
        for rank in current:
            for index in range(len(rank) - 1):
                left, right = rank[index], rank[index + 1]
                before = after = 0
                for near in (self._above, self._below):
                    if near[left] and near[right]:
                        lefts = [place[other] + aside for other, aside, _ in near[left]]
                        rights = [place[other] + aside for other, aside, _ in near[right]]
                        for one in lefts:
                            for other in rights:
                                before += one > other
                                after += one < other
                if after < before:
                    rank[index], rank[index + 1] = right, left
                    place[left], place[right] = index + 1, index
                    changed = True
        return changed

    def _crossings(self, ranks: Ranks) -> int:
        """Count the pairs of edges that cross: inversions among the lower ends."""
        count = 0
        place = self._place
        for rank in ranks:
            for index, vertex in enumerate(rank):
                place[vertex] = index
        for upper, _ in pairwise(ranks):
            passed: list[float] = []
            for vertex in upper:
                ends = [(here, place[other] + aside) for other, aside, here in self._below[vertex]]
                ends.sort()
                for _, end in ends:
                    count += len(passed) - bisect_right(passed, end)
                    insort(passed, end)
        return count


def _median(places: list[float]) -> float:
    places.sort()
    return (places[(len(places) - 1) // 2] + places[len(places) // 2]) / 2
