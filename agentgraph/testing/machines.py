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
    Answered,
    Asked,
    Decided,
    Entered,
    Event,
    Failed,
    Finished,
    Listed,
    Marking,
    Started,
    Stopped,
    Task,
    advance,
    kinds_of,
    make_plan,
    path_of,
)
from agentgraph.machine.moves import COUNTED
from agentgraph.runtime.journal import error_of
from agentgraph.verify.stand import caught
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
        is_told = task.verb in COUNTED or task.verb == "wait"
        for label, event in _answers(task):
            yield Step(path, label) if is_told and task.verb != "ask" else None, event
        if task.verb in COUNTED and task.verb != "poll":
            for kind, _ in caught(task.site):
                error = error_of(kind)
                yield Step(path, None, kind), Failed(ticket, error, kinds_of(error))


def _answers(task: Task) -> Iterator[tuple[str | None, Event]]:
    ticket, labels = task.ticket, list[str | None](task.site.labels)
    match task.verb:
        case "choose" | "poll":
            more = [None] if task.site.unsure else []
            yield from ((label, Decided(ticket, label)) for label in labels + more)
        case "ask":
            yield None, Asked(ticket)
        case "wait":
            yield from (
                (label, Answered(ticket, label, task.payload)) for label in labels or [None]
            )
        case "list":
            yield from ((None, Listed(ticket, tuple(range(number)))) for number in (1, 0, 2))
        case "enter":
            yield None, Entered(ticket, f"{ticket}")
        case _:
            yield None, Finished(ticket, f"{ticket}")
