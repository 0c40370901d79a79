"""Parts of a flow that are written in a class body: each instance has its own; not what they do."""

from collections.abc import Callable
from types import FunctionType, MethodType
from typing import Generic, Self, overload

from agentgraph.errors import InvalidAgent
from agentgraph.workflow.flow import Flow, Unfinished
from agentgraph.workflow.variables import P, P_co, X, X_contra


class OnInstance(Unfinished, Generic[X_contra, P_co]):
    """A method that was decorated; looked up on an instance it is a part of a flow."""

    def __init__(self, fn: FunctionType, make: Callable[[MethodType], P_co], advice: str) -> None:
        """Made by the decorators: `make` makes the part of the bound method."""
        self.advice = advice
        self._fn = fn
        self._make = make

    @overload
    def __get__(self, obj: None, owner: type[object]) -> Self: ...
    @overload
    def __get__(self: "OnInstance[X, P]", obj: X, owner: type[object]) -> P: ...
    def __get__(self, obj: object, owner: type[object]) -> object:
        """Return the part of this instance."""
        return self if obj is None else self._make(MethodType(self._fn, obj))

    def __repr__(self) -> str:
        return self._fn.__qualname__


def undecorated(fn: object, where: str, more: str = "") -> object:
    """Return a function as it is. Raises `InvalidAgent` when it was decorated already."""
    if isinstance(fn, Flow | Unfinished):
        fix = f"decorate the function once{more}"
        raise InvalidAgent(f"{fn!r} is no function any more", where=where, fix=fix)
    return fn
