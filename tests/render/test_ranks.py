"""The sums behind a layered picture, each against what it promises."""

from itertools import combinations, pairwise

from hypothesis import given
from hypothesis import strategies as st

from agentgraph.render.ranks import Pull, against, ordered, positioned, ranked

SIZE = 8
PAIRS = st.lists(st.tuples(st.integers(0, SIZE - 1), st.integers(0, SIZE - 1)), max_size=16)
FORWARD = PAIRS.map(lambda pairs: [(min(pair), max(pair)) for pair in pairs if len({*pair}) == 2])


def test_only_the_way_back_is_against_the_flow() -> None:
    assert against(3, [(0, 1), (1, 2), (2, 0), (0, 2)]) == [False, False, True, False]


@given(PAIRS)
def test_without_the_ways_back_no_cycle_is_left(pairs: list[tuple[int, int]]) -> None:
    flow = [pair for pair, back in zip(pairs, against(SIZE, pairs), strict=True) if not back]

    left = set(range(SIZE))
    while free := {one for one in left if not any(b == one and a in left for a, b in flow)}:
        left -= free
    assert not left


@given(FORWARD)
def test_every_edge_leads_at_least_one_rank_down(pairs: list[tuple[int, int]]) -> None:
    ranks = ranked(SIZE, pairs)

    assert all(ranks[target] > ranks[source] for source, target in pairs)
    assert min(ranks) >= 0


def test_a_vertex_that_nothing_leads_to_stands_just_above_its_target() -> None:
    assert ranked(4, [(0, 1), (1, 2), (3, 2)]) == [0, 1, 2, 1]


def crossings(ranks: list[list[int]], edges: list[tuple[int, int]]) -> int:
    place = {vertex: at for rank in ranks for at, vertex in enumerate(rank)}
    level = {vertex: number for number, rank in enumerate(ranks) for vertex in rank}
    return sum(
        (place[a] - place[c]) * (place[b] - place[d]) < 0
        for (a, b), (c, d) in combinations(edges, 2)
        if level[a] == level[c]
    )


@given(st.lists(st.tuples(st.integers(0, 4), st.integers(5, 9)), max_size=15))
def test_ordering_keeps_every_vertex_and_never_adds_a_crossing(
    edges: list[tuple[int, int]],
) -> None:
    before = [[0, 1, 2, 3, 4], [5, 6, 7, 8, 9]]

    after = ordered(before, edges)

    assert [sorted(rank) for rank in after] == before
    assert crossings(after, edges) <= crossings(before, edges)


def test_ordering_undoes_a_crossing() -> None:
    assert crossings(ordered([[0, 1], [2, 3]], [(0, 3), (1, 2)]), [(0, 3), (1, 2)]) == 0


@given(
    st.lists(st.floats(1, 200), min_size=6, max_size=6),
    st.lists(st.tuples(st.integers(0, 2), st.integers(3, 5)), max_size=8),
)
def test_neighbours_in_a_rank_stand_apart(
    widths: list[float], edges: list[tuple[int, int]]
) -> None:
    ranks = [[0, 1, 2], [3, 4, 5]]

    xs = positioned(ranks, widths, [Pull(a, b) for a, b in edges], gap=10)

    for rank in ranks:
        for left, right in pairwise(rank):
            assert xs[right] - xs[left] >= (widths[left] + widths[right]) / 2 + 10 - 1e-6
