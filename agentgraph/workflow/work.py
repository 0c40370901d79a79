"""What a mention places in a graph: a vertex with its binding; not where it is placed.

Rules of this file:

1. A work is made where the user writes it and settled when the workflow is compiled, so
   that an annotation may name what is defined later.
2. A work is settled once, however often it is mentioned.
"""

from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass, replace
from types import MethodType
from typing import Final

from pydantic import BaseModel

from agentgraph.errors import InvalidAgent
from agentgraph.graph import Policy, Vertex
from agentgraph.runtime.program import Binding, Body
from agentgraph.workflow.signature import Signature, qualname_of

Answer = Mapping[object, str]
PLAIN: Final = Policy()
"""One attempt, without a limit of time."""


@dataclass(frozen=True, slots=True)
class Options:
    """What a node is told beside its callable."""

    name: str | None = None
    version: int = 1
    policy: Policy = PLAIN
    limit: int | None = None
    reads: tuple[str, ...] | None = None
    writes: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class Settled:
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


class Work:
    """What a mention places in a graph."""

    __slots__ = ("_settle", "_settled", "fn", "is_numbered", "name", "owner", "states")

    def __init__(
        self,
        name: str,
        fn: object,
        settle: Callable[[], Settled],
        *,
        owner: Hashable = None,
        is_numbered: bool = False,
        states: tuple[type[BaseModel], ...] = (),
    ) -> None:
        """Take the name, and the callable that makes two mentions of that name one agent.

        `is_numbered`: the name is not the user's, so different works may share it.
        `states`: what `.on(...)` said that the state of the workflow will be.
        """
        self.name = name
        self.fn = fn
        self.owner: Hashable = identity(fn) if owner is None else owner
        self.is_numbered = is_numbered
        self.states = states
        self._settle = settle
        self._settled: Settled | None = None

    @property
    def settled(self) -> Settled:
        """The vertex and all that belongs to it. Raises `InvalidAgent` when it cannot be made."""
        if self._settled is None:
            self._settled = self._settle()
        return self._settled

    def named(self, name: str) -> "Work":
        """Return this work under another name."""

        def renamed() -> Settled:
            settled = self.settled
            return replace(settled, vertex=replace(settled.vertex, name=name))

        return Work(name, self.fn, renamed, owner=self.owner, states=self.states)

    def undone(self, undo: Signature) -> "Work":
        """Return this work with a compensation."""

        def undoable() -> Settled:
            settled = self.settled
            return replace(
                settled,
                vertex=replace(settled.vertex, undo=qualname_of(undo.fn)),
                binding=replace(settled.binding, undo=without_error(undo, "an undo")),
                checked=(*settled.checked, undo),
            )

        return self._like(undoable, self.states)

    def told(self, options: Options) -> "Work":
        """Return this work with what the builder says of it; what it does not say stays."""
        work = self if options.name is None else self.named(options.name)
        if options == Options(options.name):
            return work

        def changed() -> Settled:
            settled = work.settled
            vertex, binding = settled.vertex, settled.binding
            return replace(
                settled,
                vertex=replace(
                    vertex,
                    policy=vertex.policy if options.policy == PLAIN else options.policy,
                    reads=vertex.reads if options.reads is None else options.reads,
                    writes=vertex.writes if options.writes is None else options.writes,
                ),
                binding=replace(
                    binding, limit=binding.limit if options.limit is None else options.limit
                ),
            )

        return Work(work.name, work.fn, changed, owner=work.owner, states=work.states)

    def on(self, state: type[BaseModel]) -> "Work":
        """Return this work for a workflow whose state is `state`, or extends it."""
        return self._like(lambda: self.settled, (*self.states, state))

    def _like(self, settle: Callable[[], Settled], states: tuple[type[BaseModel], ...]) -> "Work":
        return Work(
            self.name,
            self.fn,
            settle,
            owner=self.owner,
            is_numbered=self.is_numbered,
            states=states,
        )


def identity(fn: object) -> Hashable:
    """Return what two mentions of the same callable share; a method is new at each mention."""
    if isinstance(fn, MethodType):
        return id(fn.__self__), id(fn.__func__)
    return id(fn)


def without_error(signature: Signature, what: str) -> Body:
    """Return the body of a callable that is no handler. Raises `InvalidAgent` when it wants an error."""
    body = signature.body()
    if body.wants == "error":
        raise InvalidAgent(
            f"{signature.name or 'a function'!r} wants an error, and {what} is given none",
            where=signature.where,
            fix="take the state, or the state and the context: `(s: Ticket, ctx: Ctx)`",
        )
    return body


def first_line(doc: object) -> str:
    """Return the first paragraph of a docstring, in one line: what a drawing shows."""
    if not isinstance(doc, str):
        return ""
    return " ".join(doc.strip().partition("\n\n")[0].split())
