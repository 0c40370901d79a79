"""`runs_at_most` against the longest run that there is."""

from dataclasses import replace

import pytest

from agentgraph.graph import FrozenGraph, Region, Vertex
from agentgraph.verify import verify
from tests.strategies import TANGLES, Seeded, random_graph
from tests.verify.counting import Counting
from tests.verify.drafting import OSERROR, bounded, gateway, graph, join
from tests.verify.oracle import TooLarge


def most(sound: FrozenGraph) -> int | None:
    report = verify(sound)
    assert report.findings == ()
    return report.runs_at_most


def test_a_chain_takes_a_step_for_each_node() -> None:
    assert most(graph("START -> a\na -> b\nb -> END")) == 2


def test_branches_add_up_and_of_alternatives_the_longest_counts() -> None:
    lines = "START -> k\nk -x-> f\nk -y-> c\nf -> a, b\na -> j\nb -> j\nj -> d\nd -> END\nc -> END"

    assert most(graph(lines, join("j"), gateway("f"))) == 4


def test_a_writer_and_a_critic_run_as_often_as_the_bound_says() -> None:
    lines = "START -> write\nwrite -> critic\ncritic -REVISE-> write\ncritic -OK-> END"

    assert most(graph(lines, bounded("write", 5))) == 10


def test_the_way_past_a_bound_is_counted_after_all_rounds() -> None:
    lines = "START -> a\na -> k\nk -again-> a\nk -done-> END\nb -> c\nc -> END"

    assert most(graph(lines, bounded("a", 3, then="b"))) == 8


def test_a_round_that_comes_back_may_be_longer_than_the_last() -> None:
    lines = "START -> a\na -> k\nk -again-> mend\nmend -> a\nk -done-> END"

    assert most(graph(lines, bounded("a", 3))) == 9


def test_a_loop_in_a_loop_multiplies() -> None:
    lines = "START -> a\na -> b\nb -> k\nk -again-> b\nk -on-> l\nl -again-> a\nl -done-> END"
    loops = (Region("in", "loop", ("b", "k")), Region("out", "loop", ("a", "b", "k", "l")))
    inner, outer = bounded("b", 3, loop="in"), bounded("a", 2, loop="out")

    assert most(graph(lines, inner, outer, regions=loops)) == 2 * (1 + 3 * 2 + 1)


def test_all_branches_of_a_race_may_run_before_one_has_won() -> None:
    race = Region("race", "quorum", ("f", "a", "b", "c"), "j")
    lines = "START -> f\nf -> a, b\na -> j\nb -> c\nc -> j\nj -> END"

    assert most(graph(lines, gateway("f"), join("j", 1), regions=(race,))) == 3


def test_a_handler_comes_after_all_that_can_fail() -> None:
    save = Region("save", "catch", ("a", "b"), "sorry", OSERROR)

    assert most(graph("START -> a\na -> b\nb -> END\nsorry -> END", regions=(save,))) == 3


def test_each_voter_is_a_step_and_the_decision_is_none() -> None:
    vote = Vertex("v", "consensus", labels=("y", "n"), voters=("p", "q", "r"), need=2)

    assert most(graph("START -> v\nv -y-> END\nv -n-> END", vote)) == 3


def test_a_subgraph_takes_the_steps_of_its_graph_and_an_each_makes_them_unknown() -> None:
    child = graph("START -> a\na -> b\nb -> END")
    holder = Vertex("s", "subgraph", child=child)

    assert most(graph("START -> s\ns -> c\nc -> END", holder)) == 3
    assert most(graph("START -> s\ns -> END", replace(holder, kind="each"))) is None
    assert most(graph("START -> o\no -> END", Vertex("o", "each"))) is None


def test_a_graph_with_errors_has_no_bound() -> None:
    assert verify(graph("START -> a")).runs_at_most is None


@pytest.mark.parametrize("kinds", [("sequence", "parallel", "choice", "quorum"), TANGLES])
def test_no_run_takes_more_steps(kinds: tuple[str, ...]) -> None:
    """Exactly as many where blocks nest; cycles that cross and ways that cross may take fewer."""
    exact = total = 0
    for seed in range(300):
        dice = Seeded(seed)
        sound = random_graph(dice, size=1 + dice.pick(6), kinds=kinds)
        try:
            longest = Counting(sound).most_steps()
        except TooLarge:
            continue
        bound = most(sound)
        assert bound is not None
        assert longest <= bound
        total += 1
        exact += longest == bound

    assert total > 250
    assert exact == total if kinds is not TANGLES else exact > 0.7 * total
