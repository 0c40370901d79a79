"""The six programs and the builder form do today what a person has read and found right.

`python -m tests.golden.update` writes the files anew; read what has changed.
"""

import asyncio

import pytest

from agentgraph import Budget
from agentgraph.errors import NotAvailable
from agentgraph.render import engines
from tests.golden.built import PROGRAMS
from tests.golden.programs import Ticket, inbox, support
from tests.golden.runs import STORIES, tell
from tests.golden.update import FILES, produced

TEXTS = produced()
has_bundled = any(each.name == "bundled" and each.found for each in engines())


@pytest.mark.parametrize("name", sorted(TEXTS))
def test_what_a_program_gives_is_what_was_read(name: str) -> None:
    if name.endswith(".svg") and not has_bundled:
        pytest.skip("there is no bundled engine for this platform")

    assert TEXTS[name] == (FILES / name).read_text(encoding="utf-8")


def test_there_is_no_golden_file_that_nothing_gives() -> None:
    assert {path.name for path in FILES.iterdir()} == set(TEXTS)


@pytest.mark.parametrize("name", sorted(PROGRAMS))
def test_the_runs_of_a_program_take_every_way_that_it_has(name: str) -> None:
    made = PROGRAMS[name]
    taken = {way for story in STORIES if story.workflow is made for way in tell(story).result.taken}

    for edge in made.graph.edges:
        label = "unsure" if edge.unsure else edge.label
        assert (edge.source, edge.target, label) in taken


@pytest.mark.parametrize("story", STORIES, ids=[story.title for story in STORIES])
def test_no_run_takes_more_steps_than_its_graph_allows(story) -> None:
    told = tell(story)
    bound = told.workflow.verify().runs_at_most

    assert bound is None or told.result.usage.steps <= bound


@pytest.mark.parametrize(
    ("name", "bound"),
    [
        ("support", 7),  # triage, an agent, three voters, a question, what it leads to
        ("essay", 10),  # five rounds of a writer and a critic
        ("corpus", None),  # as many as there are urls
        ("trip", 3),  # two bookings of which the second fails, an apology
        ("inbox", 8),  # the classifier, and the support desk inside
        ("built", 7),  # intake, two in parallel, clerk, triage, an agent that fails, an apology
    ],
)
def test_a_graph_says_how_many_node_runs_there_are_at_most(name: str, bound: int | None) -> None:
    assert PROGRAMS[name].verify().runs_at_most == bound


def test_the_sixth_program_runs(capsys: pytest.CaptureFixture[str]) -> None:
    async def main() -> list[str]:
        done = await support.run(Ticket(text="charged twice"), budget=Budget(usd=0.5, steps=40))
        run = support.start(Ticket(text="x"), run_id="t-1")
        async for event in run:
            print(event)  # noqa: T201 - as the program stands
        await run.answer("send")
        return [done.status, (await run.result()).status, run.id]

    assert asyncio.run(main()) == ["paused", "done", "t-1"]
    assert capsys.readouterr().out.startswith("RunStarted(state=Ticket(text='x'")


def test_a_store_is_refused_with_what_to_do_instead() -> None:
    async def main() -> None:
        with pytest.raises(NotAvailable, match=r"cannot be stored yet[^$]*leave `store` out"):
            await support.run(Ticket(text="x"), store=object())
        with pytest.raises(NotAvailable, match="cannot be stored yet"):
            support.start(Ticket(text="x"), store=object(), run_id="t-1")
        with pytest.raises(NotAvailable, match="cannot be stored yet"):
            inbox.run_sync(PROGRAMS["inbox"].program.model(mails=[]), store=object())

    asyncio.run(main())


def test_a_fork_of_a_run_is_refused_with_what_to_do_instead() -> None:
    async def main() -> None:
        run = support.start(Ticket(text="x"), run_id="t-1")
        with pytest.raises(NotAvailable, match=r"no history to fork at step 3[^$]*start it again"):
            await run.fork(at=3).result()
        await run.cancel()

    asyncio.run(main())
