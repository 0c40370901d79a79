"""The six programs of the design: each makes exactly this graph, and runs."""

import asyncio
from datetime import timedelta
from enum import StrEnum
from typing import Literal

from agentgraph import (
    END,
    START,
    Ask,
    Budget,
    Ctx,
    Graph,
    Retry,
    State,
    Verdict,
    classifier,
    consensus,
    each,
    human,
    node,
    workflow,
)
from agentgraph.graph import Policy
from tests.workflow.shape import shape, text

Kind = Literal["billing", "tech", "other"]


class Ticket(State):
    text: str
    reply: str = ""


@classifier
async def triage(s: Ticket) -> Verdict[Kind]:
    return Verdict("tech", 0.9)


@node(retry=Retry(attempts=3, on=(ConnectionError,)), timeout=30)
async def billing(s: Ticket) -> None:
    s.reply = "refund"


@node
async def tech(s: Ticket) -> None:
    s.reply = "reboot"


@node
async def clerk(s: Ticket) -> None:
    s.reply = "hello"


async def tone(s: Ticket) -> bool:
    return "!" not in s.reply


async def facts(s: Ticket) -> bool:
    return True


async def policy(s: Ticket) -> bool:
    return True


review = consensus(tone, facts, policy, need=2)


@human
def approve(s: Ticket) -> Ask[Literal["send", "redo", "drop"]]:
    return Ask(show=s.reply, timeout=timedelta(hours=4), on_timeout="drop")


@node
async def send(s: Ticket, ctx: Ctx) -> None:
    ctx.emit(s.reply)


gate = approve.route({"send": send, "redo": clerk, "drop": END})
support = workflow(
    "support",
    Ticket,
    triage.route({"billing": billing, "tech": tech, "other": clerk}, unsure=clerk, at_least=0.7)
    >> review.route({True: gate, False: clerk}),
)


class Essay(State):
    topic: str
    text: str = ""


class Grade(StrEnum):
    OK = "ok"
    REVISE = "revise"


@node
async def write(s: Essay) -> None:
    s.text += s.topic


@classifier
async def critic(s: Essay) -> Grade:
    return Grade.OK if len(s.text) > 3 else Grade.REVISE


essay = workflow(
    "essay", Essay, (write >> critic.route({Grade.OK: END, Grade.REVISE: write})).loop(at_most=5)
)


class Corpus(State):
    urls: list[str]
    notes: list[str] = []
    report: str = ""


async def summarise(url: str) -> str:
    return url.upper()


def urls(s: Corpus) -> list[str]:
    return s.urls


def keep(s: Corpus, out: list[str]) -> None:
    s.notes = out


@node
def merge(s: Corpus) -> None:
    s.report = "\n".join(s.notes)


corpus = workflow("corpus", Corpus, each(urls, summarise, into=keep, limit=4) >> merge)


class Trip(State):
    flight: str | None = None
    hotel: str | None = None
    note: str = ""


@node
async def book_flight(s: Trip) -> None:
    s.flight = "F1"


@node
async def book_hotel(s: Trip) -> None:
    raise ConnectionError


@node
async def apologise(s: Trip) -> None:
    s.note = "sorry"


def cancel_flight(s: Trip) -> None:
    s.flight = None


trip = workflow(
    "trip",
    Trip,
    (book_flight.undo(cancel_flight) >> book_hotel).catch(ConnectionError, apologise),
)


class Inbox(State):
    mails: list[str]
    replies: list[str] = []


def enter(s: Inbox) -> Ticket:
    return Ticket(text=s.mails[0])


def leave(s: Inbox, sub: Ticket) -> None:
    s.replies.append(sub.reply)


@classifier
def more(s: Inbox) -> bool:
    return bool(s.mails)


inbox = workflow(
    "inbox",
    Inbox,
    more.route({True: support.as_node(enter=enter, leave=leave), False: END}),
)


def test_the_support_desk_has_three_clerks() -> None:
    assert shape(support.graph) == text(
        """
        START -> triage
        triage -> billing on billing
        triage -> tech on tech
        triage -> clerk on other
        triage -> clerk on ?
        billing -> consensus
        tech -> consensus
        clerk -> consensus
        consensus -> approve on True
        approve -> send on send
        approve -> clerk_2 on redo
        approve -> END on drop
        consensus -> clerk_3 on False
        send -> END
        clerk_2 -> END
        clerk_3 -> END
        classifier triage billing/tech/other at 0.7
        consensus consensus 2 True/False
        human approve send/redo/drop
        """
    )


def test_a_node_keeps_its_policy_and_a_consensus_its_voters() -> None:
    vertex = support.graph.vertex

    assert vertex["billing"].policy == Policy(
        attempts=3, retry_on=("builtins.ConnectionError",), timeout_s=30
    )
    assert vertex["tech"].policy == Policy()
    assert vertex["consensus"].voters == ("tone", "facts", "policy")
    assert vertex["triage"].abstains
    assert not vertex["consensus"].abstains


def test_a_label_that_ends_at_what_stands_in_the_loop_already_is_the_way_back() -> None:
    assert shape(essay.graph) == text(
        """
        START -> write
        write -> critic
        critic -> END on OK
        critic -> write on REVISE
        bound write 5 in loop
        classifier critic OK/REVISE
        loop loop: write critic
        """
    )


def test_each_is_one_node() -> None:
    assert shape(corpus.graph) == "START -> each\neach -> merge\nmerge -> END\neach each"
    assert corpus.graph.vertex["each"].limit == 4


def test_a_saga_is_a_region_with_a_handler() -> None:
    assert shape(trip.graph) == text(
        """
        START -> book_flight
        book_flight -> book_hotel
        book_hotel -> END
        apologise -> END
        undo book_flight
        catch catch: book_flight book_hotel; ConnectionError; -> apologise
        """
    )


def test_a_workflow_as_a_node_holds_its_graph() -> None:
    assert shape(inbox.graph) == text(
        """
        START -> more
        more -> support on True
        more -> END on False
        support -> END
        classifier more True/False
        subgraph support
        """
    )
    assert inbox.graph.vertex["support"].child is support.graph


def test_the_builder_makes_the_graph_that_the_design_shows() -> None:
    def intake(s: Ticket) -> None: ...
    def history(s: Ticket) -> None: ...
    def manual(s: Ticket) -> None: ...
    def untech(s: Ticket) -> None: ...
    def sorry(s: Ticket) -> None: ...

    g = Graph("support", Ticket)
    fix = g.add_node(tech, name="tech_2", undo=untech)
    g.add_edge(START, intake)
    g.add_edge(intake, [history, manual])
    g.add_join([history, manual], clerk)
    g.add_conditional_edge(
        clerk, triage, {"billing": billing, "tech": fix, "other": END}, unsure=END, at_least=0.7
    )
    g.add_edge(billing, END)
    g.add_edge(fix, END)
    g.add_catch([billing, fix], ConnectionError, sorry)
    g.add_edge(sorry, END)

    assert shape(g.compile().graph) == text(
        """
        START -> intake
        intake -> history
        intake -> manual
        history -> join
        manual -> join
        join -> clerk
        clerk -> triage
        triage -> billing on billing
        triage -> tech_2 on tech
        triage -> END on other
        triage -> END on ?
        billing -> END
        tech_2 -> END
        sorry -> END
        undo tech_2
        join join
        classifier triage billing/tech/other at 0.7
        catch catch: tech_2 billing; ConnectionError; -> sorry
        """
    )


def test_the_desk_pauses_at_the_question_and_goes_on_with_the_answer() -> None:
    async def desk() -> tuple[str, str]:
        paused = await support.run(
            Ticket(text="charged twice"), budget=Budget(usd=0.5, steps=40)
        )
        run = support.start(Ticket(text="x"), run_id="t-1")
        async for _ in run:
            pass
        await run.answer(approve, "send")
        return paused.status, (await run.result()).status

    assert asyncio.run(desk()) == ("paused", "done")


def test_the_critic_sends_the_essay_back_once() -> None:
    done = essay.run_sync(Essay(topic="ab"))

    assert (done.state.text, done.path) == ("abab", ("write", "critic", "write", "critic"))


def test_the_notes_come_in_the_order_of_the_urls() -> None:
    assert corpus.run_sync(Corpus(urls=["b", "a"])).state.report == "B\nA"


def test_the_flight_is_cancelled_before_the_apology() -> None:
    done = trip.run_sync(Trip())

    assert (done.status, done.state) == ("done", Trip(note="sorry"))


def test_an_inbox_runs_the_desk_inside() -> None:
    assert inbox.run_sync(Inbox(mails=[])).status == "done"
    assert inbox.run_sync(Inbox(mails=["x"])).status == "paused"
