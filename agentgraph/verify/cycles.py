"""AG305 and AG307: every cycle holds a vertex whose bound ends it; not how often it really runs.

A bound lets only so many tokens past its vertex, and a later one can only take its `then`.
But a count that belongs to a loop is set back when a token enters that loop from outside:
so it ends a cycle only if the loop holds the whole cycle.
"""

from collections.abc import Iterator

from agentgraph.errors import Finding
from agentgraph.verify.loops import components
from agentgraph.verify.reach import path_to
from agentgraph.verify.wiring import Wiring
from agentgraph.verify.words import listed


def check_cycles(net: Wiring) -> Iterator[Finding]:
    """Find cycles that nothing bounds, and bounds that leave no room for their cycle."""
    ways = _ways(net)
    repeated: set[int] = set()
    for members, inner in _largest(ways):
        repeated |= members
        yield from _unbounded(net, inner, members)
    for vertex, found in enumerate(net.vertices):
        if found.bound is not None:
            yield from _too_low(net, vertex, found.bound.at_most, vertex in repeated)


Ways = dict[int, list[int]]


def _ways(net: Wiring) -> Ways:
    ways = {vertex: net.ways(vertex) for vertex in range(len(net.vertices))}
    for region, handler in net.handlers.items():
        for name in net.graph.regions[region].members:
            ways[net.number[name]].append(handler)
    return ways


def _largest(ways: Ways) -> Iterator[tuple[frozenset[int], Ways]]:
    """Give the largest sets of vertices that lead to each other, with the ways inside each."""
    count = dict.fromkeys(ways, 0)
    for targets in ways.values():
        for target in targets:
            count[target] += 1
    ready = [vertex for vertex, number in count.items() if not number]
    for vertex in ready:
        for target in ways[vertex]:
            count[target] -= 1
            if not count[target]:
                ready.append(target)
    left = ways.keys() - set(ready)
    if not left:
        return
    inner = {v: [target for target in ways[v] if target in left] for v in sorted(left)}
    for members in components(inner):
        yield members, {v: [t for t in inner[v] if t in members] for v in sorted(members)}


def _unbounded(net: Wiring, ways: Ways, members: frozenset[int]) -> Iterator[Finding]:
    waiting = [(ways, members)]
    while waiting:
        inner, cycle = waiting.pop()
        cut = {vertex for vertex in cycle if _ends(net, vertex, inner, cycle)}
        if not cut:
            yield _endless(net, inner, cycle)
            continue
        rest = dict(inner)
        for vertex in cut:
            then = net.then.get(vertex)
            rest[vertex] = [then] if then is not None and then in cycle else []
        waiting += [(smaller, part) for part, smaller in _largest(rest)]


def _ends(net: Wiring, vertex: int, ways: Ways, cycle: frozenset[int]) -> bool:
    """Say whether the bound of `vertex` ends the cycle, and has not been counted on before."""
    bound = net.vertices[vertex].bound
    if bound is None or ways[vertex] == [net.then.get(vertex)]:
        return False
    if bound.loop is None:
        return True
    return net.loop_members(bound.loop) >= cycle


def _endless(net: Wiring, ways: Ways, cycle: frozenset[int]) -> Finding:
    start = min(cycle)
    first = min(
        (path_to(target, start, ways.__getitem__) for target in ways[start]),
        key=lambda path: len(path) or len(net.vertices) + 1,
    )
    names = [net.name(vertex) for vertex in (start, *first)]
    reset = next((v for v in sorted(cycle) if net.vertices[v].bound is not None), None)
    why = "" if reset is None else f": the count of {net.name(reset)!r} starts again each time"
    return Finding(
        "AG305",
        f"nothing bounds the cycle through {listed(names[:-1])}{why}",
        f"cycle through {names[0]!r}",
        f"bound the node that it goes back to: `g.add_node({names[0]}, max_visits=5)`, "
        "or in a flow `(...).loop(at_most=5)`",
        net.place(start),
        tuple(names),
    )


def _too_low(net: Wiring, vertex: int, at_most: int, is_repeated: bool) -> Iterator[Finding]:
    name = net.name(vertex)
    if at_most < 1:
        yield Finding(
            "AG307",
            f"the bound {at_most} of {name!r} lets no token pass, not even the first",
            f"bound of {name!r}",
            "take at_most=1 or more: the first visit counts",
            net.place(vertex),
        )
    elif at_most == 1 and is_repeated and vertex not in net.then:
        yield Finding(
            "AG307",
            f"the bound 1 of {name!r} counts the first visit, so every way back ends the run",
            f"bound of {name!r}",
            "take at_most=2 for one repetition, or say with `then=` where the way back leads",
            net.place(vertex),
            severity="warning",
        )
