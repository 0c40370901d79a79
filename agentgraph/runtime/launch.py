"""How a caller starts a run, follows it, answers it and ends it; what it does is the driver's."""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextvars import copy_context
from enum import Enum
from typing import Final, Generic, Self, TypedDict, cast, overload

from pydantic import BaseModel
from typing_extensions import TypeVar, Unpack

from agentgraph.errors import InvalidInput, NotAvailable, RunFailed, suggest, text_of
from agentgraph.events import Asked, Event, OpenQuestion, Result, RunEnded, Status
from agentgraph.machine import Cancelled
from agentgraph.machine import Event as Fact
from agentgraph.runtime.clock import Clock
from agentgraph.runtime.driver import Driver
from agentgraph.runtime.options import RunOptions
from agentgraph.runtime.policy import Budget, is_amount
from agentgraph.runtime.program import Program
from agentgraph.runtime.question import Question
from agentgraph.runtime.recorder import begin_recording
from agentgraph.runtime.session import Session, running_loop
from agentgraph.runtime.stream import Reader, Stream
from agentgraph.state import Revision

S = TypeVar("S", bound=BaseModel)
A = TypeVar("A", bound="str | bool | Enum | BaseModel")
_MISSING: Final = object()
_moving: Final[set[asyncio.Task[None]]] = set()
"""The tasks of runs that go on by themselves: an event loop alone would let them be collected."""


async def run(
    program: Program,
    state: S,
    *,
    deps: object = None,
    journal: list[Fact] | None = None,
    **options: Unpack[RunOptions],
) -> Result[S]:
    """Run a program to its end, or until only a person can go on.

    `journal` is filled with every fact that the machine is told. Raises `RunFailed` when
    the run fails, and `InvalidInput` when the state or the services do not fit.
    """
    if options:
        _check_options(options)
    initial = _initial(program, state, deps)
    session = Session(program, options, deps, journal)
    driver = Driver(session)
    driver.begin(initial)
    await driver.go()
    return cast("Result[S]", _conclude(session))


def run_sync(
    program: Program,
    state: S,
    *,
    deps: object = None,
    journal: list[Fact] | None = None,
    **options: Unpack[RunOptions],
) -> Result[S]:
    """Run without an event loop of one's own; in a notebook too, where one is running already."""
    work = run(program, state, deps=deps, journal=journal, **options)
    return asyncio.run(work) if running_loop() is None else _run_beside(work)


def _run_beside(work: Coroutine[object, object, Result[S]]) -> Result[S]:
    """Run in a thread with a loop of its own: the loop that is running here cannot run it too."""
    begun: Future[tuple[asyncio.AbstractEventLoop, asyncio.Task[object] | None]] = Future()

    async def main() -> Result[S]:
        begun.set_result((asyncio.get_running_loop(), asyncio.current_task()))
        return await work

    with ThreadPoolExecutor(1) as thread:
        running = thread.submit(copy_context().run, asyncio.run, main())
        try:
            return running.result()
        except BaseException:
            # Interrupted here, by Ctrl-C: the run must not go on, and is awaited on leaving.
            if not running.done():
                loop, task = begun.result()
                if task is not None:
                    loop.call_soon_threadsafe(task.cancel)
            raise


def start(
    program: Program,
    state: S,
    *,
    deps: object = None,
    journal: list[Fact] | None = None,
    **options: Unpack[RunOptions],
) -> "Run[S]":
    """Start a run that goes on by itself in the running event loop, and return its handle."""
    if options:
        _check_options(options)
    initial = _initial(program, state, deps)
    return Run(Session(program, options, deps, journal), initial)


class Addressed(TypedDict, total=False):
    """What may be said with an answer."""

    id: str | None
    """The question that it answers."""
    edits: Mapping[str, object] | None
    """Fields of the state that change along with it."""


class Run(Generic[S]):
    """A run under way: follow it, answer it, cancel it, await its result.

    It goes on by itself in the event loop in which it was started, and is used there. As
    an async context manager it is cancelled and awaited on leaving.
    """

    __slots__ = ("__weakref__", "_driver", "_initial", "_session", "_task")

    def __init__(self, session: Session, initial: Revision | None) -> None:
        """Start the run; made by `Workflow.start`. Without `initial` it goes on after a journal."""
        self._session = session
        self._task: asyncio.Task[None] | None = None
        self._driver: Driver | None = None
        self._initial: Revision | None = initial
        """What it begins with, which takes room that one who only waits for its turn need not have."""
        self._move(self._first())
        if initial is None:
            self._drive().take_up()

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
        return self._show(self._session.desk.listed())

    async def result(self) -> Result[S]:
        """Wait until the run pauses or ends. Raises `RunFailed` when it failed."""
        await self._settled()
        result = _conclude(self._session)
        self._show(result.questions)
        if not self._is_moving:
            self._rest()
        return cast("Result[S]", result)

    async def cancel(self, *, undo: bool = False) -> None:
        """Cancel the run and await its nodes; with `undo` what was completed is compensated."""
        self._check_loop()
        if self._session.status in {"running", "paused", "exhausted"}:
            self._drive().feed(Cancelled(undo))
        await self._settled()

    async def fund(self, budget: Budget) -> None:
        """Let a run that is `exhausted` go on under a larger budget, which counts from its start."""
        self._check_loop()
        if self._session.status != "exhausted" or not self._session.marking.held:
            what = f"run {self.id!r} does not wait for a larger budget: it is {self.status}"
            raise NotAvailable(what, where="run.fund", fix="fund a run that its budget has stopped")
        self._drive().fund(budget)

    @overload
    async def answer(
        self, value: str | bool | Enum | BaseModel, /, **how: Unpack[Addressed]
    ) -> None: ...
    @overload
    async def answer(
        self, question: Question[A], value: A, /, **how: Unpack[Addressed]
    ) -> None: ...
    async def answer(
        self,
        first: object,
        second: object = _MISSING,
        /,
        *,
        id: str | None = None,
        edits: Mapping[str, object] | None = None,
    ) -> None:
        """Answer an open question: by its id, by the question, or the one shown last.

        Raises `AnswerRefused` when the answer cannot be taken, `UnknownQuestion` when no such
        question is open; the run is then as it was.
        """
        self._check_loop()
        question, value = (None, first) if second is _MISSING else (first, second)
        waiting = self._session.desk.find(question, id, value)
        if waiting is not None:
            self._drive().answer(waiting, value, edits)

    def fork(self, at: int, *, edit: Callable[[S], None] | None = None) -> "Run[S]":
        """Start a second run from an earlier step, with its state edited; needs a store."""
        what = f"this run keeps no history to fork at step {at}"
        fix = "start it again from its input; stores come with durable runs"
        raise NotAvailable(what, where=f"run {self.id!r}", fix=fix)

    def __aiter__(self) -> AsyncIterator[Event[S]]:
        """Tell the events of the run until it pauses or ends; iterate again after an answer.

        What happened before somebody first listened is not told, but for the state that
        the run began with and the questions that are open.
        """
        self._check_loop()
        self._drive()
        stream = self._stream()
        if stream.reader is None:
            self._session.tell_beginning(stream.events.append)
            if not self._is_moving:
                stream.events.append(RunEnded(cast("Result[S]", self._session.result())))
        return Reader(stream, lambda: not self._is_moving, self._see, self._settled)

    def record(self, write: Callable[[str], object]) -> None:
        """Write the run as JSON Lines, a line for each event and each way of a token.

        `write` is called at once with each line, its end included: give it `file.write`, or
        `lines.append`. `agentgraph.events.recorded` reads them. What happened before is
        written as far as it is known; so record right after `start`.
        """
        self._check_loop()
        self._drive()
        if self._stream().note is not None:
            fix = "record it once, and let `write` hand each line on to whoever needs it"
            raise NotAvailable(f"run {self.id!r} is recorded already", where="run.record", fix=fix)
        self._stream().note = begin_recording(self._session, write, is_over=not self._is_moving)

    def _stream(self) -> Stream[S]:
        if self._session.stream is None:
            self._session.stream = Stream()
        return self._session.stream

    async def __aenter__(self) -> Self:
        """Return the run itself."""
        return self

    async def __aexit__(self, *_: object) -> None:
        """Cancel what still runs, and await it."""
        await self.cancel()

    def _see(self, event: Event[S]) -> None:
        """Note what the reader of the events has seen of questions."""
        if isinstance(event, Asked):
            self._session.desk.show([event.id])
        elif isinstance(event, RunEnded):
            self._show(event.result.questions)

    def _show(self, questions: tuple[OpenQuestion, ...]) -> tuple[OpenQuestion, ...]:
        if questions:
            self._session.desk.show([question.id for question in questions])
        return questions

    def _check_loop(self) -> None:
        if asyncio.get_running_loop() is not self._session.loop:
            what = f"run {self.id!r} belongs to another event loop"
            where = "a run that was started in another event loop or thread"
            fix = "use it where it was started, or start it here"
            raise NotAvailable(what, where=where, fix=fix)

    def _drive(self) -> Driver:
        """Return the driver; a run that waits needs none."""
        if self._driver is None:
            self._driver = Driver(self._session, self._again)
        if self._initial is not None:
            initial, self._initial = self._initial, None
            self._driver.begin(initial)
        return self._driver

    def _rest(self) -> None:
        """Keep no more than must be kept while only a person can go on."""
        if self.status == "paused":
            if self._driver is not None and not self._driver.is_needed:
                self._driver = None
            self._session.rest()

    async def _first(self) -> None:
        # A task that was made right after this one, to follow the run, shall miss nothing.
        await asyncio.sleep(0)
        await self._go()

    async def _go(self) -> None:
        await self._drive().go()
        self._rest()

    def _again(self) -> None:
        if self._task is None or self._task.done():
            self._move(self._go())

    @property
    def _is_moving(self) -> bool:
        """Not yet `_stopped`."""
        return self._task in _moving

    def _move(self, going: Coroutine[object, object, None]) -> None:
        self._task = self._session.loop.create_task(going, name=self.id)
        _moving.add(self._task)
        self._task.add_done_callback(self._stopped)

    def _stopped(self, task: asyncio.Task[None]) -> None:
        """The run has paused or ended, or its task was cancelled before it began."""
        _moving.discard(task)
        if not _moving:
            _moving.clear()  # An empty set keeps its room, else.
        if task is not self._task:
            return  # An answer came in the same moment, and the run is under way again.
        has_fallen = not task.cancelled() and task.exception() is not None
        stream = self._session.stream
        if stream is not None and not has_fallen and self.status != "running":
            stream.put(RunEnded(self._session.result()))
        if stream is not None:
            stream.news.set()
        if not has_fallen and not task.cancelled():
            self._task = None

    async def _settled(self) -> None:
        self._check_loop()
        while self._task is not None and not self._task.done():
            await asyncio.wait([self._task])
        task = self._task
        if task is not None and not (task.cancelled() and self.status != "running"):
            task.result()


def _check_options(options: Mapping[str, object]) -> None:
    """Refuse what could never be meant: of these no type checker may have looked at them."""
    known = RunOptions.__annotations__
    for name in options:
        if name not in known:
            fix = suggest(name, known, f"the options are {', '.join(sorted(known))}")
            raise InvalidInput(f"a run has no option {name!r}", where=f"{name}=", fix=fix)
    at_once, budget = options.get("concurrency"), options.get("budget")
    if at_once is not None and not is_amount(at_once, least=1, whole=True):
        what = f"the run may do {at_once!r} things at once"
        fix = "give a number from 1 up, or None for no limit"
        raise InvalidInput(what, where="concurrency=", fix=fix)
    if not (budget is None or isinstance(budget, Budget)):
        fix = "give it Budget(...), or None for no limit"
        raise InvalidInput(f"the budget of the run is {budget!r}", where="budget=", fix=fix)
    clock = options.get("clock")
    if not (clock is None or isinstance(clock, Clock)):
        fix = "give it an object with `time` and `call_at`, or None for the clock of the event loop"
        raise InvalidInput(f"the clock of the run is {clock!r}", where="clock=", fix=fix)
    if options.get("store") is not None:
        raise NotAvailable(
            "a run cannot be stored yet",
            where="store=",
            fix="leave `store` out: the run then lives in this process",
        )


def _initial(program: Program, state: BaseModel, deps: object) -> Revision:
    """Return the first revision: a copy, so that the caller's object is never changed."""
    model = program.model
    name = program.graph.name
    if type(state) is not model and not isinstance(state, model):
        what = f"workflow {name!r} works on {model.__name__}, not on {type(state).__name__}"
        where = f"the state given to workflow {name!r}"
        raise InvalidInput(what, where=where, fix=f"give it {model.__name__}(...)")
    if program.deps is not None and deps is None:
        what = f"workflow {name!r} needs its services, {program.deps.__name__}"
        where = f"the call that runs workflow {name!r}"
        raise InvalidInput(what, where=where, fix=f"give it deps={program.deps.__name__}(...)")
    return program.schema.begin(state)


def _conclude(session: Session) -> Result[BaseModel]:
    """Return the result, or raise it when the run failed."""
    result = session.result()
    if result.status != "failed":
        return result
    cause = result.errors[0]
    trouble = session.marking.troubles[0]
    what = (
        f"workflow {session.program.graph.name!r} failed at {trouble.path!r}: "
        f"{type(cause).__name__}: {text_of(cause)}"
    )
    fix = "look at the cause above; `result` holds the last good state"
    raise RunFailed(what, where=f"run {session.run_id!r}", fix=fix, result=result) from cause
