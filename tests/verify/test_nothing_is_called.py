"""`verify` calls no function of the user: here each one raises, in every place where one can stand."""

import asyncio
from datetime import timedelta
from typing import Literal, NoReturn, get_args

import pytest
from pydantic import BaseModel

from agentgraph import (
    END,
    Ask,
    Retry,
    State,
    Verdict,
    classifier,
    consensus,
    each,
    human,
    node,
    workflow,
)
from agentgraph.graph import FrozenGraph, VertexKind
from agentgraph.requirements import always_before
from agentgraph.verify import verify


class Called(BaseException):
    """Nothing that catches exceptions may hide that a function was called."""


def raises(*_: object) -> NoReturn:
    raise Called


class Desk(State):
    text: str = ""
    words: list[str] = []


class Address(BaseModel):
    city: str


@node(retry=Retry(attempts=3), timeout=3)
def write(s: Desk) -> None:
    raises(s.text)


@node(reads=["text"], writes=["text"])
def cancel(s: Desk) -> None:
    raises(s.text)


def apologise(s: Desk, error: ValueError) -> None:
    raises(s.text, error)


@classifier
def triage(s: Desk) -> Verdict[Literal["a", "b", "c"]] | None:
    raises(s.text)


@human
def approve(s: Desk) -> Ask[Literal["yes", "no"]]:
    raises(s.text, timedelta())


@human
def where(s: Desk) -> Ask[Address]:
    raises(s.text)


@where.save
def keep(s: Desk, answer: Address) -> None:
    raises(s, answer)


def good(s: Desk) -> bool:
    raises(s.text)


def fine(s: Desk) -> bool:
    raises(s.text)


def words(s: Desk) -> list[str]:
    raises(s.text)


def one(word: str) -> str:
    raises(word)


def into(s: Desk, found: list[str]) -> None:
    raises(s, found)


def same(s: Desk) -> Desk:
    raises(s.text)


def back(s: Desk, inner: Desk) -> None:
    raises(s, inner.text)


def kinds(graph: FrozenGraph) -> set[str]:
    found = {vertex.kind for vertex in graph.vertices}
    return found.union(*(kinds(v.child) for v in graph.vertices if v.child is not None))


def test_a_graph_with_every_kind_of_vertex_is_built_and_verified_without_a_call() -> None:
    inner = workflow("inner", Desk, write >> keep)
    vote = consensus(good, fine, good, need=2)
    booked = write.undo(cancel)
    saved = (booked >> vote.route({True: END, False: booked})).loop(at_most=3)
    many = each(words, one, into=into) >> inner.as_node(Desk, enter=same, leave=back)
    raced = (write.named("left") | write.named("right")).join(1)
    forked = (raced | approve.route({"yes": write, "no": write})) >> (write | many)
    flow = triage.route(
        {"a": saved.catch(ValueError, apologise), "b": forked, "c": END}, unsure=END
    )

    built = workflow("desk", Desk, flow, require=[always_before("triage", "each")])

    assert verify(built.graph).findings is not None
    assert kinds(built.graph) == set(get_args(VertexKind))


def test_a_function_that_is_called_would_be_noticed() -> None:
    with pytest.raises(Called):
        asyncio.run(write.apply(Desk()))
