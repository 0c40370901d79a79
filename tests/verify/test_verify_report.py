"""What `verify` and `require_sound` give back, for nested, large and clean graphs."""

import sys
from dataclasses import replace

import pytest

from agentgraph.errors import InvalidGraph
from agentgraph.graph import END, START, Edge, FrozenGraph, Vertex
from agentgraph.verify import Forked, Joined, require_sound, verify
from tests.verify.drafting import bounded, gateway, graph, join


def inside(child: FrozenGraph, name: str) -> FrozenGraph:
    return graph(f"START -> {name}\n{name} -> END", Vertex(name, "subgraph", child=child))


FAULTY = graph("START -> f\nf -> a, b\na -> c\nb -> c\nc -> END")


def test_a_clean_report_says_which_joins_and_forks_there_are() -> None:
    report = verify(
        graph("START -> f\nf -> a, b\na -> j\nb -> j\nj -> END", join("j"), gateway("f"))
    )

    assert report.ok
    assert report.joins == (Joined("j", ("a", "b"), 2),)
    assert report.forks == (Forked("f", ("a", "b")),)
    assert report.runs_at_most == 2


def test_a_fault_in_a_graph_inside_a_graph_has_its_whole_path() -> None:
    (finding,) = verify(inside(inside(FAULTY, "billing"), "support")).findings

    assert finding.code == "AG302"
    assert finding.where == "edges from 'a' and 'b' to 'c' in 'support/billing'"
    assert finding.path == tuple(f"support/billing/{name}" for name in ("START", "f", "b", "c"))


def test_joins_inside_have_the_whole_path_too() -> None:
    child = graph("START -> f\nf -> a, b\na -> j\nb -> j\nj -> END", join("j"))

    assert verify(inside(child, "s")).joins == (Joined("s/j", ("s/a", "s/b"), 2),)


def test_a_graph_that_stands_at_two_places_is_told_once() -> None:
    twice = graph(
        "START -> s\ns -> t\nt -> END",
        Vertex("s", "subgraph", child=FAULTY),
        Vertex("t", "subgraph", child=FAULTY),
    )

    assert [finding.where[-6:] for finding in verify(twice).findings] == ["in 's'"]


def test_require_sound_raises_with_every_error_and_no_warning() -> None:
    lines = "START -> a\na -> k\nk -again-> a\nk -done-> END\nb -> END\nc -> END"

    with pytest.raises(InvalidGraph) as caught:
        require_sound(graph(lines, bounded("a", 1)))

    assert [finding.code for finding in caught.value.findings] == ["AG110", "AG110"]


def test_require_sound_lets_a_graph_with_warnings_pass() -> None:
    lines = "START -> a\na -> k\nk -again-> a\nk -done-> END"

    require_sound(graph(lines, bounded("a", 1)))


def test_the_same_graph_gives_the_same_report() -> None:
    again = replace(FAULTY)

    assert verify(FAULTY) == verify(again)


def chain(length: int) -> FrozenGraph:
    names = [START, *(f"n{number}" for number in range(length)), END]
    kinds = [Vertex(START, "start"), *map(Vertex, names[1:-1]), Vertex(END, "end")]
    return FrozenGraph("chain", tuple(kinds), tuple(map(Edge, names, names[1:])))


def nested_forks(depth: int) -> FrozenGraph:
    """A fork in each first branch of a fork, `depth` deep, closed by as many joins."""
    edges = [Edge(START, "f0")]
    vertices = [Vertex(START, "start"), Vertex(END, "end")]
    for level in range(depth):
        inner = f"f{level + 1}" if level + 1 < depth else "core"
        closing = f"j{level + 1}" if level + 1 < depth else "core"
        vertices += [gateway(f"f{level}"), Vertex(f"n{level}"), join(f"j{level}")]
        edges += [Edge(f"f{level}", inner), Edge(f"f{level}", f"n{level}")]
        edges += [Edge(closing, f"j{level}"), Edge(f"n{level}", f"j{level}")]
    edges.append(Edge("j0", END))
    return FrozenGraph("deep", (*vertices, Vertex("core")), tuple(edges))


def test_ten_thousand_nodes_in_a_row_need_no_recursion() -> None:
    assert sys.getrecursionlimit() < 10_000
    assert verify(chain(10_000)).runs_at_most == 10_000


def test_forks_a_thousand_deep_with_a_choice_inside_need_no_recursion() -> None:
    deep = nested_forks(1_000)
    choice = Vertex("core", "classifier", labels=("x", "y"))
    vertices = tuple(choice if v.name == "core" else v for v in deep.vertices)
    edges = [e for e in deep.edges if e.source != "core"]
    edges += [Edge("core", "p", "x"), Edge("core", "p", "y"), Edge("p", "j999")]
    deep = replace(deep, vertices=(*vertices, Vertex("p")), edges=tuple(edges))

    assert verify(deep).runs_at_most == 1_000 + 2


def test_graphs_a_thousand_deep_need_no_recursion() -> None:
    deep = graph("START -> a\na -> END")
    for _ in range(1_500):
        deep = inside(deep, "s")

    report = verify(deep)

    assert report.ok
    assert report.runs_at_most == 1


def test_a_subgraph_used_by_many_levels_is_checked_once() -> None:
    """Doubling at each of forty levels: checked as often as it is used, this would never end."""
    deep = graph("START -> a\na -> END")
    for _ in range(40):
        deep = graph(
            "START -> s\ns -> t\nt -> END",
            Vertex("s", "subgraph", child=deep),
            Vertex("t", "subgraph", child=deep),
        )

    assert verify(deep).runs_at_most == 2**40
