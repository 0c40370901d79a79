"""Plays one trial on the real runner, in a simulated loop; it judges nothing."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, Final

from agentgraph.errors import RunError, RunFailed
from agentgraph.events import OpenQuestion, Result
from agentgraph.machine import Event
from agentgraph.runtime import Budget, Program, RunOptions
from agentgraph.runtime.launch import Run
from agentgraph.runtime.session import Session
from agentgraph.testing.fakes import Stage, Trial
from agentgraph.testing.retelling import Moment, moments
from agentgraph.testing.simulation import Schedule, SimulatedLoop

STEPS: Final = 2_000
"""A simulated run may take so many steps of agents and classifiers."""


@dataclass
class Outcome:
    """What came of a trial."""

    program: Program
    trial: Trial
    """With all that it left open: what was answered, and how the schedule went."""
    services: object
    facts: list[Event] = field(default_factory=list[Event])
    """What the machine was told."""
    result: Result[Any] | None = None
    error: BaseException | None = None
    """What the run failed with, or what no run may end with, such as `Deadlock`."""
    left: tuple[str, ...] = ()
    """Tasks that outlived the run."""
    deaf: str = ""
    """Who went on when it was cancelled."""

    @cached_property
    def told(self) -> list[Moment]:
        """What the facts did, step by step."""
        return [*moments(self.program, self.facts)]

    @property
    def status(self) -> str:
        """How the run ended."""
        return self.result.status if self.result is not None else "broken"


class _Journal(list[Event]):
    """The facts as they are recorded; when there are so many, the run is cancelled."""

    def __init__(self, cancel: int | None) -> None:
        super().__init__()
        self.cancel = cancel
        self.run: Run[Any]
        self.cancelling: asyncio.Task[None] | None = None

    def append(self, fact: Event) -> None:
        if len(self) == self.cancel:
            loop = asyncio.get_running_loop()
            self.cancelling = loop.create_task(self.run.cancel(), name="cancel")
        super().append(fact)


def play(stage: Stage, trial: Trial, services: Callable[[], object] | None = None) -> Outcome:
    """Play a trial to the end of its run."""
    stage.begin(trial)
    schedule = Schedule(trial.deviations, seed=trial.shuffle)
    loop = SimulatedLoop(schedule)
    outcome = Outcome(stage.program, trial, None if services is None else services())
    try:
        loop.run(_played(stage, outcome))
    except (RunError, ExceptionGroup) as raised:
        outcome.error = raised
    outcome.trial = replace(
        trial, labels=dict(stage.answered), lot=None, rare=frozenset(),
        deviations=dict(schedule.deviations), shuffle=None,
    )  # fmt: skip
    outcome.left, outcome.deaf = loop.left, stage.deaf
    return outcome


async def _played(stage: Stage, outcome: Outcome) -> None:
    """Answer what is asked until the run ends."""
    program, journal = stage.program, _Journal(outcome.trial.cancel)
    outcome.facts = journal
    options: RunOptions = {"run_id": "simulated", "budget": Budget(steps=STEPS)}
    session = Session(program, options, outcome.services, journal)
    run = journal.run = Run[Any](session, program.schema.begin(outcome.trial.state))
    try:
        outcome.result = await run.result()
        while outcome.result.status == "paused":
            await _answer(stage, run, outcome.result.questions[0])
            outcome.result = await run.result()
    except RunFailed as failed:
        outcome.result, outcome.error = failed.result, failed.__cause__
    if journal.cancelling is not None:
        await journal.cancelling
        outcome.result = await run.result()


async def _answer(stage: Stage, run: Run[Any], question: OpenQuestion) -> None:
    """Answer a question, or let its time go by."""
    options: list[str | None] = list(question.answers)
    timeout = question.timeout
    if timeout is not None:
        options.append(None)
    if not options:  # A form; of those that have no timeout the stage has the answer.
        await run.answer(stage.form(question.node, question.id), id=question.id)
        return
    label = stage.label(question.node, question.id, options)
    if label is None:
        assert timeout is not None
        await asyncio.sleep(timeout.total_seconds() + 1)
    else:
        await run.answer(stage.answer(question.node, label), id=question.id)
