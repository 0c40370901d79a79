"""Where a run stands for the second interpreter, in plain data; not what happens next.

Everything is searched for when it is asked for. Numbers in parentheses are the numbers
of the rules in docs/semantics.md.
"""

from collections import Counter
from dataclasses import dataclass, field

from agentgraph.graph import END, Edge, FrozenGraph, Region, Vertex

FIRST = {"run", "choose", "poll", "item"}
PRIMED = {"into", "leave", "undo", "merge"}
STEPS = {"run", "choose", "poll", "ask", "list", "item"}

Line = frozenset[tuple[tuple[int, int], ...]]
"""The branches that a token stands for; a branch is the forks it took and its number in each."""
ALONE: Line = frozenset({()})


@dataclass(frozen=True)
class Token:
    revision: str
    line: Line = ALONE
    ways: tuple[tuple[int, int], ...] = ()
    """The forks that are open around it, and its number in each; less than 0: crossed ways."""
    past: frozenset[int] = frozenset()
    told: Exception | None = None


@dataclass(frozen=True)
class Tip:
    """A token on its way to one that is to come, and the vertex that shows for it."""

    name: str
    token: Token


@dataclass(frozen=True)
class Entry:
    """How a token came into a region: with what, and when."""

    token: Token
    clock: int


@dataclass(eq=False)
class Frame:
    graph: FrozenGraph = field(repr=False)
    path: str
    first: Token
    holder: "Work | None" = field(default=None, repr=False)
    index: int | None = None
    visits: Counter[str] = field(default_factory=Counter)
    counts: Counter[str] = field(default_factory=Counter)
    rest: dict[tuple[str, int], Token] = field(default_factory=dict)
    entries: dict[str, Entry] = field(default_factory=dict)
    end: Token | None = None
    last: str = ""


@dataclass(eq=False)
class Work:
    """What a token does at a vertex, with all its tasks."""

    frame: Frame = field(repr=False)
    name: str
    token: Token
    visit: int = 0
    attempt: int = 1
    tips: tuple[Tip, ...] = ()
    votes: dict[str, str | Exception | None] = field(default_factory=dict)
    decided: bool = False
    items: tuple[str, ...] = ()
    begun: int = 0
    attempts: Counter[int] = field(default_factory=Counter)
    results: dict[int, str] = field(default_factory=dict)

    past: frozenset[int] = frozenset()
    """What was completed in the frames that it held."""
    is_exceeded: bool = False

    @property
    def path(self) -> str:
        return self.frame.path + self.name

    @property
    def vertex(self) -> Vertex:
        return self.frame.graph.vertex[self.name]


@dataclass(eq=False)
class Task:
    ticket: int
    work: Work
    verb: str
    payload: str
    part: str | None = None
    attempt: int = 1
    given: str | None = None
    is_stopping: bool = False
    scope: "Takedown | None" = None
    owner: "Takedown | None" = None
    """Of an undo: the scope that began it; a larger one may have taken over since."""

    @property
    def path(self) -> str:
        return self.work.path + (f"/{self.part}" if self.part else "")


@dataclass(frozen=True)
class Fault:
    """An error, and the work that failed with it; `part` is the number of an item."""

    work: Work
    error: Exception
    part: int = -1


@dataclass(eq=False)
class Completed:
    """A visit of a node with an undo that was completed."""

    number: int
    clock: int
    work: Work
    past: frozenset[int]


@dataclass(eq=False)
class Takedown:
    """A scope that is taken down, and what follows. `members` None: the whole frame."""

    frame: Frame
    members: frozenset[str] | None
    follow: str
    region: Region | None = None
    origin: Work | None = None
    faults: list[Fault] = field(default_factory=list)
    winners: tuple[Tip, ...] = ()
    is_undoing: bool = True
    since: int = 0
    removed: list[tuple[Frame, Tip]] = field(default_factory=list)
    current: dict[Frame, str] = field(default_factory=dict)
    branches: str = ""

    @property
    def key(self) -> tuple[object, ...]:
        return (self.frame, self.region and self.region.name, self.follow)

    def holds(self, frame: Frame, name: str) -> bool:
        while frame is not self.frame:
            if frame.holder is None:
                return False
            frame, name = frame.holder.frame, frame.holder.name
        return self.members is None or name in self.members


class Standing:
    """The tokens, the work and the counters of a run, and the commands that it has given."""

    def __init__(self, graph: FrozenGraph) -> None:
        self.graph = graph
        self.root = Frame(graph, "", Token("s0"))
        self.frames = [self.root]
        self.works: list[Work] = []
        self.tasks: list[Task] = []
        self.held: list[Task] = []
        self.takedowns: list[Takedown] = []
        self.moving: list[tuple[Frame, set[str], str, Token, Edge | None]] = []
        self.thrown: list[Fault] = []
        self.history: list[Completed] = []
        self.forks: dict[int, tuple[str, int]] = {}
        self.said: list[str] = []
        self.limits: dict[str, float] = {}
        self.used: dict[str, float] = {"steps": 0, "tokens": 0, "usd": 0.0}
        self.is_late = False
        self.clock = 0
        self.crossings = 0
        self.tickets = 0
        self.ending = ""

    def live(self) -> str:
        """Return the marking in words."""
        words = [_standing(task) for task in self.tasks]
        words += [f"held {task.path}" for task in self.held]
        for frame in self.frames:
            words += [f"{frame.path}{join}.{place}" for join, place in frame.rest]
            words += [frame.path + END] if frame.end and frame is self.root else []
        return ", ".join(sorted(words))

    def state(self) -> str:
        """Return the status, and the state and branches that a result would show."""
        if self.ending:
            return self.ending
        if self.root.end:
            return f"done at {self.root.end.revision}"
        if any(task.verb != "wait" or task.is_stopping for task in self.tasks):
            return "running"
        status = "exhausted" if self.held else "paused"
        return f"{status} at {self._shown(self.root)}{self._beside()}"

    # Where the run stands (24)

    def _tips(self, frame: Frame) -> list[Tip]:
        works = [work for work in self.works if work.frame is frame]
        tips = [tip for work in works for tip in work.tips or (Tip(work.name, work.token),)]
        for (join, place), token in frame.rest.items():
            tips.append(Tip(frame.graph.ins[join][place].source, token))
        for scope in self.takedowns:
            tips += [tip for other, tip in scope.removed if other is frame]
        return sorted(tips, key=lambda tip: sorted(tip.token.line))

    def _shown(self, frame: Frame) -> str:
        tips = self._tips(frame)
        if frame.end or not tips:
            return frame.last or frame.first.revision
        branch = min(tips[0].token.line)
        return self.forks[branch[0][0]][0] if branch else tips[0].token.revision

    def _beside(self) -> str:
        tips = [tip for tip in self._tips(self.root) if tip.token.line != ALONE]
        words = ", ".join(f"{tip.name} {tip.token.revision}" for tip in tips)
        return f" beside {words}" if words else ""

    # Commands

    def _put(
        self,
        work: Work,
        verb: str,
        payload: str,
        *,
        part: str | None = None,
        given: str | None = None,
        attempt: int = 1,
    ) -> None:
        self.tickets += 1
        task = Task(self.tickets, work, verb, payload, part, attempt, given)
        if verb in STEPS and attempt == 1 and not self._affords(task):
            self.held.append(task)
        else:
            self._begin(task)

    def _affords(self, task: Task) -> bool:
        is_used = any(
            self.used[key] >= self.limits.get(key, float("inf"))
            for key in ("steps", "tokens", "usd")
        )
        visits = self.limits.get("visits", float("inf"))
        return not (is_used or self.is_late or task.work.visit > visits)

    def _begin(self, task: Task) -> None:
        self.used["steps"] += task.verb in STEPS and task.attempt == 1
        self.tasks.append(task)
        text = f"{task.verb} {task.path}"
        if task.verb == "merge":
            text += f" of {task.given} from {task.payload}"
        elif task.verb in {"into", "leave"}:
            text += f" with {task.given} on {task.payload}"
        else:
            text += f" attempt {task.attempt}" if task.attempt > 1 else ""
            text += f" on {task.payload}"
            text += f" told {task.given}" if task.given and task.verb != "wait" else ""
        self.said.append(text)

    def _cancel(self, task: Task) -> None:
        if task.verb != "undo" and not task.is_stopping:
            task.is_stopping = True
            self.said.append(f"cancel {task.path}")


def _standing(task: Task) -> str:
    if task.is_stopping:
        return f"{task.path}!stopping"
    return task.path if task.verb in FIRST else f"{task.path}!{task.verb}"
