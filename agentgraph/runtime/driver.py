"""Carries out the commands of the machine on asyncio; it decides nothing about what comes next.

Rules of this file:

1. While one command is out it is carried out inline, in the task that is there already: a
   task of its own costs more than everything else in a step.
2. At a fork the branches wait in line. A carrier, which is a task, takes the first, carries
   it on by itself as far as it goes, and takes the next. When a node has to wait, those
   still in line get carriers of their own: nobody waits for what another branch waits for.
3. Nothing outlives the run: every task is awaited before the run ends.
4. Between an answer to the machine and the next ticket that a carrier takes there is no
   `await`: whoever cancels a ticket finds the carrier that works on it.
"""

import asyncio
from asyncio import CancelledError, sleep
from collections import OrderedDict
from collections.abc import Callable, Collection, Iterable, Mapping
from contextvars import Context, copy_context
from dataclasses import dataclass, field
from functools import partial
from typing import Final, TypeAlias

from agentgraph.errors import InternalError
from agentgraph.events import Asked, NodeDone
from agentgraph.machine import (
    Answered,
    Broke,
    Cancel,
    Cancelled,
    Chosen,
    Command,
    Event,
    Expired,
    Failed,
    Funded,
    Limits,
    Part,
    Started,
    Stopped,
    Task,
    TimedOut,
    kinds_of,
    visit_of,
)
from agentgraph.machine.marking import DICT
from agentgraph.runtime.attempt import Attempts
from agentgraph.runtime.clock import Alarm
from agentgraph.runtime.desk import Waiting, fact_of
from agentgraph.runtime.policy import Budget
from agentgraph.runtime.program import Job
from agentgraph.runtime.session import Session
from agentgraph.runtime.watch import Carrier
from agentgraph.state import Revision

FAIR_STEPS: Final = 255
"""After so many inline steps the other tasks of the loop get their turn (all bits set)."""
FAIR_S: Final = 0.01
"""After so many seconds they do as well where sync nodes hold up the loop."""
Line: TypeAlias = OrderedDict[int, tuple[Task, Context]]
_UNLIMITED: Final = Limits()
_APART: Final = frozenset({"wait", "undo"})
"""A question has no carrier. The caller's task carries no undo: its cancellation spares them."""


@dataclass(slots=True, eq=False)
class Driver:
    """Moves one session on until nothing can move."""

    session: Session
    restart: Callable[[], object] | None = None
    """Begins a task that calls `go`, unless one is about to; None: nobody keeps a run that waits."""
    _main: Carrier | None = None
    """The task that has called `go`, while it is at work."""
    _carriers: dict[asyncio.Task[None], Carrier] = field(default_factory=DICT)
    _unbegun: int = 0
    """How many of them have not begun yet."""
    _line: Line = field(default_factory=Line)
    """What no carrier has come to yet, by ticket, each with the context it is to run in."""
    _is_watched: bool = False
    """Somebody is about to look at the line."""
    _is_yielding: bool = False
    """A carrier waits for nothing, but only lets others have their turn."""
    _crash: BaseException | None = None
    """What `go` raises in the end: what it fell over, or that its caller was cancelled."""
    _alarm: Alarm | None = None

    @property
    def is_needed(self) -> bool:
        """Say whether an alarm is set that this driver answers to."""
        return self._alarm is not None or any(each.alarm for each in self.session.desk.waiting)

    def begin(self, initial: Revision) -> None:
        """Start the run; `go` carries out what is to be done then."""
        self.feed(Started(initial, self._limit(self.session.options.get("budget"))))

    def take_up(self) -> None:
        """Go on where the journal that the session was told ends: what was at work begins again."""
        live, stopping = self.session.marking.live, self.session.marking.stopping
        ended = [ticket for ticket in stopping if live[ticket].verb != "undo"]
        going = [live[each] for each in live if live[each].verb != "inside" and each not in ended]
        self._hand_out(going)
        for ticket in ended:
            self.feed(Stopped(ticket))

    def fund(self, budget: Budget) -> None:
        """Let a run that met its budget go on under a larger one."""
        self.feed(Funded(self._limit(budget)))

    async def go(self) -> None:
        """Carry out what is to be done and all that follows, until nothing can move."""
        task = asyncio.current_task(self.session.loop)
        assert task is not None
        main = self._main = Carrier(task)
        begun: list[Command] = [task for task, _ in self._line.values()]
        self._line.clear()
        try:
            await self._carry(main, begun)
        except GeneratorExit:
            raise
        except BaseException as error:  # noqa: BLE001 - raised below, when nothing runs any more
            self._fall(error)
        main.ticket = 0
        while self._carriers:
            await self._rest(main)
        self._put_away()
        if self._crash is not None:
            raise self._crash

    def feed(self, fact: Event) -> None:
        """Tell the machine a fact from outside the run, and begin what it wants done."""
        try:
            self._hand_out(self.session.tell(fact))
        except InternalError as error:
            self._fall(error)
        restart = self.restart if self._main is None else None
        if restart is not None and (self._line or self.session.status != "paused"):
            restart()

    # ---- questions

    def _open(self, task: Task) -> None:
        """Put a question on the desk, with the alarm of its deadline."""
        session = self.session
        name = visit_of(session.marking, task, with_attempts=True)
        waiting = session.desk.open(name, session.place(task), task)
        timeout = waiting.ask.timeout
        if timeout is not None:
            due = session.clock.time() + timeout.total_seconds()
            waiting.alarm = session.clock.call_at(due, partial(self._expire, waiting))
        if session.stream is not None:
            session.stream.put(Asked(waiting.path, waiting.id, waiting.ask.show))

    def answer(self, waiting: Waiting, value: object, edits: Mapping[str, object] | None) -> None:
        """Take a question off the desk, and let the run go on. Raises `AnswerRefused`."""
        self.session.wake()
        fact = fact_of(waiting, value, edits)
        self._note(waiting, fact)
        self.feed(fact)
        self.session.desk.close(waiting, value)

    def _note(self, waiting: Waiting, fact: Answered) -> None:
        session, task, path = self.session, waiting.task, waiting.path
        if fact.label is None:
            session.path.append(path)
        else:
            session.chose(task.site, path, fact.label)
        if session.stream is not None and fact.payload is not task.payload:
            changed = waiting.job.schema.changed(fact.payload)  # type: ignore[arg-type]  # opaque
            session.stream.put(NodeDone(path, changed, task.attempt, task.visit))

    def _expire(self, waiting: Waiting) -> None:
        """Nobody answered in time: what the question said of this case is the answer."""
        self.session.wake()
        ticket, timely = waiting.task.ticket, waiting.ask.on_timeout
        if timely is None:
            self.feed(Expired(ticket))
            self.session.desk.forget(waiting)
            return
        try:
            fact = fact_of(waiting, timely)
        except Exception as error:  # noqa: BLE001 - the `save` of a form is the user's
            self.feed(Failed(ticket, error, kinds_of(error)))
        else:
            self._note(waiting, fact)
            self.feed(Expired(ticket) if fact.label is not None else fact)
        self.session.desk.close(waiting, timely)

    # ---- the caller's own task

    def _limit(self, budget: Budget | None) -> Limits:
        """Watch the time of a budget, and return what the machine counts of it."""
        self._forget_time()
        if budget is None:
            return _UNLIMITED
        if budget.seconds is not None:
            clock = self.session.clock
            self._alarm = clock.call_at(clock.time() + budget.seconds, self._time_is_over)
        return Limits(budget.steps, budget.visits, budget.tokens, budget.usd)

    def _forget_time(self) -> None:
        if self._alarm is not None:
            self._alarm.cancel()
            self._alarm = None

    def _time_is_over(self) -> None:
        self._alarm = None
        self.feed(TimedOut())

    async def _rest(self, main: Carrier) -> None:
        """Sleep until all branches have ended."""
        try:
            await asyncio.wait(self._carriers)
        except CancelledError:
            main.is_taken_down()
            self._crash = self._crash or CancelledError()
            self.feed(Cancelled())
        # Who cancels the caller may cancel all tasks, and some have not begun and never will.
        for task in [each for each in self._carriers if each.done()]:
            del self._carriers[task]
            self._unbegun -= 1
            self._look()  # What the machine has not taken back is carried all the same.

    def _fall(self, error: BaseException) -> None:
        """Something went wrong that no graph can catch: stop everything, then raise it."""
        if self._crash is None or isinstance(self._crash, CancelledError):
            self._crash = error
        self._line.clear()
        current = asyncio.current_task(self.session.loop)
        for task in self._carriers:
            if task is not current:
                task.cancel()

    def _put_away(self) -> None:
        """Leave nothing behind but, in a run that somebody holds, the deadlines of its questions."""
        session = self.session
        session.close()
        self._main = None
        is_kept = self.restart is not None and self._crash is None
        if is_kept and session.status == "paused":
            return
        self._forget_time()
        if is_kept and session.marking.held:  # A larger budget lets it go on.
            return
        for waiting in session.desk.waiting:
            waiting.set_off()

    # ---- branches

    def _hand_out(self, commands: Iterable[Command]) -> None:
        """Let what is to be done be carried beside what is under way."""
        self._line_up(self._share_out(commands).values(), None)

    def _line_up(self, tasks: Collection[Task], carrier: Carrier | None) -> None:
        """Put tasks in line for `carrier`, who comes to them soon; None: for a new one, or `go`."""
        context = copy_context()
        for task in tasks:
            self._line[task.ticket] = task, context
        if self._main is None or not tasks:
            return
        if carrier is None:
            self._spawn(context)
        self._watch_line()

    def _watch_line(self) -> None:
        """Have the line looked at when those who could take from it have had their turn."""
        if len(self._line) > self._unbegun and not self._is_watched:
            self._is_watched = True
            self.session.loop.call_soon(self._look)

    def _look(self) -> None:
        """Whoever could have come to what is in line has to wait: give it carriers of its own."""
        self._is_watched = False
        if self._is_yielding:
            self._watch_line()
            return
        contexts = [context for _, context in self._line.values()]
        for context in contexts[self._unbegun :]:
            self._spawn(context)

    def _spawn(self, context: Context) -> None:
        task = asyncio.Task(self._branch(), loop=self.session.loop, context=context.copy())
        self._carriers[task] = Carrier(task)
        self._unbegun += 1

    async def _branch(self) -> None:
        task = asyncio.current_task(self.session.loop)
        assert task is not None
        self._unbegun -= 1
        try:
            await self._carry(self._carriers[task], [])
        except BaseException as error:  # noqa: BLE001 - the caller of the run must see it
            self._fall(error)
        finally:
            del self._carriers[task]

    def _take(self, carrier: Carrier) -> list[Command]:
        """Return what is first in line, unless it is not for this carrier.

        The caller's own task carries no branch: a branch must be free to be cancelled. And
        no branch sees what another one has put into a context variable.
        """
        if not self._line or carrier is self._main:
            return []
        _, context = next(iter(self._line.values()))
        if not _is_same(copy_context(), context):
            self._look()
            return []
        return [self._line.popitem(last=False)[1][0]]

    # ---- what the machine wants done

    async def _carry(self, carrier: Carrier, commands: list[Command]) -> None:
        """Carry out commands one after the other, as long as one follows the other."""
        attempts = Attempts(self.session, self._taken_down)
        quick = {"run": attempts.run, "choose": attempts.choose, "item": attempts.item}
        is_careful = self.session.is_careful
        now = self.session.clock.time
        turn = now() + FAIR_S
        steps = 0
        while commands or (commands := self._take(carrier)):
            task = commands[0]
            if type(task) is not Task or len(commands) > 1:
                following = self._next(carrier, commands)
                if following is None:
                    commands = []
                    continue
                task = following
            carrier.ticket = task.ticket
            steps += 1
            job: Job = task.site.handle
            if not steps & FAIR_STEPS or not (job.is_async or now() < turn):
                turn = now() + FAIR_S
                self._is_yielding = True
                try:
                    await sleep(0)
                    await sleep(0)  # After what has become due meanwhile, such as a budget.
                except CancelledError as error:
                    commands = await attempts.broken(carrier, task, error)
                    continue
                finally:
                    self._is_yielding = False
            if task.verb == job.quick and task.attempt == 1 and not is_careful:
                commands = await quick[task.verb](carrier, task)
            else:
                commands = await attempts.other(carrier, task)

    def _next(self, carrier: Carrier, commands: list[Command]) -> Task | None:
        """Return the task that `carrier` goes on with; the others get in line."""
        first = commands[0]
        if len(commands) == 1 and type(first) is Part and first.verb not in _APART:
            return first
        tasks = [*self._share_out(commands).values()]
        if carrier is self._main:
            is_one = len(tasks) == 1 and not self._carriers
            if not is_one or tasks[0].verb == "undo":
                self._line_up(tasks, None)
                return None
        self._line_up(tasks[1:], carrier)
        return tasks[0] if tasks else None

    def _share_out(self, commands: Iterable[Command]) -> dict[int, Task]:
        """Do at once what needs no work of a node; return what does, by ticket."""
        tasks: dict[int, Task] = {}
        carriers: dict[int, Carrier] | None = None
        queue = list(commands)
        for command in queue:
            if isinstance(command, Cancel):
                if carriers is None:
                    carriers = self._by_ticket()
                queue += self._cancel(command.ticket, tasks, carriers)
            elif isinstance(command, Broke):
                self.session.failed(command)
            elif isinstance(command, Chosen):
                self.session.chose(command.site, command.path, command.label)
            elif command.verb == "wait":
                self._open(command)
            else:
                tasks[command.ticket] = command
        return tasks

    def _by_ticket(self) -> dict[int, Carrier]:
        carriers = {carrier.ticket: carrier for carrier in self._carriers.values()}
        if self._main is not None:
            carriers[self._main.ticket] = self._main
        return carriers

    def _cancel(
        self, ticket: int, tasks: dict[int, Task], carriers: dict[int, Carrier]
    ) -> list[Command]:
        """Interrupt the work of a ticket; what has not begun has stopped already."""
        session = self.session
        is_in_line = tasks.pop(ticket, None) or self._line.pop(ticket, None)
        if is_in_line is not None or session.desk.drop(ticket):
            return session.tell(Stopped(ticket))
        carrier = carriers.get(ticket)
        if carrier is None:
            what = f"nobody works on ticket {ticket}, which is to be cancelled"
            where = f"run {session.run_id!r}"
            raise InternalError(what, where=where, fix="report this with the journal of the run")
        carrier.interrupt("cancel")
        return []

    def _taken_down(self, carrier: Carrier) -> None:
        """Somebody outside has cancelled the task of a carrier: the whole run is cancelled."""
        if carrier is self._main:
            self._crash = self._crash or CancelledError()
        ticket, carrier.ticket = carrier.ticket, 0
        commands = self.session.tell(Cancelled())
        self._hand_out([each for each in commands if each != Cancel(ticket)])


def _is_same(one: Context, other: Context) -> bool:
    """Say whether two contexts hold the same objects; what `==` says of these is not asked."""
    return len(one) == len(other) and all(other.get(name, one) is one[name] for name in one)
