"""The workflows that are timed, written as a user writes them; not how they are timed."""

from collections.abc import Awaitable, Callable
from functools import reduce
from operator import or_, rshift
from time import process_time
from typing import Annotated, Literal

from pydantic import Field

from agentgraph import (
    END,
    Ask,
    Flow,
    State,
    Workflow,
    append,
    classifier,
    each,
    human,
    node,
    total,
    workflow,
)


class Counter(State):
    """What most of the workflows work on."""

    n: int = 0
    m: int = 0


class Tally(State):
    """A counter that branches may write at the same time."""

    n: Annotated[int, total] = 0


class Log(State):
    """A list that only grows."""

    lines: Annotated[list[str], append] = Field(default_factory=list[str])


class Items(State):
    """A list known only at run time, and what came of it."""

    items: list[int] = Field(default_factory=list[int])
    n: int = 0


async def increment(s: Counter) -> None:
    """Do as little as a node can."""
    s.n += 1


async def add(s: Tally) -> None:
    """Do the same in a branch."""
    s.n += 1


async def write(s: Log) -> None:
    """Append one line."""
    s.lines.append("x")


async def same(item: int) -> int:
    """Do as little as can be done for an item."""
    return item


@human
def approve(s: Counter) -> Ask[Literal["yes", "no"]]:
    """Ask a person, who does not answer."""
    return Ask(show=s.n)


def chain(length: int, *, timeout: float | None = None) -> Workflow[Counter]:
    """One node after the other."""
    step = node(increment) if timeout is None else node(timeout=timeout)(increment)
    return workflow("chain", Counter, reduce(rshift, [step] * length))


def loop(steps: int) -> Workflow[Counter]:
    """One node, and a classifier that sends it back."""

    @classifier
    def again(s: Counter) -> bool:
        return s.n < steps

    step = node(increment)
    return workflow(
        "loop", Counter, (step >> again.route({True: step, False: END})).loop(at_most=steps)
    )


def fork(width: int) -> Workflow[Tally]:
    """As many branches, and the node at which they are joined."""
    step = node(add)
    branches: Flow[Tally] = reduce(or_, [step] * width)
    return workflow("fork", Tally, step >> branches >> step)


def mapped() -> Workflow[Items]:
    """Something for each item of a list, all at once."""
    return workflow("mapped", Items, each(_items, same, into=_keep, limit=1_000))


def _items(s: Items) -> list[int]:
    return s.items


def _keep(s: Items, results: list[int]) -> None:
    s.n = len(results)


def pause() -> Workflow[Counter]:
    """A node, and a question that nobody answers."""
    step = node(increment)
    return workflow("pause", Counter, step >> approve.route({"yes": step, "no": END}))


def appending(length: int, seconds: list[float]) -> Workflow[Log]:
    """As many nodes that append; what they take goes to `seconds`.

    The copy of the list when a run begins and ends is not theirs, so the clock is read
    by the nodes before and after them.
    """

    async def before(s: Log) -> None:
        seconds.append(-process_time())

    async def after(s: Log) -> None:
        seconds[-1] += process_time()

    steps = reduce(rshift, [node(write)] * length)
    first: Callable[[Log], Awaitable[None]] = before
    return workflow("appending", Log, first >> steps >> after)
