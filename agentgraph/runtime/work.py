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
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import replace
from typing import Any, Final, cast

from pydantic import BaseModel

from agentgraph.errors import (
    InvalidAgent,
    InvalidReturn,
    NodeTimeout,
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
    Verb,
    visit_of,
)
from agentgraph.machine.moves import COUNTED
from agentgraph.runtime.call import call, refuse
from agentgraph.runtime.context import Ctx
from agentgraph.runtime.item import ItemFailed
from agentgraph.runtime.limit import Limit
from agentgraph.runtime.policy import pause_before
from agentgraph.runtime.program import Body, Job, Labels, label_for
from agentgraph.runtime.question import Ask
from agentgraph.runtime.session import Session
from agentgraph.runtime.watch import Carrier
from agentgraph.state import UNSET, Patch, Revision, Schema, Tip, clone, same
from agentgraph.state.copies import own


class Work:
    """One command while it is carried out."""

    __slots__ = ("_carrier", "_job", "_path", "_session", "_task")

    def __init__(self, session: Session, carrier: Carrier, task: Task) -> None:
        """Take what is to be done, and who does it."""
        self._session = session
        self._carrier = carrier
        self._task = task
        self._job: Job = task.site.handle
        self._path = session.place(task)

    async def fact(self) -> Event:
        """Carry it out in full, and return the fact that it came to."""
        session, task, job = self._session, self._task, self._job
        do = _DO[task.verb]
        if task.verb not in COUNTED:
            return await do(self)
        if task.attempt > 1:
            await self._pause()
        inside: list[Limit] = []
        try:
            for limit in (session.slots, job.limit):
                if limit is not None:
                    await limit.enter()
                    inside.append(limit)
            if session.stream is not None and task.verb in _TOLD:
                session.stream.put(NodeStarted(self._path, task.attempt, task.visit))
            if job.timeout_s is not None:
                session.watch.begin(self._carrier, job.timeout_s)
            return await do(self)
        finally:
            for limit in inside:
                limit.leave()

    async def _pause(self) -> None:
        """Wait before a repetition."""
        session, task = self._session, self._task
        policy = task.site.vertex.policy
        seed = f"{session.options.get('seed', 0)}/{visit_of(session.marking, task)}"
        pause_s = pause_before(task.attempt, first_s=policy.first_s, cap_s=policy.cap_s, seed=seed)
        clock = session.clock
        is_over = asyncio.Event()
        alarm = clock.call_at(clock.time() + pause_s, is_over.set)
        try:
            await is_over.wait()
        finally:
            alarm.cancel()

    # ---- what edits the state

    async def run(self) -> Event:
        in_thread = is_threaded(self._session, self._task, self._job)
        return self._done(await self._edit(self._job.body, in_thread=in_thread))

    async def hand_in(self) -> Event:
        """Let `into` or `leave` put what came out of a vertex into the state."""
        given, into = cast("Part", self._task).given, self._job.binding.into
        assert into is not None
        value = [*map(self._result, given)] if self._task.verb == "into" else self._result(given)
        in_thread = self._session.is_beside(self._task)
        return self._done(await self._edit(Body(into), value, in_thread=in_thread))

    def _result(self, value: object) -> object:
        if isinstance(value, ItemError):
            return ItemFailed(value.item, value.error, value.attempts)
        child = self._job.child
        return value if child is None else child.final(cast("Revision", value))

    async def undo(self) -> Event:
        session, task, body = self._session, self._task, self._job.binding.undo
        assert body is not None
        if session.stream is not None:
            session.stream.put(UndoStarted(self._path, task.visit))
        in_thread = session.is_beside(task) or self._job.in_thread
        revision = await self._edit(body, in_thread=in_thread)
        session.path.append(f"undo {self._path}")
        if session.stream is not None:
            session.stream.put(UndoDone(self._path, Patch(revision), task.visit))
        return Finished(task.ticket, revision)

    async def _edit(self, body: Body, *more: object, in_thread: bool) -> Revision:
        """Let a function edit a draft, and commit what it did; it takes `more` as well."""
        carrier, task, schema = self._carrier, self._task, self._job.schema
        draft = schema.draft(task.payload)
        try:
            arguments = [*self._arguments(body, draft), *more]
            result = await call(body, arguments, in_thread=in_thread)
            if body.wants == "ctx":
                cast("Ctx", arguments[1]).check_effects()
            if result is not None:
                refuse(result, f"node {self._path!r}", spot(task, self._path))
            fence(self._session, carrier)
            return schema.commit(draft, task.line)
        except BaseException as error:
            give_up(carrier, schema, draft, task.payload, error)
            raise

    def _arguments(self, body: Body, state: object) -> list[object]:
        """Return the arguments that a function of the user takes."""
        if body.wants == "state":
            return [state]
        task = self._task
        given = task.given if isinstance(task, Part) else None
        if body.wants == "error":
            return [state, given]
        ctx = Ctx[object](self._session, task, self._path, self._carrier.deadline)
        if isinstance(given, Exception):
            ctx.error = given
        if isinstance(given, Completed):
            ctx.before = self._job.schema.final(cast("Revision", given.payload))
        return [state, ctx]

    def _done(self, left: object) -> Finished:
        """Note that a vertex has left a revision, or an item its result."""
        session, task = self._session, self._task
        session.path.append(self._path)
        if session.stream is not None:
            changed: Mapping[str, object] = Patch(left) if isinstance(left, Revision) else {}
            session.stream.put(NodeDone(self._path, changed, task.attempt, task.visit))
        return Finished(task.ticket, left)

    async def item(self) -> Event:
        body = self._job.binding.do
        assert body is not None
        arguments = self._arguments(body, own(self._task.payload))
        result = await call(body, arguments, in_thread=True)
        fence(self._session, self._carrier)
        return self._done(result)

    async def merge(self) -> Event:
        task = cast("Part", self._task)
        tips = [Tip(*tip) for tip in task.given]
        return Finished(task.ticket, self._job.schema.merge(task.payload, tips, task.line))

    # ---- what reads it

    async def _read(
        self, body: Body, *, in_thread: bool, take: Callable[[Any], object] | None = None
    ) -> Any:
        """Let a function read the state; it must not edit it.

        `take` makes something of the answer while the state can still be read.
        """
        schema = self._job.schema
        view = schema.view(self._task.payload)
        try:
            answer = await call(body, self._arguments(body, view), in_thread=in_thread)
            if take is not None:
                answer = take(answer)
            fence(self._session, self._carrier)
        except BaseException:
            schema.discard(view)
            raise
        schema.unchanged(view)
        return answer

    async def choose(self) -> Event:
        """Ask a classifier or a voter. Raises `UnknownLabel`."""
        task, job = self._task, self._job
        # On the loop also beside others: a classifier is short, or it is async.
        body, in_thread = job.body, job.in_thread or job.timeout_s is not None
        if isinstance(task, Part) and task.verb == "poll":
            body, in_thread = job.binding.voters[task.index], True
        answer = await self._read(body, in_thread=in_thread)
        key, verdict = meaning_of(answer, job, self._path)
        self._session.chose(task.site, self._path, key, verdict)
        return Decided(task.ticket, key, 1.0 if verdict is None else verdict.confidence)

    async def ask(self) -> Event:
        task, job, path = self._task, self._job, self._path
        in_thread = job.in_thread or job.timeout_s is not None
        ask: Ask[Any] = await self._read(job.body, in_thread=in_thread, take=self._asked)
        timely = ask.on_timeout
        label = None if timely is None or job.binding.form else key_of(job.labels, path, timely)
        name = visit_of(self._session.marking, task, with_attempts=True)
        self._session.desk.asked = {name: ask}
        return Asked(task.ticket, label)

    def _asked(self, answer: object) -> Ask[Any]:
        if not isinstance(answer, Ask):
            what = f"question {self._path!r} gave {answer!r}"
            where = f"question {self._path!r}, visit {self._task.visit}"
            raise InvalidAgent(what, where=where, fix="return Ask(show=...)")
        ask = cast("Ask[Any]", answer)  # type: ignore[redundant-cast]  # not for pyright
        # A copy: other branches go on with what is shown.
        return replace(ask, show=own(ask.show))

    async def over(self) -> Event:
        in_thread = is_threaded(self._session, self._task, self._job)
        items = await self._read(self._job.body, in_thread=in_thread, take=self._items)
        return Listed(self._task.ticket, items)

    def _items(self, found: Any) -> tuple[object, ...]:
        """Take the items; `over` may be a generator that reads the state as it goes."""
        try:
            items = iter(found)
        except TypeError as error:
            what = f"`over` of {self._path!r} gave {found!r}, which has no items"
            raise InvalidReturn(what, where=f"each {self._path!r}", fix="return a list") from error
        child = self._job.child
        return tuple(items if child is None else map(child.begin, items))

    async def enter(self) -> Event:
        session, task, child = self._session, self._task, self._job.child
        assert child is not None
        if session.stream is not None:
            session.stream.put(NodeStarted(self._path, task.attempt, task.visit))
        in_thread = session.is_beside(task)
        inner = await self._read(self._job.body, in_thread=in_thread, take=child.begin)
        return Entered(task.ticket, inner)


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
        where=spot(task, path),
        fix="raise its timeout=, retry it (on=TimeoutError), or catch TimeoutError",
    )


def is_threaded(session: Session, task: Task, job: Job) -> bool:
    """Say whether a sync function would hold up others: a thread is then worth its price."""
    return job.in_thread or job.timeout_s is not None or session.is_beside(task)


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


def spot(task: Task, path: str) -> str:
    """Say which attempt it is, for messages."""
    return f"node {path!r}, visit {task.visit}, attempt {task.attempt}"


def verdict_of(answer: object) -> Verdict[str] | None:
    """Return an answer as a verdict; None: it is a bare label."""
    return cast("Verdict[str]", answer) if isinstance(answer, Verdict) else None


def meaning_of(answer: object, job: Job, path: str) -> tuple[str | None, Verdict[str] | None]:
    """Return the label of the edge for an answer, and the verdict that it came as, if any.

    Raises `UnknownLabel`.
    """
    verdict = verdict_of(answer)
    label = answer if verdict is None else verdict.label
    if label is None:
        return None, verdict
    return key_of(job.labels, path, label, is_open=job.is_open), verdict


def key_of(labels: Labels, path: str, label: object, *, is_open: bool = False) -> str | None:
    """Return the label of the edge for an answer. Raises `UnknownLabel`.

    Where the labels are open, a text that has no edge is an abstention.
    """
    key = label_for(labels, label)
    if key is None and not (is_open and isinstance(label, str)):
        known = [answer for _, answer in labels]
        advice = f"answer one of {', '.join(map(repr, known))}"
        what = f"classifier {path!r} answered {label!r}, which is not one of its labels"
        where = f"classifier {path!r}"
        raise UnknownLabel(what, where=where, fix=suggest(str(label), map(str, known), advice))
    return key


_TOLD: Final = frozenset({"run", "poll", "list", "item"})
"""What begins with `NodeStarted`: a classifier and a question tell only what came of them."""
_DO: Final[dict[Verb, Callable[[Work], Awaitable[Event]]]] = {
    "run": Work.run,
    "choose": Work.choose,
    "poll": Work.choose,
    "ask": Work.ask,
    "list": Work.over,
    "item": Work.item,
    "into": Work.hand_in,
    "enter": Work.enter,
    "leave": Work.hand_in,
    "merge": Work.merge,
    "undo": Work.undo,
}
