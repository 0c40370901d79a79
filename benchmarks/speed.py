"""The rows about running: what a node, a branch, an item, an event costs; not what building does."""

import asyncio
from collections.abc import Awaitable, Callable
from statistics import median
from typing import Final

from agentgraph import Workflow
from agentgraph.events import RunEnded
from benchmarks import floors, flows
from benchmarks.measure import (
    Figure,
    Stopwatch,
    Timer,
    Work,
    WrongCount,
    against_floor,
    against_other,
    alternate,
    check,
)

LENGTH: Final = 1_000
"""Nodes of a chain, branches of a fork, items of an `each`, runs at once."""
STEPS: Final = 10_000
"""Steps of the loop."""
SHORT: Final = 10
"""Nodes of each of the concurrent runs."""
EVENTS_A_STEP: Final = 3
"""The node begins, the node is done, the classifier has decided."""


def counted(flow: Workflow[flows.Counter], length: int, units: int | None = None) -> Work:
    """Run a workflow on a counter, which must come to `length`."""
    state = flows.Counter()

    async def run() -> int:
        return (await flow.run(state)).state.n

    return Work(run, length, units or length)


def bare(loop: Callable[..., Awaitable[int]], *sizes: int) -> Stopwatch:
    """Time a bare loop of these sizes; a unit is the smallest thing that it does."""
    size = 1
    for each in sizes:
        size *= each

    async def run() -> int:
        return await loop(*sizes)

    return Stopwatch(Work(run, size, size))


async def chain(turns: int) -> Figure:
    """A no-op node in a chain."""
    ours = Stopwatch(counted(flows.chain(LENGTH), LENGTH))
    return against_floor("chain", await alternate(ours, bare(floors.chain, LENGTH), turns=turns))


async def timeout(turns: int) -> Figure:
    """What a timeout on each node of the chain adds."""
    limited = Stopwatch(counted(flows.chain(LENGTH, timeout=60), LENGTH))
    plain = Stopwatch(counted(flows.chain(LENGTH), LENGTH))
    found = await alternate(limited, plain, bare(floors.chain, LENGTH), turns=turns)
    return against_floor("timeout", [(with_it - without, f) for with_it, without, f in found])


async def loop(turns: int) -> Figure:
    """A step of the loop: a node and a classifier."""
    ours = Stopwatch(counted(flows.loop(STEPS), STEPS))
    return against_floor("loop", await alternate(ours, bare(floors.loop, STEPS), turns=turns))


async def stream(turns: int) -> Figure:
    """The same loop, with somebody who reads every event."""
    ours = Stopwatch(followed(flows.loop(STEPS), STEPS))
    return against_floor("stream", await alternate(ours, bare(floors.stream, STEPS), turns=turns))


def followed(flow: Workflow[flows.Counter], steps: int) -> Work:
    """Run a loop and consume its events: those of each step, that it began and that it ended."""
    state = flows.Counter()

    async def run() -> int:
        seen, last = 0, None
        async for event in flow.start(state):
            seen += 1
            last = event
        if not isinstance(last, RunEnded) or last.result.state.n != steps:
            raise WrongCount(f"the run of {steps} steps ended with {last!r}")
        return seen

    return Work(run, EVENTS_A_STEP * steps + 2, steps)


def forked(width: int) -> Stopwatch:
    """Time a fork; its first and its last node belong to what a branch costs."""
    flow = flows.fork(width)
    state = flows.Tally()

    async def run() -> int:
        return (await flow.run(state)).state.n

    return Stopwatch(Work(run, width + 2, width))


async def fork(turns: int) -> Figure:
    """A branch of a declared fork, with its join."""
    found = await alternate(forked(LENGTH), bare(floors.fork, LENGTH), turns=turns)
    return against_floor("fork", found)


async def fork_growth(turns: int) -> Figure:
    """The same with five times as many branches."""
    found = await alternate(forked(5 * LENGTH), forked(LENGTH), turns=turns)
    return against_other("fork_growth", found)


async def each(turns: int) -> Figure:
    """An item of `each`."""
    flow = flows.mapped()
    state = flows.Items(items=list(range(LENGTH)))

    async def run() -> int:
        return (await flow.run(state)).state.n

    ours = Stopwatch(Work(run, LENGTH, LENGTH))
    return against_floor("each", await alternate(ours, bare(floors.fork, LENGTH), turns=turns))


async def concurrent(turns: int) -> Figure:
    """A node, when a thousand runs go on at once."""
    flow = flows.chain(SHORT)
    state = flows.Counter()

    async def run() -> int:
        results = await asyncio.gather(*(flow.run(state) for _ in range(LENGTH)))
        return sum(result.state.n for result in results)

    ours = Stopwatch(Work(run, LENGTH * SHORT, LENGTH * SHORT))
    found = await alternate(ours, bare(floors.concurrent, LENGTH, SHORT), turns=turns)
    return against_floor("concurrent", found)


def appended(length: int, items: int) -> Timer:
    """Time the steps alone that append to a list of so many items."""
    seconds: list[float] = []
    flow = flows.appending(length, seconds)
    state = flows.Log(lines=["x"] * items)

    async def run() -> float:
        found: list[float] = []
        for _ in range(5):
            result = await flow.run(state)
            check([len(result.state.lines)], items + length)
            found.append(seconds.pop() / length)
        return median(found)

    return run


async def append(turns: int) -> Figure:
    """A step that appends to a long list, against one that appends to an empty one."""
    found = await alternate(appended(LENGTH, 100_000), appended(LENGTH, 0), turns=turns)
    return against_other("append", found)
