"""A level made smaller without changing whether it is proper; where nothing is left, it is.

Two rules, applied until neither fits: a vertex with one way in and one way out becomes a
part of that way, and two ways between the same two vertices become one if the split and
the merge agree (all and all, one and one). If these disagree, the level is not proper.
Blocks that nest, however deep, vanish this way in time that grows with their number.
What ways cost is summed along the way: both of two parallel ones, the dearer of two
alternatives.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TypeVar

from agentgraph.verify.net import FREE, Cost, Net, Way

W = TypeVar("W")


@dataclass(slots=True)
class Rest:
    """What is left of a level: at most one way between any two vertices."""

    net: Net
    outs: list[dict[int, Cost]]
    ins: list[int]
    """How many ways lead to each vertex."""
    clash: tuple[int, int] | None = None
    """A split and the merge that it disagrees with."""

    @property
    def only(self) -> tuple[int, Cost] | None:
        """The exit and the cost of the one way that is left, if the whole level became it."""
        ways = self.outs[0]
        target = next(iter(ways), 0)
        is_all = len(ways) == 1 and not self.outs[target] and self.clash is None
        return (target, ways[target]) if is_all else None

    def as_net(self) -> Net:
        """The rest as a level of its own, with the numbers it had before."""
        outs = [[Way(to, cost=cost) for to, cost in ways.items()] for ways in self.outs]
        both = [waits and ins > 1 for waits, ins in zip(self.net.both, self.ins, strict=True)]
        return replace(self.net, outs=outs, both=both, cost=[0] * len(outs), several=set())


def reduce(net: Net) -> Rest:
    """Apply the two rules to `net` as often as they fit."""
    clash: tuple[int, int] | None = None

    def meet(source: int, target: int, one: Cost, other: Cost) -> Cost:
        nonlocal clash
        if net.fork[source] != net.both[target]:
            clash = (source, target)
        return (beside if net.fork[source] else either)(one, other)

    costs = [charged(net, vertex) for vertex in range(len(net.outs))]
    outs, ins = shrink(net, costs, meet, lambda _, before, after: along(before, after))
    return Rest(net, outs, ins, clash)


def shrink(
    net: Net,
    loads: list[list[W]],
    meet: Callable[[int, int, W, W], W],
    through: Callable[[int, W, W], W],
) -> tuple[list[dict[int, W]], list[int]]:
    """Make each vertex with one way in and out a part of that way, and one of ways side by side.

    `loads` has what is on each way, `through` what is on one way after another past a vertex, and
    `meet` what is on two ways between the same vertices. Returns the ways that are left, and
    how many lead to each vertex.
    """
    size = len(net.outs)
    outs: list[dict[int, W]] = [{} for _ in range(size)]
    # The sources are the vertices that ways come from, as one sum without carry.
    ins, sources = [0] * size, [0] * size

    def add(source: int, target: int, load: W) -> None:
        ways = outs[source]
        if target in ways:
            ways[target] = meet(source, target, ways[target], load)
            return
        ways[target] = load
        ins[target] += 1
        sources[target] ^= source

    for vertex, ways in enumerate(net.outs):
        for way, load in zip(ways, loads[vertex], strict=True):
            add(vertex, way[0], load)
    stack = [v for v in range(size - 1, 0, -1) if net.outs[v]]
    while stack:
        vertex = stack.pop()
        if ins[vertex] != 1 or len(outs[vertex]) != 1:
            continue
        source = sources[vertex]
        ((target, after),) = outs[vertex].items()
        if vertex in (source, target):
            continue
        # The vertex becomes a part of the way through it.
        before = outs[source].pop(vertex)
        ins[target] -= 1
        sources[target] ^= vertex
        outs[vertex] = {}
        ins[vertex] = sources[vertex] = 0
        add(source, target, through(vertex, before, after))
        stack += (source, target) if source else (target,)
    return outs, ins


def along(first: Cost, then: Cost) -> Cost:
    """The cost of one way after another."""
    if first is FREE:
        return then
    if then is FREE:
        return first
    return Cost(first.through + then.through, max(first.ever, first.through + then.ever))


def beside(one: Cost, other: Cost) -> Cost:
    """The cost of two ways that are both gone."""
    return Cost(one.through + other.through, one.ever + other.ever)


def either(one: Cost, other: Cost) -> Cost:
    """The cost of two ways of which one is gone."""
    return Cost(max(one.through, other.through), max(one.ever, other.ever))


def charged(net: Net, vertex: int) -> list[Cost]:
    """The cost of each way out of `vertex`, what the vertex costs included once."""
    costs = [way[2] for way in net.outs[vertex]]
    if not net.cost[vertex]:
        return costs
    own = Cost(net.cost[vertex], net.cost[vertex])
    last = 1 if net.fork[vertex] else len(costs)
    return [along(own, cost) for cost in costs[:last]] + costs[last:]
