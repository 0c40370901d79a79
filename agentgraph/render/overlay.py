"""What runs did, as it stands on a picture: visits, order, times, costs, failures; not its look.

Rules of this file:

1. It reads what was recorded and repeats no decision: a visit is a token that was seen to
   arrive, a time lies between two lines of the recording.
2. An item of an `each` and a voter of a consensus count for the vertex that holds them.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from math import log
from typing import Any, Literal, TypeAlias

from agentgraph.errors import InvalidInput
from agentgraph.events import Recording, Result, Step
from agentgraph.graph import FrozenGraph, Vertex
from agentgraph.render.marks import Key

Standing = Literal["", "running", "waiting", "failed", "undone"]


@dataclass(slots=True)
class Trace:
    """What runs did at one vertex; `heat` from 0 to 1 says how its time compares to the others."""

    times: list[float] = field(default_factory=list[float])
    tokens: int = 0
    usd: float | None = 0.0
    failures: list[str] = field(default_factory=list[str])
    retries: int = 0
    standing: Standing = ""
    heat: float = 0.0

    @property
    def sign(self) -> Standing:
        """What is to be seen of it before all: how it stands, or that it ever failed."""
        return "failed" if self.failures and self.standing in {"", "running"} else self.standing

    def at_share(self, share: float) -> float:
        """Return the time that this share of the visits did not exceed."""
        ordered = sorted(self.times)
        return ordered[min(len(ordered) - 1, round(share * (len(ordered) - 1)))]


@dataclass(slots=True)
class Overlay:
    """What a picture shows of runs; `order` numbers the ways of a single run."""

    visits: Counter[str] = field(default_factory=Counter[str])
    taken: Counter[Key] = field(default_factory=Counter[Key])
    order: dict[Key, list[int]] = field(default_factory=dict[Key, list[int]])
    traces: dict[str, Trace] = field(default_factory=dict[str, Trace])
    caption: str = ""

    def trace(self, path: str) -> Trace:
        """Return what is known of a vertex, to add to it."""
        return self.traces.setdefault(path, Trace())


Runs: TypeAlias = Overlay | Recording | Result[Any] | Sequence[Recording | Result[Any]]


def overlay_of(graph: FrozenGraph, runs: Runs, *, at_step: int | None = None) -> Overlay:
    """Add up what runs of `graph` did; `at_step` stops a recorded run after so many events.

    Raises `InvalidInput` for a run of another workflow, and for a step that there is not.
    """
    if isinstance(runs, Overlay):
        return runs
    given = list(runs) if isinstance(runs, Sequence) else [runs]
    if at_step is not None:
        begun = _until(graph, given, at_step)
        overlay, last = overlay_of(graph, begun), begun.steps[-1]
        overlay.caption = f"run {begun.run_id}, step {at_step}: {last.kind} {last.node}".rstrip()
        return overlay
    tally = Tally(graph)
    for run in given:
        tally.add(run, is_numbered=len(given) == 1)
    return tally.overlay()


class Tally:
    """Runs of one graph that are being added up."""

    def __init__(self, graph: FrozenGraph) -> None:
        """Begin with no run."""
        self._graph = graph
        self._vertices = dict(vertices_of(graph))
        self._overlay = Overlay()
        self._ends: Counter[str] = Counter()
        self._name = ""

    def add(self, run: Recording | Result[Any], *, is_numbered: bool = False) -> None:
        """Add what a run did."""
        if isinstance(run, Result):
            _add_result(self._overlay, run, self._vertices)
        else:
            check_run(self._graph, run)
            _Replay(self._overlay, self._vertices, is_numbered).play(run.steps)
        self._ends[run.status] += 1
        self._name = run.run_id

    def overlay(self) -> Overlay:
        """Return what all runs did, with their times compared."""
        _warm(self._overlay.traces.values())
        runs = self._ends.total()
        ends = ", ".join(f"{count} {status}" for status, count in self._ends.most_common())
        one = "; ".join([f"run {self._name}: {next(iter(self._ends), '')}", *self._stops()])
        self._overlay.caption = one if runs == 1 else f"{runs} runs: {ends}"
        return self._overlay

    def _stops(self) -> Iterator[str]:
        """Say where the only run stands, and why."""
        for path, trace in self._overlay.traces.items():
            if "done" not in self._ends and trace.standing in {"failed", "waiting"}:
                yield f"{path}: {standing_note(trace)}"


def home_of(path: str, known: Mapping[str, object]) -> str:
    """Return the vertex that a path of a run belongs to: `corpus/each/3` is `corpus/each`."""
    while path not in known and "/" in path:
        plain = bare(path)
        path = plain if plain in known else path.rpartition("/")[0]
    return path


def vertices_of(graph: FrozenGraph, prefix: str = "") -> Iterator[tuple[str, Vertex]]:
    """Yield the vertices of a graph and of those inside it, by their paths."""
    for vertex in graph.vertices:
        yield f"{prefix}{vertex.name}", vertex
        if vertex.child is not None:
            yield from vertices_of(vertex.child, f"{prefix}{vertex.name}/")


class _Replay:
    """One recorded run on its way into an overlay."""

    def __init__(self, overlay: Overlay, vertices: dict[str, Vertex], is_numbered: bool) -> None:
        self._overlay = overlay
        self._vertices = vertices
        self._is_numbered = is_numbered
        self._begun: dict[tuple[str, int, int], float] = {}
        self._entered: dict[str, list[float]] = {}
        self._active: Counter[str] = Counter()
        self._number = 0

    def play(self, steps: Sequence[Step]) -> None:
        """Go through the steps."""
        for step in steps:
            home = home_of(step.node, self._vertices)
            if step.kind.startswith("Undo"):
                self._undo(step, home)
            else:
                self._step(step, home, self._overlay.trace(home))
            for move in step.moves:
                self._move(move.at, move.way)

    def _undo(self, step: Step, home: str) -> None:
        """Take an undo for a node beside the one it undoes, and a way that leads there."""
        way = undo_way(home, self._vertices)
        if step.kind == "UndoStarted":
            self._take(way)
        elif step.kind == "UndoDone":
            self._overlay.trace(home).standing = "undone"
        told = replace(step, kind=step.kind.replace("Undo", "Node"), node=way[1])
        self._step(told, way[1], self._overlay.trace(way[1]))

    def _take(self, way: Key) -> None:
        self._number += 1
        self._overlay.taken[way] += 1
        if self._is_numbered:
            self._overlay.order.setdefault(way, []).append(self._number)

    def _step(self, step: Step, home: str, trace: Trace) -> None:
        attempt, visit = step.data.get("attempt", 1), step.data.get("visit", 1)
        match step.kind:
            case "NodeStarted":
                self._begun[step.node, attempt, visit] = step.at
                self._active[home] += 1
                trace.standing = "running"
                trace.retries += attempt > 1
            case "NodeDone" | "NodeStopped" | "NodeFailed":
                begun = self._begun.pop((step.node, attempt, visit), None)
                if begun is not None:
                    self._active[home] -= 1
                    if home == bare(step.node):
                        trace.times.append(step.at - begun)
                trace.standing = "running" if self._active[home] > 0 else ""
                if step.kind == "NodeFailed":
                    trace.failures.append(str(step.data["error"]))
                    trace.standing = "failed"
            case "Decided" if step.node in self._vertices:
                self._decided(step, trace)
            case "Asked":
                trace.standing = "waiting"
            case "Charged":
                trace.tokens += step.data["tokens"]
                usd = step.data["usd"]
                trace.usd = None if usd is None or trace.usd is None else trace.usd + usd
            case _:
                pass

    def _decided(self, step: Step, trace: Trace) -> None:
        entered = self._entered.get(step.node)
        if entered:
            trace.times.append(step.at - entered.pop(0))
        trace.standing = ""

    def _move(self, at: float, way: Key) -> None:
        source, target, label = way
        overlay = self._overlay
        self._take(way)
        if label == "then" and _is_past_bound(self._vertices.get(source), target, source):
            overlay.visits[source] -= 1  # It was turned away at the entry.
        if target in self._vertices and self._vertices[target].kind != "join":
            overlay.visits[target] += 1
        self._entered.setdefault(target, []).append(at)


def undo_way(path: str, vertices: Mapping[str, Vertex]) -> Key:
    """Return the edge that a picture draws from a vertex to what undoes it."""
    above, slash, name = path.rpartition("/")
    return path, f"{above}{slash}undo {name}", vertices[path].undo


def bare(path: str) -> str:
    """Leave out the numbers of items, which the graph does not know."""
    return "/".join(part for part in path.split("/") if not part.isdigit())


def _is_past_bound(vertex: Vertex | None, target: str, source: str) -> bool:
    if vertex is None or vertex.bound is None or vertex.bound.then is None:
        return False
    prefix = source.removesuffix(vertex.name)
    return target == f"{prefix}{vertex.bound.then}" and "then" not in vertex.labels


def _add_result(overlay: Overlay, run: Result[Any], vertices: dict[str, Vertex]) -> None:
    overlay.visits.update(run.visits)
    overlay.taken.update(run.taken)
    undos = _undos(run, vertices)
    for node, way in undos.items():
        overlay.taken[way] += run.path.count(node)
        if node in run.path:
            overlay.trace(way[0]).standing = "undone"
    for failure in run.failures:
        undo = undos.get(failure.node)
        trace = overlay.trace(undo[1] if undo else home_of(failure.node, vertices))
        trace.failures.append(f"{type(failure.error).__name__}: {failure.error}")
        trace.retries += failure.attempt > 1
        if undo or failure is run.fatal:
            trace.standing = "failed"
        if undo:
            overlay.taken[undo] += 1
    for question in run.questions:
        overlay.trace(home_of(question.node, vertices)).standing = "waiting"


def _undos(run: Result[Any], vertices: dict[str, Vertex]) -> dict[str, Key]:
    """Find what a result tells of undos: by the names that it has for them."""
    names = [*run.path, *(failure.node for failure in run.failures)]
    found = {name: home_of(name.removeprefix("undo "), vertices) for name in names}
    return {
        name: undo_way(home, vertices)
        for name, home in found.items()
        if name not in vertices and home in vertices and name.startswith("undo ")
    }


def _warm(traces: Iterable[Trace]) -> None:
    """Compare the times, by their logarithms: a node may take a thousand times another's."""
    timed = [trace for trace in traces if trace.times]
    longest = max((trace.at_share(0.5) for trace in timed), default=0.0)
    for trace in timed:
        median = max(trace.at_share(0.5), longest / 1000)
        trace.heat = 1 + log(median / longest) / log(1000) if longest > 0 else 0.0


def _until(graph: FrozenGraph, runs: Sequence[Recording | Result[Any]], at_step: int) -> Recording:
    """Cut off what came after a step."""
    run, least = runs[0], min(len(run.steps) if isinstance(run, Recording) else 0 for run in runs)
    if len(runs) > 1 or isinstance(run, Result) or not 1 <= at_step <= least:
        what = f"there is no step {at_step} to draw"
        fix = f"draw one recorded run, at a step from 1 to {least}"
        raise InvalidInput(what, where=f"the picture of {graph.name!r}", fix=fix)
    return replace(run, steps=run.steps[:at_step])


def check_run(graph: FrozenGraph, run: Recording) -> None:
    """Refuse a run of another workflow."""
    if run.workflow != graph.name:
        what = f"this is a run of workflow {run.workflow!r}, not of {graph.name!r}"
        fix = f"give a run of {graph.name!r}, or draw {run.workflow!r}"
        raise InvalidInput(what, where=f"run {run.run_id!r}", fix=fix)


def trace_notes(trace: Trace) -> list[str]:
    """Say in small how long a vertex took, what it used, and how often it was tried again."""
    notes: list[str] = []
    if len(trace.times) == 1:
        notes.append(duration(trace.times[0]))
    elif trace.times:
        median, late = duration(trace.at_share(0.5)), duration(trace.at_share(0.95))
        notes.append(f"median {median}, p95 {late}")
    used = [f"{trace.tokens:,} tokens"] if trace.tokens else []
    if trace.usd is None or trace.usd > 0:
        used.append("cost unknown" if trace.usd is None else f"{trace.usd:.4g} USD")
    if used:
        notes.append(", ".join(used))
    if trace.retries:
        notes.append("1 retry" if trace.retries == 1 else f"{trace.retries} retries")
    return notes


def standing_note(trace: Trace) -> str:
    """Say how a vertex stands: what it failed with, or what it waits for."""
    if trace.sign == "failed":
        error = trace.failures[-1].partition(":")[0].rpartition(".")[2]
        times = f" \u00d7{len(trace.failures)}" if len(trace.failures) > 1 else ""
        return f"{error}{times}"
    said = {"waiting": "waits for an answer", "running": "is running", "undone": "undone"}
    return said.get(trace.standing, "")


def order_note(order: Sequence[int]) -> str:
    """Write when an edge was taken, counted in ways: `#4`, `#4 #9`, or the first and last of many."""
    numbers = [f"#{number}" for number in order]
    return " ".join(numbers) if len(numbers) <= 3 else f"{numbers[0]} \u2026 {numbers[-1]}"


def duration(seconds: float) -> str:
    """Write a time as people say it."""
    if seconds < 0.9995:
        return f"{seconds * 1000:.3g} ms"
    if seconds < 60:
        return f"{seconds:.3g} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes} min {rest} s"
    return f"{minutes // 60} h {minutes % 60} min"
