"""What a workflow is: a frozen directed graph of plain data; not what its agents do.

Rules of this file:

1. Names, numbers and tuples only. The callables live beside the graph, under the
   names of its vertices, so a graph can be hashed, stored, drawn and compared.
2. A graph is not checked here: it may be faulty, and `agentgraph.verify` says how.
3. Every vertex has one entry place, but a join has one for each way in.
"""

from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal

from agentgraph.errors import Finding, Kinds, Place, catches, is_repeatable
from agentgraph.graph.content import digest_of

WorkKind = Literal["node", "classifier", "human", "form", "consensus", "each", "subgraph"]
VertexKind = Literal["start", "end", WorkKind, "gateway", "join"]
RegionKind = Literal["catch", "loop", "quorum"]
RequirementKind = Literal["always_before", "never_together", "at_most"]

START = "START"
END = "END"
CHOICES: frozenset[VertexKind] = frozenset({"classifier", "human", "consensus"})
"""The kinds of vertex that send their token along one labelled edge."""


@dataclass(frozen=True, slots=True)
class Policy:
    """How one attempt of an agent is limited and repeated. Times are in seconds."""

    attempts: int = 1
    retry_on: tuple[str, ...] | None = None
    """Qualified names of exceptions; None: all but programming errors."""
    first_s: float = 0.5
    cap_s: float = 30.0
    timeout_s: float | None = None
    in_thread: bool = False

    def repeats(self, attempt: int, kinds: Kinds) -> bool:
        """Say whether an error of these classes, in this attempt, is followed by another attempt."""
        if attempt >= self.attempts:
            return False
        if self.retry_on is None:
            return all(is_repeatable(each) for each in kinds)
        return catches(self.retry_on, kinds)


@dataclass(frozen=True, slots=True)
class Bound:
    """How many tokens may reach the entry of a vertex; the next one goes to `then`.

    Without `then` the run ends `exhausted`. A token that enters the region `loop`
    from outside sets the count back to nothing; without `loop` nothing does.
    """

    at_most: int
    then: str | None = None
    loop: str | None = None


@dataclass(frozen=True, slots=True)
class Access:
    """What the callables of a vertex do with the fields of the state, by their source."""

    reads: tuple[str, ...] = ()
    """Read by every attempt that succeeds, before it writes them itself."""
    writes: tuple[str, ...] = ()
    """Written by every attempt that succeeds."""
    may_read: tuple[str, ...] = ()
    may_write: tuple[str, ...] = ()
    """Written by some attempts only."""
    is_whole: bool = True
    """Nothing beside these is touched."""


@dataclass(frozen=True, slots=True)
class Vertex:
    """A place where something happens to a token; what it is depends on `kind`."""

    name: str
    kind: VertexKind = "node"
    agent: str = ""
    """`module:qualname` of the callable, for people; never imported."""
    doc: str = ""
    place: Place | None = field(default=None, compare=False)
    version: int = 1
    policy: Policy = Policy()
    bound: Bound | None = None
    undo: str = ""
    """`module:qualname` of the compensation, empty when there is none."""
    reads: tuple[str, ...] | None = None
    """The fields that the user says it reads; None: nothing is said."""
    writes: tuple[str, ...] | None = None
    labels: tuple[str, ...] = ()
    """The closed set of labels that a choice may answer; empty when it is open."""
    abstains: bool = False
    """The choice may answer nothing: its annotation says so, or a low confidence may."""
    at_least: float = 0.0
    need: int | None = None
    """Of a join: how many ways in are enough (None: all). Of a consensus: the votes needed."""
    voters: tuple[str, ...] = ()
    limit: int = 1
    """Of an `each`: how many items are under way at once."""
    collect: bool = False
    """Of an `each`: a failed item becomes a value instead of failing the vertex."""
    child: "FrozenGraph | None" = None
    """The graph that runs inside: of a subgraph, or for each item of an `each`."""
    effects: bool = False
    """The user says that it leaves something behind outside the run."""
    access: Access | None = field(default=None, compare=False)
    """What its source says that it reads and writes; None: the source cannot be read."""


@dataclass(frozen=True, slots=True)
class Edge:
    """A way from one vertex to the next; `label` or `unsure` makes it conditional.

    Edges are ordered: the order of the edges into a join is the order of its places,
    and the order of the edges out of a fork is the declared order of the branches.
    """

    source: str
    target: str
    label: str | None = None
    unsure: bool = False
    place: Place | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class Region:
    """Vertices that one token enters and one token leaves.

    A `catch` has the exceptions it names in `catches` and its handler as `target`,
    a `quorum` has its join as `target`, a `loop` has none.
    """

    name: str
    kind: RegionKind
    members: tuple[str, ...]
    target: str | None = None
    catches: tuple[str, ...] = ()
    place: Place | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class Requirement:
    """What the user wants to hold in every run; vertices go by their paths (`support/review`)."""

    kind: RequirementKind
    names: tuple[str, ...]
    number: int = 0
    place: Place | None = field(default=None, compare=False)

    def __str__(self) -> str:
        parts = [str(self.number)] if self.kind == "at_most" else []
        return f"{self.kind}({', '.join([*parts, *map(repr, self.names)])})"


@dataclass(frozen=True)
class FrozenGraph:
    """An explicit directed graph: vertices, ordered edges, regions, and the state it works on."""

    name: str
    vertices: tuple[Vertex, ...]
    edges: tuple[Edge, ...]
    regions: tuple[Region, ...] = ()
    version: int = 1
    state: str = ""
    """`module:qualname` of the state class, for people; never imported."""
    schema: str = ""
    """A digest of the fields of the state, their types and reducers."""
    fields: tuple[str, ...] = ()
    """The names of the state's fields."""
    unset: tuple[str, ...] = ()
    """Those of them that have no value before a node writes one."""
    reduced: tuple[str, ...] = ()
    """Those of them that have a reducer."""
    place: Place | None = field(default=None, compare=False)
    types: tuple[str, ...] = ()
    """What each field of the state declares: its type, its reducer, whether it is needed."""
    requirements: tuple[Requirement, ...] = ()
    """What must hold in every run."""
    noted: tuple[Finding, ...] = field(default=(), compare=False)
    """What was found in the sources of its callables; but for proved errors, which stop a build."""

    def __hash__(self) -> int:
        return hash(self.digest)

    @cached_property
    def vertex(self) -> dict[str, Vertex]:
        """The vertices by name; of two that share a name, the first."""
        found: dict[str, Vertex] = {}
        for vertex in self.vertices:
            found.setdefault(vertex.name, vertex)
        return found

    @cached_property
    def outs(self) -> dict[str, tuple[Edge, ...]]:
        """The edges that leave each vertex, in declared order."""
        return self._grouped([edge.source for edge in self.edges])

    @cached_property
    def ins(self) -> dict[str, tuple[Edge, ...]]:
        """The edges that reach each vertex, in declared order."""
        return self._grouped([edge.target for edge in self.edges])

    @cached_property
    def digest(self) -> str:
        """A SHA-256 of the content, in hex; places and docstrings do not count."""
        return digest_of(self)

    def _grouped(self, keys: list[str]) -> dict[str, tuple[Edge, ...]]:
        groups: dict[str, list[Edge]] = {vertex.name: [] for vertex in self.vertices}
        for key, edge in zip(keys, self.edges, strict=True):
            if key in groups:
                groups[key].append(edge)
        return {name: tuple(edges) for name, edges in groups.items()}
