"""Both interpreters told of the same events, and the smallest example of a difference.

It draws events, compares words and makes examples smaller; what is right it does not know.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from random import Random

from agentgraph.graph import FrozenGraph
from agentgraph.machine import Event, Finished
from tests.machine.brute import Brute, NotUnderWay, Task
from tests.machine.flows import Flow, smaller
from tests.machine.graphs import sample
from tests.machine.notation import Told

ERRORS = ("ConnectionError", "OSError", "KeyError", "TypeError")


@dataclass(frozen=True)
class Difference:
    """What the two say after the last of the events."""

    events: tuple[str, ...]
    machine: tuple[str, ...]
    brute: tuple[str, ...]

    def __str__(self) -> str:
        lines = [f"so far:  {'; '.join(self.events[:-1])}", f"event:   {self.events[-1]}"]
        for name, here, there in zip(
            ("commands", "marking", "status"), self.machine, self.brute, strict=False
        ):
            mark = " " if here == there else "*"
            lines += [f"{mark} {name:9} machine: {here}", f"{mark} {'':9} brute:   {there}"]
        return "\n".join(lines)


@dataclass(frozen=True)
class Example:
    """A difference, and the graph that shows it."""

    flow: Flow
    order: int | None
    difference: Difference

    def __str__(self) -> str:
        return f"{sample(self.flow, order=self.order).text}\n\n{self.difference}"


class Named(Told):
    """Told, but that any revision can be given a name."""

    def _event(self, words: str) -> Event:
        where, _, rest = words.partition(" ")
        verb, _, name = rest.partition(" ")
        if verb == "done" and name:
            return Finished(self._task(where).ticket, name)
        return super()._event(words)


def draw_events(graph: FrozenGraph, random: Random, *, at_most: int = 120) -> list[str]:
    """Draw the events of one run: a calm, a faulty, a cancelled or a poor one."""
    brute = Brute(graph)
    hand = _Hand(brute, random)
    events = [hand.begin()]
    brute.tell(events[0])
    while len(events) < at_most:
        words = hand.next()
        if words is None:
            break
        brute.tell(words)
        events.append(words)
    return events


class _Hand:
    """Draws the next event of a run, from what is under way."""

    def __init__(self, brute: Brute, random: Random) -> None:
        self.brute = brute
        self.random = random
        self.faults = random.choice([0.0, 0.05, 0.15, 0.3])
        self.outside = random.choice([0.0, 0.0, 0.03, 0.1])
        self.is_poor = random.random() < 0.25
        self.used: set[str] = set()
        self.is_over = False

    def begin(self) -> str:
        return f"start {self._limits(1, 6)}" if self.is_poor else "start"

    def next(self) -> str | None:
        """Return an event, or None when the run is over."""
        if not self.brute.tasks:
            return self._last()
        if self.random.random() < self.outside:
            return self._outside()
        task = self.random.choice(self.brute.tasks)
        return f"{self._name(task)} {self._answer(task)}"

    def _last(self) -> str | None:
        """Return an event for a run that waits for a budget, or one that comes too late."""
        if self.brute.held:
            return f"budget {self._limits(4, 40)}" if self.random.random() < 0.9 else "cancel undo"
        is_over, self.is_over = self.is_over, True
        return None if is_over else self._outside()

    def _outside(self) -> str:
        spent = f"spent {self.random.randint(1, 9)} {self.random.choice(['0.2', '0.5', 'unknown'])}"
        more = f"budget {self._limits(4, 40)}"
        return self.random.choice(["cancel", "cancel undo", spent, more, "time is over"])

    def _limits(self, low: int, high: int) -> str:
        key = self.random.choice(["steps", "steps", "visits", "tokens", "usd"])
        return f"{key} {self.random.randint(low, high)}"

    def _name(self, task: Task) -> str:
        same = [other for other in self.brute.tasks if other.path == task.path]
        is_first = task.verb in {"run", "choose", "poll", "item", "list", "ask", "enter"}
        return task.path if is_first and len(same) == 1 else f"{task.path}!{task.verb}"

    def _answer(self, task: Task) -> str:
        if task.is_stopping and self.random.random() < 0.6:
            return "stopped"
        if task.verb == "undo" and self.random.random() < 0.1:
            return "stopped"
        if self.random.random() < self.faults:
            return f"failed {self.random.choice(ERRORS)}"
        match task.verb:
            case "choose" | "poll":
                return f"says {self._label(task)}"
            case "ask":
                labels = task.work.vertex.labels
                is_plain = not labels or self.random.random() < 0.5
                return "asked" if is_plain else f"asked {self.random.choice(labels)}"
            case "wait":
                if self.random.random() < 0.2:
                    return "expired"
                return f"answered {self.random.choice(task.work.vertex.labels or ('',))}".strip()
            case "list":
                return f"lists {self.random.choice([0, 1, 2, 2, 3, 4])}"
            case "enter":
                return "entered"
            case _:
                return self._done(task)

    def _label(self, task: Task) -> str:
        label = self.random.choice(task.work.vertex.labels or ("nothing",))
        if self.random.random() < 0.1:
            return "nothing"
        is_sure = task.verb == "poll" or self.random.random() < 0.7
        return label if is_sure else f"{label} {self.random.choice([0.3, 0.9])}"

    def _done(self, task: Task) -> str:
        """Name each revision differently, as each is another one."""
        path = task.path + "'" * (task.verb in {"into", "leave", "undo", "merge"})
        name = next(name for name in _names(path) if name not in self.used)
        self.used.add(name)
        return "done" if name == path else f"done {name}"


def _names(path: str) -> Iterator[str]:
    yield path
    number = 2
    while True:
        yield f"{path}.{number}"
        number += 1


def compare(
    graph: FrozenGraph, events: list[str], second: type[Brute] = Brute
) -> Difference | None:
    """Tell both of the events; return the first difference. What does not fit is left out."""
    machine, brute = Named(graph), second(graph)
    told: list[str] = []
    for words in events:
        try:
            here = brute.tell(words)
        except NotUnderWay:
            continue
        told.append(words)
        there = tuple(map(plain, (here, brute.live(), brute.state())))
        said = _say(machine, words)
        if said != there:
            return Difference(tuple(told), said, there)
    return None


def _say(machine: Told, words: str) -> tuple[str, ...]:
    try:
        commands = machine.tell(words)
        return tuple(map(plain, (commands, machine.live(), machine.state())))
    except Exception as error:  # noqa: BLE001 - whatever it raises is a difference to show
        return (f"raises {type(error).__name__}: {error}", "", "")


def plain(words: str) -> str:
    """Leave out what the page does not say: the messages of errors."""
    status, beside, branches = words.partition(" beside ")
    words = status + beside + ", ".join(sorted(branches.split(", ")))
    words = re.sub(r"ExceptionGroup\((['\"]).*?\1, \[", "ExceptionGroup([", words)
    return re.sub(
        r"\b(Exhausted|Abstained|NoConsensus|QuestionExpired)\((?:[^()]|\([^()]*\))*\)",
        r"\1",
        words,
    )


def shrink(
    flow: Flow, order: int | None, events: list[str], second: type[Brute] = Brute
) -> Example:
    """Make an example smaller for as long as the two differ."""
    best = _look(flow, order, events, second)
    assert best is not None
    example = Example(flow, order, best)
    while (less := next(_less(example, second), None)) is not None:
        example = less
    return example


def _less(example: Example, second: type[Brute]) -> Iterator[Example]:
    """Yield examples that are smaller by an event, or by a part of the flow."""
    events, order = list(example.difference.events), example.order
    for i in reversed(range(1, len(events))):
        found = _look(example.flow, order, events[:i] + events[i + 1 :], second)
        if found is not None and len(found.events) < len(events):
            yield Example(example.flow, order, found)
    for flow in smaller(example.flow):
        found = _look(flow, order, events, second)
        if found is not None and _weight(flow, order) < _weight(example.flow, order):
            yield Example(flow, order, found)


def _look(
    flow: Flow, order: int | None, events: list[str], second: type[Brute]
) -> Difference | None:
    try:
        graph = sample(flow, order=order).graph
    except (IndexError, StopIteration, ValueError):
        return None  # what was left out was needed: this flow has no end, or no beginning
    return compare(graph, events, second)


def _weight(flow: Flow, order: int | None) -> int:
    return len(sample(flow, order=order).text.split())
