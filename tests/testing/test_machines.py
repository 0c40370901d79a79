"""Runs that hypothesis drives on the pure machine, of any workflow."""

from typing import Literal

import pytest
from hypothesis import HealthCheck, Phase, find, given, settings
from hypothesis import strategies as st
from hypothesis.stateful import invariant, run_state_machine_as_test

from agentgraph import (
    END,
    Ask,
    Flow,
    State,
    classifier,
    consensus,
    each,
    human,
    node,
    workflow,
)  # fmt: skip
from agentgraph.errors import Step
from agentgraph.machine import Marking
from agentgraph.testing import Journal, runs, state_machine, workflows
from agentgraph.testing.tours import Walk
from agentgraph.workflow import Workflow
from tests.machine.invariants import broken_invariants
from tests.strategies import NESTED, Seeded, random_graph
from tests.testing.driving import driven

FEW = settings(max_examples=10, stateful_step_count=30, database=None)

QUICK = settings(FEW, max_examples=60, stateful_step_count=6, phases=(Phase.generate, Phase.shrink))


class Ticket(State):
    text: str = ""
    tries: int = 0


@classifier
def triage(s: Ticket) -> Literal["billing", "other"]:
    return "other"


@node
def refund(s: Ticket) -> None:
    s.tries += 1


@node
def sorry(s: Ticket) -> None:
    s.text = ""


@human
def approve(s: Ticket) -> Ask[Literal["send", "redo"]]:
    return Ask(show=s.text)


def written() -> Flow[Ticket]:
    write = refund.named("write")
    return (write >> approve.route({"send": END, "redo": write})).loop(at_most=3)


desk = workflow(
    "desk", Ticket, triage.route({"billing": refund.catch(OSError, sorry), "other": written()})
)


def checked(graph) -> None:
    class Strict(state_machine(graph)):
        @invariant()
        def holds(self) -> None:
            assert broken_invariants(self.marking) == ()

    run_state_machine_as_test(Strict, settings=FEW)


def test_the_machine_of_a_workflow_is_a_test_that_passes() -> None:
    machine = state_machine(desk)

    assert machine.__doc__ == "A run of 'desk'."
    run_state_machine_as_test(machine, settings=FEW)


@pytest.mark.parametrize("seed", range(6))
def test_the_invariants_of_the_machine_hold_in_any_graph(seed: int) -> None:
    checked(random_graph(Seeded(seed), size=8, kinds=NESTED))


@settings(max_examples=3, database=None, suppress_health_check=[HealthCheck.nested_given])
@given(workflows(max_nodes=8))
def test_the_invariants_hold_in_random_workflows(made: Workflow[Journal]) -> None:
    checked(made)


def test_whatever_must_never_be_is_found_with_the_shortest_run() -> None:
    seen = list[list[Step]]()

    class Sorry(state_machine(desk)):
        @invariant()
        def is_never_sorry(self) -> None:
            if any(step.vertex == "sorry" for step in self.steps):
                seen.append(self.steps)
                raise AssertionError("sorry")

    with pytest.raises(AssertionError, match="sorry"):
        run_state_machine_as_test(Sorry, settings=QUICK)
    assert seen[-1] == [
        Step("triage", "billing"), Step("refund", None, "builtins.OSError"), Step("sorry"),
    ]  # fmt: skip


def test_whole_runs_are_drawn_with_labels_errors_and_answers() -> None:
    again = [Step("triage", "other"), Step("write"), Step("approve", "redo")]

    assert find(runs(desk), lambda run: len(run) > 6)[:3] == again
    assert find(runs(desk), lambda run: any(step.error for step in run))[-1] == Step("sorry")
    assert find(runs(desk), lambda _: True) == [Step("triage", "billing"), Step("refund")]


@given(st.integers(0, 10_000), st.data())
def test_every_run_that_is_drawn_can_be_played(seed: int, data: st.DataObject) -> None:
    kinds = ("sequence", "choice", "loop", "parallel", "catch")
    graph = random_graph(Seeded(seed), size=6, kinds=kinds)

    marking: Marking = driven(graph, Walk(tuple(data.draw(runs(graph))), ()))

    assert marking.status in {"done", "exhausted"}


def test_votes_items_and_lists_are_drawn_too() -> None:
    def no(s: Ticket) -> bool:
        return False

    def yes(s: Ticket) -> bool:
        return True

    flow = each(lambda s: [1], lambda n: n, lambda s, found: None) >> consensus(
        no, yes, need=2
    ).route({True: refund, False: END}, unsure=sorry)
    votes = workflow("votes", Ticket, flow)

    found = find(runs(votes), lambda run: run[-1].vertex == "refund")

    assert {step.vertex for step in found} >= {"each/0", "consensus/no", "consensus/yes", "refund"}
    checked(votes)
