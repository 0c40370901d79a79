"""Random sound programs with random failures, answers and cancellations: what always holds."""

import asyncio
from collections.abc import Callable, Iterator
from dataclasses import replace
from random import Random
from typing import Any

from hypothesis import HealthCheck, assume, example, given, settings
from hypothesis import strategies as st

from agentgraph.errors import RunFailed
from agentgraph.events import Result, RunEnded
from agentgraph.graph import FrozenGraph, Vertex
from agentgraph.machine import Event, replay
from agentgraph.machine.marking import key_of
from agentgraph.runtime import Ask, Binding, Program, Run, run, start
from tests.machine.graphs import random_flow, sample
from tests.runtime.kit import Notes, VirtualClock, body, play, result_in, settle

ERRORS = (ConnectionError, OSError, KeyError, TypeError)
TURNS_MAX = 60


class Chance:
    """What happens, drawn as it goes."""

    def __init__(self, random: Random, failures: float) -> None:
        self.random = random
        self.failures = failures

    async def work(self, name: str) -> None:
        try:
            for _ in range(self.random.randrange(4)):
                await asyncio.sleep(0)
        except asyncio.CancelledError:
            fate = self.random.randrange(6)
            if fate == 0:
                return  # It swallows its cancellation.
            if fate == 1:
                raise ConnectionError(f"cleaning up {name}") from None
            for _ in range(fate):
                await asyncio.sleep(0)
            raise
        if self.random.random() < self.failures:
            raise self.random.choice(ERRORS)(name)

    def node(self, name: str) -> Callable[[Notes], Any]:
        async def slow(s: Notes) -> None:
            s.notes.append(name)
            await self.work(name)

        def quick(s: Notes) -> None:
            s.notes.append(name)

        return quick if self.random.random() < 0.1 else slow

    def label(self, vertex: Vertex) -> Callable[[Notes], Any]:
        async def choose(s: Notes) -> str | None:
            await self.work(vertex.name)
            labels = list(vertex.labels)
            return None if self.random.random() < 0.1 else self.random.choice(labels)

        return choose

    def binding(self, vertex: Vertex) -> Binding:
        note = body(self.node(vertex.name))
        undo = body(self.node(f"undo {vertex.name}")) if vertex.undo else None
        labels: dict[object, str] = {label: label for label in vertex.labels}
        child = self.program(vertex.child) if vertex.child else None
        match vertex.kind:
            case "classifier":
                return Binding(body(self.label(vertex)), labels=labels)
            case "consensus":
                voters = tuple(body(self.label(vertex)) for _ in vertex.voters)
                return Binding(voters=voters, labels=labels)
            case "human" | "form":
                return Binding(body(lambda s: Ask(show="?")), labels=labels)
            case "each":
                return self._each(vertex, child)
            case "subgraph":
                enter = body(lambda s: Notes())
                return Binding(enter, undo, into=lambda s, inner: None, child=child)
            case _:
                return Binding(note, undo)

    def _each(self, vertex: Vertex, child: Program | None) -> Binding:
        async def do(item: int) -> int:
            await self.work(vertex.name)
            return item

        def over(s: Notes) -> list[Any]:
            count = self.random.randrange(4)
            return [Notes() for _ in range(count)] if child else list(range(count))

        def into(s: Notes, results: list[Any]) -> None:
            s.notes.append(str(len(results)))

        return Binding(body(over), do=None if child else body(do), into=into, child=child)

    def program(self, graph: FrozenGraph) -> Program:
        bindings = {vertex.name: self.binding(vertex) for vertex in graph.vertices}
        return Program(graph, Notes, bindings)


async def follow(going: Run[Notes], chance: Chance, clock: VirtualClock) -> str:
    """Answer what is asked, in any order, until the run ends or has asked enough."""
    for _ in range(TURNS_MAX):
        try:
            result = await clock.finish(going.result())
        except RunFailed as error:
            return result_in(error).status
        if result.status != "paused":
            return result.status
        for question in chance.random.sample(result.questions, len(result.questions)):
            if chance.random.random() < 0.2:
                await settle()
            if question.id not in {each.id for each in going.questions}:
                break  # It was taken down meanwhile.
            if question.answers:
                await going.answer(chance.random.choice(question.answers), id=question.id)
            else:
                await going.cancel()
                break
            if chance.random.random() < 0.5:
                break
    await going.cancel(undo=True)
    return going.status


@settings(max_examples=150)
@example(seed=1, size=12, failures=0.3, listens=True, cancels=3)
@given(
    seed=st.integers(0, 2**32),
    size=st.integers(2, 20),
    failures=st.sampled_from([0.0, 0.05, 0.3]),
    listens=st.booleans(),
    cancels=st.none() | st.integers(0, 40),
)
def test_a_run_ends_as_the_machine_says_and_leaves_nothing_behind(
    seed: int, size: int, failures: float, listens: bool, cancels: int | None
) -> None:
    random = Random(seed)
    chance = Chance(random, failures)
    made = chance.program(sample(random_flow(random, size)).graph)

    play(lambda: lived(made, chance, listens=listens, cancels=cancels))


async def lived(made: Program, chance: Chance, *, listens: bool, cancels: int | None) -> None:
    clock = VirtualClock()
    journal: list[Event] = []
    going = start(made, Notes(), journal=journal, clock=clock)
    reading = asyncio.create_task(read(going)) if listens else None
    async with asyncio.timeout(60):
        if cancels is None:
            status = await follow(going, chance, clock)
        else:
            status, _ = await asyncio.gather(
                follow(going, chance, clock), cancel(going, chance, cancels)
            )
    marking = going._session.marking
    again = replay(made.plan, journal)

    assert status in {"done", "failed", "cancelled", "exhausted"}
    assert going.status == marking.status == again.status
    assert key_of(again) == key_of(marking)
    assert not marking.stopping
    assert clock.set == []
    if reading is not None:
        assert await reading == going.status


async def cancel(going: Run[Notes], chance: Chance, rounds: int) -> None:
    for _ in range(rounds):
        await asyncio.sleep(0)
    await going.cancel(undo=chance.random.random() < 0.5)


async def read(going: Run[Notes]) -> str:
    """Read all that is told, and return how the run ended."""
    status = ""
    while status in {"", "paused"}:
        async for event in going:
            if isinstance(event, RunEnded):
                status = event.result.status
        await asyncio.sleep(0)
    return status


class Steady(Chance):
    """As Chance, but what happens follows from the state: only how long it takes is drawn."""

    def __init__(self, random: Random, seed: int) -> None:
        super().__init__(random, 0.0)
        self.seed = seed

    def node(self, name: str) -> Callable[[Notes], Any]:
        async def note(s: Notes) -> None:
            s.notes.append(name)
            await self.work(name)

        return note

    def label(self, vertex: Vertex) -> Callable[[Notes], Any]:
        async def choose(s: Notes) -> str:
            await self.work(vertex.name)
            return Random(f"{self.seed}{vertex.name}{s.notes}").choice(vertex.labels)

        return choose

    def _each(self, vertex: Vertex, child: Program | None) -> Binding:
        binding = super()._each(vertex, child)
        return replace(binding, body=body(lambda s: [Notes()] * 2 if child else [1, 2, 3]))


# Races and failures are left out: which of them comes first is up to timing.
@settings(max_examples=80, suppress_health_check=[HealthCheck.filter_too_much])
@given(seed=st.integers(0, 2**32), size=st.integers(2, 20))
def test_timing_never_shows_nor_which_way_a_step_was_carried_out(seed: int, size: int) -> None:
    """With a journal everything takes the long way; without one most of it the short one."""
    graph = sample(random_flow(Random(seed), size)).graph
    assume(not any(is_raced(each) for each in every_vertex(graph)))

    def outcome(speed: int, journal: list[Event] | None) -> Result[Notes] | None:
        made = Steady(Random(speed), seed).program(graph)
        try:
            return play(lambda: run(made, Notes(), journal=journal, clock=VirtualClock()))
        except RunFailed:
            return None

    first = outcome(0, None)
    # What an `each` has kept of an item that failed is a failure too: its branches were on their way.
    assume(first is not None and first.status == "done" and not first.failures)
    assert first is not None
    for speed, journal in [(1, None), (2, None), (3, []), (4, [])]:
        again = outcome(speed, journal)
        assert again is not None
        assert (again.status, again.state, again.visits, again.usage, again.taken) == (
            first.status,
            first.state,
            first.visits,
            first.usage,
            first.taken,
        )
        assert sorted(again.path) == sorted(first.path)


def is_raced(vertex: Vertex) -> bool:
    return vertex.kind in {"human", "form", "consensus"} or (
        vertex.kind == "join" and vertex.need is not None
    )


def every_vertex(graph: FrozenGraph) -> Iterator[Vertex]:
    for vertex in graph.vertices:
        yield vertex
        if vertex.child is not None:
            yield from every_vertex(vertex.child)
