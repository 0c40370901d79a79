"""Coordinate several AI agents by an explicit, typed graph that is proved before it runs.

Events of a run are in `agentgraph.events`, errors in `agentgraph.errors`, classifiers
that need no model in `agentgraph.classify`.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING

from agentgraph.errors import Exhausted, RunFailed
from agentgraph.events import Verdict
from agentgraph.late import late
from agentgraph.runtime import Ask, Budget, Ctx, ItemFailed, Retry
from agentgraph.state import (
    State,
    append,
    largest,
    latest_declared,
    merge,
    reduced,
    reducer,
    smallest,
    total,
    union,
    unset,
)
from agentgraph.workflow import (
    END,
    NEXT,
    START,
    Abstaining,
    Choice,
    Classifier,
    Flow,
    Form,
    Graph,
    Node,
    Par,
    Workflow,
    classifier,
    consensus,
    each,
    human,
    node,
    workflow,
)

if TYPE_CHECKING:
    from agentgraph.events import Result
    from agentgraph.runtime import Run

__all__ = [
    "END",
    "NEXT",
    "START",
    "Abstaining",
    "Ask",
    "Budget",
    "Choice",
    "Classifier",
    "Ctx",
    "Exhausted",
    "Flow",
    "Form",
    "Graph",
    "ItemFailed",
    "Node",
    "Par",
    "Result",
    "Retry",
    "Run",
    "RunFailed",
    "State",
    "Verdict",
    "Workflow",
    "append",
    "classifier",
    "consensus",
    "each",
    "human",
    "largest",
    "latest_declared",
    "merge",
    "node",
    "reduced",
    "reducer",
    "smallest",
    "total",
    "union",
    "unset",
    "workflow",
]
__getattr__: Callable[[str], object] = late(__name__, "events", "runtime")
