"""What a mention places in a graph: a vertex with its binding; not where it is placed.

Rules of this file:

1. A work is made where the user writes it and settled when the workflow is compiled, so
   that an annotation may name what is defined later.
2. A work is settled once, however often it is mentioned.
"""

from collections.abc import Callable, Hashable, Mapping
from dataclasses import fields, replace
from operator import attrgetter
from types import MethodType
from typing import Final, NamedTuple

from pydantic import BaseModel

from agentgraph.graph import Vertex
from agentgraph.runtime.program import Binding, Body
from agentgraph.workflow.signature import Signature, qualname_of

Answer = Mapping[object, str]


class Options(NamedTuple):
    """What a node is told beside its callable."""

    vertex: Mapping[str, object] = {}
    """The fields of its vertex that are said, and are not what they would be anyway."""
    limit: int | None = None


NOTHING: Final = Options()
_FIELDS: Final = tuple(slot.name for slot in fields(Vertex))
_values: Final = attrgetter(*_FIELDS)


def changed(vertex: Vertex, changes: Mapping[str, object]) -> Vertex:
    """Do what `dataclasses.replace` does, five times as fast: each renamed mention needs it."""
    values = dict(zip(_FIELDS, _values(vertex), strict=True))
    values.update(changes)
    return Vertex(*values.values())


class Settled(NamedTuple):
    """A vertex under the name of its work, its binding, and the callables that a build checks."""

    vertex: Vertex
    binding: Binding
    checked: tuple[Signature, ...] = ()
    """Their first parameter takes the state of the workflow, their context its services."""
    served: tuple[Signature, ...] = ()
    """Their context takes the services of the workflow; what they work on is not its state."""
    is_verdict: bool = True
    """Of a choice: it says how sure it is."""
    is_open: bool = False
    """Of a choice: it may answer any text."""

    def with_vertex(self, **changes: object) -> "Settled":
        """Return the same with a changed vertex."""
        return self._replace(vertex=changed(self.vertex, changes))


class Work:
    """What a mention places in a graph."""

    __slots__ = ("_settle", "_settled", "fn", "is_numbered", "name", "states")

    def __init__(
        self, name: str, fn: object, settle: Callable[[], Settled], *, is_numbered: bool = False
    ) -> None:
        """Take the name, the callable that makes two mentions of it one agent, and what settles it.

        `is_numbered`: the name is not the user's, so different works may share it.
        """
        self.name: str = name
        self.fn: object = fn
        self.is_numbered: bool = is_numbered
        self.states: tuple[type[BaseModel], ...] = ()
        """What `.on(...)` said that the state of the workflow will be."""
        self._settle: Callable[[], Settled] = settle
        self._settled: Settled | None = None

    @property
    def settled(self) -> Settled:
        """The vertex and all that belongs to it. Raises `InvalidAgent` when it cannot be made."""
        if self._settled is None:
            self._settled = self._settle()
        return self._settled

    def named(self, name: str) -> "Work":
        """Return this work under another name."""
        found = self._but(lambda settled: settled.with_vertex(name=name))
        found.name, found.is_numbered = name, False
        return found

    def undone(self, undo: Signature) -> "Work":
        """Return this work with a compensation."""

        def undoable(settled: Settled) -> Settled:
            binding = replace(settled.binding, undo=without_error(undo, "an undo"))
            found = settled.with_vertex(undo=qualname_of(undo.fn))
            return found._replace(binding=binding, checked=(*settled.checked, undo))

        return self._but(undoable)

    def told(self, options: Options) -> "Work":
        """Return this work with what the user says of it; what is not said stays."""

        def adjusted(settled: Settled) -> Settled:
            found = settled.with_vertex(**options.vertex)
            if options.limit is None:
                return found
            return found._replace(binding=replace(found.binding, limit=options.limit))

        return self if options == NOTHING else self._but(adjusted)

    def on(self, state: type[BaseModel]) -> "Work":
        """Return this work for a workflow whose state is `state`, or extends it."""
        found = self._but(lambda settled: settled)
        found.states = (*self.states, state)
        return found

    def _but(self, change: Callable[[Settled], Settled]) -> "Work":
        """Return a work that is changed when it is settled, and else the same."""
        found = Work(self.name, self.fn, lambda: change(self.settled), is_numbered=self.is_numbered)
        found.states = self.states
        return found


def identity(fn: object) -> Hashable:
    """Return what two mentions of the same callable share; a method is new at each mention."""
    if isinstance(fn, MethodType):
        return id(fn.__self__), id(fn.__func__)
    return id(fn)


def without_error(signature: Signature, what: str) -> Body:
    """Return the body of a callable that is no handler. Raises `InvalidAgent` when it wants an error."""
    body = signature.body
    if body.wants == "error":
        why = f"{signature.name or 'a function'!r} wants an error, and {what} is given none"
        fix = "take the state, or the state and the context: `(s: Ticket, ctx: Ctx)`"
        raise signature.fault(why, fix)
    return body
