"""Every run of a graph, made by the machine itself: all answers, all orders, all failures.

It knows nothing of levels, of reduction or of shortest runs. It steps the machine, merges and
compensations included, and looks at each marking for what must not be.
"""

import builtins
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace

from agentgraph.errors import Stuck
from agentgraph.graph import END, START, FrozenGraph, Region
from agentgraph.graph.plan import Area
from agentgraph.machine import (
    Decided,
    Entered,
    Event,
    Failed,
    Finished,
    Listed,
    Marking,
    Site,
    Started,
    Stopped,
    Task,
    Way,
    key_of,
    kinds_of,
    make_plan,
    step,
)
from agentgraph.machine.marking import Frame


class TooLarge(Exception):
    """There are more markings than a test should wait for."""


class Broken(Exception):
    """A run did what no run may do."""


Resting = tuple[Site, int]


class Explorer:
    def __init__(self, graph: FrozenGraph, limit: int = 1_000) -> None:
        self.graph = graph
        self.plan = make_plan(graph)
        self.limit = limit
        self.begun: set[str] = set()
        self.markings: dict[object, Marking] = {}
        self.parents: dict[object, object] = {}
        self.after: dict[object, list[object]] = {}
        """What leads on from each marking."""
        self.calm: dict[object, list[object]] = {}
        """From where each marking comes when nobody fails."""

    def is_sound(self) -> bool:
        try:
            self.explore()
        except Broken:
            return False
        return (
            not self._traps()
            and self._begins_all()
            and self._all_end()
            and not self._has_cycle()
            and self._parts_are_sound()
        )

    def _parts_are_sound(self) -> bool:
        """A graph inside is sound by itself, and the whole is with one node in place of it."""
        inside = [vertex.child for vertex in self.graph.vertices if vertex.child is not None]
        if not inside:
            return self._regions_end()
        vertices = [
            replace(v, kind="node", child=None) if v.child else v for v in self.graph.vertices
        ]
        parts = [*inside, replace(self.graph, vertices=tuple(vertices))]
        return all(Explorer(part, self.limit).is_sound() for part in parts)

    def _begins_all(self) -> bool:
        """Some run comes to each vertex; whether one bound lets another be used up is no matter."""
        names = {vertex.name for vertex in self.graph.vertices} - {START}
        missing = names - self.begun
        return missing <= self._reached(thens=True) - self._reached(thens=False)

    def _reached(self, *, thens: bool) -> set[str]:
        """Where ways lead to; a bound may be used up if its vertex can be come back to."""
        seen, stack = {START}, [START]
        while stack:
            fresh = self._ways(stack.pop(), thens=thens) - seen
            seen |= fresh
            stack += fresh
        return seen

    def _handlers(self, name: str) -> set[str]:
        caught = [r for r in self.graph.regions if r.kind == "catch" and name in r.members]
        return {region.target for region in caught if region.target is not None}

    def _ways(self, name: str, *, thens: bool) -> set[str]:
        found: set[str] = {e.target for e in self.graph.outs[name]} | self._handlers(name)
        bound = self.graph.vertex[name].bound
        if thens and bound is not None and bound.then is not None:
            seen: set[str] = set()
            stack = [*found]
            while stack:
                at = stack.pop()
                fresh: set[str] = {e.target for e in self.graph.outs[at]} | self._handlers(at)
                other = self.graph.vertex[at].bound
                if at != name and other is not None and other.then is not None:
                    fresh.add(other.then)
                stack += fresh - seen
                seen |= fresh
            if name in seen or name in found or bound.at_most < 1:
                found.add(bound.then)
        return found

    def explore(self) -> None:
        """Meet every marking once. Raises `Broken` at the first that must not be."""
        if any(map(_overlap_of(self.graph), self.graph.regions)):
            raise Broken("regions overlap")
        first = self._told(Marking(self.plan), Started("s0"))
        stack = [self._met(first, None, calm=False)]
        while stack:
            key = stack.pop()
            for event, fails in self.moves(self.markings[key]):
                after = self._told(self.markings[key], event)
                name = (key_of(after), _payloads(after))
                is_new = name not in self.markings
                self._met(after, key, calm=not fails)
                if is_new:
                    stack.append(name)
            if len(self.markings) > self.limit:
                raise TooLarge

    def _met(self, marking: Marking, before: object, *, calm: bool) -> object:
        key = (key_of(marking), _payloads(marking))
        self.markings.setdefault(key, marking)
        self.after.setdefault(key, [])
        self.calm.setdefault(key, [])
        if before is not None:
            self.after[before].append(key)
            if calm:
                self.calm[key].append(before)
        return key

    def moves(self, marking: Marking) -> Iterator[tuple[Event, bool]]:
        for task in marking.live.values():
            areas = list(task.site.catches)
            holder = marking.frames[task.frame].holder
            while holder is not None:
                areas += holder.site.catches
                holder = marking.frames[holder.frame].holder
            for event in _answers(task, areas):
                yield event, isinstance(event, Failed)

    def _told(self, before: Marking, event: Event) -> Marking:
        """One step, and all that nobody has a say in."""
        try:
            after, _ = step(before, event)
            self._once(after)
            while True:
                work = [t for t in after.live.values() if t.verb != "undo"]
                late = next((t for t in work if t.ticket in after.stopping), None)
                if late is not None:
                    after, _ = step(after, Stopped(late.ticket))
                    continue
                undo = next((t for t in after.live.values() if t.verb == "undo"), None)
                if undo is None:
                    break
                after, _ = step(after, Finished(undo.ticket, undo.payload))
        except Stuck as error:
            raise Broken(error.what) from error
        task = before.live.get(getattr(event, "ticket", 0))
        self._judge(before, after, None if task is None else task.site)
        return after

    def _once(self, marking: Marking) -> None:
        """No vertex has two tokens, not even in the moment in which a race ends."""
        verbs = {"run", "choose", "enter", "list"}
        work = [(task.frame, task.site) for task in marking.live.values() if task.verb in verbs]
        if len(set(work)) < len(work):
            raise Broken("a vertex runs twice at the same time")
        left = (t.frame for t in marking.live.values() if t.ticket not in marking.stopping)
        if not marking.frames.keys() >= set(left):
            raise Broken("END of a graph inside is reached while something goes on in it")

    def _judge(self, before: Marking, after: Marking, worked: Site | None) -> None:
        ways = _taken(before, after)
        for way in ways:
            if way.site.vertex.kind != "join":
                self.begun.add(way.site.path)
            if way.key[2] not in {"then", "catch"}:
                self.begun.add(way.key[0])  # A join has begun when it has fired.
        if after.status in {"exhausted", "failed"}:
            return
        for frame in after.frames.values():
            places = _places(after, frame)
            if any(site.name == END for site, _ in frame.tokens) and len(places) > 1:
                raise Broken("END is reached while something goes on")
            for region in frame.plan.graph.regions:
                self._cross(region, frame, before, after, ways, worked)

    def _cross(
        self,
        region: Region,
        frame: Frame,
        before: Marking,
        after: Marking,
        ways: list[Way],
        worked: Site | None,
    ) -> None:
        """One token enters a region, and one leaves it."""
        earlier = before.frames.get(frame.id)
        had = [] if earlier is None else _places(before, earlier)
        inside = [place for place in _places(after, frame) if _is_in(place, region)]
        was_open = any(_is_in(place, region) for place in had)
        for way in ways:
            was_open = was_open and not _is_emptied(way, frame, region)
        own = [way for way in ways if way.site in frame.plan.sites.values()]
        ins = [w for w in own if _is_in((w.site, 0), region) and not _comes_from(w, frame, region)]
        outs = [w for w in own if _comes_from(w, frame, region) and not _is_in((w.site, 0), region)]
        more = len(outs) - len(ins) - was_open
        others = [place for place in had if _is_in(place, region)]
        stays = any(not _is_taken(place, region, frame, own) for place in others)
        if outs and (stays or more > 0 or (more == 0 and inside)):
            raise Broken(f"{region.name} is left while it is open")
        is_first = was_open and worked is not None and not _is_in((worked, 0), region)
        if ins and (is_first or len(ins) - len(outs) > 1 - was_open):
            raise Broken(f"{region.name} is entered twice")

    def _traps(self) -> bool:
        """From some vertex no way leads to END: that is refused, though a race might cancel it."""
        after = {name: {e.target for e in edges} for name, edges in self.graph.outs.items()}
        for vertex in self.graph.vertices:
            if vertex.bound is not None and vertex.bound.then is not None:
                after[vertex.name].add(vertex.bound.then)
        leading = {END}
        while more := {v for v in after if after[v] & leading} - leading:
            leading |= more
        return leading != set(after)

    def _all_end(self) -> bool:
        """From each marking the end can be reached without a failure."""
        ending = {
            key
            for key, marking in self.markings.items()
            if marking.status in {"done", "exhausted", "failed"}
        }
        stack = list(ending)
        while stack:
            for before in self.calm[stack.pop()]:
                if before not in ending:
                    ending.add(before)
                    stack.append(before)
        return len(ending) == len(self.markings)

    def _has_cycle(self) -> bool:
        """Some run goes on for ever."""
        count = dict.fromkeys(self.after, 0)
        for targets in self.after.values():
            for target in targets:
                count[target] += 1
        ready = [key for key, number in count.items() if not number]
        for key in ready:
            for target in self.after[key]:
                count[target] -= 1
                if not count[target]:
                    ready.append(target)
        return len(ready) < len(count)

    def _regions_end(self) -> bool:
        """What is inside a region comes out of it by itself, whatever may cancel it from outside."""
        return all(self._comes_out(region) for region in self.graph.regions)

    def _comes_out(self, region: Region) -> bool:
        known: dict[object, Marking] = {}
        for marking in self.markings.values():
            if (key := _content(marking, region)) is not None:
                known.setdefault(key, marking)
        before: dict[object, list[object]] = {key: [] for key in [*known, None]}
        stack = list(known)
        while stack:
            key = stack.pop()
            for moved in self._moved(known[key], region):
                name = _content(moved, region)
                if name not in before:
                    before[name] = []
                    known[name] = moved
                    stack.append(name)
                before[name].append(key)
        out: set[object] = {None}
        waiting: list[object] = [None]
        while waiting:
            fresh = [key for key in before[waiting.pop()] if key not in out]
            out.update(fresh)
            waiting += fresh
        return len(out) == len(before)

    def _moved(self, marking: Marking, region: Region) -> Iterator[Marking]:
        """What the work in a region alone can lead to, when nobody fails."""
        for task in marking.live.values():
            is_end = region.kind == "quorum" and task.site.name == region.target
            if _is_in((task.site, 0), region) and not (task.verb == "merge" and is_end):
                for event in _answers(task, []):
                    with suppress(Broken):  # Known already, or nothing that could happen.
                        yield self._told(marking, event)


def _content(marking: Marking, region: Region) -> object:
    """What is in a region, with its counts; None when nothing is, or the run is over."""
    root = next(iter(marking.frames.values()))
    own = frozenset(place for place in _places(marking, root) if _is_in(place, region))
    counts = frozenset(each for each in root.counts.items() if each[0].name in region.members)
    return (own, counts) if own and marking.status == "running" else None


def _overlap_of(graph: FrozenGraph) -> Callable[[Region], bool]:
    sets = [
        frozenset(r.members) - ({r.target} if r.kind == "quorum" else set()) for r in graph.regions
    ]

    def overlaps(region: Region) -> bool:
        one = sets[graph.regions.index(region)]
        return any(one & other and not one <= other and not other <= one for other in sets)

    return overlaps


def _answers(task: Task, areas: list[Area]) -> Iterator[Event]:
    ticket, site = task.ticket, task.site
    match task.verb:
        case "choose":
            yield from (Decided(ticket, label) for label in site.labels)
            if site.unsure is not None:
                yield Decided(ticket, None)
        case "enter":
            yield Entered(ticket, site.path)
        case "list":
            yield Listed(ticket, ("item",))
        case verb:
            yield Finished(ticket, f"{site.path}{verb}")
    inner: set[str] = set()
    for area in areas:
        kinds = (_kinds(name) for name in sorted(area.catches))
        passing = next((each for each in kinds if inner.isdisjoint(each)), None)
        if passing is not None:
            yield Failed(ticket, Exception(), (passing,))
        inner |= area.catches


def _kinds(name: str) -> frozenset[str]:
    """The classes of an error: its own, and those of which that is one."""
    kind = getattr(builtins, name.removeprefix("builtins."), None)
    (known,) = kinds_of(Exception() if kind is None else kind())
    return known | {name}


def _taken(before: Marking, after: Marking) -> list[Way]:
    return [
        way for way, times in after.taken.items() for _ in range(times - before.taken.get(way, 0))
    ]


def _payloads(marking: Marking) -> object:
    """Whether revisions differ decides whether a join has to merge."""
    return frozenset(
        (site, place, token.payload)
        for frame in marking.frames.values()
        for (site, place), token in frame.tokens.items()
    ) | frozenset((task.site, task.frame, task.payload) for task in marking.live.values())


def _places(marking: Marking, frame: Frame) -> list[Resting]:
    held = {
        f.holder.site for f in marking.frames.values() if f.holder and f.holder.frame == frame.id
    }
    live = [
        (task.site, -1 if task.verb == "merge" else 0)
        for task in marking.live.values()
        if task.frame == frame.id
    ]
    return [*frame.tokens, *live, *((site, 0) for site in held)]


def _is_in(place: Resting, region: Region) -> bool:
    """Say whether a token there is in a region: at the join of a quorum while it has not fired."""
    site, number = place
    if region.kind == "quorum" and site.name == region.target:
        return number >= 0
    if number >= 0:
        for area in site.areas:
            if area.kind == "quorum" and area.target == site.name:
                inside = {member.name for member in area.members} - {site.name}
                # Of two with the same members the later one is the inner one.
                known = {each.name: each.index for member in area.members for each in member.areas}
                is_later = known.get(region.name, 0) > area.index
                members = set(region.members)
                return inside < members or (inside == members and not is_later)
    return site.name in region.members


def _is_taken(place: Resting, region: Region, frame: Frame, ways: list[Way]) -> bool:
    """Say whether a token in a region has moved, or was taken down by what ended inside."""
    known = frame.plan.graph.regions
    sizes = [len(set(each.members) - {_race_end(each)}) for each in known]
    order = {id(each): (-sizes[at], at) for at, each in enumerate(known)}
    downs = [down for way in ways if (down := _taken_down(way, frame)) is not None]
    regions = [down for down in downs if order[id(down)] > order[id(region)]]
    moved = {way.key[0] for way in ways if way.key[2] != "catch"}
    return place[0].path in moved or any(_is_in(place, down) for down in regions)


def _taken_down(way: Way, frame: Frame) -> Region | None:
    """The region that is taken down when a token takes this way out of it."""
    name = way.key[0].removeprefix(frame.plan.path)
    for region in frame.plan.graph.regions:
        if name == (region.name if way.key[2] == "catch" else _race_end(region)):
            return region
    return None


def _is_emptied(way: Way, frame: Frame, region: Region) -> bool:
    """All that was in the region has been taken down, and one token comes out of it."""
    down = _taken_down(way, frame)
    if way.key[2] != "catch":
        return down is region
    return down is not None and set(region.members) <= set(down.members)


def _race_end(region: Region) -> str | None:
    return region.target if region.kind == "quorum" else None


def _comes_from(way: Way, frame: Frame, region: Region) -> bool:
    source, _, label = way.key
    name = source.removeprefix(frame.plan.path)
    if label == "catch":
        caught = next(r for r in frame.plan.graph.regions if r.name == name)
        return caught is not region and set(caught.members) < set(region.members)
    if region.kind == "quorum" and name == region.target:
        return False
    return name != START and name in region.members
