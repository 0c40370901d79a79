"""What no type checker sees of a workflow: states, services and field names that do not fit.

The common state of all parts is the workflow's, or a base of it; each service that a
node asks for is served by what `deps=` names.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import chain
from types import NoneType
from typing import Any, get_args, get_origin

from pydantic import BaseModel
from typing_extensions import get_protocol_members, is_protocol

from agentgraph.errors import Finding, Place, suggest
from agentgraph.graph import Vertex
from agentgraph.workflow.answering import judged
from agentgraph.workflow.effects import impure, repeated
from agentgraph.workflow.elsewhere import returned
from agentgraph.workflow.findings import found_at
from agentgraph.workflow.handing import misfits
from agentgraph.workflow.signature import Signature, options_of, place_of
from agentgraph.workflow.work import Settled


class Fitting:
    """Compares the parts of one workflow with its state and its services."""

    def __init__(
        self, state: type[BaseModel], deps: type[object] | None, *, is_inner: bool
    ) -> None:
        """Take what the workflow declares; the services of an inner one come from outside."""
        self._state = state
        self._deps = deps
        self._is_inner = is_inner
        self._known: set[tuple[int, int]] = set()
        self._looked_at: set[int] = set()
        self._fields = state.__pydantic_fields__
        finder = getattr(state, "__getattr__", None)
        self._finds_any = finder is not getattr(BaseModel, "__getattr__", None)
        """The state finds attributes by itself, so it may find any."""

    def is_new(self, vertex: Vertex, settled: Settled) -> bool:
        """Say whether there is anything to look at: most vertices share what others have."""
        is_said = vertex.reads is not None or vertex.writes is not None
        if vertex.kind != "node" or is_said or vertex.policy.attempts > 1:
            return True
        if id(settled.checked) in self._looked_at:
            return False
        self._looked_at.add(id(settled.checked))
        return True

    def of(
        self, vertex: Vertex, settled: Settled, narrowed: Sequence[type[BaseModel]]
    ) -> Iterator[Finding]:
        """Find what does not fit in one vertex."""
        for signature in settled.checked:
            yield from self._signature(vertex, signature)
        for signature in settled.served:
            yield from self._services(vertex, signature)
        if settled.binding.child is not None and settled.binding.child.deps is not None:
            yield from self._served(vertex, settled.binding.child.deps, f"node {vertex.name!r}")
        yield from self._declared(vertex)
        yield from misfits(vertex, settled, self._state)
        yield from self._answers(vertex, settled)
        for signature in (*settled.checked[:1], *settled.served):
            yield from repeated(vertex, signature)
        if vertex.at_least > 0 and not settled.is_verdict:
            what = f"`at_least` asks how sure {vertex.name!r} is, and it answers a bare label"
            fix = "let it return a verdict: `-> Verdict[Kind]`, or leave `at_least` out"
            yield found_at(vertex, "AG121", what, fix)
        for state in narrowed:
            yield from self.narrowed(state, vertex.place)
            for signature in settled.checked:
                yield from _takes(vertex, signature, state, "the state given to `.on`")

    def _answers(self, vertex: Vertex, settled: Settled) -> Iterator[Finding]:
        if vertex.kind not in {"classifier", "consensus"}:
            return
        labels = {} if settled.is_open else settled.binding.labels or {}
        # A voter that gives no answer is a vote for nothing.
        abstains = vertex.abstains or vertex.kind == "consensus"
        for signature in settled.checked:
            yield from judged(vertex, signature, labels, self._state, abstains=abstains)
            yield from impure(vertex, signature)

    def narrowed(self, state: type[BaseModel], place: Place | None) -> Iterator[Finding]:
        """Find a state given to `.on` that the workflow's does not extend."""
        if not issubclass(self._state, state):
            yield Finding(
                "AG120",
                f"`.on({state.__name__})` stands in a workflow of {self._state.__name__}, "
                f"which does not extend it",
                where=f"workflow of {self._state.__name__}",
                fix=f"write `.on({self._state.__name__})`",
                place=place,
            )

    def _signature(self, vertex: Vertex, signature: Signature) -> Iterator[Finding]:
        # The same function in many vertices is looked at once.
        key = (id(signature.source), id(signature.second))
        if key in self._known:
            return
        self._known.add(key)
        signature.read_again()
        yield from _takes(vertex, signature, self._state, "the state of the workflow")
        yield from _gives(vertex, signature)
        yield from self._services(vertex, signature)
        yield from self._mentions(vertex, signature)

    def _mentions(self, vertex: Vertex, signature: Signature) -> Iterator[Finding]:
        """Find fields that the source names and the state does not have."""
        known, told = signature.known, set[str]()
        if known is None or self._finds_any:
            return
        for name, verb, line, _ in known.mentions:
            if name in told or name in self._fields or hasattr(self._state, name):
                continue
            told.add(name)
            found = self._lacking(vertex, name, verb)
            yield replace(found, claim="proved", place=signature.at(line))

    def _lacking(self, vertex: Vertex, name: str, verb: str, where: str = "") -> Finding:
        fields = self._fields
        what = f"{vertex.name!r} {verb} {name!r}, and {self._state.__name__} has no such field"
        fix = suggest(name, fields, f"its fields are {', '.join(fields)}")
        return replace(found_at(vertex, "AG403", what, fix, where), claim="declared")

    def _services(self, vertex: Vertex, signature: Signature) -> Iterator[Finding]:
        if signature.has_second and signature.body.wants == "ctx":
            for needed in _services_of(signature.second):
                yield from self._served(vertex, needed, signature.shown)

    def _served(self, vertex: Vertex, needed: type[object], where: str) -> Iterator[Finding]:
        if self._is_inner or (self._deps is not None and _serves(self._deps, needed)):
            return
        given = "no services" if self._deps is None else repr(self._deps.__name__)
        name = needed.__name__
        what = f"{vertex.name!r} wants the services {name!r}, and the workflow has {given}"
        fix = f"declare what serves it: `workflow(..., deps={name})`"
        yield found_at(vertex, "AG121", what, fix, where)

    def _declared(self, vertex: Vertex) -> Iterator[Finding]:
        for verb, names in (("reads", vertex.reads), ("writes", vertex.writes)):
            for name in names or ():
                if name not in self._fields:
                    where = f"{verb}= of {vertex.name!r}"
                    yield self._lacking(vertex, name, f"says that it {verb}", where)


def without_cause(vertex: Vertex) -> Finding:
    """Say that a handler stands where no error can come."""
    what = f"{vertex.name!r} wants an error, and no catch leads to it"
    fix = "hand it to a catch: `.catch(ConnectionError, handler)`, or take the state alone"
    return found_at(vertex, "AG121", what, fix)


def _takes(
    vertex: Vertex, signature: Signature, state: type[BaseModel], what: str
) -> Iterator[Finding]:
    wanted = signature.state
    # `Any` is a class too, which nothing derives from.
    if (
        isinstance(wanted, type)
        and wanted is not Any
        and not is_protocol(wanted)
        and not issubclass(state, wanted)
    ):
        fix = (
            f"write it for {state.__name__} or a base of it, or let a workflow of "
            f"{wanted.__name__} run inside: `.as_node(enter=..., leave=...)`"
        )
        what = f"{vertex.name!r} works on {wanted.__name__}, and {what} is {state.__name__}"
        yield found_at(vertex, "AG120", what, fix, signature.shown)


def _gives(vertex: Vertex, signature: Signature) -> Iterator[Finding]:
    found = returned(signature) if vertex.kind == "node" else None
    if found is None:
        return
    value, line = found
    what = f"{vertex.name!r} returns {value}, and a node edits its state instead"
    fix = "assign to the fields of the state, `s.field = value`, and return nothing: `-> None`"
    place = place_of(signature.fn) if line is None else signature.at(line)
    yield Finding("AG121", what, signature.shown, fix, place)


def _services_of(hint: object) -> Iterable[type[object]]:
    """Return what a context must serve: the X of `Ctx[X]`."""
    for needed in chain.from_iterable(map(get_args, options_of(hint))):
        bare = get_origin(needed) or needed
        if isinstance(bare, type) and bare not in {object, NoneType}:
            yield bare


def _serves(deps: type[object], needed: type[object]) -> bool:
    if not is_protocol(needed):
        return issubclass(deps, needed)
    annotated = {name for kind in deps.__mro__ for name in getattr(kind, "__annotations__", ())}
    asked = (name for name in get_protocol_members(needed) if not name.startswith("_"))
    return all(hasattr(deps, name) or name in annotated for name in asked)
