"""AG301 to AG309: what each kind of unsound graph is told, and how it reads."""

from dataclasses import replace

from agentgraph.graph import Bound, Region, Vertex
from agentgraph.verify import verify
from tests.verify.drafting import OSERROR, bounded, codes, gateway, graph, join, only


def test_a_join_of_alternatives_waits_for_ever() -> None:
    faulty = graph("START -> k\nk -x-> a\nk -y-> b\na -> j\nb -> j\nj -> c\nc -> END", join("j"))

    assert str(only(faulty)) == (
        "[AG301] the join of 'a' and 'b' before 'c' can wait for ever: "
        "'b' never comes where 'a' came\n"
        "  where: join 'j' (desk.py:2)\n"
        "  path:  START -> k -[x]-> a -> j\n"
        "  fix:   join only branches that one fork opens; of alternatives only one comes, and "
        "plain edges lead on: `g.add_edge(a, c)`, `g.add_edge(b, c)`; "
        "in a flow `choice.route({...}) >> c`"
    )


def test_two_plain_edges_into_one_node_after_a_fork_run_it_twice() -> None:
    faulty = graph("START -> f\nf -> a, b\na -> c\nb -> c\nc -> END")

    assert str(only(faulty)) == (
        "[AG302] 'c' runs twice: parallel branches come to it from 'a' and 'b', without a join\n"
        "  where: edges from 'a' and 'b' to 'c' (desk.py:2)\n"
        "  path:  START -> f -> b -> c\n"
        "  fix:   `g.add_join([a, b], c)` instead of the plain edges, "
        "or in a flow `(a | b) >> c`"
    )


def test_two_parallel_edges_to_end_are_told_to_join() -> None:
    finding = only(graph("START -> f\nf -> a, b\na -> END\nb -> END"))

    assert finding.code == "AG302"
    assert finding.fix.startswith("`g.add_join([a, b], END)`")


def test_a_fork_in_a_loop_without_a_join_leaves_a_token_behind_each_round() -> None:
    faulty = graph("START -> a\na -> b, c\nb -> a\nc -> END", bounded("a", 3))

    finding = only(faulty)

    assert finding.code == "AG303"
    assert finding.where == "fork 'a'"


def test_a_branch_that_goes_to_end_alone_leaves_its_scope() -> None:
    faulty = graph(
        "START -> f\nf -> k, b\nk -x-> END\nk -y-> j\nb -> j\nj -> END",
        join("j"),
    )

    finding = only(faulty)

    assert finding.code == "AG304"
    assert finding.what == "a branch comes to END by 'k' while another is still at 'b'"
    assert finding.path == ("START", "f", "k", "END")


def test_crossed_joins_that_each_get_half_of_the_tokens_wait_for_ever() -> None:
    faulty = graph(
        "START -> f\nf -> k, l\nk -x-> i\nk -y-> j\nl -x-> i\nl -y-> j\ni -> END\nj -> END",
        join("i"),
        join("j"),
    )

    assert codes(faulty) == ["AG301"]


def test_a_cycle_that_nothing_bounds_is_shown() -> None:
    finding = only(graph("START -> a\na -> k\nk -again-> a\nk -done-> END"))

    assert finding.code == "AG305"
    assert finding.route == "START -> a -> k -[again]-> a"
    assert finding.fix == (
        "bound the node that it goes back to: `g.add_node(a, max_visits=5)`, "
        "or in a flow `(...).loop(at_most=5)`"
    )


def test_a_bound_whose_count_starts_again_does_not_end_the_cycle() -> None:
    loop = Region("inner", "loop", ("a", "k"))
    faulty = graph(
        "START -> a\na -> k\nk -again-> a\nk -on-> l\nl -back-> a\nl -done-> END",
        bounded("a", 2, loop="inner"),
        regions=(loop,),
    )

    finding = only(faulty)

    assert finding.code == "AG305"
    assert finding.what.endswith("the count of 'a' starts again with each round")


def test_a_then_that_leads_back_does_not_end_the_cycle() -> None:
    faulty = graph(
        "START -> a\na -> k\nk -again-> a\nk -done-> END\nb -> k", bounded("a", 2, then="b")
    )

    assert "the `then` of 'a' leads back into it" in only(faulty).what


def test_a_cycle_by_way_of_a_handler_needs_a_bound_too() -> None:
    region = Region("save", "catch", ("a",), "mend", OSERROR)

    assert codes(graph("START -> a\na -> END\nmend -> a", regions=(region,))) == ["AG305"]
    assert codes(graph("START -> a\na -> END\nmend -> a", bounded("a", 2), regions=(region,))) == []


def test_a_bound_that_lets_nothing_pass_is_an_error_and_one_of_one_a_warning() -> None:
    lines = "START -> a\na -> k\nk -again-> a\nk -done-> END"

    none, once = only(graph(lines, bounded("a", 0))), only(graph(lines, bounded("a", 1)))

    assert (none.code, none.severity) == ("AG307", "error")
    assert (once.code, once.severity) == ("AG307", "warning")
    assert codes(graph(lines + "\nb -> END", bounded("a", 1, then="b"))) == []


def test_a_bound_that_no_run_meets_because_of_another_fault_is_told_without_a_run() -> None:
    lines = "START -> a\na -> k, END\nk -again-> a\nk -done-> END"
    bounds = Vertex("k", "classifier", bound=Bound(1), labels=("again", "done"))

    too_low, *others = verify(graph(lines, bounds)).findings

    assert (too_low.code, too_low.script) == ("AG307", None)
    assert [finding.code for finding in others] == ["AG302"]


def test_regions_that_overlap_are_refused() -> None:
    regions = (
        Region("one", "catch", ("a", "b"), "h", OSERROR),
        Region("two", "catch", ("b", "c"), "h"),
    )
    faulty = graph("START -> a\na -> b\nb -> c\nc -> END\nh -> END", regions=regions)

    finding = only(faulty)

    assert finding.code == "AG308"
    assert "they share 'b', and neither holds the other" in finding.what


def test_what_takes_down_a_race_must_hold_its_join() -> None:
    race = Region("race", "quorum", ("f", "a", "b", "c"), "j")
    save = Region("save", "catch", ("f", "a", "b", "c"), "h", OSERROR)
    lines = "START -> f\nf -> a, b, c\na -> j\nb -> j\nc -> j\nj -> END\nh -> END"

    finding = only(graph(lines, join("j", need=2), regions=(save, race)))
    whole = replace(save, members=(*save.members, "j"))

    assert finding.code == "AG308"
    assert "and not the join 'j' at which they meet" in finding.what
    assert codes(graph(lines, join("j", need=2), regions=(whole, race))) == []


def test_a_race_is_not_left_and_entered_again_while_its_branches_run() -> None:
    race = Region("race", "quorum", ("f", "a", "b", "c"), "j")
    lines = "START -> f\nf -> a, b, c\na -> out\nout -> j\nb -> j\nc -> j\nj -> END"

    finding = only(graph(lines, gateway("out"), join("j", need=2), regions=(race,)))

    assert (finding.code, finding.path) == ("AG304", ("START", "f", "a", "out"))


def test_a_cycle_that_a_race_always_ends_needs_no_bound() -> None:
    race = Region("race", "quorum", ("f", "a", "b"), "j")
    lines = "START -> f\nf -> a, b\na -> j, a\nb -> j\nj -> END"

    assert codes(graph(lines, join("j", need=1), regions=(race,))) == []
    assert "AG305" in codes(graph(lines, join("j", need=2), regions=(race,)))


def test_a_region_around_two_parallel_branches_is_entered_twice() -> None:
    region = Region("save", "catch", ("a", "b"), "h", OSERROR)
    faulty = graph(
        "START -> f\nf -> a, b\na -> i\nb -> l\nh -> c\nc -to_i-> i\nc -to_l-> l\n"
        "i -> j\nl -> j\nj -> END",
        join("j"),
        regions=(region,),
    )

    assert set(codes(faulty)) <= {"AG302", "AG304", "AG308"}
    assert not verify(faulty).ok


def test_a_region_of_alternatives_may_be_entered_by_each_of_them() -> None:
    region = Region("save", "catch", ("a", "b"), "h", OSERROR)
    saved = graph("START -> k\nk -x-> a\nk -y-> b\na -> END\nb -> END\nh -> END", regions=(region,))

    assert codes(saved) == []


def test_one_region_in_two_parallel_branches_is_crowded() -> None:
    region = Region("again", "loop", ("a", "b"))
    faulty = graph("START -> f\nf -> a, b\na -> j\nb -> j\nj -> END", join("j"), regions=(region,))

    finding = only(faulty)

    assert finding.code == "AG308"
    assert finding.what == (
        "two branches can be in the loop 'again' at the same time, by 'a' and 'b'"
    )


def test_a_region_must_be_left_by_one_token() -> None:
    region = Region("save", "catch", ("f", "a", "b"), "h", OSERROR)
    faulty = graph(
        "START -> f\nf -> a, b\na -> j\nb -> j\nj -> END\nh -> END", join("j"), regions=(region,)
    )

    finding = only(faulty)

    assert finding.code == "AG304"
    assert finding.what.startswith("a branch comes to the way out of the catch 'save' by 'a'")


def test_a_jump_into_a_parallel_region_is_refused() -> None:
    faulty = graph(
        "START -> k\nk -in-> f\nk -jump-> a\nf -> a, b\na -> j\nb -> j\nj -> END", join("j")
    )

    assert codes(faulty) == ["AG301"]


def test_a_branch_that_skips_the_inner_join_is_refused() -> None:
    faulty = graph(
        "START -> f\nf -> g, z\ng -> x, y\nx -> i\ny -> k\nk -in-> i\nk -out-> j\ni -> j\nz -> j\n"
        "j -> END",
        join("i"),
        join("j"),
    )

    assert not verify(faulty).ok


def test_ways_that_cross_between_a_fork_and_the_join_of_all_are_sound() -> None:
    crossing = graph(
        "START -> a\na -> b, c\nb -> d, i\nc -> i, e\ni -> f\nd -> j\nf -> j\ne -> j\nj -> END",
        join("i"),
        join("j"),
    )

    assert codes(crossing) == []


def test_a_maze_of_bounded_choices_with_two_entries_is_sound() -> None:
    maze = graph(
        "START -> k\nk -x-> p\nk -y-> q\np -> a\nq -> b\n"
        "a -to_b-> q\na -out-> END\nb -to_a-> p\nb -out-> END",
        bounded("p", 2),
    )

    assert codes(maze) == []


def test_two_entries_of_a_loop_lead_to_one_place_of_a_join() -> None:
    loop = Region("again", "loop", ("a", "k", "g"))
    sound = graph(
        "START -> f\nf -> a, d\na -> k\nk -again-> a\nk -done-> g\nb -> g\ng -> j\nd -> j\n"
        "j -> END",
        bounded("a", 2, then="b", loop="again"),
        gateway("g"),
        join("j"),
        regions=(loop,),
    )

    assert codes(sound) == []


def test_a_cycle_without_any_choice_that_sends_tokens_out_is_seen_to() -> None:
    region = Region("save", "catch", ("a",), "b", OSERROR)
    faulty = graph(
        "START -> a\na -> f\nb -> f\nf -> c, d\nc -> j\nc -> b\nd -> j\nj -> END",
        bounded("b", 3),
        join("j"),
        regions=(region,),
    )

    assert not verify(faulty).ok
    assert "AG309" not in codes(faulty)


def test_the_region_of_a_fault_is_named() -> None:
    region = Region("save", "catch", ("f", "a", "b", "c"), "h", OSERROR)
    faulty = graph(
        "START -> f\nf -> a, b\na -> c\nb -> c\nc -> END\nh -> END",
        gateway("f"),
        regions=(region,),
    )

    finding = only(faulty)

    assert finding.what.endswith("without a join in the catch 'save'")
    assert finding.path[0] == "START"
