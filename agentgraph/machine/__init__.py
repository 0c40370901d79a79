"""The pure core: a marking, an event, and what follows; it never runs anything itself."""

from agentgraph.errors import kinds_of
from agentgraph.graph.plan import Plan, Site, Way, make_plan
from agentgraph.machine.commands import Broke, Cancel, Chosen, Command, Part, Task, Verb
from agentgraph.machine.events import (
    Answered,
    Asked,
    Cancelled,
    Decided,
    Entered,
    Event,
    Expired,
    Failed,
    Finished,
    Funded,
    Limits,
    Listed,
    Spent,
    Started,
    Stopped,
    TimedOut,
)
from agentgraph.machine.marking import Completed, ItemError, Marking, Status, key_of, path_of
from agentgraph.machine.scope import ending_of
from agentgraph.machine.step import advance, decided, finished, replay, step

__all__ = [
    "Answered",
    "Asked",
    "Broke",
    "Cancel",
    "Cancelled",
    "Chosen",
    "Command",
    "Completed",
    "Decided",
    "Entered",
    "Event",
    "Expired",
    "Failed",
    "Finished",
    "Funded",
    "ItemError",
    "Limits",
    "Listed",
    "Marking",
    "Part",
    "Plan",
    "Site",
    "Spent",
    "Started",
    "Status",
    "Stopped",
    "Task",
    "TimedOut",
    "Verb",
    "Way",
    "advance",
    "decided",
    "ending_of",
    "finished",
    "key_of",
    "kinds_of",
    "make_plan",
    "path_of",
    "replay",
    "step",
]
