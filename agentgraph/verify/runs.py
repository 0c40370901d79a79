"""Runs of a graph, the shortest first, made by the machine itself; they decide no verdict.

What a finding claims is shown by a run, and only what the machine does is a run. So this
plays the machine: breadth first, with the same marking met once.

Rules of this file:

1. What tokens do is all that counts here: a vertex that holds a graph or voters is one piece of
   work, nothing is undone or repeated, and merging takes no time.
2. A run is not followed beyond the first fault that it shows, but for a token at END: the
   others go on, and what they do at END is a fault of its own.
"""

from collections import deque
from collections.abc import Callable, Collection, Iterable, Iterator
from functools import cached_property
from heapq import heappop, heappush

from agentgraph.errors import Outcome, Step, Stuck
from agentgraph.graph import END, START
from agentgraph.graph.plan import Plan, Site, Way
from agentgraph.machine import Event, Marking, Started, Stopped, Task, advance, make_plan
from agentgraph.verify.borders import Borders
from agentgraph.verify.loops import left_of
from agentgraph.verify.nest import Nest
from agentgraph.verify.plain import plain
from agentgraph.verify.stand import Happened, Stand, answers, branch, doubled
from agentgraph.verify.ways import backwards, deepest_first, reached

STANDS = 3_000
"""After so many markings a search goes on with one branch at a time."""
_ROUND = 400
_FAR = 1 << 30


class Runs:
    """All runs of one graph, as far as they have been looked at."""

    def __init__(self, plan: Plan, nest: Nest, shut: Collection[str], counted: str) -> None:
        """Take what `runs_of` has made ready."""
        self.plan: Plan = plan
        self.nest: Nest = nest
        self.shut: frozenset[str] = frozenset(shut)
        self.counted: str = counted
        self._borders = Borders(nest)
        self.stands: list[Stand] = []
        """The stands that have been looked at; each was come to by a shortest run."""
        self._came: set[Site] = set()
        self._start = self._told(Stand(Marking(self.plan)), Started(None), None)
        self._queue = deque([self._start])
        self._seen = {self._start.key}
        self._links: list[tuple[object, object, bool]] = []
        """From stand to stand, and whether somebody failed on the way."""

    @property
    def is_whole(self) -> bool:
        """There are no other stands."""
        return not self._queue

    def look(self, wants: Callable[[Stand], bool], limit: int = STANDS) -> Stand | None:
        """Find a stand by a shortest run; None where there is none, or too many to look at."""
        found = next(filter(wants, self.stands), None)
        while found is None and self._queue and len(self._seen) < limit:
            stand = self._next()
            if wants(stand):
                found = stand
        return found

    def _next(self) -> Stand:
        stand = self._queue.popleft()
        self.stands.append(stand)
        self._judge(stand)
        if not stand.is_over:
            for after in self.after(stand):
                key = after.key
                self._links.append((stand.key, key, bool(after.step and after.step.error)))
                if key not in self._seen:
                    self._seen.add(key)
                    self._queue.append(after)
        return stand

    def is_clean(self) -> bool:
        """Say whether all runs were looked at and none shows anything, goes on for ever or is stuck."""
        if self.look(lambda stand: any(h.outcome != "exhausted" for h in stand.happened)):
            return False
        if not self.is_whole:
            return False
        ways: dict[object, list[object]] = {stand.key: [] for stand in self.stands}
        quiet: dict[object, list[object]] = {stand.key: [] for stand in self.stands}
        for source, target, fails in self._links:
            ways[source].append(target)
            quiet[source] += [] if fails else [target]
        ended = {"done", "exhausted"}
        ends = [stand.key for stand in self.stands if stand.marking.status in ended]
        can_end = len(reached(ends, backwards(quiet).__getitem__)) == len(ways)
        return not self.idle() and can_end and not left_of(ways)

    def idle(self) -> list[str]:
        """Name the vertices that no run has come to."""
        came = {START, *(site.name for site in self._came)}
        return [name for name in self.plan.graph.vertex if name not in came]

    def after(self, stand: Stand, members: set[str] | None = None) -> Iterator[Stand]:
        """All that one more step can lead to, of some vertices or of all."""
        for task in stand.marking.live.values():
            if members is None or task.site.name in members:
                for event, step in self._answers(task):
                    yield self._told(stand, event, step)

    def _answers(self, task: Task) -> list[tuple[Event, Step]]:
        name = task.site.name
        return [each for each in answers(task, name) if each[1].error or name not in self.shut]

    def seek(self, wants: Callable[[Stand], bool], toward: Iterable[str]) -> Stand | None:
        """Look on, where there are too many runs, with one branch at a time: who is nearest first."""
        far = _distances(self.plan, toward)
        heap: list[tuple[int, int, int, Stand]] = [(0, 0, 0, self._start)]
        seen = {self._start.key}
        while heap and len(seen) < STANDS + 2 * len(self.plan.sites):
            _, _, done, stand = heappop(heap)
            # What is there already waits for what else may come.
            tasks = [task for task in stand.marking.live.values() if self._answers(task)]
            tasks.sort(key=lambda t: (far.get(t.site) or _FAR, t.site.index))
            # While something can still come to a join, it is seldom one that waits for ever.
            if not tasks or not far.get(tasks[0].site):
                self._judge(stand)
            if wants(stand):
                return stand
            if stand.is_over:
                continue
            for after in self.after(stand, {tasks[0].site.name}) if tasks else ():
                if (key := after.key) in seen:
                    continue
                seen.add(key)
                left = [far.get(task.site, _FAR) for task in after.marking.live.values()]
                rank = done + 1 + min(left, default=0)
                heappush(heap, (rank, -len(seen), done + 1, after))
        return None

    def passing(self, name: str) -> Stand | None:
        """Find a run that comes to a vertex and gets past it."""
        return self.look(lambda at: any(w.key[0] == name and w.key[2] != "then" for w in at.ways))

    def coming(self, name: str) -> Stand | None:
        """Find the shortest run on which a token comes to a vertex."""
        return self.found(lambda stand: any(way.site.name == name for way in stand.ways), name)

    def visiting(self, times: int, *, ends: bool) -> Stand | None:
        """Find the shortest run with most visits of `counted`, up to so many, and then at its end."""

        def visits(stand: Stand) -> bool:
            return stand.visits >= times and (not ends or stand.marking.status == "done")

        found = self.found(visits, END if ends else self.counted)
        others = [
            each for each in self.stands if each.visits and (not ends or not each.marking.live)
        ]
        return found or max(others, key=lambda stand: stand.visits, default=None)

    def found(self, wants: Callable[[Stand], bool], *toward: str) -> Stand | None:
        """Find a stand by a shortest run, or where there are too many by some run."""
        stand = self.look(wants)
        return stand if stand or self.is_whole else self.seek(wants, toward)

    def round(self, cycle: set[str], start: str) -> tuple[Stand, Stand] | None:
        """Find a run that comes to `start` and, by work in `cycle` alone, to the same stand again."""
        first = self.look(lambda stand: self._back(stand, cycle, start) is not None)
        last = None if first is None else self._back(first, cycle, start)
        return None if first is None or last is None else (first, last)

    def _back(self, first: Stand, cycle: set[str], start: str) -> Stand | None:
        """Find the shortest way back to a stand, that came to `start`, by work in `cycle` alone."""
        if first.is_over or all(way.site.name != start for way in first.ways):
            return None
        wanted = first.key
        queue = deque([first])
        seen = {wanted}
        while queue and len(seen) < _ROUND:
            stand = queue.popleft()
            for after in self.after(stand, cycle):
                key = after.key
                if key == wanted:
                    return after
                if key not in seen:
                    seen.add(key)
                    self._judge(after)
                    if not after.happened:
                        queue.append(after)
        return None

    def _told(self, before: Stand, event: Event, step: Step | None) -> Stand:
        """Let the machine take an event, and see what tokens do."""
        marking = branch(before.marking)
        stand = Stand(marking, before if before.marking.frames else None, step)
        stuck, twice = "", list[Site]()
        try:
            advance(marking, event)
            # A race may be over in the moment in which a second token comes.
            twice = doubled(marking)
            while marking.stopping:
                advance(marking, Stopped(next(iter(marking.stopping))))
            twice = twice or doubled(marking)
        except Stuck as error:
            stuck = error.what
        stand.ways = tuple(way for way, times in marking.taken.items() for _ in range(times))
        self._came.update(way.site for way in stand.ways)
        came = sum(way.site.name == self.counted for way in stand.ways)
        passed = sum(way.key[::2] == (self.counted, "then") for way in stand.ways)
        stand.visits = before.visits + came - passed
        if marking.status == "exhausted":
            stand.visits = before.visits
            stand.happened.append(Happened("exhausted", _overrun(before, stand).name))
        elif stuck.startswith("a second token"):
            stand.happened.append(self._at("twice", stand.ways[-1].site))
        else:
            stand.happened += [self._at("twice", site) for site in twice]
            if self._borders.names and not twice:
                moves, worked = [way.key for way in stand.ways], step.vertex if step else START
                held = before.held(), stand.held()
                stand.happened += self._borders.crossed(*held, moves, worked)
        stand.close()
        return stand

    def _judge(self, stand: Stand) -> None:
        """Add what shows from where the tokens are."""
        if not any(each.outcome in {"exhausted", "twice"} for each in stand.happened):
            stand.happened += self._standing(stand)

    def _standing(self, stand: Stand) -> Iterator[Happened]:
        tokens = stand.frame.tokens
        tasks = stand.marking.live
        if tokens and any(site.name == END for site, _ in tokens) and len(tasks) + len(tokens) > 1:
            yield Happened("left", END)
        if any(site.vertex.kind == "join" for site, _ in tokens):
            yield from self._waiting(stand)
        elif not tasks and not tokens:
            yield Happened("trapped", stand.step.vertex if stand.step else START)

    def _at(self, outcome: Outcome, site: Site) -> Happened:
        return Happened(outcome, site.name, self._borders.home(site.name))

    # Joins that wait for ever.

    def _waiting(self, stand: Stand) -> Iterator[Happened]:
        """Find joins that hold tokens and that nothing can bring what they lack, unless it fails."""
        live = {task.site for task in stand.marking.live.values()}
        fired = _coming(stand, live)
        sites = dict.fromkeys(site for site, _ in stand.frame.tokens if site.vertex.kind == "join")
        waiting = [site for site in sites if site not in fired and not self._is_spared(site, fired)]
        # A join that waits for another one that waits is no fault of its own, but where all do.
        # What would have to go round a loop once more is not what it waits for.
        first = [
            site
            for site in waiting
            if site not in _coming(stand, {*live, *waiting} - {site}, site, self._back_ways)
        ]
        for site in first or ([] if live else waiting):
            yield self._at("waits", site)

    @cached_property
    def _back_ways(self) -> set[Way]:
        """The edges that lead back to where a way from START came through."""
        sites = deepest_first([self.plan.entry], lambda site: (w.site for w in ways_of(site)))
        rank = {site: number for number, site in enumerate(sites)}
        return {way for site in sites for way in ways_of(site) if rank[way.site] >= rank[site]}

    def _is_spared(self, site: Site, fired: set[Site]) -> bool:
        """Say whether the race in which a join waits is brought to its end by others."""
        owner = self.nest.owner[site.index]
        ends = {join for join, region in self.nest.quorum.items() if region == owner}
        return site.index not in self.nest.quorum and any(end.index in ends for end in fired)


def runs_of(nest: Nest, *, shut: Collection[str] = (), counted: str = "") -> Runs | None:
    """All runs of a graph whose names are known; None where some never come to a stand.

    No vertex of `shut` is ever completed; how often `counted` is visited tells stands apart.
    """
    graph = plain(nest.net.graph)
    return None if graph is None else Runs(make_plan(graph), nest, shut, counted)


def _coming(
    stand: Stand, begun: set[Site], through: Site | None = None, but: Iterable[Way] = ()
) -> set[Site]:
    """The vertices that some way on can still make work, if nobody fails.

    With `through` all other joins let pass what comes: then all that could come to it does.
    """
    tokens = stand.frame.tokens
    places = {site: {place for other, place in tokens if other is site} for site, _ in tokens}
    found = set(begun)
    stack = [way for site in found for way in ways_of(site)]
    seen = set(but)
    while stack:
        way = stack.pop()
        if way in seen:
            continue
        seen.add(way)
        site = way.site
        if site.then is not None:
            stack.append(site.then)
        if site.vertex.kind == "join" and (through is None or site is through):
            full = places.setdefault(site, set())
            full.add(way.place)
            if len(full) < site.need:
                continue
        if site not in found:
            found.add(site)
            stack += ways_of(site)
    return found


def ways_of(site: Site) -> Iterable[Way]:
    """All edges that leave a vertex."""
    unsure = () if site.unsure is None else (site.unsure,)
    return (*site.outs, *site.labels.values(), *unsure)


def _overrun(before: Stand, after: Stand) -> Site:
    """The vertex whose bound ended a run: a token came there that was not counted."""
    came = [way.site for way in after.ways if way.site.at_most is not None and not way.site.then]
    counts = [stand.frame.counts if stand.marking.frames else {} for stand in (before, after)]
    new = {site: counts[1].get(site, 0) - counts[0].get(site, 0) for site in came}
    return next((site for site in came if came.count(site) > new[site]), came[-1])


def _distances(plan: Plan, toward: Iterable[str]) -> dict[Site, int]:
    """For each vertex, how many pieces of work lie between it and the nearest of some vertices."""
    ways: dict[Site, list[Site]] = {}
    for site in plan.sites.values():
        caught = [area.way for area in site.catches if area.way is not None]
        then = [] if site.then is None else [site.then]
        ways[site] = [way.site for way in (*ways_of(site), *then, *caught)]
    before = backwards(ways)
    found = {plan.sites[name]: 0 for name in toward}
    queue = deque(found)
    while queue:
        site = queue.popleft()
        for source in before[site]:
            far = found[site] + (source.verb is not None)
            if far < found.get(source, _FAR):
                found[source] = far
                (queue.append if source.verb is not None else queue.appendleft)(source)
    return found
