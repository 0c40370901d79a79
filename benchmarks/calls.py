"""The row about function calls: a count that no load of the machine changes; not a time."""

import asyncio
import gc
import sys
from collections.abc import Callable
from types import FrameType
from typing import Final

from agentgraph import Workflow
from benchmarks import flows
from benchmarks.measure import Figure, check

SHORTER: Final = 1_000
LONGER: Final = 3_000


class _Still:
    """Time that stands: how often others get their turn must not depend on the load."""

    def time(self) -> float:
        """Return the same moment each time."""
        return 0.0

    def call_at(self, when: float, call: Callable[[], object]) -> asyncio.TimerHandle:
        """Never ring."""
        return asyncio.get_running_loop().call_later(when, call)


async def counted(flow: Workflow[flows.Counter], steps: int) -> int:
    """Count the calls of Python and C functions, and resumed coroutines, of one run.

    The garbage collector rests meanwhile: when it comes depends on what ran before.
    """
    found = 0

    def count(_frame: FrameType, event: str, _argument: object) -> None:
        nonlocal found
        if event in {"call", "c_call"}:
            found += 1

    state = flows.Counter()
    # A collection calls whatever others hung into it (hypothesis times it): not a call of ours.
    gc.disable()
    sys.setprofile(count)
    try:
        result = await flow.run(state, clock=_Still())
    finally:
        sys.setprofile(None)
        gc.enable()
    check([result.state.n], steps)
    return found


async def calls(_turns: int) -> Figure:
    """Count the calls of one step, from two lengths: what a run costs as a whole falls out."""
    short, long = flows.loop(SHORTER), flows.loop(LONGER)
    for flow, steps in ((short, SHORTER), (long, LONGER)):
        await counted(flow, steps)
    more = await counted(long, LONGER) - await counted(short, SHORTER)
    return Figure("calls", more / (LONGER - SHORTER))
