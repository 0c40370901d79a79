"""AG402: parallel branches write one field; which value it gets then is a matter of its reducer.

Each level is reduced as for soundness, but a way carries who writes on it. Two ways of a fork
that meet at a join are parallel, and the state before the fork is their nearest common past.
In what does not reduce, the ways cross: there the places that can hold a token at the same
time are found one by one.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from itertools import combinations, product
from typing import NamedTuple

from agentgraph.errors import Finding
from agentgraph.verify.facts import Facts
from agentgraph.verify.game import Game
from agentgraph.verify.levels import Level, Levels
from agentgraph.verify.nest import OUTSIDE, Nest
from agentgraph.verify.net import Net, Way
from agentgraph.verify.parallel import parallel_places
from agentgraph.verify.quorum import ahead
from agentgraph.verify.reduction import shrink
from agentgraph.verify.stand import script
from agentgraph.verify.ways import path_to
from agentgraph.verify.wiring import Wiring
from agentgraph.verify.witness import Witnesses
from agentgraph.verify.words import quoted, undecided

_PLACES = 1_000
"""How many places of crossing ways are compared; beyond that nothing is said of them."""

_USUAL = {"list": "append", "set": "union", "dict": "merge", "int": "total", "float": "total"}


class Load(NamedTuple):
    """Which fields are written on a way, and by which vertices, as bits."""

    some: int = 0
    who: int = 0


class Pair(NamedTuple):
    """Two vertices that write a field in parallel."""

    one: int
    other: int
    bit: int
    is_crossing: bool = False


NOTHING = Load()


def check_writers(nested: Nest, facts: Facts, seen: Witnesses) -> Iterator[Finding]:
    """Find fields that two parallel branches write and nothing says how to merge."""
    pairs, is_complete = parallel_writers(nested, facts)
    for pair in pairs:
        one, other = (nested.net.name(vertex) for vertex in pair[:2])
        stand = seen.together(one, other)
        (name,) = facts.names(pair.bit)
        shown = script(stand, "clash", one, other, field=name)
        yield replace(_finding(nested.net, facts, pair), script=shown)
    if not is_complete:
        graph = nested.net.graph
        what = "two branches write one field at the same time"
        yield undecided(what, f"graph {graph.name!r}", graph.place)


def parallel_writers(
    nested: Nest, facts: Facts, *, spares_races: bool = True
) -> tuple[list[Pair], bool]:
    """Return pairs of vertices that write one field in parallel, and whether all was looked at.

    There is a pair at least for each conflict. `spares_races`: what the branches of a race
    write is none, since one of them wins.
    """
    once = twice = 0
    for fact in facts.of:
        twice |= once & fact.some
        once |= fact.some
    net = nested.net
    is_forked = any(len(e) > 1 and not net.is_choice[v] for v, e in enumerate(net.outs))
    if not twice or not is_forked:
        return [], True
    loads = [
        Load(fact.some & twice, 1 << vertex) if fact.some & twice else NOTHING
        for vertex, fact in enumerate(facts.of)
    ]
    watch = _Watch(nested, loads, facts, spares_races=spares_races)
    watch.decide()
    return list(watch.pairs), watch.is_complete


class _Watch(Levels):
    """The levels of a graph once more, this time with an eye on who writes what."""

    def __init__(self, nest: Nest, loads: list[Load], facts: Facts, *, spares_races: bool) -> None:
        super().__init__(nest, [0] * len(nest.net.vertices))
        self.loads = loads
        self.facts = facts
        self.spares_races = spares_races
        self.is_complete = True
        self.pairs: dict[Pair, None] = {}
        self.inside: list[Load] = [NOTHING] * len(nest.around)
        for region in nest.inner_first:
            for vertex in nest.direct[region]:
                self.inside[region] = _both(self.inside[region], loads[vertex])
            if (around := nest.around[region]) != OUTSIDE:
                self.inside[around] = _both(self.inside[around], self.inside[region])

    def decide_level(self, region: int, entry: int) -> None:
        """Look at one level before it is decided, which changes it."""
        level = Level(self, region, entry)
        own = [NOTHING] * len(level.net.outs)
        for vertex, local in level.vertices.items():
            own[local] = self.loads[vertex]
        for (inner, _), local in level.inner.items():
            own[local] = self.inside[inner]
        rest = _Rest(level.net, own, self.spares_races)
        rest.reduce()
        for one, other, is_crossing in (*rest.nested, *rest.left()):
            self._pair(one, other, is_crossing=is_crossing)
        self.is_complete = self.is_complete and rest.is_complete
        self.seen.update(level.vertices)
        if region != OUTSIDE:
            super().decide_level(region, entry)

    def _pair(self, one: Load, other: Load, *, is_crossing: bool) -> None:
        """Note one pair for each field that both write, the most certain one."""
        bits = one.some & other.some & ~(0 if is_crossing else self.facts.reduced)
        while bits:
            bit = bits & -bits
            bits ^= bit
            writers = [self._writer(load, bit) for load in (one, other)]
            is_crossing = is_crossing and bool(bit & self.facts.reduced)
            self.pairs[Pair(min(writers), max(writers), bit, is_crossing)] = None

    def _writer(self, load: Load, bit: int) -> int:
        """The vertex that writes a field, for certain if there is one that does."""
        facts = self.facts.of
        found = [v for v, fact in enumerate(facts) if fact.some & bit and load.who >> v & 1]
        return next((v for v in found if facts[v].sure & bit), found[0])


@dataclass(slots=True)
class _Rest:
    """A level while it is reduced; its ways carry loads."""

    net: Net
    own: list[Load]
    spares_races: bool
    is_complete: bool = True
    """What crosses is not too much to be compared."""
    outs: list[dict[int, Load]] = field(default_factory=list[dict[int, Load]])
    ins: list[int] = field(default_factory=list[int])
    nested: list[tuple[Load, Load, bool]] = field(default_factory=list[tuple[Load, Load, bool]])
    """What is written on parallel ways between a fork and its join."""

    def reduce(self) -> None:
        """Make every vertex with one way in and one way out a part of that way."""
        loads = [[NOTHING] * len(ways) for ways in self.net.outs]
        self.outs, self.ins = shrink(self.net, loads, self._meet, self._through)

    def _through(self, vertex: int, before: Load, after: Load) -> Load:
        return _both(_both(before, self.own[vertex]), after)

    def _meet(self, source: int, _: int, one: Load, other: Load) -> Load:
        if self.net.fork[source] and one.some & other.some:
            self.nested.append((one, other, False))
        return _both(one, other)

    def left(self) -> Iterator[tuple[Load, Load, bool]]:
        """Give what is written in parallel where ways cross, and whether it has no one past."""
        if not any(self.net.fork[v] and len(ways) > 1 for v, ways in enumerate(self.outs)):
            return
        net, loads = self._expanded()
        held = [v for v, load in enumerate(loads) if load.some]
        pairs = [p for p in combinations(held, 2) if loads[p[0]].some & loads[p[1]].some]
        game = Game(net) if pairs else None
        if game is None:
            return
        if len(game.owner) > _PLACES:
            self.is_complete = False
            return
        beside = parallel_places(game)
        past = _pasts(net)
        for one, other in pairs:
            places = product(game.places[one], game.places[other])
            is_beside = any(beside[p] >> q & 1 for p, q in places)
            ends = ahead(net, one).keys() & ahead(net, other).keys()
            is_race = self.spares_races and net.need == 1 and not any(net.both[v] for v in ends)
            if is_beside and not is_race:
                yield loads[one], loads[other], past is not None and _has_many(past, one, other)

    def _expanded(self) -> tuple[Net, list[Load]]:
        """The rest with a vertex on each way that carries a load."""
        size = len(self.outs)
        net = replace(self.net, names=list(self.net.names), outs=[[] for _ in range(size)])
        net.fork, net.cost, net.bounds = list(net.fork), [0] * size, [0] * size
        net.both = [net.both[v] and self.ins[v] > 1 for v in range(size)]
        loads = list(self.own)
        for vertex, ways in enumerate(self.outs):
            if not ways and vertex:
                loads[vertex] = NOTHING
            for target, load in ways.items():
                head = target
                if load.some:
                    head = net.add("")
                    net.outs[head].append(Way(target))
                    loads.append(load)
                net.outs[vertex].append(Way(head))
        return net, loads


def _both(one: Load, other: Load) -> Load:
    if not other.some:
        return one
    return Load(one.some | other.some, one.who | other.who) if one.some else other


def _pasts(net: Net) -> list[int] | None:
    """For each vertex, what comes before it, as bits; None where there is a cycle."""
    order = net.order()
    if order is None:
        return None
    past = [0] * len(net.outs)
    for vertex in order:
        for way in net.outs[vertex]:
            past[way.target] |= past[vertex] | 1 << vertex
    return past


def _has_many(past: list[int], one: int, other: int) -> bool:
    """Say whether two vertices have several nearest common pasts."""
    common = past[one] & past[other]
    older = 0
    for vertex in range(common.bit_length()):
        if common >> vertex & 1:
            older |= past[vertex]
    nearest = common & ~older
    return nearest & (nearest - 1) != 0


def _reduced(net: Wiring, name: str) -> str:
    """Write the declaration of a field with a reducer that is usual for its type."""
    types = dict(zip(net.graph.fields, net.graph.types, strict=False))
    kind = types.get(name, "").rpartition(", ")[0].partition(" with ")[0] or "..."
    reducer = _USUAL.get(kind.partition("[")[0], "latest_declared")
    return f"Annotated[{kind}, {reducer}]"


def _finding(net: Wiring, facts: Facts, pair: Pair) -> Finding:
    one, other, bit, is_crossing = pair
    (name,) = facts.names(bit)
    is_proved = bool(facts.of[one].sure & facts.of[other].sure & bit)
    names = f"{quoted(net.name(one))} and {quoted(net.name(other))}"
    why = "it has no reducer"
    fix = f"give it one, `{name}: {_reduced(net, name)}`"
    if is_crossing:
        why = "their ways cross, so that there is no single state from which both began"
        fix = "join the branches that write it in one place"
    is_declared = "declared" in {facts.of[one].claim, facts.of[other].claim}
    what = f"{names} write {name!r} in parallel, and {why}"
    fix += ", or let one branch alone write it"
    path = tuple(map(net.name, path_to(net.start, other, net.ways)))
    finding = Finding("AG402", what, f"field {name!r}", fix, net.place(other), path)
    if is_proved:
        return finding
    return replace(finding, severity="warning", claim="declared" if is_declared else "heuristic")
