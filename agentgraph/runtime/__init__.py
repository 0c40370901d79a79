"""How a program is run on asyncio; what comes next is decided in `agentgraph.machine`.

What puts a program together is here at once; what runs one, and the machine with it, comes
with the first run: who builds, checks or draws needs neither.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING

from agentgraph.late import late
from agentgraph.runtime.clock import Alarm, Clock
from agentgraph.runtime.context import Ctx
from agentgraph.runtime.item import ItemFailed
from agentgraph.runtime.options import RunOptions
from agentgraph.runtime.policy import Budget, Retry
from agentgraph.runtime.program import Binding, Body, Program, Wants, qualified
from agentgraph.runtime.question import Ask, Question

if TYPE_CHECKING:
    from agentgraph.runtime.alone import apply, decide
    from agentgraph.runtime.launch import Run, run, run_sync, start

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
    "RunOptions",
    "Wants",
    "apply",
    "decide",
    "qualified",
    "run",
    "run_sync",
    "start",
]
__getattr__: Callable[[str], object] = late(__name__, "alone", "launch")
