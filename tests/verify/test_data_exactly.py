"""What `verify` says of reads and writes, against every run of random graphs.

`python -m tests.verify.test_data_exactly 0 10000` compares as many as one likes.
"""

import sys
from collections import Counter
from dataclasses import replace

from agentgraph.graph import Access, FrozenGraph
from agentgraph.verify import verify
from tests.strategies import TANGLES, Seeded, random_graph
from tests.verify.running import Runs, TooLarge

FIELDS = ("f", "g", "h")


def drawn(seed: int) -> tuple[FrozenGraph, Runs]:
    """A random sound graph whose nodes read and write, and its runs."""
    dice = Seeded(seed)
    graph = random_graph(dice, size=1 + dice.pick(8), kinds=TANGLES)
    reads: dict[str, tuple[str, ...]] = {}
    writes: dict[str, tuple[str, ...]] = {}
    vertices = []
    is_about_reads = dice.pick(2) == 0
    for vertex in graph.vertices:
        if vertex.kind in {"node", "classifier"}:
            if is_about_reads:
                reads[vertex.name] = tuple(f for f in FIELDS if not dice.pick(5))
            if vertex.kind == "node":
                writes[vertex.name] = tuple(f for f in FIELDS if not dice.pick(4))
            access = Access(reads.get(vertex.name, ()), writes.get(vertex.name, ()))
            vertices.append(replace(vertex, access=access))
        else:
            vertices.append(vertex)
    reduced = FIELDS if is_about_reads else FIELDS[:1]
    graph = replace(
        graph,
        vertices=tuple(vertices),
        fields=FIELDS,
        unset=FIELDS if is_about_reads else (),
        reduced=reduced,
    )
    return graph, Runs(graph, reads, writes, frozenset(reduced))


def compared(seed: int) -> str:
    """Say how the findings on one graph compare with what its runs show."""
    graph, runs = drawn(seed)
    try:
        runs.explore()
    except TooLarge:
        return "too large to run"
    findings = [f for f in verify(graph).findings if "ways cross" not in f.what]
    if any(finding.code == "AG309" for finding in findings):
        return "not decided"
    early = {(f.path[-1], f.what.split("'")[3]) for f in findings if f.code == "AG401"}
    double = {f.where.split("'")[1] for f in findings if f.code == "AG402"}
    if early != runs.early or double != runs.double:
        return f"differs: {seed} {early ^ runs.early} {double ^ runs.double}"
    return "faulty" if findings else "clean"


def tally(first: int, last: int) -> Counter[str]:
    return Counter(compared(seed) for seed in range(first, last))


def test_the_findings_are_those_that_some_run_shows() -> None:
    found = tally(0, 300)

    assert [key for key in found if key.startswith("differs")] == []
    assert found["faulty"] > 60
    assert found["clean"] > 60


if __name__ == "__main__":
    for key, number in sorted(tally(int(sys.argv[1]), int(sys.argv[2])).items()):
        sys.stdout.write(f"{number} {key}\n")
