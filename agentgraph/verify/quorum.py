"""Levels that end at a quorum: is the level proper, whoever is first?

Here the order decides: when enough ways have come, the rest is cancelled. Most often a fork
opens branches that share nothing: then it is enough that each of them alone brings one
token to the join, whatever the others do. Else every order is played, up to a limit.
"""

from collections import deque
from collections.abc import Iterable
from dataclasses import replace

from agentgraph.verify.game import Marking, Play, Search
from agentgraph.verify.net import Fault, Net, Way
from agentgraph.verify.reduction import Rest, along, reduce
from agentgraph.verify.ways import reached

MARKINGS = 20_000
"""How many markings of one quorum are played; a race of eight branches of three nodes has 6,561."""


def fault_of_quorum(level: Net) -> tuple[Fault | None, frozenset[int]]:
    """Return why the level is not proper, or None when it is, and the exits no run comes to."""
    # A region with several entries must stay visible, to see that only one of them is taken.
    if level.held:
        return Race(level, is_whole=True).verdict()
    net = _straightened(level)
    rest = reduce(net)
    # Ways of the rest stand for vertices that take their time: the join may fire later there.
    is_like = rest.clash is None and not _arrives_at_once(net) and _has_own_ways(rest)
    # Most often one fork is left, which is soon played.
    is_small = is_like and sum(map(bool, rest.outs)) <= 2
    if not is_small and _parts(net):
        return None, frozenset()
    if is_like and Race(rest.as_net(), is_whole=False).fault() is None:
        return None, frozenset()
    return Race(net, is_whole=True).verdict()


def _straightened(net: Net) -> Net:
    """Lead ways past what runs nothing and leads to the join alone: a token is there at once."""
    passed: dict[int, Way] = {}
    for vertex in reversed(net.order() or []):
        ways = net.outs[vertex]
        if vertex in net.instant and len(ways) == 1 and not net.both[vertex]:
            way = passed.get(ways[0].target, ways[0])
            if way.target in net.race:
                passed[vertex] = way
    if not passed:
        return net
    outs = [
        [way if way.target not in passed else _past(way, passed[way.target]) for way in ways]
        for ways in net.outs
    ]
    for vertex in passed:
        outs[vertex] = []
    return replace(net, outs=outs)


def _past(way: Way, beyond: Way) -> Way:
    return Way(beyond.target, beyond.edge, along(way.cost, beyond.cost))


def _arrives_at_once(net: Net) -> bool:
    """A fork gives a token to the join itself: then the rest may be cancelled where it stands."""
    return any(
        net.fork[vertex] and len(ways) > 1 and any(way.target in net.race for way in ways)
        for vertex, ways in enumerate(net.outs)
    )


def _has_own_ways(rest: Rest) -> bool:
    """Each place of the join has one way in: only who comes twice can bring a second token."""
    return all(rest.ins[vertex] <= 1 for vertex in rest.net.race)


def _parts(net: Net) -> bool:
    """Play each branch alone: True when all are proper, share nothing, and are enough."""
    vertex = net.outs[0][0].target
    while len(net.outs[vertex]) == 1 and not net.both[vertex]:
        vertex = net.outs[vertex][0].target
    ways = net.outs[vertex]
    at_once = sum(1 for way in ways if way.target in net.race)
    # Where enough ways come at once, nothing else gets further than to begin.
    if not net.fork[vertex] or not at_once < net.need <= len(ways):
        return False
    taken: set[int] = {vertex}
    for way in ways:
        members = ahead(net, way.target).keys()
        if members & taken:
            return False
        taken |= members
        ends = {v for v in members if not net.outs[v]}
        if not ends <= net.race or Search(_part(net, way, members), MARKINGS).fault() is not None:
            return False
    return True


def ahead(net: Net, start: int) -> dict[int, None]:
    """Return all vertices that `start` leads to, itself included."""
    return reached([start], lambda vertex: (way.target for way in net.outs[vertex]))


def _part(net: Net, entry: Way, members: Iterable[int]) -> Net:
    """The branch that `entry` opens, as a level without a quorum."""
    part = Net()
    part.add(net.names[0])
    local = {v: part.take(net, v) for v in sorted(members)}
    for old, new in local.items():
        part.outs[new] = [way._replace(target=local[way.target]) for way in net.outs[old]]
    part.outs[0] = [entry._replace(target=local[entry.target])]
    return part


class Race(Play):
    """Every order in which the vertices of a level can run."""

    def __init__(self, net: Net, *, is_whole: bool) -> None:
        """Take the level; in a whole one nothing moves any more once enough ways have come."""
        super().__init__(net)
        self.net = net
        self.is_whole = is_whole
        self.race: frozenset[int] = frozenset(
            place for place, vertex in enumerate(self.game.owner) if vertex in net.race
        )
        self.queue: deque[Marking] = deque()
        self.came: set[int] = set()
        self.ran: set[int] = set()

    def verdict(self) -> tuple[Fault | None, frozenset[int]]:
        """Return why the level is not proper, and the exits that no run has come to."""
        fault = self.fault()
        exits = {vertex for vertex in self.net.exits if self.game.places[vertex]}
        return fault, frozenset(exits - self.came - self.net.race)

    def fault(self) -> Fault | None:
        """Return why the level is not proper, or None when it is."""
        self._note({self.game.places[0][0]})
        while self.queue:
            found = self._step(self.queue.popleft())
            if found is not None:
                return found
        return self.trapped() or self._idle()

    def _step(self, marking: Marking) -> Fault | None:
        found = self._left(marking) or self._crowded(marking)
        if found is not None:
            return found
        key = frozenset(marking)
        come = len(self.race & key)
        enabled = self._enabled(marking)
        self.came.update(enabled)
        at_once = [v for v in enabled if v in self.net.instant] if self.is_whole else []
        if at_once:
            enabled = at_once[:1]
        elif come >= self.net.need:
            self.ends.append(key)
            if self.is_whole:
                return None
        if not enabled:
            self.ends.append(key)
            return self._short(marking, come)
        self.ran.update(enabled)
        for vertex in enabled:
            for places in self.game.moves[vertex]:
                after = marking.difference(self.game.places[vertex])
                found = found or self.game.put(after, places)
                self._note(after).append(key)
        if len(self.shown) > MARKINGS:
            return found or Fault("undecided", 0)
        return found

    def _short(self, marking: Marking, come: int) -> Fault | None:
        """Judge a marking in which nothing can move: the join has enough ways, or nothing came."""
        if come >= self.net.need:
            return None
        if not come:
            return self.game.dead_end(marking)
        first = min(place for place in marking if place in self.race)
        return Fault("stuck", self.game.owner[first])

    def _enabled(self, marking: Marking) -> list[int]:
        owners = dict.fromkeys(self.game.owner[place] for place in sorted(marking))
        return [
            vertex
            for vertex in owners
            if self.game.moves[vertex] and marking.issuperset(self.game.places[vertex])
        ]

    def _note(self, marking: Marking) -> list[frozenset[int]]:
        """Note a marking to be looked at, and give what it is known to come from."""
        key = frozenset(marking)
        if key not in self.shown:
            self.shown[key] = marking
            self.queue.append(marking)
        return self.before.setdefault(key, [])

    def _left(self, marking: Marking) -> Fault | None:
        """Find a token that left by another way than the join while others go on."""
        for place in marking:
            vertex = self.game.owner[place]
            if self.game.moves[vertex] or vertex in self.net.race:
                continue
            self.came.add(vertex)
            if len(marking) > 1:
                return Fault("left", vertex)
        return None

    def _crowded(self, marking: Marking) -> Fault | None:
        """Find two tokens in one region, come in by two of its entries."""
        seen: set[int] = set()
        for place in marking:
            for region in self.net.held.get(self.game.owner[place], ()):
                if region in seen:
                    return Fault("crowded", self.game.owner[place], region)
                seen.add(region)
        return None

    def _idle(self) -> Fault | None:
        """Find a vertex that no run comes to: its join is always cancelled first."""
        for vertex, moves in enumerate(self.game.moves):
            # Where others only begin to run before they are cancelled, nothing follows them.
            known = self.ran if vertex in self.net.several else self.came
            if moves and vertex not in known:
                return Fault("idle", vertex)
        return None
