"""Soundness of a free-choice level by the rank theorem: algebra, no game (Desel and Esparza 1995).

A strongly connected free-choice net is well formed if and only if it has a positive place
invariant and a positive transition invariant, and the rank of its incidence matrix is the
number of its clusters less one; its marking is live and bounded if no empty siphon is
there. A level is proper when its net, short-circuited from the exits to the start, is live
and safe: with one token at the start a place invariant bounds all.
"""

from collections.abc import Iterable

from agentgraph.verify.game import Game
from agentgraph.verify.net import Net

PRIME = (1 << 61) - 1


def is_proper(net: Net) -> bool:
    """Say whether a level without quorum is proper; every vertex must be reached from 0."""
    pre, post = _transitions(net)
    places = sorted({place for given in (*pre, *post) for place in given})
    return (
        _is_connected(pre, post, places)
        and _rank(pre, post) == len(_clusters(pre)) - 1
        and not _has_empty_siphon(pre, post, places)
    )


def _transitions(net: Net) -> tuple[list[frozenset[int]], list[frozenset[int]]]:
    """What each transition takes, and what it gives; the exits lead back to the start."""
    game = Game(net)
    pre: list[frozenset[int]] = []
    post: list[frozenset[int]] = []
    for vertex, places in enumerate(game.places):
        if not places:
            continue
        for given in game.moves[vertex] or [tuple(game.places[0])]:
            pre.append(frozenset(places))
            post.append(frozenset(given))
    return pre, post


def _is_connected(pre: list[frozenset[int]], post: list[frozenset[int]], places: list[int]) -> bool:
    """Every place leads to every other."""

    def reached(before: list[frozenset[int]], after: list[frozenset[int]]) -> set[int]:
        seen = {places[0]}
        while True:
            found = {p for b, a in zip(before, after, strict=True) if b & seen for p in a}
            if found <= seen:
                return seen
            seen |= found

    everything = set(places)
    return reached(pre, post) == everything == reached(post, pre)


def _clusters(pre: Iterable[frozenset[int]]) -> set[frozenset[int]]:
    """In a free-choice net transitions that share a place share all: the sets are the clusters."""
    return set(pre)


def _rank(pre: list[frozenset[int]], post: list[frozenset[int]]) -> int:
    """The rank of the incidence matrix, over a prime field."""
    rows: dict[int, dict[int, int]] = {}
    rank = 0
    for takes, gives in zip(pre, post, strict=True):
        row = dict.fromkeys(gives - takes, 1) | dict.fromkeys(takes - gives, PRIME - 1)
        while row:
            pivot = min(row)
            if pivot not in rows:
                inverse = pow(row[pivot], -1, PRIME)
                rows[pivot] = {place: value * inverse % PRIME for place, value in row.items()}
                rank += 1
                break
            factor = row[pivot]
            for place, value in rows[pivot].items():
                left = (row.get(place, 0) - factor * value) % PRIME
                if left:
                    row[place] = left
                else:
                    row.pop(place, None)
    return rank


def _has_empty_siphon(
    pre: list[frozenset[int]], post: list[frozenset[int]], places: list[int]
) -> bool:
    """Take away what is no siphon until nothing changes: what is left gets no token, ever."""
    siphon = set(places) - {places[0]}
    while True:
        fed = {
            place
            for takes, gives in zip(pre, post, strict=True)
            if not takes & siphon
            for place in gives & siphon
        }
        if not fed:
            return bool(siphon)
        siphon -= fed
