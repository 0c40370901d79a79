"""A graph with the callables of its vertices: all that a driver needs; not how it is written.

Rules of this file:

1. The graph is data, the bindings are code; a vertex finds its binding by name.
2. Nothing here is called while a program is put together.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal

from pydantic import BaseModel

from agentgraph.graph import FrozenGraph

Wants = Literal["state", "ctx", "error"]
"""What the second parameter of a callable takes: nothing, the context, or the caught error."""


@dataclass(frozen=True, slots=True)
class Body:
    """One callable of the user and what it takes."""

    fn: Callable[..., object]
    wants: Wants = "state"
    is_async: bool = False
    """It is known to give an awaitable; a sync function may still return one."""


@dataclass(frozen=True, slots=True)
class Binding:
    """The callables of one vertex; which of them there are depends on its kind.

    `body` is the agent of a node, the function of a classifier or question, `over` of
    an `each`, `enter` of a subgraph. `into` is `into(state, results)` of an `each`,
    `leave(state, child)` of a subgraph, `save(state, form)` of a form.
    """

    body: Body | None = None
    undo: Body | None = None
    labels: Mapping[object, str] = field(default_factory=dict[object, str])
    """From the answer as the user writes it to the label of the edge."""
    form: type[BaseModel] | None = None
    voters: tuple[Body, ...] = ()
    do: Body | None = None
    into: Callable[..., object] | None = None
    child: "Program | None" = None
    question: object = None
    """The object that `run.answer(question, value)` names."""


@dataclass(frozen=True)
class Program:
    """A frozen graph, the class of its state, and the binding of each vertex that has one."""

    graph: FrozenGraph
    model: type[BaseModel]
    bindings: Mapping[str, Binding]
    deps: type[object] | None = None


def qualified(kind: type[object]) -> str:
    """Return the name under which a graph knows an exception class."""
    return f"{kind.__module__}.{kind.__qualname__}"
