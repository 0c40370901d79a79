"""What `verify` answers, as data; not how it was found."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from agentgraph.errors import Finding
from agentgraph.graph import CHOICES, FrozenGraph, Vertex
from agentgraph.verify.facts import Facts


@dataclass(frozen=True, slots=True)
class Joined:
    """A join: what it waits for, and how many of these are enough."""

    path: str
    ways: tuple[str, ...]
    need: int


@dataclass(frozen=True, slots=True)
class Forked:
    """A vertex after which branches run in parallel, with the first vertex of each branch."""

    path: str
    branches: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Bounded:
    """A vertex that so many tokens may reach; the next one goes to `then`, or ends the run."""

    path: str
    at_most: int
    then: str | None


@dataclass(frozen=True, slots=True)
class Voted:
    """A consensus: who votes, and how many of these must agree."""

    path: str
    voters: tuple[str, ...]
    need: int


@dataclass(frozen=True, slots=True)
class Report:
    """All that was found out about one graph and the graphs inside it.

    `runs_at_most` counts what a budget counts as a step: each visit of a node, a classifier,
    a question or a form, each voter of a consensus, and one for the list of an `each`. It
    takes every bound as used up and every failure as late as it can be. Attempts, merges and
    compensations are not counted. No run passes it; it is exact where blocks nest, but for a
    count that is never set back (`max_visits`) inside another loop, which is counted as if it
    were, for a bound with a `then` at the first node of a `catch` flow, and where ways cross.
    It is None when the graph has errors, or an `each`, whose list only a run knows.
    """

    graph: str
    findings: tuple[Finding, ...]
    runs_at_most: int | None = None
    graphs: tuple[tuple[str, FrozenGraph], ...] = field(default=(), repr=False)
    """The graphs that were checked, each once, with the path in front of its names."""

    def _vertices(self) -> Iterator[tuple[str, FrozenGraph, Vertex]]:
        for prefix, graph in self.graphs:
            for vertex in graph.vertices:
                yield prefix, graph, vertex

    @property
    def joins(self) -> tuple[Joined, ...]:
        """All joins, with what each waits for."""
        return tuple(
            Joined(
                prefix + vertex.name,
                tuple(prefix + edge.source for edge in graph.ins[vertex.name]),
                vertex.need or len(graph.ins[vertex.name]),
            )
            for prefix, graph, vertex in self._vertices()
            if vertex.kind == "join"
        )

    @property
    def forks(self) -> tuple[Forked, ...]:
        """All vertices after which branches run in parallel."""
        return tuple(
            Forked(
                prefix + vertex.name,
                tuple(prefix + edge.target for edge in graph.outs[vertex.name]),
            )
            for prefix, graph, vertex in self._vertices()
            if vertex.kind not in CHOICES and len(graph.outs[vertex.name]) > 1
        )

    @property
    def bounds(self) -> tuple[Bounded, ...]:
        """All vertices with a bound, and where it leads."""
        return tuple(
            Bounded(
                prefix + vertex.name,
                vertex.bound.at_most,
                None if vertex.bound.then is None else prefix + vertex.bound.then,
            )
            for prefix, _, vertex in self._vertices()
            if vertex.bound is not None
        )

    @property
    def votes(self) -> tuple[Voted, ...]:
        """All decisions by vote."""
        return tuple(
            Voted(prefix + vertex.name, vertex.voters, vertex.need or len(vertex.voters))
            for prefix, _, vertex in self._vertices()
            if vertex.kind == "consensus"
        )

    @property
    def claims(self) -> dict[str, tuple[str, ...]]:
        """How it is known what each vertex reads and writes: `proved`, `declared` or `unknown`."""
        found: dict[str, list[str]] = {"proved": [], "declared": [], "unknown": []}
        for prefix, graph in self.graphs:
            for vertex, fact in zip(graph.vertices, Facts.found(graph).of, strict=True):
                if vertex.kind not in {"start", "end", "join", "gateway", "subgraph"}:
                    found[fact.claim or "unknown"].append(prefix + vertex.name)
        return {claim: tuple(names) for claim, names in found.items()}

    @property
    def errors(self) -> tuple[Finding, ...]:
        """The findings that stop a build."""
        return tuple(finding for finding in self.findings if finding.severity == "error")

    @property
    def ok(self) -> bool:
        """No finding is an error: the graph may be built."""
        return not self.errors
