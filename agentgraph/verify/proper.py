"""Is one level proper, and what does it cost? Reduction first, and the token game of what is left.

Only what is not proper is taken apart, to tell all that is wrong with it.
"""

from dataclasses import dataclass, field

from agentgraph.verify.game import Search
from agentgraph.verify.loops import Loop, cut_at_entry, find_loops
from agentgraph.verify.net import FREE, Cost, Fault, Net, Way
from agentgraph.verify.parallel import crowded
from agentgraph.verify.parts import parts_of
from agentgraph.verify.quorum import fault_of_quorum
from agentgraph.verify.reduction import Rest, reduce
from agentgraph.verify.steps import after_rounds, costs_of_exits

_PLAYED = 20_000
"""So many vertices of a level may run, besides 20 for each, before it stays undecided."""


@dataclass(slots=True)
class Solved:
    """A level that has been decided."""

    net: Net
    costs: dict[int, Cost]
    """What it costs to come to each exit."""
    faults: list[tuple[Net, Fault]] = field(default_factory=list[tuple[Net, Fault]])
    """What is wrong, with the level (this one, or a loop in it) whose numbers it uses."""
    dead: frozenset[int] = frozenset()
    """Exits that no run comes to, because a quorum is always reached before."""
    open: list[Fault] = field(default_factory=list[Fault])
    """What is wrong so that it is unknown how many tokens come to which exit."""


@dataclass(slots=True)
class _Frame:
    net: Net
    loop: Loop | None = None
    loops: list[Loop] | None = None
    rounds: int = 0
    """How often the level itself starts again, if it has been cut at its entry."""
    faults: list[tuple[Net, Fault]] = field(default_factory=list[tuple[Net, Fault]])


def solve(net: Net) -> Solved:
    """Decide a level, the loops in it first. Its loops become single vertices."""
    stack = [_Frame(net)]
    while True:
        frame = stack[-1]
        if frame.loops is None and frame.net.order() is not None:
            frame.loops = []
        if frame.loops is None:
            frame.rounds = cut_at_entry(frame.net)
            frame.loops = find_loops(frame.net)
        if frame.loops:
            loop = frame.loops.pop()
            stack.append(_Frame(loop.net, loop))
            continue
        stack.pop()
        solved = _decide(frame.net)
        solved.faults += frame.faults
        if frame.rounds:
            back = solved.costs.pop(frame.net.back, None)
            solved.costs, _ = after_rounds(back, solved.costs, frame.rounds)
        if frame.loop is None:
            return solved
        _absorb(stack[-1], frame.loop, solved)


def _absorb(frame: _Frame, loop: Loop, solved: Solved) -> None:
    """Make one vertex of a loop that has been decided."""
    net = frame.net
    if solved.faults and net.need:
        return  # Others may cancel it, so whether it does harm shows in the race.
    if solved.open:
        net.open[loop.entry] = solved.open
    frame.faults += solved.faults
    back = solved.costs.get(loop.back)
    exits = {end: solved.costs.get(end, FREE) for end in loop.ways}
    costs, over = after_rounds(back, exits, loop.rounds)
    held = frozenset[int]().union(*(net.held.get(v, frozenset()) for v in loop.members))
    bounds = sum(net.bounds[v] for v in loop.members)
    for vertex in loop.members:
        net.outs[vertex] = []
        net.cost[vertex] = net.bounds[vertex] = 0
        net.held.pop(vertex, None)
        net.gates.pop(vertex, None)
        net.limits.pop(vertex, None)
        net.instant.discard(vertex)
    net.fork[loop.entry] = net.both[loop.entry] = False
    net.outs[loop.entry] = [way._replace(cost=costs[end]) for end, way in loop.ways.items()]
    if loop.over is not None:
        net.outs[loop.entry].append(loop.over._replace(cost=over))
    net.bounds[loop.entry] = bounds
    if len(loop.members) > 1:
        net.several.add(loop.entry)
    if held:
        net.held[loop.entry] = held


def _decide(net: Net) -> Solved:
    if net.need or net.open:
        return _race(net) if net.need else _taken_apart(net)
    rest = reduce(net)
    if _fault_of(rest) is not None:
        return _taken_apart(net)
    only = rest.only
    costs = costs_of_exits(net, rest.as_net()) if only is None else dict([only])
    solved, fault = Solved(net, costs), crowded(net)
    return solved if fault is None else whole(solved, [fault])


def _taken_apart(net: Net) -> Solved:
    """Find each part of a level that is wrong by itself."""
    solved = Solved(net, costs_of_exits(net, net))
    for part in parts_of(net):
        open_ = [
            fault
            for vertex, known in net.open.items()
            if 2 * vertex + 1 in part.points
            for fault in known
        ]
        fault = _fault_of(reduce(part.net))
        if fault is not None:
            fault.is_sure = not open_
            open_.append(fault)
            solved.faults.append((part.net, fault))
        if len(part.lasts) == 1:
            for fault in open_:
                fault.part = (part.first, part.lasts[0])
        else:
            solved.open += open_
    return solved


def _fault_of(rest: Rest) -> Fault | None:
    if rest.clash is not None:
        source, target = rest.clash
        return Fault("double" if rest.net.fork[source] else "stuck", target)
    return None if rest.only else Search(rest.as_net(), _PLAYED + 20 * len(rest.outs)).fault()


def whole(solved: Solved, faults: list[Fault]) -> Solved:
    """Note what is wrong with a level as a whole."""
    net = solved.net
    ends = {-1 if end in net.race else end for end in net.exits if end != net.back}
    open_ = [fault for known in net.open.values() for fault in known]
    for fault in faults:
        fault.is_sure = not open_
    if len(ends) == 1:
        last = max(net.exits, key=lambda end: end != net.back)
        for fault in (*open_, *faults):
            fault.part = (net.names[net.outs[0][0].target], net.names[last])
    else:
        solved.open += [*open_, *faults]
    solved.faults += [(net, fault) for fault in faults]
    return solved


def _race(net: Net) -> Solved:
    """Decide a level that ends at a quorum; all its branches may run, so all are counted."""
    fault, dead = fault_of_quorum(net)
    tied = _tied(net)
    costs = costs_of_exits(tied, reduce(tied).as_net())
    join = len(net.outs)
    found = {end: costs.get(join if end in net.race else end, FREE) for end in net.exits}
    return whole(Solved(net, found, dead=dead), [] if fault is None else [fault])


def _tied(net: Net) -> Net:
    """The level with a vertex for its join, which waits for all places that are reached."""
    tied = Net(
        names=[*net.names, "join"],
        outs=[*net.outs, []],
        fork=[*net.fork, False],
        both=[*net.both, True],
        cost=[*net.cost, 0],
        bounds=[*net.bounds, 0],
    )
    for vertex in net.race:
        tied.outs[vertex] = [Way(len(net.outs))]
    return tied
