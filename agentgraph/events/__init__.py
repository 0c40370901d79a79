"""What a run tells the outside: its events, its result; not what the machine is told."""

from agentgraph.events.recording import Moved, Recording, Step, recorded
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
    Charged,
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
    "Charged",
    "CostUnknown",
    "Decided",
    "Decision",
    "Emitted",
    "Event",
    "Failure",
    "Missed",
    "Moved",
    "NodeDone",
    "NodeFailed",
    "NodeStarted",
    "NodeStopped",
    "OpenQuestion",
    "Recording",
    "Result",
    "RunEnded",
    "RunStarted",
    "Status",
    "Step",
    "Usage",
    "Verdict",
    "recorded",
]
