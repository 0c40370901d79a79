"""The data checks on graphs by themselves: what is declared, what is not known, where ways cross."""

from dataclasses import replace

import pytest

from agentgraph.graph import Access, FrozenGraph, Region, Vertex
from agentgraph.verify import verify
from tests.verify.drafting import graph

CROSSING = """
    START -> a
    a -> b, c
    b -> j, k
    c -> j, k
    j -> d
    k -> e
    d -> m
    e -> m
    m -> z
    z -> END
"""
JOINS = tuple(Vertex(name, "join") for name in "jkm")


def touching(drawn: FrozenGraph, **access: Access | Vertex) -> FrozenGraph:
    """Give a graph a state with fields f and g, and its nodes what they touch."""
    vertices = []
    for vertex in drawn.vertices:
        found = access.get(vertex.name)
        is_access = isinstance(found, Access)
        vertices.append(replace(vertex, access=found) if is_access else found or vertex)
    return replace(drawn, vertices=tuple(vertices), fields=("f", "g"), unset=("f",))


def writing(*names: str) -> Access:
    return Access(writes=names)


def reading(*names: str) -> Access:
    return Access(reads=names)


@pytest.mark.parametrize(
    ("writer", "reader", "claims"),
    [
        (Access(), reading("f"), ["proved"]),
        (writing("f"), reading("f"), []),
        (Access(may_write=("f",)), reading("f"), ["heuristic"]),
        (None, reading("f"), []),
        (Access(is_whole=False), reading("f"), []),
        (Access(may_read=("a_property",)), reading("f"), []),
        (Access(), Access(may_read=("f",)), []),
        (Vertex("a", reads=(), writes=()), reading("f"), ["declared"]),
        (Vertex("a", writes=("f",)), reading("f"), []),
        (Access(), Vertex("b", reads=("f",), writes=()), ["declared"]),
        (Vertex("a", "human", access=Access()), reading("f"), []),
    ],
)
def test_an_early_read_is_told_with_what_is_known_of_the_writers(writer, reader, claims) -> None:
    drawn = graph("START -> a\na -> b\nb -> END", name="desk")
    if isinstance(writer, Vertex) and writer.kind == "human":
        drawn = graph("START -> a\na -yes-> b\na -no-> b\nb -> END")
        writer = replace(writer, labels=("yes", "no"))

    findings = verify(touching(drawn, a=writer, b=reader)).findings

    assert [f.claim for f in findings] == claims
    assert [f.severity == "error" for f in findings] == [claim == "proved" for claim in claims]


def test_of_early_readers_only_the_first_ones_are_told() -> None:
    drawn = graph("START -> a\na -> b, c\nb -> j\nc -> j\nj -> d\nd -> END", Vertex("j", "join"))

    findings = verify(touching(drawn, a=writing(), b=reading("f"), c=reading("f"), d=reading("f")))

    assert [f.path for f in findings.findings] == [("START", "a", "b"), ("START", "a", "c")]


def test_a_field_is_written_when_one_of_the_joined_branches_wrote_it() -> None:
    drawn = graph("START -> a\na -> b, c\nb -> j\nc -> j\nj -> d\nd -> END", Vertex("j", "join"))
    race = graph(
        "START -> a\na -> b, c\nb -> j\nc -> j\nj -> d\nd -> END",
        Vertex("j", "join", need=1),
        regions=(Region("race", "quorum", ("a", "b", "c"), "j"),),
    )
    access = {"a": writing(), "b": writing("f"), "c": writing(), "d": reading("f")}

    assert verify(touching(drawn, **access)).findings == ()
    assert [f.path for f in verify(touching(race, **access)).findings] == [
        ("START", "a", "c", "j", "d")
    ]


def test_ways_that_never_come_together_in_one_run_show_nothing() -> None:
    """Each way leaves one of the branches without a write, and no run leaves both."""
    drawn = graph(
        """
        START -> k
        k -x-> a
        k -y-> b
        a -> p, q2
        b -> p2, q
        p2 -> p
        q2 -> q
        p -> j
        q -> j
        j -> z
        z -> END
        """,
        Vertex("j", "join"),
    )
    access = dict.fromkeys("kabpq", writing()) | {"z": reading("f")}

    assert verify(touching(drawn, **access, p2=writing("f"), q2=writing("f"))).findings == ()
    assert [f.code for f in verify(touching(drawn, **access, p2=writing(), q2=writing("f"))).findings] == ["AG401"]  # fmt: skip


def test_where_ways_cross_a_reducer_does_not_help() -> None:
    drawn = touching(graph(CROSSING, *JOINS), d=writing("g"), e=writing("g"))

    (finding,) = verify(replace(drawn, reduced=("g",))).findings

    assert str(finding).splitlines() == [
        (
            "[AG402] 'd' and 'e' write 'g' in parallel, and their ways cross, so that there is no "
            "single state from which both began"
        ),
        "  where: field 'g'",
        "  path:  START -> a -> b -> k -> e",
        "  fix:   join the branches that write it in one place, or let one branch alone write it",
    ]


def test_writers_with_one_common_past_may_stand_where_ways_cross() -> None:
    drawn = touching(graph(CROSSING, *JOINS), b=writing("g"), c=writing("g"))

    assert verify(replace(drawn, reduced=("g",))).findings == ()
    assert [f.code for f in verify(drawn).findings] == ["AG402"]


def test_of_a_long_chain_of_writers_only_those_in_parallel_are_told() -> None:
    count = 2_000
    lines = [f"n{at} -> n{at + 1}" for at in range(count)]
    drawn = graph("\n".join(["START -> n0", *lines, f"n{count} -> p, q", "p -> j", "q -> j",
                             "j -> END"]), Vertex("j", "join"))  # fmt: skip
    access = dict.fromkeys((v.name for v in drawn.vertices if v.kind == "node"), writing("f"))

    findings = verify(touching(drawn, **access)).findings

    assert [f.what.split(" write ")[0] for f in findings] == ["'p' and 'q'"]


def test_what_is_written_only_sometimes_is_told_as_a_doubt() -> None:
    drawn = touching(
        graph("START -> a\na -> b\nb -> END"), a=Access(may_write=("f",)), b=reading("f")
    )

    (finding,) = verify(drawn).findings

    assert (finding.code, finding.severity, finding.claim) == ("AG401", "warning", "heuristic")
    assert finding.what == (
        "'b' reads 'f', and it may be unwritten then: 'a' writes it only sometimes"
    )
    assert finding.path == ("START", "a", "b")
    assert finding.script is None


def test_a_doubt_is_not_told_beside_what_is_certain() -> None:
    drawn = touching(
        graph("START -> a\na -> b\nb -> END"),
        a=Access(may_write=("f",), reads=("f",)),
        b=reading("f"),
    )

    (finding,) = verify(drawn).findings

    assert (finding.where, finding.claim) == ("node 'a'", "proved")
