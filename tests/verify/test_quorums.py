"""Quorums: what is sound however the race ends, and what is not."""

import pytest

from agentgraph.graph import FrozenGraph, Region
from tests.verify.drafting import codes, gateway, graph, join, only


def race(lines: str, need: int, members: str, *, joins: tuple[str, ...] = ()) -> FrozenGraph:
    """A quorum from the gateway `f` to the join `j`, whose branches are given."""
    return graph(
        f"START -> f\n{lines}\nj -> END",
        gateway("f"),
        join("j", need),
        *map(join, joins),
        regions=(Region("race", "quorum", tuple(members.split()), "j"),),
    )


@pytest.mark.parametrize("need", [1, 2, 3])
def test_a_race_of_three_branches_is_sound_for_each_need(need: int) -> None:
    assert codes(race("f -> a, b, c\na -> j\nb -> j\nc -> j", need, "f a b c")) == []


def test_the_join_may_be_listed_as_a_member_or_not() -> None:
    assert codes(race("f -> a, b\na -> j\nb -> j", 1, "f a b j")) == []


def test_branches_may_hold_choices_forks_and_joins_of_their_own() -> None:
    lines = (
        "f -> k, g\nk -x-> a\nk -y-> b\na -> m\nb -> m\nm -> j\n"
        "g -> c, d\nc -> i\nd -> i\ni -> e\ne -> j"
    )

    assert codes(race(lines, 1, "f k a b m g c d i e", joins=("i",))) == []


def test_too_few_tokens_for_the_need_wait_for_ever() -> None:
    lines = "f -> k, c\nk -x-> a\nk -y-> b\na -> j\nb -> j\nc -> j"

    assert codes(race(lines, 3, "f k a b c")) == ["AG301"]
    assert codes(race(lines, 2, "f k a b c")) == []


def test_a_branch_that_leaves_the_race_is_refused() -> None:
    lines = "f -> k, b\nk -x-> j\nk -y-> END\nb -> j"

    finding = only(race(lines, 1, "f k b"))

    assert finding.code == "AG304"
    assert "the way out of the quorum 'race'" in finding.what


def test_losers_need_not_come_to_the_join() -> None:
    """A branch that may wait for ever is cancelled by the other one, which always comes."""
    lines = "f -> a, g\na -> j\ng -> k, c\nk -x-> i\nk -y-> l\nl -> j\nc -> i\ni -> j"

    assert codes(race(lines, 1, "f a g k c i l", joins=("i",))) == []


def test_a_join_that_never_fires_in_a_race_is_refused() -> None:
    lines = "f -> a, k\na -> j\nk -x-> b\nk -y-> c\nb -> i\nc -> i\ni -> d\nd -> j"

    finding = only(race(lines, 1, "f a k b c i d", joins=("i",)))

    assert finding.code == "AG301"
    assert finding.what.startswith("no run gets past 'i' in the quorum 'race'")


def test_what_stands_behind_a_race_that_is_over_at_once_never_runs() -> None:
    lines = "f -> j, b\nb -> c\nc -> j"

    assert "no run gets past 'c'" in only(race(lines, 1, "f b c")).what


def test_a_node_that_runs_twice_in_a_race_is_refused() -> None:
    lines = "f -> a, b, c\na -> d\nb -> d\nd -> j\nc -> j"

    assert codes(race(lines, 1, "f a b c d")) == ["AG302"]


def test_two_ways_of_one_fork_to_one_node_run_it_twice_in_a_race_too() -> None:
    lines = "f -> a, b, c\na -> b\nb -> j\nc -> j"

    assert codes(race(lines, 2, "f a b c")) == ["AG302"]


def test_branches_that_meet_at_a_gateway_before_the_join_are_first_one_first_served() -> None:
    """A gateway holds no token: the first branch is at the join at once, and the race is over."""
    lines = "f -> a, b, c\na -> g\nb -> g\ng -> j\nc -> j"
    members = ("f", "a", "b", "c", "g")
    faulty = graph(
        f"START -> f\n{lines}\nj -> END",
        gateway("f"),
        gateway("g"),
        join("j", 1),
        regions=(Region("race", "quorum", members, "j"),),
    )

    assert codes(faulty) == []
    assert codes(race(lines, 2, "f a b c g")) == ["AG302"]


def test_a_race_of_a_hundred_branches_with_choices_is_decided_branch_by_branch() -> None:
    names = [f"k{n}" for n in range(100)]
    lines = [f"f -> {', '.join(names)}"]
    for n in range(100):
        lines += [f"k{n} -x-> a{n}", f"k{n} -y-> b{n}", f"a{n} -> j", f"b{n} -> j"]
    members = " ".join(["f", *names, *(f"{c}{n}" for c in "ab" for n in range(100))])

    assert codes(race("\n".join(lines), 51, members)) == []


def test_what_is_too_large_to_decide_is_an_error_that_says_how_to_cut_it() -> None:
    """Twenty branches that each may bring one of two tokens, and one more that they all cross."""
    lines = [f"f -> {', '.join(f'k{n}' for n in range(20))}"]
    for n in range(20):
        lines += [f"k{n} -x-> a{n}", f"k{n} -y-> b{n}", f"a{n} -> j", f"b{n} -> k{n}_2"]
        lines += [f"k{n}_2 -x-> c{n}", f"k{n}_2 -y-> shared", f"c{n} -> j"]
    lines += ["shared -> j"]
    members = {word.strip(",") for line in lines for word in line.split() if word.strip(",")}
    names = sorted(name for name in members if name[0].isalpha() and name not in {"f", "j"})

    finding = only(race("\n".join(lines), 1, " ".join(["f", *names])))

    assert finding.code == "AG309"
    assert finding.where == "quorum 'race'"
    assert finding.fix.startswith("cut it smaller: put each branch into a workflow of its own")
