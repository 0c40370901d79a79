"""Checks what no run can show: a finding about what never happens, by a search of the whole graph."""

from dataclasses import replace

from agentgraph.graph import END, START, FrozenGraph
from agentgraph.testing.stage import inside
from agentgraph.verify.nest import nest
from agentgraph.verify.ways import reached
from agentgraph.verify.wiring import Wiring
from agentgraph.verify.witness import Witnesses


def is_shut(graph: FrozenGraph, code: str, names: tuple[str, ...]) -> bool:
    """Say whether a finding that claims no run is right: something is never passed, or never ends."""
    *outer, _ = names[0].split("/")
    for name in outer:
        child = graph.vertex[name].child
        if child is None or not _is_passed(graph, name):
            return True
        graph = child
    own = [name.rsplit("/", 1)[-1] for name in names]
    if code == "AG308":
        return _overlap(graph, own)
    if code == "AG305":
        net = Wiring(graph)
        pairs = zip(own, own[1:] + own[:1], strict=True)
        return all(net.number[b] in net.ways_on(net.number[a]) for a, b in pairs)
    if code in {"AG111", "AG112"}:
        return not leads_to_end(graph, own[0])
    return not _is_passed(graph, own[0])


def leads_to_end(graph: FrozenGraph, path: str) -> bool:
    """Say whether any way leads from a vertex to the END of its graph when nobody fails."""
    return END in _ahead(replace(inside(graph, path), regions=()), path.rpartition("/")[2])


def _is_passed(graph: FrozenGraph, name: str) -> bool:
    """Say whether some run comes to a vertex and gets past it."""
    if name not in _ahead(graph, START):
        return False
    return Witnesses(nest(Wiring(graph))[0]).passes(name)


def _ahead(graph: FrozenGraph, start: str) -> set[str]:
    """All to which a token can come by edges, the `then` of bounds, and failures."""
    net = Wiring(graph)
    return set(map(net.name, reached([net.number[start]], net.ways_on)))


def _overlap(graph: FrozenGraph, names: list[str]) -> bool:
    """Say whether two regions share vertices, or the join of one, and neither holds the other."""
    found = [region for region in graph.regions if region.name in names]
    one, other = (
        {*region.members} - {region.target if region.kind == "quorum" else None} for region in found
    )
    if not one & other:
        return False
    races = [region for region in found if region.kind == "quorum"]
    has_lost = any(race.target not in one | other for race in races)
    return has_lost or not (one <= other or other <= one)
