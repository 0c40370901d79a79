"""The property `crash`: a run that dies at any fact is taken up by another process, and ends the same."""

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any, Literal

import pytest

from agentgraph import Ask, Ctx, Retry, State, Workflow, append, each, human, node, workflow
from agentgraph.store import MemoryStore
from agentgraph.testing import WorkflowFailure, check, recheck
from agentgraph.testing.fakes import Stage, Trial
from agentgraph.testing.playing import play
from agentgraph.testing.properties import Property
from tests.testing.faulty_runs import Bank

CRASH: list[Property] = ["crash"]


class Note(State):
    log: Annotated[list[str], append] = []
    at: tuple[int, ...] = ()


def logs(name: str) -> Any:
    def agent(s: Note) -> None:
        s.log.append(name)

    return node(name=name)(agent)


@human
def approve(s: Note) -> Ask[Literal["yes", "no"]]:
    return Ask(show=s.log, timeout=timedelta(minutes=30), on_timeout="no")


@human
def insist(s: Note) -> Ask[Literal["yes", "no"]]:
    return Ask(show=s.log, timeout=timedelta(minutes=30))


async def takes_an_hour(s: Note) -> None:
    await asyncio.sleep(3600)
    s.log.append("slow")


slow = node(name="slow")(takes_an_hour)
answers: Any = {"yes": logs("yes"), "no": logs("no")}
HUMAN = [
    workflow("asked", Note, approve.route(answers) >> logs("end")),
    workflow("beside", Note, (slow | approve.route(answers)) >> logs("end")),
    workflow("expired", Note, (slow | insist.route(answers)).catch(TimeoutError, logs("late"))),
    workflow("raced", Note, (slow | approve.route(answers)).join(1) >> logs("end")),
]


@pytest.mark.parametrize("made", HUMAN, ids=[made.name for made in HUMAN])
def test_a_question_outlives_the_process_that_put_it(made: Workflow[Any, Any]) -> None:
    check(made, agents="real", properties=CRASH, folder=None, examples=3)


def words(s: Note) -> list[str]:
    return ["a", "bb", "ccc"]


async def size(word: str) -> tuple[int, str]:
    await asyncio.sleep(1)
    return len(word), word


def keep(s: Note, sizes: list[tuple[int, str]]) -> None:
    s.at = tuple(size for size, _ in sizes)


def test_items_that_were_done_are_not_done_again() -> None:
    done: list[str] = []

    async def noted(word: str) -> tuple[int, str]:
        done.append(word)
        return await size(word)

    made = workflow("sizes", Note, each(words, noted, keep, limit=1))
    stage = Stage(made.program, "real", "real")
    base = play(stage, Trial(Note()))
    done.clear()

    outcome = play(stage, Trial(Note(), crash=len(base.facts) - 1))

    assert outcome.result is not None
    assert outcome.result.state.at == (1, 2, 3)
    assert done == ["a", "bb", "ccc"]
    check(made, agents="real", properties=CRASH, folder=None, examples=2)


def pays(s: Note, ctx: Ctx[Bank]) -> None:
    s.log.append(str(ctx.deps.charge()))


async def pays_once(s: Note, ctx: Ctx[Bank]) -> None:
    s.log.append(str(await ctx.effect("charge", ctx.deps.charge)))


def test_an_effect_that_is_not_kept_is_done_twice_and_found() -> None:
    made = workflow("pay", Note, node(pays) >> logs("end"), deps=Bank)
    how: Any = {"agents": "real", "services": Bank, "folder": None}

    with pytest.raises(
        WorkflowFailure,
        match="when the process dies after fact 1 and another goes on, the state ends with log",
    ) as told:
        check(made, properties=CRASH, **how)

    assert told.value.script is not None
    assert told.value.script.trial.crash == 1
    with pytest.raises(WorkflowFailure, match="the process dies after fact 1"):
        recheck(told.value.script, made, **how)
    once = workflow("pay", Note, node(retry=Retry(attempts=2))(pays_once) >> logs("end"), deps=Bank)
    check(once, properties=CRASH, **how)


class OnDisk(MemoryStore):
    """Keeps each fact in a file, and takes its time: it needs a real event loop."""

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self.folder = folder

    async def append(self, run_id: str, token: int, after: int, facts: Sequence[str]) -> None:
        await super().append(run_id, token, after, facts)
        for number, fact in enumerate(facts):
            path = self.folder / f"{run_id}-{after + number:04}"
            await asyncio.to_thread(path.write_text, fact, "utf-8")

    async def load(self, run_id: str) -> Sequence[str]:
        return [path.read_text("utf-8") for path in sorted(self.folder.glob(f"{run_id}-*"))]


def test_a_store_may_do_real_work(tmp_path: Path) -> None:
    made = workflow("two", Note, (logs("a") | logs("b")) >> logs("c"))

    check(made, agents="real", properties=CRASH, store=OnDisk(tmp_path), folder=None, examples=1)

    assert [*tmp_path.iterdir()]
