"""What a user may require of every run of a workflow; whether the graph keeps it is decided elsewhere.

    workflow("desk", Ticket, flow, require=[always_before("review", "ship")])

A vertex goes by its name, one inside a subgraph by its path: `support/review`.
"""

from agentgraph.errors import InvalidFlow
from agentgraph.graph import Requirement
from agentgraph.workflow.places import Places, spot_of_caller


def always_before(first: str, then: str, /) -> Requirement:
    """Require that `then` never begins in a run in which `first` has not been completed."""
    return Requirement("always_before", (first, then), place=Places().of(spot_of_caller()))


def never_together(one: str, other: str, /) -> Requirement:
    """Require that these two never run at the same time."""
    return Requirement("never_together", (one, other), place=Places().of(spot_of_caller()))


def at_most(number: int, name: str, /) -> Requirement:
    """Require that no run visits `name` more often than this; retries are no visits."""
    spot = spot_of_caller()
    if number < 0:
        what = f"{name!r} cannot run {number} times"
        raise InvalidFlow(what, where="at_most", fix="give a number from 0 up")
    return Requirement("at_most", (name,), number, Places().of(spot))
