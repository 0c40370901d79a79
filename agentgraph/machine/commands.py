"""What the machine asks of its driver; not what the driver answers (`events`).

A command is one slots object that is made once, kept while it is under way, and
handed out: a record of its own for each would cost a third of a step.
"""

from typing import TYPE_CHECKING, Final, Literal, NamedTuple, TypeAlias

if TYPE_CHECKING:
    from agentgraph.graph import Line
    from agentgraph.machine.marking import Log
    from agentgraph.machine.plan import Site

Verb = Literal[
    "run",
    "choose",
    "poll",
    "ask",
    "wait",
    "list",
    "item",
    "into",
    "enter",
    "inside",
    "leave",
    "merge",
    "undo",
]
RUN: Final = "run"
"""Run the agent of a node on the payload. Answer: `Finished`, `Failed`."""
CHOOSE: Final = "choose"
"""Ask a classifier. Answer: `Decided`, `Failed`."""
POLL: Final = "poll"
"""Ask one voter of a consensus. Answer: `Decided`, `Failed`."""
ASK: Final = "ask"
"""Let a question say what it shows. Answer: `Asked`, `Failed`."""
WAIT: Final = "wait"
"""A question is open. Answer: `Answered`, `Expired`, `Failed`."""
LIST: Final = "list"
"""Compute the items of an `each`. Answer: `Listed`, `Failed`."""
ITEM: Final = "item"
"""Run the function of an `each` on one item. Answer: `Finished` with the result, `Failed`."""
INTO: Final = "into"
"""Hand the results of an `each` to the state. Answer: `Finished`, `Failed`."""
ENTER: Final = "enter"
"""Map the state to the state of a subgraph. Answer: `Entered`, `Failed`."""
INSIDE: Final = "inside"
"""A subgraph runs: the ticket is kept by the machine, no answer is due."""
LEAVE: Final = "leave"
"""Map the final state of a subgraph back. Answer: `Finished`, `Failed`."""
MERGE: Final = "merge"
"""Merge the revisions of parallel branches. Answer: `Finished`, `Failed`."""
UNDO: Final = "undo"
"""Compensate one completed visit of a node. Answer: `Finished`, `Failed`."""


class Task:
    """One piece of work: a verb, the ticket that its answer must carry, and the token it holds."""

    __slots__ = ("attempt", "frame", "line", "log", "payload", "site", "ticket", "verb", "visit")

    def __init__(
        self,
        verb: Verb,
        ticket: int,
        frame: int,
        site: "Site",
        payload: object,
        line: "Line | None",
        log: "Log | None",
        visit: int,
        attempt: int = 1,
    ) -> None:
        """Positional for speed: this is made once for each step of each run."""
        self.verb: Verb = verb
        self.ticket = ticket
        self.frame = frame
        self.site = site
        self.payload = payload
        self.line = line
        self.log = log
        self.visit = visit
        self.attempt = attempt

    def __repr__(self) -> str:
        return f"Task({self.verb} {self.site.path!r}, ticket {self.ticket})"


class Part(Task):
    """A task that belongs to something larger, or needs more than its payload.

    `index` is the number of the item or voter, `group` the `each` or consensus it is
    part of, `given` what the verb works on besides the payload: the tips of a merge,
    the results of an `each`, the final state of a child, the state before an undo.
    """

    __slots__ = ("given", "group", "index")

    def __init__(
        self,
        verb: Verb,
        ticket: int,
        like: "Task",
        *,
        payload: object,
        attempt: int = 1,
        index: int = 0,
        group: int = 0,
        given: object = None,
    ) -> None:
        """Take the token of `like`, with another payload."""
        super().__init__(
            verb, ticket, like.frame, like.site, payload, like.line, like.log, like.visit, attempt
        )
        self.index = index
        self.group = group
        self.given = given


class Cancel(NamedTuple):
    """Stop the work of a ticket and await it. Answer: `Stopped`, or whatever it still gave."""

    ticket: int


class Chosen(NamedTuple):
    """Take note: the votes of a consensus gave this label (None: no label can win). No answer."""

    site: "Site"
    path: str
    label: str | None
    votes: tuple[tuple[str, str | None], ...]


Command: TypeAlias = Task | Cancel | Chosen
