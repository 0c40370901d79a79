"""The builder form of the design: the same names as the support desk, edge by edge."""

from agentgraph import END, START, Ctx, Graph
from tests.golden.programs import (
    Ticket,
    billing,
    clerk,
    corpus,
    essay,
    inbox,
    support,
    tech,
    triage,
    trip,
)


async def intake(s: Ticket) -> None:
    s.text = s.text.strip()


async def history(s: Ticket) -> None:
    assert s.reply == ""


async def manual(s: Ticket) -> None:
    s.reply = "see page 7"


async def untech(s: Ticket) -> None:
    s.reply = "never mind"


async def apologise(s: Ticket, ctx: Ctx) -> None:
    s.reply += f", sorry: {ctx.error}"


g = Graph("support", Ticket)
fix = g.add_node(tech, name="tech_2", undo=untech)
g.add_edge(START, intake)
g.add_edge(intake, [history, manual])
g.add_join([history, manual], clerk)
g.add_conditional_edge(
    clerk, triage, {"billing": billing, "tech": fix, "other": END}, unsure=END, at_least=0.7
)
g.add_edge(billing, END)
g.add_edge(fix, END)
g.add_catch([billing, fix], ConnectionError, apologise)
g.add_edge(apologise, END)
built = g.compile()

PROGRAMS = {
    "support": support,
    "essay": essay,
    "corpus": corpus,
    "trip": trip,
    "inbox": inbox,
    "built": built,
}
