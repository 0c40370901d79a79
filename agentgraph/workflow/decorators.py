"""`node`: turns a function, a method or an object into a node; choices have decorators of their own."""

from collections.abc import Awaitable, Callable
from types import FunctionType, MethodType
from typing import Generic, Never, Protocol, Self, TypeAlias, overload

from pydantic import BaseModel
from typing_extensions import TypeVar, Unpack

from agentgraph.errors import InvalidAgent
from agentgraph.runtime.context import Ctx
from agentgraph.workflow.agents import NodeOptions, agent_work, options_of
from agentgraph.workflow.flow import Flow, Fn, FnCtx, Node, Unfinished
from agentgraph.workflow.signature import is_method
from agentgraph.workflow.tree import Mention
from agentgraph.workflow.work import Options

S = TypeVar("S", bound=BaseModel)
S_contra = TypeVar("S_contra", bound=BaseModel, contravariant=True)
X = TypeVar("X")
X_contra = TypeVar("X_contra", contravariant=True)

Method: TypeAlias = (
    Callable[[X, S], Awaitable[None] | None] | Callable[[X, S, Ctx[Never]], Awaitable[None] | None]
)
"""A function in a class body that will be a node of each instance."""


class NodeMethod(Unfinished, Generic[X_contra, S_contra]):
    """A node written in a class body; on an instance it is a `Node`."""

    advice = "a method is a node on an instance: `desk = Desk()`, then `desk.answer`"

    def __init__(self, fn: FunctionType, name: str | None, options: Options) -> None:
        """Made by the decorator `node`."""
        self._fn = fn
        self._name = name
        self._options = options

    @overload
    def __get__(self, obj: None, owner: type[object]) -> Self: ...
    @overload
    def __get__(self: "NodeMethod[X, S]", obj: X, owner: type[object]) -> Node[S]: ...
    def __get__(self, obj: object, owner: type[object]) -> object:
        """Return the node of this instance."""
        if obj is None:
            return self
        bound = MethodType(self._fn, obj)
        # The same method of the same instance is one object, however often it is looked up.
        return Node[BaseModel](
            Mention(agent_work(bound, self._name, self._options), (id(obj), id(self)))
        )

    def __repr__(self) -> str:
        return self._fn.__qualname__


class NodeDecorator(Protocol):
    """What `node(...)` with options returns."""

    @overload
    def __call__(self, fn: Fn[S] | FnCtx[S], /) -> Node[S]: ...
    @overload
    def __call__(self, fn: Method[X, S], /) -> NodeMethod[X, S]: ...


@overload
def node(fn: Fn[S] | FnCtx[S], /) -> Node[S]: ...
@overload
def node(fn: Method[X, S], /) -> NodeMethod[X, S]: ...
@overload
def node(*, name: str | None = None, **said: Unpack[NodeOptions]) -> NodeDecorator: ...
def node(fn: object = None, /, *, name: str | None = None, **said: Unpack[NodeOptions]) -> object:
    """Make a callable a node: `@node`, or with options `@node(retry=..., timeout=30)`.

    It edits its state and returns nothing. The options are those of `NodeOptions`.
    """
    options = options_of(said)
    if fn is not None:
        return _node(fn, name, options)

    def decorate(fn: object) -> object:
        return _node(fn, name, options)

    return decorate


def _node(fn: object, name: str | None, options: Options) -> object:
    if isinstance(fn, Flow | Unfinished):
        fix = "decorate the function once; options go into that one: `@node(timeout=30)`"
        raise InvalidAgent(f"{fn!r} is no function any more", where="node(...)", fix=fix)
    if is_method(fn):
        return NodeMethod[object, BaseModel](fn, name, options)
    return Node[BaseModel](Mention(agent_work(fn, name, options), object()))
