"""AG101 to AG112: names that are unknown, doubled or misplaced, and vertices no run gets through."""

from dataclasses import replace

import pytest

from agentgraph.errors import Place
from agentgraph.graph import Bound, Edge, FrozenGraph, Region, Vertex
from agentgraph.verify import verify
from tests.verify.drafting import OSERROR, bounded, codes, gateway, graph, join, only


def without(faulty: FrozenGraph, name: str) -> FrozenGraph:
    return replace(faulty, vertices=tuple(v for v in faulty.vertices if v.name != name))


def test_an_edge_to_an_unknown_node_offers_the_nearest_name() -> None:
    faulty = without(graph("START -> writer\nwriter -> reviwer\nwriter -> reviewer\n"), "reviwer")
    faulty = replace(faulty, edges=(*faulty.edges, Edge("reviewer", "END")))

    finding = only(faulty)

    assert str(finding) == (
        "[AG101] there is no node 'reviwer'\n"
        "  where: edge 'writer' -> 'reviwer' (desk.py:7)\n"
        "  fix:   did you mean 'reviewer'?"
    )


def test_every_unknown_name_is_found_wherever_it_stands() -> None:
    regions = (
        Region("save", "catch", ("a", "nobody"), "noone"),
        Region("race", "quorum", ("a",), "nojoin"),
    )
    faulty = graph("START -> a\na -> END", bounded("a", 2, then="nowhere"), regions=regions)

    found = [finding.what for finding in verify(faulty).findings]

    assert found == [
        "there is no node 'nowhere'",
        "there is no node 'nobody'",
        "there is no node 'noone'",
        "there is no node 'nojoin'",
    ]


def test_a_bound_must_name_a_loop_that_holds_its_vertex() -> None:
    loop = Region("again", "loop", ("b",))
    lines = "START -> a\na -> b\nb -> END"

    assert codes(graph(lines, bounded("a", 2, loop="agian"), regions=(loop,))) == ["AG101"]
    assert codes(graph(lines, bounded("a", 2, loop="again"), regions=(loop,))) == ["AG108"]


def test_a_graph_without_a_first_edge_has_no_start() -> None:
    finding = only(graph("a -> END"))

    assert finding.code == "AG102"
    assert finding.fix == "say where a run begins: `g.add_edge(START, a)`"


def test_two_nodes_or_two_regions_of_one_name_are_told_apart_by_a_new_name() -> None:
    twice = graph("START -> a\na -> END")
    twice = replace(twice, vertices=(*twice.vertices, Vertex("a"), Vertex("a")))
    regions = (Region("r", "loop", ("a",)), Region("r", "loop", ("a",)))

    assert only(twice).code == "AG103"
    assert '`g.add_node(..., name="a_2")`' in only(twice).fix
    assert codes(graph("START -> a\na -> END", regions=regions)) == ["AG103"]


def test_a_join_needs_two_ways_and_a_need_that_they_can_meet() -> None:
    one_way = only(graph("START -> a\na -> j\nj -> END", join("j")))
    none = graph("START -> a\nj -> END\na -> END", join("j"))
    too_many = graph("START -> a, b\na -> j\nb -> j\nj -> END", join("j", need=3))

    assert one_way.code == "AG104"
    assert one_way.fix.startswith("use a plain edge, `g.add_edge(a, END)`")
    assert codes(none) == ["AG104"]
    assert codes(too_many) == ["AG104"]


@pytest.mark.parametrize(
    "lines", ["START -> a, b\na -> j\nb -> j\nj -> END", "START -> j\nj -> END"]
)
def test_a_join_with_a_need_stands_at_the_end_of_a_region_even_if_it_needs_all(lines: str) -> None:
    (*_, finding) = verify(graph(lines, join("j", need=lines.count("-> j")))).findings

    assert finding.code == "AG108"
    assert finding.what.endswith("but no region says what it cancels")


def test_an_edge_that_is_there_twice_is_found() -> None:
    faulty = graph("START -> a\na -> b\na -> b\nb -> END")

    assert only(faulty).what == "the edge 'a' -> 'b' is there twice"


def test_start_and_end_have_edges_on_one_side_only() -> None:
    assert codes(graph("START -> a\na -> END\nEND -> a")) == ["AG106"]
    assert codes(graph("START -> k\nk -x-> END\nk -y-> START")) == ["AG106"]


def test_reserved_and_empty_names_are_refused() -> None:
    ok = graph("START -> a\na -> END")

    assert codes(replace(ok, vertices=(*ok.vertices[:-1], Vertex("END")))) == ["AG107"]
    assert codes(replace(ok, vertices=(*ok.vertices, Vertex("go", "start")))) == ["AG107"]
    assert codes(without(ok, "END")) == ["AG107", "AG101"]
    assert codes(graph("START -> a/b\na/b -> END")) == ["AG107"]


def test_bounds_handlers_and_regions_stand_where_they_can_be_taken() -> None:
    lines = "START -> f\nf -> a, b\na -> j\nb -> j\nj -> END"
    shapes = [
        graph(lines, replace(join("j"), bound=Bound(2))),
        graph(lines, join("j"), bounded("a", 2, then="j")),
        graph(lines, join("j"), bounded("a", 2, then="a")),
        graph(lines, join("j"), regions=(Region("r", "catch", ("a",), "j"),)),
        graph(lines, join("j"), regions=(Region("r", "catch", ("a",), "a"),)),
        graph(lines, join("j"), regions=(Region("r", "catch", ("a",)),)),
        graph(lines, join("j"), regions=(Region("r", "loop", ()),)),
        graph(lines, join("j"), regions=(Region("r", "loop", ("END",)),)),
        graph(lines, join("j"), regions=(Region("r", "quorum", ("a",), "b"),)),
        graph(lines, join("j", need=1)),
        graph("START -> s\ns -> END", Vertex("s", "subgraph")),
    ]

    assert [codes(shape) for shape in shapes] == [["AG108"]] * len(shapes)


def test_a_node_that_no_run_reaches_is_named_with_what_leads_to_it() -> None:
    faulty = graph("START -> a\na -> END\nb -> c\nc -> a")

    unreached, after = verify(faulty).findings

    assert unreached.what == "no run reaches 'b': no edge leads to it"
    assert after.what == "no run reaches 'c'; it is led to only from 'b'"
    assert {unreached.code, after.code} == {"AG110"}


def test_a_handler_is_reached_by_a_failure() -> None:
    saved = graph(
        "START -> a\na -> END\nsorry -> END",
        regions=(Region("save", "catch", ("a",), "sorry", OSERROR),),
    )

    assert codes(saved) == []


def test_a_handler_of_what_cannot_fail_is_never_reached() -> None:
    useless = graph(
        "START -> g\ng -> END\nsorry -> END",
        gateway("g"),
        regions=(Region("save", "catch", ("g",), "sorry", OSERROR),),
    )

    assert only(useless).what == "no run reaches 'sorry': what it catches cannot fail"


@pytest.mark.parametrize(
    ("inner", "outer", "is_reached"),
    [
        ("builtins.KeyError", "builtins.KeyError", False),
        ("builtins.LookupError", "builtins.KeyError", False),
        ("builtins.Exception", "desk.Lost", False),
        ("builtins.KeyError", "builtins.LookupError", True),
        ("desk.Lost", "desk.Late", True),
    ],
)
def test_a_handler_of_what_a_flow_inside_catches_is_never_reached(
    inner: str, outer: str, *, is_reached: bool
) -> None:
    flows = (
        Region("o", "catch", ("a",), "b", (outer,)),
        Region("i", "catch", ("a",), "c", (inner,)),
    )

    found = verify(graph("START -> a\na -> END\nb -> END\nc -> END", regions=flows)).findings

    what = "no run reaches 'b': what it catches, a flow inside catches before"
    assert [finding.what for finding in found] == ([] if is_reached else [what])


def test_a_dead_end_is_shown_with_the_path_to_it() -> None:
    finding = only(graph("START -> k\nk -x-> END\nk -y-> a"))

    assert finding.code == "AG111"
    assert finding.path == ("START", "k", "a")
    assert finding.fix.startswith("end the run there with `g.add_edge(a, END)`")


def test_a_cycle_without_a_way_out_is_a_trap() -> None:
    faulty = graph("START -> k\nk -x-> END\nk -y-> a\na -> b\nb -> a", bounded("a", 3))

    finding = only(faulty)

    assert finding.code == "AG112"
    assert finding.what == "a run that comes to 'a' or 'b' can never come to END"
    assert finding.path == ("START", "k", "a")


def test_bounds_that_lead_to_each_other_are_told_once() -> None:
    bounds = [bounded("a", 2, then="b"), bounded("b", 2, then="c"), bounded("c", 2, then="a")]
    faulty = graph("START -> k\nk -x-> a\nk -y-> b\nk -z-> c\na -> k\nb -> END\nc -> END", *bounds)

    finding = only(faulty)

    assert finding.code == "AG108"
    assert finding.what == "a token past the bound of 'a', 'b' and 'c' goes to 'a' again, for ever"


def test_the_then_of_a_bound_is_a_way_out_of_a_cycle() -> None:
    assert codes(graph("START -> a\na -> b\nb -> a", bounded("a", 3, then="END"))) == []


def test_all_faults_are_reported_at_once_each_at_its_place() -> None:
    faulty = graph("START -> k\nk -x-> a\na -> nobody\nEND -> a")
    faulty = without(faulty, "nobody")
    place = Place("flow.py", 3)
    triage = Vertex("k", "classifier", labels=("x", "y"), abstains=True, place=place)
    vertices = tuple(triage if v.name == "k" else v for v in faulty.vertices)

    findings = verify(replace(faulty, vertices=vertices)).findings

    assert [finding.code for finding in findings] == ["AG101", "AG106", "AG201", "AG207"]
    assert findings[-1].place == place


def test_a_gateway_with_one_way_in_and_one_out_is_no_fault() -> None:
    assert codes(graph("START -> g\ng -> END", gateway("g"))) == []
