"""The fewest runs that take every edge: each is a run of the machine, and no fewer would do."""

import heapq
from collections.abc import Iterator
from dataclasses import replace

import networkx as nx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentgraph.errors import InvalidGraph, NotAvailable, Step
from agentgraph.graph import END, START, Bound, Edge, FrozenGraph, Region, Vertex
from agentgraph.testing import tour
from tests.strategies import NESTED, Seeded, Sketch, _block, random_graph
from tests.testing.driving import driven
from tests.verify.drafting import bounded, gateway, graph, join

STRAIGHT = ("sequence", "choice", "loop")


def edges_of(found: FrozenGraph, path: str = "") -> Iterator[tuple[str, str, str | None]]:
    for edge in found.edges:
        label = "unsure" if edge.unsure else edge.label
        yield path + edge.source, path + edge.target, label
    for vertex in found.vertices:
        if vertex.child is not None:
            yield from edges_of(vertex.child, f"{path}{vertex.name}/")


def without_bounds(found: FrozenGraph) -> FrozenGraph:
    """Leave bounds that no tour comes near."""
    kept = tuple(v if v.bound is None else replace(v, bound=Bound(10_000)) for v in found.vertices)
    gone = {v.bound.then for v in found.vertices if v.bound and v.bound.then}
    edges = tuple(edge for edge in found.edges if edge.source not in gone)
    return replace(
        found, vertices=tuple(v for v in kept if v.name not in gone), edges=edges, regions=()
    )


def least(found: FrozenGraph) -> tuple[int, int]:
    """Count runs and edges of the best tour, by looking at all of them: the nearest first."""
    bits = {edge: 1 << number for number, edge in enumerate(found.edges)}
    heap, seen = [(1, 0, START, (1 << len(bits)) - 1)], set[tuple[str, int]]()
    while True:
        runs, steps, at, left = heapq.heappop(heap)
        if at == END and not left:
            return runs, steps
        if (at, left) in seen:
            continue
        seen.add((at, left))
        if at == END:
            heapq.heappush(heap, (runs + 1, steps, START, left))
        for edge in found.outs[at]:
            heapq.heappush(heap, (runs, steps + 1, edge.target, left & ~bits[edge]))


def length(found: FrozenGraph) -> tuple[int, int]:
    walks = tour(found).walks
    return len(walks), sum(len(walk.moves) for walk in walks)


@given(st.integers(0, 10_000), st.integers(1, 5))
def test_no_fewer_runs_and_no_fewer_steps_would_do(seed: int, size: int) -> None:
    found = without_bounds(random_graph(Seeded(seed), size=size, kinds=STRAIGHT))
    if len(found.edges) <= 11:
        assert length(found) == least(found)


@given(st.integers(0, 10_000), st.integers(5, 40))
def test_larger_ones_are_as_short_as_the_least_flow(seed: int, size: int) -> None:
    found = without_bounds(random_graph(Seeded(seed), size=size, kinds=STRAIGHT))
    dear = 10_000
    net = nx.MultiDiGraph()
    net.add_nodes_from((v.name for v in found.vertices), demand=0)
    for edge in found.edges:
        net.nodes[edge.source]["demand"] += 1
        net.nodes[edge.target]["demand"] -= 1
        net.add_edge(edge.source, edge.target, weight=1)
    net.add_edge(END, START, weight=dear)
    cost, _ = nx.capacity_scaling(net)

    runs, steps = length(found)

    assert runs * dear + steps == cost + len(found.edges)


@given(st.integers(0, 10_000), st.integers(1, 14))
def test_each_walk_is_a_run_and_together_they_take_every_edge(seed: int, size: int) -> None:
    found = random_graph(Seeded(seed), size=size, kinds=tuple(k for k in NESTED if k != "maze"))
    done = tour(found)
    taken = set[tuple[str, str, str | None]]()

    for walk in done.walks:
        marking = driven(found, walk)
        assert marking.status == "done"
        assert {way.key for way in marking.taken} == set(walk.moves)
        taken |= set(walk.moves)

    assert taken | set(done.missed) >= set(edges_of(found))
    assert not taken & set(done.missed)


def test_one_long_run_is_preferred_to_two_short_ones() -> None:
    lines = """
        START -> s
        s -a-> t
        s -b-> t
        s -c-> t
        t -done-> END
        t -again-> l1
        l1 -> l2
        l2 -> l3
        l3 -> l4
        l4 -> s
    """
    often = Vertex("s", "classifier", labels=("a", "b", "c"), bound=Bound(9, loop="all"))
    loop = Region("all", "loop", ("s", "t", "l1", "l2", "l3", "l4"))

    # Two runs would take 12 edges.
    assert length(graph(lines, often, regions=(loop,))) == (1, 15)


DESK = """
    START -> triage
    triage -billing-> refund
    triage -other-> write
    triage -?-> clerk
    write -> review
    review -ok-> END
    review -again-> write
    refund -> END
    clerk -> END
"""


def test_a_desk_with_a_loop_takes_three_runs() -> None:
    loop = Region("redo", "loop", ("write", "review"))
    triage = Vertex("triage", "classifier", labels=("billing", "other"), abstains=True)

    found = tour(graph(DESK, triage, bounded("write", 3, loop="redo"), regions=(loop,)))

    assert {walk.steps for walk in found.walks} == {
        (Step("triage", "billing"), Step("refund")),
        (Step("triage"), Step("clerk")),
        (
            Step("triage", "other"), Step("write"), Step("review", "again"),
            Step("write"), Step("review", "ok"),
        ),
    }  # fmt: skip
    assert found.missed == ()


def test_a_fork_is_taken_by_one_run_and_its_branches_have_their_choices_together() -> None:
    lines = """
        START -> fan
        fan -> a, b
        a -x-> a1
        a -y-> a2
        b -x-> b1
        b -y-> b2
        a1 -> ma
        a2 -> ma
        b1 -> mb
        b2 -> mb
        ma -> both
        mb -> both
        both -> END
    """
    gates = (gateway("fan"), gateway("ma"), gateway("mb"), join("both"))

    found = tour(graph(lines, *gates))

    assert length(graph(lines, *gates)) == (2, 20)
    assert all({step.vertex for step in walk.steps} > {"a", "b"} for walk in found.walks)


def test_a_loop_is_gone_round_as_often_as_it_may_to_take_the_edge_past_its_bound() -> None:
    loop = Region("redo", "loop", ("w", "k"))
    lines = "START -> w\nw -> k\nk -ok-> END\nk -again-> w\nclerk -> END"

    (past, plain) = sorted(
        tour(graph(lines, bounded("w", 2, "clerk", "redo"), regions=(loop,))).walks,
        key=lambda walk: -len(walk.steps),
    )

    assert past.moves[-3:] == (("k", "w", "again"), ("w", "clerk", "then"), ("clerk", "END", None))
    assert past.steps == (
        Step("w"), Step("k", "again"), Step("w"), Step("k", "again"), Step("clerk"),
    )  # fmt: skip
    assert plain.steps == (Step("w"), Step("k", "ok"))


def test_more_rounds_than_a_bound_allows_are_several_runs() -> None:
    ways = "\n".join(f"k -{n}-> n{n}\nn{n} -> w" for n in range(6))
    lines = f"START -> w\nw -> k\nk -ok-> END\n{ways}"
    loop = Region("redo", "loop", ("w", "k", *(f"n{n}" for n in range(6))))

    found = {
        bound: len(tour(graph(lines, bounded("w", bound, loop="redo"), regions=(loop,))).walks)
        for bound in (7, 4, 2)
    }

    assert found == {7: 1, 4: 2, 2: 6}


def test_an_edge_back_that_the_bound_forbids_is_said_to_be_missed() -> None:
    lines = "START -> w\nw -> k\nk -ok-> END\nk -again-> w"
    loop = Region("redo", "loop", ("w", "k"))

    found = tour(graph(lines, bounded("w", 1, loop="redo"), regions=(loop,)))

    assert found.missed == (("k", "w", "again"),)


def test_a_handler_is_reached_by_a_step_that_fails() -> None:
    lines = "START -> a\na -> b\nb -> END\nh -> END"
    region = Region("safe", "catch", ("a", "b"), "h", ("builtins.OSError",))

    found = tour(graph(lines, regions=(region,)))

    assert sorted(walk.steps for walk in found.walks) == [
        (Step("a"), Step("b")),
        (Step("a", None, "builtins.OSError"), Step("h")),
    ]


def test_each_branch_of_a_race_wins_once() -> None:
    lines = "START -> go\ngo -> a, b\na -> first\nb -> first\nfirst -> END"
    region = Region("race", "quorum", ("go", "a", "b"), "first")

    found = tour(graph(lines, gateway("go"), join("first", 1), regions=(region,)))

    assert sorted(walk.steps for walk in found.walks) == [(Step("a"),), (Step("b"),)]


def test_a_graph_inside_is_entered_as_often_as_it_has_walks() -> None:
    child = graph("START -> k\nk -x-> END\nk -y-> n\nn -> END", name="child")
    lines = "START -> s\ns -> e\ne -> END"
    inside = (Vertex("s", "subgraph", child=child), Vertex("e", "each", child=child))

    first, second = tour(graph(lines, *inside)).walks

    items = [step for step in first.steps if step.vertex.startswith("e")]
    assert {first.steps[0], second.steps[0]} == {Step("s/k", "x"), Step("s/k", "y")}
    assert items[0] == Step("e")
    assert {(step.vertex[4:], step.label) for step in items[1:]} == {
        ("k", "x"),
        ("k", "y"),
        ("n", None),
    }
    assert second.steps[-1] == Step("e")


def test_what_is_not_sound_has_no_tour() -> None:
    with pytest.raises(InvalidGraph):
        tour(graph("START -> a\na -> b\nb -> a"))


def test_a_race_of_too_many_markings_is_told() -> None:
    names = [f"{branch}{n}" for branch in "abcdef" for n in range(7)]
    chains = [f"{b}{n} -> {b}{n + 1}" for b in "abcdef" for n in range(6)]
    lines = ["START -> go", *(f"go -> {b}0" for b in "abcdef"), *chains, "first -> END"]
    lines += [f"{b}6 -> first" for b in "abcdef"]
    region = Region("race", "quorum", ("go", *names), "first")

    with pytest.raises(NotAvailable, match="more than 50,000 markings"):
        tour(graph("\n".join(lines), gateway("go"), join("first", 1), regions=(region,)))


def chained(seed: int, edges: int, kinds: tuple[str, ...]) -> FrozenGraph:
    """Put random blocks one behind the other until there are so many edges."""
    sketch = Sketch(Seeded(seed))
    last = None
    while len(sketch.edges) < edges:
        block = _block(sketch, 12, kinds)
        if last is None:
            sketch.edges.append(Edge(START, block.entry))
        else:
            sketch.link(last, block.entry)
        last = block
    assert last is not None
    sketch.link(last, END)
    return sketch.frozen()


def test_a_tour_of_a_thousand_mixed_edges_takes_each_that_it_does_not_name() -> None:
    found = chained(3, 1_000, ("sequence", "choice", "loop", "catch"))

    done = tour(found)

    taken = {move for walk in done.walks for move in walk.moves}
    edges = {(edge.source, edge.target, edge.label) for edge in found.edges}
    assert len(edges) > 1_000
    assert edges <= taken | {*done.missed}
    assert all(driven(found, walk).status == "done" for walk in done.walks)
