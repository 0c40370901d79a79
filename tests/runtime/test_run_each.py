"""Items of an `each`, and subgraphs."""

import asyncio
import threading
from typing import Any

import pytest

from agentgraph.errors import Exhausted, InvalidReturn, RunFailed
from agentgraph.events import NodeDone, NodeStarted
from agentgraph.graph import Policy
from agentgraph.runtime import Ask, Binding, Body, Budget, Ctx, ItemFailed, run, start
from agentgraph.state import State
from tests.runtime.kit import Notes, VirtualClock, body, play, program, result_of, settle


class Docs(State):
    items: list[Any] = []
    found: list[Any] = []


def each(limit: int = 2, collect: str = "", more: str = "") -> str:
    return f"START -> e\neach e {limit} {collect} -> END\n{more}"


def over(s: Docs) -> list[Any]:
    return s.items


def into(s: Docs, results: list[Any]) -> None:
    s.found = results


async def double(x: int) -> int:
    return 2 * x


def test_results_come_in_the_order_of_the_items_whoever_is_first() -> None:
    async def main() -> None:
        gates = [asyncio.Event() for _ in range(3)]

        async def do(i: int) -> str:
            if i < 2:
                await gates[i + 1].wait()
            gates[i].set()
            return f"r{i}"

        made = program(each(3), Docs, e=(over, do, into))
        assert (await run(made, Docs(items=[0, 1, 2]))).state.found == ["r0", "r1", "r2"]

    play(main)


@pytest.mark.parametrize("limit", [1, 2, 5])
def test_at_most_so_many_items_are_under_way_at_once(limit: int) -> None:
    now = most = 0

    async def do(i: int) -> int:
        nonlocal now, most
        now += 1
        most = max(most, now)
        await settle()
        now -= 1
        return i

    made = program(each(limit), Docs, e=(over, do, into))

    assert play(lambda: run(made, Docs(items=list(range(9))))).state.found == list(range(9))
    assert most == limit


def test_items_that_wait_are_all_begun_though_those_before_them_did_not_wait() -> None:
    tasks: dict[int, asyncio.Task[Any] | None] = {}

    async def main() -> None:
        all_of_them = asyncio.Barrier(5)

        async def do(i: int) -> int:
            tasks[i] = asyncio.current_task()
            if i >= 3:
                await all_of_them.wait()
            return i

        made = program(each(8), Docs, e=(over, do, into))
        assert (await run(made, Docs(items=list(range(8))))).state.found == list(range(8))

    play(main)
    # A task for each item is what costs most, so those that need none share one.
    assert len({tasks[i] for i in range(4)}) == 1
    assert len({tasks[i] for i in range(3, 8)}) == 5


def test_an_empty_list_gives_no_results_and_into_is_called_all_the_same() -> None:
    def note(s: Docs, results: list[Any]) -> None:
        s.found = ["none", *results]

    result = play(lambda: run(program(each(), Docs, e=(over, double, note)), Docs()))

    assert result.state.found == ["none"]


def test_sync_items_run_side_by_side_in_threads() -> None:

    both = threading.Barrier(2)

    def do(i: int) -> int:
        both.wait(timeout=10)
        return i

    made = program(each(2), Docs, e=(over, do, into))
    assert play(lambda: run(made, Docs(items=[1, 2]))).state.found == [1, 2]


def test_over_may_be_a_generator_that_reads_the_state_as_it_goes() -> None:
    def generates(s: Docs) -> Any:
        for item in s.items:
            yield item + len(s.items)

    made = program(each(), Docs, e=(generates, double, into))
    assert play(lambda: run(made, Docs(items=[1, 2]))).state.found == [6, 8]


@pytest.mark.parametrize(("fn", "kind"), [(lambda s: 3, InvalidReturn), (None, TypeError)])
def test_over_that_gives_no_list_says_so_and_its_own_errors_stay_its_own(
    fn: Any, kind: type[Exception]
) -> None:
    def broken(s: Docs) -> Any:
        yield 1
        raise TypeError("mine")

    made = program(each(), Docs, e=(fn or broken, double, into))
    with pytest.raises(RunFailed) as caught:
        play(lambda: run(made, Docs()))
    assert type(caught.value.__cause__) is kind


def test_an_item_that_fails_is_repeated_and_never_sees_what_it_did_to_the_item_before() -> None:
    seen = []

    async def do(item: list[int]) -> int:
        seen.append(list(item))
        item.append(9)
        if len(seen) == 1:
            raise ConnectionError
        return len(item)

    async def main() -> None:
        clock = VirtualClock()
        made = program(each(more="retry e 2"), Docs, e=(over, do, into))
        given = Docs(items=[[1]])
        result = await clock.finish(run(made, given, clock=clock))
        assert (result.state.found, result.state.items, given.items) == ([2], [[1]], [[1]])

    play(main)
    assert seen == [[1], [1]]


@pytest.mark.parametrize("is_sync", [True, False])
def test_what_cannot_be_copied_is_handed_to_an_item_as_it_is(is_sync: bool) -> None:

    lock = threading.Lock()

    async def slow(item: Any) -> bool:
        return item is lock or item[0] is lock

    def quick(item: Any) -> bool:
        return item is lock or item[0] is lock

    fns = (lambda s: [lock, (lock,)], quick if is_sync else slow, into)
    assert play(lambda: run(program(each(), Docs, e=fns), Docs())).state.found == [True, True]


def test_an_item_that_fails_cancels_the_rest_and_fails_the_node() -> None:
    ended = []

    async def do(i: int) -> int:
        if i == 1:
            await settle()
            raise KeyError(i)
        try:
            await asyncio.Event().wait()
        finally:
            ended.append(i)
        return i

    made = program(each(2), Docs, e=(over, do, into))
    with pytest.raises(RunFailed, match="at 'e/1': KeyError: 1") as caught:
        play(lambda: run(made, Docs(items=[0, 1, 2, 3])))

    assert ended == [0]
    assert [failure.node for failure in result_of(caught).failures] == ["e/1"]


def test_an_each_that_collects_hands_over_what_failed_in_its_place() -> None:
    async def do(i: int) -> int:
        if i == 1:
            raise KeyError("x")
        return i

    made = program(each(2, "collect"), Docs, e=(over, do, into))
    result = play(lambda: run(made, Docs(items=[0, 1, 2])))

    first, failed, last = result.state.found
    assert (first, last) == (0, 2)
    assert isinstance(failed, ItemFailed)
    assert (failed.index, failed.attempts) == (1, 1)
    assert isinstance(failed.error, KeyError)
    assert str(failed) == "item 1 failed in attempt 1: KeyError: 'x'"


def test_an_item_that_takes_too_long_fails_alone() -> None:
    async def do(i: int) -> int:
        if i == 0:
            await asyncio.Event().wait()
        return i

    async def listed(s: Docs) -> list[Any]:
        return s.items

    async def main() -> None:
        clock = VirtualClock()
        made = program(
            each(2, "collect"), Docs, e=(listed, do, into), policy={"e": Policy(timeout_s=3)}
        )
        result = await clock.finish(run(made, Docs(items=[0, 1]), clock=clock))
        failed, one = result.state.found
        assert isinstance(failed.error, TimeoutError)
        assert one == 1
        assert clock.set == []

    play(main)


def test_items_are_told_with_their_numbers_and_know_their_paths() -> None:
    paths = []

    async def do(i: int, ctx: Ctx) -> int:
        paths.append((ctx.path, ctx.idempotency_key.partition("/")[2]))
        return i

    async def main() -> None:
        made = program(
            each(2), Docs, bind={"e": Binding(body(over), do=Body(do, "ctx"), into=into)}
        )
        going = start(made, Docs(items=[5, 6]))
        told = [event async for event in going]
        names = [(type(e), e.node) for e in told if isinstance(e, NodeStarted | NodeDone)]
        assert names[0] == (NodeStarted, "e")
        assert names[-1] == (NodeDone, "e")
        assert sorted(name for _, name in names[1:-1]) == ["e/0", "e/0", "e/1", "e/1"]
        assert (await going.result()).path == ("e/0", "e/1", "e")

    play(main)
    assert sorted(paths) == [("e/0", "e/0#1"), ("e/1", "e/1#1")]


CHILD = program("START -> p\np -> q\nq -> END", name="child")


def test_items_may_be_states_of_a_workflow_and_their_results_are_final_states() -> None:
    def notes_of(s: Docs, results: list[Notes]) -> None:
        s.found = [result.notes for result in results]

    given = Docs(items=[Notes(text="a"), Notes(text="b", notes=["x"])])
    made = program(each(2, "child"), Docs, e=(over, None, notes_of), children={"child": CHILD})
    result = play(lambda: run(made, given))

    assert result.state.found == [["p", "q"], ["x", "p", "q"]]
    assert sorted(result.path) == ["e", "e/0/p", "e/0/q", "e/1/p", "e/1/q"]
    assert result.visits["e/p"] == 2
    assert given.items[0].notes == []


def test_each_inside_an_item_is_told_under_its_whole_path() -> None:
    inner = program(each(2), Docs, name="inner", e=(over, double, into))
    made = program(
        "START -> o\neach o 2 inner -> END",
        Docs,
        o=(over, None, lambda s, results: setattr(s, "found", [r.found for r in results])),
        children={"inner": inner},
    )
    result = play(lambda: run(made, Docs(items=[Docs(items=[1]), Docs(items=[2, 3])])))

    assert result.state.found == [[2], [4, 6]]
    assert "o/1/e" in result.path
    assert "o/1/e/1" in result.path


# ---- subgraphs

PARENT = "START -> a\na -> s\nsubgraph s child -> b\nb -> END"


def test_a_subgraph_has_a_state_of_its_own_and_its_path_is_told() -> None:
    def enter(s: Notes) -> Notes:
        return Notes(text=s.text)

    def leave(s: Notes, child: Notes) -> None:
        s.notes.append("+".join(child.notes))

    made = program(PARENT, s=(enter, leave), children={"child": CHILD})
    result = play(lambda: run(made, Notes()))

    assert result.state.notes == ["a", "p+q", "b"]
    assert result.path == ("a", "s/p", "s/q", "s", "b")


def test_a_subgraph_may_be_entered_with_the_state_itself() -> None:
    made = program(PARENT, children={"child": CHILD})

    assert play(lambda: run(made, Notes())).state.notes == ["a", "child p", "child q", "b"]


def test_an_error_in_a_child_names_its_whole_path_and_is_caught_by_its_type() -> None:
    def fails(s: Notes) -> None:
        raise ConnectionError("down")

    child = program("START -> p\np -> END", name="child", p=fails)
    with pytest.raises(RunFailed, match="failed at 's/p': ConnectionError"):
        play(lambda: run(program(PARENT, children={"child": child}), Notes()))

    caught = PARENT + "\ncatch r: a s b on ConnectionError -> h\nh -> END"
    result = play(lambda: run(program(caught, children={"child": child}), Notes()))
    assert result.path == ("a", "h")


LOOP = "START -> w\nw -> k\nclassifier k: ok -> END, again -> w\nbound w 2 loop l\nloop l: w k"


def test_a_child_that_meets_its_loop_bound_raises_what_can_be_caught() -> None:
    child = program(LOOP, name="child", k=lambda s: "again")

    with pytest.raises(RunFailed) as caught:
        play(lambda: run(program(PARENT, children={"child": child}), Notes()))

    assert isinstance(caught.value.__cause__, Exhausted)
    assert "'s/w' ran 2 times" in str(caught.value.__cause__)


def test_a_child_shares_the_budget_of_its_parent() -> None:
    made = program(PARENT, children={"child": CHILD})

    result = play(lambda: run(made, Notes(), budget=Budget(steps=2)))

    assert (result.status, result.usage.steps, result.path) == ("exhausted", 2, ("a", "s/p"))


def test_a_child_that_waits_leaves_the_other_branches_running() -> None:
    child = program("START -> q\nhuman q: x -> END", name="child", q=lambda s: Ask(show="?"))
    text = "START -> go\ngateway go -> s, b\nsubgraph s child -> t\nb -> c\njoin j: t, c -> END"

    async def main() -> None:
        going = start(program(text, children={"child": child}), Notes())
        paused = await going.result()
        assert (paused.status, paused.path) == ("paused", ("b", "c"))
        assert [(each.id, each.node) for each in paused.questions] == [("s/q#1", "s/q")]
        await going.answer("x")
        assert (await going.result()).state.notes == ["t", "b", "c"]

    play(main)


def test_two_visits_of_a_child_have_keys_and_questions_of_their_own() -> None:
    keys = []

    def p(s: Notes, ctx: Ctx) -> None:
        keys.append(ctx.idempotency_key)

    child = program("START -> p\np -> q\nhuman q: x -> END", name="child", p=Body(p, "ctx"))
    text = """
    START -> s
    subgraph s child -> k
    classifier k: ok -> END, again -> s
    bound s 2 loop l
    loop l: s k
    """
    asked = iter(["again", "ok"])

    async def main() -> None:
        made = program(text, children={"child": child}, k=lambda s: next(asked))
        going = start(made, Notes(), run_id="r")
        ids = []
        for _ in range(2):
            (question,) = (await going.result()).questions
            ids.append(question.id)
            await going.answer("x", id=question.id)
        assert (await going.result()).status == "done"
        assert ids == ["s/q#1", "s#2/q#1"]

    play(main)
    assert keys == ["r/s/p#1", "r/s#2/p#1"]


def test_an_item_that_is_repeated_asks_anew() -> None:
    left = [1]

    def fails_once(s: Notes) -> None:
        left[0] -= 1
        if left[0] == 0:
            raise ConnectionError

    child = program("START -> q\nhuman q: x -> p\np -> END", name="child", p=fails_once)

    async def main() -> None:
        clock = VirtualClock()
        made = program(
            each(1, "child", "retry e 2"),
            Docs,
            e=(lambda s: [Notes()], None, into),
            children={"child": child},
        )
        going = start(made, Docs(), clock=clock)
        ids = []
        for _ in range(2):
            (question,) = (await clock.finish(going.result())).questions
            ids.append(question.id)
            await going.answer("x", id=question.id)
        assert (await clock.finish(going.result())).status == "done"
        assert ids == ["e/0/q#1", "e/0~2/q#1"]

    play(main)
