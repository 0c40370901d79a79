"""What one run knows of itself: its marking, its clock, what it has told; not what it does."""

import os
from asyncio import AbstractEventLoop, get_running_loop
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from itertools import count
from typing import Any, Final, ParamSpec, cast
from uuid import uuid4

from pydantic import BaseModel

from agentgraph.events import (
    Asked,
    Charged,
    CostUnknown,
    Emitted,
    Failure,
    NodeFailed,
    Result,
    RunStarted,
    Status,
    UndoFailed,
    Usage,
    Verdict,
)
from agentgraph.events.result import Answer, Noted, Tally
from agentgraph.events.story import decided
from agentgraph.graph.plan import Way
from agentgraph.machine import (
    Broke,
    Command,
    Event,
    Marking,
    Site,
    Spent,
    Task,
    advance,
    ending_of,
)
from agentgraph.machine import path_of as machine_path_of
from agentgraph.machine.marking import LIST, Ending
from agentgraph.runtime.clock import Clock
from agentgraph.runtime.desk import Desk
from agentgraph.runtime.effect import Effects
from agentgraph.runtime.limit import Limit
from agentgraph.runtime.options import RunOptions
from agentgraph.runtime.program import Program
from agentgraph.runtime.rest import rest, revisions, wake
from agentgraph.runtime.stream import Stream
from agentgraph.runtime.watch import Watch
from agentgraph.state import Revision
from agentgraph.state.revision import lighten, restore

P = ParamSpec("P")
ROOT: Final = 1
"""The machine numbers the frame of the workflow itself first."""
_PLAIN: Final[RunOptions] = {}
"""What most callers ask for: one object serves all their runs."""
_numbers = count(1)
_process = uuid4().hex[:12]


def _renew() -> None:
    """A process that was forked off must not give out the ids of its parent."""
    global _process  # noqa: PLW0603 - one value for each process is what is meant
    _process = uuid4().hex[:12]


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_renew)


@dataclass(slots=True, eq=False)
class Session:
    """One run: where it stands and what it has told so far.

    What only some runs need is made when it is asked for: a run that waits for a person is
    kept in memory, and there may be many thousands of them.
    """

    program: Program
    options: RunOptions
    deps: object = None
    journal: list[Event] | None = None
    """Every fact that the machine is told, where somebody wants it."""
    run_id: str = ""
    _marking: Marking | None = None
    is_resting: bool = False
    """It waits, and is kept as small as may be."""
    loop: AbstractEventLoop = field(default_factory=get_running_loop)
    stream: Stream[Any] | None = None
    path: list[str] = field(default_factory=LIST)
    decisions: list[Noted] = field(default_factory=LIST)
    slots: Limit | None = None
    is_careful: bool = False
    """Something has to be done around every attempt: no short cuts."""
    desk: Desk = field(default_factory=Desk)
    _effects: Effects | None = None
    _failures: tuple[Failure, ...] | list[Failure] = ()
    _watch: Watch | None = None

    def __post_init__(self) -> None:
        """Prepare the run; nothing begins yet."""
        limit = self.options.get("concurrency")
        self.run_id = self.options.get("run_id") or f"{_process}-{next(_numbers)}"
        self.options = self.options or _PLAIN
        self.slots = None if limit is None else Limit(limit)
        self.is_careful = limit is not None or self.journal is not None

    @property
    def marking(self) -> Marking:
        """Where the run stands."""
        if self._marking is None:
            self._marking = Marking(self.program.plan)
        elif self.is_resting:
            self.wake()
        return self._marking

    def rest(self) -> None:
        """Keep no more than a run needs that waits for a person."""
        marking = self.marking
        if self.stream is None:  # Else somebody may hold an event that shows one of them.
            for revision in revisions(marking):
                lighten(revision)
        rest(marking)
        self.is_resting = True
        # Tuples, to which nobody adds before `wake`.
        self.path = cast("list[str]", tuple(self.path))
        self.decisions = cast("list[Noted]", tuple(self.decisions))

    def wake(self) -> None:
        """Be ready to go on."""
        if self.is_resting:
            self.is_resting = False
            wake(self.marking)
            for revision in revisions(self.marking):
                restore(revision)
            self.path, self.decisions = list(self.path), list(self.decisions)

    @property
    def clock(self) -> Clock:
        """Where the run takes its time from."""
        return self.options.get("clock") or self.loop

    @property
    def effects(self) -> Effects:
        """What its nodes did outside."""
        if self._effects is None:
            self._effects = Effects()
        return self._effects

    @property
    def watch(self) -> Watch:
        """The deadlines of its attempts."""
        if self._watch is None:
            self._watch = Watch(self.clock)
        return self._watch

    def failed(self, broke: Broke, changed: Mapping[str, object] | None = None) -> None:
        """Keep an attempt that failed, with what it had changed, and tell it."""
        if isinstance(self._failures, tuple):
            self._failures = []
        path, error, attempt, visit, is_undo = broke
        name = f"undo {path}" if is_undo else path
        self._failures.append(Failure(name, error, attempt, visit, changed or {}))
        if self.stream is not None:
            undo = UndoFailed(path, error, visit)
            self.stream.put(undo if is_undo else NodeFailed(path, error, attempt, visit))

    def take_over(self, dead: "Session") -> None:
        """Take what another session of this run has noted beside its facts."""
        self._effects = dead.effects
        self.desk.asked = {waiting.id: waiting.ask for waiting in dead.desk.waiting}

    def close(self) -> None:
        """Leave no alarm of an attempt behind."""
        if self._watch is not None:
            self._watch.close()
            self._watch = None

    def tell(self, fact: Event) -> list[Command]:
        """Tell the machine a fact, and return what it wants done."""
        if self.journal is not None:
            self.journal.append(fact)
        return advance(self.marking, fact)

    def in_loop(self, call: Callable[P, object], *args: P.args, **options: P.kwargs) -> None:
        """Call in the thread of the run: a node in a thread of its own must not touch the rest."""
        if running_loop() is self.loop:
            call(*args, **options)
            return
        try:
            self.loop.call_soon_threadsafe(lambda: call(*args, **options))
        except RuntimeError:
            return  # The loop has closed: a late attempt has nobody left to tell.

    def place(self, task: Task) -> str:
        """Return the path of a task, such as `inbox/support/billing` or `corpus/each/3`."""
        if task.frame == ROOT and type(task) is Task:
            return task.site.path
        return machine_path_of(self.marking, task)

    def is_beside(self, task: Task) -> bool:
        """Say whether others are under way beside a task: it is, or it is in, a branch or an item."""
        while task.line is None and task.verb not in {"item", "poll"}:
            frame = self.marking.frames.get(task.frame)
            if frame is None or frame.holder is None:
                return False
            task = frame.holder
        return True

    def emitted(self, path: str, value: object, attempt: int) -> None:
        """Pass on what a node tells."""
        self._put(Emitted(path, value, attempt))

    def _put(self, event: Emitted | Charged | CostUnknown) -> None:
        """Tell something that may come late: after the end nothing is told."""
        if self.stream is not None and self.status in {"running", "paused"}:
            self.stream.put(event)

    def spent(self, path: str, tokens: int, usd: float | None) -> None:
        """Count what an attempt used; that the cost has become unknown is told once."""
        was_known = self.marking.spent_usd is not None
        self.tell(Spent(tokens, usd))
        self._put(Charged(path, tokens, usd))
        if was_known and self.marking.spent_usd is None:
            self._put(CostUnknown(path))

    def chose(
        self, site: Site, path: str, label: str | None, verdict: Verdict[str] | None = None
    ) -> None:
        """Record a decision."""
        self.path.append(path)
        self.decisions.append((path, label, verdict, site.answers))
        if self.stream is not None:
            confidence = 1.0 if verdict is None else verdict.confidence
            self.stream.put(decided(path, label, confidence))

    @property
    def status(self) -> Status:
        """How the run stands."""
        return "running" if self._marking is None else self._marking.status

    def result(self) -> Result[BaseModel]:
        """Return all that is known of the run as it stands."""
        marking = self.marking
        ending = marking.ending or _ending(marking)
        visits = [frame.visits.copy() for frame in marking.frames.values()]
        visits.append(marking.visited.copy())
        final = self.program.schema.final
        return Result(
            run_id=self.run_id,
            status=cast("Answer", marking.status),
            state=final(ending.payload),
            path=tuple(self.path),
            usage=Usage(marking.steps, marking.spent_tokens, marking.spent_usd),
            errors=tuple([each.error for each in marking.troubles + marking.undo_troubles]),
            failures=tuple(self._failures),
            questions=self.desk.listed(),
            branches={path: final(payload) for path, payload in ending.branches},
            visits=Tally(partial(_visits, visits)),
            decided=tuple(self.decisions),
            taken=Tally(partial(_taken, marking.taken.copy())),
        )

    def tell_beginning(self, tell: Callable[[RunStarted[Any] | Asked], object]) -> None:
        """Tell one who begins to listen what the run began with, and what it asks."""
        root = self.marking.frames[ROOT]
        schema = self.program.schema
        tell(RunStarted(schema.final(cast("Revision", root.start))))
        for waiting in self.desk.waiting:
            tell(Asked(waiting.path, waiting.id, waiting.ask.show))


def _ending(marking: Marking) -> Ending:
    if marking.status == "done":
        # The short way: nothing is left but the token at END.
        (token,) = marking.frames[ROOT].tokens.values()
        return Ending(token.payload)
    return ending_of(marking)


def _visits(frames: list[dict[Site, int]]) -> dict[str, int]:
    found: dict[str, int] = {}
    for counted in frames:
        for site, visits in counted.items():
            found[site.path] = found.get(site.path, 0) + visits
    return found


def _taken(ways: dict[Way, int]) -> dict[tuple[str, str, str | None], int]:
    return {way.key: times for way, times in ways.items()}


def running_loop() -> AbstractEventLoop | None:
    """Return the event loop that runs in this thread, if there is one."""
    try:
        return get_running_loop()
    except RuntimeError:
        return None
