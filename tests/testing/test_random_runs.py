"""Random workflows on the real runner: nothing is found in them, and two interpreters tell their runs."""

from itertools import count
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from agentgraph import Workflow
from agentgraph.machine import (
    Decided,
    Entered,
    Event,
    Failed,
    Finished,
    Listed,
    Marking,
    Started,
    Stopped,
    advance,
    path_of,
    replay,
)
from agentgraph.testing import Journal, workflows
from agentgraph.testing.fakes import Stage, Trial
from agentgraph.testing.playing import Outcome, play
from tests.machine.brute import Brute
from tests.machine.duel import compare
from tools.false_findings import examine

FIRST = {"run", "choose", "poll", "item", "list", "ask", "enter"}


def in_words(made: Workflow[Any, Any], outcome: Outcome) -> list[str]:
    """Write the facts of a run as the second interpreter reads them."""
    marking, numbers, told = Marking(made.program.plan), count(), list[str]()
    for fact in outcome.facts:
        task = marking.live.get(getattr(fact, "ticket", 0))
        if isinstance(fact, Started):
            told.append("start")
        elif task is not None:
            path = path_of(marking, task)
            where = path if task.verb in FIRST else f"{path}!{task.verb}"
            told.append(f"{where} {answer(fact, next(numbers))}")
        advance(marking, fact)
    return told


def answer(fact: Event, number: int) -> str:
    match fact:
        case Finished():
            return f"done r{number}"
        case Decided(_, label, confidence):
            return f"says {label or 'nothing'} {confidence}"
        case Listed(_, items):
            return f"lists {len(items)}"
        case Entered():
            return "entered"
        case Failed(_, error, _):
            return f"failed {type(error).__name__}"
        case Stopped():
            return "stopped"
        case _:
            raise AssertionError(fact)


@settings(max_examples=25)
@given(workflows(), st.integers(0, 9), st.integers(0, 99))
def test_both_interpreters_tell_a_real_run(made: Any, points: int, seed: int) -> None:
    outcome = play(
        Stage(made.program, "real", "real"), Trial(Journal(points=points), shuffle=f"{seed}")
    )
    words, brute = in_words(made, outcome), Brute(made.graph)

    for each in words:
        brute.tell(each)

    assert compare(made.graph, words) is None
    assert replay(made.program.plan, outcome.facts).status == brute.state().split()[0] == "done"
    assert outcome.status == "done"


@settings(max_examples=8, suppress_health_check=[HealthCheck.nested_given])
@given(workflows(max_nodes=10))
def test_nothing_is_found_in_random_workflows(made: Any) -> None:
    assert examine(made) > 0
