"""The six programs of the design, as a user writes them: both type checkers find nothing here."""

from datetime import timedelta
from enum import StrEnum
from typing import Literal

from agentgraph import (
    END,
    Ask,
    Budget,
    Ctx,
    Retry,
    State,
    Verdict,
    classifier,
    consensus,
    each,
    human,
    node,
    workflow,
)

Kind = Literal["billing", "tech", "other"]


class Ticket(State):
    text: str
    reply: str = ""


@classifier
async def triage(s: Ticket) -> Verdict[Kind]:
    return Verdict("tech", 0.9)


@node(retry=Retry(attempts=3, on=(ConnectionError,)), timeout=30)
async def billing(s: Ticket) -> None:
    s.reply = "refund"


@node
async def tech(s: Ticket) -> None:
    s.reply = "reboot"


@node
async def clerk(s: Ticket) -> None:
    s.reply = "hello"


async def tone(s: Ticket) -> bool:
    return "!" not in s.reply


async def facts(s: Ticket) -> bool:
    return True


async def policy(s: Ticket) -> bool:
    return True


review = consensus(tone, facts, policy, need=2)


@human
def approve(s: Ticket) -> Ask[Literal["send", "redo", "drop"]]:
    return Ask(show=s.reply, timeout=timedelta(hours=4), on_timeout="drop")


@node
async def send(s: Ticket, ctx: Ctx) -> None:
    ctx.emit(s.reply)


gate = approve.route({"send": send, "redo": clerk, "drop": END})
support = workflow(
    "support",
    Ticket,
    triage.route({"billing": billing, "tech": tech, "other": clerk}, unsure=clerk, at_least=0.7)
    >> review.route({True: gate, False: clerk}),
)


class Essay(State):
    topic: str
    text: str = ""


class Grade(StrEnum):
    OK = "ok"
    REVISE = "revise"


@node
async def write(s: Essay) -> None:
    s.text += s.topic


@classifier
async def critic(s: Essay) -> Grade:
    return Grade.OK if len(s.text) > 3 else Grade.REVISE


essay = workflow(
    "essay", Essay, (write >> critic.route({Grade.OK: END, Grade.REVISE: write})).loop(at_most=5)
)


class Corpus(State):
    urls: list[str]
    notes: list[str] = []
    report: str = ""


async def summarise(url: str) -> str:
    return url.upper()


def urls(s: Corpus) -> list[str]:
    return s.urls


def keep(s: Corpus, out: list[str]) -> None:
    s.notes = out


@node
def merge(s: Corpus) -> None:
    s.report = "\n".join(s.notes)


corpus = workflow("corpus", Corpus, each(urls, summarise, into=keep, limit=4) >> merge)


class Trip(State):
    flight: str | None = None
    hotel: str | None = None
    note: str = ""


@node
async def book_flight(s: Trip) -> None:
    s.flight = "F1"


@node
async def book_hotel(s: Trip) -> None:
    raise ConnectionError


@node
async def apologise(s: Trip) -> None:
    s.note = "sorry"


def cancel_flight(s: Trip) -> None:
    s.flight = None


trip = workflow(
    "trip",
    Trip,
    (book_flight.undo(cancel_flight) >> book_hotel).catch(ConnectionError, apologise),
)


class Inbox(State):
    mails: list[str]
    replies: list[str] = []


def enter(s: Inbox) -> Ticket:
    return Ticket(text=s.mails[0])


def leave(s: Inbox, sub: Ticket) -> None:
    s.replies.append(sub.reply)


@classifier
def more(s: Inbox) -> bool:
    return bool(s.mails)


inbox = workflow(
    "inbox",
    Inbox,
    more.route({True: support.as_node(enter=enter, leave=leave), False: END}),
)


SEEN: list[object] = []


def tell(event: object) -> None:
    SEEN.append(event)


async def main() -> None:
    done = await support.run(Ticket(text="charged twice"), budget=Budget(usd=0.5, steps=40))
    SEEN.append((done.status, done.state.reply))
    run = support.start(Ticket(text="x"), run_id="t-1")
    async for event in run:
        tell(event)
    await run.answer("send")
    SEEN.append((await run.fork(at=3).result()).state.reply)
