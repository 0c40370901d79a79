"""What runs did, on a picture: order, times, costs, failures, what waits, what was never taken."""

import pytest

from agentgraph.errors import InvalidInput
from agentgraph.events import Failure, Moved, OpenQuestion, Recording, Result, Step, Usage
from agentgraph.graph import Bound, Edge, FrozenGraph, Vertex
from agentgraph.render import overlay_of, to_svg
from agentgraph.render.marks import Key
from agentgraph.render.overlay import duration, order_note, standing_note, trace_notes
from agentgraph.state import State
from tests.render.drawings import DESK, ESSAY


def step(at: float, kind: str, node: str = "", *ways: Key, **data: object) -> Step:
    return Step(at, kind, node, data, tuple(Moved(at, way) for way in ways))


START = step(0, "RunStarted", "", ("START", "write", None))
ROUND = (
    step(0, "NodeStarted", "write", attempt=1, visit=1),
    step(1.5, "NodeFailed", "write", attempt=1, visit=1, error="ConnectionError: no line"),
    step(2, "NodeStarted", "write", attempt=2, visit=1),
    step(2, "Charged", "write", tokens=1200, usd=0.25),
    step(4.5, "NodeDone", "write", ("write", "critic", None), attempt=2, visit=1),
    step(4.75, "Decided", "critic", ("critic", "END", "OK"), label="OK"),
)
RUN = Recording("r", "essay", "d", (START, *ROUND, step(5, "RunEnded", status="done")))


def test_a_run_shows_its_times_costs_failures_and_the_order_of_its_ways() -> None:
    overlay = overlay_of(ESSAY, RUN)

    write = overlay.traces["write"]
    assert write.times == [1.5, 2.5]
    assert trace_notes(write) == ["median 1.5 s, p95 2.5 s", "1,200 tokens, 0.25 USD", "1 retry"]
    assert standing_note(write) == "ConnectionError"
    assert overlay.traces["critic"].times == [0.25]
    assert overlay.order == {
        ("START", "write", None): [1],
        ("write", "critic", None): [2],
        ("critic", "END", "OK"): [3],
    }
    assert overlay.visits == {"write": 1, "critic": 1, "END": 1}
    assert overlay.caption == "run r: done"


def test_the_longest_time_is_hottest_and_a_thousandth_of_it_is_cold() -> None:
    overlay = overlay_of(ESSAY, RUN)

    assert overlay.traces["write"].heat == 1
    assert 0.7 < overlay.traces["critic"].heat < 0.8


def test_the_picture_tells_what_the_overlay_holds() -> None:
    svg = to_svg(ESSAY, run=RUN, engine="builtin")

    assert "run r: done; 2 of 2 vertices and 3 of 4 edges" in svg
    for text in ("#1", "1,200 tokens, 0.25 USD", "ConnectionError", "OK #3"):
        assert f">{text}</text>" in svg
    assert 'class="heat"' in svg
    assert "ConnectionError: no line" in svg  # In the tooltip the error stands whole.
    assert 'class="edge branch unseen" role="graphics-symbol"' in svg


def test_a_run_can_be_seen_at_any_step() -> None:
    running = overlay_of(ESSAY, RUN, at_step=2)
    failed = overlay_of(ESSAY, RUN, at_step=3)
    over = overlay_of(ESSAY, RUN, at_step=8)

    assert running.traces["write"].standing == "running"
    assert running.taken == {("START", "write", None): 1}
    assert failed.traces["write"].standing == "failed"
    assert over.traces["write"].standing == ""
    assert "step 3: NodeFailed write" in failed.caption
    assert "at-running" in to_svg(ESSAY, run=RUN, at_step=2, engine="builtin")


@pytest.mark.parametrize("at_step", [0, 9])
def test_a_step_that_there_is_not_is_told(at_step: int) -> None:
    with pytest.raises(InvalidInput, match=f"no step {at_step} to draw") as caught:
        overlay_of(ESSAY, RUN, at_step=at_step)

    assert caught.value.fix == "draw one recorded run, at a step from 1 to 8"


def test_several_runs_have_no_common_step() -> None:
    with pytest.raises(InvalidInput, match="no step 2"):
        overlay_of(ESSAY, [RUN, RUN], at_step=2)
    with pytest.raises(InvalidInput, match="no step 2"):
        overlay_of(ESSAY, Result("r", "done", State()), at_step=2)


def test_many_runs_are_added_up_without_an_order() -> None:
    slow = Recording(
        "s",
        "essay",
        "d",
        (START, ROUND[0], step(9, "NodeDone", "write", attempt=1, visit=1)),
    )

    overlay = overlay_of(ESSAY, [RUN, RUN, slow])

    assert overlay.order == {}
    assert overlay.visits["write"] == 3
    assert trace_notes(overlay.traces["write"])[0] == "median 2.5 s, p95 9 s"
    assert overlay.caption == "3 runs: 2 done, 1 running"
    assert "\u00d73" in to_svg(ESSAY, run=[RUN, RUN, slow], engine="builtin")


def test_a_result_shows_what_it_knows() -> None:
    result = Result(
        "r",
        "paused",
        State(),
        usage=Usage(2),
        failures=(Failure("billing", ConnectionError("no line"), attempt=2),),
        questions=(OpenQuestion("approve#1", "approve", "?", ("send",)),),
        visits={"triage": 1, "billing": 1, "approve": 1},
        taken={("START", "triage", None): 1},
    )

    overlay = overlay_of(DESK, result)
    svg = to_svg(DESK, run=result, engine="builtin")

    assert overlay.traces["approve"].standing == "waiting"
    assert (overlay.traces["billing"].retries, overlay.traces["billing"].standing) == (1, "")
    assert ">waits for an answer</text>" in svg
    assert ">ConnectionError</text>" in svg


def test_a_token_that_met_a_bound_did_not_visit() -> None:
    graph = FrozenGraph(
        "g",
        (
            Vertex("START", "start"),
            Vertex("a", bound=Bound(1, then="b")),
            Vertex("b"),
            Vertex("END", "end"),
        ),
        (Edge("START", "a"), Edge("a", "a"), Edge("b", "END")),
    )
    ways: list[Key] = [("START", "a", None), ("a", "a", None), ("a", "b", "then")]

    overlay = overlay_of(graph, Recording("r", "g", "", (step(0, "RunStarted", "", *ways),)))

    assert overlay.visits == {"a": 1, "b": 1}


def test_items_and_voters_count_for_the_vertex_that_holds_them() -> None:
    each = (
        step(0, "NodeStarted", "send/3/write", attempt=1, visit=1),
        step(1, "NodeFailed", "send/3/write", attempt=1, visit=1, error="KeyError: 'x'"),
        step(1, "NodeFailed", "review/desk:kind", attempt=1, visit=1, error="KeyError: 'y'"),
    )

    overlay = overlay_of(DESK, Recording("r", "support", "", each))

    assert overlay.traces["send/write"].times == [1]
    assert overlay.traces["review"].failures == ["KeyError: 'y'"]


TRIP = FrozenGraph(
    "trip",
    (
        Vertex("START", "start"),
        Vertex("flight", undo="trip:cancel_flight"),
        Vertex("hotel", undo="trip:cancel_hotel"),
        Vertex("pay"),
        Vertex("END", "end"),
    ),
    (Edge("START", "flight"), Edge("flight", "hotel"), Edge("hotel", "pay"), Edge("pay", "END")),
)
FLIGHT: Key = ("flight", "undo flight", "trip:cancel_flight")
HOTEL: Key = ("hotel", "undo hotel", "trip:cancel_hotel")
UNDONE = (
    step(0, "RunStarted", "", ("START", "flight", None)),
    step(1, "NodeDone", "flight", ("flight", "hotel", None), attempt=1, visit=1),
    step(2, "NodeDone", "hotel", ("hotel", "pay", None), attempt=1, visit=1),
    step(3, "NodeFailed", "pay", attempt=1, visit=1, error="OSError: no money"),
    step(3, "UndoStarted", "hotel", visit=1),
    step(4, "UndoFailed", "hotel", visit=1, error="ValueError: too late"),
    step(4, "UndoStarted", "flight", visit=1),
    step(6, "UndoDone", "flight", visit=1, changed={"seat": "cancelled"}),
    step(6, "RunEnded", status="failed"),
)


def test_what_was_undone_and_what_could_not_be_is_on_the_picture() -> None:
    overlay = overlay_of(TRIP, Recording("r", "trip", "", UNDONE))
    svg = to_svg(TRIP, run=Recording("r", "trip", "", UNDONE), engine="builtin")

    standing = {path: trace.standing for path, trace in overlay.traces.items() if trace.standing}
    assert standing == {"flight": "undone", "pay": "failed", "undo hotel": "failed"}
    assert (overlay.order[HOTEL], overlay.order[FLIGHT]) == ([4], [5])
    assert overlay.traces["undo flight"].times == [2]
    assert overlay.caption == "run r: failed; pay: OSError; undo hotel: ValueError"
    for text in ("undone", "undo cancel_flight", "undo cancel_hotel: ValueError", "#5"):
        assert f">{text}</text>" in svg
    assert "flight is undone by trip:cancel_flight, taken 1 time" in svg
    assert "undo cancel_hotel, for hotel, 1 visit&#10;" in svg
    assert svg.count(" at-undone") == svg.count(">was undone</text>") + 1 == 2


def test_a_step_shows_what_is_being_undone() -> None:
    overlay = overlay_of(TRIP, Recording("r", "trip", "", UNDONE), at_step=5)

    assert overlay.traces["undo hotel"].standing == "running"
    assert overlay.caption == "run r, step 5: UndoStarted hotel"


def test_a_result_tells_what_was_undone_too() -> None:
    money, late = OSError("no money"), ValueError("too late")
    result = Result(
        "r",
        "failed",
        State(),
        path=("flight", "hotel", "undo flight"),
        errors=(money, late),
        failures=(Failure("pay", money), Failure("undo hotel", late)),
    )

    overlay = overlay_of(TRIP, result)

    standing = {path: trace.standing for path, trace in overlay.traces.items()}
    assert standing == {"flight": "undone", "pay": "failed", "undo hotel": "failed"}
    assert overlay.taken == {HOTEL: 1, FLIGHT: 1}


def test_items_of_an_each_are_undone_in_the_workflow_inside() -> None:
    inner = FrozenGraph("inner", (Vertex("START", "start"), Vertex("a", undo="m:f")), ())
    graph = FrozenGraph("g", (Vertex("e", "each", child=inner),), ())
    steps = (step(0, "UndoStarted", "e/1/a", visit=1), step(2, "UndoDone", "e/1/a", visit=1))

    overlay = overlay_of(graph, Recording("r", "g", "", steps))

    assert overlay.taken == {("e/a", "e/undo a", "m:f"): 1}
    assert overlay.traces["e/undo a"].times == [2]


def test_a_run_of_another_workflow_is_refused() -> None:
    with pytest.raises(InvalidInput, match="a run of workflow 'essay', not of 'support'"):
        overlay_of(DESK, RUN)


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (0.0000853, "0.0853 ms"),
        (0.4, "400 ms"),
        (0.9999, "1 s"),
        (1.25, "1.25 s"),
        (75, "1 min 15 s"),
        (7380, "2 h 3 min"),
    ],
)
def test_times_are_said_as_people_say_them(seconds: float, said: str) -> None:
    assert duration(seconds) == said


def test_of_many_numbers_the_first_and_the_last_are_written() -> None:
    assert order_note([]) == ""
    assert order_note([4, 9]) == "#4 #9"
    assert order_note(range(3, 40, 4)) == "#3 \u2026 #39"
