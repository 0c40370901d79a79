"""Flows: what graph each operator and method makes, and that brackets change nothing."""

from typing import Literal

from hypothesis import given
from hypothesis import strategies as st

from agentgraph import END, NEXT, Flow, State, classifier, node, workflow
from agentgraph.graph import FrozenGraph
from tests.workflow.shape import shape, text


class Draft(State):
    text: str = ""


@node
def a(s: Draft) -> None: ...


@node
def b(s: Draft) -> None: ...


@node
def c(s: Draft) -> None: ...


@node
def d(s: Draft) -> None: ...


def plain(s: Draft) -> None: ...


@classifier
def pick(s: Draft) -> Literal["x", "y"]:
    return "x"


@classifier
def check(s: Draft) -> bool:
    return True


def graph(flow: Flow[Draft]) -> FrozenGraph:
    return workflow("w", Draft, flow).graph


def drawn(flow: Flow[Draft]) -> str:
    return shape(graph(flow))


def test_one_part_follows_the_other() -> None:
    assert drawn(a >> b) == "START -> a\na -> b\nb -> END"


def test_a_function_alone_is_a_workflow() -> None:
    assert shape(workflow("w", Draft, plain).graph) == "START -> plain\nplain -> END"


def test_a_function_stands_on_either_side_of_both_operators() -> None:
    assert drawn(plain >> a) == "START -> plain\nplain -> a\na -> END"
    assert drawn(a >> plain) == "START -> a\na -> plain\nplain -> END"
    assert drawn((plain | a) >> b) == text(
        """
        START -> plain
        START -> a
        plain -> join
        a -> join
        join -> b
        b -> END
        join join
        """
    )


def test_every_mention_places_a_new_node() -> None:
    assert drawn(a >> a >> a) == "START -> a\na -> a_2\na_2 -> a_3\na_3 -> END"
    assert drawn(plain >> a >> plain) == "START -> plain\nplain -> a\na -> plain_2\nplain_2 -> END"


def test_a_number_that_somebody_has_taken_is_left_out() -> None:
    @node
    def a_2(s: Draft) -> None: ...

    assert drawn(a >> a >> a_2) == "START -> a\na -> a_3\na_3 -> a_2\na_2 -> END"


def test_named_chooses_the_name() -> None:
    assert drawn(a >> a.named("redo")) == "START -> a\na -> redo\nredo -> END"


def test_open_ends_that_are_parallel_are_joined_before_the_end() -> None:
    assert drawn(a >> (b | c)) == text(
        """
        START -> a
        a -> b
        a -> c
        b -> join
        c -> join
        join -> END
        join join
        """
    )


def test_a_join_and_a_fork_meet_on_a_gateway() -> None:
    assert drawn((a | b) >> (c | d)) == text(
        """
        START -> a
        START -> b
        a -> join
        b -> join
        join -> fork
        fork -> c
        fork -> d
        c -> join_2
        d -> join_2
        join_2 -> END
        join join
        join join_2
        """
    )


def test_alternatives_meet_at_an_entry_without_a_join() -> None:
    assert drawn(pick.route({"x": a, "y": b}) >> c) == text(
        """
        START -> pick
        pick -> a on x
        pick -> b on y
        a -> c
        b -> c
        c -> END
        classifier pick x/y
        """
    )


def test_alternatives_of_one_branch_meet_before_its_join() -> None:
    assert drawn((pick.route({"x": a, "y": NEXT}) | b) >> c) == text(
        """
        START -> pick
        START -> b
        pick -> a on x
        a -> meet
        pick -> meet on y
        meet -> join
        b -> join
        join -> c
        c -> END
        classifier pick x/y
        join join
        """
    )


def test_a_label_mapped_to_next_goes_on_with_what_follows() -> None:
    assert drawn(pick.route({"x": NEXT, "y": END}) >> a) == text(
        """
        START -> pick
        pick -> END on y
        pick -> a on x
        a -> END
        classifier pick x/y
        """
    )


def test_one_object_under_several_labels_is_one_node() -> None:
    for part in (a, plain, b >> c):
        route = pick.route({"x": part, "y": part})
        names = [v.name for v in graph(route).vertices]

        assert not any(name.endswith("_2") for name in names)


def test_choose_asks_for_every_label() -> None:
    def where(label: Literal["x", "y"]) -> Flow[Draft]:
        return a if label == "x" else b

    assert drawn(pick.choose(where)) == drawn(pick.route({"x": a, "y": b}))


def test_a_group_flattens_but_for_one_that_is_joined() -> None:
    assert drawn(a | (b | c) | d) == drawn(a | b | c | d)
    assert drawn((a | b).join(1) | c) == text(
        """
        START -> fork
        START -> c
        fork -> a
        fork -> b
        a -> join
        b -> join
        join -> join_2
        c -> join_2
        join_2 -> END
        join join 1
        join join_2
        quorum quorum: fork a b; -> join
        """
    )


def test_a_join_of_all_branches_cancels_nobody() -> None:
    assert graph((a | b).join(2) >> c).regions == ()


def test_a_catch_is_a_region_and_its_handler_an_alternative() -> None:
    assert drawn((a >> (b | c)).catch((KeyError, OSError), d) >> a) == text(
        """
        START -> a
        a -> b
        a -> c
        b -> join
        c -> join
        join -> a_2
        d -> a_2
        a_2 -> END
        join join
        catch catch: a b c join; KeyError OSError; -> d
        """
    )


def test_a_handler_may_be_the_end_or_what_follows() -> None:
    assert "catch catch: a; KeyError; -> END" in drawn(a.catch(KeyError, END) >> b)
    assert text("meet -> b\n b -> END\n catch catch: a; KeyError; -> meet") in drawn(
        a.catch(KeyError, NEXT) >> b
    )


def test_catches_stand_inside_each_other() -> None:
    assert drawn(a.catch(KeyError, b).catch(OSError, c)) == text(
        """
        START -> a
        a -> END
        b -> END
        c -> END
        catch catch: a; KeyError; -> b
        catch catch_2: a b; OSError; -> c
        """
    )


def test_the_way_back_passes_the_join() -> None:
    flow = ((a | b) >> c >> check.route({True: NEXT, False: c})).loop(at_most=3)

    assert drawn(flow >> d) == text(
        """
        START -> fork
        fork -> a
        fork -> b
        a -> join
        b -> join
        join -> c
        c -> check
        check -> c on False
        check -> d on True
        d -> END
        join join
        bound c 3 in loop
        classifier check True/False
        loop loop: fork a b join c check
        """
    )


def test_a_way_back_may_lead_to_a_whole_flow() -> None:
    both = a | b
    flow = (both >> c >> check.route({True: NEXT, False: both})).loop(at_most=3)

    assert "check -> fork on False" in drawn(flow)
    assert "bound fork 3 in loop" in drawn(flow)


def test_the_ways_back_of_a_loop_share_a_count_where_they_share_an_entry() -> None:
    flow = (a >> b >> pick.route({"x": a, "y": NEXT}) >> check.route({True: NEXT, False: a})).loop(
        at_most=4, then=d
    )

    assert drawn(flow >> c) == text(
        """
        START -> a
        a -> b
        b -> pick
        pick -> a on x
        pick -> check on y
        check -> a on False
        check -> c on True
        d -> c
        c -> END
        bound a 4 then d in loop
        classifier pick x/y
        classifier check True/False
        loop loop: a b pick check
        """
    )


def test_two_loops_back_to_one_entry_count_apart() -> None:
    inner = (a >> check.route({True: NEXT, False: a})).loop(at_most=3)
    outer = (inner >> pick.route({"x": NEXT, "y": a})).loop(at_most=2, then=END)

    assert drawn(outer >> b) == text(
        """
        START -> meet
        a -> check
        check -> a on False
        check -> pick on True
        pick -> meet on y
        meet -> a
        pick -> b on x
        b -> END
        bound meet 2 then END in loop_2
        bound a 3 in loop
        classifier check True/False
        classifier pick x/y
        loop loop: a check
        loop loop_2: meet a check pick
        """
    )


def test_three_loops_back_to_one_entry_count_apart() -> None:
    first = (a >> check.route({True: NEXT, False: a})).loop(at_most=2)
    second = (first >> check.named("c2").route({True: NEXT, False: a})).loop(at_most=3)
    third = (second >> check.named("c3").route({True: NEXT, False: a})).loop(at_most=4)
    bounds = {v.name: v.bound.at_most for v in graph(third).vertices if v.bound is not None}

    assert bounds == {"a": 2, "meet": 3, "meet_2": 4}
    assert ("START", "meet_2") in {(e.source, e.target) for e in graph(third).edges}
    assert [set(r.members) & {"meet", "meet_2"} for r in graph(third).regions] == [
        set(), {"meet"}, {"meet", "meet_2"},
    ]  # fmt: skip


def test_a_way_back_may_lead_out_of_an_inner_loop() -> None:
    inner = (b >> pick.route({"x": NEXT, "y": b})).loop(at_most=3)
    outer = (a >> inner >> check.route({True: NEXT, False: a})).loop(at_most=2)

    assert "check -> a on False" in drawn(outer)
    assert "bound a 2 in loop_2" in drawn(outer)
    assert "bound b 3 in loop" in drawn(outer)


def test_what_stands_in_another_branch_is_no_way_back() -> None:
    flow = (a >> pick.route({"x": b >> c, "y": b}) >> check.route({True: NEXT, False: a})).loop(
        at_most=3
    )

    assert "pick -> b_2 on y" in drawn(flow)


def test_a_loop_inside_a_pattern_may_stand_twice() -> None:
    loop = (a >> check.route({True: NEXT, False: a})).loop(at_most=3)

    assert {r.name: r.members for r in graph(loop >> loop).regions} == {
        "loop": ("a", "check"),
        "loop_2": ("a_2", "check_2"),
    }


def test_a_node_for_a_base_state_serves_a_state_that_extends_it() -> None:
    class Long(Draft):
        pages: int = 0

    @node
    def count(s: Long) -> None: ...

    assert workflow("w", Long, count >> a.on(Long)).name == "w"


# ---- the law


NAMED = [node(name=f"n{number}")(plain) for number in range(6)]
Brackets = tuple["Brackets", "Brackets"] | int


def bracketed(count: int) -> st.SearchStrategy[Brackets]:
    """Draw one way of putting brackets around `count` parts."""

    def split(first: int, last: int) -> st.SearchStrategy[Brackets]:
        if last - first == 1:
            return st.just(first)
        return st.integers(first + 1, last - 1).flatmap(
            lambda middle: st.tuples(split(first, middle), split(middle, last))
        )

    return split(0, count)


def put_together(brackets: Brackets, parts: list[Flow[Draft]], operator: str) -> Flow[Draft]:
    if isinstance(brackets, int):
        return parts[brackets]
    left, right = (put_together(each, parts, operator) for each in brackets)
    return left >> right if operator == ">>" else left | right


PARTS = st.lists(
    st.sampled_from([
        *NAMED,
        pick.route({"x": a, "y": NEXT}),
        a | b,
        (a | b).join(1),
        a.catch(KeyError, c),
        (a >> check.route({True: NEXT, False: a})).loop(at_most=3),
    ]),
    min_size=2,
    max_size=6,
)  # fmt: skip


@given(PARTS, st.sampled_from([">>", "|"]), st.data())
def test_brackets_change_nothing(
    parts: list[Flow[Draft]], operator: str, data: st.DataObject
) -> None:
    one = put_together(data.draw(bracketed(len(parts))), parts, operator)
    other = put_together(data.draw(bracketed(len(parts))), parts, operator)

    assert graph(one) == graph(other)
