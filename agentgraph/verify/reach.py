"""AG110 to AG112: every vertex is reached, goes on, and can come to END; not in which order."""

from collections.abc import Callable, Iterable, Iterator

from agentgraph.errors import Finding, Script
from agentgraph.verify.wiring import Wiring
from agentgraph.verify.witness import Witnesses
from agentgraph.verify.words import add_edge, at, listed, quoted


def check_reach(net: Wiring, seen: Witnesses) -> Iterator[Finding]:
    """Find what no run reaches, what does not go on, and what no run gets out of."""
    if _is_plain(net):
        return
    reached = _reached(net)
    dead = {v for v in range(len(net.vertices)) if not net.outs[v] and v != net.end}
    ending = _ending(net, dead)
    for vertex in range(len(net.vertices)):
        if not reached[vertex] and not (vertex == net.end and (dead or not ending[net.start])):
            yield _unreachable(net, vertex, reached)
        if vertex in dead and vertex != net.start:
            yield seen.shown(_dead_end(net, vertex), "trapped", net.name(vertex))
    trap = [v for v, ends in enumerate(ending) if not ends and reached[v] and v != net.start]
    if trap:
        yield seen.shown(_trap(net, trap), "trapped", net.name(trap[0]))


def path_to(start: int, goal: int, ways: Callable[[int], Iterable[int]]) -> list[int]:
    """Return a shortest path of vertices, empty when there is none."""
    before = {start: start}
    queue = [start]
    for vertex in queue:
        if vertex == goal:
            break
        for target in ways(vertex):
            if target not in before:
                before[target] = vertex
                queue.append(target)
    if goal not in before:
        return []
    path = [goal]
    while path[-1] != start:
        path.append(before[path[-1]])
    return path[::-1]


def _is_plain(net: Wiring) -> bool:
    """There is no cycle, so it is enough that nothing but START and END is a first or a last."""
    if net.handlers or net.order() is None:
        return False
    first = [vertex for vertex, edges in enumerate(net.ins) if not edges]
    last = [vertex for vertex, edges in enumerate(net.outs) if not edges]
    return first == [net.start] and last == [net.end]


def _reached(net: Wiring) -> list[bool]:
    """Say which vertices START leads to; a failure leads from each member to its handler."""
    reached = [False] * len(net.vertices)
    reached[net.start] = True
    stack = [net.start]
    while stack:
        ways = net.ways_on(stack.pop())
        for way in ways:
            if not reached[way]:
                reached[way] = True
                stack.append(way)
    return reached


def _ending(net: Wiring, dead: set[int]) -> list[bool]:
    """Say which vertices lead to END or to a dead end (which is a finding of its own)."""
    leads_by_bound: dict[int, list[int]] = {}
    for vertex, then in net.then.items():
        leads_by_bound.setdefault(then, []).append(vertex)
    ending = [False] * len(net.vertices)
    stack = [net.end, *dead]
    for vertex in stack:
        ending[vertex] = True
    source, ins = net.source, net.ins
    while stack:
        vertex = stack.pop()
        ways = [source[edge] for edge in ins[vertex]]
        if vertex in leads_by_bound:
            ways += leads_by_bound[vertex]
        for way in ways:
            if not ending[way]:
                ending[way] = True
                stack.append(way)
    return ending


def _unreachable(net: Wiring, vertex: int, reached: list[bool]) -> Finding:
    name = net.name(vertex)
    before = [net.name(net.source[e]) for e in net.ins[vertex] if not reached[net.source[e]]]
    why = f"; it is led to only from {listed(before)}" if before else ": no edge leads to it"
    flow = next((r for r in net.graph.regions if r.kind == "catch" and r.target == name), None)
    if flow is not None and not before:
        is_idle = all(net.graph.vertex[each].kind == "gateway" for each in flow.members)
        why = ": what it catches" + (
            " cannot fail" if is_idle else ", a flow inside catches before"
        )
    unused = [v.name for v in net.vertices if v.bound is not None and v.bound.then == name]
    if unused and not before:
        why = f": no token comes to {listed(unused)} so often that the bound is used up"
    near = next((n for n, known in enumerate(reached) if known and n != net.end), net.start)
    return Finding(
        "AG110",
        f"no run reaches {quoted(name)}{why}",
        at(net.vertices[vertex]),
        f"lead a way to it, such as {add_edge(net.name(near), name)}, or remove it",
        next((net.edges[edge].place for edge in net.outs[vertex]), None) or net.place(vertex),
        script=Script("never", (name,)),
    )


def _dead_end(net: Wiring, vertex: int) -> Finding:
    name = net.name(vertex)
    path = path_to(net.start, vertex, net.ways)
    return Finding(
        "AG111",
        f"a run that comes to {name!r} cannot go on: no edge leaves it",
        at(net.vertices[vertex]),
        f"end the run there with {add_edge(name, 'END')}, or lead it on",
        net.place(vertex),
        tuple(map(net.name, path)),
    )


def _trap(net: Wiring, trap: list[int]) -> Finding:
    names = [net.name(vertex) for vertex in trap]
    path = path_to(net.start, trap[0], net.ways)
    return Finding(
        "AG112",
        f"a run that comes to {listed(names, 'or')} can never come to END",
        f"nodes {listed(names)}",
        f"lead a way out: {add_edge(names[-1], 'END')}, a label of a classifier that leads on, "
        "or the `then=` of a bound",
        net.place(trap[0]),
        tuple(map(net.name, path)),
    )
