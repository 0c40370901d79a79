"""What one run knows of itself: its marking, its clock, what it has told; not what it does."""

from asyncio import AbstractEventLoop, Semaphore, get_running_loop
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import count
from typing import Final, cast
from uuid import uuid4

from pydantic import BaseModel

from agentgraph.events import (
    Decided,
    Emitted,
    Failure,
    OpenQuestion,
    Result,
    Status,
    Usage,
    Verdict,
)
from agentgraph.events.result import Answer
from agentgraph.machine import (
    Command,
    Event,
    Limits,
    Marking,
    Site,
    Spent,
    Task,
    advance,
    ending_of,
)
from agentgraph.machine import path_of as machine_path_of
from agentgraph.runtime.clock import Clock, LoopClock
from agentgraph.runtime.desk import Desk
from agentgraph.runtime.program import Program
from agentgraph.runtime.stream import Stream
from agentgraph.runtime.watch import Watch
from agentgraph.state import Revision, schema_of

ROOT: Final = 1
"""The machine numbers the frame of the workflow itself first."""
_PROCESS: Final = uuid4().hex[:12]
_numbers = count(1)


@dataclass(slots=True)
class Options:
    """What the caller of a run asked for; times are in seconds."""

    deps: object = None
    run_id: str | None = None
    thread_id: str | None = None
    tags: Mapping[str, str] = field(default_factory=dict[str, str])
    limits: Limits = Limits()
    seconds: float | None = None
    concurrency: int | None = None
    clock: Clock | None = None
    seed: int = 0


class Session:
    """One run: where it stands and what it has told so far."""

    __slots__ = (
        "clock",
        "decisions",
        "desk",
        "effects",
        "failures",
        "is_careful",
        "journal",
        "loop",
        "marking",
        "options",
        "path",
        "program",
        "run_id",
        "slots",
        "stream",
        "watch",
    )

    def __init__(
        self, program: Program, options: Options, journal: list[Event] | None = None
    ) -> None:
        """Prepare a run in the running event loop; nothing begins yet."""
        self.program = program
        self.options = options
        self.run_id: str = options.run_id or f"{_PROCESS}-{next(_numbers)}"
        self.marking = Marking(program.plan)
        self.loop: AbstractEventLoop = get_running_loop()
        self.clock: Clock = options.clock or LoopClock(self.loop)
        self.watch = Watch(self.clock)
        self.desk = Desk()
        self.stream: Stream[BaseModel] | None = None
        self.journal: list[Event] | None = journal
        """Every fact that the machine is told, where somebody wants it."""
        self.path: list[str] = []
        self.decisions: list[tuple[object, ...]] = []
        """Path, label, verdict and alternatives of each choice."""
        self.failures: list[Failure] = []
        self.effects: dict[str, object] = {}
        limit = options.concurrency
        self.slots: Semaphore | None = None if limit is None else Semaphore(limit)
        self.is_careful: bool = limit is not None or journal is not None
        """Something has to be done around every attempt: no short cuts."""

    def tell(self, fact: Event) -> list[Command]:
        """Tell the machine a fact, and return what it wants done."""
        if self.journal is not None:
            self.journal.append(fact)
        return advance(self.marking, fact)

    def place(self, task: Task) -> str:
        """Return the path of a task, such as `inbox/support/billing`."""
        if task.frame == ROOT and type(task) is Task:
            return task.site.path
        return machine_path_of(self.marking, task)

    def emitted(self, path: str, value: object, attempt: int) -> None:
        """Pass on what a node tells."""
        if self.stream is not None:
            self.stream.put(Emitted(path, value, attempt))

    def spent(self, tokens: int, usd: float | None) -> None:
        """Count what an attempt used."""
        self.tell(Spent(tokens, usd))

    def chose(
        self, site: Site, path: str, label: str | None, verdict: Verdict[str] | None = None
    ) -> None:
        """Record a decision."""
        self.decisions.append((path, label, verdict, site.labels))
        if self.stream is not None:
            self.stream.put(Decided(path, label, verdict.confidence if verdict else 1.0))

    @property
    def status(self) -> Status:
        """How the run stands."""
        return self.marking.status

    def result(self) -> Result[BaseModel]:
        """Return all that is known of the run as it stands."""
        marking = self.marking
        ending = marking.ending or ending_of(marking)
        schema = schema_of(self.program.model)
        return Result(
            run_id=self.run_id,
            status=cast("Answer", marking.status),
            state=schema.final(cast("Revision", ending.payload)),
            path=tuple(self.path),
            usage=Usage(marking.steps, marking.spent_tokens, marking.spent_usd),
            errors=tuple(each.error for each in (*marking.troubles, *marking.undo_troubles)),
            failures=tuple(self.failures),
            questions=self.questions(),
            branches={
                path: schema.final(cast("Revision", payload)) for path, payload in ending.branches
            },
            visits=self._visits(),
            decided=tuple(self.decisions),
            taken={way.key: times for way, times in marking.taken.items()},
        )

    def questions(self) -> tuple[OpenQuestion, ...]:
        """Return the open questions; the caller has then seen them."""
        return self.desk.show()

    def _visits(self) -> dict[str, int]:
        found = {site.path: visits for site, visits in self.marking.visited.items()}
        for frame in self.marking.frames.values():
            for site, visits in frame.visits.items():
                found[site.path] = found.get(site.path, 0) + visits
        return found

