"""What a run tells while it goes on; made only when somebody listens.

The union `Event` is closed and its members are final, so that `match` over it is
checked. They tell; they decide nothing: what the machine is fed is `agentgraph.machine`.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, Generic, TypeAlias, final

from agentgraph.events.result import Result, S


@final
@dataclass(frozen=True, slots=True)
class RunStarted(Generic[S]):
    """A run begins with this state."""

    state: S


@final
@dataclass(frozen=True, slots=True)
class NodeStarted:
    """An attempt of a node begins."""

    node: str
    attempt: int = 1
    visit: int = 1


@final
@dataclass(frozen=True, slots=True)
class NodeDone:
    """A node succeeded; `changed` are the fields that it wrote, with their new values."""

    node: str
    changed: Mapping[str, object]
    attempt: int = 1
    visit: int = 1


@final
@dataclass(frozen=True, slots=True)
class NodeFailed:
    """An attempt of a node failed; whether it is repeated shows in what follows."""

    node: str
    error: Exception
    attempt: int = 1
    visit: int = 1


@final
@dataclass(frozen=True, slots=True)
class NodeStopped:
    """An attempt was cancelled: it lost a race, or what it stood in was taken down."""

    node: str
    attempt: int = 1
    visit: int = 1


@final
@dataclass(frozen=True, slots=True)
class UndoStarted:
    """What undoes a visit of a node begins: the visit was completed, and something failed later."""

    node: str
    visit: int = 1


@final
@dataclass(frozen=True, slots=True)
class UndoDone:
    """A visit of a node is undone; `changed` are the fields that its undo wrote."""

    node: str
    changed: Mapping[str, object]
    visit: int = 1


@final
@dataclass(frozen=True, slots=True)
class UndoFailed:
    """An undo failed and changed nothing; those after it go on."""

    node: str
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
class Emitted:
    """A node told something of its own (`ctx.emit`); it is never unsaid."""

    node: str
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
class Charged:
    """A node used tokens or dollars (`ctx.spend`); `usd` None: it does not know how many."""

    node: str
    tokens: int = 0
    usd: float | None = None


@final
@dataclass(frozen=True, slots=True)
class CostUnknown:
    """A node spent money and could not say how much; told once, since no later cost is known."""

    node: str


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


def _maker(kind: type[object]) -> Callable[[str, Any, Any], Any]:
    """Return what makes an event of three fields the short way."""
    first, second, third = (vars(kind)[name].__set__ for name in vars(kind)["__slots__"])

    def make(one: str, two: object, three: object) -> Any:
        event = _new(kind)
        first(event, one)
        second(event, two)
        third(event, three)
        return event

    return make


node_started: Final[Callable[[str, int, int], NodeStarted]] = _maker(NodeStarted)
decided: Final[Callable[[str, str | None, float], Decided]] = _maker(Decided)
_set_node, _set_changed, _set_attempt, _set_visit = (
    vars(NodeDone)[name].__set__ for name in NodeDone.__slots__
)


def node_done(node: str, changed: Mapping[str, object], attempt: int, visit: int) -> NodeDone:
    """Make a `NodeDone` the short way."""
    event = _new(NodeDone)
    _set_node(event, node)
    _set_changed(event, changed)
    _set_attempt(event, attempt)
    _set_visit(event, visit)
    return event  # type: ignore[no-any-return]  # a `cast` would be a call
