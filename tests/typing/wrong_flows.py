"""Mistakes in flows and in the builder, each marked: both checkers report that line and no other."""

from typing import Literal

from agentgraph import END, START, Ask, Graph, Verdict, classifier, each, human, node, workflow
from tests.typing.programs import (
    Corpus,
    Essay,
    Grade,
    Kind,
    Ticket,
    approve,
    billing,
    book_flight,
    clerk,
    critic,
    keep,
    leave,
    send,
    summarise,
    support,
    tech,
    triage,
    urls,
    write,
)

# A label, a target, a state
triage.route({"billing": billing, "tehc": tech, "other": clerk})  # E a misspelt label in route
triage.route({"billing": billing, "tech": write, "other": clerk})  # E a target of another state
a1 = billing >> write  # E `>>` between nodes of different states
a2 = billing | write  # E `|` between nodes of different states
support.as_node(enter=urls, leave=leave)  # E wrong enter
each(urls, summarise, into=leave)  # E wrong into
each(urls, summarise, into=keep, limit="4")  # E wrong limit
critic.route({"ok": END, Grade.REVISE: write})  # E a str key where an Enum is due
approve.route({"send": send, "re-do": clerk, "drop": END})  # E a misspelt human answer
workflow("w", Essay, billing)  # E a workflow with the wrong state


@classifier
def bad_label(s: Ticket) -> Kind:
    return "biling"  # E a classifier returning an undeclared label


@node
async def bad_type(s: Ticket) -> None:
    s.reply = 3  # E a wrong type assigned to a field


@node
async def bad_field(s: Ticket) -> None:
    s.replly = "x"  # E a misspelt field


@human
def bad_timeout(s: Ticket) -> Ask[Literal["y", "n"]]:
    return Ask(show=1, on_timeout="maybe")  # E on_timeout outside the answers


# Operators and methods
a3 = END >> billing  # E END as a source
a4 = billing >> "tech"  # E a name where a node is due
a5 = billing >> START  # E START as a target
a6 = billing.loop()  # E a loop without a bound
a7 = billing.join(1)  # E a join of something that is no group
a8 = billing.undo(book_flight)  # E an undo of another state
a9 = triage >> billing  # E a classifier without its route


def for_key(s: Ticket, error: KeyError) -> None: ...


def returns(s: Ticket) -> str:
    return s.text


billing.catch(ConnectionError, for_key)  # E a handler of another error
b1 = billing >> returns  # E a function that returns a value


@classifier
def unsure_kind(s: Ticket) -> Verdict[Kind] | None:
    return None


unsure_kind.route({"billing": END, "tech": END, "other": END})  # E an abstention without `unsure`

# The builder
g = Graph("g", Ticket)
g.add_node(write)  # E a node of another state
g.add_edge(START, "intake")  # E a name where a node is due
g.add_edge(billing, write)  # E an edge to a node of another state
g.add_edge(END, billing)  # E an edge out of END
g.add_conditional_edge(clerk, triage, {"biling": tech})  # E a misspelt label
g.add_conditional_edge(clerk, returns, {"a": tech})  # E a plain function as classifier
g.add_join([billing, write], clerk)  # E a join of nodes of different states
g.add_catch([billing], ConnectionError, for_key)  # E a handler of another error
g.add_catch([billing], "ConnectionError", clerk)  # E a name where a type of error is due
each(urls, summarise, into=keep, on_error="ignore")  # E an unknown way of failing
Corpus(url=["x"])  # E a misspelt field
