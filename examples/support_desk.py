"""A support desk: triage, specialists, a review by vote, and a redo that ends.

`agentgraph run examples/support_desk.py --input examples/tickets.jsonl --svg support.svg`
sends a mailbox through it. No key, no network: the triage is fitted on labelled exemplars, and
the specialists know a handbook by heart. Put your own agents in their places.

Prints:
    refund plz
      triage -> billing -> write -> review -> send: sent
    I thought the trial was free!!! 119 euros just vanished!!!
      triage -> billing -> write -> review -> write -> review -> send: sent
"""

import json
from pathlib import Path
from typing import Literal

from agentgraph import END, NEXT, State, Verdict, classifier, consensus, node, workflow
from agentgraph.classify import Exemplars, mentions

Kind = Literal["billing", "tech", "account", "other"]

SHOWN = json.loads(Path(__file__).with_name("support_exemplars.json").read_text("utf-8"))
KINDS: Exemplars[Kind] = Exemplars(SHOWN)
NO_ADVICE = "A colleague looks into it and writes to you within a day."


class Ticket(State):
    """What a customer wrote, and what becomes of it."""

    id: str
    text: str
    advice: str = NO_ADVICE
    reply: str = ""
    drafts: int = 0
    outcome: Literal["open", "sent", "left to the clerk", "set aside"] = "open"


@classifier
def triage(s: Ticket) -> Verdict[Kind] | None:
    """Say whose mail this is, by the exemplars that are most like it."""
    return KINDS.classify(s.text)


@node
def billing(s: Ticket) -> None:
    """Know about money."""
    if mentions("refund", "money back", "charged", "payment", "taking")(s.text):
        s.advice = "What was taken wrongly goes back to your card within five days."
    elif mentions("invoice", "receipt", "bill")(s.text):
        s.advice = "You find each invoice as a PDF in Settings, Payments, Invoices."
    elif mentions("price", "cost", "discount", "plan", "offer")(s.text):
        s.advice = "You find all plans, and who pays less, in Settings, Plans."


@node
def tech(s: Ticket) -> None:
    """Know about the app."""
    if mentions("sync", "stuck", "upload", "offline")(s.text):
        s.advice = "Please sign out and in again: that begins a new synchronisation."
    elif mentions("crash", "frozen", "freezes", "update", "installer")(s.text):
        s.advice = "Please install the latest version over the old one: no file is lost."
    elif mentions("version", "deleted", "empty", "restore")(s.text):
        s.advice = "Each older version of a file is kept for 30 days, in its menu."


@node
def account(s: Ticket) -> None:
    """Know about people and their access."""
    if mentions("password", "locked out", "sign in", "log in")(s.text):
        s.advice = "Please use 'I cannot sign in' on the first page: a new code comes by post."
    elif mentions("colleague", "team", "owner", "workspace")(s.text):
        s.advice = "Whoever owns a workspace adds and removes people in Settings, People."
    elif mentions("delete", "close", "address")(s.text):
        s.advice = "You change or delete an account yourself, in Settings, Account."


@node
def write(s: Ticket) -> None:
    """Put the letter together. A draft that was sent back is written with more care."""
    s.drafts += 1
    sorry = "I am sorry for the trouble. " if s.drafts > 1 else ""
    s.reply = f"Hello, {sorry}{s.advice} Yours, the desk"


def tone(s: Ticket) -> bool:
    """Somebody who is upset gets an apology before any advice."""
    return not any(mark in s.text for mark in ("!!", "??", "STILL")) or "sorry" in s.reply


def facts(s: Ticket) -> bool:
    """A good letter says something that stands in the handbook."""
    return s.advice != NO_ADVICE


policy_matter = mentions("GDPR", "executor", "passed away", "ex-husband", "manager", "lawyer")


def policy(s: Ticket) -> bool:
    """Law, death and divorce are for people."""
    return not policy_matter(s.text)


@node
def send(s: Ticket) -> None:
    s.outcome = "sent"


@node
def clerk(s: Ticket) -> None:
    s.outcome = "left to the clerk"


@node
def set_aside(s: Ticket) -> None:
    s.outcome = "set aside"


review = consensus(tone, facts, policy, need=2).named("review")
too_often = clerk.named("clerk_after_redo") >> END
letter = (write >> review.route({True: NEXT, False: write})).loop(at_most=3, then=too_often)
desk = triage.route(
    {"billing": billing, "tech": tech, "account": account, "other": set_aside >> END},
    unsure=clerk >> END,
    at_least=0.7,
)
support = workflow("support", Ticket, desk >> letter >> send)


def main() -> None:
    """Send two tickets through the desk."""
    for text in ("refund plz", "I thought the trial was free!!! 119 euros just vanished!!!"):
        done = support.run_sync(Ticket(id="example", text=text))
        way = [name for name in done.path if not name.startswith("review/")]
        print(text)
        print(f"  {' -> '.join(way)}: {done.state.outcome}")


if __name__ == "__main__":
    main()
