"""What a run tells the outside: its events, its result; not what the machine is told."""

from agentgraph.events.result import (
    Decision,
    Failure,
    OpenQuestion,
    Result,
    Status,
    Usage,
)
from agentgraph.events.story import (
    Asked,
    CostUnknown,
    Decided,
    Emitted,
    Event,
    Missed,
    NodeDone,
    NodeFailed,
    NodeStarted,
    NodeStopped,
    RunEnded,
    RunStarted,
)
from agentgraph.events.verdict import Verdict

__all__ = [
    "Asked",
    "CostUnknown",
    "Decided",
    "Decision",
    "Emitted",
    "Event",
    "Failure",
    "Missed",
    "NodeDone",
    "NodeFailed",
    "NodeStarted",
    "NodeStopped",
    "OpenQuestion",
    "Result",
    "RunEnded",
    "RunStarted",
    "Status",
    "Usage",
    "Verdict",
]
