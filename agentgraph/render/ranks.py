"""Ranks, orders and positions of numbered vertices: the sums behind a layered picture.

It knows nothing of boxes, zones and labels: vertices are the numbers from 0, edges
pairs of them. `agentgraph.render.layered` makes a picture of what it answers.
"""

from bisect import bisect_right, insort
from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

Pair = tuple[int, int]

_SWEEPS = 8
_PASSES = 6


class Pull(NamedTuple):
    """An edge between neighbouring ranks, and how far from the middles it is fixed."""

    upper: int
    lower: int
    upper_shift: float = 0.0
    lower_shift: float = 0.0


def against(count: int, edges: Sequence[Pair]) -> list[bool]:
    """Say of each edge whether it closes a cycle, going depth first in the order given."""
    outs: list[list[int]] = [[] for _ in range(count)]
    for index, (source, _) in enumerate(edges):
        outs[source].append(index)
    closing = [False] * len(edges)
    seen, open_ = [False] * count, [False] * count
    for root in range(count):
        trail = [] if seen[root] else [(root, iter(outs[root]))]
        seen[root] = True
        while trail:
            vertex, ways = trail[-1]
            open_[vertex] = True
            index = next(ways, -1)
            if index < 0:
                open_[vertex] = False
                trail.pop()
                continue
            target = edges[index][1]
            closing[index] = open_[target]
            if not seen[target]:
                seen[target] = True
                trail.append((target, iter(outs[target])))
    return closing


def ranked(count: int, edges: Sequence[Pair]) -> list[int]:
    """Give each vertex of an acyclic graph its rank: the length of the longest way to it.

    A vertex that nothing leads to then moves down to just above what it leads to.
    """
    ranks = [0] * count
    outs: list[list[int]] = [[] for _ in range(count)]
    waits = [0] * count
    for source, target in edges:
        outs[source].append(target)
        waits[target] += 1
    roots = [vertex for vertex in range(count) if not waits[vertex]]
    order = list(roots)
    for vertex in order:
        for target in outs[vertex]:
            ranks[target] = max(ranks[target], ranks[vertex] + 1)
            waits[target] -= 1
            if not waits[target]:
                order.append(target)
    for vertex in roots:
        ranks[vertex] = min((ranks[target] for target in outs[vertex]), default=1) - 1
    return ranks


def ordered(ranks: Sequence[Sequence[int]], edges: Sequence[Pair]) -> list[list[int]]:
    """Order each rank so that few edges cross; edges join neighbouring ranks only.

    Each sweep puts a vertex where its neighbours are on average; the best order stays.
    """
    above: dict[int, list[int]] = {}
    below: dict[int, list[int]] = {}
    for upper, lower in edges:
        below.setdefault(upper, []).append(lower)
        above.setdefault(lower, []).append(upper)
    best = current = [list(rank) for rank in ranks]
    fewest = _crossings(current, below)
    for sweep in range(_SWEEPS):
        if not fewest:
            break
        current = _swept(current, below if sweep % 2 else above, upwards=bool(sweep % 2))
        found = _crossings(current, below)
        if found < fewest:
            best, fewest = current, found
    return best


def positioned(
    ranks: Sequence[Sequence[int]], widths: Sequence[float], pulls: Sequence[Pull], gap: float
) -> list[float]:
    """Give each vertex the x of its middle: near its neighbours, in order, `gap` apart."""
    toward: tuple[dict[int, list[tuple[int, float]]], ...] = ({}, {})
    for upper, lower, upper_shift, lower_shift in pulls:
        toward[0].setdefault(lower, []).append((upper, upper_shift - lower_shift))
        toward[1].setdefault(upper, []).append((lower, lower_shift - upper_shift))
    xs = [0.0] * len(widths)
    for rank in ranks:
        _settle(rank, widths, [0.0] * len(rank), gap, xs)
    for index in range(_PASSES):
        side = toward[index % 2]
        for rank in ranks if index % 2 == 0 else reversed(ranks):
            wishes = [_wish(vertex, side.get(vertex, ()), xs) for vertex in rank]
            _settle(rank, widths, wishes, gap, xs)
    return xs


def _wish(vertex: int, neighbours: Sequence[tuple[int, float]], xs: Sequence[float]) -> float:
    if not neighbours:
        return xs[vertex]
    return sum(xs[other] + shift for other, shift in neighbours) / len(neighbours)


def _settle(
    rank: Sequence[int],
    widths: Sequence[float],
    wishes: Sequence[float],
    gap: float,
    xs: list[float],
) -> None:
    """Place a rank as near to its wishes as its order and the gaps allow, by least squares."""
    offsets: list[float] = []
    reach = 0.0
    for vertex in rank:
        offsets.append(reach + widths[vertex] / 2)
        reach += widths[vertex] + gap
    # Pool adjacent violators: runs of vertices that would overlap share the mean of their wishes.
    pools: list[tuple[float, int]] = []
    for wish, offset in zip(wishes, offsets, strict=True):
        total, size = wish - offset, 1
        while pools and pools[-1][0] / pools[-1][1] > total / size:
            before, count = pools.pop()
            total, size = total + before, size + count
        pools.append((total, size))
    starts = [total / size for total, size in pools for _ in range(size)]
    for vertex, start, offset in zip(rank, starts, offsets, strict=True):
        xs[vertex] = start + offset


def _swept(ranks: list[list[int]], near: dict[int, list[int]], *, upwards: bool) -> list[list[int]]:
    result = [list(rank) for rank in ranks]
    steps = range(len(result) - 2, -1, -1) if upwards else range(1, len(result))
    for step in steps:
        fixed = result[step + 1] if upwards else result[step - 1]
        place = {vertex: index for index, vertex in enumerate(fixed)}
        rank = result[step]
        wishes: dict[int, float] = {}
        for index, vertex in enumerate(rank):
            others = near.get(vertex, ())
            wishes[vertex] = (
                sum(place[other] for other in others) / len(others) if others else index
            )
        result[step] = sorted(rank, key=wishes.__getitem__)
    return result


def _crossings(ranks: Sequence[Sequence[int]], below: dict[int, list[int]]) -> int:
    """Count the pairs of edges that cross: inversions among the lower ends."""
    count = 0
    for upper, lower in pairwise(ranks):
        place = {vertex: index for index, vertex in enumerate(lower)}
        passed: list[int] = []
        for vertex in upper:
            ends = sorted(place[other] for other in below.get(vertex, ()))
            count += sum(len(passed) - bisect_right(passed, end) for end in ends)
            for end in ends:
                insort(passed, end)
    return count
