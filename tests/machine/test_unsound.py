"""What the machine says of graphs and journals that should never have come to it."""

import pytest

from agentgraph.errors import IllegalEvent, JournalDiffers, Stuck
from agentgraph.machine import Cancelled, Finished, Marking, Started, advance, make_plan, replay
from tests.machine.notation import Told, read_graphs

GRAPHS = read_graphs("""
```graph chain
START -> a
a -> END
```
```graph twice
START -> a, b, c
a -> g
b -> g
gateway g
join j: g, c -> END
```
```graph never
START -> k
classifier k: x -> a, y -> b
join j: a, b -> END
```
```graph left
START -> a, b
a -> END
b -> END
```
```graph around
START -> s
subgraph s left -> END
```
```graph early
START -> a
a -> END
a -> g
gateway g -> b
b -> END
```
```graph before
START -> s
subgraph s early -> END
```
```graph resting
START -> k
classifier k: x -> a, y -> b
a -> END
join j: a, b -> END
```
```graph beside
START -> s
subgraph s resting -> END
```
```graph tie
START -> go
gateway go -> x, y
gateway x
gateway y
join first 1: x, y -> e
quorum q: go x y -> first
e -> END
```
""")


def test_a_second_token_on_a_place_is_our_own_fault_and_no_second_run() -> None:
    told = Told(GRAPHS["twice"])
    told.tell("start")
    told.tell("a done")

    with pytest.raises(Stuck, match="a second token reached place 0 of the join 'j'"):
        told.tell("b done")


def test_a_token_that_nothing_can_move_is_never_a_success() -> None:
    told = Told(GRAPHS["never"])
    told.tell("start")
    told.tell("k says x")

    with pytest.raises(Stuck, match=r"nothing can move any more; tokens rest on j\.0"):
        told.tell("a done")


def test_a_child_that_ends_while_it_still_works_is_our_own_fault() -> None:
    told = Told(GRAPHS["around"])
    told.tell("start")
    told.tell("s entered")

    with pytest.raises(Stuck, match="END was reached while other branches were under way"):
        told.tell("s/a done")


def test_a_child_that_ends_while_a_token_is_on_its_way_is_our_own_fault() -> None:
    told = Told(GRAPHS["before"])
    told.tell("start")
    told.tell("s entered")

    with pytest.raises(Stuck, match="END was reached while other branches were under way"):
        told.tell("s/a done")


def test_a_child_that_ends_while_a_token_waits_at_a_join_is_our_own_fault() -> None:
    told = Told(GRAPHS["beside"])
    told.tell("start")
    told.tell("s entered")
    told.tell("s/k says x")

    with pytest.raises(Stuck, match="END was reached while other branches were under way"):
        told.tell("s/a done")


def test_a_race_that_two_win_in_one_transition_is_won_once() -> None:
    assert Told(GRAPHS["tie"]).tell("start") == "run e on s0"


def test_a_journal_of_another_graph_is_refused_with_the_event_that_does_not_fit() -> None:
    with pytest.raises(JournalDiffers, match="event 1 of the journal does not fit"):
        replay(make_plan(GRAPHS["chain"]), [Started("s0"), Finished(99, "a")])


def test_nothing_happens_before_the_start() -> None:
    with pytest.raises(IllegalEvent, match="the run has not started"):
        advance(Marking(make_plan(GRAPHS["chain"])), Cancelled())
