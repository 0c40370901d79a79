"""Which places can hold a token at the same time; in levels that are known to be proper.

Two ways of one fork can. What can hold a token beside all that a vertex waits for can do
so beside what it leads to. Where splits and merges do not mix this rule is exact (Kovalyov
and Esparza). Sets of places are the bits of an integer.
"""

from itertools import combinations, product

from agentgraph.verify.game import Game
from agentgraph.verify.net import Fault, Net


def crowded(net: Net) -> Fault | None:
    """Find two vertices that stand for one region and can hold a token at the same time."""
    by_region: dict[int, list[int]] = {}
    for vertex, regions in sorted(net.held.items()):
        for region in regions:
            by_region.setdefault(region, []).append(vertex)
    pairs = [
        (one, other, region)
        for region, vertices in by_region.items()
        for one, other in combinations(vertices, 2)
    ]
    if not pairs:
        return None
    game = Game(net)
    beside = parallel_places(game)
    for one, other, region in pairs:
        if any(beside[p] >> q & 1 for p, q in product(game.places[one], game.places[other])):
            return Fault("crowded", other, region)
    return None


def parallel_places(game: Game) -> list[int]:
    """For each place, the places that can hold a token while it does."""
    beside = [0] * len(game.owner)
    waiting = [vertex for vertex, moves in enumerate(game.moves) if moves]
    while waiting:
        vertex = waiting.pop()
        common = -1
        for place in game.places[vertex]:
            common &= beside[place]
        for given in game.moves[vertex]:
            mates = sum(1 << place for place in given)
            for place in given:
                new = (common | mates & ~(1 << place)) & ~beside[place]
                if new:
                    waiting += _join(game, beside, place, new)
    return beside


def _join(game: Game, beside: list[int], place: int, new: int) -> list[int]:
    """Note that `place` goes with each of `new`, and return the vertices that this concerns."""
    beside[place] |= new
    touched = {game.owner[place]}
    while new:
        low = new & -new
        new ^= low
        other = low.bit_length() - 1
        beside[other] |= 1 << place
        touched.add(game.owner[other])
    return [vertex for vertex in touched if game.moves[vertex]]
