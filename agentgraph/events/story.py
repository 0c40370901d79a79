"""What a run tells while it goes on; made only when somebody listens.

The union `Event` is closed and its members are final, so that `match` over it is
checked. They tell; they decide nothing: what the machine is fed is `agentgraph.machine`.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, Generic, TypeAlias, final

from pydantic import BaseModel
from typing_extensions import TypeVar

from agentgraph.events.result import Result

S = TypeVar("S", bound=BaseModel)


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


Event: TypeAlias = (
    RunStarted[S]
    | NodeStarted
    | NodeDone
    | NodeFailed
    | NodeStopped
    | UndoStarted
    | UndoDone
    | UndoFailed
    | Decided
    | Emitted
    | Asked
    | Charged
    | CostUnknown
    | Missed
    | RunEnded[S]
)


# A frozen dataclass writes its fields by `object.__setattr__`, which is half of what an event
# costs. These three are made in each step that somebody follows, so they go past it.
_new: Final[Callable[[type[object]], Any]] = object.__new__
_started = tuple(vars(NodeStarted)[name].__set__ for name in NodeStarted.__slots__)
_done = tuple(vars(NodeDone)[name].__set__ for name in NodeDone.__slots__)
_decided = tuple(vars(Decided)[name].__set__ for name in Decided.__slots__)
_set_started_node, _set_started_attempt, _set_started_visit = _started
_set_done_node, _set_changed, _set_done_attempt, _set_done_visit = _done
_set_classifier, _set_label, _set_confidence = _decided


def node_started(node: str, attempt: int, visit: int) -> NodeStarted:
    """Make a `NodeStarted` the short way."""
    event = _new(NodeStarted)
    _set_started_node(event, node)
    _set_started_attempt(event, attempt)
    _set_started_visit(event, visit)
    return event  # type: ignore[no-any-return]  # a `cast` would be a call


def node_done(node: str, changed: Mapping[str, object], attempt: int, visit: int) -> NodeDone:
    """Make a `NodeDone` the short way."""
    event = _new(NodeDone)
    _set_done_node(event, node)
    _set_changed(event, changed)
    _set_done_attempt(event, attempt)
    _set_done_visit(event, visit)
    return event  # type: ignore[no-any-return]  # a `cast` would be a call


def decided(classifier: str, label: str | None, confidence: float) -> Decided:
    """Make a `Decided` the short way."""
    event = _new(Decided)
    _set_classifier(event, classifier)
    _set_label(event, label)
    _set_confidence(event, confidence)
    return event  # type: ignore[no-any-return]  # a `cast` would be a call
