"""The parts of a level: what one way enters and one way leaves; not whether one is broken.

Here a vertex is two points, that at which its ways meet and that at which they part, with a way
between them. Close the level by ways from its exits to its start: one way then enters a part that
another one leaves when both lie on the very same round trips, and no third one between them does
(Johnson, Pearson and Pingali, *The program structure tree*, 1994). To lie on the same ones, two
ways must have the same label: each way beside a tree that spans all points gets a bit, and those
of the tree the bits of all that lead round them.
"""

from dataclasses import dataclass, field

from agentgraph.verify.net import Net, Way
from agentgraph.verify.ways import backwards, reached


@dataclass(slots=True)
class Part:
    """A part as a level, in which each part inside it is a way; `lasts` is what it leads to."""

    first: str
    lasts: tuple[str, ...]
    leave: int = -1
    above: "Part | None" = None
    net: Net = field(default_factory=Net)
    points: dict[int, int] = field(default_factory=dict[int, int])
    """From the points that lie in it, but in no part inside it, to the vertices of its level."""


def parts_of(net: Net) -> list[Part]:
    """Take a level apart. What is left of it is a part as well, the first one."""
    return _Cut(net).parts()


class _Cut:
    """A level while it is taken apart: the points of vertex v are 2v and 2v + 1."""

    def __init__(self, net: Net) -> None:
        self.net = net
        count = len(net.outs)
        self.tail: list[int] = [2 * vertex for vertex in range(count)]
        self.head: list[int] = [2 * vertex + 1 for vertex in range(count)]
        self.outs: list[list[int]] = [[point // 2] for point in range(2 * count)]
        for vertex, ways in enumerate(net.outs):
            self.outs[2 * vertex + 1] = [self._add(2 * vertex + 1, 2 * to[0]) for to in ways]
        self.found: list[int] = [
            *reached([0], lambda point: (self.head[way] for way in self.outs[point]))
        ]
        self.entered: dict[int, Part] = {}
        self.left: dict[int, Part] = {}

    def _add(self, tail: int, head: int) -> int:
        self.tail.append(tail)
        self.head.append(head)
        return len(self.tail) - 1

    def _name(self, point: int) -> str:
        return self.net.names[point // 2]

    def parts(self) -> list[Part]:
        net, labels = self.net, self._labels()
        ends = (net.names[end] for end in net.exits if end != net.back)
        whole = Part(self._name(self.head[self.outs[1][0]]), tuple(ends))
        before: dict[int, int] = {}
        for point in self.found if self._ends() else ():
            for way in self.outs[point]:
                enter = before.get(labels[way], way)
                before[labels[way]] = way
                if self.head[enter] != point and enter != way:
                    # Ways that meet are left by their vertex, and ways that part by where one leads.
                    last = self.head[way] if point % 2 else point
                    part = Part(self._name(self.head[enter]), (self._name(last),), way)
                    self.entered[enter] = self.left[way] = part
        self._fill(whole)
        found = [whole, *self.entered.values()]
        for part in found:
            self._join(part)
        return found

    def _ends(self) -> bool:
        """Say whether from each point a way leads to an exit: else not every way is on a round trip."""
        ways = {point: [self.head[way] for way in self.outs[point]] for point in self.found}
        ends = (2 * end + 1 for end in self.net.exits)
        return len(reached(ends, backwards(ways).__getitem__)) == len(self.found)

    def _labels(self) -> list[int]:
        """Label the ways: those with the same label lie on the same round trips."""
        for end in self.net.exits:
            self._add(2 * end + 1, 0)
        near: list[list[int]] = [[] for _ in self.outs]
        for way, ends in enumerate(zip(self.tail, self.head, strict=True)):
            for end in ends:
                near[end].append(way)
        led: dict[int, int] = {0: -1}
        order = [0]
        for point in order:
            for way in near[point]:
                other = self.tail[way] + self.head[way] - point
                if other not in led:
                    led[other] = way
                    order.append(other)
        tree = set(led.values())
        labels = [0] * len(self.tail)
        round_it = [0] * len(self.outs)
        bit = 1
        for way, (tail, head) in enumerate(zip(self.tail, self.head, strict=True)):
            if way not in tree:
                labels[way] = bit
                round_it[tail] ^= bit
                round_it[head] ^= bit
                bit <<= 1
        for point in reversed(order[1:]):
            way = led[point]
            labels[way] = round_it[point]
            round_it[self.tail[way] + self.head[way] - point] ^= round_it[point]
        return labels

    def _fill(self, whole: Part) -> None:
        """Say of each point in which part it lies."""
        net, at = self.net, {0: whole}
        for point in self.found:
            part = at[point]
            if not part.points:
                part.net.add(part.first)
                part.net.outs[0].append(Way(1))
            number = part.net.add(
                self._name(point),
                fork=point % 2 == 1 and net.fork[point // 2],
                both=point % 2 == 0 and net.both[point // 2],
            )
            part.points[point] = number
            if net.back >= 0 and point == 2 * net.back + 1:
                part.net.back = number
            for way in self.outs[point]:
                here = part if way not in self.left else self.left[way].above or whole
                if way in self.entered:
                    inner = self.entered[way]
                    inner.above, here = here, inner
                at.setdefault(self.head[way], here)

    def _join(self, part: Part) -> None:
        """Lead on from each point of a part; of a part inside it, from where that is entered."""
        net = part.net
        end = -1 if part.leave < 0 else net.add(part.lasts[0])
        for point, number in part.points.items():
            for way in self.outs[point]:
                on = way
                while (inner := self.entered.get(on)) is not None and inner.above is part:
                    on = inner.leave
                to = end if on == part.leave else part.points[self.head[on]]
                net.outs[number].append(Way(to))
