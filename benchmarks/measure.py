"""How a workload is timed: CPU seconds, in turns with what it is compared to; not what is timed.

Rules of this file:

1. CPU time of this process, never the clock on the wall: another program that takes the
   processor must not change a figure.
2. What is compared runs in turns, in one process and one event loop, after a warm-up, and a
   ratio is the median of the ratios of the turns: a slow second hits both sides.
3. A workload that counts wrongly is an error. A fast wrong answer is no figure.
"""

import gc
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from statistics import median
from time import process_time
from typing import Final, TypeAlias

TURNS: Final = 7
"""How often everything is measured; the median of them counts."""
FEWER: Final = 3
"""How often for the gate of CI, whose limits are wide."""
SHORTEST_S: Final = 0.02
"""A sample is repeated until it lasts at least so long."""

Timer: TypeAlias = Callable[[], Awaitable[float]]
"""Runs a workload once and gives the CPU seconds that one unit of it took."""


class WrongCount(Exception):
    """A workload did not do what it was timed for."""


@dataclass(frozen=True, slots=True)
class Work:
    """Something to be timed: it gives `count` each time, and consists of `units` equal parts."""

    run: Callable[[], Awaitable[int]]
    count: int
    units: int


class Stopwatch:
    """Times a workload as a whole; the shorter it is, the more often it runs for one sample."""

    __slots__ = ("_times", "_work")

    def __init__(self, work: Work, *, times: int = 0) -> None:
        """Take the workload; the first call is the warm-up, and says how often unless `times` does."""
        self._work = work
        self._times = times

    async def __call__(self) -> float:
        """Give the CPU seconds of one unit."""
        if not self._times:
            once = await self._sample(1)
            self._times = max(1, round(SHORTEST_S / max(once, 1e-9)))
        return await self._sample(self._times) / self._times / self._work.units

    async def _sample(self, times: int) -> float:
        work = self._work
        run = work.run
        gc.collect()
        began = process_time()
        counts = [await run() for _ in range(times)]
        seconds = process_time() - began
        check(counts, work.count)
        return seconds


def check(counts: Sequence[int], right: int) -> None:
    """Raise `WrongCount` when one of `counts` is not the right one."""
    for count in counts:
        if count != right:
            raise WrongCount(f"the workload counted {count} where {right} is right")


async def alternate(*timers: Timer, turns: int) -> list[tuple[float, ...]]:
    """Run each timer in every turn, after a warm-up; a turn has the seconds of each."""
    for timer in timers:
        await timer()
    found: list[tuple[float, ...]] = []
    for turn in range(turns):
        # Every second turn backwards, so that no timer always comes after the same other one.
        order = list(enumerate(timers))[:: -1 if turn % 2 else 1]
        seconds = {index: await timer() for index, timer in order}
        found.append(tuple(seconds[index] for index in range(len(timers))))
    return found


@dataclass(frozen=True, slots=True)
class Figure:
    """What was measured for one row of the table, in the unit of its target."""

    row: str
    value: float
    ratio: float | None = None
    """How many times the floor; None where the value itself is what is compared."""
    note: str = ""


def against_floor(row: str, turns: Sequence[Sequence[float]], *, scale: float = 1e6) -> Figure:
    """Make the figure of a row from turns of (ours, floor)."""
    return Figure(
        row,
        median(ours for ours, _ in turns) * scale,
        median(ours / floor for ours, floor in turns),
    )


def against_other(row: str, turns: Sequence[Sequence[float]]) -> Figure:
    """Make the figure of a row that compares two workloads of ours: the first by the second."""
    micros = " and ".join(f"{median(column) * 1e6:.2f}" for column in zip(*turns, strict=True))
    return Figure(row, median(one / other for one, other in turns), note=f"{micros} µs")
