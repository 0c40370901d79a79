"""The builder: the same graphs as flows make, edge by edge, and what it refuses."""

import asyncio
from collections.abc import Callable
from typing import Literal

import pytest

from agentgraph import (
    END,
    NEXT,
    START,
    Flow,
    Graph,
    Node,
    Retry,
    State,
    Verdict,
    classifier,
    node,
    workflow,
)
from agentgraph.errors import InvalidAgent, InvalidFlow, InvalidGraph
from agentgraph.workflow import End
from tests.workflow.shape import shape, text


class Draft(State):
    text: str = ""


def a(s: Draft) -> None: ...
def b(s: Draft) -> None: ...
def c(s: Draft) -> None: ...
def d(s: Draft) -> None: ...
def e(s: Draft) -> None: ...


@classifier
def pick(s: Draft) -> Literal["x", "y"]:
    return "x"


@classifier
def sure(s: Draft) -> Verdict[Literal["x", "y"]]:
    return Verdict("x")


def new() -> Graph[Draft]:
    return Graph("w", Draft)


def drawn(g: Graph[Draft]) -> str:
    return shape(g.compile().graph)


def test_a_function_adds_itself_once() -> None:
    g = new()
    g.add_edge(START, a)
    g.add_edge(a, b)
    g.add_edge(b, END)

    assert drawn(g) == "START -> a\na -> b\nb -> END"


def test_a_function_added_without_a_name_is_the_one_in_the_edges() -> None:
    g = new()
    g.add_node(a, retry=Retry(attempts=2))
    g.add_edge(START, a)
    g.add_edge(a, END)

    assert g.compile().graph.vertex["a"].policy.attempts == 2
    with pytest.raises(InvalidFlow, match="'a' is in the graph already"):
        g.add_node(a)


def test_a_method_is_the_same_node_at_each_mention() -> None:
    class Desk:
        def answer(self, s: Draft) -> None: ...

    desk = Desk()
    g = new()
    g.add_edge(START, desk.answer)
    g.add_edge(desk.answer, END)

    assert drawn(g) == "START -> answer\nanswer -> END"


def test_a_handle_stands_for_its_own_node() -> None:
    g = new()
    again = g.add_node(a, name="again")
    g.add_edge(START, a)
    g.add_edge(a, again)
    g.add_edge(again, END)

    assert drawn(g) == "START -> a\na -> again\nagain -> END"


def test_edges_added_one_by_one_are_a_fork_like_a_list() -> None:
    one, other = new(), new()
    for g in (one, other):
        g.add_edge(START, a)
        g.add_join([b, c], d)
        g.add_edge(d, END)
    one.add_edge(a, [b, c])
    other.add_edge(a, b)
    other.add_edge(a, c)

    assert drawn(one) == drawn(other)
    assert text("a -> b\n a -> c") in drawn(one)


def test_a_race_is_a_region_that_begins_with_a_gate() -> None:
    g = new()
    g.add_edge(START, a)
    g.add_edge(a, [b, c])
    g.add_edge(c, d)
    g.add_join([b, d], e, need=1)
    g.add_edge(e, END)

    assert drawn(g) == text(
        """
        START -> a
        a -> fork
        fork -> b
        fork -> c
        c -> d
        b -> join
        d -> join
        join -> e
        e -> END
        join join 1
        quorum quorum: fork b c d; -> join
        """
    )


def test_a_race_in_a_race_belongs_to_the_outer_one() -> None:
    g = new()
    g.add_edge(START, a)
    g.add_edge(a, [b, c, d])
    g.add_join([b, c], e, need=1)
    last = g.add_node(a, name="last")
    g.add_join([e, d], last, need=1)
    g.add_edge(last, END)
    regions = {r.target: set(r.members) for r in g.compile().graph.regions}

    assert regions["join"] == {"fork", "b", "c"}
    assert regions["join_2"] == {"fork", "fork_2", "b", "c", "d", "e", "join"}


def test_a_branch_that_is_not_raced_goes_its_own_way() -> None:
    g = new()
    g.add_edge(START, a)
    g.add_edge(a, [b, c, d])
    g.add_join([b, c], e, need=1)
    last = g.add_node(a, name="last")
    g.add_join([e, d], last)
    g.add_edge(last, END)

    assert text("a -> fork\n fork -> b\n fork -> c\n a -> d") in drawn(g)


@pytest.mark.parametrize("caught", [(a, b), (b,)], ids=["with the fork", "without"])
def test_a_catch_around_a_race_holds_the_join_at_which_its_branches_wait(
    caught: tuple[Callable[[Draft], None], ...],
) -> None:
    def fails(s: Draft) -> None:
        raise KeyError

    async def stays(s: Draft) -> None:  # Else the race may be won before anybody fails.
        await asyncio.Event().wait()

    g = new()
    failing, last = g.add_node(fails), g.add_node(stays)
    g.add_edge(START, a)
    g.add_edge(a, [b, failing, last])
    g.add_join([b, failing, last], e, need=2)
    g.add_edge(e, END)
    sorry = g.add_node(d, name="sorry")
    g.add_catch([*caught, failing, last], KeyError, sorry)
    g.add_edge(sorry, END)

    done = g.compile().run_sync(Draft())

    assert (done.status, done.path[-1]) == ("done", "sorry")


def test_a_catch_holds_the_joins_and_choices_between_its_nodes() -> None:
    g = new()
    g.add_edge(START, a)
    g.add_edge(a, [b, c])
    g.add_join([b, c], d)
    g.add_conditional_edge(d, pick, {"x": e, "y": END})
    g.add_edge(e, END)
    sorry = g.add_node(a, name="sorry")
    g.add_catch([b, c, d, e], KeyError, sorry)
    g.add_edge(sorry, END)
    (region,) = g.compile().graph.regions

    assert set(region.members) == {"fork", "b", "c", "join", "d", "pick", "e"}


def test_max_visits_bounds_a_cycle() -> None:
    g = new()
    write = g.add_node(a, max_visits=3, then=b)
    g.add_edge(START, write)
    g.add_conditional_edge(write, pick, {"x": END, "y": write})
    g.add_edge(b, END)

    assert drawn(g) == text(
        """
        START -> a
        a -> pick
        pick -> END on x
        pick -> a on y
        b -> END
        bound a 3 then b
        classifier pick x/y
        """
    )


def test_a_function_of_the_label_may_say_where_it_leads() -> None:
    def where(label: Literal["x", "y"]) -> Flow[Draft] | End:
        return {"x": END, "y": END}[label]

    one, other = new(), new()
    one.add_conditional_edge(START, sure, {"x": END, "y": END}, unsure=END, at_least=0.5)
    other.add_conditional_edge(START, sure, where, unsure=END, at_least=0.5)

    assert drawn(one) == drawn(other)


def test_a_whole_flow_may_stand_for_a_node() -> None:
    part = node(a) >> pick.route({"x": node(b), "y": NEXT})
    g = new()
    g.add_edge(START, part)
    g.add_edge(part, c)
    g.add_edge(c, END)

    flow = shape(workflow("w", Draft, part >> c).graph)
    assert sorted(flow.splitlines()) == sorted(drawn(g).splitlines())


def test_the_builder_can_go_on_after_it_compiled() -> None:
    g = new()
    g.add_edge(START, a)
    g.add_edge(a, [b, c])
    g.add_join([b, c], d, need=1)
    g.add_edge(d, END)
    first = drawn(g)
    extra = g.add_node(a, name="extra")
    g.add_catch([d], KeyError, extra)
    g.add_edge(extra, END)

    assert first in drawn(g).replace("extra -> END\n", "")


def test_a_node_takes_what_the_builder_says_of_it() -> None:
    @node(retry=Retry(attempts=5), timeout=9, reads={"text"})
    def careful(s: Draft) -> None: ...

    g = new()
    handle = g.add_node(careful, name="mild", retry=Retry(attempts=2), writes={"text"}, limit=3)
    g.add_edge(START, handle)
    g.add_edge(handle, END)
    made = g.compile()
    vertex = made.graph.vertex["mild"]

    assert (vertex.policy.attempts, vertex.reads, vertex.writes) == (2, ("text",), ("text",))
    assert made.program.bindings["mild"].limit == 3


# ---- faults are told all at once, with the line of the source


def test_all_faults_are_told_at_once_each_with_its_line() -> None:
    g = new()
    g.add_edge(START, a)
    g.add_conditional_edge(a, pick, {"x": b, "z": END})  # pyright: ignore[reportArgumentType]
    g.add_edge(c, b)

    with pytest.raises(InvalidGraph) as caught:
        g.compile()

    codes = {finding.code for finding in caught.value.findings}
    assert {"AG201", "AG202"} <= codes
    assert all(finding.place is not None for finding in caught.value.findings)
    assert {finding.place.file for finding in caught.value.findings if finding.place} == {__file__}


def test_two_parallel_edges_to_the_end_name_the_join_that_is_missing() -> None:
    g = new()
    g.add_edge(START, a)
    g.add_edge(a, [b, c])
    g.add_edge(b, END)
    g.add_edge(c, END)

    with pytest.raises(InvalidGraph, match=r"add_join\(\[b, c\], END\)"):
        g.compile()


def test_a_node_without_an_edge_out_is_an_error() -> None:
    g = new()
    g.add_edge(START, a)
    g.add_edge(a, b)

    with pytest.raises(InvalidGraph, match=r"AG111(.|\n)*g\.add_edge\(b, END\)"):
        g.compile()


def test_a_cycle_without_a_bound_is_an_error() -> None:
    g = new()
    g.add_edge(START, a)
    g.add_conditional_edge(a, pick, {"x": END, "y": a})

    with pytest.raises(InvalidGraph, match="AG305"):
        g.compile()


def test_two_nodes_of_one_given_name_are_refused() -> None:
    g = new()
    g.add_node(a, name="one")

    with pytest.raises(InvalidFlow, match="there is a node 'one' already"):
        g.add_node(b, name="one")


def test_a_plain_function_is_no_classifier() -> None:
    def where(s: Draft) -> Literal["x"]:
        return "x"

    with pytest.raises(InvalidAgent, match=r"'where' is no classifier\n(.|\n)*classifier\(fn\)"):
        new().add_conditional_edge(a, where, {"x": END})  # pyright: ignore[reportArgumentType]


@pytest.mark.parametrize("bad", ["intake", 3, pick])
def test_what_is_no_node_cannot_be_in_an_edge(bad: Node[Draft]) -> None:
    with pytest.raises(InvalidFlow, match="is no node"):
        new().add_edge(START, bad)


def test_next_is_for_flows() -> None:
    with pytest.raises(InvalidFlow, match="NEXT stands for what follows in a flow"):
        new().add_edge(a, NEXT)


@pytest.mark.parametrize("need", [0, 3])
def test_a_join_needs_no_more_than_it_has(need: int) -> None:
    with pytest.raises(InvalidFlow, match="cannot wait for"):
        new().add_join([a, b], c, need=need)


def test_empty_lists_are_refused() -> None:
    for use in (
        lambda: new().add_edge(START, []),
        lambda: new().add_join([], c),
        lambda: new().add_catch([], KeyError, c),
    ):
        with pytest.raises(InvalidFlow, match="name at least one node"):
            use()


def test_a_then_that_nothing_leads_to_is_refused() -> None:
    with pytest.raises(InvalidFlow, match="there is no `max_visits`"):
        new().add_node(a, then=b)


@pytest.mark.parametrize(
    ("handle", "fix"),
    [
        ("aa", "write the function, or what `add_node` returned, without quotes: `a`"),
        ("START", "write it without quotes: `from agentgraph import START`"),
        ("__end__", "write it without quotes: `from agentgraph import END`"),
        ("zzz", "edges go by the function, or by what `add_node` returned: without quotes"),
    ],
)
def test_a_name_in_quotes_is_told_what_to_write(handle: Node[Draft], fix: str) -> None:
    g = new()
    g.add_edge(START, a)

    with pytest.raises(InvalidFlow) as caught:
        g.add_edge(handle, b)

    assert caught.value.fix == fix


def test_a_name_before_the_function_is_told_where_it_goes() -> None:
    with pytest.raises(InvalidFlow, match=r"write `g.add_node\(function, name='plan'\)`"):
        new().add_node("plan", a)  # type: ignore[arg-type] # what other libraries want


def test_names_of_other_libraries_are_answered_with_the_line_that_does_it() -> None:
    g = new()
    g.add_edge(START, a)
    g.add_edge(a, END)

    with pytest.raises(AttributeError, match=r"here it is g.add_edge\(START, node\)"):
        getattr(g, "set_entry_point")(a)  # noqa: B009 - no type checker lets it pass
    with pytest.raises(AttributeError, match=r"here it is wf.run_sync\(State\(...\)\)"):
        getattr(g.compile(), "invoke")({})  # noqa: B009
    with pytest.raises(AttributeError, match=r"'Graph' has no attribute 'zzz'$"):
        getattr(g, "zzz")  # noqa: B009


def returns_a_dict(s: Draft) -> None:
    if s.text:
        return None
    return {"text": "x"}  # type: ignore[return-value] # the mistake


def says_that_it_returns(s: Draft) -> Draft:
    return s


def helper(_: int) -> None: ...


def returns_what_it_was_given(s: Draft) -> None:
    def inner() -> int:
        return 3

    return helper(inner())


@pytest.mark.parametrize(
    ("fn", "what"),
    [
        (returns_a_dict, "'returns_a_dict' returns {'text': 'x'}, and a node edits its state"),
        (says_that_it_returns, "'says_that_it_returns' returns a Draft, and a node edits its st"),
    ],
)
def test_a_node_that_returns_a_value_is_refused_before_it_runs(fn: Node[Draft], what: str) -> None:
    g = new()
    g.add_edge(START, fn)
    g.add_edge(fn, END)

    with pytest.raises(InvalidGraph) as caught:
        g.compile()

    (finding,) = caught.value.findings
    assert (finding.code, finding.what[: len(what)]) == ("AG121", what)
    assert finding.place is not None
    assert finding.place.file == __file__


def test_what_a_node_calls_last_and_what_inner_functions_return_is_no_value() -> None:
    g = new()
    g.add_edge(START, returns_what_it_was_given)
    g.add_edge(returns_what_it_was_given, END)

    g.compile()
