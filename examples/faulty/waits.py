"""A join behind a choice: only one of its two ways ever comes, so it waits for ever.

agentgraph check examples/faulty/waits.py --svg pictures
"""

from typing import Literal

from agentgraph import END, START, Graph, State, classifier


class Ticket(State):
    text: str
    reply: str = ""


@classifier
def triage(s: Ticket) -> Literal["billing", "tech"]:
    return "billing" if "charged" in s.text else "tech"


def billing(s: Ticket) -> None:
    s.reply = "We will look at the charge."


def tech(s: Ticket) -> None:
    s.reply = "Please restart it."


def send(s: Ticket) -> None: ...


g = Graph("support", Ticket)
g.add_conditional_edge(START, triage, {"billing": billing, "tech": tech})
g.add_join([billing, tech], send)
g.add_edge(send, END)
support = g.compile()
