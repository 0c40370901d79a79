"""What a run tells the outside: its events, its result; not what the machine is told.

A verdict is what classifiers give; the rest is loaded when somebody follows a run, or has run one.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING

from agentgraph.events.verdict import Verdict
from agentgraph.late import late

if TYPE_CHECKING:
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
        UndoDone,
        UndoFailed,
        UndoStarted,
    )

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
    "UndoDone",
    "UndoFailed",
    "UndoStarted",
    "Usage",
    "Verdict",
    "recorded",
]
__getattr__: Callable[[str], object] = late(__name__, "result", "story", "recording")
