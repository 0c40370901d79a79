"""What a user requires of every run: kept is silent, broken is told with a path, the rest is said."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from agentgraph import END, START, Graph, State, each, node, workflow
from agentgraph.errors import InvalidFlow, InvalidGraph
from agentgraph.graph import FrozenGraph, Region, Requirement, Vertex, from_json
from agentgraph.requirements import always_before, at_most, never_together
from agentgraph.verify import verify
from tests.strategies import TANGLES, Seeded, random_graph
from tests.verify.drafting import bounded, graph
from tests.verify.running import Runs, TooLarge

DESK = graph(
    """
    START -> k
    k -short-> ship
    k -long-> write
    write -> p, q
    p -> j
    q -> j
    j -> review
    review -> ship
    ship -> END
    """,
    Vertex("j", "join"),
)
LOOP = graph(
    """
    START -> write
    write -> critic
    critic -again-> write
    critic -ok-> END
    """,
    bounded("write", 3),
)


def broken(drawn: FrozenGraph, *required: Requirement) -> list[tuple[str, tuple[str, ...]]]:
    findings = verify(replace(drawn, requirements=required)).findings
    return [(finding.code, finding.path) for finding in findings]


@pytest.mark.parametrize(
    ("required", "found"),
    [
        (always_before("k", "ship"), []),
        (always_before("p", "review"), []),
        (always_before("review", "ship"), [("AG306", ("START", "k", "ship"))]),
        (always_before("ship", "ship"), [("AG306", ("START", "k", "ship"))]),
        (always_before("p", "q"), [("AG306", ("START", "k", "write", "q"))]),
        (never_together("p", "review"), []),
        (never_together("p", "p"), []),
        (never_together("write", "ship"), []),
        (never_together("p", "q"), [("AG310", ("START", "k", "write", "q"))]),
        (at_most(1, "review"), []),
        (at_most(0, "review"), [("AG311", ("START", "k", "write", "q", "j", "review"))]),
        (always_before("rewiew", "ship"), [("AG101", ())]),
    ],
)
def test_a_requirement_is_held_against_the_graph(required, found) -> None:
    assert broken(DESK, required) == found


def test_a_loop_may_come_as_often_to_a_node_as_its_bound_says() -> None:
    path = ("START", *("write", "critic") * 3)

    assert broken(LOOP, at_most(3, "critic")) == []
    assert broken(LOOP, at_most(2, "critic")) == [("AG311", path)]


def test_a_failure_may_lead_past_what_is_required() -> None:
    flow = Region("catch", "catch", ("a", "b"), "h", ("builtins.ValueError",))
    drawn = graph("START -> a\na -> b\nb -> ship\nh -> ship\nship -> END", regions=(flow,))

    assert broken(drawn, always_before("b", "ship")) == [("AG306", ("START", "a", "h", "ship"))]


def test_the_branches_of_a_race_run_together() -> None:
    race = Region("race", "quorum", ("a", "b", "c"), "j")
    drawn = graph(
        "START -> a\na -> b, c\nb -> j\nc -> j\nj -> END",
        Vertex("j", "join", need=1),
        regions=(race,),
    )

    assert [code for code, _ in broken(drawn, never_together("b", "c"))] == ["AG310"]


def test_a_requirement_that_is_broken_is_told_like_this() -> None:
    required = always_before("review", "ship")

    (finding,) = verify(replace(DESK, requirements=(required,))).findings

    assert str(finding).splitlines() == [
        "[AG306] a run can come to 'ship' without 'review'",
        f"  where: `always_before('review', 'ship')` ({finding.place})",
        "  path:  START -> k -> ship",
        "  fix:   lead every way to 'ship' through 'review'",
    ]
    assert str(finding.place).startswith(__file__)


class Desk(State):
    text: str = ""


def named(name: str) -> Callable[[Desk], None]:
    def work(s: Desk) -> None: ...

    work.__name__ = name
    return work


a, b, c = (node(named(name)) for name in "abc")


def test_a_node_inside_a_subgraph_goes_by_its_path() -> None:
    child = workflow("child", Desk, a >> b)
    inside = child.as_node(Desk, enter=lambda s: s, leave=lambda s, _: None)

    built = workflow(
        "desk",
        Desk,
        inside >> c,
        require=[
            always_before("child/b", "c"),
            always_before("child/a", "child/b"),
            never_together("child/a", "child/b"),
            at_most(1, "child/a"),
        ],
    )
    assert built.verify().findings == ()

    with pytest.raises(InvalidGraph) as caught:
        workflow(
            "desk",
            Desk,
            inside >> c,
            require=[always_before("c", "child/b"), at_most(0, "child/b")],
        )
    assert [(f.code, f.path) for f in caught.value.findings] == [
        ("AG306", ("START", "child", "child/START", "child/a", "child/b")),
        ("AG311", ("START", "child", "child/START", "child/a", "child/b")),
    ]


def test_an_each_may_have_no_item_or_many_at_once() -> None:
    child = workflow("child", Desk, a >> b)
    many = each(lambda s: [s], child, into=lambda s, out: None)

    with pytest.raises(InvalidGraph) as caught:
        workflow(
            "desk",
            Desk,
            many >> c,
            require=[
                always_before("each/b", "c"),
                never_together("each/a", "each/b"),
                at_most(9, "each/a"),
            ],
        )
    assert [f.code for f in caught.value.findings] == ["AG306", "AG310", "AG311"]


def test_the_builder_takes_requirements_too() -> None:
    g = Graph("desk", Desk)
    g.add_edge(START, a)
    g.add_edge(a, b)
    g.add_edge(b, END)

    assert g.compile(require=[always_before("a", "b")]).verify().findings == ()
    with pytest.raises(InvalidGraph, match="AG306"):
        g.compile(require=[always_before("b", "a")])


def test_requirements_are_part_of_the_graph() -> None:
    plain = workflow("desk", Desk, a >> b).graph
    built = workflow("desk", Desk, a >> b, require=[always_before("a", "b")])

    assert from_json(built.to_json()) == built.graph
    assert built.graph.digest != plain.digest


def test_a_number_below_nothing_is_refused() -> None:
    with pytest.raises(InvalidFlow, match="cannot run -1 times"):
        at_most(-1, "a")


def test_requirements_hold_exactly_where_no_run_breaks_them() -> None:
    """Every run of the machine, against pairs of nodes of random graphs."""
    count = {"AG306": 0, "AG310": 0, "kept": 0}
    for seed in range(250):
        dice = Seeded(seed)
        drawn = random_graph(dice, size=2 + dice.pick(6), kinds=TANGLES)
        nodes = [v.name for v in drawn.vertices if v.kind == "node"]
        one, other = nodes[dice.pick(len(nodes))], nodes[dice.pick(len(nodes))]
        runs = Runs(drawn, {other: ("done",)}, {one: ("done",)})
        try:
            runs.explore()
        except TooLarge:
            continue
        whole = Runs(drawn, {}, {one: ("done",)})
        whole.explore()

        expected = ["AG306"] * bool(runs.early)
        expected += ["AG310"] * (one != other and {one, other} in whole.together)
        found = broken(drawn, always_before(one, other), never_together(one, other))

        assert [code for code, _ in found] == expected, (seed, one, other)
        for code in expected or ["kept"]:
            count[code] += 1
    assert min(count.values()) > 20
