"""One command carried out with all that may surround it; what follows is the machine's to say.

Rules of this file:

1. A function here does the work of one task and returns what it came to. Errors leave it
   as they are: the driver makes facts of them.
2. Draft, validate, commit: an attempt that fails leaves no trace.
"""

import asyncio
import inspect
from asyncio import Semaphore
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack
from contextvars import copy_context
from datetime import timedelta
from functools import cache, partial
from typing import Final, cast
from weakref import WeakKeyDictionary

from pydantic import BaseModel

from agentgraph.errors import InvalidAgent, InvalidReturn, NodeTimeout, UnknownLabel, suggest
from agentgraph.events import NodeDone, NodeFailed, NodeStarted, Verdict
from agentgraph.machine import (
    Asked,
    Completed,
    Decided,
    Entered,
    Event,
    Finished,
    ItemError,
    Listed,
    Part,
    Task,
)

from agentgraph.runtime.context import Ctx
from agentgraph.runtime.policy import pause_before
from agentgraph.runtime.program import Body, Job
from agentgraph.runtime.question import Ask
from agentgraph.runtime.session import Session
from agentgraph.runtime.watch import Carrier
from agentgraph.state import Revision, Tip

THREADS: Final = 32
"""How many sync functions may run at once beside the loop, over all runs."""
Work = Callable[[Session, Carrier, Task, Job], "asyncio.Future[Event]"]


class ItemFailed(Exception):
    """The place of a failed item in the results of an `each` with `on_error="collect"`."""

    def __init__(self, index: int, error: Exception, attempts: int) -> None:
        """Take the number of the item, what it failed with, and how often it was tried."""
        super().__init__(f"item {index} failed after {attempts} attempts: {error}")
        self.index = index
        self.error = error
        self.attempts = attempts


async def work(session: Session, carrier: Carrier, task: Task) -> Event:
    """Carry out any command in full, and return the fact that it came to."""
    job = cast("Job", task.site.handle)
    path = session.place(task)
    is_agent = task.verb in _AGENTS
    async with AsyncExitStack() as around:
        if is_agent:
            await _wait_for_turn(session, task, job, path, around)
            if session.stream is not None and task.verb in {"run", "item"}:
                session.stream.put(NodeStarted(path, task.attempt, task.visit))
            if job.timeout_s is not None:
                session.watch.begin(carrier, job.timeout_s)
                around.callback(session.watch.end, carrier)
        fact = await _DO[task.verb](session, carrier, task, path)
        if carrier.why == "timeout":
            raise timed_out(task, path)
    return fact


def timed_out(task: Task, path: str) -> NodeTimeout:
    """Make the error of an attempt that took too long."""
    limit = task.site.vertex.policy.timeout_s
    return NodeTimeout(
        f"{path!r} took longer than its {limit} s",
        where=f"node {path!r}, visit {task.visit}, attempt {task.attempt}",
        fix="raise its timeout=, retry it (on=TimeoutError), or catch TimeoutError",
    )


async def _wait_for_turn(
    session: Session, task: Task, job: Job, path: str, around: AsyncExitStack
) -> None:
    """Wait out the pause before a repetition, then for a place among those allowed at once."""
    policy = task.site.vertex.policy
    if task.attempt > 1:
        seed = f"{session.options.seed}/{path}#{task.visit}"
        pause_s = pause_before(task.attempt, first_s=policy.first_s, cap_s=policy.cap_s, seed=seed)
        await _sleep(session, pause_s)
    if session.slots is not None:
        await around.enter_async_context(session.slots)
    if job.binding.limit is not None:
        await around.enter_async_context(_places(job, job.binding.limit))


async def _sleep(session: Session, seconds: float) -> None:
    clock = session.clock
    done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
    alarm = clock.call_at(clock.time() + seconds, partial(_resolve, done))
    try:
        await done
    finally:
        alarm.cancel()


def _resolve(done: "asyncio.Future[None]") -> None:
    if not done.done():
        done.set_result(None)


_limits: "WeakKeyDictionary[asyncio.AbstractEventLoop, dict[int, tuple[Job, Semaphore]]]" = (
    WeakKeyDictionary()
)


def _places(job: Job, limit: int) -> Semaphore:
    """Return the places of a node in this event loop: a semaphore belongs to one loop."""
    of_loop = _limits.setdefault(asyncio.get_running_loop(), {})
    return of_loop.setdefault(id(job), (job, Semaphore(limit)))[1]


@cache
def _threads() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(THREADS, thread_name_prefix="agentgraph")


async def call(body: Body, arguments: Sequence[object], *, in_thread: bool = False) -> object:
    """Call a function of the user, on the loop or in a thread, and await what it gives."""
    if in_thread and not body.is_async:
        function = partial(copy_context().run, body.fn, *arguments)
        result = await asyncio.get_running_loop().run_in_executor(_threads(), function)
    else:
        result = body.fn(*arguments)
    return await result if inspect.isawaitable(result) else result


def is_threaded(task: Task, job: Job) -> bool:
    """Say whether a sync function would hold up others: a thread is then worth its price."""
    return (
        task.line is not None
        or job.timeout_s is not None
        or task.site.vertex.policy.in_thread
        or task.verb in {"item", "poll"}
    )


def arguments_of(
    session: Session, carrier: Carrier, task: Task, body: Body, state: object
) -> list[object]:
    """Return the arguments that a function of the user takes."""
    given = task.given if isinstance(task, Part) else None
    if body.wants == "state":
        return [state]
    if body.wants == "error":
        return [state, given]
    ctx = Ctx[object](session, task, session.place(task), carrier.deadline)
    if isinstance(given, Exception):
        ctx.error = given
    if isinstance(given, Completed):
        schema = cast("Job", task.site.handle).schema
        ctx.before = schema.final(cast("Revision", given.payload))
    return [state, ctx]


async def _edit(
    session: Session, carrier: Carrier, task: Task, body: Body, payload: object
) -> Revision:
    """Let a function edit a draft, and commit what it did."""
    job = cast("Job", task.site.handle)
    draft = job.schema.draft(cast("Revision", payload))
    try:
        arguments = arguments_of(session, carrier, task, body, draft)
        result = await call(body, arguments, in_thread=is_threaded(task, job))
        if result is not None:
            raise returned(task, result)
        if carrier.why == "timeout":
            raise timed_out(task, session.place(task))
        return job.schema.commit(draft, task.line)
    except BaseException:
        job.schema.discard(draft)
        raise


async def _read(
    session: Session, carrier: Carrier, task: Task, body: Body, *, in_thread: bool | None = None
) -> object:
    """Let a function read the state; it must not edit it."""
    job = cast("Job", task.site.handle)
    view = job.schema.view(cast("Revision", task.payload))
    threaded = is_threaded(task, job) if in_thread is None else in_thread
    try:
        arguments = arguments_of(session, carrier, task, body, view)
        answer = await call(body, arguments, in_thread=threaded)
    except BaseException:
        job.schema.discard(view)
        raise
    job.schema.unchanged(view)
    return answer


def returned(task: Task, result: object) -> InvalidReturn:
    """Make the error of a node that returned something."""
    return InvalidReturn(
        f"node {task.site.path!r} returned {result!r}",
        where=f"node {task.site.path!r}, visit {task.visit}, attempt {task.attempt}",
        fix="assign to the fields of the state instead, and return nothing",
    )


async def _run(session: Session, carrier: Carrier, task: Task, path: str) -> Event:
    job = cast("Job", task.site.handle)
    revision = await _edit(session, carrier, task, job.body, task.payload)
    if session.stream is not None:
        changed = job.schema.changed(revision)
        session.stream.put(NodeDone(path, changed, task.attempt, task.visit))
    session.path.append(path)
    return Finished(task.ticket, revision)


async def _choose(session: Session, carrier: Carrier, task: Task, path: str) -> Event:
    job = cast("Job", task.site.handle)
    threaded = job.timeout_s is not None or task.site.vertex.policy.in_thread
    answer = await _read(session, carrier, task, job.body, in_thread=threaded)
    return decide(session, task, job, path, answer)


async def _poll(session: Session, carrier: Carrier, task: Task, path: str) -> Event:
    assert isinstance(task, Part)
    job = cast("Job", task.site.handle)
    answer = await _read(session, carrier, task, job.binding.voters[task.index])
    return decide(session, task, job, path, answer)


def decide(session: Session, task: Task, job: Job, path: str, answer: object) -> Decided:
    """Turn the answer of a classifier into a fact. Raises `UnknownLabel`."""
    verdict: Verdict[str] | None = None
    label = answer
    if isinstance(answer, Verdict):
        verdict = cast("Verdict[str]", answer)
        label = verdict.label
    key = None if label is None else key_of(job, path, label)
    session.path.append(path)
    session.chose(task.site, path, key, verdict)
    return Decided(task.ticket, key, 1.0 if verdict is None else verdict.confidence)


def key_of(job: Job, path: str, label: object) -> str:
    """Return the label of the edge for an answer. Raises `UnknownLabel`."""
    try:
        key = job.labels.get((type(label), label))
    except TypeError:  # It cannot be hashed, so it is none of the labels.
        key = None
    if key is None:
        known = [repr(each) for each in job.binding.labels]
        raise UnknownLabel(
            f"classifier {path!r} answered {label!r}, which is not one of its labels",
            where=f"classifier {path!r}",
            fix=suggest(repr(label), known, f"answer one of {', '.join(known)}"),
        )
    return key


async def _ask(session: Session, carrier: Carrier, task: Task, path: str) -> Event:
    job = cast("Job", task.site.handle)
    ask = await _read(session, carrier, task, job.body)
    if not isinstance(ask, Ask):
        raise InvalidAgent(
            f"question {path!r} gave {ask!r}",
            where=f"question {path!r}",
            fix="return Ask(show=...)",
        )
    question = cast("Ask[str]", ask)
    timely = question.on_timeout
    label = None if timely is None or job.binding.form else key_of(job, path, timely)
    session.desk.asked[f"{path}#{task.visit}"] = question
    return Asked(task.ticket, label)


async def _list(session: Session, carrier: Carrier, task: Task, path: str) -> Event:
    job = cast("Job", task.site.handle)
    found = await _read(session, carrier, task, job.body)
    try:
        items = tuple(cast("Sequence[object]", found))
    except TypeError as error:
        raise InvalidReturn(
            f"`over` of {path!r} gave {found!r}, which has no items",
            where=f"each {path!r}",
            fix="return a list",
        ) from error
    child = job.child
    if child is not None:
        items = tuple(child.begin(cast("BaseModel", item)) for item in items)
    return Listed(task.ticket, items)


async def _item(session: Session, carrier: Carrier, task: Task, path: str) -> Event:
    job = cast("Job", task.site.handle)
    body = job.binding.do
    assert body is not None
    result = await call(body, [task.payload], in_thread=is_threaded(task, job))
    if session.stream is not None:
        session.stream.put(NodeDone(path, {}, task.attempt, task.visit))
    session.path.append(path)
    return Finished(task.ticket, result)


async def _into(session: Session, carrier: Carrier, task: Task, path: str) -> Event:
    assert isinstance(task, Part)
    job = cast("Job", task.site.handle)
    given = cast("tuple[object, ...]", task.given)
    results = [_result(job, each) for each in given]
    return await _hand_in(session, carrier, task, results)


def _result(job: Job, value: object) -> object:
    if isinstance(value, ItemError):
        return ItemFailed(value.index, value.error, value.attempts)
    return value if job.child is None else job.child.final(cast("Revision", value))


async def _leave(session: Session, carrier: Carrier, task: Task, path: str) -> Event:
    assert isinstance(task, Part)
    job = cast("Job", task.site.handle)
    assert job.child is not None
    final = job.child.final(cast("Revision", task.given))
    return await _hand_in(session, carrier, task, final)


async def _hand_in(session: Session, carrier: Carrier, task: Task, value: object) -> Event:
    """Let `into` or `leave` put what came out of a vertex into the state."""
    job = cast("Job", task.site.handle)
    path = task.site.path
    into = job.binding.into
    assert into is not None
    draft = job.schema.draft(cast("Revision", task.payload))
    try:
        result = await call(Body(into), [draft, value])
        if result is not None:
            raise returned(task, result)
        revision = job.schema.commit(draft, task.line)
    except BaseException:
        job.schema.discard(draft)
        raise
    if session.stream is not None:
        session.stream.put(NodeDone(path, job.schema.changed(revision), 1, task.visit))
    session.path.append(path)
    return Finished(task.ticket, revision)


async def _enter(session: Session, carrier: Carrier, task: Task, path: str) -> Event:
    job = cast("Job", task.site.handle)
    assert job.child is not None
    inner = await _read(session, carrier, task, job.body)
    return Entered(task.ticket, job.child.begin(cast("BaseModel", inner)))


async def _merge(session: Session, carrier: Carrier, task: Task, path: str) -> Event:
    assert isinstance(task, Part)
    job = cast("Job", task.site.handle)
    tips = [Tip(cast("Revision", payload), line, name) for payload, line, name in cast("Part", task).given]
    merged = job.schema.merge(cast("Revision", task.payload), tips, task.line)
    return Finished(task.ticket, merged)


async def _undo(session: Session, carrier: Carrier, task: Task, path: str) -> Event:
    job = cast("Job", task.site.handle)
    body = job.binding.undo
    assert body is not None
    revision = await _edit(session, carrier, task, body, task.payload)
    session.path.append(f"undo {path}")
    return Finished(task.ticket, revision)


def told_failure(session: Session, task: Task, error: Exception) -> None:
    """Tell those who follow the run that an attempt failed."""
    if session.stream is not None:
        path = session.place(task)
        session.stream.put(NodeFailed(path, error, task.attempt, task.visit))


def seconds_of(ask: Ask[str]) -> float | None:
    """Return how long a question may stay open; None: for ever."""
    return ask.timeout.total_seconds() if isinstance(ask.timeout, timedelta) else None


_AGENTS = frozenset({"run", "choose", "poll", "ask", "list", "item"})
_DO = {
    "run": _run,
    "choose": _choose,
    "poll": _poll,
    "ask": _ask,
    "list": _list,
    "item": _item,
    "into": _into,
    "enter": _enter,
    "leave": _leave,
    "merge": _merge,
    "undo": _undo,
}
