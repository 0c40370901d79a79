"""Every fault that is planted in a part of its own is told in the first verdict, and nothing else."""

import pytest

from agentgraph.testing import replay
from agentgraph.verify import verify
from tests.verify.planting import Garden


def planted(seed: int, size: int) -> Garden:
    garden = Garden.grown(seed, size)
    garden.plant((2, 3, 5)[seed % 3])
    return garden


def wrong(seed: int, size: int) -> list[str]:
    """Compare what is told of a garden with what was planted in it."""
    garden = planted(seed, size)
    graph = garden.frozen()
    findings = verify(graph).findings
    found = [f"{seed}: {len(garden.planted)} planted, {len(findings)} told"]
    if len(garden.planted) == len(findings):
        found = []
    for finding in findings:
        if finding.script is None:
            # What is wrong with a join of one way is no matter of a run.
            is_right = finding.code == "AG104"
        else:
            is_right = replay(graph, finding).occurred
        found += [] if is_right else [f"{seed}: {finding.code} {finding.what}"]
    for way, block in garden.planted:
        names = garden.names(block)
        told = [f for f in findings if names & {*f.path[-2:], *f.where.split("'")}]
        found += [] if told else [f"{seed}: {way} of {block.split} is not told"]
    return found


def test_nothing_is_told_where_nothing_was_planted() -> None:
    found = [verify(Garden.grown(seed, 20 + seed).frozen()).findings for seed in range(20)]

    assert found == [()] * 20


@pytest.mark.parametrize(("size", "first", "last"), [(20, 0, 60), (100, 0, 4), (1000, 0, 1)])
def test_each_planted_fault_is_told_in_the_first_verdict(size: int, first: int, last: int) -> None:
    assert [line for seed in range(first, last) for line in wrong(seed, size)] == []


def test_every_kind_of_fault_is_planted() -> None:
    kinds = [way for seed in range(60) for way, _ in planted(seed, 20).planted]

    assert {kind for kind in kinds if kinds.count(kind) > 10} == {"split", "merge", "drop", "cross"}
