"""How a program is run on asyncio; what comes next is decided in `agentgraph.machine`."""

from agentgraph.runtime.alone import apply, decide
from agentgraph.runtime.clock import Alarm, Clock
from agentgraph.runtime.context import Ctx
from agentgraph.runtime.policy import Budget, Retry
from agentgraph.runtime.program import Binding, Body, Program, Wants, qualified
from agentgraph.runtime.question import Ask, Question
from agentgraph.runtime.run import Run, run, run_sync, start
from agentgraph.runtime.work import ItemFailed

__all__ = [
    "Alarm",
    "Ask",
    "Binding",
    "Body",
    "Budget",
    "Clock",
    "Ctx",
    "ItemFailed",
    "Program",
    "Question",
    "Retry",
    "Run",
    "Wants",
    "apply",
    "decide",
    "qualified",
    "run",
    "run_sync",
    "start",
]
