"""AG110 to AG112: every vertex is reached, goes on, and can come to END; not in which order."""

from collections.abc import Iterable, Iterator

from agentgraph.errors import Finding, Script
from agentgraph.verify.ways import backwards, path_to, reached
from agentgraph.verify.wiring import Wiring
from agentgraph.verify.witness import Witnesses
from agentgraph.verify.words import add_edge, at, listed, quoted


def check_reach(net: Wiring, seen: Witnesses) -> Iterator[Finding]:
    """Find what no run reaches, what does not go on, and what no run gets out of."""
    if _is_plain(net):
        return
    found = reached([net.start], net.ways_on)
    dead = {v for v in range(len(net.vertices)) if not net.outs[v] and v != net.end}
    led = ending(net, dead)
    for vertex in range(len(net.vertices)):
        if vertex not in found and not (vertex == net.end and (dead or net.start not in led)):
            yield _unreachable(net, vertex, found)
        if vertex in dead and vertex != net.start:
            yield seen.shown(_dead_end(net, vertex), "trapped", net.name(vertex))
    trap = sorted(found.keys() - led.keys() - {net.start})
    if trap:
        yield seen.shown(_trap(net, trap), "trapped", net.name(trap[0]))


def _is_plain(net: Wiring) -> bool:
    """There is no cycle, so it is enough that nothing but START and END is a first or a last."""
    if net.handlers or net.order is None:
        return False
    first = [vertex for vertex, edges in enumerate(net.ins) if not edges]
    last = [vertex for vertex, edges in enumerate(net.outs) if not edges]
    return first == [net.start] and last == [net.end]


def ending(net: Wiring, dead: Iterable[int]) -> dict[int, None]:
    """Find which vertices lead to END or to a dead end (which is a finding of its own)."""
    ways = {vertex: net.ways(vertex) for vertex in range(len(net.vertices))}
    return reached([net.end, *dead], backwards(ways).__getitem__)


def _unreachable(net: Wiring, vertex: int, known: dict[int, None]) -> Finding:
    name = net.name(vertex)
    before = [net.name(net.source[e]) for e in net.ins[vertex] if net.source[e] not in known]
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
    near = net.name(min(known.keys() - {net.end}))
    what, where = f"no run reaches {quoted(name)}{why}", at(net.vertices[vertex])
    fix = f"lead a way to it, such as {add_edge(near, name)}, or remove it"
    place = next((net.edges[edge].place for edge in net.outs[vertex]), None) or net.place(vertex)
    return Finding("AG110", what, where, fix, place, script=Script("never", (name,)))


def _dead_end(net: Wiring, vertex: int) -> Finding:
    name = net.name(vertex)
    path = path_to(net.start, vertex, net.ways)
    what = f"a run that comes to {name!r} cannot go on: no edge leaves it"
    where = at(net.vertices[vertex])
    fix = f"end the run there with {add_edge(name, 'END')}, or lead it on"
    return Finding("AG111", what, where, fix, net.place(vertex), tuple(map(net.name, path)))


def _trap(net: Wiring, trap: list[int]) -> Finding:
    names = [net.name(vertex) for vertex in trap]
    path = tuple(map(net.name, path_to(net.start, trap[0], net.ways)))
    what = f"a run that comes to {listed(names, 'or')} can never come to END"
    fix = f"lead a way out: {add_edge(names[-1], 'END')}, a label of a classifier that leads on, "
    fix += "or the `then=` of a bound"
    return Finding("AG112", what, f"nodes {listed(names)}", fix, net.place(trap[0]), path)
