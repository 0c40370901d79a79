"""The works that hold a graph of their own, or many calls: a subgraph, an `each`; not their insides."""

from pydantic import BaseModel

from agentgraph.errors import InvalidAgent
from agentgraph.graph import Policy, Vertex
from agentgraph.runtime.program import Binding, Program
from agentgraph.workflow.access import in_turn
from agentgraph.workflow.signature import Signature
from agentgraph.workflow.work import Made, Settled, Work, without_error


def subgraph_work(program: Program, enter: Signature, leave: Signature) -> Work:
    """Return the work of a workflow that runs as a node of another."""
    name = program.graph.name

    def settle() -> Settled:
        vertex = Vertex(
            name,
            "subgraph",
            agent=enter.about.agent,
            child=program.graph,
            access=in_turn((enter.access, leave.access)),
        )
        binding = Binding(without_error(enter, "`enter`"), child=program, into=leave.fn)
        return Settled(vertex, binding, (enter, leave))

    return Made(name, program, settle)


def each_work(
    over: Signature,
    do: "Signature | Program",
    into: Signature,
    *,
    served: tuple[Signature, ...],
    limit: int,
    policy: Policy,
    collect: bool,
) -> Work:
    """Return the work of doing something for every item of a list.

    `served` are the callables whose services are those of the workflow around.
    """

    def settle() -> Settled:
        child = do if isinstance(do, Program) else None
        called = None if isinstance(do, Program) else do
        vertex = Vertex(
            "each",
            "each",
            agent=called.about.agent if called else "",
            doc=called.about.doc if called else "",
            policy=policy,
            limit=limit,
            collect=collect,
            child=child.graph if child else None,
            access=in_turn((over.access, into.access)),
        )
        binding = Binding(
            without_error(over, "`over`"),
            do=without_error(called, "`do`") if called else None,
            into=into.fn,
            child=child,
        )
        return Settled(vertex, binding, (over, into), served)

    return Made("each", settle, settle, is_numbered=True)


def item_state(do: Signature) -> type[BaseModel]:
    """Return the state that a node works on, when it is done for each item."""
    state = do.read_again().state
    if isinstance(state, type) and issubclass(state, BaseModel):
        return state
    fix = "annotate its first parameter with the class of the items"
    raise InvalidAgent(f"{do.name!r} does not say which state it works on", where=do.where, fix=fix)
