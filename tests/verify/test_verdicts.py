"""The verdict of `verify` against every run of the machine, on random graphs and their mutants.

`python -m tools.verdicts` compares as many as one likes.
"""

from collections import Counter
from dataclasses import replace

from hypothesis import given, settings

from agentgraph.graph import FrozenGraph
from agentgraph.verify import verify
from agentgraph.verify.plain import spinning
from tests.strategies import (
    CONTROL,
    NESTED,
    TANGLES,
    Seeded,
    mutant,
    random_graph,
    sketched,
    sound_graphs,
)
from tests.verify.explorer import Explorer, TooLarge


def drawn(seed: int) -> FrozenGraph:
    """A random graph, some nodes with an undo, some with a graph inside; four of five are mutants."""
    dice = Seeded(seed)
    sketch = sketched(dice, size=1 + dice.pick(8), kinds=TANGLES)
    graph = mutant(dice, sketch) if dice.pick(5) else sketch.frozen()
    vertices = list(graph.vertices)
    for index, vertex in enumerate(vertices):
        if vertex.kind == "node" and not dice.pick(4):
            vertices[index] = replace(vertex, undo="desk:undo")
    nodes = [i for i, vertex in enumerate(vertices) if vertex.kind == "node"]
    if nodes and not dice.pick(4):
        index = nodes[dice.pick(len(nodes))]
        inner = sketched(dice, size=1 + dice.pick(3), kinds=TANGLES)
        child = inner.frozen() if dice.pick(3) else mutant(dice, inner)
        kind = "each" if seed % 3 == 0 else "subgraph"
        vertices[index] = replace(vertices[index], kind=kind, child=child)
    return replace(graph, vertices=tuple(vertices))


def compared(seed: int, limit: int = 600) -> str:
    """Say how the two verdicts on one graph compare."""
    graph = drawn(seed)
    report = verify(graph)
    if any(finding.code < "AG110" or finding.code[2] == "2" for finding in report.errors):
        return "not a graph that could run"
    if any(spinning(each) for _, each in report.graphs):
        return "tokens go round without any work, so that no run rests"
    try:
        is_sound = Explorer(graph, limit).is_sound()
    except TooLarge:
        return "too large to explore"
    if is_sound != report.ok:
        return f"differs: {seed}"
    return "sound" if is_sound else "unsound"


def tally(first: int, last: int) -> Counter[str]:
    return Counter(compared(seed) for seed in range(first, last))


def killed(first: int, last: int) -> dict[str, Counter[bool]]:
    """For each kind of mutant of sound graphs, how many `verify` refuses, and how many it does not.

    A mutant that is still sound counts among those that are not refused, as in any such table.
    """
    found = {change.__name__.strip("_"): Counter[bool]() for change in CONTROL}
    for seed in range(first, last):
        for change in CONTROL:
            dice = Seeded(seed)
            sketch = sketched(dice, size=4 + dice.pick(8), kinds=("sequence", "parallel", "choice"))
            before = sketch.frozen()
            change(sketch)
            after = sketch.frozen()
            if after != before:
                found[change.__name__.strip("_")][not verify(after).ok] += 1
    return found


def test_nine_of_ten_mutants_of_sound_graphs_are_refused() -> None:
    for name, counts in killed(0, 150).items():
        assert counts.total() > 60, name
        assert counts[True] / counts.total() >= 0.9, (name, counts)


def refused(first: int, last: int) -> list[int]:
    """The seeds of random sound graphs, with graphs and lists inside, of which anything is told."""
    return [
        seed
        for seed in range(first, last)
        if verify(random_graph(Seeded(seed), size=2 + seed % 15, kinds=NESTED)).findings
    ]


def test_nothing_is_told_of_sound_graphs() -> None:
    assert refused(0, 300) == []


def test_the_verdict_is_that_of_every_run_of_the_machine() -> None:
    found = tally(0, 300)

    assert [key for key in found if key.startswith("differs")] == []
    assert found["sound"] > 60
    assert found["unsound"] > 60


@settings(max_examples=60)
@given(sound_graphs(kinds=TANGLES))
def test_graphs_made_of_sound_blocks_have_no_finding(graph: FrozenGraph) -> None:
    report = verify(graph)

    assert report.findings == ()
    assert report.runs_at_most is not None
