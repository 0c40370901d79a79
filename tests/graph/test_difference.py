"""What differs between two versions of a graph, and what it asks of runs that are under way."""

from dataclasses import replace

import pytest
from hypothesis import given, settings

from agentgraph.errors import Finding
from agentgraph.graph import (
    END,
    START,
    Bound,
    Edge,
    FrozenGraph,
    Policy,
    Region,
    Requirement,
    Vertex,
)
from agentgraph.graph.difference import Change, Difference, difference
from tests.render.drawings import graphs

DESK = FrozenGraph(
    "desk",
    (
        Vertex(START, "start"),
        Vertex("triage", "classifier", agent="d:triage", labels=("a", "b")),
        Vertex("history", agent="d:history"),
        Vertex("prices", agent="d:prices"),
        Vertex("join", "join"),
        Vertex("clerk", agent="d:clerk", bound=Bound(3)),
        Vertex("ask", "human", agent="d:ask", labels=("yes", "no")),
        Vertex(END, "end"),
    ),
    (
        Edge(START, "triage"),
        Edge("triage", "clerk", "a"),
        Edge("triage", "fork", "b"),
        Edge("fork", "history"),
        Edge("fork", "prices"),
        Edge("history", "join"),
        Edge("prices", "join"),
        Edge("join", "clerk"),
        Edge("clerk", "ask"),
        Edge("ask", END, "yes"),
        Edge("ask", "clerk", "no"),
    ),
    fields=("text", "log"),
    types=("str, needed", "list[str], has a default"),
    schema="one",
)
DESK = replace(DESK, vertices=(*DESK.vertices[:2], Vertex("fork", "gateway"), *DESK.vertices[2:]))


def vertex(name: str, **changes: object) -> FrozenGraph:
    """The desk with another vertex in the place of one."""
    found = [replace(v, **changes) if v.name == name else v for v in DESK.vertices]  # type: ignore[arg-type] # tests only
    return replace(DESK, vertices=tuple(found))


def renamed(graph: FrozenGraph, old: str, new: str) -> FrozenGraph:
    def now(name: str) -> str:
        return new if name == old else name

    return replace(
        graph,
        vertices=tuple(replace(v, name=now(v.name)) for v in graph.vertices),
        edges=tuple(replace(e, source=now(e.source), target=now(e.target)) for e in graph.edges),
    )


def edges(*, without: tuple[Edge, ...] = (), plus: tuple[Edge, ...] = ()) -> FrozenGraph:
    return replace(DESK, edges=(*(e for e in DESK.edges if e not in without), *plus))


def told(after: FrozenGraph, before: FrozenGraph = DESK) -> list[tuple[str, str, str]]:
    return [(one.part, one.kind, one.what) for one in difference(before, after).changes]


def test_a_graph_does_not_differ_from_itself() -> None:
    found = difference(DESK, replace(DESK))

    assert found.changes == ()
    assert found.is_compatible
    assert found.migrations == ()


def test_a_new_name_for_the_same_agent_at_the_same_place_is_a_renaming() -> None:
    found = difference(DESK, renamed(DESK, "clerk", "writer"))

    assert found.changes == (
        Change(
            "vertex",
            "renamed",
            "writer",
            "node 'clerk' is now 'writer'",
            "say that 'clerk' is now 'writer'",
        ),
    )
    assert found.renamed == {"clerk": "writer"}


def test_neighbours_that_are_renamed_together_are_found() -> None:
    after = renamed(renamed(DESK, "fork", "split"), "history", "past")

    assert difference(DESK, after).renamed == {"fork": "split", "history": "past"}


def test_another_agent_at_the_same_place_is_no_renaming() -> None:
    after = renamed(vertex("clerk", agent="d:other"), "clerk", "writer")

    found = difference(DESK, after)

    assert found.renamed == {}
    assert [(c.kind, c.path) for c in found.changes if c.part == "vertex"] == [
        ("removed", "clerk"),
        ("added", "writer"),
    ]
    assert "say where a token at 'clerk' goes" in found.migrations


def test_the_same_agent_at_another_place_is_no_renaming() -> None:
    after = edges(without=(Edge("history", "join"), Edge("fork", "history")))
    after = renamed(after, "history", "past")
    after = replace(after, edges=(*after.edges, Edge(START, "past"), Edge("past", END)))

    assert difference(DESK, after).renamed == {}


def test_an_edge_that_leads_elsewhere_says_where() -> None:
    after = edges(without=(Edge("ask", "clerk", "no"),), plus=(Edge("ask", END, "no"),))

    assert told(after) == [
        ("edge", "removed", "'ask' -[no]-> 'clerk' (now 'ask' -[no]-> END)"),
        ("edge", "added", "'ask' -[no]-> END"),
    ]


def test_a_new_way_into_a_join_asks_what_runs_past_the_fork_get() -> None:
    after = edges(plus=(Edge("triage", "join", "c"),))

    assert difference(DESK, after).migrations == (
        "a run past the fork has no token of 'triage' for 'join': say what it gets",
    )


def test_a_way_that_a_join_lost_asks_for_the_token_that_may_wait_there() -> None:
    after = edges(without=(Edge("prices", "join"),))

    assert difference(DESK, after).migrations == (
        "a token of 'prices' may wait at 'join': say where it goes",
    )


def test_an_answer_that_a_person_may_no_longer_give_is_named() -> None:
    after = edges(without=(Edge("ask", "clerk", "no"),))

    assert difference(DESK, after).migrations == ("'ask' may be asked and answered 'no' no more",)


@pytest.mark.parametrize(
    ("after", "what", "asks"),
    [
        (vertex("clerk", bound=Bound(2)), "bound: at most 3, then exhausted -> at most 2", True),
        (
            vertex("clerk", bound=Bound(9, "ask")),
            "bound: at most 3, then exhausted -> at mo",
            False,
        ),
        (vertex("clerk", bound=None), "bound: at most 3, then exhausted -> none", False),
        (vertex("clerk", policy=Policy(attempts=3)), "attempts: 1 -> 3", False),
        (vertex("clerk", policy=Policy(timeout_s=2.5)), "timeout: none -> 2.5", False),
        (vertex("clerk", version=2), "version: 1 -> 2", True),
        (vertex("clerk", undo="d:undo"), "undo: none -> d:undo", True),
        (vertex("clerk", kind="each", limit=4), "kind: node -> each", True),
        (vertex("clerk", agent="d:new"), "agent: d:clerk -> d:new", False),
        (vertex("triage", labels=("a", "c")), "labels: a, b -> a, c", True),
        (vertex("triage", at_least=0.5), "at least: 0.0 -> 0.5", False),
        (vertex("join", need=1), "need: none -> 1", True),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_each_thing_that_a_vertex_declares_is_compared(
    after: FrozenGraph, what: str, asks: bool
) -> None:
    found = difference(DESK, after)

    assert found.changes[0].what.startswith(what)
    assert bool(found.migrations) is asks


def test_another_agent_under_one_name_leaves_runs_as_they_are() -> None:
    found = difference(DESK, vertex("clerk", agent="d:new"))

    assert found.changes
    assert found.is_compatible


def test_a_module_that_was_moved_is_no_other_agent() -> None:
    assert told(vertex("clerk", agent="elsewhere:clerk")) == []


def test_the_state_is_compared_field_by_field() -> None:
    after = replace(
        DESK,
        fields=("log", "cost", "seen"),
        types=("list[str] with append, has a default", "float, needed", "bool, has a default"),
        schema="two",
    )

    found = difference(DESK, after)

    assert [(c.kind, c.path) for c in found.changes] == [
        ("removed", "text"),
        ("changed", "log"),
        ("added", "cost"),
        ("added", "seen"),
    ]
    assert found.migrations == (
        "say what becomes of the value of 'text', which old runs have",
        "give the value of 'log' as it is declared now",
        "give a value for 'cost': it is needed, and old runs have none",
    )


def test_another_name_or_version_of_the_whole_is_told() -> None:
    found = difference(DESK, replace(DESK, name="office", version=2))

    assert [(one.part, one.what) for one in found.changes] == [
        ("workflow", "name: desk -> office"),
        ("workflow", "version: 1 -> 2"),
    ]


def test_a_state_that_differs_in_what_its_fields_do_not_say_is_told_too() -> None:
    found = difference(DESK, replace(DESK, schema="two", state="desk:Ticket"))

    assert [(one.part, one.path, one.what) for one in found.changes] == [
        ("workflow", "desk:Ticket", "its state declares other fields")
    ]


def test_what_is_required_is_compared_and_what_was_noted_beside_the_graph_is_not() -> None:
    rule = Requirement("always_before", ("triage", "clerk"))
    noted = Finding("AG502", "it reads the clock", "classifier 'triage'", "do not")

    assert told(replace(DESK, requirements=(rule,))) == [
        ("workflow", "changed", "requirements: none -> always_before('triage', 'clerk')"),
    ]
    assert told(replace(DESK, noted=(noted,))) == []


def test_regions_are_compared_by_what_they_hold_not_by_their_names() -> None:
    one = replace(DESK, regions=(Region("loop", "loop", ("clerk", "ask")),))
    other = replace(DESK, regions=(Region("loop_2", "loop", ("ask", "clerk")),))
    smaller = replace(DESK, regions=(Region("loop", "loop", ("clerk",)),))

    assert [c.part for c in difference(one, other).changes] == ["workflow"]
    assert [c.kind for c in difference(one, smaller).changes] == ["removed", "added"]


def test_a_catch_says_what_it_catches_and_who_handles_it() -> None:
    caught = Region("catch", "catch", ("clerk",), "ask", ("builtins.OSError",))

    assert told(replace(DESK, regions=(caught,))) == [
        ("region", "added", "catch around clerk of OSError -> ask"),
    ]


def test_the_order_of_branches_is_a_change() -> None:
    history, prices = Edge("fork", "history"), Edge("fork", "prices")
    swapped = {history: prices, prices: history}
    after = replace(DESK, edges=tuple(swapped.get(edge, edge) for edge in DESK.edges))

    assert told(after) == [
        ("vertex", "changed", "the ways out of 'fork' are declared in another order"),
    ]


def test_what_is_inside_a_vertex_is_compared_too() -> None:
    def around(inner: FrozenGraph, name: str) -> FrozenGraph:
        outer = (Vertex(START, "start"), Vertex(name, "subgraph", child=inner), Vertex(END, "end"))
        return FrozenGraph("outer", outer, (Edge(START, name), Edge(name, END)))

    found = difference(around(DESK, "s"), around(renamed(DESK, "clerk", "writer"), "t"))

    assert found.renamed == {"s": "t", "s/clerk": "t/writer"}
    assert [change.path for change in found.changes] == ["t", "t/writer"]


@given(graphs(), graphs())
@settings(max_examples=25, deadline=None)
def test_whatever_changes_the_digest_is_told(one: FrozenGraph, other: FrozenGraph) -> None:
    found: Difference = difference(one, other)

    assert found.is_compatible or found.changes
    assert not difference(one, one).changes
