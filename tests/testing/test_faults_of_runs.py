"""Each fault that no graph shows is found, with the settings that everybody has."""

import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import pytest

from agentgraph.runtime import work
from agentgraph.runtime.driver import Driver
from agentgraph.state import Revision, Schema
from agentgraph.store import MemoryStore
from agentgraph.testing import WorkflowFailure, check, sometimes
from agentgraph.testing.failing import simpler
from agentgraph.testing.fakes import Trial
from agentgraph.testing.properties import Checker, Counterexample
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


def shuffled(name: str, seeds: int) -> tuple[Checker, Counterexample]:
    """Return the counterexample with the most deviations that so many orders by lot give."""
    case = FAULTY[name]
    checker = Checker(case.workflow.program, {"agents": "real", "services": case.services})
    base = checker.play(Trial(case.workflow.program.model()))
    played = (checker.play(replace(base.trial, shuffle=str(seed))) for seed in range(seeds))
    judged = (checker.judge("schedules", base, each) for each in played)
    found = max(filter(None, judged), key=lambda each: len(each.trial.deviations))
    return checker, found


@pytest.mark.parametrize("name", ["D01", "D03", "D13"])
def test_a_story_is_made_simpler_in_at_most_fifty_replays(name: str) -> None:
    checker, found = shuffled(name, 50)
    before = checker.trials

    left = simpler(checker, found)

    assert len(left.trial.deviations) <= 2 < len(found.trial.deviations)
    assert checker.trials - before <= 50


def test_after_fifty_replays_a_story_is_as_simple_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    checker, found = shuffled("D01", 5)
    deviations = dict.fromkeys(range(400), 1)
    stubborn = replace(found, trial=replace(found.trial, deviations=deviations))
    monkeypatch.setattr(checker, "judge", lambda *_: None)
    before = checker.trials

    left = simpler(checker, stubborn)

    assert left.trial.deviations == deviations
    assert checker.trials - before == 50


@pytest.mark.parametrize(("name", "node"), [("D05", "pay"), ("D10", "route")])
def test_the_picture_marks_what_was_made_to_go_wrong(name: str, node: str) -> None:
    case = FAULTY[name]

    with pytest.raises(WorkflowFailure) as told:
        check(case.workflow, agents="real", labels="real", services=case.services, folder=None)

    faults = re.findall(r'class="vertex \w+ fault"[^>]* data-path="(.*?)"', told.value.picture)
    assert faults == [node]


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


def counters_begin_again(patch: pytest.MonkeyPatch) -> None:  # D08
    whole = Driver.take_up

    def take_up(driver: Driver) -> None:
        for frame in driver.session.marking.frames.values():
            frame.counts.clear()
        whole(driver)

    patch.setattr(Driver, "take_up", take_up)


def an_answer_is_applied_twice(patch: pytest.MonkeyPatch) -> None:  # D18
    once = Schema[Any].edited

    def edited(self: Any, revision: Any, edits: Any, line: Any) -> Any:
        twice = {n: v + v if isinstance(v, int) else v for n, v in edits.items()}
        return once(self, revision, twice, line)

    patch.setattr(Schema, "edited", edited)


@pytest.mark.parametrize(
    ("plant", "workflow"),
    [
        (partial_writes_stay, LOOP),
        (counters_begin_again, LOOP),
        (an_answer_is_applied_twice, ASKED),
    ],
)
def test_a_fault_of_the_runner_is_found(
    plant: Plant, workflow: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    plant(monkeypatch)

    with pytest.raises(WorkflowFailure):
        check(workflow, agents="real", labels="real", folder=None)


# Faults put into a store, through the port that every store has.


class Forgets(MemoryStore):
    """Keeps that a node is done, and not what it changed."""

    async def append(self, run_id: str, token: int, after: int, facts: Sequence[str]) -> None:
        facts = [re.sub(r'"text": "x+"', '"text": ""', fact) for fact in facts]
        await super().append(run_id, token, after, facts)


class Loses(MemoryStore):
    """Says that it has kept the third fact, and has not."""

    async def append(self, run_id: str, token: int, after: int, facts: Sequence[str]) -> None:
        kept = len(await self.load(run_id))
        await super().append(run_id, token, kept, [] if after == 2 else facts)


class Reorders(MemoryStore):
    async def load(self, run_id: str) -> Sequence[str]:
        first, *others = await super().load(run_id)
        return [first, *reversed(others)]


class Mistakes(MemoryStore):
    """Gives back the facts of the run before."""

    async def create(self, run_id: str) -> int:
        self.last, self.now = getattr(self, "now", run_id), run_id
        return await super().create(run_id)

    async def load(self, run_id: str) -> Sequence[str]:
        return await super().load(self.last)


class Trusts(MemoryStore):
    """Lets those write who were thought dead."""

    async def claim(self, run_id: str) -> int:
        return 1


@pytest.mark.parametrize("kind", [Forgets, Loses, Reorders, Mistakes, Trusts])
def test_a_fault_of_a_store_is_found(kind: type[MemoryStore]) -> None:
    with pytest.raises(WorkflowFailure, match="the store "):
        check(LOOP, agents="real", labels="real", store=kind(), properties=["crash"], folder=None)


def test_a_store_that_keeps_what_it_is_given_passes() -> None:
    store = MemoryStore()

    check(LOOP, agents="real", labels="real", store=store, properties=["crash"], folder=None)
    check(ASKED, agents="real", labels="real", store=store, properties=["crash"], folder=None)
