"""A graph as it would be without some of its faults, so that the others can be shown.

A part that is mended is a way from its first vertex to its last. Three forms of it stand in a
script (`Script.mended`): two names are that, one name is a vertex that is left out since nothing
leads to it or on from it, and with an empty name in front all but the part is mended.
What then lies on no way from START to END is left out as well.
"""

from collections.abc import Iterable
from dataclasses import replace

from agentgraph.graph import CHOICES, END, START, Access, Edge, FrozenGraph, Vertex
from agentgraph.verify.nest import Nest, nest
from agentgraph.verify.reach import ending
from agentgraph.verify.ways import path_to, reached
from agentgraph.verify.wiring import Wiring

Mended = tuple[str, ...]
_IDLE = Access(is_whole=True)


def mended(graph: FrozenGraph, parts: Iterable[Mended]) -> FrozenGraph:
    """Mend these parts of a graph, or of the graphs inside it, by their paths."""
    here: list[Mended] = []
    inside: dict[str, list[Mended]] = {}
    for part in parts:
        head, is_inside, _ = part[-1].partition("/")
        if is_inside:
            inside.setdefault(head, []).append(tuple(name[len(head) + 1 :] for name in part))
        else:
            here.append(part)
    if inside:
        vertices = [
            v
            if v.child is None or v.name not in inside
            else replace(v, child=mended(v.child, inside[v.name]))
            for v in graph.vertices
        ]
        graph = replace(graph, vertices=tuple(vertices))
    return _trimmed(_bridged(graph, here)) if here else graph


def nest_of(graph: FrozenGraph, parts: Iterable[Mended]) -> Nest | None:
    """A graph with these parts mended; None where no way from START is left, or regions overlap."""
    rest = mended(graph, parts)
    return nest(Wiring(rest))[0] if rest.outs[START] else None


def linked(graph: FrozenGraph, loose: Iterable[str]) -> list[Mended]:
    """Say how to mend vertices that cannot be reached or left, so that the rest can be looked at.

    A branch that ends is led to where the others of its split meet, if that is plain to see; what
    else leads nowhere, and what nothing leads to, is left out.
    """
    left, parts = list(loose), list[Mended]()
    while left:
        rest = _trimmed(graph)
        branches = {name: _branch(graph, rest, name) for name in left}
        # A branch inside another one can only be led on when that is.
        name = max(left, key=lambda each: len(branches[each]))
        left.remove(name)
        part = (name, *_meeting(graph, rest, name, branches[name]))
        parts.append(part)
        if len(part) == 2:
            graph = replace(graph, edges=(*graph.edges, Edge(*part)))
    return parts


def _branch(graph: FrozenGraph, rest: FrozenGraph, end: str) -> dict[str, None]:
    """All that leads to a vertex and to no END."""
    return reached([end], lambda v: (e.source for e in graph.ins[v] if e.source not in rest.vertex))


def _meeting(
    graph: FrozenGraph, rest: FrozenGraph, end: str, branch: Iterable[str]
) -> tuple[str, ...]:
    """The vertex at which the branch that ends at `end` would meet the others, if there is one."""
    splits = {e.source for name in branch for e in graph.ins[name]} & rest.vertex.keys()
    if graph.outs[end] or len(splits) != 1:
        return ()
    (split,) = splits
    is_choice, is_alone = graph.vertex[split].kind in CHOICES, len(rest.outs[split]) == 1
    for name in path_to(split, END, lambda name: _ways(rest, name))[1:]:
        is_join = graph.vertex[name].kind == "join"
        if is_join == is_choice or (is_join and is_alone and len(graph.ins[name]) > 1):
            continue
        if name == END or END not in between(rest, split, name):
            return (name,)
    return ()


def between(graph: FrozenGraph, first: str, last: str) -> dict[str, None]:
    """All that lies on ways from one vertex up to another one, both included."""
    inside = reached([first], lambda name: () if name == last else _ways(graph, name))
    return inside | {last: None}


def _ways(graph: FrozenGraph, name: str) -> list[str]:
    bound = graph.vertex[name].bound
    then = [bound.then] if bound and bound.then else []
    return [*(edge.target for edge in graph.outs[name]), *then]


def _bridged(graph: FrozenGraph, parts: list[Mended]) -> FrozenGraph:
    ends: dict[str, str] = {}
    gone: set[str] = set()
    for part in parts:
        if len(part) == 1:
            gone.update(part)
            continue
        first, last = part[-2:]
        inner = between(graph, first, last).keys() - {first, last}
        if len(part) > 2:
            gone |= graph.vertex.keys() - inner - {first, last, START, END}
            ends |= {START: first} if first != START else {}
            ends |= {last: END} if last != END else {}
        elif first != last and first not in gone and inner.isdisjoint([START, END]):
            gone |= inner
            ends[first] = last
    ends = {first: last for first, last in ends.items() if gone.isdisjoint([first, last])}
    edges = [
        edge
        for edge in graph.edges
        if edge.source not in gone and edge.source not in ends and edge.target not in gone
    ]
    edges += [Edge(first, last) for first, last in ends.items()]
    return _of(graph, gone, edges, {*ends})


def _trimmed(graph: FrozenGraph) -> FrozenGraph:
    """Leave out what lies on no way from START to END."""
    net = Wiring(graph)
    found = reached([net.start], net.ways_on)
    led = ending(net, ())
    gone = {v.name for i, v in enumerate(graph.vertices) if i not in found or i not in led}
    if not gone or START in gone:
        return graph
    edges = [e for e in graph.edges if e.source not in gone and e.target not in gone]
    return _of(graph, gone, edges, set())


def _of(graph: FrozenGraph, gone: set[str], edges: list[Edge], plain: set[str]) -> FrozenGraph:
    """The rest of a graph, in which some vertices choose and fork no more."""
    ins: dict[str, int] = {}
    for edge in edges:
        ins[edge.target] = ins.get(edge.target, 0) + 1
    joins = {v.name for v in graph.vertices if v.kind == "join" and ins.get(v.name, 0) > 1} - gone
    regions = [
        replace(region, members=tuple(name for name in region.members if name not in gone))
        for region in graph.regions
        if not gone.issuperset(region.members)
        # There still is what it leads to.
        and (region.target in joins if region.kind == "quorum" else region.target not in gone)
    ]
    loops = {region.name for region in regions}
    vertices = [
        _plainly(
            v, gone, loops, is_plain=v.name not in joins if v.kind == "join" else v.name in plain
        )
        for v in graph.vertices
        if v.name not in gone
    ]
    return replace(graph, vertices=tuple(vertices), edges=tuple(edges), regions=tuple(regions))


def _plainly(vertex: Vertex, gone: set[str], loops: set[str], *, is_plain: bool) -> Vertex:
    bound = vertex.bound
    if bound and (bound.then in gone or (bound.loop and bound.loop not in loops)):
        vertex = replace(vertex, bound=None)
    if is_plain and vertex.kind not in {"start", "end"}:
        access = _IDLE if vertex.kind in {"join", "gateway"} else vertex.access
        return Vertex(
            vertex.name,
            place=vertex.place,
            bound=vertex.bound,
            reads=vertex.reads,
            writes=vertex.writes,
            access=None if vertex.kind == "human" else access,
        )
    return vertex
