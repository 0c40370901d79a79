"""The borders of the regions of a graph: one token enters and one leaves; who moved is not asked.

Where tokens are is given by names, so that a run of stand-ins and one of the real runner are judged alike.
"""

from collections.abc import Iterator, Sequence

from agentgraph.errors import Move
from agentgraph.verify.nest import OUTSIDE, Nest
from agentgraph.verify.stand import Happened


class Borders:
    """The regions of one graph, and which of them hold a token at each vertex."""

    def __init__(self, nest: Nest) -> None:
        """Take the regions with those around them."""
        self.nest: Nest = nest
        self.names: list[str] = [region.name for region in nest.net.graph.regions]
        self._chains = [frozenset[int]()] * (len(self.names) + 1)
        """For each region, itself and all around it; the last one is that of OUTSIDE."""
        for number in reversed(nest.inner_first):
            self._chains[number] = self._chains[nest.around[number]] | {number}

    def home(self, vertex: str) -> str:
        """Name the innermost region of a token; the places of a race's join lie in the race."""
        number = self._home(vertex)
        return "" if number == OUTSIDE else self.names[number]

    def crossed(
        self, before: Sequence[str], after: Sequence[str], moves: Sequence[Move], worked: str
    ) -> Iterator[Happened]:
        """Say which regions are left or entered as they must not be, when `worked` completes.

        `before` and `after` name the vertices at which tokens are then, each as often as there are.
        """
        entered: dict[int, list[str]] = {}
        left: dict[int, list[str]] = {}
        failed = {self.names.index(move[0]) for move in moves if self._is_caught(move)}
        for move in moves:
            outer, inner = self._left(move), self._around(move[1])
            for region in inner - outer:
                entered.setdefault(region, []).append(move[1])
            for region in outer - inner:
                left.setdefault(region, []).append(move[1])
        for region in dict.fromkeys([*entered, *left]):
            ins, outs = entered.get(region, []), left.get(region, [])
            is_open = not failed & self._chains[region] and self._holds(region, before)
            # Of the tokens that were in it one may leave, and then the next one may enter.
            over = len(outs) - len(ins) - is_open
            is_first = is_open and region not in self._around(worked)
            is_left = over > 0 or (over == 0 and self._holds(region, after))
            if outs and (is_left or self._stays(region, before, moves, failed)):
                yield Happened("left", outs[-1], self.names[region])
            elif ins and (is_first or len(ins) - len(outs) > 1 - is_open):
                yield Happened("shared", ins[-1], self.names[region])

    def _is_caught(self, move: Move) -> bool:
        return move[2] == "catch" and move[0] in self.names

    def _left(self, move: Move) -> frozenset[int]:
        """The regions that a token comes from."""
        if self._is_caught(move):
            return self._chains[self.nest.around[self.names.index(move[0])]]
        return self._chains[self.nest.owner[self.nest.net.number[move[0]]]]

    def _home(self, vertex: str) -> int:
        number = self.nest.net.number[vertex]
        return self.nest.quorum.get(number, self.nest.owner[number])

    def _around(self, vertex: str) -> frozenset[int]:
        """The regions that hold a token at a vertex."""
        return self._chains[self._home(vertex)]

    def _holds(self, region: int, tokens: Sequence[str]) -> bool:
        return any(region in self._around(vertex) for vertex in tokens)

    def _stays(
        self, region: int, before: Sequence[str], moves: Sequence[Move], failed: set[int]
    ) -> bool:
        """Say whether a region held a token that no join took, and no race that is over."""
        fired = {source for source, _, label in moves if label != "catch"}
        races = self.nest.quorum.items()
        ended = failed | {race for join, race in races if self.nest.net.name(join) in fired}
        inner = {each for each in ended if each != region and region in self._chains[each]}
        held = [self._around(vertex) for vertex in before if vertex not in fired]
        return any(region in each and not each & inner for each in held)
