"""The x of each vertex in its rank: long lines straight, the rest in the middle; not the order.

The method of Brandes and Koepf, "Fast and simple horizontal coordinate assignment", Graph
Drawing 2001: vertices are lined up with the medians of their neighbours, from above and from
below, to the left and to the right; of the four places of each vertex the mean of the middle two
is taken. Sizes are minded as in Ruegg, Schulze, Carstens and von Hanxleden, "Size- and port-aware
horizontal node coordinate assignment", Graph Drawing 2015: within a line of vertices each is
shifted so that the edges, not the middles, are in line.
"""

from collections.abc import Callable, Sequence
from itertools import accumulate, pairwise
from typing import NamedTuple


class Pull(NamedTuple):
    """An edge between neighbouring ranks, and how far from the middles it is fixed."""

    upper: int
    lower: int
    upper_shift: float = 0.0
    lower_shift: float = 0.0


Near = list[list[tuple[int, float]]]
"""The neighbours of each vertex to one side, and how far right of them it should be."""


def positioned(
    ranks: Sequence[Sequence[int]],
    widths: Sequence[float],
    pulls: Sequence[Pull],
    gap: Callable[[int, int], float],
    lanes_from: int,
) -> list[float]:
    """Give each vertex the x of its middle, in order and `gap` apart.

    Vertices from the number `lanes_from` on are stretches of long lines.
    """
    above: Near = [[] for _ in widths]
    below: Near = [[] for _ in widths]
    for upper, lower, upper_shift, lower_shift in pulls:
        above[lower].append((upper, upper_shift - lower_shift))
        below[upper].append((lower, lower_shift - upper_shift))
    apart = {
        (left, right): (widths[left] + widths[right]) / 2 + gap(left, right)
        for rank in ranks
        for left, right in pairwise(rank)
    }
    found: list[list[float]] = []
    for near, is_upward in ((above, False), (below, True)):
        for is_mirrored in (False, True):
            order = [list(rank[::-1] if is_mirrored else rank) for rank in ranks]
            xs = _lined_up(
                order[::-1] if is_upward else order, near, apart, lanes_from, is_mirrored
            )
            found.append(xs)
    return _middle(found, widths)


def _lined_up(
    ranks: list[list[int]],
    near: Near,
    apart: dict[tuple[int, int], float],
    lanes_from: int,
    is_mirrored: bool,
) -> list[float]:
    """Line vertices up with their medians, as far left as they can be (mirrored: right).

    No line may cross another; one of lanes goes before all that would cross it.
    """
    count = len(near)
    root, shift, place = list(range(count)), [0.0] * count, [0] * count
    sign = -1.0 if is_mirrored else 1.0
    for rank in ranks:
        for index, vertex in enumerate(rank):
            place[vertex] = index
    for rank in ranks[1:]:
        lanes = [vertex for vertex in rank if vertex >= lanes_from]
        ahead = [end[0] for lane in reversed(lanes) for end in near[lane] if end[0] >= lanes_from]
        limits = list(accumulate((place[lane] for lane in ahead), min, initial=count))
        straight = {lane for lane in lanes if any(end[0] >= lanes_from for end in near[lane])}
        taken = -1
        for vertex in rank:
            if vertex in straight:
                limits.pop()
            ends = sorted(near[vertex], key=lambda end: place[end[0]])
            for middle in sorted({(len(ends) - 1) // 2, len(ends) // 2}) if ends else ():
                other, aside = ends[middle]
                if taken < place[other] < limits[-1]:
                    root[vertex] = root[other]
                    shift[vertex] = shift[other] + sign * aside
                    taken = place[other]
                    break
    return _compacted(ranks, root, shift, apart, sign)


def _compacted(
    ranks: list[list[int]],
    root: list[int],
    shift: list[float],
    apart: dict[tuple[int, int], float],
    sign: float,
) -> list[float]:
    """Push the lines together to the left, then each one right again as far as it can go."""
    after: dict[int, list[tuple[int, float]]] = {}
    waits: dict[int, int] = {}
    for rank in ranks:
        for left, right in pairwise(rank):
            space = apart[(left, right) if sign > 0 else (right, left)]
            ahead = space + shift[left] - shift[right]
            after.setdefault(root[left], []).append((root[right], ahead))
            waits[root[right]] = waits.get(root[right], 0) + 1
    lines = [vertex for rank in ranks for vertex in rank if root[vertex] == vertex]
    order = [line for line in lines if not waits.get(line)]
    xs = dict.fromkeys(lines, 0.0)
    for line in order:
        for other, ahead in after.get(line, ()):
            xs[other] = max(xs[other], xs[line] + ahead)
            waits[other] -= 1
            if not waits[other]:
                order.append(other)
    for line in reversed(order):
        room = min((xs[other] - ahead for other, ahead in after.get(line, ())), default=xs[line])
        xs[line] = max(xs[line], room)
    found = [0.0] * len(root)
    for rank in ranks:
        for vertex in rank:
            found[vertex] = sign * (xs[root[vertex]] + shift[vertex])
    return found


def _middle(found: list[list[float]], widths: Sequence[float]) -> list[float]:
    """Lay the four upon one another, by the narrowest, and take the mean of the middle two."""
    if not widths:
        return []
    sides = [
        (
            min(x - wide / 2 for x, wide in zip(xs, widths, strict=True)),
            max(x + wide / 2 for x, wide in zip(xs, widths, strict=True)),
        )
        for xs in found
    ]
    left, right = min(sides, key=lambda side: side[1] - side[0])
    moved = [
        (left - sides[index][0]) if index % 2 == 0 else (right - sides[index][1])
        for index in range(4)
    ]
    middles: list[float] = []
    for places in zip(*found, strict=True):
        at = sorted(x + by for x, by in zip(places, moved, strict=True))
        middles.append((at[1] + at[2]) / 2)
    return middles
