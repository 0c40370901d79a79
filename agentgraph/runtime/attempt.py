"""One command carried out on the shortest way that there is, and what its failure comes to.

Most steps have nothing around them: no context, no limit, no thread. For these there is a
short way here; `work` has the long one. Both come to the same.
"""

from asyncio import AbstractEventLoop, CancelledError
from collections.abc import Callable
from contextlib import suppress
from inspect import isawaitable
from types import FrameType
from typing import Final

from agentgraph.errors import AgentGraphError, RunError
from agentgraph.events import NodeStopped
from agentgraph.events.story import node_done, node_started
from agentgraph.machine import (
    Broke,
    Command,
    Failed,
    Marking,
    Stopped,
    Task,
    decided,
    finished,
    kinds_of,
)
from agentgraph.runtime.call import refuse
from agentgraph.runtime.program import Job
from agentgraph.runtime.session import ROOT, Session
from agentgraph.runtime.watch import Carrier
from agentgraph.runtime.work import (
    Work,
    fence,
    give_up,
    meaning_of,
    spot,
    timed_out,
)
from agentgraph.state.copies import ATOMS, own

_OURS: Final = ("agentgraph.", "asyncio.", "concurrent.")
"""Where an attempt is carried out: above the first frame of the user's."""


class Attempts:
    """Carries out the commands of one session, each to the commands that follow from it."""

    __slots__ = ("_marking", "_session", "_taken_down")

    def __init__(self, session: Session, taken_down: Callable[[Carrier], None]) -> None:
        """Take the session, and what is called when somebody outside cancels a carrier's task."""
        self._session = session
        self._marking: Marking = session.marking
        self._taken_down = taken_down

    async def run(self, carrier: Carrier, task: Task) -> list[Command]:
        """Run a node, unless that would hold up others."""
        job: Job = task.site.handle
        session = self._session
        if not job.is_async and session.is_beside(task):
            return await self.other(carrier, task)
        stream = session.stream
        path = task.site.path if task.frame == ROOT else session.place(task)
        if stream is not None:
            stream.put(node_started(path, 1, task.visit))
        schema = job.schema
        draft = schema.draft(task.payload)
        try:
            if job.timeout_s is not None:
                session.watch.begin(carrier, job.timeout_s)
            result = job.fn(draft)
            if result is not None:
                if job.is_async or isawaitable(result):
                    result = await result
                if result is not None:
                    refuse(result, f"node {path!r}", spot(task, path))
            if carrier.deadline is not None or carrier.why or carrier.cancelling() != carrier.outer:
                fence(session, carrier)
            revision = schema.commit(draft, task.line)
        except BaseException as error:  # noqa: BLE001 - a failure becomes an event
            give_up(carrier, schema, draft, task.payload, error)
            return await self.broken(carrier, task, error)
        session.path.append(path)
        if stream is not None:
            stream.put(node_done(path, schema.changed(revision), 1, task.visit))
        return finished(self._marking, task.ticket, revision)

    async def choose(self, carrier: Carrier, task: Task) -> list[Command]:
        """Ask a classifier."""
        job: Job = task.site.handle
        session = self._session
        schema = job.schema
        view = schema.view(task.payload)
        path = task.site.path if task.frame == ROOT else session.place(task)
        try:
            if job.timeout_s is not None:
                session.watch.begin(carrier, job.timeout_s)
            label = job.fn(view)
            if job.is_async or (type(label) not in job.answers and isawaitable(label)):
                label = await label
            if carrier.deadline is not None or carrier.why or carrier.cancelling() != carrier.outer:
                fence(session, carrier)
            schema.unchanged(view)
            key, verdict = None, None
            if type(label) in job.kinds:
                key = job.labels.get((type(label), label))  # pyright: ignore[reportUnknownArgumentType]  # the user's
            if key is None:
                key, verdict = meaning_of(label, job, path)
        except BaseException as error:  # noqa: BLE001 - a failure becomes an event
            schema.discard(view)
            return await self.broken(carrier, task, error)
        session.chose(task.site, path, key, verdict)
        confidence = 1.0 if verdict is None else verdict.confidence
        return decided(self._marking, task.ticket, key, confidence)

    async def item(self, carrier: Carrier, task: Task) -> list[Command]:
        """Do an item of an `each`."""
        job: Job = task.site.handle
        session = self._session
        path = session.place(task)
        stream = session.stream
        if stream is not None:
            stream.put(node_started(path, 1, task.visit))
        item = task.payload
        try:
            if job.timeout_s is not None:
                session.watch.begin(carrier, job.timeout_s)
            result = await job.fn(item if type(item) in ATOMS else own(item))
            if carrier.deadline is not None or carrier.why or carrier.cancelling() != carrier.outer:
                fence(session, carrier)
        except BaseException as error:  # noqa: BLE001 - a failure becomes an event
            return await self.broken(carrier, task, error)
        session.path.append(path)
        if stream is not None:
            stream.put(node_done(path, {}, 1, task.visit))
        return finished(self._marking, task.ticket, result)

    async def other(self, carrier: Carrier, task: Task) -> list[Command]:
        """Carry out any other command, or one with something around it."""
        session = self._session
        try:
            fact = await Work(session, carrier, task).fact()
        except BaseException as error:  # noqa: BLE001 - a failure becomes an event
            return await self.broken(carrier, task, error)
        return session.tell(fact)

    async def broken(self, carrier: Carrier, task: Task, error: BaseException) -> list[Command]:
        """Make a fact of what ended an attempt; what is no failure of it is raised again."""
        if not isinstance(error, (Exception, CancelledError)):
            raise error
        if carrier.deadline is not None:
            self._session.watch.end(carrier)
        session, path = self._session, self._session.place(task)
        why = carrier.why
        if why is not None:
            await carrier.calm()
        if carrier.is_taken_down():
            self._taken_down(carrier)
            why = "cancel"
        elif why == "timeout":
            cause, error = error, timed_out(task, path)
            error.__cause__ = cause if isinstance(cause, Exception) else None
        if why is None and not isinstance(error, Exception):
            error = _from_inside(task, path)
        changed, carrier.edits = carrier.edits or {}, None
        if not isinstance(error, Exception):
            if session.stream is not None:
                session.stream.put(NodeStopped(path, task.attempt, task.visit))
            return session.tell(Stopped(task.ticket))
        _let_go(error, session.loop)
        broke = Broke(path, error, task.attempt, task.visit, task.verb == "undo")
        session.failed(broke, changed)
        return session.tell(Failed(task.ticket, error, kinds_of(error)))


def _let_go(error: BaseException, loop: AbstractEventLoop) -> None:
    """Take our frames off a traceback, and empty them: the state of the attempt lives in them."""
    trace = error.__traceback__
    while trace is not None and trace.tb_frame.f_globals["__name__"].startswith(_OURS):
        # Soon, when they have returned: the user's own frames lead back to them.
        loop.call_soon(_empty, trace.tb_frame)
        trace = trace.tb_next
    if trace is not None or isinstance(error, AgentGraphError):
        error.__traceback__ = trace
    if error.__context__ is not None:
        _let_go(error.__context__, loop)


def _empty(frame: FrameType) -> None:
    with suppress(RuntimeError):  # A thread may not have returned from it yet.
        frame.clear()


def _from_inside(task: Task, path: str) -> RunError:
    """Make the error of work that was cancelled by nobody who may cancel a run."""
    return RunError(
        f"{path!r} was cancelled from inside",
        where=spot(task, path),
        fix="catch the CancelledError of what the node itself cancels",
    )
