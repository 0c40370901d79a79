"""The facts that a driver tells the machine; not what a run tells the outside (`agentgraph.events`).

A journal is a sequence of these. They are named tuples: free to unpack, to compare
and to hash. Payloads, items and errors are opaque to the machine.
"""

from typing import NamedTuple, TypeAlias

from agentgraph.errors import Kinds


class Limits(NamedTuple):
    """What a run may use before it ends `exhausted`; None is no limit."""

    steps: int | None = None
    visits: int | None = None
    tokens: int | None = None
    usd: float | None = None


class Started(NamedTuple):
    """A run begins, with the first revision of its state."""

    payload: object
    limits: Limits = Limits()


class Finished(NamedTuple):
    """The work of a ticket succeeded and left this revision (of an item: this result)."""

    ticket: int
    payload: object


class Decided(NamedTuple):
    """A classifier or voter answered: a label, or None when it abstained."""

    ticket: int
    label: str | None
    confidence: float = 1.0


class Asked(NamedTuple):
    """A question was put; `on_timeout` is the label that stands when nobody answers in time."""

    ticket: int
    on_timeout: str | None = None


class Answered(NamedTuple):
    """Somebody answered an open question; the payload holds the edits that came along."""

    ticket: int
    label: str | None
    payload: object


class Expired(NamedTuple):
    """Nobody answered an open question in time."""

    ticket: int


class Listed(NamedTuple):
    """An `each` computed its items."""

    ticket: int
    items: tuple[object, ...]


class Entered(NamedTuple):
    """A subgraph got the first revision of its own state."""

    ticket: int
    payload: object


class Failed(NamedTuple):
    """The work of a ticket failed; `kinds` are the qualified names of the classes of the error."""

    ticket: int
    error: Exception
    kinds: Kinds


class Stopped(NamedTuple):
    """Cancelled work has ended."""

    ticket: int


class Cancelled(NamedTuple):
    """Somebody cancels the run; with `undo` its completed nodes are compensated."""

    undo: bool = False


class Spent(NamedTuple):
    """An attempt used tokens or money; None in `usd` says that the cost is unknown."""

    tokens: int
    usd: float | None


class TimedOut(NamedTuple):
    """The time of the run's budget is over."""


class Funded(NamedTuple):
    """A run that met its budget may go on under a larger one."""

    limits: Limits


Answer: TypeAlias = (
    Finished | Decided | Asked | Answered | Expired | Listed | Entered | Failed | Stopped
)
"""The events that answer a command, and carry its ticket."""
Event: TypeAlias = Answer | Started | Cancelled | Spent | TimedOut | Funded
