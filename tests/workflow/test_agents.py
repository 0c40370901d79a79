"""What a callable may be, and what its annotations say: nodes, classifiers, questions, voters."""

# Mistakes are made on purpose here: no type checker is asked.
# pyright: basic, reportArgumentType=false, reportCallIssue=false, reportAttributeAccessIssue=false
# pyright: reportInvalidTypeForm=false, reportUndefinedVariable=false, reportOperatorIssue=false
# pyright: reportReturnType=false, reportOptionalMemberAccess=false, reportAssignmentType=false
# pyright: reportIndexIssue=false, reportOptionalOperand=false

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from enum import Enum
from functools import partial, wraps
from typing import Annotated, Literal, Protocol

import pytest
from pydantic import BaseModel

from agentgraph import (
    END,
    START,
    Abstaining,
    Ask,
    Ctx,
    Flow,
    Graph,
    Retry,
    State,
    Verdict,
    Workflow,
    classifier,
    consensus,
    each,
    human,
    node,
    workflow,
)
from agentgraph.errors import AgentGraphError, InvalidAgent, InvalidFlow, InvalidGraph, NotAvailable
from agentgraph.graph import Vertex
from agentgraph.runtime import Binding


class Ticket(State):
    text: str = ""
    reply: str = ""


class Other(State):
    n: int = 0


Kind = Literal["billing", "tech"]


class Level(Enum):
    LOW = 1
    HIGH = 2
    TOP = 2  # noqa: PIE796 - an alias is no label of its own


class Desk:
    """A desk."""

    def __init__(self, name: str) -> None:
        self.name = name

    async def __call__(self, s: Ticket, ctx: Ctx) -> None:
        s.reply = self.name

    def answer(self, s: Ticket) -> None:
        s.reply = self.name

    @staticmethod
    def close(s: Ticket) -> None: ...

    @classmethod
    def opens(cls, s: Ticket) -> None: ...

    @node
    async def reply(self, s: Ticket) -> None:
        s.reply = self.name

    @node(name="shut", retry=Retry(attempts=2))
    def end(self, s: Ticket, ctx: Ctx) -> None: ...

    @classifier
    def triage(self, s: Ticket) -> Kind:
        return "tech"


@node
def clerk(s: Ticket) -> None:
    """Answer
    by hand.

    More.
    """
    s.reply = "hello"


def only(part: Flow[Ticket]) -> tuple[Vertex, Binding]:
    """Compile a workflow of one part, and return its first vertex and binding."""
    made = workflow("w", Ticket, part)
    vertex = made.graph.vertices[1]
    return vertex, made.program.bindings[vertex.name]


def wants(fn: Callable[..., object]) -> str:
    _, binding = only(node(fn))
    assert binding.body is not None
    return f"{binding.body.wants} async" if binding.body.is_async else binding.body.wants


def labels(fn: Callable[..., object]) -> dict[object, str]:
    found = classifier(fn)
    return dict(found.work.settled.binding.labels)


# ---- any callable is a node


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
    assert vertex.agent == f"{__name__}:clerk"
    assert vertex.place is not None
    assert vertex.place.file == __file__
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
        lambda: node(limit=0),
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


# ---- classifiers


def test_labels_are_read_from_the_annotation() -> None:
    def literal(s: Ticket) -> Kind: ...
    async def later(s: Ticket) -> Verdict[Kind]: ...
    def awaitable(s: Ticket) -> Awaitable[Kind]: ...
    def flag(s: Ticket) -> bool: ...
    def level(s: Ticket) -> Verdict[Level]: ...
    def both(s: Ticket) -> Literal["a", Level.LOW, True]: ...
    def annotated(s: Ticket) -> Annotated[Kind, "why"]: ...
    def text(s: Ticket) -> "Verdict[Kind]": ...

    kinds = {"billing": "billing", "tech": "tech"}
    assert labels(literal) == labels(later) == labels(awaitable) == kinds
    assert labels(annotated) == labels(text) == kinds
    assert labels(flag) == {True: "True", False: "False"}
    assert labels(level) == {Level.LOW: "LOW", Level.HIGH: "HIGH"}
    assert labels(both) == {"a": "a", Level.LOW: "LOW", True: "True"}


def test_a_verdict_or_none_abstains() -> None:
    def perhaps(s: Ticket) -> Verdict[Kind] | None: ...

    found = classifier(perhaps)

    assert type(found) is Abstaining
    assert found.work.settled.vertex.abstains
    with pytest.raises(InvalidGraph, match="AG207"):
        workflow("w", Ticket, found.route({"billing": END, "tech": END}, unsure=None))


def test_a_label_or_none_is_refused_with_the_way_to_abstain() -> None:
    def perhaps(s: Ticket) -> Kind | None: ...

    with pytest.raises(InvalidAgent, match=r"-> Verdict\[Kind\] \| None"):
        classifier(perhaps)


def number(s: Ticket) -> int: ...
def numbers(s: Ticket) -> Literal[1, 2]: ...
def nothing(s: Ticket) -> None: ...
def silent(s: Ticket): ...
def verdict(s: Ticket) -> Verdict: ...
def mixed(s: Ticket) -> Verdict[Kind] | str: ...
def clash(s: Ticket) -> Literal["True", True]: ...


@pytest.mark.parametrize("fn", [number, numbers, nothing, silent, verdict, mixed, clash])
def test_what_has_no_closed_set_of_labels_is_no_classifier(fn: Callable[..., object]) -> None:
    with pytest.raises(InvalidAgent, match=r"no closed set|does not say which|have the label"):
        labels(fn)


def test_open_labels_need_a_default() -> None:
    @classifier
    def free(s: Ticket) -> str:
        return s.text

    with pytest.raises(InvalidGraph, match="AG203"):
        workflow("w", Ticket, free.route({"a": clerk}))
    made = workflow("w", Ticket, free.route({"a": clerk}, unsure=END))
    assert made.program.bindings["free"].labels == {"a": "a"}
    with pytest.raises(InvalidFlow, match="any text"):
        free.choose(lambda _: END, unsure=END)


def test_an_annotation_that_names_nothing_is_a_finding_of_the_build() -> None:
    @classifier
    def lost(s: Ticket) -> "Nowhere": ...  # noqa: F821

    with pytest.raises(InvalidGraph, match="nothing is called 'Nowhere'") as caught:
        workflow("w", Ticket, lost.route({"a": clerk, "b": END}))
    assert [finding.code for finding in caught.value.findings] == ["AG121"]


def test_at_least_needs_a_verdict_and_a_place_to_go() -> None:
    @classifier
    def bare(s: Ticket) -> Kind: ...
    @classifier
    def sure(s: Ticket) -> Verdict[Kind]: ...

    to = {"billing": END, "tech": END}
    with pytest.raises(InvalidGraph, match=r"AG121(.|\n)*answers a bare label"):
        workflow("w", Ticket, bare.route(to, unsure=clerk, at_least=0.5))
    with pytest.raises(InvalidGraph, match="AG208"):
        workflow("w", Ticket, sure.route(to, at_least=0.5))
    with pytest.raises(InvalidFlow, match="from 0 to 1"):
        sure.route(to, unsure=clerk, at_least=50)
    assert workflow("w", Ticket, sure.route(to, unsure=END, at_least=0.5))


@pytest.mark.parametrize("to", [{}, None, ["billing"], "billing"])
def test_a_route_is_a_dict_with_labels(to: dict[Kind, Flow[Ticket]]) -> None:
    with pytest.raises(InvalidFlow, match="leads nowhere"):
        Desk("x").triage.route(to)


def test_one_classifier_can_be_asked_alone() -> None:
    found = asyncio.run(Desk("x").triage.decide(Ticket()))

    assert found.label == "tech"


# ---- people


class Address(BaseModel):
    street: str


def test_a_question_has_labels_or_a_form() -> None:
    @human
    def approve(s: Ticket) -> Ask[Literal["send", "drop"]]:
        return Ask(show=s.text)

    @human
    async def where(s: Ticket) -> Ask[Address]:
        return Ask(show="where?")

    @where.save
    def filled(s: Ticket, address: Address) -> None:
        s.reply = address.street

    made = workflow("w", Ticket, filled >> approve.route({"send": END, "drop": clerk}))
    asked, form = made.program.bindings["approve"], made.program.bindings["where"]

    assert (asked.question, form.question, form.form) == (approve, where, Address)
    assert (made.graph.vertex["where"].kind, made.graph.vertex["approve"].kind) == ("form", "human")
    assert form.into is not None
    assert form.body is not None
    assert form.body.is_async


def asks_text(s: Ticket) -> Ask[str]: ...
def asks_nothing(s: Ticket) -> Ask: ...
def says(s: Ticket) -> bool: ...


@pytest.mark.parametrize("fn", [asks_text, asks_nothing, says])
def test_a_question_says_what_may_be_answered(fn: Callable[..., object]) -> None:
    with pytest.raises(InvalidAgent, match=r"any text|does not say what may be answered"):
        human(fn)


# ---- voters


async def yes(s: Ticket) -> bool: ...
def no(s: Ticket, ctx: Ctx) -> bool: ...
def kind(s: Ticket) -> Kind: ...
def free_text(s: Ticket) -> str: ...


def test_a_consensus_knows_its_voters_and_when_it_may_find_no_label() -> None:
    two = consensus(yes, no, yes, need=2).work.settled
    all_three = consensus(yes, no, yes, need=3).work.settled

    assert two.vertex.voters == ("yes", "no", "yes_2")
    assert [body.wants for body in two.binding.voters] == ["state", "ctx", "state"]
    assert (two.vertex.abstains, all_three.vertex.abstains) == (False, True)


@pytest.mark.parametrize(
    ("voters", "need", "what"),
    [
        ((yes,), 1, "has 1 voter"),
        ((yes, no), 1, "two labels could win"),
        ((yes, no), 3, "can never come"),
        ((yes, clerk), 2, "is no function|no voter"),
        ((yes, kind), 2, "different labels"),
        ((free_text, free_text), 2, "any text"),
        ((yes, Desk("x").triage), 2, "is no voter"),
    ],
)
def test_votes_that_could_not_be_counted_are_refused(
    voters: tuple[Callable[..., bool], ...], need: int, what: str
) -> None:
    with pytest.raises(InvalidAgent, match=what):
        _ = consensus(*voters, need=need).work.settled


# ---- each, subgraphs


def test_each_takes_a_function_a_node_or_a_workflow() -> None:
    def items(s: Ticket) -> list[Ticket]:
        return [s]

    def keep(s: Ticket, out: list[Ticket]) -> None: ...

    whole = workflow("inner", Ticket, clerk)
    vertex, binding = only(each(items, whole, into=keep, limit=3, retry=Retry(attempts=2)))

    assert (vertex.limit, vertex.policy.attempts, vertex.collect) == (3, 2, False)
    assert (vertex.child, binding.child) == (whole.graph, whole.program)
    assert only(each(items, clerk, into=keep))[1].child.graph.name == "clerk"
    assert only(each(items, str, into=keep, on_error="collect"))[0].collect


def test_each_refuses_what_it_cannot_do() -> None:
    def items(s: Ticket) -> list[Ticket]: ...
    def one(out: list[Ticket]) -> None: ...
    def keep(s: Ticket, out: list[Ticket]) -> None: ...

    cases: list[tuple[Callable[[], object], str]] = [
        (lambda: each(items, clerk, into=one), "takes one value"),
        (lambda: each(items, clerk >> clerk, into=keep), "`do` is a flow"),
        (lambda: each(items, clerk, into=keep, limit=0), "`limit` is 0"),
        (lambda: each(items, clerk, into=keep, on_error="x"), "`on_error` is 'x'"),
        (lambda: each(items, node(name="n")(lambda s: None), into=keep), "which state"),
    ]
    for make, what in cases:
        with pytest.raises(AgentGraphError, match=what):
            make()


# ---- what the parts need of the workflow


class Db:
    def find(self) -> str: ...


class BetterDb(Db): ...


class Mail:
    def send(self) -> None: ...


@node
def look(s: Ticket, ctx: Ctx[Db]) -> None: ...


def test_the_services_that_a_node_wants_are_served() -> None:
    assert workflow("w", Ticket, look, deps=BetterDb)
    for deps in (None, Mail):
        with pytest.raises(InvalidGraph, match="wants the services 'Db'"):
            workflow("w", Ticket, look, deps=deps)
    g = Graph("w", Ticket, deps=Mail)
    g.add_edge(START, look)
    g.add_edge(look, END)
    with pytest.raises(InvalidGraph, match="wants the services 'Db'"):
        g.compile()


def test_a_protocol_is_served_by_what_has_its_members() -> None:
    class Finds(Protocol):
        limit: int

        def find(self) -> str: ...

    class Store:
        limit: int

        def find(self) -> str: ...

    def fetch(s: Ticket, ctx: Ctx[Finds]) -> None: ...

    assert workflow("w", Ticket, node(fetch), deps=Store)
    with pytest.raises(InvalidGraph, match="'Finds'"):
        workflow("w", Ticket, node(fetch), deps=Mail)


def test_a_workflow_inside_another_is_served_by_the_outer_one() -> None:
    inner = workflow("inner", Ticket, look, deps=Db)
    part = inner.as_node(Ticket, enter=lambda s: s, leave=lambda s, sub: None)
    over: Callable[[Ticket], list[Ticket]] = lambda s: [s]  # noqa: E731
    many = each(over, look, into=lambda s, out: None)

    for flow in (part, many):
        assert workflow("w", Ticket, flow, deps=Db)
        with pytest.raises(InvalidGraph, match="wants the services 'Db'"):
            workflow("w", Ticket, flow)


def test_a_part_for_another_state_is_refused() -> None:
    def elsewhere(s: Other) -> None: ...

    with pytest.raises(InvalidGraph, match=r"AG120(.|\n)*works on Other(.|\n)*Ticket"):
        workflow("w", Ticket, clerk >> elsewhere)
    with pytest.raises(InvalidGraph, match=r"`.on\(Other\)` stands in a workflow of Ticket"):
        workflow("w", Ticket, clerk >> clerk.on(Other))
    with pytest.raises(InvalidGraph, match=r"the state given to `.on` is Other"):
        workflow("w", Other, Desk("x").triage.on(Other).route({"billing": END, "tech": END}))


@pytest.mark.parametrize("state", [dict, "Ticket", 3])
def test_a_state_is_a_model(state: type[Ticket]) -> None:
    with pytest.raises(InvalidFlow, match="no pydantic model"):
        workflow("w", state, clerk)


def test_fields_that_do_not_exist_are_found() -> None:
    @node(reads={"txet"}, writes={"reply"})
    def note(s: Ticket) -> None: ...

    with pytest.raises(InvalidGraph, match=r"reads 'txet'(.|\n)*did you mean 'text'"):
        workflow("w", Ticket, note)


def test_an_error_comes_only_where_one_is_caught() -> None:
    def sorry(s: Ticket, error: KeyError) -> None: ...

    assert workflow("w", Ticket, clerk.catch(KeyError, sorry))
    with pytest.raises(InvalidGraph, match="wants an error, and no catch leads to it"):
        workflow("w", Ticket, clerk >> node(sorry))
    with pytest.raises(InvalidGraph, match="wants an error, and an undo is given none"):
        workflow("w", Ticket, clerk.undo(sorry))


# ---- workflows


def test_a_workflow_shows_its_graph_in_every_form() -> None:
    made = workflow("w", Ticket, clerk, version=3)

    assert isinstance(made, Workflow)
    assert (made.name, made.graph.version, repr(made)) == ("w", 3, "Workflow('w')")
    assert made.verify().ok
    assert '"clerk"' in made.to_json()
    assert made.graph.state == f"{__name__}:Ticket"
    assert made.graph.fields == ("text", "reply")


def test_the_schema_follows_the_fields_and_nothing_else() -> None:
    def state(**fields: object) -> type[State]:
        return type("S", (State,), {"__annotations__": fields, "__module__": __name__})

    def schema(**fields: object) -> str:
        return workflow("w", state(**fields), node(name="n")(lambda s: None)).graph.schema

    assert schema(a=int) == schema(a=int)
    assert len({schema(a=int), schema(a=str), schema(b=int), schema(a=int, b=int)}) == 4


def test_a_store_is_refused_until_there_are_any() -> None:
    made = workflow("w", Ticket, clerk)

    with pytest.raises(NotAvailable, match="cannot be stored yet"):
        made.run_sync(Ticket(), store="runs.db")
