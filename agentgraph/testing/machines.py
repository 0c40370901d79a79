"""Runs of a workflow on the pure machine, driven by hypothesis: no agent is called, no loop runs.

One rule says that some work ends: with any label that is declared, or with an error that is
caught. So hypothesis finds the shortest way to whatever you say must never be.
"""

from collections.abc import Iterator
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule
from hypothesis.strategies import DrawFn, SearchStrategy

from agentgraph.errors import Step
from agentgraph.graph import FrozenGraph
from agentgraph.machine import (
    Event,
    Marking,
    Started,
    Stopped,
    advance,
    make_plan,
    path_of,
)
from agentgraph.machine.moves import COUNTED
from agentgraph.verify.stand import answers
from agentgraph.workflow import Workflow

STEPS_MAX = 1_000


class WorkflowMachine(RuleBasedStateMachine):
    """A run of a workflow as hypothesis drives it; add `@invariant()` methods in a subclass."""

    graph: FrozenGraph

    def __init__(self) -> None:
        """Begin a run."""
        super().__init__()
        self.marking: Marking = _begun(self.graph)
        self.steps: list[Step] = []
        """What has completed so far."""

    @rule(data=st.data())
    def complete(self, data: st.DataObject) -> None:
        """Let some work end; when all has ended, begin the next run."""
        if not self.marking.live:
            self.marking, self.steps = _begun(self.graph), []
        step, event = data.draw(st.sampled_from(list(_endings(self.marking))))
        self.steps += [step] if step else []
        advance(self.marking, event)

    @invariant()
    def has_work_or_has_ended(self) -> None:
        """A run that is not over has work under way: it can go on."""
        is_over = self.marking.status not in {"running", "paused"}
        assert is_over != bool(self.marking.live), (self.marking.status, self.steps)

    def teardown(self) -> None:
        """Let the run go on as it likes: it ends."""
        for _ in range(STEPS_MAX):
            if self.marking.live:
                advance(self.marking, next(_endings(self.marking))[1])
        assert not self.marking.live, f"the run goes on after {STEPS_MAX} more steps: {self.steps}"


def state_machine(workflow: Workflow[Any, Any] | FrozenGraph) -> type[WorkflowMachine]:
    """Return a `RuleBasedStateMachine` of any workflow; its `TestCase` is a test."""
    graph = workflow if isinstance(workflow, FrozenGraph) else workflow.graph
    body = {"graph": graph, "__doc__": f"A run of {graph.name!r}."}
    return type("Machine", (WorkflowMachine,), body)


def runs(workflow: Workflow[Any, Any] | FrozenGraph) -> SearchStrategy[list[Step]]:
    """Whole runs: what completes, one after the other, until the run is over."""
    graph = workflow if isinstance(workflow, FrozenGraph) else workflow.graph

    @st.composite
    def run(draw: DrawFn) -> list[Step]:
        marking, steps = _begun(graph), list[Step]()
        while marking.live:
            step, event = draw(st.sampled_from(list(_endings(marking))))
            steps += [step] if step else []
            advance(marking, event)
        return steps

    return run()


def _begun(graph: FrozenGraph) -> Marking:
    marking = Marking(make_plan(graph))
    advance(marking, Started("start"))
    return marking


def _endings(marking: Marking) -> Iterator[tuple[Step | None, Event]]:
    """Yield each way in which some work can end; the step is None where no agent is called."""
    for ticket, task in marking.live.items():
        path = path_of(marking, task)
        if ticket in marking.stopping and task.verb != "undo":
            yield None, Stopped(ticket)
            continue
        is_told = task.verb in {*COUNTED, "wait"} - {"ask"}
        for event, step in answers(task, path):
            yield step if is_told else None, event
