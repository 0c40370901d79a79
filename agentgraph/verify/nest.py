"""How the regions of a graph lie inside each other, and through which places they are entered.

A place has a number of its own: that of its vertex, or for the places of a join the number
of vertices plus that of the edge. The places of a join that ends a quorum lie inside that
quorum, its firing lies outside.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

from agentgraph.errors import Finding, Script
from agentgraph.verify.wiring import Wiring
from agentgraph.verify.words import listed

OUTSIDE = -1


@dataclass(slots=True)
class Nest:
    """The regions by number, each with the one around it."""

    net: Wiring
    owner: list[int]
    """The innermost region of each vertex, or OUTSIDE."""
    around: list[int]
    """The region around each region, or OUTSIDE."""
    inner_first: list[int]
    quorum: dict[int, int]
    """From the join at which a quorum ends to the quorum."""
    entries: list[list[int]] = field(default_factory=list[list[int]])
    """The places through which ways from outside lead into each region."""
    direct: list[list[int]] = field(default_factory=list[list[int]])
    """The vertices that lie in each region and in no region inside it."""

    def place(self, edge: int) -> int:
        """The place that an edge leads to."""
        head = self.net.target[edge]
        return len(self.net.vertices) + edge if self.net.is_join[head] else head

    def vertex_of(self, place: int) -> int:
        """The vertex that a place belongs to."""
        count = len(self.net.vertices)
        return place if place < count else self.net.target[place - count]

    def region_of(self, place: int) -> int:
        """The innermost region that a place lies in."""
        count = len(self.owner)
        if place < count:
            return self.owner[place]
        vertex = self.net.target[place - count]
        return self.quorum[vertex] if vertex in self.quorum else self.owner[vertex]

    def meet(self, source: int, region: int, target: int) -> tuple[int, int, int]:
        """The innermost region in which a way lies, and which parts of it the way leads between.

        A part is a vertex, or the number of vertices plus that of a region inside it.
        `source` is such a part of `region`, `target` a vertex.
        """
        count, inner = len(self.owner), self.owner[target]
        while not self.has_inside(region, inner):
            source, region = count + region, self.around[region]
        while inner != region:
            target, inner = count + inner, self.around[inner]
        return region, source, target

    def has_inside(self, region: int, inner: int) -> bool:
        """Say whether `inner` is `region` or lies in it; everything lies OUTSIDE."""
        while inner != region:
            if inner == OUTSIDE:
                return False
            inner = self.around[inner]
        return True


def nest(net: Wiring) -> tuple[Nest | None, list[Finding]]:
    """Sort the regions of `net` into each other; findings where they overlap."""
    regions = net.graph.regions
    quorum = {
        net.number[region.target]: i
        for i, region in enumerate(regions)
        if region.kind == "quorum" and region.target is not None
    }
    members = [{net.number[name] for name in region.members} for region in regions]
    for join, number in quorum.items():
        members[number].discard(join)
    owner = [OUTSIDE] * len(net.vertices)
    around = [OUTSIDE] * len(regions)
    outer_first = sorted(range(len(regions)), key=lambda i: (-len(members[i]), i))
    findings: list[Finding] = []
    for number in outer_first:
        owners = {owner[vertex] for vertex in members[number]}
        if len(owners) > 1:
            findings.append(_overlap(net, number, members, owner))
        around[number] = max(owners, default=OUTSIDE)
        for vertex in members[number]:
            owner[vertex] = number
    findings += _without_join(net, quorum, members, around)
    if findings:
        return None, findings
    found = Nest(net, owner, around, outer_first[::-1], quorum)
    if regions:
        _fill(found)
    return found, []


def _without_join(
    net: Wiring, quorum: dict[int, int], members: list[set[int]], around: list[int]
) -> Iterator[Finding]:
    """Find what is taken down with a race in it, while tokens rest at the join of the race."""
    for join, number in quorum.items():
        outer = around[number]
        while outer != OUTSIDE:
            region, race = net.graph.regions[outer], net.graph.regions[number]
            if region.kind != "loop" and join not in members[outer]:
                where, place = f"{region.kind} {region.name!r}", region.place or net.place(join)
                what = f"the {where} holds the branches of the quorum {race.name!r} and not the "
                what += f"join {net.name(join)!r} at which they meet"
                fix = f"let it hold {net.name(join)!r} as well"
                script = Script("never", (region.name, race.name))
                yield Finding("AG308", what, where, fix, place, script=script)
            outer = around[outer]


def _fill(nest: Nest) -> None:
    nest.direct = [[] for _ in nest.around]
    for vertex, number in enumerate(nest.owner):
        if number != OUTSIDE:
            nest.direct[number].append(vertex)
    entries: list[dict[int, None]] = [{} for _ in nest.around]
    for source, place in _ways(nest):
        inner = nest.region_of(place)
        while inner != OUTSIDE and not nest.has_inside(inner, source):
            entries[inner][place] = None
            inner = nest.around[inner]
    nest.entries = [list(places) for places in entries]


def _ways(nest: Nest) -> Iterator[tuple[int, int]]:
    """Give each way as the region that it leaves from and the place that it leads to."""
    owner = nest.owner
    for edge, source in enumerate(nest.net.source):
        yield owner[source], nest.place(edge)
    for vertex, then in nest.net.then.items():
        yield owner[vertex], then
    for region, handler in nest.net.handlers.items():
        yield nest.around[region], handler
    for join, region in nest.quorum.items():
        yield nest.around[region], join


def _overlap(net: Wiring, number: int, members: list[set[int]], owner: list[int]) -> Finding:
    region = net.graph.regions[number]
    others = {owner[vertex] for vertex in members[number]} - {OUTSIDE}
    found = next(each for each in sorted(others) if not members[number] <= members[each])
    other = net.graph.regions[found]
    shared = sorted(members[number] & members[found])
    where, place = f"{region.kind} {region.name!r}", region.place or net.place(shared[0])
    what = f"the {where} and the {other.kind} {other.name!r} overlap: they share "
    what += f"{listed([net.name(v) for v in shared])}, and neither holds the other"
    fix = "let one hold all nodes of the other, or let them share none"
    script = Script("never", (region.name, other.name))
    return Finding("AG308", what, where, fix, place, script=script)
