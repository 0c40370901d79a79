"""Runs of the machine in which chance answers, and what can be compared of two markings.

It asks the marking what is under way and never what should follow: that is for the tests.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from random import Random

from agentgraph.graph import FrozenGraph
from agentgraph.machine import (
    Answered,
    Asked,
    Cancelled,
    Command,
    Decided,
    Entered,
    Event,
    Expired,
    Failed,
    Finished,
    Funded,
    Limits,
    Listed,
    Marking,
    Plan,
    Spent,
    Started,
    Stopped,
    Task,
    TimedOut,
    advance,
    key_of,
    kinds_of,
    make_plan,
    path_of,
)
from tests.machine.graphs import random_flow, sample

ERRORS: tuple[type[Exception], ...] = (ConnectionError, OSError, KeyError, TypeError)
UNLIMITED = Limits()
OVER = frozenset({"done", "failed", "cancelled"})


@dataclass(frozen=True)
class Mood:
    """How often chance does something other than to let work succeed."""

    fails: float = 0.0
    stops: float = 0.6
    outside: float = 0.0
    limits: Limits = UNLIMITED


def moods(random: Random) -> Mood:
    """Draw a mood: calm, faulty, meddled with, poor, or several of these."""
    limits = Limits()
    if random.random() < 0.3:
        kind = random.choice(["steps", "steps", "visits", "tokens", "usd"])
        limits = Limits(**{kind: random.randint(1, 8)})
    fails = random.choice([0.0, 0.0, 0.05, 0.2])
    outside = random.choice([0.0, 0.0, 0.05, 0.15])
    return Mood(fails, random.choice([0.0, 0.6, 1.0]), outside, limits)


def graph_of(random: Random, size: int) -> FrozenGraph:
    """Draw a sound graph of about `size` vertices."""
    flow = random_flow(random, size)
    return sample(flow, order=random.choice([None, random.randrange(1000)])).graph


@dataclass
class Play:
    """One run, its journal, and the commands that each event of it led to."""

    plan: Plan
    random: Random
    mood: Mood = Mood()
    marking: Marking = field(init=False)
    journal: list[Event] = field(default_factory=list)
    said: list[list[Command]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.marking = Marking(self.plan)

    def tell(self, event: Event) -> list[Command]:
        commands = advance(self.marking, event)
        self.journal.append(event)
        self.said.append(commands)
        return commands

    def events(self, *, at_most: int = 400) -> Iterator[Event]:
        """Draw events, one after the other; whoever asks for them tells them."""
        yield Started("s0", self.mood.limits)
        for _ in range(at_most):
            event = self._next()
            if event is None:
                return
            yield event

    def _next(self) -> Event | None:
        if self.random.random() < self.mood.outside:
            return meddling(self.random)
        if self.marking.live:
            return self.answer(self.random.choice(list(self.marking.live.values())))
        if self.marking.held:
            return Funded(Limits(steps=self.marking.steps + self.random.randint(1, 20)))
        return None

    def answer(self, task: Task) -> Event:
        """Draw one answer to a piece of work."""
        # An undo is not cancelled, but its task may be ended from outside now and then.
        is_stopping = task.ticket in self.marking.stopping
        if is_stopping and self.random.random() < self.mood.stops * 0.1 ** (task.verb == "undo"):
            return Stopped(task.ticket)
        if self.random.random() < self.mood.fails:
            error = self.random.choice(ERRORS)(task.site.name)
            return Failed(task.ticket, error, kinds_of(error))
        return self.random.choice(answers(task))


def meddling(random: Random) -> Event:
    """Draw something that comes from outside the run."""
    spent = Spent(random.randint(1, 3), random.choice([0.4, 1.0, None]))
    more = Funded(Limits(steps=random.randint(10, 60)))
    return random.choice([Cancelled(undo=False), Cancelled(undo=True), spent, more, TimedOut()])


def answers(task: Task) -> list[Event]:
    """List all the ways in which a piece of work can succeed."""
    ticket, labels = task.ticket, list(task.site.labels)
    name = f"{task.site.name}{ticket}"
    match task.verb:
        case "choose" | "poll":
            return [Decided(ticket, None), *(Decided(ticket, each) for each in labels)]
        case "ask":
            return [Asked(ticket), *(Asked(ticket, each) for each in labels)]
        case "wait":
            given = [Answered(ticket, each, task.payload) for each in labels]
            return [Expired(ticket), *(given or [Answered(ticket, None, name)])]
        case "list":
            return [Listed(ticket, tuple(f"{name}/{i}" for i in range(n))) for n in range(4)]
        case "enter":
            return [Entered(ticket, name)]
        case _:
            return [Finished(ticket, name)]


def played(seed: object, size: int, *, mood: Callable[[Random], Mood] = moods) -> Play:
    """Draw a graph and play one run of it."""
    random = Random(f"{seed}")
    play = Play(make_plan(graph_of(random, size)), random, mood(random))
    for event in play.events():
        play.tell(event)
    return play


def content(marking: Marking) -> tuple[object, ...]:
    """Return what two equal markings share: more than their keys, which leave out what was."""
    live = sorted((path_of(marking, t), str(t), t.attempt) for t in marking.live.values())
    frames = [
        (frame.path, _numbers(frame.visits), _numbers(frame.counts), _numbers(frame.full))
        for frame in marking.frames.values()
    ]
    taken = {way.key: times for way, times in marking.taken.items()}
    waits = [(each.goal.kind, sorted(each.waiting)) for each in marking.unwindings.values()]
    counted = (marking.next, marking.waiting, marking.steps, marking.spent_tokens)
    spent = (marking.spent_usd, marking.limits, marking.is_late)
    over = (sorted(marking.stopping), sorted(marking.undone), marking.ending)
    return (key_of(marking), live, frames, taken, waits, counted, spent, over)


def _numbers(numbers: dict) -> dict[str, int]:
    return {site.path: number for site, number in numbers.items()}
