"""What tests of workflows need; nothing of a running workflow needs it.

All of it is loaded only when somebody asks for it: what makes data needs hypothesis.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING

from agentgraph.late import late

if TYPE_CHECKING:
    from agentgraph.testing.checking import Checked, check, make_tests, recheck
    from agentgraph.testing.coverage import Coverage
    from agentgraph.testing.doubles import Cassette, faulty, scripted
    from agentgraph.testing.failing import Script, WorkflowFailure
    from agentgraph.testing.generated import Journal, workflows
    from agentgraph.testing.invariants import (
        Invariant,
        always,
        at_most,
        leads_to,
        never,
        precedes,
        sometimes,
    )
    from agentgraph.testing.machines import WorkflowMachine, runs, state_machine
    from agentgraph.testing.mutation import Mutant, mutants
    from agentgraph.testing.reducing import Disorder, check_reducer
    from agentgraph.testing.replaying import Replayed, replay
    from agentgraph.testing.retelling import Moment
    from agentgraph.testing.routers import (
        Changed,
        RouterReport,
        classifier_report,
        decided_states,
        drift,
        metamorphic,
    )
    from agentgraph.testing.simulation import Deadlock, Schedule, SimulatedLoop
    from agentgraph.testing.strategies import labels, states, values
    from agentgraph.testing.tours import Tour, Walk, tour

__all__ = [
    "Cassette",
    "Changed",
    "Checked",
    "Coverage",
    "Deadlock",
    "Disorder",
    "Invariant",
    "Journal",
    "Moment",
    "Mutant",
    "Replayed",
    "RouterReport",
    "Schedule",
    "Script",
    "SimulatedLoop",
    "Tour",
    "Walk",
    "WorkflowFailure",
    "WorkflowMachine",
    "always",
    "at_most",
    "check",
    "check_reducer",
    "classifier_report",
    "decided_states",
    "drift",
    "faulty",
    "labels",
    "leads_to",
    "make_tests",
    "metamorphic",
    "mutants",
    "never",
    "precedes",
    "recheck",
    "replay",
    "runs",
    "scripted",
    "sometimes",
    "state_machine",
    "states",
    "tour",
    "values",
    "workflows",
]
__getattr__: Callable[[str], object] = late(
    __name__, "reducing", "simulation", "retelling", "invariants", "coverage", "mutation", "doubles", "failing",
    "replaying", "checking", "routers", "tours", "strategies", "generated", "machines",
)  # fmt: skip
