"""What each vertex does with the fields of the state, as bits; no graph is walked here.

A vertex whose access is not known in full may write anything: nothing is concluded from what
it lacks. What it writes for certain is known all the same.
"""

from collections.abc import Iterable
from typing import NamedTuple

from agentgraph.errors import Claim
from agentgraph.graph import Access, FrozenGraph, Vertex

_IDLE = frozenset({"start", "end", "join", "gateway"})


class Fact(NamedTuple):
    """What one vertex does; bit n stands for field n of the graph."""

    claim: Claim | None = "proved"
    """How what it touches is known; None: it is not known in full."""
    reads: int = 0
    """What it reads before it writes it itself."""
    sure: int = 0
    """What its source writes whenever it succeeds."""
    some: int = 0
    """What it is known to write, be it for certain, sometimes, or by declaration."""


_NOTHING = Fact()


class Facts:
    """The facts of one graph, by the number of the vertex."""

    def __init__(self, fields: tuple[str, ...], of: list[Fact] | None = None) -> None:
        """Take the fields that the bits stand for, and the facts."""
        self.fields: tuple[str, ...] = fields
        self._bits: dict[str, int] = {name: 1 << at for at, name in enumerate(fields)}
        self.of: list[Fact] = of or []
        self.unset: int = 0
        self.reduced: int = 0

    @classmethod
    def found(cls, graph: FrozenGraph) -> "Facts":
        """Look at each vertex of a graph; most of them share what others have."""
        facts = cls(graph.fields)
        facts.unset, facts.reduced = facts.bits(graph.unset), facts.bits(graph.reduced)
        known: dict[int, Fact] = {}
        facts.of = [
            known.get(id(vertex.access)) or facts.fact(vertex, known) for vertex in graph.vertices
        ]
        return facts

    def bits(self, names: Iterable[str]) -> int:
        """The bits of these fields; a name that is no field has none."""
        found = 0
        for name in names:
            found |= self._bits.get(name, 0)
        return found

    def names(self, bits: int) -> list[str]:
        """The fields of these bits."""
        return [name for number, name in enumerate(self.fields) if bits >> number & 1]

    def fact(self, vertex: Vertex, known: dict[int, Fact]) -> Fact:
        """Look at one vertex; what others may share goes to `known`."""
        if vertex.kind in _IDLE:
            return _NOTHING
        access = vertex.access or Access()
        sure = self.bits(access.writes)
        some = sure | self.bits(access.may_write)
        # A person may send edits along with the answer.
        if vertex.access and vertex.kind != "human" and self._has_all(access):
            return known.setdefault(id(access), Fact("proved", self.bits(access.reads), sure, some))
        reads = self.bits(vertex.reads or ())
        if vertex.writes is None:
            return Fact(None, reads, sure, some)
        return Fact("declared", reads, sure, some | self.bits(vertex.writes))

    def _has_all(self, access: Access) -> bool:
        """Say whether nothing else is touched; a name that is no field is a method or a property."""
        named = access.reads + access.writes + access.may_read + access.may_write
        return access.is_whole and all(map(self._bits.__contains__, named))
