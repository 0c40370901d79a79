"""One command carried out with all that may surround it; what follows is the machine's to say.

Rules of this file:

1. A function here does the work of one task and returns what it came to. Errors leave it
   as they are: the driver makes facts of them.
2. Draft, validate, commit: an attempt that fails leaves no trace.
3. What an attempt gives after it was called off (cancelled, or over its time) is dropped
   before anything of it is kept or told.
"""

import asyncio
from asyncio import CancelledError
from collections.abc import Awaitable, Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import replace
from functools import partial
from typing import Any, Final, NoReturn, cast

from pydantic import BaseModel

from agentgraph.errors import (
    InvalidAgent,
    InvalidReturn,
    NodeTimeout,
    RunError,
    UnknownLabel,
    suggest,
)
from agentgraph.events import NodeDone, NodeStarted, UndoDone, UndoStarted, Verdict
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
from agentgraph.machine.moves import COUNTED
from agentgraph.runtime.call import call
from agentgraph.runtime.context import Ctx
from agentgraph.runtime.item import ItemFailed
from agentgraph.runtime.limit import Limit
from agentgraph.runtime.policy import pause_before
from agentgraph.runtime.program import Body, Job
from agentgraph.runtime.question import Ask
from agentgraph.runtime.session import Session
from agentgraph.runtime.watch import Carrier
from agentgraph.state import UNSET, Patch, Revision, Schema, Tip, clone, same
from agentgraph.state.copies import own


async def work(session: Session, carrier: Carrier, task: Task) -> Event:
    """Carry out any command in full, and return the fact that it came to."""
    path = session.place(task)
    do = _DO[task.verb]
    if task.verb not in COUNTED:
        return await do(session, carrier, task, path)
    job: Job = task.site.handle
    if task.attempt > 1:
        await _pause(session, task)
    inside: list[Limit] = []
    try:
        for limit in (session.slots, job.limit):
            if limit is not None:
                await limit.enter()
                inside.append(limit)
        if session.stream is not None and task.verb in _TOLD:
            session.stream.put(NodeStarted(path, task.attempt, task.visit))
        if job.timeout_s is not None:
            session.watch.begin(carrier, job.timeout_s)
        return await do(session, carrier, task, path)
    finally:
        for limit in inside:
            limit.leave()


def fence(session: Session, carrier: Carrier) -> None:
    """Drop what an attempt gave after it was called off."""
    if carrier.deadline is not None:
        session.watch.end(carrier)
    if carrier.why is not None or carrier.cancelling() != carrier.outer:
        raise CancelledError


def timed_out(task: Task, path: str) -> NodeTimeout:
    """Make the error of an attempt that took too long."""
    limit = task.site.vertex.policy.timeout_s
    return NodeTimeout(
        f"{path!r} took longer than its {limit} s",
        where=f"node {path!r}, visit {task.visit}, attempt {task.attempt}",
        fix="raise its timeout=, retry it (on=TimeoutError), or catch TimeoutError",
    )


async def _pause(session: Session, task: Task) -> None:
    """Wait before a repetition."""
    policy = task.site.vertex.policy
    seed = f"{session.options.get('seed', 0)}/{session.visit_of(task)}"
    pause_s = pause_before(task.attempt, first_s=policy.first_s, cap_s=policy.cap_s, seed=seed)
    clock = session.clock
    is_over = asyncio.Event()
    alarm = clock.call_at(clock.time() + pause_s, is_over.set)
    try:
        await is_over.wait()
    finally:
        alarm.cancel()


def is_threaded(session: Session, task: Task, job: Job) -> bool:
    """Say whether a sync function would hold up others: a thread is then worth its price."""
    return job.in_thread or job.timeout_s is not None or session.is_beside(task)


def arguments_of(
    session: Session, carrier: Carrier, task: Task, body: Body, state: object
) -> list[object]:
    """Return the arguments that a function of the user takes."""
    if body.wants == "state":
        return [state]
    given = task.given if isinstance(task, Part) else None
    if body.wants == "error":
        return [state, given]
    ctx = Ctx[object](session, task, session.place(task), carrier.deadline)
    if isinstance(given, Exception):
        ctx.error = given
    if isinstance(given, Completed):
        job: Job = task.site.handle
        ctx.before = job.schema.final(cast("Revision", given.payload))
    return [state, ctx]


Use = Callable[[Any], Awaitable[object]]
"""A function of the user with all that it takes but the draft."""


async def _edit(session: Session, carrier: Carrier, task: Task, path: str, use: Use) -> Revision:
    """Let a function edit a draft, and commit what it did."""
    job: Job = task.site.handle
    schema = job.schema
    draft = schema.draft(task.payload)
    try:
        result = await use(draft)
        if result is not None:
            refuse(task, path, result)
        fence(session, carrier)
        return schema.commit(draft, task.line)
    except BaseException as error:
        give_up(carrier, schema, draft, task.payload, error)
        raise


def give_up(
    carrier: Carrier, schema: Schema[Any], draft: BaseModel, base: Revision, error: BaseException
) -> None:
    """Close the draft of a failed attempt; what it had changed is kept for the report alone."""
    carrier.edits = None
    with suppress(Exception):  # Values of the user's are compared and copied: a report may fail.
        carrier.edits = {
            name: clone(value)
            for name, value in list((getattr(error, "left", None) or vars(draft)).items())
            if value is not UNSET and _is_edited(base, name, value)
        }
    schema.discard(draft)


def _is_edited(base: Revision, name: str, value: object) -> bool:
    before = base.values.get(name)
    if value is not before:
        return not same(before, value)
    # A list that is lent is one object for many revisions; each knows its own length.
    lengths = base.lengths or {}
    return name in lengths and len(cast("list[object]", value)) != lengths[name]


async def _read(
    session: Session,
    carrier: Carrier,
    task: Task,
    body: Body,
    *,
    in_thread: bool,
    take: Callable[[Any], object] | None = None,
) -> Any:
    """Let a function read the state; it must not edit it.

    `take` makes something of the answer while the state can still be read.
    """
    job: Job = task.site.handle
    view = job.schema.view(task.payload)
    try:
        arguments = arguments_of(session, carrier, task, body, view)
        answer = await call(body, arguments, in_thread=in_thread)
        if take is not None:
            answer = take(answer)
        fence(session, carrier)
    except BaseException:
        shut(job.schema, view)
        raise
    job.schema.unchanged(view)
    return answer


def shut(schema: Schema[Any], view: BaseModel) -> None:
    """Close the view of a failed attempt; that it was edited too does not matter any more."""
    with suppress(RunError):
        schema.unchanged(view)


def refuse(task: Task, path: str, result: object) -> NoReturn:
    """Raise the error of a node that returned something."""
    raise InvalidReturn(
        f"node {path!r} returned {result!r}",
        where=f"node {path!r}, visit {task.visit}, attempt {task.attempt}",
        fix="assign to the fields of the state instead, and return nothing",
    )


async def _run(session: Session, carrier: Carrier, task: Task, path: str) -> Event:
    job: Job = task.site.handle

    async def use(draft: object) -> object:
        arguments = arguments_of(session, carrier, task, job.body, draft)
        result = await call(job.body, arguments, in_thread=is_threaded(session, task, job))
        if job.body.wants == "ctx":
            cast("Ctx", arguments[1]).check_effects()
        return result

    return _done(session, task, path, await _edit(session, carrier, task, path, use))


def _done(session: Session, task: Task, path: str, left: object) -> Finished:
    """Note that a vertex has left a revision, or an item its result."""
    session.path.append(path)
    if session.stream is not None:
        changed: Mapping[str, object] = Patch(left) if isinstance(left, Revision) else {}
        session.stream.put(NodeDone(path, changed, task.attempt, task.visit))
    return Finished(task.ticket, left)


async def _choose(session: Session, carrier: Carrier, task: Task, path: str) -> Event:
    job: Job = task.site.handle
    # On the loop also beside others: a classifier is short, or it is async.
    in_thread = job.in_thread or job.timeout_s is not None
    answer = await _read(session, carrier, task, job.body, in_thread=in_thread)
    return _decide(session, task, path, answer)


async def _poll(session: Session, carrier: Carrier, task: Task, path: str) -> Event:
    assert isinstance(task, Part)
    job: Job = task.site.handle
    voter = job.binding.voters[task.index]
    answer = await _read(session, carrier, task, voter, in_thread=True)
    return _decide(session, task, path, answer)


def _decide(session: Session, task: Task, path: str, answer: object) -> Decided:
    """Turn the answer of a classifier into a fact. Raises `UnknownLabel`."""
    job: Job = task.site.handle
    verdict = verdict_of(answer)
    label = answer if verdict is None else verdict.label
    key = None if label is None else key_of(job.labels, path, label, is_open=job.is_open)
    session.chose(task.site, path, key, verdict)
    return Decided(task.ticket, key, 1.0 if verdict is None else verdict.confidence)


def verdict_of(answer: object) -> Verdict[str] | None:
    """Return an answer as a verdict; None: it is a bare label."""
    return cast("Verdict[str]", answer) if isinstance(answer, Verdict) else None


def key_of(
    labels: Mapping[tuple[type, object], str], path: str, label: object, *, is_open: bool = False
) -> str | None:
    """Return the label of the edge for an answer. Raises `UnknownLabel`.

    Where the labels are open, a text that has no edge is an abstention.
    """
    try:
        key = labels.get((type(label), label))
    except TypeError:  # It cannot be hashed, so it is none of the labels.
        key = None
    if key is None and not (is_open and isinstance(label, str)):
        known = [answer for _, answer in labels]
        raise UnknownLabel(
            f"classifier {path!r} answered {label!r}, which is not one of its labels",
            where=f"classifier {path!r}",
            fix=suggest(
                str(label), map(str, known), f"answer one of {', '.join(map(repr, known))}"
            ),
        )
    return key


async def _ask(session: Session, carrier: Carrier, task: Task, path: str) -> Event:
    job: Job = task.site.handle
    in_thread = job.in_thread or job.timeout_s is not None
    take = partial(_asked, task, path)
    ask: Ask[Any] = await _read(session, carrier, task, job.body, in_thread=in_thread, take=take)
    timely = ask.on_timeout
    label = None if timely is None or job.binding.form else key_of(job.labels, path, timely)
    session.desk.put(session.visit_of(task, with_attempts=True), ask)
    return Asked(task.ticket, label)


def _asked(task: Task, path: str, answer: object) -> Ask[Any]:
    if not isinstance(answer, Ask):
        raise InvalidAgent(
            f"question {path!r} gave {answer!r}",
            where=f"question {path!r}, visit {task.visit}",
            fix="return Ask(show=...)",
        )
    ask = cast("Ask[Any]", answer)  # type: ignore[redundant-cast]  # not for pyright
    # A copy: other branches go on with what is shown.
    return replace(ask, show=own(ask.show))


async def _list(session: Session, carrier: Carrier, task: Task, path: str) -> Event:
    job: Job = task.site.handle

    def take(found: object) -> tuple[object, ...]:
        # Here, since `over` may be a generator that reads the state as it goes.
        items = tuple(_items(found, path))
        child = job.child
        return items if child is None else tuple(map(child.begin, cast("Iterable[Any]", items)))

    in_thread = is_threaded(session, task, job)
    items = await _read(session, carrier, task, job.body, in_thread=in_thread, take=take)
    return Listed(task.ticket, items)


def _items(found: object, path: str) -> Iterable[object]:
    try:
        return iter(cast("Iterable[object]", found))
    except TypeError as error:
        raise InvalidReturn(
            f"`over` of {path!r} gave {found!r}, which has no items",
            where=f"each {path!r}",
            fix="return a list",
        ) from error


async def _item(session: Session, carrier: Carrier, task: Task, path: str) -> Event:
    job: Job = task.site.handle
    body = job.binding.do
    assert body is not None
    arguments = arguments_of(session, carrier, task, body, own(task.payload))
    result = await call(body, arguments, in_thread=True)
    fence(session, carrier)
    return _done(session, task, path, result)


async def _into(session: Session, carrier: Carrier, task: Task, path: str) -> Event:
    assert isinstance(task, Part)
    job: Job = task.site.handle
    given = cast("tuple[object, ...]", task.given)
    return await _hand_in(session, carrier, task, path, [_result(job, each) for each in given])


def _result(job: Job, value: object) -> object:
    if isinstance(value, ItemError):
        return ItemFailed(value.item, value.error, value.attempts)
    return value if job.child is None else job.child.final(cast("Revision", value))


async def _leave(session: Session, carrier: Carrier, task: Task, path: str) -> Event:
    assert isinstance(task, Part)
    job: Job = task.site.handle
    assert job.child is not None
    final = job.child.final(cast("Revision", task.given))
    return await _hand_in(session, carrier, task, path, final)


async def _hand_in(
    session: Session, carrier: Carrier, task: Task, path: str, value: object
) -> Event:
    """Let `into` or `leave` put what came out of a vertex into the state."""
    job: Job = task.site.handle
    into = job.binding.into
    assert into is not None
    body = Body(into)

    def use(draft: object) -> Awaitable[object]:
        return call(body, [draft, value], in_thread=session.is_beside(task))

    return _done(session, task, path, await _edit(session, carrier, task, path, use))


async def _enter(session: Session, carrier: Carrier, task: Task, path: str) -> Event:
    job: Job = task.site.handle
    child = job.child
    assert child is not None
    if session.stream is not None:
        session.stream.put(NodeStarted(path, task.attempt, task.visit))
    in_thread = session.is_beside(task)
    inner = await _read(session, carrier, task, job.body, in_thread=in_thread, take=child.begin)
    return Entered(task.ticket, inner)


async def _merge(session: Session, carrier: Carrier, task: Task, path: str) -> Event:
    assert isinstance(task, Part)
    job: Job = task.site.handle
    tips = [Tip(*tip) for tip in task.given]
    return Finished(task.ticket, job.schema.merge(task.payload, tips, task.line))


async def _undo(session: Session, carrier: Carrier, task: Task, path: str) -> Event:
    job: Job = task.site.handle
    body = job.binding.undo
    assert body is not None

    def use(draft: object) -> Awaitable[object]:
        arguments = arguments_of(session, carrier, task, body, draft)
        return call(body, arguments, in_thread=session.is_beside(task) or job.in_thread)

    if session.stream is not None:
        session.stream.put(UndoStarted(path, task.visit))
    revision = await _edit(session, carrier, task, path, use)
    session.path.append(f"undo {path}")
    if session.stream is not None:
        session.stream.put(UndoDone(path, job.schema.changed(revision), task.visit))
    return Finished(task.ticket, revision)


_TOLD: Final = frozenset({"run", "poll", "list", "item"})
"""What begins with `NodeStarted`: a classifier and a question tell only what came of them."""
_Do = Callable[[Session, Carrier, Task, str], Awaitable[Event]]
_DO: Final[dict[str, _Do]] = {
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
