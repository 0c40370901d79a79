"""What a callable may be, and what its signature says."""

# Mistakes are made on purpose here: no type checker is asked.
# pyright: basic, reportArgumentType=false, reportCallIssue=false, reportAttributeAccessIssue=false
# pyright: reportInvalidTypeForm=false, reportUndefinedVariable=false, reportOperatorIssue=false
# pyright: reportReturnType=false, reportOptionalMemberAccess=false, reportAssignmentType=false
# pyright: reportIndexIssue=false, reportOptionalOperand=false

import asyncio
from collections.abc import Callable, Iterator
from functools import partial, wraps
from typing import Literal

import pytest

from agentgraph import (
    END,
    Ctx,
    State,
    classifier,
    each,
    node,
    workflow,
)
from agentgraph.errors import InvalidAgent, InvalidFlow, InvalidGraph, NotAvailable
from tests.workflow.desk import Desk, Ticket, clerk, only


def wants(fn: Callable[..., object]) -> str:
    _, binding = only(node(fn))
    assert binding.body is not None
    return f"{binding.body.wants} async" if binding.body.is_async else binding.body.wants


def test_what_the_second_parameter_takes_follows_from_its_annotation() -> None:
    def state(s: Ticket) -> None: ...
    async def ctx(s: Ticket, ctx: Ctx) -> None: ...
    def services(s: Ticket, ctx: "Ctx[object] | None") -> None: ...
    def optional(s: Ticket, level: int = 3) -> None: ...
    def given(s: Ticket, ctx: Ctx | None = None) -> None: ...
    def bare(s): ...
    def anything(*args: object) -> None: ...

    assert [wants(f) for f in (state, ctx, services, optional, given, bare, anything)] == [
        "state", "ctx async", "ctx", "state", "ctx", "state", "state",
    ]  # fmt: skip


def test_methods_objects_and_partials_are_nodes() -> None:
    def level(s: Ticket, level: int) -> None: ...
    async def later(level: int, s: Ticket, ctx: Ctx) -> None: ...

    desk = Desk("x")
    named = node(name="p")

    assert wants(desk.answer) == "state"
    assert wants(Desk.close) == "state"
    assert wants(Desk.opens) == "state"
    assert only(node(name="desk")(desk))[1].body.wants == "ctx"
    assert only(node(name="desk")(desk))[1].body.is_async
    assert only(named(partial(level, level=3)))[1].body.wants == "state"
    assert only(named(partial(later, 3)))[1].body.wants == "ctx"
    assert only(named(partial(later, 3)))[1].body.is_async


def test_a_wrapped_function_is_read_through_its_wrapper() -> None:
    def logged(fn: Callable[..., None]) -> Callable[..., None]:
        @wraps(fn)
        def wrapper(*args: object, **options: object) -> None:
            fn(*args, **options)

        return wrapper

    @logged
    def note(s: Ticket, ctx: Ctx) -> None: ...

    assert wants(note) == "ctx"


def test_a_method_in_a_class_body_is_a_node_of_its_instance() -> None:
    desk, other = Desk("a"), Desk("b")

    assert desk.reply.name == "reply"
    assert desk.end.name == "shut"
    assert only(desk.end)[0].policy.attempts == 2
    assert only(desk.end)[1].body.wants == "ctx"
    assert workflow("w", Ticket, desk.reply).run_sync(Ticket()).state.reply == "a"
    assert workflow("w", Ticket, other.reply).run_sync(Ticket()).state.reply == "b"
    assert desk.triage.name == "triage"
    with pytest.raises(InvalidFlow, match="a method is a node on an instance"):
        _ = clerk >> Desk.reply


def test_a_method_is_one_object_and_so_a_way_back() -> None:
    desk = Desk("x")
    flow = desk.reply >> desk.triage.route({"billing": END, "tech": desk.reply})

    assert workflow("w", Ticket, flow.loop(at_most=2)).graph.vertex["reply"].bound is not None


def test_annotations_of_local_classes_are_found() -> None:
    class Local(State):
        text: str = ""

    class Missing(Exception): ...

    Choice = Literal["a", "b"]  # noqa: N806 - an alias, as users write them

    def sorry(s: "Local", error: "Missing") -> None: ...
    @classifier
    def pick(s: "Local") -> "Choice":
        return "a"

    flow = pick.route({"a": END, "b": node(lambda s: None).named("n").catch(Missing, sorry)})
    made = workflow("w", Local, flow)

    assert made.graph.vertex["pick"].labels == ("a", "b")
    assert made.program.bindings["sorry"].body.wants == "error"


def test_an_annotation_may_name_what_is_defined_later() -> None:
    def pick(s: Ticket) -> "Later":  # noqa: F821 - defined below
        return "a"

    found = classifier(pick)
    pick.__globals__["Later"] = Literal["a", "b"]
    try:
        assert found.work.settled.vertex.labels == ("a", "b")
    finally:
        del pick.__globals__["Later"]


def test_a_context_that_only_type_checkers_import_is_known_by_its_name() -> None:
    def note(s: Ticket, ctx: "hidden.Ctx[Services]") -> None: ...  # noqa: F821

    assert wants(note) == "ctx"


def test_a_vertex_says_where_its_agent_is_and_what_it_does() -> None:
    vertex, _ = only(clerk)

    assert vertex.doc == "Answer by hand."
    assert vertex.agent == "tests.workflow.desk:clerk"
    assert vertex.place is not None
    assert vertex.place.file.endswith("desk.py")
    assert only(node(name="p")(partial(Desk.answer, Desk("x"))))[0].doc == ""


def no_state() -> None: ...
def three(a: Ticket, b: Ctx, c: int) -> None: ...
def keyword(s: Ticket, *, level: int) -> None: ...
def streams(s: Ticket) -> Iterator[int]:
    yield 1


@pytest.mark.parametrize(
    ("fn", "what"),
    [
        (no_state, "takes nothing"),
        (three, "needs 3 arguments"),
        (keyword, "needs the keyword 'level'"),
        (streams, "is a generator"),
        (partial(keyword), "needs the keyword 'level'"),
        (partial(three), "needs 3 arguments"),
        (partial(clerk.apply, Ticket()), "takes nothing"),
        (3, "is no function"),
        ("clerk", "is no function"),
    ],
)
def test_what_cannot_be_called_with_a_state_is_no_node(fn: object, what: str) -> None:
    with pytest.raises(InvalidAgent, match=what):
        node(fn)


def test_a_second_parameter_without_meaning_is_refused() -> None:
    def unclear(s: Ticket, level: int) -> None: ...
    def unknown(s: Ticket, x: "Nowhere") -> None: ...  # noqa: F821
    def bare(s: Ticket, x) -> None: ...

    for fn in (unclear, unknown, bare):
        with pytest.raises(InvalidGraph, match=r"AG121(.|\n)*neither(.|\n)*`ctx: Ctx`"):
            wants(fn)


def test_a_function_is_decorated_once() -> None:
    with pytest.raises(InvalidAgent, match="is no function any more"):
        node(clerk)


@pytest.mark.parametrize(
    "make",
    [
        lambda: node(timeout=0),
        lambda: node(timeout="x"),
        lambda: node(limit=0),
        lambda: node(limit="x"),
        lambda: node(limit=1.5),
        lambda: node(retry=5),
        lambda: node(reads="text"),
        lambda: node(name="")(clerk.undo),
    ],
)
def test_options_that_mean_nothing_are_refused(make: Callable[[], object]) -> None:
    with pytest.raises(InvalidAgent):
        make()


def test_one_node_can_be_run_alone() -> None:
    before = Ticket(text="x")
    after = asyncio.run(clerk.apply(before))

    assert (before.reply, after.reply) == ("", "hello")
    with pytest.raises(NotAvailable, match="more than one call"):
        asyncio.run(each(lambda s: [s.text], str, into=lambda s, out: None).apply(before))


def test_a_node_can_be_undone_by_a_node() -> None:
    @node
    def book(s: Ticket) -> None: ...

    @node
    def unbook(s: Ticket) -> None: ...

    flow = book.undo(unbook)

    assert workflow("trip", Ticket, flow).graph.vertex["book"].undo.endswith("unbook")
