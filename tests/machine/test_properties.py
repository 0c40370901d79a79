"""What holds of every run of every sound graph, whatever happens and in whatever order."""

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentgraph.errors import IllegalEvent
from agentgraph.machine import (
    Answered,
    Asked,
    Broke,
    Cancel,
    Cancelled,
    Chosen,
    Decided,
    Entered,
    Event,
    Expired,
    Finished,
    Listed,
    Marking,
    Started,
    Stopped,
    Task,
    advance,
    make_plan,
    replay,
    step,
)
from agentgraph.machine.moves import COUNTED
from tests.machine.invariants import broken_invariants
from tests.machine.play import OVER, Mood, Play, content, graph_of, moods, played

seeds = st.integers(0, 2**32)
sizes = st.integers(1, 12)


def play_of(seed: int, size: int, mood: Mood | None = None) -> Play:
    random = Random(f"{seed}")
    plan = make_plan(graph_of(random, size))
    return Play(plan, random, moods(random) if mood is None else mood)


@given(seeds, sizes)
def test_the_invariants_hold_after_every_event(seed: int, size: int) -> None:
    play = play_of(seed, size)

    for event in play.events():
        play.tell(event)

        assert broken_invariants(play.marking) == (), play.journal


@given(seeds, sizes)
def test_a_step_leaves_its_marking_alone_and_does_what_an_advance_does(
    seed: int, size: int
) -> None:
    play = play_of(seed, size)

    for event in play.events():
        before, marking = content(play.marking), play.marking
        after, commands = step(marking, event)

        assert content(marking) == before
        assert repr(play.tell(event)) == repr(commands)
        assert content(play.marking) == content(after)


@given(seeds, sizes)
def test_what_a_copy_goes_through_never_shows_in_the_original(seed: int, size: int) -> None:
    play = play_of(seed, size)
    kept: list[tuple[Marking, tuple[object, ...]]] = []

    for event in play.events():
        kept.append((play.marking.copy(), content(play.marking)))
        play.tell(event)

    for marking, before in kept:
        assert content(marking) == before


@given(seeds, sizes)
def test_replaying_any_prefix_of_a_journal_gives_the_marking_that_was_there(
    seed: int, size: int
) -> None:
    play = play_of(seed, size)
    there: list[tuple[object, ...]] = []
    for event in play.events(at_most=60):
        play.tell(event)
        there.append(content(play.marking))

    for cut, expected in enumerate(there, start=1):
        assert content(replay(play.plan, play.journal[:cut])) == expected


@given(seeds, sizes)
def test_each_command_is_new_and_is_under_way_until_it_is_answered(seed: int, size: int) -> None:
    play = play_of(seed, size)
    given_out: set[int] = set()
    cancelled: set[int] = set()

    for event in play.events():
        for command in play.tell(event):
            if isinstance(command, Cancel):
                assert command.ticket in given_out
                assert command.ticket not in cancelled
                cancelled.add(command.ticket)
            elif not isinstance(command, Broke | Chosen):
                assert command.ticket not in given_out
                given_out.add(command.ticket)
        answered = getattr(event, "ticket", None)
        given_out.discard(answered or 0)

        assert set(play.marking.live) == given_out


@given(seeds, sizes)
def test_an_answer_that_comes_again_is_late_and_changes_nothing(seed: int, size: int) -> None:
    play = play_of(seed, size)
    spent: list[Event] = []

    for event in play.events(at_most=80):
        play.tell(event)
        if hasattr(event, "ticket"):
            spent.append(event)
        before = content(play.marking)
        for late in spent[-5:]:
            assert advance(play.marking, late) == []
        assert content(play.marking) == before


@given(seeds, sizes)
def test_an_event_that_cannot_have_happened_is_raised_and_changes_nothing(
    seed: int, size: int
) -> None:
    play = play_of(seed, size)

    for event in play.events(at_most=80):
        play.tell(event)
        before = content(play.marking)
        for illegal in _illegal(play.marking):
            with pytest.raises(IllegalEvent):
                advance(play.marking, illegal)
        assert content(play.marking) == before


def _illegal(marking: Marking) -> list[Event]:
    """List answers to tickets that were never given out, or that are for other work."""
    found: list[Event] = [
        Started("again"),
        Finished(marking.next, "x"),
        Stopped(marking.next + 7),
        Decided(0, "x"),
    ]
    for ticket, task in marking.live.items():
        is_decision = task.verb in {"choose", "poll"}
        found.append(Finished(ticket, "x") if is_decision else Decided(ticket, "x"))
        found.append(Entered(ticket, "x") if task.verb == "list" else Listed(ticket, ()))
        found.append(Expired(ticket) if task.verb != "wait" else Asked(ticket))
        if ticket in marking.stopping:
            continue
        if task.verb == "ask":
            found.append(Asked(ticket, "no such label"))
        found.append(Stopped(ticket))
        if is_decision:
            found.append(Decided(ticket, "no such label"))
        if task.verb == "wait":
            found.append(Answered(ticket, "no such label", "x"))
    return found


@given(seeds, sizes)
def test_every_run_ends_and_leaves_nothing_under_way(seed: int, size: int) -> None:
    play = play_of(seed, size)

    for event in play.events(at_most=20_000):
        play.tell(event)

    assert play.marking.status in OVER | {"exhausted"}
    assert not play.marking.live
    assert not play.marking.held
    assert not play.marking.groups
    assert len(play.marking.frames) == 1


@given(seeds, sizes, st.integers(0, 40), st.booleans())
def test_a_cancelled_run_begins_nothing_but_undos_and_awaits_all(
    seed: int, size: int, after: int, undo: bool
) -> None:
    play = play_of(seed, size, Mood(fails=0.05, stops=0.5))
    for event in play.events(at_most=after):
        play.tell(event)
    is_over = play.marking.status in OVER or play.marking.ending is not None

    begun = [each for each in play.tell(Cancelled(undo)) if isinstance(each, Task)]
    while play.marking.live:
        assert is_over or play.marking.status == "running"
        task = play.random.choice(list(play.marking.live.values()))
        begun += [each for each in play.tell(play.answer(task)) if isinstance(each, Task)]

    if not is_over:
        assert play.marking.status == "cancelled"
        assert {each.verb for each in begun} <= ({"undo"} if undo else set())


@given(seeds, sizes)
def test_steps_are_taken_only_while_the_budget_allows_them(seed: int, size: int) -> None:
    play = play_of(seed, size)

    for event in play.events():
        before = play.marking.steps
        commands = play.tell(event)
        begun = sum(getattr(each, "verb", "") in COUNTED for each in commands)
        again = sum(getattr(each, "attempt", 1) > 1 for each in commands)
        marking = play.marking
        steps, _, tokens, usd = marking.limits

        assert before <= marking.steps <= before + begun
        assert marking.steps >= before + begun - again
        if marking.steps > before:
            assert steps is None or marking.steps <= steps
            assert tokens is None or marking.spent_tokens < tokens
            assert usd is None or marking.spent_usd is None or marking.spent_usd < usd
            assert not marking.is_late


@given(seeds, sizes)
def test_a_calm_run_is_done_whatever_the_order(seed: int, size: int) -> None:
    play = play_of(seed, size, Mood())

    for event in play.events():
        play.tell(event)

    # A bound may end it, a question may expire, a label may be missing: nothing else.
    names = {type(each.error).__name__ for each in play.marking.troubles}
    known = {"Exhausted", "QuestionExpired", "Abstained", "NoConsensus", "ExceptionGroup"}
    assert play.marking.status in {"done", "exhausted", "failed"}
    assert names <= known


def test_the_runs_that_chance_plays_end_in_every_way_and_use_every_event() -> None:
    plays = [played(f"all/{seed}", 10) for seed in range(150)]

    assert {play.marking.status for play in plays} == OVER | {"exhausted"}
    assert {type(event) for play in plays for event in play.journal} == set(Event.__args__)
    said = [command for play in plays for commands in play.said for command in commands]
    verbs = {command.verb for command in said if not isinstance(command, Broke | Cancel | Chosen)}
    assert verbs == {
        "run", "choose", "poll", "ask", "wait", "list", "item", "into", "enter", "leave",
        "merge", "undo",
    }  # fmt: skip
