"""Runs of the six programs that take, together, every way that there is."""

import asyncio
from dataclasses import dataclass
from typing import Any, cast

from pydantic import BaseModel

from agentgraph import Budget, RunFailed, Workflow
from agentgraph.events import Result
from agentgraph.machine import Event
from agentgraph.runtime import start
from tests.golden.built import built
from tests.golden.journal import written
from tests.golden.programs import (
    Corpus,
    Essay,
    Inbox,
    Ticket,
    Trip,
    approve,
    corpus,
    essay,
    inbox,
    line,
    support,
    trip,
)
from tests.runtime.kit import VirtualClock


@dataclass(frozen=True)
class Told:
    """One run, as it is written into a golden file."""

    title: str
    workflow: Workflow[Any]
    text: str
    result: Result[BaseModel]


@dataclass(frozen=True)
class Story:
    """How one run goes: from which state, and what a person answers."""

    title: str
    workflow: Workflow[Any]
    state: BaseModel
    answers: tuple[Any, ...] = ()
    waits_s: float = 0.0
    budget: Budget | None = None
    down_for: int = 0
    """For so many calls the line to the agents is down."""


STORIES = (
    Story(
        "a bill, approved",
        support,
        Ticket(text="charged twice"),
        ("send",),
        budget=Budget(usd=0.5, steps=40),
    ),
    Story(
        "a bill while billing is offline", support, Ticket(text="charged"), ("send",), down_for=2
    ),
    Story("a bill while billing is offline for good", support, Ticket(text="charged"), down_for=9),
    Story("a printer, and the reply is to be redone", support, Ticket(text="printer"), ("redo",)),
    Story("a greeting, and nobody answers", support, Ticket(text="hello"), waits_s=4 * 3600),
    Story("nobody is sure, and the reviewers refuse", support, Ticket(text="rude, wrong")),
    Story(
        "a bill with a budget of four steps",
        support,
        Ticket(text="charged"),
        budget=Budget(steps=4),
    ),
    Story("good in the third round", essay, Essay(topic="graph")),
    Story("never good enough", essay, Essay(topic="")),
    Story("five pages", corpus, Corpus(urls=["a", "b", "c", "d", "e"])),
    Story("no page", corpus, Corpus(urls=[])),
    Story("all is booked", trip, Trip(to="Lisbon")),
    Story("no hotel answers", trip, Trip(to="Atlantis")),
    Story("a mail, approved", inbox, Inbox(mails=["charged twice"]), ("send",)),
    Story("no mail", inbox, Inbox(mails=[])),
    Story("a bill", built, Ticket(text=" charged ")),
    Story("a bill while billing is offline for good", built, Ticket(text="charged"), down_for=9),
    Story("a printer", built, Ticket(text="printer")),
    Story("a greeting", built, Ticket(text="hello")),
    Story("nobody is sure", built, Ticket(text="hm")),
)


def tell(story: Story) -> Told:
    """Run a story, and write down what the machine was told."""
    journal: list[Event] = []
    line.down_for = story.down_for
    try:
        result = asyncio.run(_play(story, journal))
    finally:
        line.down_for = 0  # Who is next finds it as it was.
    program = story.workflow.program
    return Told(story.title, story.workflow, written(program, journal, result), result)


async def _play(story: Story, journal: list[Event]) -> Result[BaseModel]:
    clock = VirtualClock()
    going = start(
        story.workflow.program,
        story.state,
        run_id="golden",
        clock=clock,
        budget=story.budget,
        journal=journal,
    )
    try:
        result = await clock.finish(going.result())
    except RunFailed as error:
        return cast("Result[BaseModel]", error.result)
    for answer in story.answers:
        await going.answer(approve, answer)
        result = await clock.finish(going.result())
    if story.waits_s:
        await clock.advance(story.waits_s)
        result = await clock.finish(going.result())
    return result
