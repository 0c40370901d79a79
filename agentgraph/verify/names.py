"""AG101 to AG108: every name is known and stands where it may; not whether a run can end.

What this finds would make the other checks guess, so where it finds an error they are left out.
"""

from collections import Counter
from collections.abc import Iterable, Iterator

from agentgraph.errors import Finding, Place, suggest
from agentgraph.graph import END, START, Bound, Edge, FrozenGraph, Region, Vertex
from agentgraph.verify.words import add_edge, at, counted, listed

_BY_NEED = "make it with `(p | q).join(k)` or `g.add_join([p, q], m, need=k)`"


def check_names(graph: FrozenGraph) -> Iterator[Finding]:
    """Find names that are unknown, doubled, reserved, or stand where they cannot."""
    yield from _reserved(graph)
    yield from _doubled(graph)
    known = graph.vertex
    for edge in graph.edges:
        if edge.source not in known or edge.target not in known:
            yield from _unknown_ends(graph, edge)
    yield from _outer_edges(graph)
    for edges in graph.outs.values():
        if len(edges) > 1:
            yield from _doubled_edges(edges)
    loops = {region.name: region for region in graph.regions if region.kind == "loop"}
    for vertex in graph.vertices:
        if vertex.bound is not None:
            yield from _bound(graph, vertex, vertex.bound, loops)
        if vertex.kind == "join":
            yield from _join(graph, vertex)
        if vertex.child is None and vertex.kind == "subgraph":
            what = f"the subgraph {vertex.name!r} has no graph inside it"
            fix = "make it with `as_node` of the workflow that runs inside"
            yield _misplaced(what, at(vertex), fix, vertex.place)
    for region in graph.regions:
        yield from _region(graph, region)


def _unknown(name: str, known: Iterable[str], where: str, place: Place | None) -> Finding:
    fix = suggest(name, known, f"add it with `g.add_node(...)`, or correct the name {name!r}")
    return Finding("AG101", f"there is no node {name!r}", where, fix, place)


def _misplaced(what: str, where: str, fix: str, place: Place | None) -> Finding:
    return Finding("AG108", what, where, fix, place)


def _reserved(graph: FrozenGraph) -> Iterator[Finding]:
    kinds = {START: "start", END: "end"}
    for vertex in graph.vertices:
        name, what, fix = vertex.name, "", ""
        is_reserved = vertex.kind in {"start", "end"} and kinds.get(name) != vertex.kind
        if is_reserved or kinds.get(name, vertex.kind) != vertex.kind:
            what = f"the name {name!r} cannot be that of a {vertex.kind}: "
            what += "START and END are reserved"
            fix = f'give it another name: `g.add_node(..., name="my_{name.lower()}")`'
        elif not name or "/" in name:
            what = f"the name {name!r} cannot be told from a path"
            what = what if name else "a node has an empty name"
            fix = 'give it a name without "/": `g.add_node(..., name="...")`'
        if what:
            yield Finding("AG107", what, at(vertex), fix, vertex.place)
    if END not in graph.vertex:
        where = f"graph {graph.name!r}"
        yield Finding("AG107", "the graph has no END", where, "add the vertex END", graph.place)


def _doubled(graph: FrozenGraph) -> Iterator[Finding]:
    for what, parts in (("node", graph.vertices), ("region", graph.regions)):
        count = Counter(part.name for part in parts)
        for part in parts:
            if count[part.name] > 1:
                count[part.name] = 0
                where, told = f"{what} {part.name!r}", f"two {what}s share the name {part.name!r}"
                fix = f'name one of them: `g.add_node(..., name="{part.name}_2")`, '
                fix += f'or in a flow `.named("{part.name}_2")`'
                yield Finding("AG103", told, where, fix, part.place)


def _unknown_ends(graph: FrozenGraph, edge: Edge) -> Iterator[Finding]:
    where = f"edge {edge.source!r} -> {edge.target!r}"
    for name in dict.fromkeys((edge.source, edge.target)):
        if name not in graph.vertex:
            yield _unknown(name, graph.vertex, where, edge.place)


def _outer_edges(graph: FrozenGraph) -> Iterator[Finding]:
    if not graph.outs.get(START):
        first = next((v.name for v in graph.vertices if v.name not in {START, END}), "first")
        what = "the graph has no start: no edge leaves START"
        fix = f"say where a run begins: {add_edge(START, first)}"
        yield Finding("AG102", what, f"graph {graph.name!r}", fix, graph.place)
    for edge in graph.ins.get(START, ()):
        what = f"an edge leads from {edge.source!r} back to START"
        fix = "lead it to the first node instead, and bound that node: "
        fix += "`g.add_node(..., max_visits=5)`, or `.loop(at_most=5)` in a flow"
        yield Finding("AG106", what, f"edge {edge.source!r} -> START", fix, edge.place)
    for edge in graph.outs.get(END, ()):
        what = f"an edge leaves END for {edge.target!r}"
        fix = f"what follows must come before END: lead the edges into END to {edge.target!r}"
        yield Finding("AG106", what, f"edge END -> {edge.target!r}", fix, edge.place)


def _doubled_edges(edges: tuple[Edge, ...]) -> Iterator[Finding]:
    """Find edges that are there twice among those that leave one vertex."""
    if len({edge.target for edge in edges}) == len(edges):
        return
    seen: set[tuple[str, str | None, bool]] = set()
    for edge in edges:
        key = (edge.target, edge.label, edge.unsure)
        if key in seen:
            label = f" under the label {edge.label!r}" if edge.label is not None else ""
            what = f"the edge {edge.source!r} -> {edge.target!r}{label} is there twice"
            where = f"edge {edge.source!r} -> {edge.target!r}"
            fix = "remove one of the two; to run the same agent twice, add it under two names"
            yield Finding("AG105", what, where, fix, edge.place)
        seen.add(key)


def _bound(
    graph: FrozenGraph, vertex: Vertex, bound: Bound, loops: dict[str, Region]
) -> Iterator[Finding]:
    where = f"bound of {vertex.name!r}"
    if vertex.kind in {"join", "start", "end"}:
        fix = "bound the node that the loop goes back to: `g.add_node(..., max_visits=5)`"
        yield _misplaced(f"a {vertex.kind} cannot have a bound", where, fix, vertex.place)
    if bound.then is not None:
        yield from _lead(graph, bound.then, where, vertex.place)
    passed, then = [vertex.name], graph.vertex.get(bound.then or "")
    while then and then.bound and then.name not in passed:
        passed.append(then.name)
        then = graph.vertex.get(then.bound.then or "")
    if then is vertex and vertex.name == min(passed):
        what = f"a token past the bound of {listed(passed)} goes to {vertex.name!r} again, for ever"
        fix = "lead `then` to another node or to END, or leave it out: the run then ends exhausted"
        yield _misplaced(what, where, fix, vertex.place)
    if bound.loop is None:
        return
    if bound.loop not in loops:
        fix = suggest(bound.loop, loops, "make the loop with `.loop(at_most=...)`")
        yield Finding("AG101", f"there is no loop {bound.loop!r}", where, fix, vertex.place)
    elif vertex.name not in loops[bound.loop].members:
        what = f"{vertex.name!r} is bounded by the loop {bound.loop!r}, but stands outside of it"
        fix = "make the loop with `.loop(at_most=...)`, which holds all that it repeats"
        yield _misplaced(what, where, fix, vertex.place)


def _lead(graph: FrozenGraph, name: str, where: str, place: Place | None) -> Iterator[Finding]:
    """Check a target that no edge leads to: the `then` of a bound, the handler of a catch."""
    if name not in graph.vertex:
        yield _unknown(name, graph.vertex, where, place)
    elif graph.vertex[name].kind in {"join", "start"}:
        what = f"{name!r} is a {graph.vertex[name].kind}, and only edges lead there"
        yield _misplaced(what, where, "name a node, or END", place)


def _join(graph: FrozenGraph, vertex: Vertex) -> Iterator[Finding]:
    ways = graph.ins[vertex.name]
    after = graph.outs[vertex.name][0].target if graph.outs[vertex.name] else "next"
    what = fix = ""
    if not ways:
        what = "waits for nothing: none of its branches exists"
        fix = f"name its branches: `g.add_join([p, q], {after})`"
    elif len(ways) == 1:
        what = f"waits for one branch only, {ways[0].source!r}"
        fix = f"use a plain edge, {add_edge(ways[0].source, after)}, or name the other branches: "
        fix += f"`g.add_join([{ways[0].source}, ...], {after})`"
    elif vertex.need is not None and not 1 <= vertex.need <= len(ways):
        what = f"needs {vertex.need} of {counted(len(ways), 'branch')}"
        fix = f"take need=1 to need={len(ways)}, or leave it out to wait for all"
    if what:
        what = f"the join {vertex.name!r} {what}"
        yield Finding("AG104", what, at(vertex), fix, vertex.place)
    if vertex.need is not None and vertex.need <= len(ways):
        yield from _quorum(graph, vertex)


def _quorum(graph: FrozenGraph, vertex: Vertex) -> Iterator[Finding]:
    regions = [r.name for r in graph.regions if r.kind == "quorum" and r.target == vertex.name]
    if len(regions) == 1:
        return
    why = f"the regions {listed(regions)} share it" if regions else "no region says what it cancels"
    what = f"the join {vertex.name!r} needs {vertex.need} of its branches, but {why}"
    yield _misplaced(what, at(vertex), _BY_NEED, vertex.place)


def _region(graph: FrozenGraph, region: Region) -> Iterator[Finding]:
    where = f"{region.kind} {region.name!r}"
    for name in dict.fromkeys(region.members):
        if name not in graph.vertex:
            yield _unknown(name, graph.vertex, where, region.place)
        elif name in {START, END}:
            fix = "name nodes only: `g.add_catch([a, b], ConnectionError, handler)`"
            yield _misplaced(f"{name} cannot stand inside a region", where, fix, region.place)
    if not region.members:
        yield _misplaced("a region has no members", where, "name its nodes", region.place)
    if region.kind == "catch":
        yield from _catch(graph, region, where)
    elif region.kind == "quorum" and region.target not in graph.vertex:
        yield _unknown(region.target or "", graph.vertex, where, region.place)
    elif region.kind == "quorum" and graph.vertex[region.target or ""].kind != "join":
        what = f"a quorum ends at a join, and {region.target!r} is none"
        yield _misplaced(what, where, _BY_NEED, region.place)


def _catch(graph: FrozenGraph, region: Region, where: str) -> Iterator[Finding]:
    if region.target is None:
        fix = "name one: `.catch(ConnectionError, handler)`"
        yield _misplaced("a catch has no handler", where, fix, region.place)
        return
    yield from _lead(graph, region.target, where, region.place)
    if region.target in region.members:
        what = f"the handler {region.target!r} stands inside the very flow that it is to save"
        fix = "let the handler stand outside, with an edge of its own to where the run goes on"
        yield _misplaced(what, where, fix, region.place)
