"""What a journal writes it reads again, whatever the fact; what would change is refused."""

import json
from datetime import UTC, datetime
from enum import Enum
from typing import Annotated, Any, Literal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agentgraph import NEXT, Ask, Retry, State, Workflow, classifier, each, human, node, workflow
from agentgraph.machine import Failed, Marking, Started, advance, kinds_of
from agentgraph.runtime.journal import DoesNotSurvive, read, written
from agentgraph.state import append
from agentgraph.testing import Journal, workflows
from agentgraph.testing.fakes import Stage, Trial
from agentgraph.testing.playing import play


class Colour(Enum):
    RED = "red"


class Rich(State):
    text: str = ""
    big: int = 0
    log: Annotated[list[str], append] = []
    pair: tuple[int, str] = (0, "")
    seen: set[int] = set()
    at: datetime = datetime(2026, 1, 1, tzinfo=UTC)
    colour: Colour | None = None
    raw: bytes = b""
    share: float = 0.0
    anything: object = None


def fill(s: Rich) -> None:
    s.big, s.pair, s.seen, s.colour = 10**40, (3, "x"), {1, 2}, Colour.RED
    s.raw, s.share, s.at = b"\x00z", float("inf"), datetime(2026, 5, 1, 12, 30, tzinfo=UTC)


def left(s: Rich) -> None:
    s.log.append("left")


def right(s: Rich) -> None:
    s.log.append("right")


def sizes(s: Rich) -> list[int]:
    return [1, 2]


def double(number: int) -> tuple[int, int]:
    return number, 2 * number


def keep(s: Rich, found: list[tuple[int, int]]) -> None:
    s.pair = (len(found), repr(found))


@human
def approve(s: Rich) -> Ask[Literal["send", "drop"]]:
    return Ask(show=s.text)


@node(retry=Retry(attempts=2))
def risky(s: Rich) -> None:
    s.text += "!"


def recover(s: Rich, error: Exception) -> None:
    s.text = repr(error)


class Inner(State):
    n: int = 1


@classifier
def more(s: Inner) -> bool:
    return s.n < 3


def count(s: Inner) -> None:
    s.n += 1


counter = node(count)
INNER = workflow(
    "inner", Inner, (counter >> more.route({True: counter, False: NEXT})).loop(at_most=3)
)
WHOLE = workflow(
    "whole",
    Rich,
    node(fill)
    >> (node(left) | node(right))
    >> each(sizes, double, keep)
    >> risky.catch(ConnectionError, recover)
    >> INNER.as_node(enter=lambda s: Inner(), leave=lambda s, done: None)
    >> approve.route({"send": NEXT, "drop": NEXT}),
)


def again(made: Workflow[Any, Any], trial: Trial) -> None:
    """Write each fact of a run, read it, and see that the run it tells is the same."""
    stage = Stage(made.program, "real", "real")
    outcome = play(stage, trial)
    here, there = Marking(stage.program.plan), Marking(stage.program.plan)
    schema = stage.program.schema
    for fact in outcome.facts:
        text = written(fact, here, schema)
        found = read(text, there, schema)
        assert type(found) is type(fact)
        assert written(found, there, schema) == text
        advance(here, fact)
        advance(there, found)
    assert here.status == there.status == outcome.status
    assert outcome.result is not None
    if here.ending is not None and there.ending is not None:
        assert schema.final(here.ending.payload) == schema.final(there.ending.payload)


@pytest.mark.parametrize(
    "fault", [None, ("risky#1", "before"), ("risky#1", "builtins.ConnectionError")]
)
def test_each_fact_is_read_as_it_was_written(fault: Any) -> None:
    again(WHOLE, Trial(Rich(text="a"), fault=fault))


@settings(max_examples=15)
@given(workflows(), st.integers(0, 9))
def test_facts_of_random_workflows_are_read_as_they_were_written(made: Any, points: int) -> None:
    again(made, Trial(Journal(points=points)))


class Odd(Exception):
    """What only the process that raised it knows."""


@pytest.mark.parametrize(
    ("error", "says"),
    [
        (KeyError("x"), KeyError("x")),
        (ConnectionError("gone", 3), ConnectionError("gone", 3)),
        (ExceptionGroup("two", [ValueError("a"), KeyError("b")]), None),
    ],
)
def test_an_error_is_read_as_one_of_its_name(error: Exception, says: Exception | None) -> None:
    marking = Marking(WHOLE.program.plan)
    fact = Failed(1, error, kinds_of(error))

    found = read(written(fact, marking, WHOLE.program.schema), marking, WHOLE.program.schema)

    assert isinstance(found, Failed)
    assert (type(found.error), found.kinds) == (type(error), fact.kinds)
    assert says is None or found.error.args == says.args


def test_an_error_of_somebodys_own_class_is_read_as_a_stand_in() -> None:
    marking, error = Marking(WHOLE.program.plan), Odd({"no": "data"})
    fact = Failed(1, error, kinds_of(error))

    found = read(written(fact, marking, WHOLE.program.schema), marking, WHOLE.program.schema)

    assert isinstance(found, Failed)
    assert type(found.error) is not Odd
    assert (type(found.error).__name__, str(found.error)) == ("Odd", "{'no': 'data'}")


@pytest.mark.parametrize(
    ("value", "says"),
    [
        ({1, 2}, "comes back as"),
        ((1,), "comes back as"),
        (repr, "cannot be written down"),
        ("\ud800", "cannot be written down"),
    ],
)
def test_what_would_change_is_refused(value: object, says: str) -> None:
    schema = WHOLE.program.schema

    with pytest.raises(DoesNotSurvive, match=says):
        written(Started(schema.begin(Rich(anything=value))), Marking(WHOLE.program.plan), schema)


def test_nothing_is_imported_by_a_name_that_was_written_down() -> None:
    marking, schema = Marking(WHOLE.program.plan), WHOLE.program.schema
    error = ValueError("x")
    text = written(Failed(1, error, kinds_of(error)), marking, schema)
    data = json.loads(text)
    data[1]["error"][0] = "antigravity.Boom"

    found: Any = read(json.dumps(data), marking, schema)

    assert (type(found.error).__module__, str(found.error)) == ("antigravity", "x")
