"""The works that hold a graph of their own, or many calls: a subgraph, an `each`; not their insides."""

from pydantic import BaseModel

from agentgraph.graph import Vertex
from agentgraph.runtime.program import Binding, Program
from agentgraph.workflow.access import in_turn
from agentgraph.workflow.signature import Signature
from agentgraph.workflow.work import Settled, Work, changed, without_error


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

    return Work(name, program, settle)


def each_work(
    vertex: Vertex,
    over: Signature,
    into: Signature,
    *,
    do: Signature | None,
    child: Program | None,
    served: tuple[Signature, ...],
) -> Work:
    """Return the work of doing something for every item of a list: a function or a program.

    `served` are the callables whose services are those of the workflow around.
    """

    def settle() -> Settled:
        graph = child.graph if child else None
        access = in_turn((over.access, into.access))
        agent, doc, _ = do.about if do else ("", "", None)
        changes = {"agent": agent, "doc": doc, "child": graph, "access": access}
        body = without_error(do, "`do`") if do else None
        binding = Binding(without_error(over, "`over`"), do=body, into=into.fn, child=child)
        return Settled(changed(vertex, changes), binding, (over, into), served)

    return Work("each", settle, settle, is_numbered=True)


def item_state(do: Signature) -> type[BaseModel]:
    """Return the state that a node works on, when it is done for each item."""
    state = do.read_again().state
    if isinstance(state, type) and issubclass(state, BaseModel):
        return state
    fix = "annotate its first parameter with the class of the items"
    raise do.fault(f"{do.name!r} does not say which state it works on", fix)
