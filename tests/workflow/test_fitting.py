"""What no type checker sees: states, services and fields that do not fit; `each` and subgraphs."""

# Mistakes are made on purpose here: no type checker is asked.
# pyright: basic, reportArgumentType=false, reportCallIssue=false, reportAttributeAccessIssue=false
# pyright: reportInvalidTypeForm=false, reportUndefinedVariable=false, reportOperatorIssue=false
# pyright: reportReturnType=false, reportOptionalMemberAccess=false, reportAssignmentType=false
# pyright: reportIndexIssue=false, reportOptionalOperand=false

from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol

import pytest

from agentgraph import (
    END,
    START,
    Ctx,
    Graph,
    Retry,
    State,
    Workflow,
    each,
    node,
    workflow,
)
from agentgraph.errors import AgentGraphError, InvalidFlow, InvalidGraph, NotAvailable
from agentgraph.graph import from_json
from tests.workflow.desk import Desk, Ticket, clerk, only


class Other(State):
    n: int = 0


def test_each_takes_a_function_a_node_or_a_workflow() -> None:
    def items(s: Ticket) -> list[Ticket]:
        return [s]

    def keep(s: Ticket, out: list[Ticket]) -> None: ...
    def gather(s: Ticket, out: list[object]) -> None: ...

    whole = workflow("inner", Ticket, clerk)
    vertex, binding = only(each(items, whole, into=keep, limit=3, retry=Retry(attempts=2)))

    assert (vertex.limit, vertex.policy.attempts, vertex.collect) == (3, 2, False)
    assert (vertex.child, binding.child) == (whole.graph, whole.program)
    assert only(each(items, clerk, into=keep))[1].child.graph.name == "clerk"
    assert only(each(items, str, into=gather, on_error="collect"))[0].collect


def test_each_refuses_what_it_cannot_do() -> None:
    def items(s: Ticket) -> list[Ticket]: ...
    def one(out: list[Ticket]) -> None: ...
    def keep(s: Ticket, out: list[Ticket]) -> None: ...

    cases: list[tuple[Callable[[], object], str]] = [
        (lambda: each(items, clerk, into=one), "takes one value"),
        (lambda: each(items, clerk >> clerk, into=keep), "`do` is a flow"),
        (lambda: each(items, clerk, into=keep, limit=0), "`limit` is 0"),
        (lambda: each(items, clerk, into=keep, on_error="x"), "`on_error` is 'x'"),
        (lambda: each(items, node(name="n")(lambda s: None), into=keep), "which state"),
    ]
    for make, what in cases:
        with pytest.raises(AgentGraphError, match=what):
            make()


class Db:
    def find(self) -> str: ...


class BetterDb(Db): ...


class Mail:
    def send(self) -> None: ...


@node
def look(s: Ticket, ctx: Ctx[Db]) -> None: ...


def test_the_services_that_a_node_wants_are_served() -> None:
    assert workflow("w", Ticket, look, deps=BetterDb)
    for deps in (None, Mail):
        with pytest.raises(InvalidGraph, match="wants the services 'Db'"):
            workflow("w", Ticket, look, deps=deps)
    g = Graph("w", Ticket, deps=Mail)
    g.add_edge(START, look)
    g.add_edge(look, END)
    with pytest.raises(InvalidGraph, match="wants the services 'Db'"):
        g.compile()


def test_a_protocol_is_served_by_what_has_its_members() -> None:
    class Finds(Protocol):
        limit: int

        def find(self) -> str: ...

    class Store:
        limit: int

        def find(self) -> str: ...

    def fetch(s: Ticket, ctx: Ctx[Finds]) -> None: ...

    assert workflow("w", Ticket, node(fetch), deps=Store)
    with pytest.raises(InvalidGraph, match="'Finds'"):
        workflow("w", Ticket, node(fetch), deps=Mail)


def test_a_workflow_inside_another_is_served_by_the_outer_one() -> None:
    inner = workflow("inner", Ticket, look, deps=Db)
    part = inner.as_node(Ticket, enter=lambda s: s, leave=lambda s, sub: None)
    over: Callable[[Ticket], list[Ticket]] = lambda s: [s]  # noqa: E731
    many = each(over, look, into=lambda s, out: None)

    for flow in (part, many):
        assert workflow("w", Ticket, flow, deps=Db)
        with pytest.raises(InvalidGraph, match="wants the services 'Db'"):
            workflow("w", Ticket, flow)


def test_a_part_for_another_state_is_refused() -> None:
    def elsewhere(s: Other) -> None: ...

    with pytest.raises(InvalidGraph, match=r"AG120(.|\n)*works on Other(.|\n)*Ticket"):
        workflow("w", Ticket, clerk >> elsewhere)
    with pytest.raises(InvalidGraph, match=r"`.on\(Other\)` stands in a workflow of Ticket"):
        workflow("w", Ticket, clerk >> clerk.on(Other))
    with pytest.raises(InvalidGraph, match=r"the state given to `.on` is Other"):
        workflow("w", Other, Desk("x").triage.on(Other).route({"billing": END, "tech": END}))


@pytest.mark.parametrize("state", [dict, "Ticket", 3])
def test_a_state_is_a_model(state: type[Ticket]) -> None:
    with pytest.raises(InvalidFlow, match="no pydantic model"):
        workflow("w", state, clerk)


def test_fields_that_do_not_exist_are_found() -> None:
    @node(reads={"txet"}, writes={"reply"})
    def note(s: Ticket) -> None: ...

    with pytest.raises(InvalidGraph, match=r"reads 'txet'(.|\n)*did you mean 'text'"):
        workflow("w", Ticket, note)


def test_an_error_comes_only_where_one_is_caught() -> None:
    def sorry(s: Ticket, error: KeyError) -> None: ...

    assert workflow("w", Ticket, clerk.catch(KeyError, sorry))
    with pytest.raises(InvalidGraph, match="wants an error, and no catch leads to it"):
        workflow("w", Ticket, clerk >> node(sorry))
    with pytest.raises(InvalidGraph, match="wants an error, and an undo is given none"):
        workflow("w", Ticket, clerk.undo(sorry))


def test_a_workflow_shows_its_graph_in_every_form() -> None:
    made = workflow("w", Ticket, clerk, version=3)

    assert isinstance(made, Workflow)
    assert (made.name, made.graph.version, repr(made)) == ("w", 3, "Workflow('w')")
    assert made.verify().ok
    assert '"clerk"' in made.to_json()
    assert made.graph.state == "tests.workflow.desk:Ticket"
    assert made.graph.fields == ("text", "reply")


def test_the_schema_follows_the_fields_and_nothing_else() -> None:
    def state(**fields: object) -> type[State]:
        return type("S", (State,), {"__annotations__": fields, "__module__": __name__})

    def schema(**fields: object) -> str:
        return workflow("w", state(**fields), node(name="n")(lambda s: None)).graph.schema

    assert schema(a=int) == schema(a=int)
    assert len({schema(a=int), schema(a=str), schema(b=int), schema(a=int, b=int)}) == 4


def test_a_store_is_refused_until_there_are_any() -> None:
    made = workflow("w", Ticket, clerk)

    with pytest.raises(NotAvailable, match="cannot be stored yet"):
        made.run_sync(Ticket(), store="runs.db")


def test_a_workflow_is_drawn_and_saved(tmp_path: Path) -> None:
    made = workflow("w", Ticket, clerk)

    assert "clerk" in made.to_dot()
    assert "clerk" in made.to_mermaid()
    assert made.to_svg().startswith(("<svg", "<?xml"))
    made.save(tmp_path / "w.mmd")
    made.save(str(tmp_path / "w.json"))
    assert (tmp_path / "w.mmd").read_text(encoding="utf-8").strip() == made.to_mermaid().strip()
    assert from_json((tmp_path / "w.json").read_text(encoding="utf-8")) == made.graph


def test_a_function_that_takes_anything_takes_the_state() -> None:
    def work(s: Any) -> None: ...

    assert workflow("desk", Ticket, node(work)).graph.vertex["work"].agent.endswith("work")
