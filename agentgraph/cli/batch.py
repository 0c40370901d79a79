"""Many runs of one workflow, some at a time; what is printed of them is not decided here.

Rules of this file:

1. A run that fails, or an input that is none, never stops the others.
2. When the command is interrupted every run under way is cancelled and awaited, and what was
   completed is told.
3. Questions are put when no other run can go on; those of one run in the order asked.
"""

import asyncio
import signal
import sys
from asyncio import CancelledError
from collections import Counter
from collections.abc import Coroutine, Generator
from contextlib import suppress
from dataclasses import dataclass, field
from inspect import isawaitable
from math import inf
from typing import Any, Final, TextIO, cast

from pydantic import BaseModel

from agentgraph.cli.answering import Answers, Unanswered, ask
from agentgraph.cli.desk import Desk
from agentgraph.cli.inputs import Inputs, Record, state_of
from agentgraph.cli.outcome import Outcome, outcome_of, refused
from agentgraph.errors import AgentGraphError, AnswerRefused, InvalidInput, RunFailed
from agentgraph.events import Result
from agentgraph.render import Tally
from agentgraph.runtime import Program, Run, start

PATIENCE_S: Final = 60.0
"""How long, without a terminal, the end of the time of a question is waited for."""


@dataclass(slots=True)
class Batch:
    """The runs of one command."""

    program: Program
    deps: object
    answers: Answers
    desk: Desk
    traffic: Tally
    """What all runs did, for a picture."""
    record: TextIO | None = None
    """Where the runs are written down as they go."""
    interrupted: bool = False
    is_abandoned: bool = False
    """Nodes are still at work that did not end when they were cancelled."""
    under_way: int = 0
    """How many runs have begun and not ended."""
    _paused: list[tuple[Record, Run[BaseModel]]] = field(default_factory=list[Any])
    _records: Generator[Record] = field(init=False)

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
            if self.interrupted:
                signal.signal(signal.SIGINT, self._pressed_again)
            if not self.is_abandoned:
                runner.close()

    def _pressed_again(self, *_: object) -> None:
        """Remember a Ctrl-C that comes while what was completed is told, which it must not cut."""
        if self.is_abandoned:
            raise KeyboardInterrupt
        self.is_abandoned = True

    async def _all(self, inputs: Inputs) -> None:
        if isawaitable(self.deps):
            self.deps = await self.deps
        self._records = (record for record in inputs.records)
        await self._guarded(self._without_person(inputs))
        for record, run in sorted(self._paused, key=lambda paused: paused[0].number):
            if sys.stdin.isatty() and not self.interrupted:
                await self._guarded(self._with_person(record, run))
            else:
                await self._end(record, run)

    async def _guarded(self, work: Coroutine[object, object, None]) -> None:
        """Do a part of the work; Ctrl-C, which cancels this task, ends it and is remembered."""
        try:
            await work
        except CancelledError:
            self.interrupted = True

    async def _without_person(self, inputs: Inputs) -> None:
        """Run everything as far as it goes by itself."""
        async with asyncio.TaskGroup() as group:
            for _ in range(min(self.desk.options.concurrency, inputs.total)):
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
                self.desk.stopping()
                await run.cancel()
                await self._end(record, run)
                raise
            # A run that never waits would keep the loop from Ctrl-C.
            await asyncio.sleep(0)

    def _begin(self, record: Record) -> Run[BaseModel] | None:
        """Start the run of a record, or tell why there is none."""
        try:
            run = start(
                self.program,
                state_of(self.program.model, record),
                deps=self.deps,
                budget=self.desk.options.budget,
                seed=self.desk.options.seed + record.number,
            )
        except InvalidInput as error:
            self._tell(refused(record, error))
            return None
        self.under_way += 1
        if self.record is not None:
            run.record(self.record.write)
        return run

    async def _settle(self, record: Record, run: Run[BaseModel], *, is_told: bool) -> None:
        """Wait until a run has ended, or asks what only a person can answer."""
        used = Counter[str]()
        while True:
            if is_told:
                async for event in run:
                    self.desk.progress.heard(event)
            result, _ = await _result(run)
            if result.status != "paused":
                await self._end(record, run)
                break
            if not await self._answered(run, result, used) and not await self._waited(result):
                self._paused.append((record, run))
                break

    async def _answered(
        self, run: Run[BaseModel], result: Result[BaseModel], used: Counter[str]
    ) -> bool:
        """Give what `--answer` says; False: it has no answer for any open question."""
        has_answered = False
        for question in result.questions:
            for value in self.answers.next(question, used):
                has_answered = True
                # Refused is only what came too late: what was typed has been checked before.
                with suppress(AnswerRefused):
                    await run.answer(cast("str", value), id=question.id)
        return has_answered

    async def _waited(self, result: Result[BaseModel]) -> bool:
        """Where nobody can answer, wait until the time of a question is over; False: too long."""
        times = [each.timeout.total_seconds() for each in result.questions if each.timeout]
        seconds = min(times, default=inf)
        if sys.stdin.isatty() or seconds > PATIENCE_S:
            return False
        await asyncio.sleep(seconds)
        return True

    async def _with_person(self, record: Record, run: Run[BaseModel]) -> None:
        """Ask the person until the run ends, or they leave a question open."""
        self.desk.progress.pause()
        try:
            with suppress(Unanswered):
                while (result := (await _result(run))[0]).status == "paused":
                    await ask(run, self.program, result.questions[0])
        except CancelledError:
            await run.cancel()
            await self._end(record, run)
            raise
        await self._end(record, run)

    async def _end(self, record: Record, run: Run[BaseModel]) -> None:
        """Tell how a run stands that nothing will move any more."""
        result, error = await _result(run)
        self.under_way -= 1
        self.traffic.add(result)
        self._tell(outcome_of(record, result, error), result)

    def _tell(self, outcome: Outcome, result: Result[BaseModel] | None = None) -> None:
        if not self.desk.ended(outcome, result):
            self._records.close()


async def _result(run: Run[BaseModel]) -> tuple[Result[BaseModel], AgentGraphError | None]:
    """Return the result of a run, whether it failed or not."""
    try:
        return await run.result(), None
    except RunFailed as error:
        return cast("Result[BaseModel]", error.result), error
