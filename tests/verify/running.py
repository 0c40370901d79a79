"""Every run of a small graph, by the machine itself: what is read too early, what is written twice.

A revision here is the set of writes that happened before it, and of each field the writes that no
other has replaced. That is all that the rules of merging need.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import combinations
from typing import NamedTuple

from agentgraph.graph import FrozenGraph
from agentgraph.machine import (
    Decided,
    Event,
    Failed,
    Finished,
    Marking,
    Started,
    Stopped,
    Task,
    key_of,
    kinds_of,
    make_plan,
    step,
)

Write = tuple[str, str, int]  # field, vertex, how many writes of that vertex came before


class Revision(NamedTuple):
    past: frozenset[Write] = frozenset()
    last: frozenset[Write] = frozenset()

    def has(self, name: str) -> bool:
        return any(write[0] == name for write in self.past)


class TooLarge(Exception):
    """There are more markings than a test should wait for."""


@dataclass
class Runs:
    """Explores; `early` are (vertex, field), `double` the fields that branches wrote in parallel."""

    graph: FrozenGraph
    reads: Mapping[str, tuple[str, ...]]
    writes: Mapping[str, tuple[str, ...]]
    reduced: frozenset[str] = frozenset()
    limit: int = 3_000
    early: set[tuple[str, str]] = field(default_factory=set)
    double: set[str] = field(default_factory=set)
    together: set[frozenset[str]] = field(default_factory=set)
    """Each two nodes that run at the same time."""

    def explore(self) -> None:
        """Take the fields one by one: a run that fails for one of them shows no more of others."""
        reads, writes = self.reads, self.writes
        for name in sorted(
            {name for names in (*reads.values(), *writes.values()) for name in names}
        ):
            self.reads = {v: (name,) for v, names in reads.items() if name in names}
            self.writes = {v: (name,) for v, names in writes.items() if name in names}
            self._explore()
        self.reads, self.writes = reads, writes

    def _explore(self) -> None:
        marking, _ = step(Marking(make_plan(self.graph)), Started(Revision()))
        seen = {self._key(marking)}
        stack = [marking]
        while stack:
            marking = stack.pop()
            live = {t.site.name for t in marking.live.values() if t.verb == "run"}
            self.together |= set(map(frozenset, combinations(live, 2)))
            for event in self._events(marking):
                after, _ = step(marking, event)
                key = self._key(after)
                if key not in seen:
                    seen.add(key)
                    stack.append(after)
            if len(seen) > self.limit:
                raise TooLarge

    def _key(self, marking: Marking) -> object:
        live = sorted(
            (t.site.path, t.verb, _shown(t.payload), repr([_shown(tip[0]) for tip in _tips(t)]))
            for t in marking.live.values()
        )
        resting = sorted(
            (site.path, place, _shown(token.payload))
            for frame in marking.frames.values()
            for (site, place), token in frame.tokens.items()
        )
        goals = sorted(
            f"{type(u.goal).__name__} {u.site.path}" for u in marking.unwindings.values()
        )
        return key_of(marking), tuple(goals), tuple(live), tuple(resting)

    def _events(self, marking: Marking) -> Iterator[Event]:
        for task in marking.live.values():
            if task.ticket in marking.stopping:
                yield Stopped(task.ticket)
                return
        for task in marking.live.values():
            if task.site.catches:
                error = ValueError()
                yield Failed(task.ticket, error, kinds_of(error))
            yield from self._answers(task)

    def _answers(self, task: Task) -> Iterator[Event]:
        name = task.site.name
        if task.verb == "merge":
            merged = self._merged([tip[0] for tip in _tips(task)])
            if merged is not None:
                yield Finished(task.ticket, merged)
            return
        missing = [f for f in self.reads.get(name, ()) if not task.payload.has(f)]
        self.early |= {(name, each) for each in missing}
        if missing:
            return
        if task.verb == "choose":
            yield from (Decided(task.ticket, label) for label in task.site.labels)
        else:
            yield Finished(task.ticket, self._written(task.payload, name))

    def _written(self, before: Revision, name: str) -> Revision:
        past, last = before.past, before.last
        for each in self.writes.get(name, ()):
            number = sum(1 for write in before.past if write[:2] == (each, name))
            write = (each, name, number)
            past |= {write}
            last = frozenset(w for w in last if w[0] != each) | {write}
        return Revision(past, last)

    def _merged(self, tips: list[Revision]) -> Revision | None:
        past = frozenset[Write]().union(*(tip.past for tip in tips))
        last = frozenset(
            write
            for tip in tips
            for write in tip.last
            if all(write not in other.past or write in other.last for other in tips)
        )
        fields = [write[0] for write in last]
        double = {name for name in fields if fields.count(name) > 1} - self.reduced
        self.double |= double
        return None if double else Revision(past, last)


def _tips(task: Task) -> tuple[tuple[Revision, object, str], ...]:
    return getattr(task, "given", ()) if task.verb == "merge" else ()


def _shown(revision: object) -> str:
    assert isinstance(revision, Revision)
    return repr((sorted(revision.past), sorted(revision.last)))
