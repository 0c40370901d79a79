"""What the caller of a run may ask for, written once for every way to begin one; not what it does."""

from collections.abc import Mapping
from typing import TypedDict

from agentgraph.runtime.clock import Clock
from agentgraph.runtime.policy import Budget


class RunOptions(TypedDict, total=False):
    """The keyword arguments of `run`, `run_sync` and `start`, besides `deps`; each may be left out."""

    budget: Budget | None
    """What the run may use before it ends `exhausted`; None: no limit."""
    run_id: str | None
    """The id of the run; None: one is made, which no other run of any process has."""
    thread_id: str | None
    """The key under which runs share memory."""
    tags: Mapping[str, str] | None
    """What nodes see as `ctx.tags`."""
    concurrency: int | None
    """How many nodes run at once; None: no limit."""
    clock: Clock | None
    """Where the run takes its time from; None: the event loop. A test hands in its own."""
    seed: int
    """What fixes every chance of the run, such as the pauses between attempts; 0 by default."""
    store: object
    """Where the run is kept. Not there yet: only None is taken."""
