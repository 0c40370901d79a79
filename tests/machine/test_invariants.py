"""Each invariant of a marking can be broken, and is then named; none is in a marking of a run."""

from collections.abc import Callable

import pytest

from agentgraph.graph.line import Fork, Line
from agentgraph.machine import (
    Asked,
    Decided,
    Event,
    Failed,
    Finished,
    Limits,
    Listed,
    Marking,
    Started,
    advance,
    kinds_of,
    make_plan,
)
from agentgraph.machine.marking import Frame, Token, Unwinding
from tests.machine.invariants import broken_invariants
from tests.machine.notation import Reader

CHILD = Reader("child", {}).read("START -> p\np -> END")
FORK = "START -> a, b\njoin j: a, b -> END"
LOOP = "START -> w\nw -> k\nclassifier k: ok -> END, again -> w\nbound w 2 loop l\nloop l: w k"
CATCH = """
    START -> go
    gateway go -> a, b
    join j: a, b -> END
    catch r: go a b j on KeyError -> h
    h -> END
"""
VOTE = "START -> v\nconsensus v 2 p q r: yes -> END, no -> END"
EACH = "START -> e\neach e 2 -> END"
ITEMS = "START -> e\neach e 2 child -> END"
UNLIMITED = Limits()
ERROR = KeyError()
FAILURE = Failed(2, ERROR, kinds_of(ERROR))


def run(text: str, *events: Event, limits: Limits = UNLIMITED) -> Marking:
    marking = Marking(make_plan(Reader("g", {"child": CHILD}).read(text)))
    for event in (Started("s0", limits), *events):
        advance(marking, event)
    return marking


def root(marking: Marking) -> Frame:
    return next(iter(marking.frames.values()))


def test_a_run_that_has_not_begun_breaks_nothing() -> None:
    assert broken_invariants(Marking(make_plan(CHILD))) == ()


MARKINGS: dict[str, Callable[[], Marking]] = {
    "forked": lambda: run(FORK),
    "resting": lambda: run(FORK, Finished(2, "a")),
    "stopping": lambda: run(FORK, FAILURE),
    "looping": lambda: run(LOOP, Finished(2, "w"), Decided(3, "again")),
    "asking": lambda: run("START -> q\nhuman q: yes -> END", Asked(2)),
    "voting": lambda: run(VOTE),
    "listing": lambda: run(EACH, Listed(2, ("x", "y", "z"))),
    "inside": lambda: run(ITEMS, Listed(2, ("x", "y"))),
    "held": lambda: run("START -> a\na -> b\nb -> END", Finished(2, "a"), limits=Limits(steps=1)),
    "caught": lambda: run(CATCH, FAILURE),
    "done": lambda: run("START -> a\na -> END", Finished(2, "a")),
    "failed": lambda: run("START -> a\na -> END", FAILURE),
}


@pytest.mark.parametrize("name", sorted(MARKINGS))
def test_the_marking_of_a_run_breaks_nothing(name: str) -> None:
    assert broken_invariants(MARKINGS[name]()) == ()


def _lose_number(marking: Marking) -> None:
    marking.next = 2


def _move_ticket(marking: Marking) -> None:
    marking.live[50] = marking.live.pop(2)


def _double_number(marking: Marking) -> None:
    marking.held += (marking.live[2],)


def _forget_frames(marking: Marking) -> None:
    marking.frames.clear()


def _close_frame(marking: Marking) -> None:
    del marking.frames[max(marking.frames)]


def _forget_visit(marking: Marking) -> None:
    root(marking).visits.clear()


def _forget_group(marking: Marking) -> None:
    marking.groups.clear()


def _say_done(marking: Marking) -> None:
    marking.status = "done"


def _say_paused(marking: Marking) -> None:
    marking.status = "paused"


def _miscount_questions(marking: Marking) -> None:
    marking.waiting += 1


def _drop_token(marking: Marking) -> None:
    root(marking).tokens.clear()


def _rest_anywhere(marking: Marking) -> None:
    root(marking).tokens[marking.plan.sites["a"], 0] = Token("x", None, None)


def _fill_join(marking: Marking) -> None:
    site = marking.plan.sites["j"]
    root(marking).tokens[site, 1] = Token("x", None, None)
    root(marking).full[site] = 2


def _share_line(marking: Marking) -> None:
    marking.live[3].line = marking.live[2].line


def _break_line(marking: Marking) -> None:
    marking.live[2].line = Line(None, ())


def _narrow_fork(marking: Marking) -> None:
    marking.live[2].line = Line(Fork(None, "s0", 1))


def _pass_bound(marking: Marking) -> None:
    root(marking).counts[marking.plan.sites["w"]] = 3


def _come_unseen(marking: Marking) -> None:
    marking.taken.clear()


def _wait_for_nobody(marking: Marking) -> None:
    for unwinding in marking.unwindings.values():
        unwinding.waiting.clear()


def _stop_for_nobody(marking: Marking) -> None:
    marking.unwindings.clear()


def _stop_what_is_gone(marking: Marking) -> None:
    marking.live.clear()


def _forget_where(marking: Marking) -> None:
    for unwinding in marking.unwindings.values():
        unwinding.paths.clear()


def _go_on_inside(marking: Marking) -> None:
    marking.stopping.clear()


def _miscount_parts(marking: Marking) -> None:
    for group in marking.groups.values():
        group.under_way += 1


def _decide_late(marking: Marking) -> None:
    for group in marking.groups.values():
        group.votes.update({0: "yes", 1: "yes"})


def _hold_what_is_allowed(marking: Marking) -> None:
    marking.steps_max = 9
    marking.limits = Limits(steps=9)


def _allow_another_number(marking: Marking) -> None:
    marking.steps_max = 5


def _count_no_steps(marking: Marking) -> None:
    marking.steps = 0


def _end_twice(marking: Marking) -> None:
    marking.ending = None if marking.ending else MARKINGS["failed"]().ending


def _fail_without_error(marking: Marking) -> None:
    marking.troubles = ()


def _stand_elsewhere(marking: Marking) -> None:
    marking.live[2].site = make_plan(marking.plan.graph).sites["a"]


def _undo_for_nobody(marking: Marking) -> None:
    marking.live[2].verb = "undo"


def _be_late(marking: Marking) -> None:
    marking.is_late = True


def _begin_twice(marking: Marking) -> None:
    marking.frames[4] = Frame(4, marking.plan, "", None, "s0")
    marking.next = 5


def _rename_frame(marking: Marking) -> None:
    root(marking).id = 77


def _lose_holder(marking: Marking) -> None:
    holder = marking.frames[max(marking.frames)].holder
    assert holder is not None
    holder.frame = 99


def _change_plan(marking: Marking) -> None:
    marking.frames[max(marking.frames)].plan = make_plan(CHILD)


def _empty_frame(marking: Marking) -> None:
    marking.live.clear()


def _gather_for_nobody(marking: Marking) -> None:
    for group in marking.groups.values():
        group.task.frame = 99


def _take_down_elsewhere(marking: Marking) -> None:
    for unwinding in marking.unwindings.values():
        unwinding.goal = unwinding.goal._replace(frame=99)


def _rest_in_what_is_taken_down(marking: Marking) -> None:
    _rest_anywhere(marking)


def _take_down_inside(marking: Marking) -> None:
    (unwinding,) = marking.unwindings.values()
    marking.unwindings[9] = Unwinding(9, unwinding.goal, unwinding.site, None)


def _begin_inside(marking: Marking) -> None:
    marking.frames[4] = Frame(4, marking.plan, "x/", marking.live[3], "s0")


def _enter_nothing(marking: Marking) -> None:
    root(marking).entered.clear()


@pytest.mark.parametrize(
    ("name", "spoil", "said"),
    [
        ("forked", _forget_frames, "has no frame"),
        ("forked", _lose_number, "was not given out yet"),
        ("forked", _move_ticket, "is under way as ticket 50"),
        ("forked", _double_number, "two things have one number"),
        ("forked", _forget_visit, "is visit 1 of 0"),
        ("forked", _say_done, "the run is 'done' with 2 tasks"),
        ("forked", _say_paused, "the run is 'paused' with 2 tasks"),
        ("forked", _miscount_questions, "0 questions are open, 1 are counted"),
        ("forked", _rest_anywhere, "a token rests on place 0 of 'a'"),
        ("forked", _share_line, "two tokens travel on one line"),
        ("forked", _break_line, "the line of 'a' does not lead to the root"),
        ("forked", _narrow_fork, "the line of 'a' does not lead to the root"),
        ("forked", _come_unseen, "0 tokens came to 'a', which was visited 1 times"),
        ("forked", _count_no_steps, "2 steps are under way, 0 are counted"),
        ("resting", _drop_token, "0 tokens rest at 'j', 1 are counted"),
        ("resting", _fill_join, "'j' has the 2 tokens that it needs, and has not fired"),
        ("stopping", _wait_for_nobody, "waits for [], and [3] are being stopped"),
        ("stopping", _stop_for_nobody, "is being stopped for nobody"),
        ("stopping", _stop_what_is_gone, "ticket 3 is being stopped, but is not under way"),
        ("stopping", _forget_where, "does not know where tickets [3] stood"),
        ("stopping", _go_on_inside, "goes on inside the 'fail' at 'START'"),
        ("looping", _pass_bound, "3 tokens are counted at 'w', bound 2"),
        ("asking", _miscount_questions, "1 questions are open, 2 are counted"),
        ("voting", _miscount_parts, "3 parts of 'v' are out, 4 are counted"),
        ("voting", _decide_late, "and waits for 3 votes"),
        ("voting", _forget_group, "is part of a group that has ended"),
        ("listing", _miscount_parts, "2 parts of 'e' are out, 3 are counted"),
        ("inside", _close_frame, "stands in a frame that has ended"),
        ("held", _hold_what_is_allowed, "is held, though the budget allows it"),
        ("held", _allow_another_number, "the budget has 1 steps, 5 are allowed"),
        ("done", _drop_token, "tokens rest on [] in a run that is 'done'"),
        ("done", _end_twice, "a run that is 'done' ends at"),
        ("failed", _end_twice, "a run that is 'failed' ends at None"),
        ("forked", _stand_elsewhere, "stands in a frame of another graph"),
        ("forked", _undo_for_nobody, "undoes something for nobody"),
        ("forked", _begin_twice, "2 frames are held by nobody"),
        ("forked", _rename_frame, "frame 77 is kept as 1"),
        ("held", _be_late, "the time of the budget is over, and steps are allowed"),
        ("inside", _lose_holder, "runs inside a frame that has ended"),
        ("inside", _change_plan, "runs another graph than"),
        ("inside", _empty_frame, "nothing is left in 'e/0/'"),
        ("voting", _gather_for_nobody, "are gathered for a frame that has ended"),
        ("stopping", _take_down_elsewhere, "is taken down in a frame that has ended"),
        ("stopping", _rest_in_what_is_taken_down, "tokens rest inside the 'fail'"),
        ("stopping", _take_down_inside, "a smaller scope is taken down inside the 'fail'"),
        ("stopping", _begin_inside, "['x/'] run inside the 'fail'"),
        ("caught", _enter_nothing, "was never entered"),
        ("failed", _fail_without_error, "a run has failed without an error"),
    ],
)
def test_what_is_broken_is_named(name: str, spoil: Callable[[Marking], None], said: str) -> None:
    marking = MARKINGS[name]()

    spoil(marking)

    assert said in "\n".join(broken_invariants(marking))
