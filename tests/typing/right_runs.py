"""Classifiers, people, runs and their events: correct, and so typed."""

from enum import Enum
from typing import Literal, assert_never, assert_type

from pydantic import BaseModel

from agentgraph import (
    END,
    Abstaining,
    Ask,
    Choice,
    Classifier,
    Ctx,
    Flow,
    Form,
    Node,
    State,
    Verdict,
    Workflow,
    classifier,
    consensus,
    human,
    node,
    workflow,
)
from agentgraph.events import (
    Asked,
    Charged,
    CostUnknown,
    Decided,
    Emitted,
    Event,
    Missed,
    NodeDone,
    NodeFailed,
    NodeStarted,
    NodeStopped,
    RunEnded,
    RunStarted,
    UndoDone,
    UndoFailed,
    UndoStarted,
)


class Ticket(State):
    text: str
    reply: str = ""


class Level(Enum):
    LOW = 1
    HIGH = 2


Kind = Literal["billing", "tech"]


@node
def send(s: Ticket) -> None: ...


@node
def clerk(s: Ticket) -> None: ...


@classifier
def by_literal(s: Ticket) -> Kind:
    return "tech"


@classifier
async def by_literal_later(s: Ticket) -> Kind:
    return "tech"


@classifier
def by_bool(s: Ticket) -> bool:
    return True


@classifier
async def by_enum(s: Ticket) -> Level:
    return Level.LOW


@classifier
async def by_verdict(s: Ticket) -> Verdict[Kind]:
    return Verdict("tech", 0.9, probabilities={"tech": 0.9, "billing": 0.1})


@classifier
def with_ctx(s: Ticket, ctx: Ctx) -> Kind:
    return "tech"


@classifier
async def with_deps(s: Ticket, ctx: Ctx[int]) -> Verdict[Level]:
    return Verdict(Level.LOW)


@classifier
def abstains(s: Ticket) -> Verdict[Kind] | None:
    return None


@classifier
async def abstains_later(s: Ticket) -> Verdict[Kind] | None:
    return None


class Desk:
    def __init__(self, words: list[str]) -> None:
        self.words = words

    async def triage(self, s: Ticket) -> Verdict[Kind]:
        return Verdict("tech")

    def __call__(self, s: Ticket) -> Kind:
        return "tech"


assert_type(by_literal, Classifier[Ticket, Kind])
assert_type(by_literal_later, Classifier[Ticket, Kind])
assert_type(by_bool, Classifier[Ticket, bool])
assert_type(by_enum, Classifier[Ticket, Level])
assert_type(by_verdict, Classifier[Ticket, Kind])
assert_type(with_ctx, Classifier[Ticket, Kind])
assert_type(with_deps, Classifier[Ticket, Level])
assert_type(abstains, Abstaining[Ticket, Kind])
assert_type(abstains_later, Abstaining[Ticket, Kind])
assert_type(classifier(Desk([]).triage), Classifier[Ticket, Kind])
assert_type(classifier(Desk([])), Classifier[Ticket, Kind])
assert_type(by_bool.route({True: send, False: END}), Flow[Ticket])
assert_type(by_enum.route({Level.LOW: send, Level.HIGH: END}), Flow[Ticket])
assert_type(abstains.route({"billing": send, "tech": END}, unsure=clerk), Flow[Ticket])


async def vote(s: Ticket) -> bool:
    return True


def vote_now(s: Ticket) -> Kind:
    return "tech"


assert_type(consensus(vote, vote, need=2), Classifier[Ticket, bool])
assert_type(consensus(vote_now, vote_now, need=2), Classifier[Ticket, Kind])


class Team:
    @classifier
    async def triage(self, s: Ticket) -> Verdict[Kind]:
        return Verdict("tech")

    @classifier
    def level(self, s: Ticket) -> Level:
        return Level.LOW

    @node
    async def answer(self, s: Ticket) -> None: ...

    @node(timeout=3)
    def close(self, s: Ticket) -> None: ...

    @node
    async def tell(self, s: Ticket, ctx: Ctx) -> None: ...

    @classifier
    def kind(self, s: Ticket, ctx: Ctx) -> Kind:
        return "tech"

    @classifier
    async def perhaps(self, s: Ticket) -> Verdict[Kind] | None:
        return None


team = Team()
assert_type(team.triage, Classifier[Ticket, Kind])
assert_type(team.level, Classifier[Ticket, Level])
assert_type(team.answer, Node[Ticket])
assert_type(team.close, Node[Ticket])
assert_type(team.tell, Node[Ticket])
assert_type(team.kind, Classifier[Ticket, Kind])
assert_type(team.perhaps, Abstaining[Ticket, Kind])
assert_type(team.triage.route({"billing": team.answer, "tech": END}) >> team.close, Flow[Ticket])


@human
def approve(s: Ticket) -> Ask[Literal["send", "redo"]]:
    return Ask(show=s.reply, on_timeout="redo")


@human
async def sure(s: Ticket) -> Ask[bool]:
    return Ask(show=s.reply)


@human
def asks_with_ctx(s: Ticket, ctx: Ctx[int]) -> Ask[Literal["a", "b"]]:
    return Ask(show=ctx.deps)


class Address(BaseModel):
    street: str
    number: int = 1


@human
def address(s: Ticket) -> Ask[Address]:
    return Ask(show="where?", draft=Address(street="x"))


@address.save
def filled(s: Ticket, answer: Address) -> None:
    s.reply = answer.street


assert_type(approve, Choice[Ticket, Literal["send", "redo"]])
assert_type(asks_with_ctx, Choice[Ticket, Literal["a", "b"]])
assert_type(address, Form[Ticket, Address])
assert_type(filled, Node[Ticket])
asked = approve.route({"send": send, "redo": clerk})
desk = workflow("w", Ticket, filled >> asked >> sure.route({True: END, False: clerk}))


class Db:
    async def find(self, words: str) -> list[str]:
        return [words]


@node
async def look(s: Ticket, ctx: Ctx[Db]) -> None:
    rows = await ctx.effect("find", lambda: ctx.deps.find(s.text))
    assert_type(rows, list[str])
    count = await ctx.effect("count", lambda: len(rows))
    assert_type(count, int)
    ctx.spend(tokens=count)
    ctx.emit({"rows": count})


served = workflow("served", Ticket, look >> send, deps=Db)
assert_type(served, Workflow[Ticket, Db])


SEEN: list[object] = []


async def main() -> None:
    done = await served.run(Ticket(text="x"), deps=Db())
    assert_type(done.state, Ticket)
    served.run_sync(Ticket(text="x"), deps=Db())
    run = desk.start(Ticket(text="x"), run_id="a")
    async for event in run:
        tell(event)
    await run.answer("send")
    await run.answer(approve, "send", id="q1")
    await run.answer(sure, False)
    await run.answer(address, Address(street="x"))
    status = (await run.result()).status
    match status:
        case "done" | "paused" | "failed":
            pass
        case "cancelled" | "exhausted":
            pass
        case _:
            assert_never(status)
    async with desk.start(Ticket(text="x")) as other:
        SEEN.append(other.status)


def tell(event: Event[Ticket]) -> None:  # noqa: C901 - one case for each event
    match event:
        case RunStarted(state=state):
            assert_type(state, Ticket)
        case NodeStarted(node=name):
            assert_type(name, str)
        case NodeDone(changed=changed):
            SEEN.append(changed)
        case NodeFailed(error=error):
            assert_type(error, Exception)
        case Decided(label=label):
            assert_type(label, str | None)
        case Emitted(value=Address(street=street)):
            assert_type(street, str)
        case Asked(id=id):
            assert_type(id, str)
        case RunEnded(result=result):
            assert_type(result.state, Ticket)
        case Emitted() | Missed() | Charged() | CostUnknown() | NodeStopped():
            SEEN.append(event)
        case UndoStarted() | UndoDone() | UndoFailed():
            assert_type(event.node, str)
        case _:
            assert_never(event)
