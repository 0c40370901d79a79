"""How a caller starts a run, follows it, answers it and ends it; what it does is the driver's."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from enum import Enum
from functools import partial
from types import TracebackType
from typing import Generic, Self, cast, overload

from pydantic import BaseModel
from typing_extensions import TypeVar

from agentgraph.errors import InvalidInput, NotAvailable, RunFailed
from agentgraph.events import Event, OpenQuestion, Result, RunEnded, RunStarted, Status
from agentgraph.machine import Cancelled, Command
from agentgraph.machine import Event as Fact
from agentgraph.runtime.clock import Clock
from agentgraph.runtime.desk import fact_of
from agentgraph.runtime.driver import Driver
from agentgraph.runtime.policy import Budget, limits_of
from agentgraph.runtime.program import Program
from agentgraph.runtime.question import Question
from agentgraph.runtime.session import Options, Session
from agentgraph.runtime.stream import Stream
from agentgraph.state import Revision, schema_of

S = TypeVar("S", bound=BaseModel)
A = TypeVar("A", bound="str | bool | Enum | BaseModel")


async def run(
    program: Program,
    state: S,
    *,
    deps: object = None,
    budget: Budget | None = None,
    run_id: str | None = None,
    thread_id: str | None = None,
    tags: Mapping[str, str] | None = None,
    concurrency: int | None = None,
    clock: Clock | None = None,
    seed: int = 0,
    journal: list[Fact] | None = None,
) -> Result[S]:
    """Run a program to its end, or until only a person can go on.

    `journal` is filled with every fact that the machine is told. Raises `RunFailed` when
    the run fails, and `InvalidInput` when the state or the services do not fit.
    """
    options = _options(
        deps, budget, run_id, thread_id, tags, concurrency=concurrency, clock=clock, seed=seed
    )
    initial = _initial(program, state, deps)
    session = Session(program, options, journal)
    await Driver(session).go(initial)
    return cast("Result[S]", _conclude(session))


def run_sync(
    program: Program,
    state: S,
    *,
    deps: object = None,
    budget: Budget | None = None,
    run_id: str | None = None,
    thread_id: str | None = None,
    tags: Mapping[str, str] | None = None,
    concurrency: int | None = None,
    clock: Clock | None = None,
    seed: int = 0,
    journal: list[Fact] | None = None,
) -> Result[S]:
    """Run without an event loop of one's own; in a notebook too, where one is running already."""
    work = run(
        program,
        state,
        deps=deps,
        budget=budget,
        run_id=run_id,
        thread_id=thread_id,
        tags=tags,
        concurrency=concurrency,
        clock=clock,
        seed=seed,
        journal=journal,
    )
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return asyncio.run(work)
    # A loop that is running cannot run this one too, so a thread with a loop of its own does.
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(partial(copy_context().run, asyncio.run, work)).result()


def start(
    program: Program,
    state: S,
    *,
    deps: object = None,
    budget: Budget | None = None,
    run_id: str | None = None,
    thread_id: str | None = None,
    tags: Mapping[str, str] | None = None,
    concurrency: int | None = None,
    clock: Clock | None = None,
    seed: int = 0,
    journal: list[Fact] | None = None,
) -> "Run[S]":
    """Start a run that goes on by itself in the running event loop, and return its handle."""
    options = _options(
        deps, budget, run_id, thread_id, tags, concurrency=concurrency, clock=clock, seed=seed
    )
    initial = _initial(program, state, deps)
    return Run(Session(program, options, journal), initial)


class Run(Generic[S]):
    """A run under way: follow it, answer it, cancel it, await its result.

    As an async context manager it is cancelled and awaited on leaving.
    """

    def __init__(self, session: Session, initial: Revision) -> None:
        """Start the run; made by `Workflow.start`."""
        self._session = session
        self._driver = Driver(session)
        self._driver.restart = self._go_on
        self._initial = initial
        self._task: asyncio.Task[None] = asyncio.get_running_loop().create_task(self._begin())

    @property
    def id(self) -> str:
        """The id of the run."""
        return self._session.run_id

    @property
    def status(self) -> Status:
        """How the run stands now."""
        return self._session.status

    @property
    def questions(self) -> tuple[OpenQuestion, ...]:
        """The questions that are open now."""
        return self._session.questions()

    async def result(self) -> Result[S]:
        """Wait until the run pauses or ends. Raises `RunFailed` when it failed."""
        await self._settled()
        return cast("Result[S]", _conclude(self._session))

    async def cancel(self, *, undo: bool = False) -> None:
        """Cancel the run and await its nodes; with `undo` what was completed is compensated."""
        if self._session.status in {"running", "paused"}:
            self._driver.feed(Cancelled(undo))
        await self._settled()

    @overload
    async def answer(
        self,
        value: str | bool | Enum | BaseModel,
        /,
        *,
        id: str | None = None,
        edits: Mapping[str, object] | None = None,
    ) -> None: ...
    @overload
    async def answer(
        self,
        question: Question[A],
        value: A,
        /,
        *,
        id: str | None = None,
        edits: Mapping[str, object] | None = None,
    ) -> None: ...
    async def answer(
        self, *args: object, id: str | None = None, edits: Mapping[str, object] | None = None
    ) -> None:
        """Answer an open question: by its id, by the question, or the one shown last.

        `edits` are fields of the state that change along with the answer. Raises
        `AnswerRefused` when the answer cannot be taken, `UnknownQuestion` when no such
        question is open; the run is then as it was.
        """
        question, value = args if len(args) > 1 else (None, args[0])
        waiting = self._session.desk.find(question, id, value)
        if waiting is not None:
            fact = fact_of(waiting, value, edits)
            self._driver.answered(waiting, fact, value)

    def fork(self, at: int) -> "Run[S]":
        """Start a second run from an earlier step; needs a store."""
        raise NotAvailable(
            f"this run keeps no history to fork at step {at}",
            where=f"run {self.id!r}",
            fix="start it again from its input; stores come with durable runs",
        )

    async def __aiter__(self) -> AsyncIterator[Event[S]]:
        """Tell the events of the run until it pauses or ends; iterate again after an answer."""
        stream = self._session.stream
        if stream is None:
            stream = self._session.stream = Stream()
            if self._task.done():
                stream.put(RunEnded(self._session.result()))
                stream.close()
        while await stream.wait():
            while (event := stream.take()) is not None:
                self._session.desk.see(event)
                yield cast("Event[S]", event)

    async def __aenter__(self) -> Self:
        """Return the run itself."""
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        tb: TracebackType | None,
    ) -> None:
        """Cancel what still runs, and await it."""
        await self.cancel()

    async def _settled(self) -> None:
        while not self._task.done():
            await asyncio.wait([self._task])
        if not self._task.cancelled():
            self._task.result()

    async def _begin(self) -> None:
        stream = self._session.stream
        if stream is not None:
            schema = schema_of(self._session.program.model)
            stream.put(RunStarted(schema.final(self._initial)))
        try:
            await self._driver.go(self._initial)
        finally:
            self._told()

    def _go_on(self, commands: list[Command]) -> None:
        stream = self._session.stream
        if stream is not None:
            stream.reopen()
        self._task = asyncio.get_running_loop().create_task(self._rest(commands))

    async def _rest(self, commands: list[Command]) -> None:
        try:
            await self._driver.go_on(commands)
        finally:
            self._told()

    def _told(self) -> None:
        stream = self._session.stream
        if stream is not None:
            if self._session.status != "running":
                stream.put(RunEnded(self._session.result()))
            stream.close()


def _options(
    deps: object,
    budget: Budget | None,
    run_id: str | None,
    thread_id: str | None,
    tags: Mapping[str, str] | None,
    *,
    concurrency: int | None,
    clock: Clock | None,
    seed: int,
) -> Options:
    seconds = budget.seconds if budget is not None else None
    limits = limits_of(budget)
    return Options(deps, run_id, thread_id, tags or {}, limits, seconds, concurrency, clock, seed)


def _initial(program: Program, state: BaseModel, deps: object) -> Revision:
    """Return the first revision: a copy, so that the caller's object is never changed."""
    model = program.model
    name = program.graph.name
    if not isinstance(state, model):
        raise InvalidInput(
            f"workflow {name!r} works on {model.__name__}, not on {type(state).__name__}",
            where=f"the state given to workflow {name!r}",
            fix=f"give it {model.__name__}(...)",
        )
    if program.deps is not None and deps is None:
        raise InvalidInput(
            f"workflow {name!r} needs its services, {program.deps.__name__}",
            where=f"the call that runs workflow {name!r}",
            fix=f"give it deps={program.deps.__name__}(...)",
        )
    return schema_of(model).begin(state)


def _conclude(session: Session) -> Result[BaseModel]:
    """Return the result, or raise it when the run failed."""
    result = session.result()
    if result.status != "failed":
        return result
    cause = result.errors[0]
    trouble = session.marking.troubles[0]
    raise RunFailed(
        f"workflow {session.program.graph.name!r} failed at {trouble.path!r}: "
        f"{type(cause).__name__}: {cause}",
        where=f"run {session.run_id!r}",
        fix="look at the cause above; `result` holds the last good state",
        result=result,
    ) from cause
