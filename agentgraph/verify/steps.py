"""How many steps a level takes at most; not whether it is proper."""

from agentgraph.verify.net import Cost, Net
from agentgraph.verify.reduction import charged


def costs_of_exits(net: Net, small: Net) -> dict[int, Cost]:
    """Return what a proper level costs up to each of its exits; `small` is what is left of it.

    Exact where only alternatives are left; else every vertex of the level is counted, as
    often as the bounds in its cycle let it run.
    """
    order = small.order()
    forks = any(small.fork[v] and len(ways) > 1 for v, ways in enumerate(small.outs))
    if order is None or forks:
        return dict.fromkeys(net.exits, _all_of(net))
    through, ever = _dearest(small, order)
    return {end: Cost(through[end], ever[end]) for end in net.exits}


def _dearest(net: Net, order: list[int]) -> tuple[list[int], list[int]]:
    """What the dearest way to each vertex of a level without forks costs."""
    through = [0] * len(order)
    ever = [0] * len(order)
    for vertex in order:
        ways = net.outs[vertex]
        if not ways:
            continue
        now = through[vertex] + net.cost[vertex]
        most = max(ever[vertex], now)
        for target, _, cost in ways:
            here, end = now + cost[0], max(most, now + cost[1])
            through[target] = max(through[target], here)
            ever[target] = max(ever[target], end)
    return through, ever


def _all_of(net: Net) -> Cost:
    """What all vertices of a level cost, when each of them runs as often as it can."""
    through = ever = 0
    for vertex in range(len(net.outs)):
        if costs := charged(net, vertex):
            most = sum if net.fork[vertex] else max
            through += most(cost.through for cost in costs)
            ever += most(cost.ever for cost in costs)
    # Between two runs of a vertex a token goes round a cycle, and so past one of the bounds.
    rounds = 1 if net.order() is not None else 1 + sum(net.bounds)
    return Cost(through * rounds, ever * rounds)


def after_rounds(
    back: Cost | None, exits: dict[int, Cost], rounds: int
) -> tuple[dict[int, Cost], Cost]:
    """Return the costs of a loop that starts at most `rounds` times, and what it may cost in all.

    `back` is what one round costs that comes back to its start, `exits` what the last one costs.
    """
    if back is None:
        return exits, Cost(0, max((cost.ever for cost in exits.values()), default=0))
    before = max(rounds - 1, 0) * back.through
    ever = before + max([back.ever, *(cost.ever for cost in exits.values())])
    found = {end: Cost(before + c.through, max(ever, before + c.ever)) for end, c in exits.items()}
    return found, Cost(rounds * back.through, ever)
