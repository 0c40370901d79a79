"""A graph while it is being put together, with numbers for names; not how it is written.

Flows and the builder both draw a sketch. What comes after (names, places, checks) is the
same for both.
"""

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Final, Literal, NamedTuple, TypeAlias

from agentgraph.errors import Finding
from agentgraph.graph import RegionKind
from agentgraph.workflow.places import Spot
from agentgraph.workflow.work import Answer, Work

if TYPE_CHECKING:
    from pydantic import BaseModel

START: Final = 0
END: Final = 1
Gate = Literal["start", "end", "fork", "meet", "join"]
"""What a dot without a work is: a gateway that forks, one where alternatives meet, a join."""


class Exit(NamedTuple):
    """A way out of a dot that leads nowhere yet."""

    source: int
    label: str | None = None
    unsure: bool = False
    spot: Spot | None = None


Way: TypeAlias = "tuple[int, int, str | None, bool, Spot | None]"
"""An edge of a sketch: source, target, label, whether it is the way of `unsure`, where it stands.

A plain tuple: there are as many as a graph has edges, and the garbage collector lets go
of a tuple of atoms as it does of nothing else.
"""


class Limit:
    """A bound of a dot; `then` is a dot."""

    __slots__ = ("at_most", "loop", "then")

    def __init__(self, at_most: int, loop: "Area | None" = None, then: int | None = None) -> None:
        """Take how many tokens may come, and what they are counted for."""
        self.at_most: int = at_most
        self.loop: Area | None = loop
        self.then: int | None = then


class Dot:
    """A vertex of a sketch."""

    __slots__ = ("answers", "at_least", "before", "gate", "limit", "need", "spot", "unsure", "work")

    def __init__(self, gate: Gate | None, work: Work | None, spot: Spot | None) -> None:
        """Take what it is: a gate or a work."""
        self.gate: Gate | None = gate
        self.work: Work | None = work
        self.spot: Spot | None = spot
        self.limit: Limit | None = None
        self.need: int | None = None
        self.at_least: float = 0.0
        self.answers: Answer | None = None
        """Of a choice: the answers that its edges name, as the user wrote them."""
        self.before: int | None = None
        """The dot in front of which this one was put later."""


class Area:
    """A region of a sketch: the dots inside, and `more` that were put there later."""

    __slots__ = ("dots", "errors", "kind", "more", "spot", "target")

    def __init__(
        self,
        kind: RegionKind,
        spot: Spot | None,
        dots: Sequence[int],
        target: int | None = None,
        errors: tuple[type[Exception], ...] = (),
    ) -> None:
        """Take the kind, the dots inside, where it leads, and the errors of a catch."""
        self.kind: RegionKind = kind
        self.spot: Spot | None = spot
        self.dots: Sequence[int] = dots
        """Those that were drawn while the region was: a range; of a builder one by one."""
        self.more: list[int] = []
        self.target: int | None = target
        self.errors: tuple[type[Exception], ...] = errors

    def members(self) -> list[int]:
        """Return the dots inside."""
        return [*self.dots, *self.more]


class Sketch:
    """Dots, the ways between them, and areas around them."""

    __slots__ = ("areas", "dots", "findings", "narrowed", "ways")

    def __init__(self) -> None:
        """Begin with START and END."""
        self.dots: list[Dot] = [Dot("start", None, None), Dot("end", None, None)]
        self.ways: list[Way] = []
        self.areas: list[Area] = []
        self.narrowed: list[tuple[type[BaseModel], Spot | None]] = []
        """What `.on(...)` said that the state of the workflow will be, and where."""
        self.findings: list[Finding] = []
        """What was found while it was drawn."""

    def copy(self) -> "Sketch":
        """Return another sketch of the same, to which more can be added."""
        found = Sketch()
        found.dots, found.ways, found.areas = self.dots[:], self.ways[:], self.areas[:]
        found.narrowed, found.findings = self.narrowed[:], self.findings[:]
        return found

    def add(
        self, gate: Gate | None, work: Work | None, exits: Iterable[Exit], spot: Spot | None
    ) -> int:
        """Add a dot that open ends lead into, and return its number."""
        dot = len(self.dots)
        self.dots.append(Dot(gate, work, spot))
        self.connect(exits, dot, spot)
        return dot

    def met(self, exits: list[Exit], spot: Spot | None) -> list[Exit]:
        """Let alternatives meet: a join has a place for each way in, and they share one."""
        return exits if len(exits) < 2 else [Exit(self.add("meet", None, exits, spot))]

    def connect(self, exits: Iterable[Exit], target: int, spot: Spot | None) -> None:
        """Lead open ends to a dot."""
        self.ways += [
            (source, target, label, unsure, where or spot) for source, label, unsure, where in exits
        ]
