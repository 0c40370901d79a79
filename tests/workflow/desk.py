"""A small desk that the tests of this folder share: a state, a node, an object with methods."""

from typing import Literal

from agentgraph import (
    Ctx,
    Flow,
    Retry,
    State,
    classifier,
    node,
    workflow,
)
from agentgraph.graph import Vertex
from agentgraph.runtime import Binding


class Ticket(State):
    text: str = ""
    reply: str = ""


Kind = Literal["billing", "tech"]


class Desk:
    """A desk."""

    def __init__(self, name: str) -> None:
        self.name = name

    async def __call__(self, s: Ticket, ctx: Ctx) -> None:
        s.reply = self.name

    def answer(self, s: Ticket) -> None:
        s.reply = self.name

    @staticmethod
    def close(s: Ticket) -> None: ...

    @classmethod
    def opens(cls, s: Ticket) -> None: ...

    @node
    async def reply(self, s: Ticket) -> None:
        s.reply = self.name

    @node(name="shut", retry=Retry(attempts=2))
    def end(self, s: Ticket, ctx: Ctx) -> None: ...

    @classifier
    def triage(self, s: Ticket) -> Kind:
        return "tech"


@node
def clerk(s: Ticket) -> None:
    """Answer
    by hand.

    More.
    """
    s.reply = "hello"


def only(part: Flow[Ticket]) -> tuple[Vertex, Binding]:
    """Compile a workflow of one part, and return its first vertex and binding."""
    made = workflow("w", Ticket, part)
    vertex = made.graph.vertices[1]
    return vertex, made.program.bindings[vertex.name]
