"""Carries out the commands of the machine on asyncio; it decides nothing about what comes next.

Rules of this file:

1. While one command is out it is carried out inline, in the task that is there already: a
   task of its own costs more than everything else in a step.
2. At a fork each branch gets a task, which carries its token on by itself.
3. Nothing outlives the run: every task is awaited before the run ends.
"""

import asyncio
from asyncio import CancelledError, Future, sleep
from collections.abc import Callable
from inspect import isawaitable
from typing import Final, cast

from agentgraph.errors import InternalError, RunError
from agentgraph.events import Asked, Failure, NodeDone, NodeStarted, Verdict
from agentgraph.machine import (
    Answered,
    Cancel,
    Cancelled,
    Chosen,
    Command,
    Event,
    Expired,
    Failed,
    Part,
    Started,
    Stopped,
    Task,
    TimedOut,
    decided,
    finished,
    kinds_of,
)
from agentgraph.machine.commands import CHOOSE, RUN, WAIT
from agentgraph.runtime.clock import Alarm
from agentgraph.runtime.desk import Waiting
from agentgraph.runtime.program import Job
from agentgraph.runtime.session import ROOT, Session
from agentgraph.runtime.watch import Carrier
from agentgraph.runtime.work import key_of, returned, seconds_of, timed_out, told_failure, work
from agentgraph.state import Revision

FAIR_STEPS: Final = 255
"""After so many inline steps the other tasks of the loop get their turn (all bits set)."""


class Driver:
    """Moves one session on until nothing can move."""

    __slots__ = (
        "_alarm",
        "_carriers",
        "_crash",
        "_is_interrupted",
        "_main",
        "_waker",
        "is_running",
        "restart",
        "session",
    )

    def __init__(self, session: Session) -> None:
        """Take the session; nothing begins yet."""
        self.session = session
        self.is_running = False
        self.restart: Callable[[list[Command]], None] | None = None
        """Begins a task that goes on with a paused run; None: nobody holds this run."""
        self._main = Carrier()
        self._carriers: set[Carrier] = set()
        self._waker: Future[None] | None = None
        self._crash: BaseException | None = None
        self._is_interrupted = False
        self._alarm: Alarm | None = None

    async def go(self, initial: Revision) -> None:
        """Run until the run has ended, or only questions are open."""
        session = self.session
        options = session.options
        if options.seconds is not None:
            due = session.clock.time() + options.seconds
            self._alarm = session.clock.call_at(due, self._time_is_over)
        await self.go_on(session.tell(Started(initial, options.limits)))

    async def go_on(self, commands: list[Command]) -> None:
        """Carry out `commands` and all that follows, until nothing can move."""
        self.is_running = True
        self._main.task = cast("asyncio.Task[object]", asyncio.current_task())
        self._main.has_begun = True
        try:
            await self._carry(self._main, commands)
            self._main.ticket = 0
            while self._carriers:
                await self._rest()
        finally:
            self.is_running = False
            self._put_away()
        if self._crash is not None:
            raise self._crash
        if self._is_interrupted:
            raise CancelledError

    def _put_away(self) -> None:
        """Leave no alarm behind: only a run that somebody holds keeps its deadlines."""
        session = self.session
        session.watch.close()
        is_held = self.restart is not None and session.status == "paused"
        if self._alarm is not None and not is_held:
            self._alarm.cancel()
        for waiting in () if is_held else session.desk.open.values():
            if waiting.alarm is not None:
                waiting.alarm.cancel()

    def feed(self, fact: Event) -> None:
        """Tell the machine a fact from outside the run, and begin what it wants done."""
        commands = self.session.tell(fact)
        if not self.is_running and self.restart is not None:
            self.restart(commands)
            return
        for task in self._share_out(commands):
            self._spawn(task)
        self._wake()

    def _time_is_over(self) -> None:
        self.feed(TimedOut())

    async def _rest(self) -> None:
        """Sleep until a branch has ended or something came from outside."""
        self._waker = asyncio.get_running_loop().create_future()
        try:
            await self._waker
        except CancelledError:
            self._interrupted()
        finally:
            self._waker = None

    def _wake(self) -> None:
        if self._waker is not None and not self._waker.done():
            self._waker.set_result(None)

    def _interrupted(self) -> None:
        """The caller was cancelled: take the run down; the caller is told when that is done."""
        self._is_interrupted = True
        self.feed(Cancelled())

    async def _carry(self, carrier: Carrier, commands: list[Command]) -> None:
        """Carry out commands one after the other, as long as one follows the other."""
        steps = 0
        while commands:
            command = commands[0]
            if len(commands) > 1 or type(command) is not Task:
                task = self._next(carrier, commands)
                if task is None:
                    return
            else:
                task = command
            carrier.ticket = task.ticket
            steps += 1
            if not steps & FAIR_STEPS:
                try:
                    await sleep(0)
                except CancelledError as error:
                    commands = self._broken(carrier, task, error)
                    continue
            if task.verb is RUN and type(task) is Task:
                commands = await self._run(carrier, task)
            elif task.verb is CHOOSE and type(task) is Task:
                commands = await self._choose(carrier, task)
            else:
                commands = await self._work(carrier, task)
            if carrier.why is not None:
                await self._calm(carrier)

    def _next(self, carrier: Carrier, commands: list[Command]) -> Task | None:
        """Return the task that `carrier` goes on with; the others get carriers of their own.

        The caller's own task carries no branch: a branch must be free to be cancelled.
        """
        tasks = self._share_out(commands)
        stays = carrier is not self._main or (len(tasks) == 1 and not self._carriers)
        for task in tasks[1:] if stays else tasks:
            self._spawn(task)
        return tasks[0] if tasks and stays else None

    async def _run(self, carrier: Carrier, task: Task) -> list[Command]:
        """Run a node: the hot path, unless something surrounds it."""
        job: Job = task.site.handle
        session = self.session
        if (
            not job.is_plain
            or session.is_careful
            or task.attempt > 1
            or not (job.is_async or task.line is None)
        ):
            return await self._work(carrier, task)
        stream = session.stream
        if stream is not None:
            stream.put(NodeStarted(session.place(task), 1, task.visit))
        schema = job.schema
        draft = schema.draft(task.payload)
        try:
            result = job.fn(draft)
            if result is not None:
                if job.is_async or isawaitable(result):
                    result = await result
                if result is not None:
                    raise returned(task, result)
            revision = schema.commit(draft, task.line)
        except BaseException as error:  # noqa: BLE001 - a failure becomes an event
            schema.discard(draft)
            return self._broken(carrier, task, error)
        path = task.site.path if task.frame == ROOT else session.place(task)
        session.path.append(path)
        if stream is not None:
            stream.put(NodeDone(path, schema.changed(revision), 1, task.visit))
        return finished(session.marking, task.ticket, revision)

    async def _choose(self, carrier: Carrier, task: Task) -> list[Command]:
        """Ask a classifier: the hot path, unless something surrounds it."""
        job: Job = task.site.handle
        session = self.session
        if not job.is_plain or session.is_careful:
            return await self._work(carrier, task)
        schema = job.schema
        view = schema.view(task.payload)
        verdict: Verdict[str] | None = None
        path = task.site.path if task.frame == ROOT else session.place(task)
        try:
            label = job.fn(view)
            if job.is_async or (type(label) not in job.answers and isawaitable(label)):
                label = await label
            schema.unchanged(view)
            if type(label) is Verdict:
                verdict = label
                label = verdict.label
            key = None if label is None else key_of(job, path, label)
        except BaseException as error:  # noqa: BLE001 - a failure becomes an event
            schema.discard(view)
            return self._broken(carrier, task, error)
        session.path.append(path)
        if session.stream is None:
            session.decisions.append((path, key, verdict, task.site.labels))
        else:
            session.chose(task.site, path, key, verdict)
        confidence = 1.0 if verdict is None else verdict.confidence
        return decided(session.marking, task.ticket, key, confidence)

    async def _work(self, carrier: Carrier, task: Task) -> list[Command]:
        """Carry out any command, with all that surrounds it."""
        try:
            fact = await work(self.session, carrier, task)
        except BaseException as error:  # noqa: BLE001 - a failure becomes an event
            return self._broken(carrier, task, error)
        return self.session.tell(fact)

    def _broken(self, carrier: Carrier, task: Task, error: BaseException) -> list[Command]:
        """Make a fact of what ended an attempt; what is no failure of it is raised again."""
        session = self.session
        if isinstance(error, CancelledError):
            assert carrier.task is not None
            if carrier.why == "cancel":
                return session.tell(Stopped(task.ticket))
            if carrier.why == "timeout":
                error = timed_out(task, session.place(task))
            elif carrier.task.cancelling():
                return self._taken_down(carrier, task)
            else:
                error = RunError(
                    f"{session.place(task)!r} was cancelled from inside",
                    where=f"node {session.place(task)!r}, visit {task.visit}",
                    fix="catch CancelledError of what the node cancels itself",
                )
        if not isinstance(error, Exception):
            raise error
        told_failure(session, task, error)
        session.failures.append(Failure(session.place(task), error, task.attempt))
        return session.tell(Failed(task.ticket, error, kinds_of(error)))

    def _taken_down(self, carrier: Carrier, task: Task) -> list[Command]:
        """The task of asyncio itself was cancelled from outside: the whole run is."""
        if carrier is self._main:
            self._is_interrupted = True
        carrier.ticket = 0
        rest = [
            command
            for command in self.session.tell(Cancelled())
            if not (isinstance(command, Cancel) and command.ticket == task.ticket)
        ]
        for other in self._share_out(rest):
            self._spawn(other)
        return self.session.tell(Stopped(task.ticket))

    async def _calm(self, carrier: Carrier) -> None:
        """Take back an interruption: what it was meant for has ended, in whatever way."""
        assert carrier.task is not None
        carrier.why = None
        try:
            await sleep(0)
        except CancelledError:
            pass  # It had not been delivered yet.
        carrier.task.uncancel()

    def _share_out(self, commands: list[Command]) -> list[Task]:
        """Do at once what needs no work of a node, and return what does."""
        tasks: list[Task] = []
        queue = list(commands)
        for command in queue:
            if isinstance(command, Cancel):
                queue.extend(self._cancel(command.ticket, tasks))
            elif isinstance(command, Chosen):
                self._note_votes(command)
            elif command.verb == WAIT:
                self._open(command)
            else:
                tasks.append(command)
        return tasks

    def _note_votes(self, chosen: Chosen) -> None:
        self.session.path.append(chosen.path)
        self.session.chose(chosen.site, chosen.path, chosen.label)

    def _cancel(self, ticket: int, tasks: list[Task]) -> list[Command]:
        """Interrupt the work of a ticket; what has not begun has stopped already."""
        session = self.session
        waiting = [task for task in tasks if task.ticket == ticket]
        if waiting:
            tasks.remove(waiting[0])
            return session.tell(Stopped(ticket))
        if session.desk.close(ticket):
            return session.tell(Stopped(ticket))
        for carrier in (self._main, *self._carriers):
            if carrier.ticket == ticket:
                if carrier.has_begun:
                    carrier.interrupt("cancel")
                    return []
                carrier.why = "cancel"
                return session.tell(Stopped(ticket))
        raise InternalError(
            f"nobody works on ticket {ticket}, which is to be cancelled",
            where=f"run {session.run_id!r}",
            fix="report this with the journal of the run",
        )

    def _spawn(self, task: Task) -> None:
        """Give a branch a task of its own."""
        carrier = Carrier(task.ticket)
        self._carriers.add(carrier)
        carrier.task = asyncio.Task(self._branch(carrier, task), loop=self.session.loop)

    async def _branch(self, carrier: Carrier, task: Task) -> None:
        try:
            if carrier.why is None:
                carrier.has_begun = True
                await self._carry(carrier, [task])
        except BaseException as error:  # noqa: BLE001 - the caller of the run must see it
            if self._crash is None:
                self._crash = error
            for other in self._carriers:
                if other.task is not None:
                    other.task.cancel()
        finally:
            self._carriers.discard(carrier)
            self._wake()

    def _open(self, task: Task) -> None:
        """Put a question on the desk, with the alarm of its deadline."""
        assert isinstance(task, Part)
        session = self.session
        path = session.place(task)
        id = f"{path}#{task.visit}"
        ask = session.desk.asked.pop(id)
        waiting = Waiting(id, path, task, ask)
        seconds = seconds_of(ask)
        if seconds is not None:
            due = session.clock.time() + seconds
            waiting.alarm = session.clock.call_at(due, lambda: self._expired(waiting))
        session.desk.open[waiting.id] = waiting
        if session.stream is not None:
            session.stream.put(Asked(path, waiting.id, ask.show))

    def _expired(self, waiting: Waiting) -> None:
        self.session.desk.forget(waiting)
        self.feed(Expired(waiting.task.ticket))

    def answered(self, waiting: Waiting, fact: Answered, value: object) -> None:
        """Take a question off the desk, and let the run go on with its answer."""
        desk = self.session.desk
        desk.forget(waiting)
        desk.answered[waiting.id] = value
        desk.shown = None
        self.session.path.append(waiting.path)
        if fact.label is not None:
            self.session.chose(waiting.task.site, waiting.path, fact.label)
        self.feed(fact)
