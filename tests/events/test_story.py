"""What a run tells the outside: a closed union of final values."""

import inspect
import pickle
from dataclasses import fields, is_dataclass
from enum import Enum
from types import MappingProxyType
from typing import Any, get_args

import pytest
from pydantic import BaseModel

from agentgraph import events
from agentgraph.events import (
    Asked,
    Charged,
    CostUnknown,
    Decided,
    Decision,
    Emitted,
    Event,
    Failure,
    Missed,
    NodeDone,
    NodeFailed,
    NodeStarted,
    NodeStopped,
    Result,
    RunEnded,
    RunStarted,
    UndoDone,
    UndoFailed,
    UndoStarted,
    Verdict,
    story,
)


class Note(BaseModel):
    text: str = ""


EVENTS: list[Event[Note]] = [
    RunStarted(Note()),
    NodeStarted("a"),
    NodeDone("a", {"text": "x"}),
    NodeFailed("a", KeyError("x")),
    NodeStopped("a", 2, 3),
    UndoStarted("a", 2),
    UndoDone("a", {"text": ""}),
    UndoFailed("a", KeyError("x")),
    Decided("k", None),
    Emitted("a", 5),
    Asked("q", "q#1", "?"),
    Charged("a", 5, None),
    CostUnknown("a"),
    Missed(3),
    RunEnded(Result("r", "done", Note())),
]


def test_the_union_is_closed_and_every_member_of_it_is_told_of_here() -> None:
    members = {getattr(each, "__origin__", each) for each in get_args(Event)}

    assert members == {type(event) for event in EVENTS}
    assert {each.__name__ for each in members} < set(events.__all__)


@pytest.mark.parametrize("event", EVENTS, ids=lambda event: type(event).__name__)
def test_an_event_is_final_cannot_be_changed_and_can_be_pickled(event: Any) -> None:
    kind = type(event)
    assert is_dataclass(event)
    assert kind.__final__
    assert inspect.getdoc(kind)
    with pytest.raises((AttributeError, TypeError)):
        setattr(event, fields(event)[0].name, None)
    again = pickle.loads(pickle.dumps(event))
    assert type(again) is kind
    assert repr(again) == repr(event)


class Grade(Enum):
    OK = 1
    REVISE = 2


def test_decisions_are_made_readable_when_they_are_asked_for() -> None:
    verdict: Any = Verdict(Grade.OK, 0.5, {Grade.OK: 0.5, Grade.REVISE: 0.5}, "rules", "because")
    result = Result(
        "r",
        "done",
        Note(),
        decided=(("k", "OK", verdict, ("OK", "REVISE")), ("m", None, None, ())),
    )

    first, second = result.decisions
    chances = {"OK": 0.5, "REVISE": 0.5}
    assert first == Decision("k", "OK", 0.5, chances, "rules", "because", ("OK", "REVISE"))
    assert second == Decision("m", None)
    assert result.decisions is result.decisions


def test_a_failure_can_be_compared_and_hashed_whatever_it_changed() -> None:
    error = KeyError("x")
    one = Failure("a", error, 1, 2, {"text": "x"})

    assert one == Failure("a", error, 1, 2, MappingProxyType({"text": "x"}))
    assert hash(one) == hash(Failure("a", error, 1, 2))


def test_events_made_the_short_way_are_those_made_the_long_way() -> None:
    assert story.node_started("a", 2, 3) == NodeStarted("a", 2, 3)
    assert story.node_done("a", {"text": "x"}, 2, 3) == NodeDone("a", {"text": "x"}, 2, 3)
    assert story.decided("k", None, 0.5) == Decided("k", None, 0.5)
