"""One level of a graph as a game of tokens: splits, merges and exits; names only for messages.

A level is what lies directly inside one region (or inside none), from one entry. A region
inside it is a single vertex here: it has been decided before, and its exits are its edges.

Rules of this file:

1. Vertex 0 holds the first token and hands it to the entry.
2. A vertex with `both` has a place for each way in and waits for all; every other has one place.
3. A vertex with `fork` gives a token to each way out, every other to one of them.
4. A vertex without a way out is an exit. A level is *proper* if every run of it can come to
   an end, and ends with one token on one exit and none anywhere else.
"""

from dataclasses import dataclass, field
from typing import Literal, NamedTuple

from agentgraph.verify.ways import onward


class Cost(NamedTuple):
    """How many steps a way takes at most: `through` to its end, `ever` if the run may end on it."""

    through: int
    ever: int


FREE = Cost(0, 0)


class Way(NamedTuple):
    """A way out of a vertex: the vertex it leads to, the edge of the graph, what it costs."""

    target: int
    edge: int = -1
    cost: Cost = FREE


Kind = Literal["stuck", "left", "round", "double", "crowded", "idle", "undecided"]


@dataclass(slots=True)
class Fault:
    """Why a level is not proper, and a vertex at which that shows.

    `stuck`: no token can move and none is on an exit. `left`: a token came to an exit while
    others remain, `round`: to the way back. `double`: a second token came to `vertex`.
    `crowded`: two tokens are in one `region`, by two of its entries. `idle`: no run comes to
    `vertex`, whose join is always cancelled first. `undecided`: the limit was met.
    """

    kind: Kind
    vertex: int = 0
    region: int = -1
    part: tuple[str, ...] = ()
    """The first and the last vertex of the part that has it; empty: no part has it."""
    is_sure: bool = True
    """Nothing inside that part, of which it is unknown where its tokens leave it, may lead to it."""


@dataclass(slots=True)
class Net:
    """The vertices of a level by local numbers; see the rules above."""

    names: list[str] = field(default_factory=list[str])
    outs: list[list[Way]] = field(default_factory=list[list[Way]])
    fork: list[bool] = field(default_factory=list[bool])
    both: list[bool] = field(default_factory=list[bool])
    cost: list[int] = field(default_factory=list[int])
    bounds: list[int] = field(default_factory=list[int])
    """How many tokens the bounds at or inside a vertex let pass, all together; 0: it has none."""
    limits: dict[int, int] = field(default_factory=dict[int, int])
    """Vertices that no more than so many tokens come to: the run ends with the next one."""
    gates: dict[int, int] = field(default_factory=dict[int, int])
    """Vertices that let so many tokens pass to their first way, and later ones to their second."""
    held: dict[int, frozenset[int]] = field(default_factory=dict[int, frozenset[int]])
    """The regions that a vertex stands for, where a region has several entries."""
    back: int = -1
    """Of one round of a loop: the exit that stands for the way back."""
    race: frozenset[int] = frozenset()
    """Exits that are the places of the join at which a quorum ends."""
    open: dict[int, list[Fault]] = field(default_factory=dict[int, list[Fault]])
    """Vertices that stand for what is wrong, so that it is unknown what they lead to."""
    several: set[int] = field(default_factory=set[int])
    """Vertices that stand for more than one vertex of the graph."""
    instant: set[int] = field(default_factory=set[int])
    """Vertices that run nothing: a token passes them in the transition that brings it."""
    need: int = 0
    """How many of `race` are enough."""

    def add(self, name: str, *, fork: bool = False, both: bool = False) -> int:
        """Add a vertex without ways and return its number."""
        self.names.append(name)
        self.outs.append([])
        self.fork.append(fork)
        self.both.append(both)
        self.cost.append(0)
        self.bounds.append(0)
        return len(self.names) - 1

    def take(self, net: "Net", vertex: int) -> int:
        """Add a vertex as it is in another level, but without ways, and return its number."""
        new = self.add(net.names[vertex], fork=net.fork[vertex], both=net.both[vertex])
        self.cost[new], self.bounds[new] = net.cost[vertex], net.bounds[vertex]
        for own, others in ((self.limits, net.limits), (self.gates, net.gates)):
            if vertex in others:
                own[new] = others[vertex]
        if vertex in net.held:
            self.held[new] = net.held[vertex]
        return new

    @property
    def exits(self) -> list[int]:
        """The vertices that some way leads to and none leaves."""
        outs = self.outs
        return sorted({way[0] for ways in outs for way in ways if not outs[way[0]]})

    def ins(self) -> list[int]:
        """How many ways lead to each vertex."""
        count = [0] * len(self.outs)
        for ways in self.outs:
            for way in ways:
                count[way[0]] += 1
        return count

    def order(self) -> list[int] | None:
        """The vertices so that every way leads onward, or None where there is a cycle."""
        outs = self.outs
        ready = onward(dict(enumerate(self.ins())), lambda vertex: [way[0] for way in outs[vertex]])
        return ready if len(ready) == len(outs) else None
