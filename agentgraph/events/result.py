"""How a run stands or how it ended; not what happened on the way (`story`)."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Generic, Literal, TypeAlias

from pydantic import BaseModel
from typing_extensions import TypeVar

S = TypeVar("S", bound=BaseModel)

Status: TypeAlias = Literal["running", "paused", "done", "failed", "cancelled", "exhausted"]
Answer: TypeAlias = Literal["paused", "done", "failed", "cancelled", "exhausted"]


@dataclass(frozen=True, slots=True)
class Usage:
    """What a run has used: steps of agents and classifiers, tokens, dollars.

    `usd` is None when some cost is unknown; unknown never counts as nothing.
    """

    steps: int
    tokens: int = 0
    usd: float | None = 0.0


@dataclass(frozen=True, slots=True)
class Decision:
    """One choice of a classifier, a person or a consensus; `label` is None when it abstained."""

    classifier: str
    label: str | None
    confidence: float = 1.0
    probabilities: Mapping[str, float] | None = None
    source: str = ""
    rationale: str | None = None
    alternatives: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class OpenQuestion:
    """A question that waits for an answer; `id` addresses it, `answers` are the labels allowed."""

    id: str
    node: str
    show: object
    answers: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Failure:
    """An error of a run: which node, in which visit and attempt, and what it was."""

    node: str
    error: Exception
    attempt: int = 1


@dataclass(frozen=True, slots=True)
class Result(Generic[S]):
    """All that is known of a run when it pauses or ends.

    `state` never mixes branches: a run that stopped while branches were open shows the
    state with which the outermost open fork was entered, and each branch's own state in
    `branches`. `path` holds what was completed, in the order of completion. The keys of
    `visits` and `taken` are paths such as `support/billing`; an edge is its source, its
    target and its label.
    """

    run_id: str
    status: Answer
    state: S
    path: tuple[str, ...] = ()
    decisions: tuple[Decision, ...] = ()
    usage: Usage = Usage(0)
    errors: tuple[Exception, ...] = ()
    failures: tuple[Failure, ...] = ()
    questions: tuple[OpenQuestion, ...] = ()
    branches: Mapping[str, S] = field(default_factory=dict[str, S])
    visits: Mapping[str, int] = field(default_factory=dict[str, int])
    taken: Mapping[tuple[str, str, str | None], int] = field(
        default_factory=dict[tuple[str, str, str | None], int]
    )
