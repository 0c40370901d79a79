"""`each`: do something for every item of a list known only at run time; not how items are driven."""

from collections.abc import Awaitable, Callable, Iterable
from typing import Literal, Required, TypeAlias, TypedDict, cast, get_args, overload

from pydantic import BaseModel
from typing_extensions import Unpack

from agentgraph.errors import InvalidAgent
from agentgraph.graph import Vertex
from agentgraph.runtime import ItemFailed
from agentgraph.runtime.policy import Retry
from agentgraph.runtime.program import Binding, Program
from agentgraph.workflow.access import in_turn
from agentgraph.workflow.agents import policy_of
from agentgraph.workflow.compiled import Workflow
from agentgraph.workflow.drawing import draw
from agentgraph.workflow.flow import Flow, Node, positive
from agentgraph.workflow.places import spot_of_caller
from agentgraph.workflow.signature import Signature, is_model, pair_of, signature_of
from agentgraph.workflow.tree import Mention
from agentgraph.workflow.variables import R, S, W, X
from agentgraph.workflow.work import Settled, Work, changed, without_error

Listing: TypeAlias = Callable[[S], Iterable[X]]
Doing: TypeAlias = Workflow[W] | Node[W]
Later: TypeAlias = Callable[[X], Awaitable[R]]
Keeping: TypeAlias = Callable[[S, list[R]], None]
Sifting: TypeAlias = Callable[[S, list[R | ItemFailed]], None]
"""What puts the results into the state, where some of them are failed items."""


class Failing(TypedDict, total=False):
    """How the items are done; one that fails fails the node."""

    limit: int
    """How many are done at once. 8 by default."""
    retry: Retry | None
    on_error: Literal["fail"]


class Collecting(TypedDict, total=False):
    """How the items are done; what one failed with is its result."""

    limit: int
    retry: Retry | None
    on_error: Required[Literal["collect"]]


@overload
def each(
    over: Listing[S, W], do: Doing[W], into: Keeping[S, W], **said: Unpack[Failing]
) -> Node[S]: ...
@overload
def each(
    over: Listing[S, X], do: Later[X, R], into: Keeping[S, R], **said: Unpack[Failing]
) -> Node[S]: ...
@overload
def each(
    over: Listing[S, X], do: Callable[[X], R], into: Keeping[S, R], **said: Unpack[Failing]
) -> Node[S]: ...
@overload
def each(
    over: Listing[S, W], do: Doing[W], into: Sifting[S, W], **said: Unpack[Collecting]
) -> Node[S]: ...
@overload
def each(
    over: Listing[S, X], do: Later[X, R], into: Sifting[S, R], **said: Unpack[Collecting]
) -> Node[S]: ...
@overload
def each(
    over: Listing[S, X], do: Callable[[X], R], into: Sifting[S, R], **said: Unpack[Collecting]
) -> Node[S]: ...
def each(
    over: object,
    do: object,
    into: object,
    *,
    limit: int = 8,
    retry: Retry | None = None,
    on_error: str = "fail",
) -> object:
    """Do something for every item that `over` lists, at most `limit` at once, then go on with `into`.

    `do` is a function of the item, or a workflow or node whose state the item is. Results
    come in the order of the items. An item that fails fails the node; with
    `on_error="collect"` its result is an `ItemFailed`.
    """
    positive(limit, "limit", "each", spot_of_caller())
    if on_error not in {"fail", "collect"}:
        fix = 'give "fail" or "collect"'
        raise InvalidAgent(f"`on_error` is {on_error!r}", where="each", fix=fix)
    policy, collect = policy_of(retry), on_error == "collect"
    vertex = Vertex("each", "each", policy=policy, limit=limit, collect=collect)
    lists, put = signature_of(over), pair_of(into, "the state and the list of results")
    called, child, served = _done(do)

    def settle() -> Settled:
        agent, doc, _ = called.about if called else ("", "", None)
        graph, access = child.graph if child else None, in_turn((lists.access, put.access))
        changes = {"agent": agent, "doc": doc, "child": graph, "access": access}
        body = without_error(called, "`do`") if called else None
        binding = Binding(
            without_error(lists, "`over`"), do=body, into=put.fn, child=child,
            item=next(iter(get_args(lists.gives)), object), result=called.gives if called else object,
        )  # fmt: skip
        return Settled(changed(vertex, changes), binding, (lists, put), served)

    return Node[BaseModel](Mention(Work("each", settle, settle, is_numbered=True), object()))


def _done(do: object) -> tuple[Signature | None, Program | None, tuple[Signature, ...]]:
    """Return what is done for an item, a function or a program, and what the workflow serves of it."""
    if isinstance(do, Workflow):
        return None, cast("Workflow[BaseModel]", do).program, ()
    if isinstance(do, Node):
        return None, *_single(cast("Node[BaseModel]", do))
    if isinstance(do, Flow):
        fix = "make a workflow of it: `workflow('item', Item, flow)`"
        raise InvalidAgent("`do` is a flow", where="each", fix=fix)
    called = signature_of(do)
    return called, None, (called,)


def _single(do: Node[BaseModel]) -> tuple[Program, tuple[Signature, ...]]:
    """Make a program of one node, which works on the items."""
    spot = spot_of_caller()
    called = do.work.settled.checked
    sketch = draw(do.tree, spot)
    first = called[0].read_again()
    if not is_model(first.state):
        fix = "annotate its first parameter with the class of the items"
        raise first.fault(f"{first.name!r} does not say which state it works on", fix)
    from agentgraph.workflow.assembly import assemble  # noqa: PLC0415 - a program that builds nothing is spared it

    state = first.state
    return assemble(sketch, do.name, state, deps=None, spot=spot, is_inner=True), called
