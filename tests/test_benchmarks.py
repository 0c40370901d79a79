"""The workloads count what they should, and the gate of CI holds what it says; nothing is timed."""

import asyncio
import gc
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentgraph import Workflow
from agentgraph.verify import verify
from benchmarks import building, calls, desk, floors, flows, footprint, simulated, speed
from benchmarks.__main__ import ROWS, gate, main
from benchmarks.measure import (
    Figure,
    Stopwatch,
    Work,
    WrongCount,
    against_floor,
    against_other,
    alternate,
)
from benchmarks.table import over, pace, table, verdict_of
from benchmarks.targets import TARGETS


@pytest.mark.parametrize(
    ("flow", "steps"),
    [(flows.chain(5), 5), (flows.chain(5, timeout=60), 5), (flows.loop(7), 7)],
    ids=["chain", "chain with timeouts", "loop"],
)
def test_a_run_counts_each_step_once(flow: Workflow[flows.Counter], steps: int) -> None:
    assert flow.run_sync(flows.Counter()).state.n == steps


def test_a_fork_counts_its_branches_and_the_nodes_around_them() -> None:
    assert flows.fork(9).run_sync(flows.Tally()).state.n == 11


def test_an_each_keeps_a_result_for_every_item() -> None:
    assert flows.mapped().run_sync(flows.Items(items=[4, 5, 6])).state.n == 3


def test_every_event_of_a_loop_is_read() -> None:
    work = speed.followed(flows.loop(4), 4)

    assert asyncio.run(_once(work)) == work.count == 4 * speed.EVENTS_A_STEP + 2


def test_only_the_steps_between_the_two_clocks_are_timed() -> None:
    seconds: list[float] = []

    result = flows.appending(3, seconds).run_sync(flows.Log(lines=["a"]))

    assert len(result.state.lines) == 4
    assert len(seconds) == 1
    assert seconds[0] >= 0


def test_the_paused_workflow_pauses() -> None:
    assert flows.pause().run_sync(flows.Counter()).status == "paused"


def test_the_bare_loops_do_the_same_work() -> None:
    assert asyncio.run(floors.chain(5)) == 5
    assert asyncio.run(floors.loop(7)) == 7
    assert asyncio.run(floors.fork(9)) == 9
    assert asyncio.run(floors.concurrent(3, 4)) == 12
    assert asyncio.run(floors.stream(6)) == 6


def test_a_simulated_run_takes_every_step_whatever_the_order() -> None:
    made = simulated.branches()

    assert asyncio.run(simulated.gathered()) == simulated.STEPS == 12
    assert {simulated.played(made, str(seed)) for seed in range(20)} == {12}


async def _once(work: Work) -> int:
    return await work.run()


def test_a_random_dag_has_as_many_nodes_and_edges_as_asked_for() -> None:
    sources = building.sources_of(200, 600)

    assert sum(map(len, sources)) == 600
    assert all(before for before in sources[1:])
    assert all(source < node for node, before in enumerate(sources) for source in before)
    assert building.built(sources) == 200


@pytest.mark.parametrize("size", [1, 50, 400])
def test_a_nested_graph_is_sound_and_as_large_as_asked_for(size: int) -> None:
    graph = building.nested(size)

    assert len(graph.vertices) >= size + 2
    assert verify(graph).findings == ()


def test_a_branched_graph_is_sound_and_has_so_many_choices() -> None:
    graph = building.branched(4, 3)

    assert verify(graph).findings == ()
    assert sum(vertex.kind == "classifier" for vertex in graph.vertices) == 12
    assert len(graph.outs["fork"]) == 4


def test_the_desk_has_fifty_functions_whose_sources_are_read_each_time() -> None:
    with desk.module() as made:
        graphs = [desk.renewed(made).compile().graph for _ in range(2)]

    for graph in graphs:
        read = [vertex for vertex in graph.vertices if vertex.access is not None]
        assert len({vertex.agent for vertex in read}) == 50
        assert len(graph.vertices) == desk.VERTICES
        assert verify(graph).findings == ()
    assert graphs[0].vertices[1].access is not graphs[1].vertices[1].access


def test_a_large_nested_graph_has_choices_and_forks() -> None:
    kinds = [vertex.kind for vertex in building.nested(400).vertices]

    assert kinds.count("classifier") > 20
    assert kinds.count("join") > 20


def test_the_bare_passes_order_all_vertices_unless_there_is_a_cycle() -> None:
    assert floors.passes("abc", [("a", "b"), ("b", "c")]) == 3
    assert floors.passes("abc", [("a", "b"), ("b", "b"), ("b", "c")]) == 1


def test_the_calls_of_a_step_are_counted_without_a_clock() -> None:
    one, other = (asyncio.run(calls.calls(1)) for _ in range(2))

    assert one.value == other.value > 0


def test_calls_that_others_make_in_a_collection_are_not_counted() -> None:
    def somebody(_phase: str, _info: dict[str, int]) -> None:
        len("a call")

    flow = flows.loop(100)
    _, alone = (asyncio.run(calls.counted(flow, 100)) for _ in range(2))
    before = gc.get_threshold()
    gc.callbacks.append(somebody)
    gc.set_threshold(50)
    try:
        watched = asyncio.run(calls.counted(flow, 100))
    finally:
        gc.set_threshold(*before)
        gc.callbacks.remove(somebody)

    assert watched == alone


def test_a_wrong_count_is_an_error() -> None:
    async def run() -> int:
        return 4

    with pytest.raises(WrongCount, match="counted 4 where 5 is right"):
        asyncio.run(Stopwatch(Work(run, count=5, units=5))())


def test_what_is_compared_runs_in_turns_after_a_warm_up() -> None:
    order: list[str] = []

    async def one() -> float:
        order.append("one")
        return 6.0

    async def other() -> float:
        order.append("other")
        return 3.0

    turns = asyncio.run(alternate(one, other, turns=3))

    assert order == ["one", "other", "one", "other", "other", "one", "one", "other"]
    assert turns == [(6.0, 3.0)] * 3


def test_a_figure_is_the_median_and_its_ratio_the_median_of_the_ratios() -> None:
    turns = [(2e-6, 1e-6), (4e-6, 1e-6), (9e-6, 3e-6)]

    figure = against_floor("chain", turns)

    assert (figure.value, figure.ratio) == pytest.approx((4.0, 3.0))
    assert against_other("append", turns).value == pytest.approx(3.0)


@given(st.sampled_from(sorted(TARGETS)), st.floats(0.1, 10))
def test_the_limit_of_ci_is_held_exactly(row: str, scale: float) -> None:
    target = TARGETS[row]
    compared = target.limit * scale
    figure = Figure(row, compared, compared if target.kind == "floor" else None)

    assert bool(over([figure])) == (compared > target.limit)


def test_the_limits_are_twice_the_gates_and_calls_are_exact() -> None:
    assert TARGETS["loop"].limit == pytest.approx(2 * 7 / 0.52)
    assert TARGETS["append"].limit == pytest.approx(1.4)
    assert TARGETS["calls"].limit == 40


def test_every_row_that_is_measured_has_a_target() -> None:
    assert ROWS.keys() <= TARGETS.keys()


def test_a_figure_reaches_the_stretch_goal_the_gate_or_neither() -> None:
    values = {28: "stretch", 29: "gate", 40: "gate", 40.5: "MISSED"}

    assert {value: verdict_of(Figure("calls", value)) for value in values} == values


def test_the_gate_says_a_line_for_each_failure(capsys: pytest.CaptureFixture[str]) -> None:
    code = gate([Figure("calls", 41), Figure("fork", 5, 8), Figure("chain", 5, 12)])

    failures = [line for line in capsys.readouterr().out.splitlines() if "OVER" in line]
    assert code == 1
    assert failures == [
        "OVER THE LIMIT  function calls of one loop step: 41 calls, the limit is 40",
        "OVER THE LIMIT  branch of a fork of 1,000 with its join: 8 times the floor, the limit is 7.46",
    ]


def test_the_gate_passes_when_all_is_within_its_limits() -> None:
    assert gate([Figure("calls", 40), Figure("loop", 50, 20)]) == 0


def test_the_table_has_a_line_for_each_figure() -> None:
    lines = table([Figure("dag", 1234.5, 58.71), Figure("calls", 31.2)]).splitlines()

    assert len(lines) == 4
    assert [cell.strip() for cell in lines[2].split("|")[3:8]] == [
        "1,234", "58.7", "600", "250", "MISSED",
    ]  # fmt: skip


def test_the_pace_says_how_busy_the_machine_is() -> None:
    twice_as_slow = [Figure("chain", 8.2, 10), Figure("loop", 10.4, 10), Figure("calls", 31)]

    assert pace(twice_as_slow) == pytest.approx(2)
    assert pace([Figure("calls", 31)]) is None


def test_an_unknown_row_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as refused:
        main(["chains"])

    assert refused.value.code == 2
    assert "there is no row 'chains'" in capsys.readouterr().err


def test_an_installation_is_weighed_without_pip_and_byte_code(tmp_path: Path) -> None:
    for name, size in {
        "pip/a.py": 5_000,
        "pip-24.0.dist-info/METADATA": 5_000,
        "click/a.py": 1_000,
        "click/__pycache__/a.pyc": 5_000,
        "click-8.1.dist-info/METADATA": 500,
    }.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x" * size)

    assert footprint.weighed(tmp_path) == [
        Figure("packages", 1),
        Figure("megabytes", 0.0015),
    ]


def test_a_row_that_is_far_from_its_gate_may_get_no_worse() -> None:
    target = TARGETS["functions"]

    assert target.limit == target.held
    assert over([Figure("functions", 30.0, target.limit)]) == []
    assert over([Figure("functions", 30.0, target.limit + 0.1)]) != []
