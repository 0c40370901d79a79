"""People in simulated runs: a question is answered in time, beside other work, or not at all."""

import asyncio
from datetime import timedelta
from typing import Any, Literal

import pytest
from pydantic import BaseModel

from agentgraph import Ask, State, human, node, workflow
from agentgraph.errors import AnswerRefused
from agentgraph.testing import check, sometimes
from agentgraph.testing.fakes import Stage, Trial
from agentgraph.testing.playing import play


class Note(State):
    at: list[str] = []
    slow: bool = False
    late: bool = False


class Address(BaseModel):
    town: str


@human
def approve(s: Note) -> Ask[Literal["yes", "no"]]:
    return Ask(show=s.at, timeout=timedelta(minutes=30), on_timeout="no")


@human
def where(s: Note) -> Ask[Address]:
    return Ask(show=s.at, timeout=timedelta(minutes=30))


@where.save
def filled(s: Note, form: Address) -> None:
    s.at = [form.town]


async def takes_an_hour(s: Note) -> None:
    await asyncio.sleep(3600)
    s.slow = True


async def takes_a_minute(s: Note) -> None:
    await asyncio.sleep(60)


def yes(s: Note) -> None:
    s.at = ["yes"]


def no(s: Note) -> None:
    s.at = ["no"]


def late(s: Note) -> None:
    s.late = True


answers: Any = {"yes": node(yes), "no": node(no)}
slow = node(name="slow")(takes_an_hour)


def test_beside_a_slow_branch_an_answer_comes_in_time_or_not_at_all() -> None:
    made = workflow("beside", Note, slow | approve.route(answers))
    both = [sometimes("approve -> yes"), sometimes("approve -> no"), sometimes("slow")]

    check(made, agents="real", invariants=both, folder=None, examples=2)


def test_who_is_first_in_a_race_with_a_person_is_tried_both_ways() -> None:
    made = workflow(
        "race", Note, (node(name="minute")(takes_a_minute) | approve.route(answers)).join(1)
    )
    both = [sometimes("minute"), sometimes("approve -> yes")]

    check(made, agents="real", invariants=both, folder=None, examples=2)


def test_a_form_with_a_timeout_is_filled_in_or_left() -> None:
    made = workflow("form", Note, (slow | filled).catch(TimeoutError, node(late)))
    both = [sometimes("where"), sometimes("late")]

    check(made, agents="real", invariants=both, folder=None, examples=2)


def test_a_question_that_expires_is_told_with_what_came_of_it() -> None:
    questions: list[Any] = [approve.route(answers), filled.catch(TimeoutError, node(late))]
    told = [
        play(
            Stage(workflow("q", Note, each).program, "real", "any"),
            Trial(Note(), labels={"approve#1": None, "where#1": None}),
        ).told[1:3]
        for each in questions
    ]

    assert [[moment.label for moment in run] for run in told] == [["no", None], [None, None]]
    assert [[type(moment.error).__name__ for moment in run] for run in told] == [
        ["NoneType", "NoneType"],
        ["QuestionExpired", "NoneType"],
    ]
    assert told[1][1].done == ()


def test_an_answer_that_is_refused_is_what_the_run_is_judged_by(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(Stage, "answer", lambda *_: "perhaps")
    stage = Stage(workflow("one", Note, approve.route(answers)).program, "real", "any")

    outcome = play(stage, Trial(Note()))

    assert isinstance(outcome.error, AnswerRefused)
