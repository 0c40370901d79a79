"""Fake agents that wait until they are told what to answer; not what they are told.

Rules of this file:

1. A fake does nothing: it waits at the stage under its path, and then answers or fails. Only where
   a script is about a field does it read and write that, as its vertex is said to do.
2. What no script goes into is one piece of work, as it is for `verify`: a vertex with a graph
   inside is a plain node, and whoever answers a question is a classifier.
"""

import asyncio
from dataclasses import dataclass, field, replace
from typing import Annotated, NamedTuple

from agentgraph.errors import Script, Step, UnsetField
from agentgraph.graph import CHOICES, END, FrozenGraph, Policy, Vertex
from agentgraph.runtime import Binding, Body, Ctx, Program
from agentgraph.runtime.journal import error_of
from agentgraph.state import State, latest_declared, unset
from agentgraph.verify.facts import Facts
from agentgraph.verify.plain import piece_of_work, spinning

Waiting = dict[str, list[asyncio.Future[str | None]]]


class Nothing(State):
    """The state of a replay in which only tokens matter, and the form of every answer."""


def state_of(graph: FrozenGraph, script: Script) -> type[State]:
    """Make a state of the field that a script is about, declared as in the graph of its culprit."""
    name = script.field
    if not name:
        return Nothing
    graph = inside(graph, script.culprits[0])
    hint = Annotated[object, latest_declared] if name in graph.reduced else object
    default: object = unset() if name in graph.unset else None
    return type("Replayed", (State,), {"__annotations__": {name: hint}, name: default})


def inside(graph: FrozenGraph, path: str) -> FrozenGraph:
    """Return the graph that a path leads into, of a graph and those inside it."""
    for outer in path.split("/")[:-1]:
        graph = graph.vertex[outer].child or graph
    return graph


@dataclass(slots=True)
class Stage:
    """Who waits to be told, by path."""

    script: Script
    state: type[State] = Nothing
    waiting: Waiting = field(default_factory=Waiting)
    unset: list[str] = field(default_factory=list[str])
    """Who has read the field of the script before it was written."""
    defaults: dict[str, str | None] = field(default_factory=dict[str, str | None])
    """The label of each choice that leads to END soonest, by its name."""

    def default(self, path: str) -> Step:
        """Let who waits answer what leads to END soonest."""
        return Step(path, self.defaults.get(path.rpartition("/")[2]))

    async def turn(self, path: str) -> str | None:
        """Wait to be told, and return the label to answer."""
        told: asyncio.Future[str | None] = asyncio.get_running_loop().create_future()
        self.waiting.setdefault(path, []).append(told)
        try:
            return await told
        finally:
            if told in self.waiting.get(path, ()):
                self.waiting[path].remove(told)

    def tell(self, step: Step) -> bool:
        """Let a vertex complete; False when it does not wait."""
        if not self.waiting.get(step.vertex):
            return False
        told = self.waiting[step.vertex].pop(0)
        if step.error:
            told.set_exception(error_of(step.error, "as the script says"))
        else:
            told.set_result(step.label)
        return True


def staged(graph: FrozenGraph, stage: Stage, opened: frozenset[str], path: str = "") -> Program:
    """Bind the vertices of `graph` to fakes; `opened` are those that a script goes into."""
    gates, culprit = spinning(graph), stage.script.culprits[0]
    vertices = tuple(
        replace(
            v if f"{path}{v.name}" in opened and v.child else piece_of_work(v, v.name in gates),
            policy=Policy(), at_least=0.0, undo="",
        )
        for v in graph.vertices
    )  # fmt: skip
    held = {v.name: staged(v.child, stage, opened, f"{path}{v.name}/") for v in vertices if v.child}
    vertices = tuple(replace(v, child=held[v.name].graph) if v.child else v for v in vertices)
    made = replace(graph, vertices=vertices)
    stage.defaults |= _soonest(made)
    facts = Facts.found(graph)
    bit = facts.bits([stage.script.field]) if path == culprit[: culprit.rfind("/") + 1] else 0
    bindings: dict[str, Binding] = {}
    for vertex, fact in zip(vertices, facts.of, strict=True):
        writes = bool(fact.some & bit) and vertex.kind not in CHOICES
        binding = _binding(made, vertex, _Touch(stage, bool(fact.reads & bit), writes))
        bindings[vertex.name] = replace(binding, child=held.get(vertex.name))
    return Program(made, stage.state, bindings)


def _soonest(graph: FrozenGraph) -> dict[str, str | None]:
    """For each choice, the label that leads to END by the fewest edges."""
    found: dict[str, str | None] = {}
    queue = [END]
    for name in queue:
        for edge in graph.ins[name]:
            if edge.source not in found and edge.source in graph.vertex:
                found[edge.source] = edge.label
                queue.append(edge.source)
    return found


class _Touch(NamedTuple):
    """What a fake does with the field of a script."""

    stage: Stage
    reads: bool
    writes: bool

    def do(self, state: State, path: str) -> None:
        name = self.stage.script.field
        try:
            if self.reads:
                getattr(state, name)
        except UnsetField:
            self.stage.unset.append(path)
            raise
        if self.writes:
            setattr(state, name, path)


def _binding(graph: FrozenGraph, vertex: Vertex, touch: _Touch) -> Binding:
    stage = touch.stage

    async def enter(_: State) -> State:
        return stage.state()

    async def every(_: State) -> list[State]:
        return [stage.state() for _ in range(_items(stage.script, vertex.name))]

    async def into(state: State, *_: object) -> None:
        touch.do(state, vertex.name)

    async def fake(state: State, ctx: Ctx) -> str | None:
        label = await stage.turn(ctx.path)
        touch.do(state, ctx.path)
        return label

    if vertex.child is not None:
        held = enter if vertex.kind == "subgraph" else every
        return Binding(Body(held, is_async=True), into=into)
    edges = graph.outs[vertex.name]
    labels: dict[object, str] = {e.label: e.label for e in edges if e.label is not None}
    return Binding(Body(fake, "ctx", is_async=True), labels=labels)


def _items(script: Script, name: str) -> int:
    """How many items a list has, so that what the script claims can happen."""
    paths = [script.culprits[0], *(step.vertex for step in script.steps)]
    if script.outcome == "skipped" and not any(name in path.split("/")[:-1] for path in paths):
        return 0
    return 2 if script.outcome == "together" else max(script.number, 1)
