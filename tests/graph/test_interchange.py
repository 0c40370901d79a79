"""Graphs as JSON and as networkx graphs."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentgraph.errors import InvalidGraphFile, Place
from agentgraph.graph import (
    END,
    START,
    Bound,
    Edge,
    FrozenGraph,
    Policy,
    Region,
    Vertex,
    from_json,
    from_networkx,
    to_json,
    to_networkx,
)

INNER = FrozenGraph(
    "inner",
    (Vertex(START, "start"), Vertex("x"), Vertex(END, "end")),
    (Edge(START, "x"), Edge("x", END)),
)
OUTER = FrozenGraph(
    "outer",
    (
        Vertex(START, "start"),
        Vertex(
            "a",
            policy=Policy(attempts=3, retry_on=("builtins.OSError",), timeout_s=2),
            bound=Bound(3, "b", "again"),
            reads=("text",),
            place=Place("desk.py", 2),
            doc="Writes.",
        ),
        Vertex("b", "subgraph", child=INNER),
        Vertex(END, "end"),
    ),
    (Edge(START, "a", label="é"), Edge("a", "b", unsure=True), Edge("b", END)),
    (Region("again", "loop", ("a",)), Region("safe", "catch", ("b",), "a", ("builtins.OSError",))),
    state="desk.Ticket",
    schema="d1ce57",
    fields=("text",),
)
names = st.text(max_size=6)
vertices = st.builds(
    Vertex,
    names,
    st.sampled_from(["node", "join", "classifier"]),
    version=st.integers(),
    labels=st.lists(names, max_size=3).map(tuple),
    at_least=st.floats(0, 1),
    bound=st.none() | st.builds(Bound, st.integers(1), st.none() | names),
)
edges = st.builds(Edge, names, names, st.none() | names, st.booleans())
graphs = st.builds(
    FrozenGraph,
    names,
    st.lists(vertices, max_size=4, unique_by=lambda vertex: vertex.name).map(tuple),
    st.lists(edges, max_size=4).map(tuple),
    st.lists(st.builds(Region, names, st.just("loop"), st.just(("a",))), max_size=2).map(tuple),
)


def test_a_graph_read_back_from_json_is_the_same_graph() -> None:
    again = from_json(to_json(OUTER))

    assert again == OUTER
    assert again.digest == OUTER.digest
    assert again.vertex["a"].place == Place("desk.py", 2)


@given(graphs)
def test_json_loses_nothing_of_any_graph(graph: FrozenGraph) -> None:
    assert from_json(to_json(graph)) == graph


def test_a_graph_goes_through_networkx_and_back() -> None:
    there = to_networkx(OUTER)

    assert set(there) == {"START", "a", "b", "END"}
    assert from_networkx(there) == OUTER


def test_the_order_of_edges_survives_networkx() -> None:
    graph = FrozenGraph(
        "g",
        (Vertex("a"), Vertex("b"), Vertex("c")),
        (Edge("b", "c"), Edge("a", "c"), Edge("a", "b"), Edge("b", "c")),
    )

    assert from_networkx(to_networkx(graph)).edges == graph.edges


def test_the_digest_counts_what_decides_the_behaviour_and_nothing_else() -> None:
    moved = from_json(to_json(OUTER).replace("desk.py", "other.py").replace("Writes.", "Drafts."))
    changed = from_json(to_json(OUTER).replace('"attempts": 3', '"attempts": 4'))

    assert moved.digest == OUTER.digest
    assert changed.digest != OUTER.digest


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("x", "this is not JSON"),
        ("[" * 100_000, "this is not JSON"),
        ("[]", "a graph is a JSON object"),
        ("{}", "its format is None"),
        ('{"format": "agentgraph/graph/1", "name": 3}', "FrozenGraph.name cannot be 3"),
        ('{"format": "agentgraph/graph/1", "vertices": 1}', "'vertices' must be a list"),
        ('{"format": "agentgraph/graph/1", "vertices": [1]}', "must be a JSON object"),
        ('{"format": "agentgraph/graph/1"}', "lacks 'name'"),
        (
            '{"format": "agentgraph/graph/1", "name": "g", "vertices": [{"nam": "a"}]}',
            "did you mean 'name'",
        ),
        (
            '{"format": "agentgraph/graph/1", "name": "g", "vertices": [{"name": "a", "kind": "x"}]}',
            "Vertex.kind cannot be 'x'",
        ),
        (
            '{"format": "agentgraph/graph/1", "name": "g", "vertices": [{"name": "a", "labels": [1]}]}',
            "Vertex.labels cannot be",
        ),
    ],
)
def test_a_text_that_is_no_graph_is_refused_with_the_reason(text: str, says: str) -> None:
    with pytest.raises(InvalidGraphFile, match=says):
        from_json(text)


def test_what_is_null_is_as_if_it_were_left_out() -> None:
    text = (
        '{"format": "agentgraph/graph/1", "name": "g", "vertices": [{"name": "a"%s}], "edges": []}'
    )

    assert from_json(text % ', "bound": null, "child": null') == from_json(text % "")


def test_a_networkx_graph_of_somebody_else_is_refused() -> None:
    there = to_networkx(OUTER)
    there.graph["format"] = "other"

    with pytest.raises(InvalidGraphFile, match="its format is 'other'"):
        from_networkx(there)


def test_equal_graphs_are_one_key() -> None:
    assert {OUTER: 1, from_json(to_json(OUTER)): 2} == {OUTER: 2}


def test_the_module_in_which_the_state_lies_is_not_counted() -> None:
    """A program is `__main__` when it is run, and has a name when it is imported."""
    run, imported = replace(OUTER, state="__main__:Ticket"), replace(OUTER, state="desk:Ticket")

    assert run.digest == imported.digest
