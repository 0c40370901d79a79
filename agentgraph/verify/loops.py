"""Cycles of a level: those with one entry are decided on their own and become one vertex.

In a proper level a token that comes back to the entry of a cycle is the only one in it,
just as the first one was: so one round from the entry tells all, with the way back as an exit.
(If another token were left in the cycle, or had left it before, each round would leave one
more.) The cycle of a bounded vertex is cut there, its `then` is an exit of the loop.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TypeVar

from agentgraph.verify.net import Net, Way
from agentgraph.verify.ways import backwards, deepest_first, onward, reached

T = TypeVar("T")


@dataclass(slots=True)
class Loop:
    """One round of a cycle as a level of its own; its exits are ways of the level around it."""

    net: Net
    entry: int
    """The vertex of the level around it at which the cycle is entered."""
    members: frozenset[int]
    ways: dict[int, Way] = field(default_factory=dict[int, Way])
    """From the exits of the round to the ways out of the loop."""
    back: int = -1
    """The exit of the round that stands for the way back."""
    rounds: int = 0
    over: Way | None = None
    """Where the bound of the entry leads, if it leads out of the loop."""
    known: dict[tuple[int, int], int] = field(default_factory=dict[tuple[int, int], int])


def cut_at_entry(net: Net) -> int:
    """Make an exit of all ways back to the entry of a level; return how often it may start.

    0 when there is no such way, or when the entry is a join or has a `then`.
    """
    (entry,) = (way.target for way in net.outs[0])
    if net.need or net.both[entry] or entry in net.gates:
        return 0
    sources = [
        vertex
        for vertex, ways in enumerate(net.outs)
        if vertex and any(w.target == entry for w in ways)
    ]
    if not sources:
        return 0
    net.back = net.add(net.names[entry])
    for vertex in sources:
        net.outs[vertex] = [
            way._replace(target=net.back) if way.target == entry else way
            for way in net.outs[vertex]
        ]
    return net.limits.get(entry) or 1 + sum(net.bounds)


def find_loops(net: Net) -> list[Loop]:
    """Return the largest cycles of `net` that have one entry."""
    found: list[Loop] = []
    if net.order() is not None:
        return found
    cycles = _cycles(net)
    cycle_of = {vertex: number for number, members in enumerate(cycles) for vertex in members}
    entries: list[set[int]] = [set() for _ in cycles]
    for vertex, ways in enumerate(net.outs):
        here = cycle_of.get(vertex)
        for way in ways:
            there = cycle_of.get(way.target)
            if there is not None and there != here:
                entries[there].add(way.target)
    for members, entered in zip(cycles, entries, strict=True):
        if len(entered) == 1 and not net.both[entry := next(iter(entered))]:
            found.append(_round(net, entry, members))
    return found


def _cycles(net: Net) -> list[frozenset[int]]:
    """The sets of vertices that lead to each other."""
    ways = {v: [way.target for way in outs] for v, outs in enumerate(net.outs)}
    (entry,) = ways[0]
    before = backwards(ways)
    if len(before[entry]) == 1:
        return components(ways)
    # The entry leads everywhere, so what leads back to it is a cycle: most often the only one.
    members = frozenset(reached([entry], before.__getitem__).keys() - {0})
    rest = {v: [t for t in targets if t not in members] for v, targets in ways.items()}
    inner = {v: targets for v, targets in rest.items() if v and v not in members}
    return [members, *components(left_of(inner))]


def left_of(ways: dict[T, list[T]]) -> dict[T, list[T]]:
    """What is left when all that no cycle leads to has been taken away."""
    count = dict.fromkeys(ways, 0)
    for targets in ways.values():
        for target in targets:
            count[target] += 1
    left = ways.keys() - set(onward(count, ways.__getitem__))
    return {v: [target for target in ways[v] if target in left] for v in ways if v in left}


def _round(net: Net, entry: int, members: frozenset[int]) -> Loop:
    level = Net()
    level.add(net.names[entry])
    local = {v: level.take(net, v) for v in sorted(members)}
    loop = Loop(level, entry, members)
    loop.rounds = net.gates.get(entry) or net.limits.get(entry) or 0
    if not loop.rounds:
        loop.rounds = 1 + sum(net.bounds[v] for v in members)
    starts = net.outs[entry]
    if entry in net.gates and starts[1].target not in members:
        loop.over = starts[1]
        starts = starts[:1]
    for vertex, new in local.items():
        ways = starts if vertex == entry else net.outs[vertex]
        level.outs[new] = _ways(loop, net, local, ways)
    level.gates.pop(local[entry], None)
    level.outs[0] = [Way(local[entry])]
    return loop


def _ways(loop: Loop, net: Net, local: dict[int, int], ways: Iterable[Way]) -> list[Way]:
    """The ways of a round: those that lead out of the loop, and the way back, end at exits."""
    found: list[Way] = []
    for way in ways:
        if way.target == loop.entry:
            if loop.back < 0:
                loop.back = loop.net.back = loop.net.add(net.names[way.target])
            found.append(way._replace(target=loop.back))
        elif way.target in local:
            found.append(way._replace(target=local[way.target]))
        else:
            found.append(way._replace(target=_exit(loop, net, way)))
    return found


def _exit(loop: Loop, net: Net, way: Way) -> int:
    # A join has a place for each way in; elsewhere all ways lead to one place.
    edge = way.edge if net.both[way.target] else -1
    key = (way.target, edge)
    if key not in loop.known:
        loop.known[key] = loop.net.add(net.names[way.target])
        loop.ways[loop.known[key]] = Way(*key)
    return loop.known[key]


def components(ways: dict[T, list[T]]) -> list[frozenset[T]]:
    """The sets of vertices that all lead to each other, by Kosaraju's way; no single ones."""
    before = backwards(ways)
    found: list[frozenset[T]] = []
    done: set[T] = set()
    for vertex in reversed(deepest_first(ways, ways.__getitem__)):
        if vertex not in done:
            members = reached([vertex], lambda v: (b for b in before[v] if b not in done)).keys()
            done.update(members)
            if len(members) > 1 or vertex in ways[vertex]:
                found.append(frozenset(members))
    return found[::-1]
