"""The six programs of the design and the builder form, with functions that need no model.

The programs stand as the design has them; the functions do the least that lets every way
be taken. The builder form is in `built`, since it shares names with the support desk.
"""

from datetime import timedelta
from enum import StrEnum
from typing import Literal

from agentgraph import (
    END,
    Ask,
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
WORDS: dict[str, Kind] = {"charged": "billing", "printer": "tech", "hello": "other"}


class Line:
    """The line to the agents, which may be down for some calls."""

    down_for = 0


line = Line()


async def ask(agent: str, text: str) -> str:
    if line.down_for:
        line.down_for -= 1
        raise ConnectionError(f"{agent} is offline")
    return f"{agent} on {text!r}"


# program 1: a support desk
class Ticket(State):
    text: str
    reply: str = ""


@classifier
async def triage(s: Ticket) -> Verdict[Kind]:
    for word, kind in WORDS.items():
        if word in s.text:
            return Verdict(kind, 0.9)
    return Verdict("tech", 0.4)


@node(retry=Retry(attempts=3, on=(ConnectionError,)), timeout=30)
async def billing(s: Ticket) -> None:
    s.reply = await ask("billing", s.text)


@node(retry=Retry(attempts=3, on=(ConnectionError,)))
async def tech(s: Ticket) -> None:
    s.reply = await ask("tech", s.text)


@node
async def clerk(s: Ticket) -> None:
    s.reply = f"clerk on {s.text!r}"


async def tone(s: Ticket) -> bool:
    return "rude" not in s.reply


async def facts(s: Ticket) -> bool:
    return "wrong" not in s.reply


async def policy(s: Ticket) -> bool:
    return "refund" not in s.reply


review = consensus(tone, facts, policy, need=2)


@human
def approve(s: Ticket) -> Ask[Literal["send", "redo", "drop"]]:
    return Ask(show=s.reply, timeout=timedelta(hours=4), on_timeout="drop")


@node
async def send(s: Ticket, ctx: Ctx) -> None:
    ctx.emit(f"sent: {s.reply}")


gate = approve.route({"send": send, "redo": clerk, "drop": END})
support = workflow(
    "support",
    Ticket,
    triage.route({"billing": billing, "tech": tech, "other": clerk}, unsure=clerk, at_least=0.7)
    >> review.route({True: gate, False: clerk}),
)


# program 2: a bounded writer and critic loop
class Essay(State):
    topic: str
    text: str = ""


class Grade(StrEnum):
    OK = "ok"
    REVISE = "revise"


@node
async def write(s: Essay) -> None:
    s.text += f"{s.topic}. "


@classifier
async def critic(s: Essay) -> Grade:
    return Grade.OK if len(s.text) >= 15 else Grade.REVISE


essay = workflow(
    "essay", Essay, (write >> critic.route({Grade.OK: END, Grade.REVISE: write})).loop(at_most=5)
)


# program 3: map and reduce over a list known only at run time
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
    s.report = " ".join(s.notes)


corpus = workflow("corpus", Corpus, each(urls, summarise, into=keep, limit=4) >> merge)


# program 4: a saga
class Trip(State):
    to: str
    flight: str | None = None
    hotel: str | None = None
    note: str = ""


@node
async def book_flight(s: Trip) -> None:
    s.flight = "F1"


async def cancel_flight(s: Trip) -> None:
    s.note = f"cancelled {s.flight}"
    s.flight = None


@node
async def book_hotel(s: Trip) -> None:
    if s.to == "Atlantis":
        raise ConnectionError("no hotel answers")
    s.hotel = "H1"


async def apologise(s: Trip, error: ConnectionError) -> None:
    s.note += f", sorry: {error}"


trip = workflow(
    "trip",
    Trip,
    (book_flight.undo(cancel_flight) >> book_hotel).catch(ConnectionError, apologise),
)


# program 5: a workflow as a node of another
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
