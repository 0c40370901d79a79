"""The verdict of `verify` against the token game itself, on random graphs and their mutants.

`python -m tests.verify.test_verdicts 0 10000` compares as many as one likes.
"""

import sys
from collections import Counter

from hypothesis import given, settings

from agentgraph.graph import FrozenGraph
from agentgraph.verify import verify
from tests.strategies import TANGLES, Seeded, mutant, sketched, sound_graphs
from tests.verify.oracle import Oracle, TooLarge


def drawn(seed: int) -> FrozenGraph:
    """A random graph; four of five are mutants."""
    dice = Seeded(seed)
    sketch = sketched(dice, size=1 + dice.pick(8), kinds=TANGLES)
    return mutant(dice, sketch) if dice.pick(5) else sketch.frozen()


def compared(seed: int) -> str:
    """Say how the two verdicts on one graph compare."""
    graph = drawn(seed)
    report = verify(graph)
    if any(finding.code < "AG110" or finding.code[2] == "2" for finding in report.errors):
        return "not a graph that could run"
    try:
        is_sound = Oracle(graph).is_sound()
    except TooLarge:
        return "too large for the oracle"
    if is_sound != report.ok:
        return f"differs: {seed}"
    return "sound" if is_sound else "unsound"


def tally(first: int, last: int) -> Counter[str]:
    return Counter(compared(seed) for seed in range(first, last))


def test_the_verdict_is_that_of_the_token_game() -> None:
    found = tally(0, 1_000)

    assert [key for key in found if key.startswith("differs")] == []
    assert found["sound"] > 200
    assert found["unsound"] > 200


@settings(max_examples=60)
@given(sound_graphs(kinds=TANGLES))
def test_graphs_made_of_sound_blocks_have_no_finding(graph: FrozenGraph) -> None:
    report = verify(graph)

    assert report.findings == ()
    assert report.runs_at_most is not None


if __name__ == "__main__":
    print(tally(int(sys.argv[1]), int(sys.argv[2])))  # noqa: T201 - this is its output
