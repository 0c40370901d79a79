"""Graphs, events, commands and markings as text: the notation of docs/semantics.md.

docs/semantics.md says what the notation means; this module reads and writes it, and
knows nothing of what should happen.
"""

import re
from collections.abc import Iterable

from agentgraph.graph import END, START, Bound, Edge, FrozenGraph, Policy, Region, Vertex
from agentgraph.machine import (
    Answered,
    Asked,
    Broke,
    Cancel,
    Cancelled,
    Chosen,
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
    Part,
    Spent,
    Started,
    Stopped,
    Task,
    TimedOut,
    kinds_of,
    make_plan,
    path_of,
    step,
)
from agentgraph.machine.scope import ending_of

ERRORS: dict[str, type[Exception]] = {
    "ConnectionError": ConnectionError,
    "OSError": OSError,
    "KeyError": KeyError,
    "ValueError": ValueError,
    "TypeError": TypeError,
}


class Reader:
    """Reads the lines of a graph into vertices, edges and regions."""

    def __init__(self, name: str, known: dict[str, FrozenGraph]) -> None:
        self.name = name
        self.known = known
        self.vertices: dict[str, dict[str, object]] = {START: {"kind": "start"}}
        self.edges: list[Edge] = []
        self.regions: list[Region] = []

    def read(self, text: str) -> FrozenGraph:
        for line in filter(None, (line.strip() for line in text.splitlines())):
            self._line(line)
        for edge in self.edges:
            self._vertex(edge.source)
            self._vertex(edge.target)
        self.vertices[END] = {"kind": "end"}
        vertices = tuple(Vertex(name, **parts) for name, parts in self.vertices.items())  # type: ignore[arg-type]
        return FrozenGraph(self.name, vertices, tuple(self.edges), tuple(self.regions))

    def _vertex(self, name: str) -> dict[str, object]:
        return self.vertices.setdefault(name, {})

    def _line(self, line: str) -> None:
        word, _, rest = line.partition(" ")
        reader = getattr(self, f"_read_{word}", None)
        if reader is not None:
            reader(rest)
        elif "->" in line:
            source, targets = (part.strip() for part in line.split("->"))
            self._vertex(source)
            self._ways(source, targets)
        else:
            raise ValueError(line)

    def _ways(self, source: str, targets: str) -> None:
        for target in (part.strip() for part in targets.split(",")):
            self.edges.append(Edge(source, target))

    def _labels(self, name: str, text: str) -> None:
        labels = []
        for part in text.split(","):
            label, target = (each.strip() for each in part.split("->"))
            if label == "unsure":
                self.edges.append(Edge(name, target, unsure=True))
            else:
                labels.append(label)
                self.edges.append(Edge(name, target, label))
        self._vertex(name)["labels"] = tuple(labels)

    def _read_classifier(self, rest: str) -> None:
        head, text = rest.split(":")
        name, *options = head.split()
        self._vertex(name)["kind"] = "classifier"
        if options:
            self._vertex(name)["at_least"] = float(options[1])
        self._labels(name, text)

    def _read_human(self, rest: str) -> None:
        name, text = rest.split(":")
        self._vertex(name.strip())["kind"] = "human"
        self._labels(name.strip(), text)

    def _read_consensus(self, rest: str) -> None:
        head, text = rest.split(":")
        name, need, *voters = head.split()
        self._vertex(name).update(kind="consensus", need=int(need), voters=tuple(voters))
        self._labels(name, text)

    def _read_form(self, rest: str) -> None:
        name, targets = rest.split("->")
        self._vertex(name.strip())["kind"] = "form"
        self._ways(name.strip(), targets)

    def _read_gateway(self, rest: str) -> None:
        name, _, targets = rest.partition("->")
        self._vertex(name.strip())["kind"] = "gateway"
        if targets:
            self._ways(name.strip(), targets)

    def _read_each(self, rest: str) -> None:
        head, targets = rest.split("->")
        name, limit, *options = head.split()
        self._vertex(name).update(kind="each", limit=int(limit), collect="collect" in options)
        for option in options:
            if option in self.known:
                self._vertex(name)["child"] = self.known[option]
        self._ways(name, targets)

    def _read_subgraph(self, rest: str) -> None:
        head, targets = rest.split("->")
        name, child = head.split()
        self._vertex(name).update(kind="subgraph", child=self.known[child])
        self._ways(name, targets)

    def _read_join(self, rest: str) -> None:
        head, text = rest.split(":")
        name, *need = head.split()
        self._vertex(name).update(kind="join", need=int(need[0]) if need else None)
        sources, target = text.split("->")
        for source in (part.strip() for part in sources.split(",")):
            self.edges.append(Edge(source, name))
        self.edges.append(Edge(name, target.strip()))

    def _read_undo(self, rest: str) -> None:
        for name in rest.split():
            self._vertex(name)["undo"] = f"undo_{name}"

    def _read_retry(self, rest: str) -> None:
        name, attempts = rest.split()
        self._vertex(name)["policy"] = Policy(attempts=int(attempts))

    def _read_bound(self, rest: str) -> None:
        name, at_most, *options = rest.split()
        given = dict(zip(options[::2], options[1::2], strict=True))
        self._vertex(name)["bound"] = Bound(int(at_most), given.get("then"), given.get("loop"))

    def _read_catch(self, rest: str) -> None:
        head, text = rest.split(":")
        members, tail = text.split(" on ")
        kinds, target = tail.split("->")
        names = tuple(f"builtins.{kind}" for kind in kinds.split())
        region = Region(head.strip(), "catch", tuple(members.split()), target.strip(), names)
        self.regions.append(region)

    def _read_quorum(self, rest: str) -> None:
        head, text = rest.split(":")
        members, target = text.split("->")
        self.regions.append(Region(head.strip(), "quorum", tuple(members.split()), target.strip()))

    def _read_loop(self, rest: str) -> None:
        head, members = rest.split(":")
        self.regions.append(Region(head.strip(), "loop", tuple(members.split())))


def read_graphs(text: str) -> dict[str, FrozenGraph]:
    """Read all blocks that are marked as `graph NAME`."""
    found: dict[str, FrozenGraph] = {}
    for name, body in re.findall(r"```graph (\w+)\n(.*?)```", text, re.DOTALL):
        found[name] = Reader(name, found).read(body)
    return found


class Told:
    """A run that is told of events in words, and tells commands and its marking in words."""

    def __init__(self, graph: FrozenGraph) -> None:
        self.marking = Marking(make_plan(graph))
        self.said: list[str] = []
        self.journal: list[Event] = []

    def tell(self, words: str) -> str:
        """Take one event in words; return the commands in words."""
        event = self._event(words.strip())
        self.journal.append(event)
        self.marking, commands = step(self.marking, event)
        return "; ".join(filter(None, (self._command(command) for command in commands)))

    def _event(self, words: str) -> Event:
        first, _, rest = words.partition(" ")
        if first == "start":
            return Started("s0", _limits(rest))
        if words in {"cancel", "cancel undo"}:
            return Cancelled(undo=words.endswith("undo"))
        if first == "spent":
            tokens, usd = rest.split()
            return Spent(int(tokens), None if usd == "unknown" else float(usd))
        if words == "time is over":
            return TimedOut()
        if first == "budget":
            return Funded(_limits(rest))
        return self._answer(self._task(first), rest)

    def _task(self, words: str) -> Task:
        name, _, what = words.partition("!")
        for task in self.marking.live.values():
            if path_of(self.marking, task) == name and (not what or task.verb == what):
                return task
        raise LookupError(f"{words!r} is not under way: {self.live()}")

    def _answer(self, task: Task, words: str) -> Event:
        verb, _, rest = words.partition(" ")
        path = path_of(self.marking, task)
        match verb:
            case "failed":
                error = ERRORS[rest](path)
                return Failed(task.ticket, error, kinds_of(error))
            case "done":
                return Finished(task.ticket, rest or f"{path}'" if task.verb in _LATER else path)
            case "says":
                label, *confidence = rest.split()
                sure = float(confidence[0]) if confidence else 1.0
                return Decided(task.ticket, None if label == "nothing" else label, sure)
            case "asked":
                return Asked(task.ticket, rest or None)
            case "answered":
                return Answered(task.ticket, rest or None, path if not rest else task.payload)
            case "expired":
                return Expired(task.ticket)
            case "lists":
                return Listed(task.ticket, tuple(f"item{i}" for i in range(int(rest))))
            case "entered":
                return Entered(task.ticket, f"{path}/s0")
            case "stopped":
                return Stopped(task.ticket)
            case _:
                raise ValueError(words)

    def _command(self, command: Command) -> str:
        if isinstance(command, Cancel):
            task = self.marking.live[command.ticket]
            return f"cancel {path_of(self.marking, task)}"
        if isinstance(command, Broke):
            return f"broke {command.path} {type(command.error).__name__}"
        if isinstance(command, Chosen):
            return f"chosen {command.label or 'nothing'}"
        text = f"{command.verb} {path_of(self.marking, command)}"
        if isinstance(command, Part) and command.verb == "merge":
            assert isinstance(command.given, tuple)
            tips = ", ".join(str(tip[0]) for tip in command.given)
            return f"{text} of {tips} from {command.payload}"
        if isinstance(command, Part) and command.verb in {"into", "leave"}:
            return f"{text} with {_given(command.given)} on {command.payload}"
        attempt = f" attempt {command.attempt}" if command.attempt > 1 else ""
        told = f" told {_told(command)}" if _told(command) else ""
        return f"{text}{attempt} on {command.payload}{told}"

    def live(self) -> str:
        """Return the marking in words."""
        marking = self.marking
        words = [self._standing(task) for task in marking.live.values()]
        words += [f"held {path_of(marking, task)}" for task in marking.held]
        for frame in marking.frames.values():
            for site, place in frame.tokens:
                where = frame.path + site.name
                words.append(where if site.name == END else f"{where}.{place}")
        return ", ".join(sorted(words))

    def _standing(self, task: Task) -> str:
        path = path_of(self.marking, task)
        if task.ticket in self.marking.stopping and task.verb != "undo":
            return f"{path}!stopping"
        return path if task.verb in {"run", "choose", "poll", "item"} else f"{path}!{task.verb}"

    def state(self) -> str:
        """Return the status, and the state and branches that a result would show."""
        marking = self.marking
        if marking.status == "running":
            return "running"
        ending = marking.ending or ending_of(marking)
        branches = ", ".join(f"{path} {payload}" for path, payload in ending.branches)
        return f"{marking.status} at {ending.payload}" + (f" beside {branches}" if branches else "")


_LATER = {"into", "leave", "undo", "merge"}


def _given(given: object) -> str:
    if isinstance(given, tuple):
        return "[" + ", ".join(str(each) for each in given) + "]"
    return str(given)


def _told(command: Task) -> str:
    given = command.given if isinstance(command, Part) else None
    return type(given).__name__ if isinstance(given, Exception) else ""


def _limits(words: str) -> Limits:
    given = dict(zip(words.split()[::2], words.split()[1::2], strict=True))
    steps, visits, tokens = (given.get(key) for key in ("steps", "visits", "tokens"))
    usd = given.get("usd")
    return Limits(
        int(steps) if steps else None,
        int(visits) if visits else None,
        int(tokens) if tokens else None,
        float(usd) if usd else None,
    )


def rows(text: str) -> Iterable[tuple[str, ...]]:
    """Read the rows of all tables whose first column is `graph`."""
    is_table = False
    for line in text.splitlines():
        cells = tuple(cell.strip().strip("`") for cell in line.strip().strip("|").split("|"))
        if not line.startswith("|"):
            is_table = False
        elif cells[0] == "graph":
            is_table = True
        elif is_table and not set(line) <= set("|- :"):
            yield cells
