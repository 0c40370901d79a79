"""`node`: turns a function, a method or an object into a node; choices have decorators of their own."""

from functools import partial
from types import MethodType
from typing import Protocol, overload

from pydantic import BaseModel
from typing_extensions import Unpack

from agentgraph.workflow.agents import NodeOptions, agent_work, options_of
from agentgraph.workflow.flow import Fn, Method, Node, Soon
from agentgraph.workflow.methods import OnInstance, undecorated
from agentgraph.workflow.signature import is_method
from agentgraph.workflow.tree import Mention
from agentgraph.workflow.variables import S, X
from agentgraph.workflow.work import Options

_ADVICE = "a method is a node on an instance: `desk = Desk()`, then `desk.answer`"


class NodeDecorator(Protocol):
    """What `node(...)` with options returns."""

    @overload
    def __call__(self, fn: Fn[S], /) -> Node[S]: ...
    @overload
    def __call__(self, fn: Method[X, S, Soon[None]], /) -> OnInstance[X, Node[S]]: ...


@overload
def node(fn: Fn[S], /) -> Node[S]: ...
@overload
def node(fn: Method[X, S, Soon[None]], /) -> OnInstance[X, Node[S]]: ...
@overload
def node(*, name: str | None = None, **said: Unpack[NodeOptions]) -> NodeDecorator: ...
def node(fn: object = None, /, *, name: str | None = None, **said: Unpack[NodeOptions]) -> object:
    """Make a callable a node: `@node`, or with options `@node(retry=..., timeout=30)`.

    It edits its state and returns nothing. The options are those of `NodeOptions`.
    """
    decorate = partial(_node, name=name, options=options_of(said))
    return decorate if fn is None else decorate(fn)


def _node(fn: object, name: str | None, options: Options) -> object:
    more = "; options go into that one: `@node(timeout=30)`"
    function = undecorated(fn, "node(...)", more)
    if not is_method(function):
        return Node[BaseModel](Mention(agent_work(function, name, options), object()))
    mark = object()

    def on(bound: MethodType) -> Node[BaseModel]:
        # The same method of the same instance is one object, however often it is looked up.
        key = (id(bound.__self__), mark)
        return Node(Mention(agent_work(bound, name, options), key))

    return OnInstance[object, Node[BaseModel]](function, on, _ADVICE)
