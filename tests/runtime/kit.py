"""Programs made by hand from the notation of docs/semantics.md, and a clock that tests move.

A node without a function of its own notes its name, a question asks for its name, and
`into`, `leave`, `enter` and labels have the obvious default, so that a test says only
what it is about.
"""

import asyncio
import heapq
from collections.abc import Awaitable, Callable
from dataclasses import replace
from itertools import count
from typing import Annotated, Any, TypeVar

import pytest
from pydantic import BaseModel

from agentgraph.errors import RunFailed
from agentgraph.events import Result
from agentgraph.graph import FrozenGraph, Vertex
from agentgraph.runtime import Ask, Binding, Body, Program
from agentgraph.state import State, append, total
from tests.machine.notation import Reader

T = TypeVar("T")
ROUNDS = 40
"""After so many rounds of the loop everything that can move has moved."""


class Notes(State):
    """Who has worked, in order, and a number."""

    notes: Annotated[list[str], append] = []
    number: Annotated[int, total] = 0
    text: str = ""


def noting(name: str) -> Body:
    """Make a node that notes its name."""

    async def note(s: Notes) -> None:
        s.notes.append(name)

    return Body(note, is_async=True)


def program(
    text: str,
    model: type[BaseModel] = Notes,
    /,
    *,
    name: Any = "g",
    bind: Any = None,
    policy: Any = None,
    children: Any = None,
    deps: Any = None,
    **fns: Any,
) -> Program:
    """Read a graph and bind its vertices: a function, a Body, or (in `bind`) a Binding.

    `policy` and `children` are mappings too: of vertices to policies, of the names that the
    text gives child graphs to their programs.
    """
    known = {key: child.graph for key, child in (children or {}).items()}
    graph = Reader(name, known).read(text)
    vertices = tuple(
        replace(vertex, policy=(policy or {}).get(vertex.name, vertex.policy))
        for vertex in graph.vertices
    )
    graph = FrozenGraph(name, vertices, graph.edges, graph.regions)
    given = {**fns, **(bind or {})}
    inside = list((children or {}).values())
    bindings = {each.name: _binding(each, given.get(each.name), inside) for each in vertices}
    return Program(graph, model, bindings, deps)


def _binding(vertex: Vertex, given: Any, inside: list[Program]) -> Binding:
    binding = given if isinstance(given, Binding) else _bound(vertex, given)
    if vertex.labels and not binding.labels:
        binding = replace(binding, labels={label: label for label in vertex.labels})
    if vertex.child is not None and binding.child is None:
        child = next(each for each in inside if each.graph == vertex.child)
        binding = replace(binding, child=child)
    if vertex.undo and binding.undo is None:
        binding = replace(binding, undo=noting(f"undo {vertex.name}"))
    return binding


def _bound(vertex: Vertex, given: Any) -> Binding:
    match vertex.kind:
        case "node":
            return Binding(noting(vertex.name) if given is None else body(given))
        case "human" | "form":
            return Binding(body(given or (lambda s: Ask(show=vertex.name))), question=given)
        case "each":
            over, do, into = given
            return Binding(body(over), do=body(do) if do else None, into=into)
        case "subgraph":
            enter, leave = given or (lambda s: s, _leave)
            return Binding(body(enter), into=leave)
        case "consensus":
            return Binding(voters=tuple(body(voter) for voter in given))
        case _:
            return Binding(None if given is None else body(given))


def _leave(s: Notes, child: Notes) -> None:
    s.notes.extend(f"child {note}" for note in child.notes[len(s.notes) :])


def body(given: Any) -> Body:
    """Make a body of a function."""
    if isinstance(given, Body):
        return given
    return Body(given, is_async=asyncio.iscoroutinefunction(given))


def play(main: Callable[[], Awaitable[T]]) -> T:
    """Run a test in a loop of its own; nothing that it started may outlive it."""

    async def watched() -> T:
        try:
            return await main()
        finally:
            left = asyncio.all_tasks() - {asyncio.current_task()}
            assert not left, f"these tasks outlive the test: {left}"

    return asyncio.run(watched())


def result_of(caught: pytest.ExceptionInfo[RunFailed]) -> Result[Any]:
    """Return the result of a run that failed."""
    return result_in(caught.value)


def result_in(error: RunFailed) -> Result[Any]:
    """Return the result that an error carries."""
    assert isinstance(error.result, Result)
    return error.result


async def settle() -> None:
    """Let everything move that can."""
    for _ in range(ROUNDS):
        await asyncio.sleep(0)


class Ring:
    """A call that a virtual clock makes later."""

    def __init__(self, when: float, call: Callable[[], object]) -> None:
        self.when = when
        self.call: Callable[[], object] | None = call

    def cancel(self) -> None:
        self.call = None


class VirtualClock:
    """A clock that stands still until a test moves it."""

    def __init__(self) -> None:
        self.now = 0.0
        self.asked: list[float] = []
        """How long each alarm was to wait when it was set."""
        self._rings: list[tuple[float, int, Ring]] = []
        self._numbers = count()

    def time(self) -> float:
        return self.now

    def call_at(self, when: float, call: Callable[[], object], /) -> Ring:
        ring = Ring(when, call)
        self.asked.append(when - self.now)
        heapq.heappush(self._rings, (when, next(self._numbers), ring))
        return ring

    @property
    def set(self) -> list[float]:
        """When the alarms ring that are set."""
        return sorted(when for when, _, ring in self._rings if ring.call is not None)

    async def advance(self, seconds: float) -> None:
        """Let time go by, and all happen that is due meanwhile."""
        end = self.now + seconds
        await settle()
        while self._rings and self._rings[0][0] <= end:
            when, _, ring = heapq.heappop(self._rings)
            self.now = max(self.now, when)
            if ring.call is not None:
                call, ring.call = ring.call, None
                call()
            await settle()
        self.now = end

    async def finish(self, awaitable: Awaitable[T]) -> T:
        """Await something; whenever nothing can move, time goes on to the next alarm."""
        task = asyncio.ensure_future(awaitable)
        await settle()
        while not task.done():
            if self.set:
                await self.advance(self.set[0] - self.now)
            else:
                await asyncio.wait([task], timeout=0.005)  # A thread is at work, or a long way.
        return await task
