"""What a run tells while it goes on; made only when somebody listens.

The union `Event` is closed and its members are final, so that `match` over it is
checked. They tell; they decide nothing: what the machine is fed is `agentgraph.machine`.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from typing import Any, Final, Generic, TypeAlias, final

from agentgraph.events.result import Result, S


@final
@dataclass(frozen=True, slots=True)
class RunStarted(Generic[S]):
    """A run begins with this state."""

    state: S


@dataclass(frozen=True, slots=True)
class _OfNode:
    """An event of a node, by the path of it."""

    node: str


@final
@dataclass(frozen=True, slots=True)
class NodeStarted(_OfNode):
    """An attempt of a node begins."""

    attempt: int = 1
    visit: int = 1


@final
@dataclass(frozen=True, slots=True)
class NodeDone(_OfNode):
    """A node succeeded; `changed` are the fields that it wrote, with their new values."""

    changed: Mapping[str, object]
    attempt: int = 1
    visit: int = 1


@final
@dataclass(frozen=True, slots=True)
class NodeFailed(_OfNode):
    """An attempt of a node failed; whether it is repeated shows in what follows."""

    error: Exception
    attempt: int = 1
    visit: int = 1


@final
@dataclass(frozen=True, slots=True)
class NodeStopped(_OfNode):
    """An attempt was cancelled: it lost a race, or what it stood in was taken down."""

    attempt: int = 1
    visit: int = 1


@final
@dataclass(frozen=True, slots=True)
class UndoStarted(_OfNode):
    """What undoes a visit of a node begins: the visit was completed, and something failed later."""

    visit: int = 1


@final
@dataclass(frozen=True, slots=True)
class UndoDone(_OfNode):
    """A visit of a node is undone; `changed` are the fields that its undo wrote."""

    changed: Mapping[str, object]
    visit: int = 1


@final
@dataclass(frozen=True, slots=True)
class UndoFailed(_OfNode):
    """An undo failed and changed nothing; those after it go on."""

    error: Exception
    visit: int = 1


@final
@dataclass(frozen=True, slots=True)
class Decided:
    """A classifier, a voter, a consensus or a person chose; None is an abstention."""

    classifier: str
    label: str | None
    confidence: float = 1.0


@final
@dataclass(frozen=True, slots=True)
class Emitted(_OfNode):
    """A node told something of its own (`ctx.emit`); it is never unsaid."""

    value: object
    attempt: int = 1


@final
@dataclass(frozen=True, slots=True)
class Asked:
    """A question is open; `id` addresses an answer to it."""

    question: str
    id: str
    show: object


@final
@dataclass(frozen=True, slots=True)
class Charged(_OfNode):
    """A node used tokens or dollars (`ctx.spend`); `usd` None: it does not know how many."""

    tokens: int = 0
    usd: float | None = None


@final
@dataclass(frozen=True, slots=True)
class CostUnknown(_OfNode):
    """A node spent money and could not say how much; told once, since no later cost is known."""


@final
@dataclass(frozen=True, slots=True)
class Missed:
    """A slow reader missed this many events: the run did not wait for it."""

    count: int


@final
@dataclass(frozen=True, slots=True)
class RunEnded(Generic[S]):
    """The run has paused or ended."""

    result: Result[S]


OfRun: TypeAlias = RunStarted[S] | RunEnded[S] | Missed
OfNode: TypeAlias = NodeStarted | NodeDone | NodeFailed | NodeStopped
OfUndo: TypeAlias = UndoStarted | UndoDone | UndoFailed
OfAgent: TypeAlias = Emitted | Charged | CostUnknown
OfChoice: TypeAlias = Decided | Asked
Event: TypeAlias = OfRun[S] | OfNode | OfUndo | OfAgent | OfChoice
"""All that a run tells, grouped by what it is about."""


# A frozen dataclass writes its fields by `object.__setattr__`, which is half of what an event
# costs. These three are made in each step that somebody follows, so they go past it.
_new: Final[Callable[[type[object]], Any]] = object.__new__


def _maker(kind: type[Any]) -> Callable[..., Any]:
    """Return what makes an event of three or four fields the short way."""
    first, second, third, *more = (getattr(kind, slot.name).__set__ for slot in fields(kind))

    def make(one: str, two: object, three: object, four: object = None) -> Any:
        event = _new(kind)
        first(event, one)
        second(event, two)
        third(event, three)
        if more:
            more[0](event, four)
        return event

    return make


node_started: Final[Callable[[str, int, int], NodeStarted]] = _maker(NodeStarted)
decided: Final[Callable[[str, str | None, float], Decided]] = _maker(Decided)
node_done: Final[Callable[[str, Mapping[str, object], int, int], NodeDone]] = _maker(NodeDone)
