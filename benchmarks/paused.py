"""Holds many paused runs and prints the bytes of memory that each takes; a program of its own.

python -m benchmarks.paused ours|floor
"""

import asyncio
import gc
import os
import sys
from asyncio import Future, Task
from pathlib import Path
from typing import Final

from agentgraph import Run
from benchmarks import flows
from benchmarks.floors import Counter, increment
from benchmarks.measure import WrongCount

RUNS: Final = 10_000
WARM: Final = 200
"""So many are made before the first look: caches and pools belong to nobody."""


def resident() -> int:
    """Return the bytes of memory that this process has, on Linux."""
    gc.collect()
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


async def ours(count: int) -> list[Run[flows.Counter]]:
    """Start runs and let each come to its question."""
    flow = flows.pause()
    runs = [flow.start(flows.Counter()) for _ in range(count)]
    for run in runs:
        if (await run.result()).status != "paused":
            raise WrongCount("a run did not pause")
    return runs


async def floor(count: int) -> list[Task[int]]:
    """Start coroutines and let each wait for an answer, with a state of its own."""

    async def run(answer: Future[str]) -> int:
        state = Counter()
        await increment(state)
        await answer
        return state.n

    loop = asyncio.get_running_loop()
    tasks = [loop.create_task(run(loop.create_future())) for _ in range(count)]
    await asyncio.sleep(0)
    return tasks


async def main(which: str) -> float:
    """Return the bytes of one paused run."""
    hold = ours if which == "ours" else floor
    kept = [await hold(WARM)]
    before = resident()
    kept.append(await hold(RUNS))
    after = resident()
    for task in kept[-1]:
        if isinstance(task, Task):
            task.cancel()
    return (after - before) / RUNS


if __name__ == "__main__":
    print(asyncio.run(main(sys.argv[1])))
