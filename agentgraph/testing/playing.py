"""Plays one trial on the real runner, in a simulated loop; it judges nothing.

A crash is played as it happens: the facts that were recorded by then are in a store, and another
session, in a loop of its own, takes up what the store gives back. What nodes did outside (`deps`)
stays done. The store is called between the two loops, so it may be a real one.
"""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, Final
from uuid import uuid4

from agentgraph.errors import RunError, RunFailed
from agentgraph.events import OpenQuestion, Result
from agentgraph.machine import Asked, Event, Marking, advance
from agentgraph.runtime import Budget, Program, RunOptions
from agentgraph.runtime.journal import DoesNotSurvive, read, written
from agentgraph.runtime.launch import Run
from agentgraph.runtime.session import Session
from agentgraph.store import MemoryStore, RunTaken, Store
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


class Crashed(SystemExit):
    """The simulated process has died: whatever loop it is raised in comes to its end."""


class _Journal(list[Event]):
    """The facts as they are recorded; when there are so many, the run is cancelled, or its process dies."""

    session: Session
    run: Run[Any]
    cancelling: asyncio.Task[None] | None = None
    is_dead: bool = False

    def __init__(self, stage: Stage, trial: Trial) -> None:
        super().__init__()
        self._stage = stage
        self._trial = trial
        self._asked = set[str]()
        self.people: list[asyncio.Task[None]] = []
        """Those who answer what was asked, one for each question."""

    def append(self, fact: Event) -> None:
        if len(self) == self._trial.crash:
            self.is_dead = True
            raise Crashed
        loop = asyncio.get_running_loop()
        if len(self) == self._trial.cancel:
            self.cancelling = loop.create_task(self.run.cancel(), name="cancel")
        super().append(fact)
        if isinstance(fact, Asked):
            self.people.append(loop.create_task(self._answer(), name="answer"))

    async def _answer(self) -> None:
        for question in self.run.questions:
            if question.id not in self._asked:
                self._asked.add(question.id)
                await _reply(self._stage, self.run, question)


def play(
    stage: Stage,
    trial: Trial,
    services: Callable[[], object] | None = None,
    store: Store | None = None,
) -> Outcome:
    """Play a trial to the end of its run; what must outlive a crash goes through the store."""
    stage.begin(trial)
    schedule, journal = Schedule(trial.deviations, seed=trial.shuffle), _Journal(stage, trial)
    loop = SimulatedLoop(schedule)
    outcome = Outcome(stage.program, trial, None if services is None else services())
    try:
        with suppress(Crashed):
            loop.run(_played(stage, outcome, journal))
        if journal.is_dead:
            facts = _survivors(journal, store)
            loop = SimulatedLoop(schedule, now=loop.time())
            next_ = _Journal(stage, replace(trial, crash=None))
            loop.run(_played(stage, outcome, next_, journal.session, facts))
    except (RunError, ExceptionGroup) as raised:
        outcome.error = raised
    outcome.trial = replace(
        trial, labels=dict(stage.answered), lot=None, known=frozenset(),
        deviations=dict(schedule.deviations), shuffle=None,
    )  # fmt: skip
    outcome.left, outcome.deaf = loop.left, stage.deaf
    return outcome


async def _played(
    stage: Stage,
    outcome: Outcome,
    journal: _Journal,
    dead: Session | None = None,
    facts: Sequence[str] = (),
) -> None:
    """Answer what is asked until the run ends; it goes on where one has died, after these facts."""
    program, outcome.facts = stage.program, journal
    options: RunOptions = {"run_id": "simulated", "budget": Budget(steps=STEPS)}
    session = journal.session = Session(program, options, outcome.services, journal)
    initial = program.schema.begin(outcome.trial.state) if dead is None else None
    if dead is not None:
        session.take_over(dead)
    for fact in facts:
        session.tell(read(fact, session.marking, program.schema))
    run = journal.run = Run[Any](session, initial)
    try:
        outcome.result = await run.result()
        while outcome.result.status == "paused":
            await asyncio.gather(*journal.people)
            if run.status == "paused":  # Nobody answers: the time of the questions goes by.
                times = [each.timeout for each in run.questions if each.timeout is not None]
                await asyncio.sleep(max(times).total_seconds() + 1)
            outcome.result = await run.result()
    except RunFailed as failed:
        outcome.result, outcome.error = failed.result, failed.__cause__
    if journal.cancelling is not None:
        await journal.cancelling
        outcome.result = await run.result()


def _survivors(journal: _Journal, store: Store | None) -> Sequence[str]:
    """Write down what was recorded, and return what the store gives to the next process."""
    program, facts = journal.session.program, list[str]()
    marking = Marking(program.plan)
    for fact in journal:
        facts.append(written(fact, marking, program.schema))
        advance(marking, fact)
    # A real store needs a real loop.
    run = SimulatedLoop().run if store is None else asyncio.run
    return run(_kept(store or MemoryStore(), facts))


async def _kept(store: Store, facts: Sequence[str]) -> Sequence[str]:
    """Let a process keep its facts and die, and the one that goes on read them."""
    run_id = uuid4().hex
    token = await store.create(run_id)
    for number, fact in enumerate(facts):
        await store.append(run_id, token, number, [fact])
    await store.claim(run_id)
    found = [*await store.load(run_id)]
    wrong = "" if found == facts else "gives back other facts than it was given"
    with suppress(RunTaken):
        await store.append(run_id, token, len(facts), facts[-1:])
        wrong = wrong or "lets a process write to a run that another has claimed"
    if wrong:
        fix = "look at what the protocol asks of it (agentgraph.store.Store)"
        raise DoesNotSurvive(f"the store {wrong}", where="the store of the check", fix=fix)
    return found


async def _reply(stage: Stage, run: Run[Any], question: OpenQuestion) -> None:
    """Answer a question, or do not: then its time goes by."""
    options: list[str | None] = [*question.answers] or [""]  # A form has no labels.
    if question.timeout is not None:
        options.append(None)
    label = stage.label(question.id, options)
    if label is not None:
        is_form = not question.answers
        give = (
            stage.form(question.node, question.id)
            if is_form
            else stage.answer(question.node, label)
        )
        await run.answer(give, id=question.id)
