"""AG201 to AG213: the labels of a choice against its edges."""

from dataclasses import replace

import pytest

from agentgraph.graph import FrozenGraph, Vertex
from tests.verify.drafting import codes, graph, only


def route(lines: str, **parts: object) -> FrozenGraph:
    """A graph with one choice `k`, whose edges are given, and whose targets lead to END."""
    vertex = replace(Vertex("k", "classifier", labels=("yes", "no")), **parts)
    ends = {target for line in lines.splitlines() for target in [line.split("> ")[1]]} - {"END"}
    return graph("\n".join(["START -> k", lines, *(f"{end} -> END" for end in ends)]), vertex)


BOTH = "k -yes-> a\nk -no-> END"


def test_labels_that_match_their_edges_are_no_fault() -> None:
    assert codes(route(BOTH)) == []
    assert codes(route(BOTH, kind="human")) == []


def test_a_label_without_an_edge_is_found() -> None:
    finding = only(route("k -yes-> a"))

    assert finding.code == "AG201"
    assert finding.what == "'k' may answer 'no', and no edge has that label"
    assert finding.fix == (
        "add it to the others: `{..., 'no': target}`, or `'no': END` where the run ends"
    )


def test_an_edge_for_a_label_that_is_never_answered_offers_the_nearest() -> None:
    finding = only(route("k -yes-> a\nk -no-> END\nk -yess-> b"))

    assert finding.code == "AG202"
    assert finding.fix == "did you mean 'yes'?"


def test_free_text_needs_a_way_for_all_other_text() -> None:
    assert codes(route(BOTH, labels=())) == ["AG203"]
    assert codes(route(BOTH + "\nk -?-> END", labels=())) == []


@pytest.mark.parametrize(
    ("parts", "code"), [({"abstains": True}, "AG207"), ({"at_least": 0.7}, "AG208")]
)
def test_a_choice_that_may_be_unsure_needs_a_way_for_it(
    parts: dict[str, object], code: str
) -> None:
    assert codes(route(BOTH, **parts)) == [code]
    assert codes(route(BOTH + "\nk -?-> b", **parts)) == []


def test_only_a_choice_has_labelled_edges() -> None:
    finding = only(graph("START -> a\na -yes-> END", Vertex("a", "form")))

    assert finding.code == "AG209"
    assert "`g.add_conditional_edge(a, classifier, " in finding.fix


def test_edges_with_and_without_a_label_do_not_mix() -> None:
    at_a_node = graph("START -> a\na -yes-> END\na -> b\nb -> END", Vertex("a", "form"))

    assert codes(route(BOTH + "\nk -> b")) == ["AG210"]
    assert codes(at_a_node) == ["AG209", "AG210"]


def test_two_edges_for_one_label_are_refused() -> None:
    finding = only(route(BOTH + "\nk -yes-> b"))

    assert finding.code == "AG211"
    assert finding.what == "'k' has 2 edges for the label 'yes': to 'a' and 'b'"


def votes(count: int, need: int, labels: int = 2, *, unsure: bool = False) -> FrozenGraph:
    names = ("yes", "no", "maybe")[:labels]
    edges = [f"k -{name}-> END" for name in names] + ["k -?-> END"] * unsure
    voters = tuple(f"v{number}" for number in range(count))
    kind = Vertex("k", "consensus", labels=names, voters=voters, need=need)
    return graph("START -> k\n" + "\n".join(edges), kind)


def test_a_consensus_needs_more_than_half_of_its_voters_and_no_more_than_all() -> None:
    assert codes(votes(4, 2, unsure=True)) == ["AG212"]
    assert codes(votes(3, 4, unsure=True)) == ["AG212"]
    assert codes(votes(0, 1, unsure=True)) == ["AG212"]
    assert codes(votes(3, 2)) == []


def test_a_consensus_that_may_split_needs_a_way_for_it() -> None:
    assert codes(votes(3, 2, labels=3)) == ["AG213"]
    assert codes(votes(3, 2, labels=3, unsure=True)) == []
    assert codes(votes(4, 3, labels=2)) == ["AG213"]
    assert codes(votes(5, 3, labels=2)) == []
