"""AG305 and AG307: every cycle holds a vertex whose bound ends it; not how often it really runs.

A bound lets only so many tokens past its vertex, and a later one can only take its `then`.
But a count that belongs to a loop is set back when a token enters that loop from outside:
so it ends a cycle only if the loop holds the whole cycle.
"""

from collections.abc import Iterator

from agentgraph.errors import Finding
from agentgraph.graph import Bound
from agentgraph.verify.loops import components, left_of
from agentgraph.verify.nest import OUTSIDE, Nest
from agentgraph.verify.ways import path_to
from agentgraph.verify.wiring import Wiring
from agentgraph.verify.witness import Witnesses
from agentgraph.verify.words import listed


def check_cycles(net: Wiring, nest: Nest | None, seen: Witnesses) -> Iterator[Finding]:
    """Find cycles that nothing bounds, and bounds that leave no room for their cycle."""
    bounded = {v: found.bound for v, found in enumerate(net.vertices) if found.bound is not None}
    has_cycle = bool(net.handlers) or net.order is None
    is_plain = not has_cycle or (nest is not None and _is_plainly_bounded(nest))
    is_tight = any(bound.at_most == 1 and bound.then is None for bound in bounded.values())
    repeated: set[int] = set()
    if has_cycle and (is_tight or not is_plain):
        loops: dict[str | None, frozenset[int]] = {
            name: frozenset(net.number[member] for member in net.graph.regions[region].members)
            for name, region in net.loops.items()
        }
        for members, inner in _largest({v: net.ways_on(v) for v in range(len(net.vertices))}):
            repeated |= members
            for finding, cycle in _unbounded(net, inner, members, bounded, loops):
                yield seen.repeated(finding, map(net.name, cycle))
    for vertex, bound in bounded.items():
        for finding in _too_low(net, vertex, bound.at_most, vertex in repeated):
            yield seen.ending(finding, net.name(vertex))


def _is_plainly_bounded(nest: Nest) -> bool:
    """Say in one pass whether each cycle goes through an entry that its own region bounds.

    A cycle lies in some smallest region. There, with each region inside it as one vertex, it
    stays a cycle: so if none is left when the ways on from bounded vertices are cut, all end. If
    some are left, nothing is said.
    """
    net = nest.net
    count = len(net.vertices)
    targets: list[list[int]] = [[] for _ in range(count + len(nest.around))]
    for source, head in zip(net.source, net.target, strict=True):
        level, tail, tip = nest.meet(source, nest.owner[source], head)
        if tail == source and net.vertices[source].bound is not None:
            continue
        bound = net.vertices[head].bound
        if tip != head and bound is not None and bound.then is None:
            loop = OUTSIDE if bound.loop is None else net.loops[bound.loop]
            if nest.has_inside(loop, level):
                continue
        targets[tail].append(tip)
    for source, head in net.then.items():
        _, tail, tip = nest.meet(source, nest.owner[source], head)
        targets[tail].append(tip)
    for region, head in net.handlers.items():
        _, tail, tip = nest.meet(count + region, nest.around[region], head)
        targets[tail].append(tip)
    return not left_of(dict(enumerate(targets)))


Ways = dict[int, list[int]]


def _largest(ways: Ways) -> Iterator[tuple[frozenset[int], Ways]]:
    """Give the largest sets of vertices that lead to each other, with the ways inside each."""
    inner = left_of(ways)
    for members in components(inner):
        yield members, {v: [t for t in inner[v] if t in members] for v in sorted(members)}


def _unbounded(
    net: Wiring,
    ways: Ways,
    members: frozenset[int],
    bounded: dict[int, Bound],
    loops: dict[str | None, frozenset[int]],
) -> Iterator[tuple[Finding, frozenset[int]]]:
    waiting = [(ways, members, bounded)]
    while waiting:
        inner, cycle, known = waiting.pop()
        known = {vertex: bound for vertex, bound in known.items() if vertex in cycle}
        # These end every cycle through them, if it stays in this one.
        cut = {v for v, bound in known.items() if loops.get(bound.loop, cycle) >= cycle}
        if not cut:
            yield _endless(net, inner, cycle), cycle
            continue
        rest = dict(inner)
        for vertex in cut:
            then = net.then.get(vertex)
            rest[vertex] = [then] if then is not None and then in cycle else []
        # A bound that has been counted on once does not end what is left.
        fewer = {vertex: bound for vertex, bound in known.items() if vertex not in cut}
        waiting += [(part, inside, fewer) for inside, part in _largest(rest)]


def _endless(net: Wiring, ways: Ways, cycle: frozenset[int]) -> Finding:
    start = min(cycle)
    first = min(
        (path_to(target, start, ways.__getitem__) for target in ways[start]),
        key=lambda path: len(path) or len(net.vertices) + 1,
    )
    names = [net.name(vertex) for vertex in (start, *first)]
    why = ""
    for vertex in sorted(cycle):
        bound = net.vertices[vertex].bound
        if bound is not None and why == "":
            is_by_then = net.then.get(vertex) in cycle
            why = f": the `then` of {net.name(vertex)!r} leads back into it" if is_by_then else ""
            if not is_by_then and bound.loop is not None:
                why = f": the count of {net.name(vertex)!r} starts again with each round"
    what = f"nothing bounds the cycle through {listed(names[:-1])}{why}"
    fix = f"bound the node that it goes back to: `g.add_node({names[0]}, max_visits=5)`, "
    fix += "or in a flow `(...).loop(at_most=5)`"
    where = f"cycle through {names[0]!r}"
    return Finding("AG305", what, where, fix, net.place(start), tuple(names))


def _too_low(net: Wiring, vertex: int, at_most: int, is_repeated: bool) -> Iterator[Finding]:
    name = net.name(vertex)
    back = net.edges[net.ins[vertex][-1]].place if net.ins[vertex] else None
    if at_most < 1:
        what = f"the bound {at_most} of {name!r} lets no token pass, not even the first"
        fix = "take at_most=1 or more: the first visit counts"
        yield Finding("AG307", what, f"bound of {name!r}", fix, net.place(vertex))
    elif at_most == 1 and is_repeated and vertex not in net.then:
        what = f"the bound 1 of {name!r} counts the first visit, so every way back ends the run"
        where = f"bound of {name!r}"
        fix = "take at_most=2 for one repetition, or say with `then=` where the way back leads"
        yield Finding("AG307", what, where, fix, back or net.place(vertex), severity="warning")
