"""Whole graphs of the two plainest kinds, decided in one pass: only choices, or only forks.

Where no region, cycle or bound plays a part, a graph without forks is sound when nothing waits
for several ways, and one without choices is sound when every merge waits for all its ways.
"""

from agentgraph.verify.wiring import Wiring


def quick_steps(net: Wiring, cost: list[int]) -> int | None:
    """Return how many steps `net` takes at most when it is plainly sound, else None."""
    if net.graph.regions or net.then:
        return None
    splits = {net.is_choice[vertex] for vertex, edges in enumerate(net.outs) if len(edges) > 1}
    meetings = {net.is_join[vertex] for vertex, edges in enumerate(net.ins) if len(edges) > 1}
    # Forks and joins do not mix with choices and merges.
    if (False in splits or True in meetings) and (True in splits or False in meetings):
        return None
    order = net.order
    if order is None:
        return None
    return sum(cost) if False in splits else _dearest(net, cost, order)


def _dearest(net: Wiring, cost: list[int], order: list[int]) -> int:
    """The most that the vertices of one way from START to END cost."""
    best = [0] * len(order)
    for vertex in order:
        through = best[vertex] + cost[vertex]
        for edge in net.outs[vertex]:
            target = net.target[edge]
            best[target] = max(best[target], through)
    return best[net.end]
