"""What differs between two versions of a graph, and what that asks of runs under way; not drawn.

Rules of this file:

1. A vertex is the same under its name. One that is gone and one that came are a renaming when
   they have the same agent and stand at the same place: they share a neighbour.
2. A run is pinned to the digest of its graph. Where that is the same all runs go on; else each
   change says what a migration would have to say, which is nothing where no token may rest.
3. Whatever changes the digest is told, and what people want to know besides (the agents).
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from functools import cached_property
from math import inf
from typing import Final, Literal, TypeAlias, cast

from agentgraph.errors import Move
from agentgraph.graph.definition import (
    CHOICES,
    END,
    START,
    Bound,
    Edge,
    FrozenGraph,
    Policy,
    Region,
    Vertex,
)

Part = Literal["vertex", "edge", "region", "field", "workflow"]
Kind = Literal["added", "removed", "renamed", "changed"]
Slots: TypeAlias = FrozenGraph | Vertex | Policy
_TOLD: Final = {"vertices", "edges", "regions", "state"} | {
    *("schema", "fields", "types", "unset", "reduced")
}
"""Parts of a graph that are compared one by one; those of the state by `types`."""
_UNTOLD: Final = {"name", "kind", "doc", "child", "policy", "bound"}
_PASSED: Final = {"start", "end", "gateway"}
"""The kinds of vertex at which no token ever rests."""
_ASKS: Final = {
    "undo": "what {0} completed before is undone by what it now names, or not at all",
    "need": "at {0} there may be enough already: say whether it goes on",
    "voters": "votes for {0} may be under way: say which of them count",
    "labels": "{0} may have been asked or answered before: say what an old answer now means",
    "collect": "items of {0} that failed before are neither an error nor a value now",
    "version": "{0} says that it means something else now: say whether old runs may go on with it",
}


@dataclass(frozen=True, slots=True)
class Change:
    """One thing that differs; `migration` is what it asks of a run under way, if anything."""

    part: Part
    kind: Kind
    path: str
    """The vertex, the source of the edge, the region or the field, after the change if it is there."""
    what: str
    migration: str = ""
    edge: Move | None = None
    """Of an edge: source, target and label, by the names that they have after the change."""


@dataclass(frozen=True)
class Difference:
    """Two versions of a graph and all that differs between them."""

    before: FrozenGraph
    after: FrozenGraph
    changes: tuple[Change, ...]
    renamed: Mapping[str, str]
    """From the old path of a vertex to the new one, for those that got another name."""

    @property
    def is_compatible(self) -> bool:
        """Runs under way go on unchanged: the digest is the same."""
        return self.before.digest == self.after.digest

    @cached_property
    def migrations(self) -> tuple[str, ...]:
        """What a migration of runs under way would have to say."""
        asked = [change.migration for change in self.changes if change.migration]
        return () if self.is_compatible else tuple(dict.fromkeys(asked))


def difference(before: FrozenGraph, after: FrozenGraph) -> Difference:
    """Compare two versions of a graph and of the graphs inside them."""
    changes: list[Change] = []
    renamed: dict[str, str] = {}
    waiting = [("", "", before, after)]
    for old, new, one, other in waiting:
        level = _Level(one, other, new)
        changes += level.changes()
        renamed |= {old + name: new + now for name, now in level.now.items() if name != now}
        waiting += [
            (f"{old}{name}/", f"{new}{now}/", was, child)
            for name, now in level.now.items()
            if (was := one.vertex[name].child) and (child := other.vertex[now].child)
        ]
    if not changes and before.digest != after.digest:
        what = "its parts are declared in another order, which decides how branches merge"
        changes.append(Change("workflow", "changed", after.name, what))
    return Difference(before, after, tuple(changes), renamed)


class _Level:
    """Two versions of one graph, without the graphs inside; `now` has the new name of each vertex."""

    def __init__(self, before: FrozenGraph, after: FrozenGraph, path: str) -> None:
        self.before, self.after, self.path = before, after, path
        self.now = {name: name for name in before.vertex if name in after.vertex}
        self._pair()
        self.new = [name for name in after.vertex if name not in self.now.values()]
        self.gone = [name for name in before.vertex if name not in self.now]

    def changes(self) -> Iterator[Change]:
        """Give all changes of this level: the whole, the state, vertices, regions, edges."""
        yield from self._slots("", self.before, self.after)
        yield from self._state()
        for name in self.gone:
            kind, path = self.before.vertex[name].kind, self.path + name
            asks = f"say where a token at {path!r} goes" * (kind not in _PASSED)
            yield Change("vertex", "removed", path, f"{kind} {name!r}", asks)
        for name in self.new:
            vertex = self.after.vertex[name]
            yield Change("vertex", "added", self.path + name, f"{vertex.kind} {name!r}")
        for name, now in self.now.items():
            yield from self._vertex(self.before.vertex[name], self.after.vertex[now])
        yield from self._regions()
        yield from self._edges()

    def _pair(self) -> None:
        """Find the vertices that only got another name, those with most shared neighbours first."""
        taken = set(self.now.values())
        lost = [v for v in self.before.vertices if v.name not in self.now]
        found = [v for v in self.after.vertices if v.name not in taken]
        by_agent: dict[tuple[str, str], list[Vertex]] = {}
        for vertex in found:
            by_agent.setdefault((vertex.kind, _bare(vertex.agent)), []).append(vertex)
        is_new = True
        while is_new:
            # What is paired now may be the neighbour by which others are known in the next round.
            scores = [
                (self._shared(old.name, new.name), -at, old.name, new.name)
                for at, old in enumerate(lost)
                for new in by_agent.get((old.kind, _bare(old.agent)), ())
                if old.name not in self.now and new.name not in taken
            ]
            is_new = False
            for score, _, old, new in sorted(scores, reverse=True):
                if score and old not in self.now and new not in taken:
                    self.now[old] = new
                    taken.add(new)
                    is_new = True

    def _shared(self, old: str, new: str) -> int:
        """Count the neighbours that two vertices have in common, by name and label."""
        ins = {(self.now.get(e.source), e.label) for e in self.before.ins[old]}
        outs = {(self.now.get(e.target), e.label) for e in self.before.outs[old]}
        shared = ins & {(e.source, e.label) for e in self.after.ins[new]}
        return len(shared) + len(outs & {(e.target, e.label) for e in self.after.outs[new]})

    def _slots(self, name: str, one: Slots, other: Slots) -> Iterator[Change]:
        """Compare two parts field by field; without a name they are the graphs themselves."""
        part: Part = "vertex" if name else "workflow"
        path = self.path + name if name else self.path or self.after.name
        for slot in fields(one):
            was, now = getattr(one, slot.name), getattr(other, slot.name)
            # Where its module lies, two versions of one file may say differently.
            is_same = was == now or (slot.name == "agent" and _bare(was) == _bare(now))
            if slot.compare and slot.name not in (_UNTOLD if name else _TOLD) and not is_same:
                title = slot.name.replace("_", " ").removesuffix(" s")
                asks = _ASKS.get(slot.name, "").format(repr(path)) if name else ""
                what = f"{title}: {_plain(was)} -> {_plain(now)}"
                yield Change(part, "changed", path, what, asks)

    def _state(self) -> Iterator[Change]:
        """Compare the fields of the state by what each declares."""
        sides = [
            dict(zip(graph.fields, graph.types or ("",) * len(graph.fields), strict=True))
            for graph in (self.before, self.after)
        ]
        for name in sides[0] | sides[1]:
            was, now = (side.get(name) for side in sides)
            if now is None:
                asks = f"say what becomes of the value of {name!r}, which old runs have"
                yield Change("field", "removed", name, f"{was}", asks)
            elif was is None:
                asks = f"give a value for {name!r}: it is needed, and old runs have none"
                is_needed = now.endswith("needed")
                yield Change("field", "added", name, now, asks if is_needed else "")
            elif was != now:
                asks = f"give the value of {name!r} as it is declared now"
                yield Change("field", "changed", name, f"{was} -> {now}", asks)
        if self.before.schema != self.after.schema and sides[0] == sides[1]:
            yield Change("workflow", "changed", self.after.state, "its state declares other fields")

    def _vertex(self, old: Vertex, new: Vertex) -> Iterator[Change]:
        path = self.path + new.name
        if old.name != new.name:
            asks = f"say that {self.path + old.name!r} is now {path!r}"
            what = f"{new.kind} {old.name!r} is now {new.name!r}"
            yield Change("vertex", "renamed", path, what, asks)
        if old.kind != new.kind or (old.child is None) != (new.child is None):
            asks = f"say where a token at {path!r} goes: it is something else now"
            yield Change("vertex", "changed", path, f"kind: {old.kind} -> {new.kind}", asks)
        yield from self._slots(new.name, old, new)
        yield from self._slots(new.name, old.policy, new.policy)
        bounds = [_limit(old.bound, self.now), _limit(new.bound, {})]
        if bounds[0] != bounds[1]:
            most = inf if old.bound is None else old.bound.at_most
            is_tighter = new.bound is not None and new.bound.at_most < most
            asks = f"a run may have come to {path!r} more often than it now may" * is_tighter
            yield Change("vertex", "changed", path, f"bound: {' -> '.join(bounds)}", asks)

    def _regions(self) -> Iterator[Change]:
        was = {_about(region, self.now): region for region in self.before.regions}
        now = {_about(region, {}): region for region in self.after.regions}
        yield from (self._region("removed", was[key]) for key in was if key not in now)
        yield from (self._region("added", now[key]) for key in now if key not in was)

    def _region(self, kind: Kind, region: Region) -> Change:
        members = ", ".join(region.members)
        what = f"{region.kind} around {members}"
        if region.kind == "catch":
            names = ", ".join(name.rpartition(".")[2] for name in region.catches)
            what += f" of {names} -> {region.target}"
        asks = f"tokens at {members} may be inside the {region.kind} or not: say which"
        return Change("region", kind, self.path + region.name, what, asks)

    def _edges(self) -> Iterator[Change]:
        """Compare the edges; one whose target or label alone differs is told as changed."""
        lost = {self._key(edge, self.now): edge for edge in self.before.edges}
        came = {self._key(edge, {}): edge for edge in self.after.edges}
        added = [key for key in came if key not in lost]
        for key, edge in lost.items():
            if key not in came:
                twin = next((new for new in added if _is_turned(key, new)), None)
                yield self._edge("removed", key, self._asked_by_loss(edge), twin)
        for key in added:
            yield self._edge("added", key, self._asked_by_gain(came[key]), None)
        yield from self._orders(lost.keys() & came.keys())

    def _key(self, edge: Edge, names: Mapping[str, str]) -> Move:
        label = "unsure" if edge.unsure else edge.label
        return names.get(edge.source, edge.source), names.get(edge.target, edge.target), label

    def _edge(self, kind: Kind, key: Move, asks: str, twin: Move | None) -> Change:
        now = "" if twin is None else f" (now {arrow(twin)})"
        real = (self.path + key[0], self.path + key[1], key[2])
        return Change("edge", kind, self.path + key[0], f"{arrow(key)}{now}", asks, real)

    def _asked_by_loss(self, edge: Edge) -> str:
        join = self.now.get(edge.target)
        if join is not None and self.after.vertex[join].kind == "join":
            return f"a token of {edge.source!r} may wait at {self.path + join!r}: say where it goes"
        source = self.before.vertex.get(edge.source)
        if source is not None and source.kind == "human" and edge.source in self.now:
            return f"{self.path + edge.source!r} may be asked and answered {edge.label!r} no more"
        return ""

    def _asked_by_gain(self, edge: Edge) -> str:
        target = self.after.vertex.get(edge.target)
        if target is None or target.kind != "join" or edge.target in self.new:
            return ""
        path = self.path + edge.target
        return f"a run past the fork has no token of {edge.source!r} for {path!r}: say what it gets"

    def _orders(self, kept: set[Move]) -> Iterator[Change]:
        """Tell where the ways of a fork or of a join stand in another order."""
        for name, now in self.now.items():
            pairs = [(self.before.outs[name], self.after.outs[now], "out of")]
            if self.after.vertex[now].kind == "join":
                pairs.append((self.before.ins[name], self.after.ins[now], "into"))
            if self.after.vertex[now].kind in CHOICES:
                continue
            for was, are, side in pairs:
                old = [key for edge in was if (key := self._key(edge, self.now)) in kept]
                new = [key for edge in are if (key := self._key(edge, {})) in kept]
                if old != new:
                    what = f"the ways {side} {now!r} are declared in another order"
                    yield Change("vertex", "changed", self.path + now, what)


def _is_turned(old: Move, new: Move) -> bool:
    """Say whether an edge was only led elsewhere, or given another label."""
    same_way = old[:2] == new[:2]
    return same_way or (old[0] == new[0] and old[2] == new[2] and (old[2] is not None))


def _bare(agent: str) -> str:
    return agent.rpartition(":")[2]


def _about(region: Region, names: Mapping[str, str]) -> tuple[object, ...]:
    """Say what a region is, whatever it is called."""
    members = tuple(sorted(names.get(name, name) for name in region.members))
    target = region.target if region.target is None else names.get(region.target, region.target)
    return region.kind, members, target, region.catches


def _limit(bound: Bound | None, names: Mapping[str, str]) -> str:
    if bound is None:
        return "none"
    then = "exhausted" if bound.then is None else names.get(bound.then, bound.then)
    return f"at most {bound.at_most}, then {then}"


def arrow(key: Move) -> str:
    """Write an edge: `'triage' -[billing]-> 'clerk'`."""
    source, target, label = key
    names = [name if name in {START, END} else repr(name) for name in (source, target)]
    return f"{names[0]} {'->' if label is None else f'-[{label}]->'} {names[1]}"


def _plain(value: object) -> str:
    """Write a value as people would."""
    if isinstance(value, tuple):
        return ", ".join(map(_plain, cast("Sequence[object]", value))) or "none"
    return "none" if value is None or value == "" else str(value)
