"""Fake agents that wait until they are told what to answer; not what they are told.

Rules of this file:

1. A fake does nothing: it waits at the stage under its path, and then answers or fails.
2. What no script goes into is one piece of work: a vertex with a graph inside is a plain node.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from agentgraph.errors import Step
from agentgraph.graph import END, FrozenGraph, Policy, Vertex
from agentgraph.runtime import Ask, Binding, Body, Ctx, Program
from agentgraph.state import State
from agentgraph.verify.plain import spinning


class Nothing(State):
    """The state of a replay: only tokens matter."""


@dataclass(slots=True)
class Stage:
    """Who waits to be told, by path."""

    waiting: dict[str, list[asyncio.Future[str | None]]] = field(
        default_factory=dict[str, list[asyncio.Future[str | None]]]
    )

    defaults: dict[str, str | None] = field(default_factory=dict[str, str | None])
    """The label of each choice that leads to END soonest, by its name."""

    def default(self, path: str) -> Step:
        """Let who waits answer what leads to END soonest."""
        names = path.split("/")
        for name in (names[-1], *names[-2:-1]):
            if name in self.defaults:
                return Step(path, self.defaults[name])
        return Step(path)

    @property
    def size(self) -> int:
        """How many wait."""
        return sum(map(len, self.waiting.values()))

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
        """Let a vertex complete, all voters of it at once; False when it does not wait."""
        paths = [p for p in self.waiting if p == step.vertex or p.startswith(f"{step.vertex}/")]
        found = [self.waiting[path].pop(0) for path in paths if self.waiting[path]]
        for told in found:
            if step.error:
                told.set_exception(_error(step.error))
            else:
                told.set_result(step.label)
        return bool(found)


def _error(name: str) -> Exception:
    """Make an error of a class with this qualified name."""
    module, _, kind = name.rpartition(".")
    made: type[Exception] = type(kind, (Exception,), {"__module__": module, "__qualname__": kind})
    return made(f"{name}, as the script says")


def staged(graph: FrozenGraph, stage: Stage, inside: tuple[str, ...]) -> Program:
    """Bind the vertices of `graph` to fakes; `inside` names the vertices that a script goes into."""
    first, *rest = inside or ("",)
    gates = spinning(graph)
    vertices = tuple(_plain(v, v.name in gates, is_open=v.name == first) for v in graph.vertices)
    made = replace(graph, vertices=vertices)
    stage.defaults |= _soonest(made)
    bindings = {v.name: _binding(made, v, stage, tuple(rest)) for v in vertices}
    return Program(made, Nothing, bindings)


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


def _plain(vertex: Vertex, is_spinning: bool, *, is_open: bool) -> Vertex:
    is_gate = vertex.kind == "gateway" and is_spinning  # a run of it would never come back
    if is_gate or (vertex.child is not None and not is_open):
        return Vertex(vertex.name, bound=vertex.bound, undo=vertex.undo)
    return replace(vertex, policy=Policy(), at_least=0.0)


def _binding(graph: FrozenGraph, vertex: Vertex, stage: Stage, inside: tuple[str, ...]) -> Binding:
    undo = Body(_nothing, is_async=True) if vertex.undo else None
    edges = graph.outs[vertex.name]
    labels: dict[object, str] = {e.label: e.label for e in edges if e.label is not None}
    if vertex.child is not None:
        first = Body(_state if vertex.kind == "subgraph" else _states, is_async=True)
        child = staged(vertex.child, stage, inside)
        return Binding(first, undo, into=_nothing, child=child)
    match vertex.kind:
        case "human":
            return Binding(_waiting(stage, lambda _: Ask[str](show="")), labels=labels)
        case "form":
            ask = _waiting(stage, lambda _: Ask[Nothing](show=""))
            return Binding(ask, undo, form=Nothing)
        case "consensus":
            voter = _waiting(stage, lambda label: label)
            return Binding(labels=labels, voters=(voter,) * len(vertex.voters))
        case "each":
            do = Body(_nothing, is_async=True)
            return Binding(_waiting(stage, lambda _: [0]), undo, do=do, into=_nothing)
        case _:
            # A node gets no label, and must return nothing.
            return Binding(_waiting(stage, lambda label: label), undo, labels=labels)


def _waiting(stage: Stage, answer: Callable[[str | None], object]) -> Body:
    async def fake(_: Nothing, ctx: Ctx) -> object:
        return answer(await stage.turn(ctx.path))

    return Body(fake, "ctx", is_async=True)


async def _nothing(*_: object) -> None:
    """Do nothing."""


async def _state(_: Nothing) -> Nothing:
    return Nothing()


async def _states(_: Nothing) -> list[Nothing]:
    return [Nothing()]
