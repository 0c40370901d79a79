"""Each fault that no graph shows is found, with the settings that everybody has."""

from collections.abc import Callable
from typing import Any

import pytest

from agentgraph.runtime import work
from agentgraph.state import Revision
from agentgraph.testing import WorkflowFailure, check, sometimes
from tests.testing.faulty_runs import ASKED, FAULTY, LOOP, Case


@pytest.mark.parametrize("case", FAULTY.values(), ids=FAULTY)
def test_a_fault_of_the_users_own_code_is_found(case: Case) -> None:
    with pytest.raises(WorkflowFailure) as told:
        check(
            case.workflow,
            agents="real",
            labels="real",
            services=case.services,
            invariants=case.invariants,
            folder=None,
        )

    assert case.says in str(told.value).splitlines()[0]


def test_at_most_two_deviations_of_the_schedule_are_left_in_a_story() -> None:
    scripts = []
    for name in ("D01", "D03", "D13"):
        case = FAULTY[name]
        with pytest.raises(WorkflowFailure) as told:
            check(case.workflow, agents="real", services=case.services, folder=None)
        scripts.append(told.value.script)

    assert all(script is not None and 1 <= len(script.trial.deviations) <= 2 for script in scripts)


def test_when_two_states_count_as_the_same_may_be_said() -> None:
    race = FAULTY["D01"].workflow

    check(race, agents="real", same=lambda one, other: True, properties=["schedules"], folder=None)
    with pytest.raises(WorkflowFailure, match="in another order"):
        check(race, agents="real", properties=["schedules"], folder=None)


def test_what_is_right_passes() -> None:
    for workflow in (LOOP, ASKED):
        assert check(workflow, agents="real", labels="real", folder=None).trials > 20
    check(LOOP, invariants=[sometimes("again -> step"), sometimes("again -> rest")], folder=None)


# Faults put into the runner and the state, through their public doors.

Plant = Callable[[pytest.MonkeyPatch], None]


def partial_writes_stay(patch: pytest.MonkeyPatch) -> None:  # D06, D17
    def give_up(carrier: Any, schema: Any, draft: Any, base: Revision, error: Any) -> None:
        base.values.update({name: vars(draft)[name] for name in base.values})
        schema.discard(draft)

    patch.setattr(work, "give_up", give_up)


@pytest.mark.parametrize("plant", [partial_writes_stay])
def test_a_fault_of_the_runner_is_found(plant: Plant, monkeypatch: pytest.MonkeyPatch) -> None:
    plant(monkeypatch)

    with pytest.raises(WorkflowFailure):
        check(LOOP, agents="real", labels="real", folder=None)
