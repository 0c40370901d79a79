"""What a finding claims happens when its script is played on the real runner."""

import re
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest
from pydantic import BaseModel

from agentgraph import START, Graph
from agentgraph.errors import AgentGraphError, Finding, InvalidGraph, Step, Stuck
from agentgraph.graph import Access, FrozenGraph, Region, Requirement, Vertex, VertexKind
from agentgraph.requirements import always_before, at_most, never_together
from agentgraph.testing import replay
from agentgraph.verify import verify
from tests.strategies import TANGLES, Seeded, random_graph
from tests.verify.drafting import bounded, gateway, graph, join, only
from tests.verify.faults import FAULTS
from tests.verify.spoiling import spoilt
from tests.verify.test_corpus import AROUND, compiled
from tests.verify.test_data_exactly import drawn as with_data
from tests.verify.test_verdicts import drawn

WAITS = "START -> k\nk -x-> a\nk -y-> b\na -> j\nb -> j\nj -> c\nc -> END"


def is_flow(finding: Finding) -> bool:
    """Say whether a finding is about what runs do: these have a script."""
    is_data = finding.code in {"AG310", "AG311", "AG401", "AG402"}
    return is_data or (finding.code[:4] in {"AG11", "AG30"} and finding.code != "AG309")


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


DESK = """
    START -> k
    k -short-> ship
    k -long-> write
    write -> p, q
    p -> j
    q -> j
    j -> w
    w -> c
    c -again-> w
    c -done-> review
    review -> ship
    ship -> END
"""


def nested(required: Requirement, kind: VertexKind = "subgraph", limit: int = 2) -> FrozenGraph:
    """Two graphs inside, beside each other, and a requirement on what is in them."""
    inner = graph(DESK, join("j"), bounded("w", 3), name="inner")
    sides = (Vertex(name, kind, child=inner, limit=limit) for name in ("s", "t"))
    outer = graph("START -> a\na -> s, t\ns -> j\nt -> j\nj -> z\nz -> END", join("j"), *sides)
    return replace(outer, requirements=(required,))


@pytest.mark.parametrize("kind", ["subgraph", "each"])
@pytest.mark.parametrize(
    ("required", "code"),
    [
        (always_before("s/review", "s/ship"), "AG306"),
        (always_before("s/review", "z"), "AG306"),
        (always_before("t", "s/w"), "AG306"),
        (never_together("s", "t"), "AG310"),
        (never_together("s/w", "t/c"), "AG310"),
        (never_together("s/p", "s/q"), "AG310"),
        (never_together("s", "s/q"), "AG310"),
        (at_most(0, "z"), "AG311"),
        (at_most(2, "s/w"), "AG311"),
    ],
)
def test_a_run_that_breaks_what_is_required_does_so_on_the_runner(
    required: Requirement, code: str, kind: VertexKind
) -> None:
    broken = nested(required, kind)

    finding = only(broken)

    assert finding.code == code
    assert replay(broken, finding).occurred
    assert finding.script is not None
    shorter = replace(finding.script, steps=finding.script.steps[:-1])
    if shorter != finding.script and kind == "subgraph":
        assert not replay(broken, replace(finding, script=shorter)).occurred


def test_two_items_of_a_list_are_at_one_node_together() -> None:
    broken = nested(never_together("s/w", "s/c"), "each")

    assert replay(broken, only(broken)).occurred


@pytest.mark.parametrize("reads_first", [True, False])
def test_a_field_that_is_read_too_early_is_unset_on_the_runner(reads_first: bool) -> None:
    late = graph("START -> a\na -> k\nk -x-> b\nk -y-> c\nb -> c\nc -> END")
    access = {"b": Access(writes=("f",)), "c": Access(reads=("f",))}
    vertices = [replace(v, access=access.get(v.name, Access())) for v in late.vertices]
    late = replace(late, vertices=tuple(vertices), fields=("f",), unset=("f",))

    finding = only(late)
    assert finding.script is not None
    past_writer = (Step("a"), Step("k", "x"), Step("b"))
    script = finding.script if reads_first else replace(finding.script, steps=past_writer)

    assert finding.code == "AG401"
    assert replay(late, replace(finding, script=script)).occurred is reads_first


@pytest.mark.parametrize("has_reducer", [True, False])
def test_two_branches_that_write_one_field_cannot_be_merged_on_the_runner(
    has_reducer: bool,
) -> None:
    made = graph("START -> a\na -> b, c\nb -> j\nc -> j\nj -> END", join("j"))
    vertices = [
        replace(v, access=Access(writes=("f",) if v.name in "bc" else ())) for v in made.vertices
    ]
    made = replace(made, vertices=tuple(vertices), fields=("f",))

    finding = only(made)
    reduced = replace(made, reduced=("f",) if has_reducer else ())

    assert finding.code == "AG402"
    assert replay(reduced, finding).occurred is not has_reducer


def test_every_early_read_and_every_clash_of_random_graphs_occurs_as_claimed() -> None:
    played = Counter[tuple[str, bool]]()
    for seed in range(200):
        made, _ = with_data(seed)
        for finding in verify(made).findings:
            played[finding.code, replay(made, finding).occurred] += 1

    assert played["AG401", True] > 30
    assert played["AG402", True] > 15
    assert {occurred for _, occurred in played} == {True}


def test_every_requirement_that_random_graphs_break_is_broken_on_the_runner() -> None:
    played = Counter[tuple[str, bool]]()
    for seed in range(60):
        dice = Seeded(seed)
        made = random_graph(dice, size=3 + dice.pick(6), kinds=TANGLES)
        names = [vertex.name for vertex in made.vertices if vertex.kind == "node"]
        one, other = names[dice.pick(len(names))], names[dice.pick(len(names))]
        required = (always_before(one, other), never_together(one, other), at_most(0, one))
        made = replace(made, requirements=(*required, at_most(1, other)))
        for finding in verify(made).findings:
            played[finding.code, replay(made, finding).occurred] += 1

    assert min(played[code, True] for code in ("AG306", "AG310", "AG311")) > 10
    assert {occurred for _, occurred in played} == {True}


def test_the_page_says_of_every_code_what_its_run_shows() -> None:
    docs = Path(__file__).parents[2] / "docs"
    rows = re.findall(
        r"^\| (AG[^|]*) \| (\w+)", (docs / "verification.md").read_text("utf-8"), re.MULTILINE
    )
    known = re.findall(r"^## (AG[1-5]\d\d)", (docs / "errors.md").read_text("utf-8"), re.MULTILINE)
    told: dict[str, str] = {}
    for codes, first in rows:
        for part in codes.split(", "):
            ends = part.split(" to ")
            told |= dict.fromkeys((c for c in known if ends[0] <= c <= ends[-1]), first)

    raised = {"AG100", "AG109", "AG130", "AG131"}  # errors, and no findings
    flows = {c for c in known if is_flow(Finding(c, "", "", "")) and c != "AG110"}

    assert set(known) - raised == told.keys()
    assert flows == {code for code, first in told.items() if first != "nothing"}


def faults(first: int, last: int) -> list[tuple[int, FrozenGraph, Finding]]:
    return [
        (seed, drawn(seed), finding)
        for seed in range(first, last)
        for finding in verify(drawn(seed)).findings
        if is_flow(finding)
    ]


def test_a_child_whose_second_token_comes_by_a_bound_is_played_to_its_end() -> None:
    lines = "START -> a\na -> k\nk -again-> a\nk -on-> b\nb -> END\nb -> a"
    inner = graph(lines, bounded("a", 2, "b"), name="inner")
    faulty = graph("START -> e\ne -> END", Vertex("e", "each", child=inner))

    endless, open_ = verify(faulty).findings

    assert [endless.code, open_.code] == ["AG305", "AG303"]
    assert replay(faulty, endless).occurred
    assert replay(faulty, open_).occurred


def test_every_fault_of_random_graphs_occurs_as_claimed() -> None:
    found = faults(0, 350)

    wrong = [(seed, fault.code) for seed, made, fault in found if not replay(made, fault).occurred]

    assert wrong == []
    outcomes = {fault.script.outcome for _, _, fault in found if fault.script is not None}
    assert outcomes >= {"waits", "twice", "left", "shared", "trapped", "endless", "never"}
    assert len(found) > 200


def test_a_token_that_wins_a_race_is_the_second_at_a_vertex_when_the_losers_have_stopped() -> None:
    lines = "START -> p\np -> f, m\nf -> a, b\na -> j\nb -> j\nj -> m\nm -> n\nn -> END"
    race = Region("race", "quorum", ("f", "a", "b"), "j")
    faulty = graph(lines, gateway("f"), join("j", 1), regions=(race,))

    finding = only(faulty)

    assert finding.script is not None
    assert [step.vertex for step in finding.script.steps] == ["p", "a"]
    assert replay(faulty, finding).occurred


def test_a_region_that_is_entered_and_left_in_one_step_is_left_by_two() -> None:
    lines = "START -> p\np -> g\ng -> a, b\na -> j\nb -> j\nj -> k\nk -> END"
    faulty = graph(lines, gateway("g"), join("j"), regions=(Region("r", "loop", ("g", "k")),))

    left = next(each for each in verify(faulty).findings if each.code == "AG304")

    assert replay(faulty, left).occurred


def test_a_region_that_is_left_while_others_are_in_it_counts_as_left_even_if_all_is_over_then() -> (
    None
):
    lines = "START -> f\nf -> p, q\np -> a, b\na -> j\nb -> j\nj -> r\nq -> g\ng -> r\nr -> END"
    regions = (
        Region("inner", "quorum", ("p", "a", "b", "g"), "j"),
        Region("outer", "quorum", ("f", "p", "a", "b", "j", "q", "g"), "r"),
    )
    shapes = (gateway("f"), gateway("p"), gateway("g"), join("j", 1), join("r", 1))
    faulty = graph(lines, *shapes, regions=regions)

    left = next(each for each in verify(faulty).findings if each.code == "AG304")

    assert replay(faulty, left).occurred


@pytest.mark.parametrize(
    ("seed", "codes"),
    [
        (657, ["AG305", "AG308"]),
        (694, ["AG301"]),  # a race is over before a merge in it is
        (1155, []),  # a gateway leads out of a race and at once into it again
        (2324, ["AG308", "AG108"]),
        (2697, ["AG305"]),
        (3978, ["AG110", "AG302", "AG305", "AG304"]),  # a join inside waits behind an early END
        (4657, ["AG305", "AG304"]),
        (5428, ["AG307", "AG301"]),  # every run is exhausted before it comes to END
        (6562, ["AG305", "AG308", "AG303"]),  # a second token comes to the join of a race alone
        (7168, ["AG305", "AG304", "AG301"]),
        (6091, ["AG110", "AG111"]),
        (7427, ["AG308", "AG110", "AG302"]),  # a handler stands in a race
        (11136, ["AG305", "AG304"]),  # inside, a cycle behind an early END
        (12101, ["AG301"]),  # who decides in a race is always cancelled before
        (16739, []),  # who decides in a race is cancelled in most runs, and goes on in some
        (12331, ["AG104", "AG304", "AG104"]),
    ],
)
def test_what_no_run_shows_gives_way_to_what_some_run_shows(seed: int, codes: list[str]) -> None:
    faulty = spoilt(drawn(seed), Seeded(seed))

    findings = verify(faulty).findings

    assert [finding.code for finding in findings] == codes
    assert all(replay(faulty, finding).occurred for finding in findings if is_flow(finding))


def test_what_is_wrong_inside_a_graph_whose_regions_overlap_is_played_alone() -> None:
    inner = graph("START -> f\nf -> a, b\na -> c\nb -> c\nc -> END", name="inner")
    lines = "START -> a\na -> b\nb -> s\ns -> END"
    regions = (Region("one", "loop", ("a", "b")), Region("two", "loop", ("b", "s")))
    faulty = graph(lines, Vertex("s", "subgraph", child=inner), regions=regions)

    twice = next(each for each in verify(faulty).findings if each.code == "AG302")

    assert twice.script is not None
    assert twice.script.within == "s/"
    assert replay(faulty, twice).occurred


def test_what_never_happens_inside_a_graph_that_cannot_run_is_looked_for_in_it_alone() -> None:
    inner = graph("START -> a\na -> b\nb -> a\na -> END", name="inner")
    outer = graph(
        "START -> s\ns -> END",
        Vertex("s", "subgraph", child=inner),
        regions=(Region("save", "catch", (), "s", ("desk.Lost",)),),
    )

    endless = next(each for each in verify(outer).findings if each.code == "AG305")

    assert replay(outer, endless).occurred


def test_a_gateway_that_leads_to_itself_in_a_graph_inside_is_played_as_a_node() -> None:
    inner = graph("START -> g\ng -> a, g\na -> END", gateway("g"), name="inner")
    faulty = graph("START -> s\ns -> END", Vertex("s", "subgraph", child=inner))

    findings = verify(faulty).findings

    assert findings
    assert all(replay(faulty, finding).occurred for finding in findings)


def unshown(first: int, last: int) -> tuple[int, list[str]]:
    """How many findings random graphs have that were spoilt once more, and what does not occur."""
    count, found = 0, list[str]()
    for seed in range(first, last):
        made = spoilt(drawn(seed), Seeded(seed))
        for fault in filter(is_flow, verify(made).findings):
            if fault.code == "AG307" and fault.script is None:
                continue  # Another fault comes first on every run.
            count += 1
            if not replay(made, fault).occurred:
                found.append(f"{seed}: {fault.code} {fault.what}")
    return count, found


def test_every_fault_of_graphs_that_were_spoilt_once_more_occurs_as_claimed() -> None:
    count, found = unshown(0, 150)

    assert found == []
    assert count > 100


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
                flows = [one for one in error.findings if is_flow(one)]
                played += [(fault.number, one, replay(error, one).occurred) for one in flows]

    assert len(played) > 10
    assert [each for each in played if not each[2]] == []


@pytest.mark.parametrize("seed", [1302, 1372])
def test_a_fault_inside_a_graph_that_can_have_no_run_is_played_alone(seed: int) -> None:
    found = faults(seed, seed + 1)
    alone = [fault for _, _, fault in found if fault.script is not None and fault.script.within]

    assert alone
    assert all(replay(made, fault).occurred for _, made, fault in found)


def test_a_flow_that_leaves_a_loop_by_its_handler_is_played() -> None:
    found = faults(537, 538)

    assert found
    assert all(replay(made, fault).occurred for _, made, fault in found)


@pytest.mark.parametrize("seed", [548, 974, 1121])
def test_two_tokens_at_the_end_of_a_graph_inside_end_it_early(seed: int) -> None:
    found = faults(seed, seed + 1)

    assert any(f.script and f.script.culprits[0].endswith("/END") for _, _, f in found)
    assert all(replay(made, fault).occurred for _, made, fault in found)
