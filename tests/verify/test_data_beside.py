"""Faults of data are told beside those of how tokens move, as far as these leave the data known."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from random import Random

import pytest

from agentgraph import END, START, Graph, State, unset
from agentgraph.errors import Finding, InvalidGraph
from agentgraph.graph import Access, FrozenGraph
from agentgraph.testing import replay
from agentgraph.verify import verify
from tests.verify.planting import Garden


class Desk(State):
    note: str = unset()
    total: int = 0
    reply: str = ""


async def idle(s: Desk) -> None: ...


async def notes(s: Desk) -> None:
    s.note = "noted"


def planted(b: Callable[[Desk], Awaitable[None]]) -> InvalidGraph:
    """Refuse a graph with a fault of tokens, which `b` has a part in, and behind it faults of data."""

    async def a(s: Desk) -> None: ...
    async def c(s: Desk) -> None: ...
    async def m(s: Desk) -> None: ...
    async def d(s: Desk) -> None:
        s.total = 1

    async def e(s: Desk) -> None:
        s.total = 2

    async def f(s: Desk) -> None:
        s.reply = s.note

    g = Graph("desk", Desk)
    g.add_edge(START, a)
    g.add_edge(a, [b, c])
    g.add_edge(b, m)
    g.add_edge(c, m)
    g.add_edge(m, [d, e])
    g.add_join([d, e], f)
    g.add_edge(f, END)
    with pytest.raises(InvalidGraph) as caught:
        g.compile()
    return caught.value


def test_faults_of_data_are_told_beside_those_of_tokens() -> None:
    error = planted(idle)

    assert [found.code for found in error.findings] == ["AG302", "AG401", "AG402"]
    assert all(replay(error, found).occurred for found in error.findings)


def test_what_a_broken_part_may_write_is_not_said_to_be_unwritten_behind_it() -> None:
    error = planted(notes)

    assert [found.code for found in error.findings] == ["AG302", "AG402"]


def with_data(graph: FrozenGraph, seed: int) -> FrozenGraph:
    """Let the nodes in blocks read and write fields; the same in each graph that has them."""

    def access(name: str) -> Access:
        random = Random(f"{seed} {name}")
        fields = random.sample(["x", "y", "z"], 2)
        return Access(
            tuple(fields[:1]) if random.random() < 0.4 else (),
            tuple(fields[1:]) if random.random() < 0.4 else (),
        )

    vertices = [
        replace(v, access=access(v.name)) if v.name.startswith("n") else v for v in graph.vertices
    ]
    return replace(graph, vertices=tuple(vertices), fields=("x", "y", "z"), unset=("x",))


def of_data(findings: tuple[Finding, ...]) -> dict[tuple[str, ...], Finding]:
    """Name the faults of data: who reads what is unwritten, and what is written in parallel."""
    found: dict[tuple[str, ...], Finding] = {}
    for one in findings:
        if one.code in {"AG401", "AG402"} and one.script is not None:
            who = one.script.culprits if one.code == "AG401" else ()
            found[(one.code, one.script.field, *who)] = one
    return found


def test_no_fault_of_data_is_told_that_is_not_there_when_all_is_mended() -> None:
    told = 0
    for seed in range(120):
        garden = Garden.grown(seed, 30)
        whole = of_data(verify(with_data(garden.frozen(), seed)).findings)
        garden.plant(2)
        faulty = with_data(garden.frozen(), seed)

        found = of_data(verify(faulty).findings)

        assert found.keys() <= whole.keys(), seed
        # A run in which `x` is read too early never comes to where two write it.
        shown = [one for key, one in found.items() if key[:2] != ("AG402", "x")]
        assert all(replay(faulty, one).occurred for one in shown), seed
        told += len(found)
    assert told > 30
