"""Ranks of numbered vertices, so that the edges of an acyclic graph are short; not their order.

The network simplex of Gansner, Koutsofios, North and Vo, "A technique for drawing directed
graphs", IEEE Transactions on Software Engineering 19 (1993): a spanning tree of edges as
short as they may be, in which an edge that should rather be long is exchanged for another,
until there is none.
"""

from collections.abc import Iterator, Sequence
from heapq import heappop, heappush
from typing import NamedTuple, TypeVar

Number = TypeVar("Number", int, float)
Pair = tuple[int, int]

_WORK_MAX = 60_000
"""How many vertices are looked at, about, before the ranks are taken as they are."""


class Span(NamedTuple):
    """An edge that leads at least `least` ranks down; a heavy one should be short."""

    upper: int
    lower: int
    least: int = 1
    weight: int = 1


def against(count: int, edges: Sequence[Pair]) -> list[bool]:
    """Say of each edge whether it closes a cycle, going depth first in the order given."""
    outs: list[list[Pair]] = [[] for _ in range(count)]
    for index, (source, target) in enumerate(edges):
        outs[source].append((index, target))
    closing, open_ = [False] * len(edges), [False] * count
    for vertex, index, target in _walk(outs):
        open_[vertex] = index >= 0
        if index >= 0:
            closing[index] = open_[target]
    return closing


def _walk(near: Sequence[Sequence[Pair]]) -> Iterator[tuple[int, int, int]]:
    """Go depth first from each vertex in turn along edges, which `near` lists with their far ends.

    Yields a vertex with each of its edges and where that leads, before it is gone; then with -1 and
    the vertex to which the walk goes back, or -1.
    """
    seen = [False] * len(near)
    for root in range(len(near)):
        trail = [] if seen[root] else [(root, iter(near[root]))]
        seen[root] = True
        while trail:
            vertex, ways = trail[-1]
            for index, other in ways:
                yield vertex, index, other
                if not seen[other]:
                    seen[other] = True
                    trail.append((other, iter(near[other])))
                    break
            else:
                trail.pop()
                yield vertex, -1, trail[-1][0] if trail else -1


def ranked(count: int, spans: Sequence[Span]) -> list[int]:
    """Give each vertex of an acyclic graph its rank, the first of each part being 0.

    Blocks that share no more than a vertex say nothing about each other: each is ranked by itself.
    """
    ranks, roots, work = [0] * count, list(range(count)), _WORK_MAX
    for shared, block in reversed(_blocks(count, spans)):
        names = list(dict.fromkeys(end for index in block for end in spans[index][:2]))
        number = {vertex: at for at, vertex in enumerate(names)}
        inner = [spans[index] for index in block]
        tree = _Tree(len(names), [Span(number[a], number[b], *more) for a, b, *more in inner])
        while (vertex := tree.too_long()) >= 0 and tree.work < work:
            tree.exchange(vertex)
        work -= tree.work - len(names)
        moved = ranks[shared] - tree.ranks[number[shared]]
        for vertex, rank in zip(names, tree.ranks, strict=True):
            ranks[vertex], roots[vertex] = moved + rank, roots[shared]
    firsts: dict[int, int] = {}
    for root, rank in zip(roots, ranks, strict=True):
        firsts[root] = min(firsts.get(root, rank), rank)
    return [rank - firsts[root] for root, rank in zip(roots, ranks, strict=True)]


def _blocks(count: int, spans: Sequence[Span]) -> list[tuple[int, list[int]]]:
    """List the edges of each block, and the vertex that it shares with one later in the list.

    The method of Hopcroft and Tarjan, "Efficient algorithms for graph manipulation",
    Communications of the ACM 16 (1973): a block ends where nothing in it leads further back.
    """
    near: list[list[Pair]] = [[] for _ in range(count)]
    for index, (upper, lower, _, _) in enumerate(spans):
        near[upper].append((index, lower))
        near[lower].append((index, upper))
    seen, back, via, first = [0] * count, [0] * count, [-1] * count, [0] * count
    found: list[tuple[int, list[int]]] = []
    passed: list[int] = []
    number = 0
    for vertex, index, other in _walk(near):
        if not seen[vertex]:
            number += 1
            seen[vertex] = back[vertex] = number
        if index < 0 <= other:
            back[other] = min(back[other], back[vertex])
            if back[vertex] >= seen[other]:
                found.append((other, passed[first[vertex] :]))
                del passed[first[vertex] :]
        elif index >= 0 and not seen[other]:
            via[other], first[other] = index, len(passed)
            passed.append(index)
        elif index not in (-1, via[vertex]) and seen[other] < seen[vertex]:
            passed.append(index)
            back[vertex] = min(back[vertex], seen[other])
    return found


def longest(
    after: Sequence[Sequence[tuple[int, Number]]], none: Number
) -> tuple[list[Number], list[int]]:
    """Say how long the longest way to each vertex is, and name all in an order of such ways.

    `after` lists what each vertex leads to, and how far; nothing leads back. `none` is 0.
    """
    found = [none] * len(after)
    waits = [0] * len(after)
    for ways in after:
        for other, _ in ways:
            waits[other] += 1
    order = [vertex for vertex in range(len(after)) if not waits[vertex]]
    for vertex in order:
        for other, ahead in after[vertex]:
            found[other] = max(found[other], found[vertex] + ahead)
            waits[other] -= 1
            if not waits[other]:
                order.append(other)
    return found, order


class _Tree:
    """A spanning tree of tight edges in a graph that hangs together, and what each edge cuts.

    `order` holds the vertices so that a subtree is a stretch of it, from `low` on and of
    `size`. The weight that leads out of a subtree, less the weight that leads into it, is its
    `pull`: where it is against the edge to the parent, that edge should be longer.
    """

    def __init__(self, count: int, spans: Sequence[Span]) -> None:
        self._spans = spans
        self._near: list[list[int]] = [[] for _ in range(count)]
        self._net = [0] * count
        after: list[list[Pair]] = [[] for _ in range(count)]
        for index, (upper, lower, least, weight) in enumerate(spans):
            after[upper].append((lower, least))
            self._near[upper].append(index)
            self._near[lower].append(index)
            self._net[upper] += weight
            self._net[lower] -= weight
        self.ranks: list[int] = longest(after, 0)[0]
        self._inner: list[list[int]] = [[] for _ in range(count)]
        """The edges of the tree at each vertex."""
        self._parent = [-1] * count
        """The edge of the tree toward the root, which is the first vertex."""
        self._order = [0] * count
        self._low, self._size, self._pull = [0] * count, [0] * count, [0] * count
        self._at = self.work = 0
        self._grow()
        self._number()

    def _grow(self) -> None:
        """Span the graph.

        What has been spanned is moved as a whole until the nearest edge out of it is tight:
        `moved` says how far; a vertex that was taken in later has moved less.
        """
        base = {0: 0}
        down: list[tuple[int, int]] = []
        up: list[tuple[int, int]] = []
        ranks, spans, moved, vertex = self.ranks, self._spans, 0, 0
        while True:
            for index in self._near[vertex]:
                upper, lower, least, _ = spans[index]
                if lower not in base:
                    heappush(down, (ranks[lower] - ranks[upper] - least + moved, index))
                elif upper not in base:
                    heappush(up, (ranks[lower] - ranks[upper] - least - moved, index))
            while down and spans[down[0][1]].lower in base:
                heappop(down)
            while up and spans[up[0][1]].upper in base:
                heappop(up)
            if down and (not up or down[0][0] - moved <= up[0][0] + moved):
                moved, index = heappop(down)
                vertex = spans[index].lower
            elif up:
                slack, index = heappop(up)
                moved, vertex = -slack, spans[index].upper
            else:
                break
            base[vertex] = moved
            self._inner[spans[index].upper].append(index)
            self._inner[spans[index].lower].append(index)
        for one, before in base.items():
            ranks[one] += moved - before

    def _number(self) -> None:
        """Order the tree, and add up its pulls."""
        order, spans, parent = self._order, self._spans, self._parent
        waiting, parent[0] = [0], -1
        for at in range(len(order)):
            vertex = order[at] = waiting.pop()
            self._low[vertex], self._size[vertex] = at, 1
            self._pull[vertex] = self._net[vertex]
            for index in self._inner[vertex]:
                if index != parent[vertex]:
                    upper, lower, _, _ = spans[index]
                    other = lower if upper == vertex else upper
                    parent[other] = index
                    waiting.append(other)
        for vertex in reversed(order[1:]):
            upper, lower, _, _ = spans[parent[vertex]]
            above = lower if upper == vertex else upper
            self._size[above] += self._size[vertex]
            self._pull[above] += self._pull[vertex]
        self.work += len(order)

    def too_long(self) -> int:
        """Find a vertex whose edge to its parent should be longer, from the last one on; or -1."""
        count = len(self._order)
        for step in range(count):
            vertex = (self._at + step) % count
            index = self._parent[vertex]
            if index >= 0:
                pull = self._pull[vertex]
                if (pull if self._spans[index].upper == vertex else -pull) < 0:
                    self._at = vertex
                    return vertex
        return -1

    def exchange(self, vertex: int) -> None:
        """Take out the edge from a vertex to its parent, and put the tightest other one in."""
        leaving, low = self._parent[vertex], self._low[vertex]
        subtree = self._order[low : low + self._size[vertex]]
        rises = self._spans[leaving].upper == vertex
        slack, entering = self._tightest(subtree, rises=rises)
        for one in subtree:
            self.ranks[one] += -slack if rises else slack
        for end in self._spans[leaving][:2]:
            self._inner[end].remove(leaving)
        for end in self._spans[entering][:2]:
            self._inner[end].append(entering)
        self._number()

    def _tightest(self, subtree: Sequence[int], *, rises: bool) -> tuple[int, int]:
        """Find the edge with the least slack into a subtree that rises, or out of one that sinks."""
        best, inside = (1 << 60, -1), set(subtree)
        for vertex in subtree:
            for index in self._near[vertex]:
                upper, lower, least, _ = self._spans[index]
                other = upper if rises else lower
                if other not in inside:
                    best = min(best, (self.ranks[lower] - self.ranks[upper] - least, index))
        return best
