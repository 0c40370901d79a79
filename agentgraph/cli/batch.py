"""Many runs of one workflow, some at a time; what is printed of them is not decided here.

Rules of this file:

1. A run that fails, or an input that is none, never stops the others.
2. When the command is interrupted every run under way is cancelled and awaited, and what was
   completed is told.
3. Questions are put when no other run can go on; those of one run in the order asked.
"""

import asyncio
from asyncio import CancelledError
from collections.abc import Callable, Coroutine, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Protocol, cast

from pydantic import BaseModel

from agentgraph.cli.answering import Answers, Interrupted, Unanswered, ask, give
from agentgraph.cli.inputs import Inputs, Record, state_of
from agentgraph.cli.outcome import Outcome, outcome_of, refused
from agentgraph.errors import AgentGraphError, AnswerRefused, InvalidInput, RunFailed
from agentgraph.events import Event, Result
from agentgraph.render import Tally
from agentgraph.runtime import Budget, Program, Run, start


class Audience(Protocol):
    """Who is told how it goes on."""

    def heard(self, event: Event[BaseModel]) -> None:
        """Something was told of the only run."""
        ...

    def ended(self, outcome: Outcome) -> None:
        """A run has ended, or an input was none."""
        ...

    def pause(self) -> None:
        """A person is asked now: leave the terminal to them."""
        ...

    def stopping(self) -> None:
        """The command was interrupted, and the nodes under way are being cancelled."""
        ...


@dataclass(frozen=True, slots=True)
class Settings:
    """How the runs of a command are run."""

    concurrency: int = 8
    """How many runs at once."""
    budget: Budget | None = None
    seed: int = 0
    deps: object = None
    answers: Answers = field(default_factory=Answers)
    has_person: bool = False
    """Somebody sits at the terminal and may be asked."""
    keep_states: bool = False
    """The results are printed whole, so they are kept."""
    record: Callable[[str], object] | None = None
    """Where the runs are written down as they go."""


@dataclass(slots=True)
class _Open:
    """A run that is paused, while the others go on."""

    record: Record
    run: Run[BaseModel]
    result: Result[BaseModel]


@dataclass(slots=True)
class Batch:
    """The runs of one command."""

    program: Program
    settings: Settings
    audience: Audience
    traffic: Tally
    """What all runs did, for a picture."""
    interrupted: bool = False
    is_abandoned: bool = False
    """Nodes are still at work that did not end when they were cancelled."""
    under_way: int = 0
    """How many runs have begun and not ended."""
    _paused: list[_Open] = field(default_factory=list[_Open])
    _records: Iterator[Record] = field(default_factory=lambda: iter(()))

    def go(self, inputs: Inputs) -> None:
        """Run all inputs to their ends, or until the command is interrupted."""
        runner = asyncio.Runner()
        try:
            runner.run(self._all(inputs))
        except BaseExceptionGroup as group:
            # Nothing of a run comes here, only what is wrong with all of them, or with us.
            raise group.exceptions[0] from None
        except KeyboardInterrupt:
            # The second Ctrl-C: the loop stays open, since to close it waits for its tasks.
            self.interrupted = self.is_abandoned = True
        finally:
            if not self.is_abandoned:
                runner.close()

    async def _all(self, inputs: Inputs) -> None:
        self._records = iter(inputs.records)
        await self._guarded(self._without_person(inputs))
        self._paused.sort(key=lambda paused: paused.record.number)
        for paused in self._paused:
            if self.settings.has_person and not self.interrupted:
                await self._guarded(self._with_person(paused))
            else:
                await self._end(paused.record, paused.run)

    async def _guarded(self, work: Coroutine[object, object, None]) -> None:
        """Do a part of the work; Ctrl-C, which cancels this task, ends it and is remembered."""
        try:
            await work
        except (CancelledError, Interrupted):
            self.interrupted = True

    async def _without_person(self, inputs: Inputs) -> None:
        """Run everything as far as it goes by itself."""
        workers = min(self.settings.concurrency, inputs.total or self.settings.concurrency)
        async with asyncio.TaskGroup() as group:
            for _ in range(max(workers, 1)):
                group.create_task(self._work(is_only=inputs.total == 1))

    async def _work(self, *, is_only: bool) -> None:
        # One iterator for all workers: whoever is free takes the next record.
        for record in self._records:
            run = self._begin(record)
            if run is None:
                continue
            try:
                await self._settle(record, run, is_told=is_only)
            except CancelledError:
                self.audience.stopping()
                await run.cancel()
                await self._end(record, run)
                raise
            # A run that never waits would keep the loop from Ctrl-C.
            await asyncio.sleep(0)

    def _begin(self, record: Record) -> Run[BaseModel] | None:
        """Start the run of a record, or tell why there is none."""
        settings = self.settings
        try:
            if record.error is not None:
                raise record.error
            run = start(
                self.program,
                state_of(self.program.model, record),
                deps=settings.deps,
                budget=settings.budget,
                seed=settings.seed + record.number,
            )
        except InvalidInput as error:
            self.audience.ended(refused(record, error))
            return None
        self.under_way += 1
        if settings.record is not None:
            run.record(settings.record)
        return run

    async def _settle(self, record: Record, run: Run[BaseModel], *, is_told: bool) -> None:
        """Wait until a run has ended, or asks what only a person can answer."""
        used: dict[str, int] = {}
        while True:
            if is_told:
                await self._follow(run)
            result, error = await _result(run)
            if result.status != "paused":
                return self._told(record, result, error)
            if not await self._answered(run, result, used):
                self._paused.append(_Open(record, run, result))
                return None

    async def _follow(self, run: Run[BaseModel]) -> None:
        async for event in run:
            self.audience.heard(event)

    async def _answered(
        self, run: Run[BaseModel], result: Result[BaseModel], used: dict[str, int]
    ) -> bool:
        """Give what `--answer` says; False: it has no answer for any open question."""
        has_answered = False
        for question in result.questions:
            text = self.settings.answers.next(question, used)
            if text is not None:
                has_answered = True
                # Refused is only what came too late: what was typed has been checked before.
                with suppress(AnswerRefused):
                    await give(run, self.program, question, text)
        return has_answered

    async def _with_person(self, paused: _Open) -> None:
        """Ask the person until the run ends, or they leave a question open."""
        record, run = paused.record, paused.run
        self.audience.pause()
        try:
            while True:
                result, error = await _result(run)
                if result.status != "paused":
                    return self._told(record, result, error)
                await ask(run, self.program, result.questions[0])
        except Unanswered:
            await self._end(record, run)
        except (CancelledError, Interrupted):
            await run.cancel()
            await self._end(record, run)
            raise

    async def _end(self, record: Record, run: Run[BaseModel]) -> None:
        """Tell how a run stands that nothing will move any more."""
        result, error = await _result(run)
        self._told(record, result, error)

    def _told(
        self, record: Record, result: Result[BaseModel], error: AgentGraphError | None
    ) -> None:
        self.under_way -= 1
        self.traffic.add(result)
        keep = self.settings.keep_states
        self.audience.ended(outcome_of(record, result, error, keep=keep))


async def _result(run: Run[BaseModel]) -> tuple[Result[BaseModel], AgentGraphError | None]:
    """Return the result of a run, whether it failed or not."""
    try:
        return await run.result(), None
    except RunFailed as error:
        return cast("Result[BaseModel]", error.result), error
