"""The rows about simulation: four branches of three awaits, in an order by lot; with and without a runner."""

import asyncio
import operator
from functools import reduce
from itertools import count
from typing import Any, Final

from agentgraph import Workflow, node, workflow
from agentgraph.testing import Schedule, SimulatedLoop
from agentgraph.testing.fakes import Stage, Trial
from agentgraph.testing.playing import play
from benchmarks.flows import Tally
from benchmarks.measure import Figure, Stopwatch, Work, against_floor, alternate

BRANCHES: Final = 4
AWAITS: Final = 3
STEPS: Final = BRANCHES * AWAITS


def branches() -> Workflow[Tally]:
    """Build four agents that each give way three times before they count."""

    async def agent(s: Tally) -> None:
        for _ in range(AWAITS):
            await asyncio.sleep(0)
        s.n += AWAITS

    parts: list[Any] = [node(name=f"agent_{number}")(agent) for number in range(BRANCHES)]
    return workflow("branches", Tally, reduce(operator.or_, parts))


async def gathered() -> int:
    """Let four coroutines give way three times, and add up."""
    done = 0

    async def branch() -> None:
        nonlocal done
        for _ in range(AWAITS):
            await asyncio.sleep(0)
            done += 1

    await asyncio.gather(*(branch() for _ in range(BRANCHES)))
    return done


def played(made: Workflow[Tally], seed: str) -> int:
    """Play one run on the runner, as every check does."""
    outcome = play(Stage(made.program, "real", "real"), Trial(Tally(), shuffle=seed))
    assert outcome.result is not None
    state: Tally = outcome.result.state
    return state.n


async def simulated(turns: int) -> Figure:
    """Run these coroutines in a simulated loop that is made for it; by the same ones gathered."""
    seeds = map(str, count())

    async def ours() -> int:
        return SimulatedLoop(Schedule(seed=next(seeds))).run(gathered())

    return await _by_gathered("simulated", Work(ours, STEPS, 1), turns)


async def trials(turns: int) -> Figure:
    """Play four such agents in a simulated loop on the real runner; by the same coroutines."""
    seeds, made = map(str, count()), branches()

    async def ours() -> int:
        return played(made, next(seeds))

    return await _by_gathered("trials", Work(ours, STEPS, 1), turns)


async def _by_gathered(row: str, work: Work, turns: int) -> Figure:
    watches = Stopwatch(work), Stopwatch(Work(gathered, STEPS, 1))
    return against_floor(row, await alternate(*watches, turns=turns), scale=1e6)
