"""Faults that lie behind others: the part that has one is taken as mended, and the rest looked at.

A part is entered at one vertex and left at one, and holds what the run of the fault shows. As if
it were mended, one way leads from its first vertex to its last. What is found then names the
parts in its script (`Script.mended`), so that it can be replayed: on the real graph another fault
may keep every run from it.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from importlib import import_module
from typing import Any

from agentgraph.errors import Finding
from agentgraph.graph import END, START, Edge, FrozenGraph, Vertex
from agentgraph.verify.nest import nest
from agentgraph.verify.soundness import check_soundness
from agentgraph.verify.ways import reached
from agentgraph.verify.wiring import Wiring, wire

_TRIED = 50
"""How many beginnings of a part are tried, from the nearest one on."""


def behind(graph: FrozenGraph, faults: Sequence[Finding]) -> Iterator[Finding]:
    """Find what is wrong in the rest of a graph, with the parts of these faults mended."""
    told = {fault.what for fault in faults}
    parts: list[tuple[str, str]] = []
    while faults:
        known = len(parts)
        for fault in faults:
            part = _part(graph, fault)
            if part is not None:
                parts.append(part)
                graph = mended(graph, [part])
        nested, _ = nest(wire(graph))
        if len(parts) == known or nested is None:
            return
        found, _ = check_soundness(nested, [0] * len(graph.vertices))
        faults = [fault for fault in found if fault.what not in told and fault.script]
        told.update(fault.what for fault in faults)
        for fault in faults:
            script = fault.script and replace(fault.script, mended=tuple(parts))
            yield replace(fault, script=script)


def mended(graph: FrozenGraph, parts: Iterable[tuple[str, str]]) -> FrozenGraph:
    """Put one way in the place of all that lies between the first and the last vertex of each part."""
    for first, last in parts:
        head, _, rest = first.partition("/")
        if rest:
            child = graph.vertex[head].child or graph
            inside = mended(child, [(rest, last.partition("/")[2])])
            vertices = [replace(v, child=inside) if v.name == head else v for v in graph.vertices]
            graph = replace(graph, vertices=tuple(vertices))
        else:
            graph = _bridged(graph, first, last)
    return graph


def _bridged(graph: FrozenGraph, first: str, last: str) -> FrozenGraph:
    gone = _between(wire(graph), first, last) - {first, last}
    regions = [r for r in graph.regions if not gone.issuperset(r.members)]
    members = [tuple(name for name in r.members if name not in gone) for r in regions]
    loops = {region.name for region in regions}
    edges = [e for e in graph.edges if e.source not in gone | {first} and e.target not in gone]
    return replace(
        graph,
        vertices=tuple(
            _plainly(v, loops, gone, is_first=v.name == first, is_last=v.name == last)
            for v in graph.vertices
            if v.name not in gone
        ),
        edges=(*edges, Edge(first, last)),
        regions=tuple(replace(r, members=m) for r, m in zip(regions, members, strict=True)),
    )


def _plainly(
    vertex: Vertex, loops: set[str], gone: set[str], *, is_first: bool, is_last: bool
) -> Vertex:
    """A vertex as it is when a part is mended: its first forks and chooses no more, its last joins not."""
    bound = vertex.bound
    if bound and (bound.then in gone or (bound.loop and bound.loop not in loops)):
        vertex = replace(vertex, bound=None)
    if (is_first and vertex.kind not in {"start", "join"}) or (is_last and vertex.kind == "join"):
        return Vertex(vertex.name, place=vertex.place, bound=vertex.bound)
    return vertex


def _part(graph: FrozenGraph, fault: Finding) -> tuple[str, str] | None:
    """The smallest part with one way in and one way out that holds what a fault shows."""
    networkx: Any = import_module("networkx")
    script = fault.script
    if script is None or script.outcome == "never":
        return None
    net = wire(graph)
    ways = [(v.name, net.name(to)) for i, v in enumerate(net.vertices) for to in net.ways(i)]
    core = set(script.culprits)
    if script.outcome not in {"waits", "twice"}:
        core |= {token.vertex for token in script.tokens}
    core |= {source for source, target in ways if target in script.culprits}
    both = networkx.DiGraph(ways)
    if not core <= both.nodes:
        return None
    before = networkx.immediate_dominators(both, START)
    after = networkx.immediate_dominators(both.reverse(), END)
    for first in _common(core, before)[:_TRIED]:
        last = next(iter(_common({*core, first}, after)), first)
        part = _between(net, first, last)
        if first != last and not _is_cut(graph, part, first, last):
            leaves = (
                source != last and source in part and target not in part for source, target in ways
            )
            enters = (
                target != first and target in part and source not in part for source, target in ways
            )
            if not any(leaves) and not any(enters):
                return first, last
    return None


def _is_cut(graph: FrozenGraph, part: set[str], first: str, last: str) -> bool:
    """Say whether a region lies neither inside a part nor around it nor beside it."""
    inner = part - {first, last}
    for region in graph.regions:
        if inner.issuperset(region.members):
            is_apart = region.target is None or region.target in part
        else:
            is_whole = part.issubset(region.members) or part.isdisjoint(region.members)
            is_apart = is_whole and region.target not in inner
        if not is_apart:
            return True
    return False


def _common(names: Iterable[str], above: dict[str, str]) -> list[str]:
    """What stands above all of these, the nearest first."""
    chains: list[list[str]] = []
    for name in names:
        chain = [name]
        while (higher := above.get(chain[-1])) not in {None, chain[-1]}:
            chain.append(str(higher))
        chains.append(chain)
    return [name for name in chains[0] if all(name in chain for chain in chains)]


def _between(net: Wiring, first: str, last: str) -> set[str]:
    """All that lies on ways from one vertex up to another one, both included."""
    stop = net.number[last]
    inside = reached([net.number[first]], lambda v: [] if v == stop else net.ways(v))
    return set(map(net.name, inside))
