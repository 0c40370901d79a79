"""What a node knows of its run, and many runs of one program at once."""

import asyncio
import threading
from contextvars import ContextVar

import pytest

from agentgraph.errors import NotAvailable, RunFailed
from agentgraph.graph import Policy
from agentgraph.machine import replay
from agentgraph.machine.marking import key_of
from agentgraph.runtime import Body, Ctx, Run, run, run_sync, start
from tests.runtime.kit import Notes, VirtualClock, body, play, program, settle

ONE = "START -> a\na -> END"


def with_ctx(fn) -> Body:
    return Body(fn, "ctx", is_async=asyncio.iscoroutinefunction(fn))


def test_a_node_knows_its_run_its_place_and_its_services() -> None:
    seen: list[Ctx] = []

    def a(s: Notes, ctx: Ctx) -> None:
        seen.append(ctx)

    made = program(ONE, a=with_ctx(a), deps=dict)
    options = {"run_id": "r", "thread_id": "t", "tags": {"user": "u"}, "deps": {"db": 1}}
    play(lambda: run(made, Notes(), **options))

    (ctx,) = seen
    assert (ctx.run_id, ctx.thread_id, ctx.path, ctx.visit, ctx.attempt) == ("r", "t", "a", 1, 1)
    assert (ctx.tags, ctx.deps) == ({"user": "u"}, {"db": 1})
    assert (ctx.idempotency_key, ctx.causation_id) == ("r/a#1", "r/a#1/1")
    assert (ctx.correlation_id, ctx.deadline, ctx.error, ctx.before) == ("t", None, None, None)


def test_attempts_of_a_visit_share_a_key_and_visits_do_not() -> None:
    keys = []

    async def w(s: Notes, ctx: Ctx) -> None:
        keys.append((ctx.visit, ctx.attempt, ctx.idempotency_key))
        if len(keys) == 1:
            raise ConnectionError
        s.notes.append("w")

    async def main() -> None:
        clock = VirtualClock()
        text = "START -> w\nw -> k\nclassifier k: ok -> END, again -> w\nbound w 9\nretry w 2"
        made = program(text, w=with_ctx(w), k=lambda s: "ok" if len(s.notes) == 2 else "again")
        await clock.finish(run(made, Notes(), clock=clock, run_id="r"))

    play(main)
    assert keys == [(1, 1, "r/w#1"), (1, 2, "r/w#1"), (2, 1, "r/w#2")]


def test_a_deadline_is_told_in_the_time_of_the_clock() -> None:
    seen = []

    async def a(s: Notes, ctx: Ctx) -> None:
        seen.append(ctx.deadline)

    async def main() -> None:
        clock = VirtualClock()
        clock.now = 100
        made = program(ONE, a=with_ctx(a), policy={"a": Policy(timeout_s=5)})
        await run(made, Notes(), clock=clock)

    play(main)
    assert seen == [105]


def test_two_runs_have_different_ids() -> None:
    async def main() -> None:
        ids = {(await run(program(ONE), Notes())).run_id for _ in range(5)}
        assert len(ids) == 5

    play(main)


def test_an_effect_is_not_repeated_when_the_node_is() -> None:
    calls = []

    async def charge() -> str:
        calls.append("charge")
        await asyncio.sleep(0)
        return "receipt"

    async def a(s: Notes, ctx: Ctx) -> None:
        s.text = await ctx.effect("charge", charge)
        s.text += await ctx.effect("note", lambda: "!")
        if ctx.attempt < 3:
            raise ConnectionError

    async def main() -> None:
        clock = VirtualClock()
        made = program(ONE + "\nretry a 3", a=with_ctx(a))
        result = await clock.finish(run(made, Notes(), clock=clock))
        assert result.state.text == "receipt!"

    play(main)
    assert calls == ["charge"]


def test_an_effect_that_failed_is_tried_again_and_two_at_once_are_one() -> None:
    calls = []

    async def charge() -> int:
        calls.append(1)
        await settle()
        if len(calls) == 1:
            raise ConnectionError
        return len(calls)

    async def a(s: Notes, ctx: Ctx) -> None:
        first, *rest = await asyncio.gather(
            *(ctx.effect("charge", charge) for _ in range(4)), return_exceptions=True
        )
        assert isinstance(first, ConnectionError)
        assert rest == [2, 2, 2]

    assert play(lambda: run(program(ONE, a=with_ctx(a)), Notes())).status == "done"
    assert len(calls) == 2


def test_the_journal_leads_to_the_same_marking() -> None:
    text = """
    START -> a
    a -> b, c
    join j: b, c -> v
    consensus v 2 p q r: yes -> d, no -> d
    d -> END
    retry b 2
    """
    left = [1]

    async def b(s: Notes) -> None:
        left[0] -= 1
        if left[0] == 0:
            raise ConnectionError
        s.notes.append("b")

    async def main() -> None:
        clock = VirtualClock()
        journal = []
        made = program(text, b=b, v=(lambda s: "yes", lambda s: "yes", lambda s: "no"))
        going = start(made, Notes(), journal=journal, clock=clock)
        result = await clock.finish(going.result())
        again = replay(made.plan, journal)

        assert result.status == again.status == "done"
        assert key_of(again) == key_of(going._session.marking)
        assert again.steps == result.usage.steps

    play(main)


def test_a_run_without_a_store_cannot_be_forked_and_says_so() -> None:
    async def main() -> None:
        going: Run[Notes] = start(program(ONE), Notes())
        with pytest.raises(NotAvailable, match="no history to fork at step 3"):
            going.fork(3)
        await going.result()

    play(main)


# ---- many at once


def test_one_program_serves_many_runs_at_once() -> None:
    async def a(s: Notes) -> None:
        await asyncio.sleep(0)
        s.text += "a"

    made = program("START -> a\na -> b, c\njoin j: b, c -> END", a=a)

    async def main() -> None:
        results = await asyncio.gather(*(run(made, Notes(number=i)) for i in range(100)))
        assert [each.state.number for each in results] == list(range(100))
        assert all(each.state.notes == ["b", "c"] for each in results)

    play(main)


def test_one_program_serves_several_threads_with_loops_of_their_own() -> None:
    made = program("START -> a\na -> b, c\njoin j: b, c -> END", b=lambda s: None)
    results = []
    begin = threading.Barrier(4)

    def several() -> None:
        begin.wait()
        results.extend(run_sync(made, Notes()) for _ in range(10))

    threads = [threading.Thread(target=several) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)

    assert [each.status for each in results] == ["done"] * 40
    assert len({each.run_id for each in results}) == 40


def test_run_sync_works_with_and_without_a_running_loop() -> None:
    made = program(ONE)
    assert run_sync(made, Notes()).state.notes == ["a"]

    async def main() -> None:
        assert run_sync(made, Notes()).state.notes == ["a"]

    play(main)


def test_run_sync_raises_what_the_run_raises() -> None:
    def fails(s: Notes) -> None:
        raise KeyError("x")

    async def main() -> None:
        with pytest.raises(RunFailed):
            run_sync(program(ONE, a=fails), Notes())

    play(main)
    with pytest.raises(RunFailed):
        run_sync(program(ONE, a=fails), Notes())


def test_nodes_of_a_sync_run_in_a_running_loop_see_the_context_of_the_caller() -> None:
    user = ContextVar("user", default="nobody")
    seen = []
    made = program(ONE, policy={"a": Policy(in_thread=True)}, a=lambda s: seen.append(user.get()))

    async def main() -> None:
        user.set("somebody")
        run_sync(made, Notes())
        await run(made, Notes())

    play(main)
    assert seen == ["somebody", "somebody"]


def test_a_node_may_run_another_workflow() -> None:
    inner = program(ONE, a=lambda s: setattr(s, "text", "inner"))

    async def asks(s: Notes) -> None:
        s.text = (await run(inner, Notes())).state.text

    assert play(lambda: run(program(ONE, a=asks), Notes())).state.text == "inner"


def test_a_context_outlives_its_attempt_without_harm() -> None:
    kept: list[Ctx] = []

    async def main() -> None:
        going = start(program(ONE, a=with_ctx(lambda s, ctx: kept.append(ctx))), Notes())
        told = [type(event).__name__ async for event in going]
        kept[0].emit("late")
        kept[0].spend(tokens=3)
        assert told[-1] == "RunEnded"
        assert [event async for event in going] == []

    play(main)
    thread = threading.Thread(target=lambda: kept[0].emit("later"))
    thread.start()
    thread.join(timeout=10)


def test_body_of_kit_knows_async_functions() -> None:
    async def fn(s: Notes) -> None: ...

    assert body(fn).is_async
