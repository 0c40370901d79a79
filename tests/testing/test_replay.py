"""What a finding claims happens when its script is played on the real runner."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace

import pytest
from pydantic import BaseModel

from agentgraph import START, Graph
from agentgraph.errors import AgentGraphError, Finding, InvalidGraph, Stuck
from agentgraph.graph import FrozenGraph, Region, Vertex
from agentgraph.testing import replay
from agentgraph.verify import verify
from tests.verify.drafting import bounded, gateway, graph, join, only
from tests.verify.faults import FAULTS
from tests.verify.test_corpus import AROUND, compiled
from tests.verify.test_verdicts import drawn

WAITS = "START -> k\nk -x-> a\nk -y-> b\na -> j\nb -> j\nj -> c\nc -> END"


def is_flow(finding: Finding) -> bool:
    return finding.code[:4] in {"AG11", "AG30"} and finding.code != "AG309"


def test_a_join_that_waits_for_ever_ends_the_run_stuck() -> None:
    faulty = graph(WAITS, join("j"))

    played = replay(faulty, only(faulty))

    assert played.occurred
    assert isinstance(played.error, Stuck)
    assert [(token.vertex, token.source) for token in played.tokens] == [("j", "a")]


def test_a_script_that_is_not_what_the_graph_does_does_not_occur() -> None:
    faulty = graph(WAITS, join("j"))
    finding = only(faulty)
    sound = graph(WAITS, gateway("j"))
    assert finding.script is not None

    assert not replay(sound, finding).occurred
    shorter = replace(finding.script, steps=finding.script.steps[:1])
    assert not replay(faulty, replace(finding, script=shorter)).occurred
    other = replace(finding.script, outcome="twice")
    assert not replay(faulty, replace(finding, script=other)).occurred


@pytest.mark.parametrize(
    ("lines", "vertices", "regions", "code"),
    [
        ("START -> f\nf -> a, b\na -> c\nb -> c\nc -> END", (), (), "AG302"),
        (
            "START -> f\nf -> k, b\nk -x-> END\nk -y-> j\nb -> j\nj -> END",
            (join("j"),),
            (),
            "AG304",
        ),
        ("START -> a\na -> b, c\nb -> a\nc -> END", (bounded("a", 3),), (), "AG303"),
        ("START -> a\na -> k\nk -again-> a\nk -done-> END", (), (), "AG305"),
        (
            "START -> f\nf -> a, b\na -> j\nb -> j\nj -> END",
            (join("j"),),
            (Region("again", "loop", ("a", "b")),),
            "AG308",
        ),
        (
            "START -> f\nf -> a, b, c\na -> d\nb -> d\nd -> j\nc -> j\nj -> END",
            (gateway("f"), join("j", 1)),
            (Region("race", "quorum", ("f", "a", "b", "c", "d"), "j"),),
            "AG302",
        ),
        (
            "START -> a\na -> END\nh -> x, y\nx -> z\ny -> z\nz -> END",
            (Vertex("a", undo="desk:undo"),),
            (Region("save", "catch", ("a",), "h", ("desk.Lost",)),),
            "AG302",
        ),
        ("START -> a\na -> b\nb -> b\nc -> END\na -> c", (), (), "AG112"),
        ("START -> a, b\na -> END", (), (), "AG111"),
    ],
)
def test_each_kind_of_fault_occurs_on_the_runner(
    lines: str, vertices: tuple[Vertex, ...], regions: tuple[Region, ...], code: str
) -> None:
    faulty = graph(lines, *vertices, regions=regions)

    findings = verify(faulty).findings

    assert code in [finding.code for finding in findings]
    assert all(replay(faulty, finding).occurred for finding in findings)


def test_a_fault_inside_a_graph_of_a_graph_is_played_through_the_outer_one() -> None:
    inner = graph(WAITS, join("j"), name="inner")
    middle = graph("START -> m\nm -> e\ne -> END", Vertex("e", "each", child=inner), name="middle")
    outer = graph(
        "START -> q\nq -yes-> s\nq -no-> END\ns -> END",
        Vertex("s", "subgraph", child=middle),
        Vertex("q", "human", labels=("yes", "no")),
    )

    finding = only(outer)
    played = replay(outer, finding)

    assert finding.script is not None
    assert [step.vertex for step in finding.script.steps] == ["q", "s/m", "s/e/0/k", "s/e/0/a"]
    assert played.occurred
    assert played.tokens[0].vertex == "s/e/j"


class Note(BaseModel):
    text: str = ""


def test_a_draft_that_did_not_build_is_replayed_from_the_error_that_refused_it() -> None:
    async def first(s: Note) -> None:
        raise AssertionError

    async def left(s: Note) -> None:
        raise AssertionError

    async def right(s: Note) -> None:
        raise AssertionError

    draft = Graph("draft", Note)
    draft.add_edge(START, first)
    draft.add_edge(first, [left, right])
    last = draft.add_node(first, name="last")
    draft.add_edge(left, last)
    draft.add_edge(right, last)

    with pytest.raises(InvalidGraph) as refused:
        draft.compile()

    flow = [finding for finding in refused.value.findings if is_flow(finding)]
    assert flow
    assert all(replay(refused.value, finding).occurred for finding in flow)


def faults(first: int, last: int) -> list[tuple[int, FrozenGraph, Finding]]:
    return [
        (seed, drawn(seed), finding)
        for seed in range(first, last)
        for finding in verify(drawn(seed)).findings
        if is_flow(finding)
    ]


def test_every_fault_of_random_graphs_occurs_as_claimed() -> None:
    found = faults(0, 350)

    wrong = [(seed, fault.code) for seed, made, fault in found if not replay(made, fault).occurred]

    assert wrong == []
    outcomes = {fault.script.outcome for _, _, fault in found if fault.script is not None}
    assert outcomes >= {"waits", "twice", "left", "shared", "trapped", "endless", "never"}
    assert len(found) > 200


@pytest.mark.parametrize("around", AROUND, ids=">".join)
def test_what_is_told_of_the_known_classes_of_faults_happens_however_deep_they_lie(
    around: Sequence[str],
) -> None:
    played = []
    for fault in FAULTS:
        with suppress(AgentGraphError):
            try:
                compiled(around, fault, is_right=False)
            except InvalidGraph as error:
                flows = [one for one in error.findings if is_flow(one) and one.code != "AG306"]
                played += [(fault.number, one, replay(error, one).occurred) for one in flows]

    assert len(played) > 10
    assert [each for each in played if not each[2]] == []
