"""Workflows with one fault each that no graph shows: D01 to D20, as their users would write them."""

import asyncio
import random
import time
from collections.abc import Callable, Sequence
from itertools import count
from typing import Annotated, Any, Literal, NamedTuple

from agentgraph import Ask, Ctx, Retry, State, Workflow, classifier, human, node, workflow
from agentgraph.testing import Invariant, Moment, always


class Note(State):
    text: str = ""
    kind: str = ""
    n: int = 0
    score: float = 0.0
    seen: object = None
    remark: str | None = None


class Bank:
    """Services: what is done to them is done outside."""

    def __init__(self) -> None:
        self.charges = 0

    def charge(self) -> int:
        self.charges += 1
        return self.charges


class Case(NamedTuple):
    workflow: Workflow[Any, Any]
    says: str
    """A part of the sentence that tells the fault."""
    services: Callable[[], object] | None = None
    invariants: Sequence[Invariant] = ()


def rest(s: Note) -> None:
    """Do nothing."""


def other(s: Note) -> None:
    """Do nothing either."""


TWICE = Retry(attempts=3, on=(ConnectionError,))
FAULTY: dict[str, Case] = {}


def fault(
    says: str, services: Callable[[], object] | None = None, *invariants: Invariant
) -> Callable[..., Any]:
    def keep(make: Callable[[], Workflow[Any, Any]]) -> Callable[[], Workflow[Any, Any]]:
        FAULTY[make.__name__.upper()] = Case(make(), says, services, invariants)
        return make

    return keep


@fault("in another order")
def d01() -> Workflow[Any, Any]:
    arrived: list[str] = []

    def who_came_first(base: str, values: Sequence[str]) -> str:
        return arrived[0]

    class Race(State):
        winner: Annotated[str, who_came_first] = ""

    def begin(s: Race) -> None:
        arrived.clear()

    async def one(s: Race) -> None:
        await asyncio.sleep(0)
        arrived.append("one")
        s.winner = "one"

    async def two(s: Race) -> None:
        await asyncio.sleep(0)
        arrived.append("two")
        s.winner = "two"

    def end(s: Race) -> None:
        """Do nothing."""

    return workflow("d01", Race, node(begin) >> (node(one) | node(two)) >> node(end))


@fault("MergeConflict")
def d02() -> Workflow[Any, Any]:
    name = "text"

    def one(s: Note) -> None:
        setattr(s, name, "1")

    def two(s: Note) -> None:
        setattr(s, name, "2")

    return workflow("d02", Note, (node(one) | node(two)) >> node(rest))


@fault("in another order")
def d03() -> Workflow[Any, Any]:
    shared: list[int] = []

    def begin(s: Note) -> None:
        shared.clear()

    async def edits(s: Note) -> None:
        await asyncio.sleep(0)
        shared.append(1)

    async def reads(s: Note) -> None:
        await asyncio.sleep(0)
        s.n = len(shared)

    return workflow("d03", Note, node(begin) >> (node(edits) | node(reads)) >> node(rest))


@fault("the state ends with n")
def d04() -> Workflow[Any, Any]:
    memory = count()

    def remembers(s: Note) -> None:
        s.n = next(memory)

    return workflow("d04", Note, node(remembers) >> node(rest))


@fault("charges = 2 in place of 1", Bank)
def d05() -> Workflow[Any, Any]:
    @node(retry=TWICE)
    def pay(s: Note, ctx: Ctx[Bank]) -> None:
        ctx.deps.charge()

    return workflow("d05", Note, pay >> node(rest), deps=Bank)


@fault("which does not survive a restart")
def d07() -> Workflow[Any, Any]:
    def collects(s: Note) -> None:
        s.seen = {1, 2}

    return workflow("d07", Note, node(collects) >> node(rest))


@fault("the run does not end")
def d09() -> Workflow[Any, Any]:
    async def polls(s: Note) -> None:
        while s.n >= 0:  # noqa: ASYNC110 - that is the fault
            await asyncio.sleep(60)

    return workflow("d09", Note, node(polls) >> node(rest))


@fault("answered ' TECH '")
def d10() -> Workflow[Any, Any]:
    def reads(s: Note) -> None:
        s.kind = "billing" if s.n > 0 else "tech"

    @classifier
    def route(s: Note) -> Literal["billing", "tech"]:
        return s.kind  # type: ignore[return-value]  # as a model would

    return workflow("d10", Note, node(reads) >> route.route({"billing": rest, "tech": other}))


def n_never_falls(moment: Moment) -> bool:
    return bool(moment.state.n >= moment.before.n)


@fault("always n_never_falls does not hold after 'takes'", None, always(n_never_falls))
def d11() -> Workflow[Any, Any]:
    @classifier
    def is_large(s: Note) -> bool:
        return s.n > 100

    def takes(s: Note) -> None:
        s.n -= 1

    return workflow("d11", Note, is_large.route({True: node(takes), False: node(rest)}))


@fault("those who wait, wait for each other")
def d12() -> Workflow[Any, Any]:
    told: dict[str, asyncio.Event] = {}

    def begin(s: Note) -> None:
        told.update(one=asyncio.Event(), two=asyncio.Event())

    async def one(s: Note) -> None:
        await told["two"].wait()
        told["one"].set()

    async def two(s: Note) -> None:
        await told["one"].wait()
        told["two"].set()

    return workflow("d12", Note, node(begin) >> (node(one) | node(two)) >> node(rest))


async def _adds(bank: Bank) -> None:
    before = bank.charges
    await asyncio.sleep(0)
    bank.charges = before + 1


@fault("in another order", Bank)
def d13() -> Workflow[Any, Any]:
    async def one(s: Note, ctx: Ctx[Bank]) -> None:
        await _adds(ctx.deps)

    async def two(s: Note, ctx: Ctx[Bank]) -> None:
        await _adds(ctx.deps)

    return workflow("d13", Note, (node(one) | node(two)) >> node(rest), deps=Bank)


@fault("done again, with nothing changed")
def d14() -> Workflow[Any, Any]:
    def stamps(s: Note) -> None:
        s.score = time.time()  # noqa: TID251 - that is the fault

    return workflow("d14", Note, node(stamps) >> node(rest))


@fault("done again, with nothing changed")
def d15() -> Workflow[Any, Any]:
    def throws(s: Note) -> None:
        s.score = random.random()  # noqa: TID251 - that is the fault

    return workflow("d15", Note, node(throws) >> node(rest))


@fault("goes on when it is cancelled", Bank)
def d16() -> Workflow[Any, Any]:
    async def quick(s: Note) -> None:
        await asyncio.sleep(0.1)

    async def slow(s: Note, ctx: Ctx[Bank]) -> None:
        try:
            await asyncio.sleep(5)
        except asyncio.CancelledError:
            ctx.deps.charge()

    return workflow("d16", Note, (node(quick) | node(slow)).join(1) >> node(rest), deps=Bank)


@fault("AttributeError")
def d19() -> Workflow[Any, Any]:
    @classifier
    def is_urgent(s: Note) -> bool:
        return s.remark.startswith("now")  # type: ignore[union-attr]  # that is the fault

    return workflow("d19", Note, is_urgent.route({True: rest, False: other}))


def joins_a_set(s: Note) -> None:
    s.text = ",".join({"alpha", "beta", "gamma", "delta"})


# At the top of its module, so that another process finds it.
D20 = workflow("d20", Note, node(joins_a_set))
FAULTY["D20"] = Case(D20, "hashes differently")


# Right ones, in which the runner (or what stores its runs) is made wrong: D06, D08, D17, D18.


@node(retry=TWICE, timeout=30)
async def step(s: Note) -> None:
    s.n += 1
    await asyncio.sleep(0)
    s.text += "x"


@classifier
def again(s: Note) -> bool:
    return s.n < 100


LOOP = workflow("loop", Note, (step >> again.route({True: step, False: rest})).loop(at_most=3))


class Form(State):
    amount: int = 0


@human
def fill(s: Note) -> Ask[Form]:
    return Ask(show=s.text)


@fill.save
def filled(s: Note, form: Form) -> None:
    s.n += 1


ASKED = workflow("asked", Note, filled >> node(rest))
