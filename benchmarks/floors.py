"""The bare loops that everything is compared to: `async def` and a pydantic state, no library."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence

from pydantic import BaseModel


class Counter(BaseModel):
    """What the bare loops work on."""

    n: int = 0
    m: int = 0


async def increment(state: Counter) -> None:
    """Do what the node of every workload does."""
    state.n += 1


async def chain(length: int) -> int:
    """Await one node after the other."""
    state = Counter()
    for _ in range(length):
        await increment(state)
    return state.n


async def loop(steps: int) -> int:
    """Await one node until a condition says that it is enough."""
    state = Counter()

    def again() -> bool:
        return state.n < steps

    while True:
        await increment(state)
        if not again():
            return state.n


async def fork(width: int) -> int:
    """Gather as many coroutines, and add up what they bring."""
    state = Counter()

    async def branch() -> int:
        return 1

    state.n = sum(await asyncio.gather(*(branch() for _ in range(width))))
    return state.n


async def concurrent(runs: int, length: int) -> int:
    """Gather as many chains."""
    return sum(await asyncio.gather(*(chain(length) for _ in range(runs))))


async def stream(steps: int) -> int:
    """Consume an item for each step of the loop."""

    async def items() -> AsyncIterator[int]:
        state = Counter()
        while True:
            await increment(state)
            yield state.n
            if state.n >= steps:
                return

    seen = 0
    async for _ in items():
        seen += 1
    return seen


def passes(names: Sequence[str], edges: Sequence[tuple[str, str]]) -> int:
    """Make adjacency lists, go over the graph forwards and backwards, and order it.

    That is the least that a check of a graph has to do. It gives the number of vertices
    that have their place in the order, which is all of them where there is no cycle.
    """
    outs: dict[str, list[str]] = {name: [] for name in names}
    ins: dict[str, list[str]] = {name: [] for name in names}
    for source, target in edges:
        outs[source].append(target)
        ins[target].append(source)
    _reach(names[0], outs)
    _reach(names[-1], ins)
    waiting = {name: len(sources) for name, sources in ins.items()}
    order = [name for name, count in waiting.items() if not count]
    for name in order:
        for target in outs[name]:
            waiting[target] -= 1
            if not waiting[target]:
                order.append(target)
    return len(order)


def _reach(start: str, ways: Mapping[str, list[str]]) -> set[str]:
    seen = {start}
    stack = [start]
    while stack:
        for target in ways[stack.pop()]:
            if target not in seen:
                seen.add(target)
                stack.append(target)
    return seen
