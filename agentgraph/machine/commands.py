"""What the machine asks of its driver; not what the driver answers (`events`).

A command is one slots object that is made once, kept while it is under way, and
handed out: a record of its own for each would cost a third of a step. It never
changes once it is made.
"""

from copy import copy
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, Self, TypeAlias

from agentgraph.graph.line import Line
from agentgraph.graph.plan import Site

if TYPE_CHECKING:
    from agentgraph.machine.marking import History

Verb = Literal[
    "run", "choose", "poll", "ask", "wait", "list", "item", "into", "enter", "inside", "leave",
    "merge", "undo",
]  # fmt: skip
"""What is to be done. Any of it may be answered by `Failed`, and else:

- `run` an agent on the payload, hand the results of an `each` `into` the state, `leave` a
  subgraph by mapping its final state back, `merge` the revisions of parallel branches,
  `undo` one completed visit, or do an `item` of an `each`: `Finished`
- `choose` by a classifier, or `poll` one voter of a consensus: `Decided`
- `ask`, which lets a question say what it shows: `Asked`; `wait` for its answer: `Answered`
  or `Expired`
- `list` the items of an `each`: `Listed`; `enter` a subgraph by mapping the state: `Entered`

While a subgraph runs the machine keeps the ticket of its `inside`: no answer is due.
"""


@dataclass(slots=True, eq=False)
class Task:
    """One piece of work: a verb, the ticket that its answer must carry, and the token it holds.

    `payload` is opaque to the machine: a revision of the state, to the driver.
    """

    verb: Verb
    ticket: int
    frame: int
    site: Site
    payload: Any
    line: Line | None
    log: "History | None"
    visit: int
    attempt: int = 1

    def again(self, ticket: int) -> Self:
        """Return the same work for the next attempt."""
        made = copy(self)
        made.ticket = ticket
        made.attempt += 1
        return made

    def named(self, vertex: str) -> str:
        """Return the name of its vertex, with the item or voter that it is for."""
        return vertex

    def __repr__(self) -> str:
        return f"Task({self.verb} {self.site.path!r}, ticket {self.ticket})"


@dataclass(slots=True, eq=False, repr=False)
class Part(Task):
    """A task that belongs to something larger, or needs more than its payload."""

    index: int = 0
    """The number of the item or voter."""
    group: int = 0
    """The `each` or consensus it is part of."""
    given: Any = None
    """What it works on besides: the tips of a merge, the results of an `each`, the final
    state of a child, what is undone, the error that a handler is told."""

    def named(self, vertex: str) -> str:
        """Return the name of its vertex, with the item or voter that it is for."""
        if self.verb == "item":
            return f"{vertex}/{self.index}"
        return f"{vertex}/{self.site.vertex.voters[self.index]}" if self.verb == "poll" else vertex


def part(verb: Verb, ticket: int, like: Task, payload: object, given: object = None) -> Part:
    """Make a part with the token of `like`, but another payload."""
    return Part(
        verb, ticket, like.frame, like.site, payload, like.line, like.log, like.visit, given=given
    )


class Cancel(NamedTuple):
    """Stop the work of a ticket and await it. Answer: `Stopped`, or whatever it still gave."""

    ticket: int


class Chosen(NamedTuple):
    """Take note: the votes of a consensus gave this label (None: no label can win). No answer."""

    site: Site
    path: str
    label: str | None
    votes: tuple[tuple[str, str | None], ...]


class Broke(NamedTuple):
    """Take note: a vertex failed, and no answer said so: it is the machine that cannot go on."""

    path: str
    error: Exception
    attempt: int
    visit: int
    is_undo: bool = False


Command: TypeAlias = Task | Cancel | Chosen | Broke
