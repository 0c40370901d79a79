"""The six programs of the design: each makes exactly this graph, and runs."""

import asyncio

from agentgraph import END, START, Budget, Graph
from agentgraph.graph import Policy
from tests.typing.programs import (
    Corpus,
    Essay,
    Inbox,
    Ticket,
    Trip,
    approve,
    billing,
    clerk,
    corpus,
    essay,
    inbox,
    support,
    tech,
    triage,
    trip,
)
from tests.workflow.shape import shape, text


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
        paused = await support.run(Ticket(text="charged twice"), budget=Budget(usd=0.5, steps=40))
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
