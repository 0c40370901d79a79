"""Coordinate several AI agents by an explicit, typed graph that is proved before it runs.

Events of a run are in `agentgraph.events`, errors in `agentgraph.errors`, classifiers
that need no model in `agentgraph.classify`.
"""

from agentgraph.errors import Exhausted, RunFailed
from agentgraph.events import Result, Verdict
from agentgraph.runtime import Ask, Budget, Ctx, ItemFailed, Retry, Run
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
