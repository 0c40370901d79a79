"""What a mention places in a graph: a vertex with its binding; not where it is placed.

Rules of this file:

1. A work is made where the user writes it and settled when the workflow is compiled, so
   that an annotation may name what is defined later.
2. A work is settled once, however often it is mentioned.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Hashable, Mapping
from dataclasses import fields, replace
from operator import attrgetter
from types import MethodType
from typing import Final, NamedTuple

from pydantic import BaseModel

from agentgraph.errors import InvalidAgent
from agentgraph.graph import Policy, Vertex
from agentgraph.runtime.program import Binding, Body
from agentgraph.workflow.signature import Signature, qualname_of

Answer = Mapping[object, str]
PLAIN: Final = Policy()
"""One attempt, without a limit of time."""


class Options(NamedTuple):
    """What a node is told beside its callable."""

    version: int = 1
    policy: Policy = PLAIN
    limit: int | None = None
    reads: tuple[str, ...] | None = None
    writes: tuple[str, ...] | None = None
    effects: bool = False


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


class Work(ABC):
    """What a mention places in a graph."""

    __slots__ = ("_settled", "fn", "is_numbered", "name", "owner", "states")

    def __init__(
        self,
        name: str,
        fn: object,
        *,
        owner: Hashable = None,
        is_numbered: bool = False,
        states: tuple[type[BaseModel], ...] = (),
    ) -> None:
        """Take the name, and the callable that makes two mentions of that name one agent.

        `is_numbered`: the name is not the user's, so different works may share it.
        `states`: what `.on(...)` said that the state of the workflow will be.
        """
        self.name: str = name
        self.fn: object = fn
        self.owner: Hashable = identity(fn) if owner is None else owner
        self.is_numbered: bool = is_numbered
        self.states: tuple[type[BaseModel], ...] = states
        self._settled: Settled | None = None

    @property
    def settled(self) -> Settled:
        """The vertex and all that belongs to it. Raises `InvalidAgent` when it cannot be made."""
        if self._settled is None:
            self._settled = self.settle()
        return self._settled

    @abstractmethod
    def settle(self) -> Settled:
        """Make the vertex; asked once."""

    def named(self, name: str) -> "Work":
        """Return this work under another name."""
        return Made(
            name,
            self.fn,
            lambda: self.settled.with_vertex(name=name),
            owner=self.owner,
            states=self.states,
        )

    def undone(self, undo: Signature) -> "Work":
        """Return this work with a compensation."""

        def undoable() -> Settled:
            settled = self.settled.with_vertex(undo=qualname_of(undo.fn))
            return settled._replace(
                binding=replace(settled.binding, undo=without_error(undo, "an undo")),
                checked=(*settled.checked, undo),
            )

        return self._with(undoable, self.states)

    def told(self, options: Options) -> "Work":
        """Return this work with what the builder says of it; what it does not say stays."""
        if options == NOTHING:
            return self

        def adjusted() -> Settled:
            vertex, binding = self.settled.vertex, self.settled.binding
            settled = self.settled.with_vertex(
                version=vertex.version if options.version == 1 else options.version,
                policy=vertex.policy if options.policy == PLAIN else options.policy,
                reads=vertex.reads if options.reads is None else options.reads,
                writes=vertex.writes if options.writes is None else options.writes,
                effects=vertex.effects or options.effects,
            )
            limit = binding.limit if options.limit is None else options.limit
            return settled._replace(binding=replace(binding, limit=limit))

        return self._with(adjusted, self.states)

    def on(self, state: type[BaseModel]) -> "Work":
        """Return this work for a workflow whose state is `state`, or extends it."""
        return self._with(lambda: self.settled, (*self.states, state))

    def _with(self, maker: Callable[[], Settled], states: tuple[type[BaseModel], ...]) -> "Work":
        return Made(
            self.name, self.fn, maker, owner=self.owner, is_numbered=self.is_numbered, states=states
        )


class Made(Work):
    """A work that a function settles."""

    __slots__ = ("_maker",)

    def __init__(
        self,
        name: str,
        fn: object,
        maker: Callable[[], Settled],
        *,
        owner: Hashable = None,
        is_numbered: bool = False,
        states: tuple[type[BaseModel], ...] = (),
    ) -> None:
        """Take what every work has, and the function."""
        super().__init__(name, fn, owner=owner, is_numbered=is_numbered, states=states)
        self._maker = maker

    def settle(self) -> Settled:
        """Ask the function."""
        return self._maker()


def identity(fn: object) -> Hashable:
    """Return what two mentions of the same callable share; a method is new at each mention."""
    if isinstance(fn, MethodType):
        return id(fn.__self__), id(fn.__func__)
    return id(fn)


def without_error(signature: Signature, what: str) -> Body:
    """Return the body of a callable that is no handler. Raises `InvalidAgent` when it wants an error."""
    body = signature.body
    if body.wants == "error":
        raise InvalidAgent(
            f"{signature.name or 'a function'!r} wants an error, and {what} is given none",
            where=signature.where,
            fix="take the state, or the state and the context: `(s: Ticket, ctx: Ctx)`",
        )
    return body
