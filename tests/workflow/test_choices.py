"""Classifiers, people and voters: which labels they have, and what none can be read from."""

# Mistakes are made on purpose here: no type checker is asked.
# pyright: basic, reportArgumentType=false, reportCallIssue=false, reportAttributeAccessIssue=false
# pyright: reportInvalidTypeForm=false, reportUndefinedVariable=false, reportOperatorIssue=false
# pyright: reportReturnType=false, reportOptionalMemberAccess=false, reportAssignmentType=false
# pyright: reportIndexIssue=false, reportOptionalOperand=false

import asyncio
from collections.abc import Awaitable, Callable
from enum import Enum
from typing import Annotated, Literal

import pytest
from pydantic import BaseModel
from typing_extensions import TypeAliasType

from agentgraph import (
    END,
    Abstaining,
    Ask,
    Ctx,
    Flow,
    Verdict,
    classifier,
    consensus,
    human,
    workflow,
)
from agentgraph.errors import InvalidAgent, InvalidFlow, InvalidGraph
from tests.workflow.desk import Desk, Kind, Ticket, clerk

# What `type Renamed = Kind` makes in Python 3.12.
Renamed = TypeAliasType("Renamed", Kind)


class Level(Enum):
    LOW = 1
    HIGH = 2
    TOP = 2  # noqa: PIE796 - an alias is no label of its own


def labels(fn: Callable[..., object]) -> dict[object, str]:
    found = classifier(fn)
    return dict(found.work.settled.binding.labels)


def test_labels_are_read_from_the_annotation() -> None:
    def literal(s: Ticket) -> Kind: ...
    async def later(s: Ticket) -> Verdict[Kind]: ...
    def awaitable(s: Ticket) -> Awaitable[Kind]: ...
    def flag(s: Ticket) -> bool: ...
    def level(s: Ticket) -> Verdict[Level]: ...
    def both(s: Ticket) -> Literal["a", Level.LOW, True]: ...
    def annotated(s: Ticket) -> Annotated[Kind, "why"]: ...
    def text(s: Ticket) -> "Verdict[Kind]": ...
    def alias(s: Ticket) -> Renamed: ...

    kinds = {"billing": "billing", "tech": "tech"}
    assert labels(literal) == labels(later) == labels(awaitable) == kinds
    assert labels(annotated) == labels(text) == labels(alias) == kinds
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


def test_labels_that_are_no_texts_are_shown_as_they_are_written() -> None:
    def number(s: object) -> Literal[1, 2]:
        return 1

    with pytest.raises(InvalidAgent) as caught:
        classifier(number)
    assert "'Literal[1, 2]'" in caught.value.what
    assert "`Literal` of texts" in caught.value.fix


@pytest.mark.parametrize("name", ["", 3, None])
def test_a_workflow_has_a_name(name: object) -> None:
    def work(s: Ticket) -> None: ...

    with pytest.raises(InvalidFlow, match="the name of a workflow"):
        workflow(name, Ticket, work)
