"""Mutants of a graph: each has one fault, and many of them cannot even be built."""

from agentgraph import NEXT, Retry, State, classifier, node, workflow
from agentgraph.testing import mutants


class Note(State):
    n: int = 0


def one(s: Note) -> None:
    s.n = 1


def undone(s: Note) -> None:
    """Nothing to do."""


def late(s: Note) -> None:
    """Nothing to do."""


@classifier
def more(s: Note) -> bool:
    return s.n > 0


first = node(name="first", retry=Retry(attempts=2), timeout=3)(one)
GRAPH = workflow(
    "mutated",
    Note,
    (
        (node(name="a")(one) | node(name="b")(late).undo(undone))
        >> (first >> more.route({True: first, False: NEXT})).loop(at_most=2)
    ).catch(ConnectionError, node(name="late")(late)),
).graph


def test_each_kind_of_fault_is_put_in() -> None:
    whats = [mutant.what for mutant in mutants(GRAPH)]

    assert sum(what.startswith("drop ") and "->" in what for what in whats) == len(GRAPH.edges)
    for word in ("exchange", "flip the join", "raise the bound of first", "drop the retry of first",
                 "drop the timeout of first", "drop the undo of b", "drop the catch"):  # fmt: skip
        assert any(what.startswith(word) for what in whats), word


def test_every_mutant_is_another_graph() -> None:
    digests = [mutant.graph.digest for mutant in mutants(GRAPH)]

    assert len({*digests, GRAPH.digest}) == len(digests) + 1


def test_a_dropped_edge_is_refused_at_build() -> None:
    dropped = [m for m in mutants(GRAPH) if m.what.startswith("drop ") and "->" in m.what]

    assert all(mutant.is_refused for mutant in dropped)
    assert not all(mutant.is_refused for mutant in mutants(GRAPH))
