"""The token game of one level, played as far as it must be: is the level proper, and if not, why?

In a level without quorum a split and a merge never mix in one place, so the order in which
independent vertices run decides nothing: it is enough to run one at a time (a stubborn
set). What has no choice runs at once; then the choice with the lowest number goes all its
ways. Places are numbered in depth-first order, so that one branch is played to its join
before the next begins: that keeps the number of markings small.

The verdict is exact: when the end can be reached from every marking that is met, and no
place is met with two tokens, then no order of running can do harm. (If some order could,
its first step that belongs to the vertex played here could be moved to the front, and so
on until the end, where nothing is left to move.)
"""

from collections.abc import Iterable
from dataclasses import dataclass
from heapq import heappop, heappush

from agentgraph.verify.net import Fault, Net
from agentgraph.verify.ways import reached

Marking = set[int]


class Game:
    """A level with its places numbered, ready to be played."""

    def __init__(self, net: Net) -> None:
        """Number the places in depth-first order from vertex 0."""
        self.net = net
        self.owner: list[int] = []
        self.edge: list[int] = []
        self.places: list[list[int]] = [[] for _ in net.outs]
        self.moves: list[list[tuple[int, ...]]] = [[] for _ in net.outs]
        """For each vertex, the places that get a token, once for each way to choose."""
        self._number()

    def _number(self) -> None:
        net = self.net
        place_of: list[list[int]] = [[0] * len(ways) for ways in net.outs]
        self._place(0, -1)
        stack = [(0, 0)]
        while stack:
            vertex, index = stack.pop()
            if index == len(net.outs[vertex]):
                continue
            stack.append((vertex, index + 1))
            way = net.outs[vertex][index]
            is_new = not self.places[way.target]
            if is_new or net.both[way.target]:
                self._place(way.target, way.edge)
            place_of[vertex][index] = self.places[way.target][-1]
            if is_new:
                stack.append((way.target, 0))
        for vertex, places in enumerate(place_of):
            if places:
                groups = [places] if net.fork[vertex] else [[place] for place in places]
                self.moves[vertex] = [tuple(group) for group in groups]

    def _place(self, vertex: int, edge: int) -> None:
        self.places[vertex].append(len(self.owner))
        self.owner.append(vertex)
        self.edge.append(edge)

    def put(self, marking: Marking, places: Iterable[int]) -> Fault | None:
        """Put a token on each place, unless one lies there already."""
        for place in places:
            if place in marking:
                return Fault("double", self.owner[place])
            marking.add(place)
        return None

    def dead_end(self, marking: Marking) -> Fault | None:
        """Judge a marking in which nothing can move: one token on an exit is as it should be."""
        ended = [place for place in marking if not self.moves[self.owner[place]]]
        if ended and len(marking) == 1:
            return None
        if not ended:
            return self.stuck(marking)
        is_round = any(self.owner[place] == self.net.back for place in ended)
        return Fault("round" if is_round else "left", self.owner[min(ended)])

    def stuck(self, marking: Marking) -> Fault:
        """Say where tokens are that cannot come to an end; best at what waits for others."""
        owners = [self.owner[place] for place in sorted(marking)]
        return Fault("stuck", next((v for v in owners if self.net.both[v]), owners[0]))


@dataclass(slots=True)
class Position:
    """A marking while it is played, the choices that wait in it, and what it came from."""

    marking: Marking
    choices: list[int]
    before: frozenset[int] | None = None


class Play:
    """One play of a level, and the markings that it has met."""

    def __init__(self, net: Net) -> None:
        """Take the level."""
        self.game: Game = Game(net)
        self.before: dict[frozenset[int], list[frozenset[int]]] = {}
        self.ends: list[frozenset[int]] = []
        self.shown: dict[frozenset[int], Marking] = {}

    def trapped(self) -> Fault | None:
        """Go back from the ends; a marking that is not met on the way is a trap."""
        ending = reached(self.ends, self.before.__getitem__)
        traps = (marking for key, marking in self.shown.items() if key not in ending)
        return next(map(self.game.stuck, traps), None)


class Search(Play):
    """The play of a level without quorum."""

    def __init__(self, net: Net, limit: int) -> None:
        """Take the level, and how many vertices may run before it stays undecided."""
        super().__init__(net)
        self.left: int = limit
        self.waiting: list[tuple[frozenset[int], Position]] = []

    def fault(self) -> Fault | None:
        """Return why the level is not proper, or None when it is."""
        found = self._settle(Position(set(), []), (0,))
        while self.waiting and found is None:
            key, position = self.waiting.pop()
            self.shown[key] = position.marking
            found = self._choose(key, position)
        return found or self.trapped()

    def _choose(self, key: frozenset[int], position: Position) -> Fault | None:
        """Let the first choice go all its ways."""
        place = heappop(position.choices)
        vertex = self.game.owner[place]
        for places in self.game.moves[vertex]:
            left = position.marking.difference(self.game.places[vertex])
            found = self._settle(Position(left, list(position.choices), key), places)
            if found is not None:
                return found
        return None

    def _settle(self, position: Position, places: tuple[int, ...]) -> Fault | None:
        """Put tokens on `places`, run all that has no choice, and note the marking it ends in."""
        found = self._run(position, places)
        if found is not None:
            return found
        key = frozenset(position.marking)
        is_new = key not in self.before
        sources = self.before.setdefault(key, [])
        if position.before is not None:
            sources.append(position.before)
        if not is_new:
            return None
        if position.choices:
            self.waiting.append((key, position))
            return None
        self.ends.append(key)
        return self.game.dead_end(position.marking)

    def _run(self, position: Position, places: tuple[int, ...]) -> Fault | None:
        game, marking = self.game, position.marking
        # First come, first served: in a cycle that never stops, a second token must be seen.
        fresh = [places]
        for given in fresh:
            found = game.put(marking, given)
            if found is not None:
                return found
            for place in given:
                vertex = game.owner[place]
                moves = game.moves[vertex]
                if not moves or not marking.issuperset(game.places[vertex]):
                    continue
                self.left -= 1
                if self.left < 0:
                    return Fault("undecided", vertex)
                if len(moves) == 1:
                    marking.difference_update(game.places[vertex])
                    fresh.append(moves[0])
                else:
                    heappush(position.choices, game.places[vertex][0])
        return None
