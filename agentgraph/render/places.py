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

from agentgraph.render.order import Net, Ranks, Ties
from agentgraph.render.ranks import longest

Medians = list[list[tuple[int, float]]]
"""Of each vertex the one or two in the middle of its neighbours to one side, from left to right,
and how far right of them it should be."""


def positioned(
    ranks: Ranks,
    widths: Sequence[float],
    net: Net,
    gap: Callable[[int, int], float],
    lanes_from: int,
) -> list[float]:
    """Give each vertex the x of its middle, in order and `gap` apart.

    Vertices from the number `lanes_from` on are stretches of long lines.
    """
    space = [0.0] * len(widths)
    """How far each middle is at least from that of its neighbour to the left."""
    for rank in ranks:
        net.put(rank)
        for left, right in pairwise(rank):
            space[right] = (widths[left] + widths[right]) / 2 + gap(left, right)
    found: list[list[float]] = []
    for ties, is_upward in ((net.above, False), (net.below, True)):
        medians = _medians(ties, net)
        for is_mirrored in (False, True):
            order = [rank[::-1] for rank in ranks] if is_mirrored else ranks
            lines = _lined_up(order[::-1] if is_upward else order, medians, lanes_from, is_mirrored)
            found.append(_compacted(order, *lines, space, -1.0 if is_mirrored else 1.0))
    return _middle(found, widths)


def _medians(ties: Ties, net: Net) -> Medians:
    place, vertex, shift = net.place, net.vertex, net.shift
    medians: Medians = []
    for ends in ties:
        if len(ends) > 1:
            ends = sorted(ends, key=lambda end: place[end[0]])  # noqa: PLW2901
            ends = ends[(len(ends) - 1) // 2 : len(ends) // 2 + 1]  # noqa: PLW2901
        medians.append([(vertex[there], shift[there] - shift[here]) for there, here in ends])
    return medians


def _lined_up(
    ranks: Ranks, medians: Medians, lanes_from: int, is_mirrored: bool
) -> tuple[list[int], list[float]]:
    """Line vertices up with their medians: give each the first of its line, and how far right of it.

    No line may cross another; one of lanes goes before all that would cross it.
    """
    count = len(medians)
    root, shift, place = list(range(count)), [0.0] * count, [0] * count
    step = -1 if is_mirrored else 1
    for rank in ranks:
        for index, vertex in enumerate(rank):
            place[vertex] = index
    for rank in ranks[1:]:
        lanes = {
            vertex: place[medians[vertex][0][0]]
            for vertex in rank
            if vertex >= lanes_from and medians[vertex] and medians[vertex][0][0] >= lanes_from
        }
        limits = list(accumulate(reversed(lanes.values()), min, initial=count))
        taken = -1
        for vertex in rank:
            if vertex in lanes:
                limits.pop()
            for other, aside in medians[vertex][::step]:
                if taken < place[other] < limits[-1]:
                    root[vertex] = root[other]
                    shift[vertex] = shift[other] + step * aside
                    taken = place[other]
                    break
    return root, shift


def _compacted(
    ranks: Ranks, root: list[int], shift: list[float], space: list[float], sign: float
) -> list[float]:
    """Push the lines together to the left, then each one right again as far as it can go."""
    after: list[list[tuple[int, float]]] = [[] for _ in root]
    for rank in ranks:
        for left, right in pairwise(rank):
            ahead = space[right if sign > 0 else left] + shift[left] - shift[right]
            after[root[left]].append((root[right], ahead))
    xs, order = longest(after, 0.0)
    for line in reversed(order):
        if after[line]:
            xs[line] = max(xs[line], min([xs[other] - ahead for other, ahead in after[line]]))
    return [sign * (xs[first] + aside) for first, aside in zip(root, shift, strict=True)]


def _middle(found: list[list[float]], widths: Sequence[float]) -> list[float]:
    """Lay the four upon one another, by the narrowest, and take the mean of the middle two."""
    if not widths:
        return []
    lefts = [min(x - wide / 2 for x, wide in zip(xs, widths, strict=True)) for xs in found]
    rights = [max(x + wide / 2 for x, wide in zip(xs, widths, strict=True)) for xs in found]
    left, right = min(zip(lefts, rights, strict=True), key=lambda side: side[1] - side[0])
    moved = [right - rights[at] if at % 2 else left - lefts[at] for at in range(4)]
    middles: list[float] = []
    for places in zip(*found, strict=True):
        at = sorted(x + by for x, by in zip(places, moved, strict=True))
        middles.append((at[1] + at[2]) / 2)
    return middles
