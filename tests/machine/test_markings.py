"""Exactly these markings can be reached: no more, no fewer, and each number can be worked out."""

from collections import deque
from collections.abc import Iterator

import pytest

from agentgraph.machine import (
    Event,
    Failed,
    Listed,
    Marking,
    Started,
    Stopped,
    Task,
    key_of,
    kinds_of,
    make_plan,
    step,
)
from tests.machine.invariants import broken_invariants
from tests.machine.notation import Reader
from tests.machine.play import OVER, answers

ITEMS = 3


def explore(text: str, *, fails: bool = False) -> dict[tuple[object, ...], Marking]:
    """Return every marking that a run can reach once it has started, one for each key."""
    first, _ = step(Marking(make_plan(Reader("g", {}).read(text))), Started("s0"))
    found = {key_of(first): first}
    ahead = deque([first])
    while ahead:
        marking = ahead.popleft()
        for event in _possible(marking, fails=fails):
            after, _ = step(marking, event)
            if key_of(after) not in found:
                found[key_of(after)] = after
                ahead.append(after)
    return found


def _possible(marking: Marking, *, fails: bool) -> Iterator[Event]:
    for task in marking.live.values():
        if task.ticket in marking.stopping and task.verb != "undo":
            yield Stopped(task.ticket)
        yield from (each for each in answers(task) if _fits(each))
        if fails:
            yield _failure(task)


def _fits(event: Event) -> bool:
    return not isinstance(event, Listed) or len(event.items) == ITEMS


def _failure(task: Task) -> Failed:
    error = KeyError(task.site.name)
    return Failed(task.ticket, error, kinds_of(error))


def fork(width: int) -> str:
    names = ", ".join(f"b{i}" for i in range(width))
    return f"START -> a\na -> {names}\njoin j: {names} -> c\nc -> END"


def loop(at_most: int) -> str:
    return f"""
        START -> w
        w -> k
        classifier k: ok -> END, again -> w
        bound w {at_most} loop l
        loop l: w k
    """


NESTED = """
    START -> a
    a -> b, c
    b -> d, e
    join i: d, e -> f
    join o: f, c -> g
    g -> END
"""
CROSSED = """
    START -> a
    a -> b, c
    b -> d, e
    join f1: c, d -> f
    join g1: e, f -> g
    g -> END
"""
RACE = """
    START -> go
    gateway go -> a, b, c
    join first 1: a, b, c -> d
    quorum q: go a b c -> first
    d -> END
"""
CONSENSUS = """
    START -> v
    consensus v 2 p q r: yes -> a, no -> b
    a -> END
    b -> END
"""
CATCH = """
    START -> go
    gateway go -> a, b
    join j: a, b -> c
    c -> END
    catch r: go a b j c on KeyError -> h
    h -> END
    undo a b
"""
EACH = "START -> e\neach e 2 -> END"


@pytest.mark.parametrize("width", [2, 3, 8])
def test_a_fork_has_a_marking_for_each_set_of_branches_that_have_finished(width: int) -> None:
    # Each branch is at work or rests at the join: 2^8 sets, and where all rest the join merges.
    # Before them node a, after them node c and the end: 2^8 + 3.
    assert len(explore(fork(width))) == 2**width + 3


@pytest.mark.parametrize("at_most", [1, 2, 5])
def test_a_loop_has_four_markings_a_round_and_one_where_it_is_exhausted(at_most: int) -> None:
    # In each round the writer is at work, or the critic is, or the critic was content (the end),
    # or it had no answer (failed): 4n. After the last: the run that has met its bound: 4n + 1.
    assert len(explore(loop(at_most))) == 4 * at_most + 1


def test_nested_forks_multiply_what_their_branches_go_through() -> None:
    # One branch: b; d and e in 2^2 states (both at rest: the merge); f; at rest: 1 + 4 + 1 + 1 = 7.
    # The other: c, or at rest: 2. Together 7 * 2 (both at rest: the merge); a, g, end: 14 + 3.
    assert len(explore(NESTED)) == 17


def test_crossing_ways_multiply_only_after_they_have_parted() -> None:
    # Before b is done: c at work or at rest: 2. After it: e in 2 states, times c and d at work,
    # one of them at rest, the merge, f, f at rest: 3 + 3 = 6. Then a, g, end: 2 + 12 + 3.
    assert len(explore(CROSSED)) == 17


def test_a_race_has_a_marking_for_each_set_of_losers_that_still_stop() -> None:
    # Three at work: 1. Then one or two of them are losers that still stop: 3 + 3.
    # Which of the two others won does not matter for what follows. Then d, end: 1 + 6 + 2.
    assert len(explore(RACE)) == 9


def test_a_consensus_has_a_marking_for_each_vote_that_is_not_decided() -> None:
    # No vote: 1. One vote: 3 voters * yes, no, nothing = 9. Two votes: 3 pairs * 9 = 27, of which
    # 3 * 3 alike are decided and wait for the third to stop. Then a, b, failed, end: 1 + 9 + 27 + 4.
    assert len(explore(CONSENSUS)) == 41


def test_a_catch_has_a_marking_for_each_way_of_being_taken_down() -> None:
    # All goes well: a and b in 2^2 states, c, end: 6. It is taken down: a stops, b stops,
    # a is undone, b is undone: 4. Then the handler is at work, or has failed: 6 + 4 + 2.
    assert len(explore(CATCH, fails=True)) == 12


def test_the_items_of_a_list_begin_in_order_and_end_in_any() -> None:
    # The list; every set of results that leaves one of 3 items to wait for: 2^3 - 1 = 7, of which
    # {2} alone cannot be, as item 2 begins when another ends: 6; into; end: 1 + 6 + 2.
    assert len(explore(EACH)) == 9


@pytest.mark.parametrize("text", [fork(5), loop(3), NESTED, CROSSED, RACE, CONSENSUS, CATCH, EACH])
def test_no_marking_is_broken_and_none_is_a_dead_end(text: str) -> None:
    for marking in explore(text, fails=True).values():
        is_over = marking.status in OVER | {"exhausted"}

        assert broken_invariants(marking) == ()
        assert is_over == (not marking.live)
