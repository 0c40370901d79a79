"""The sums behind a layered picture, each against what it promises."""

from itertools import combinations, pairwise

import networkx as nx
from hypothesis import given
from hypothesis import strategies as st

from agentgraph.render.order import Net, ordered
from agentgraph.render.places import positioned
from agentgraph.render.ranks import Span, against, ranked

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
    ranks = ranked(SIZE, [Span(*pair) for pair in pairs])

    assert all(ranks[target] > ranks[source] for source, target in pairs)
    assert min(ranks) >= 0


def test_a_vertex_that_nothing_leads_to_stands_just_above_its_target() -> None:
    assert ranked(4, [Span(0, 1), Span(1, 2), Span(3, 2)]) == [0, 1, 2, 1]


def test_blocks_are_ranked_by_themselves_and_then_joined() -> None:
    # Two triangles that share the vertex 2, one that shares nothing, and a vertex alone.
    edges = [(0, 1), (1, 2), (0, 2), (2, 3), (2, 4), (3, 4), (5, 6), (6, 7), (5, 7)]

    assert ranked(9, [Span(*pair) for pair in edges]) == [0, 1, 2, 3, 4, 0, 1, 2, 0]


@given(FORWARD, st.lists(st.integers(1, 4), min_size=32, max_size=32))
def test_no_other_ranks_make_the_edges_shorter_by_their_weight(
    pairs: list[tuple[int, int]], numbers: list[int]
) -> None:
    spans = [Span(*pair, numbers[index], numbers[-index - 1]) for index, pair in enumerate(pairs)]

    ranks = ranked(SIZE, spans)

    length = sum((ranks[span.lower] - ranks[span.upper]) * span.weight for span in spans)
    assert length == shortest(spans)


def shortest(spans: list[Span]) -> int:
    """Solve the dual by networkx: the cheapest flow that takes each edge's weight along."""
    graph = nx.MultiDiGraph()
    graph.add_nodes_from(range(SIZE), demand=0)
    for upper, lower, least, weight in spans:
        graph.add_edge(upper, lower, weight=-least, capacity=10**6)
        graph.nodes[lower]["demand"] += weight
        graph.nodes[upper]["demand"] -= weight
    return -nx.network_simplex(graph)[0]


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

    after = ordered(before, net_of([1.0] * 10, edges))

    assert [sorted(rank) for rank in after] == before
    assert crossings(after, edges) <= crossings(before, edges)


def test_ordering_undoes_a_crossing() -> None:
    edges = [(0, 3), (1, 2)]

    assert crossings(ordered([[0, 1], [2, 3]], net_of([1.0] * 4, edges)), edges) == 0


def test_each_stretch_between_ranks_of_one_vertex_is_ordered() -> None:
    edges = [(0, 1), (0, 2), (1, 4), (2, 3), (3, 5), (4, 5), (5, 6), (5, 7), (6, 9), (7, 8)]
    ranks = [[0], [1, 2], [3, 4], [5], [6, 7], [8, 9]]

    assert crossings(ordered(ranks, net_of([1.0] * 10, edges)), edges) == 0


def test_edges_beside_the_middle_of_a_vertex_do_not_cross() -> None:
    net = Net([10.0, 10.0, 10.0])
    net.join(net.end(0, 3.0), 1)
    net.join(net.end(0, -3.0), 2)

    assert ordered([[0], [1, 2]], net) == [[0], [2, 1]]


def net_of(widths: list[float], edges: list[tuple[int, int]]) -> Net:
    net = Net(widths)
    for upper, lower in edges:
        net.join(upper, lower)
    return net


@given(
    st.lists(st.floats(1, 200), min_size=6, max_size=6),
    st.lists(st.tuples(st.integers(0, 2), st.integers(3, 5)), max_size=8),
)
def test_neighbours_in_a_rank_stand_apart(
    widths: list[float], edges: list[tuple[int, int]]
) -> None:
    ranks = [[0, 1, 2], [3, 4, 5]]

    xs = positioned(ranks, widths, net_of(widths, edges), lambda *_: 10, 6)

    for rank in ranks:
        for left, right in pairwise(rank):
            assert xs[right] - xs[left] >= (widths[left] + widths[right]) / 2 + 10 - 1e-6


def test_a_long_line_is_straight_and_a_vertex_stands_in_the_middle_of_its_neighbours() -> None:
    # 0 leads to 1 and 2, these to 3; 0 leads to 3 through the lane 4 as well.
    net = net_of([40.0] * 5, [(0, 1), (0, 2), (0, 4), (1, 3), (2, 3), (4, 3)])

    xs = positioned([[0], [1, 4, 2], [3]], [40.0] * 5, net, lambda *_: 10, 4)

    assert xs[0] == xs[4] == xs[3] == (xs[1] + xs[2]) / 2
