"""How a run stands or how it ended; not what happened on the way (`story`)."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from enum import Enum
from functools import cached_property
from typing import Generic, Literal, TypeAlias

from pydantic import BaseModel
from typing_extensions import TypeVar

from agentgraph.errors import Move
from agentgraph.events.verdict import Verdict

S = TypeVar("S", bound=BaseModel)
K = TypeVar("K")

Status: TypeAlias = Literal["running", "paused", "done", "failed", "cancelled", "exhausted"]
Answer: TypeAlias = Literal["paused", "done", "failed", "cancelled", "exhausted"]

Noted: TypeAlias = tuple[str, str | None, Verdict[str] | None, Iterable[str]]
"""A decision as it is noted while a run goes on: path, label, verdict, the labels there were."""


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
    timeout: timedelta | None = None
    """How long it waits from the time it was asked; None: for ever."""


@dataclass(frozen=True, slots=True)
class Failure:
    """A failed attempt: which node (`undo a`: what undoes it), its error, which attempt of which visit.

    `changed` are the fields that it had edited by then, with its values: nothing of them
    was kept.
    """

    node: str
    error: Exception
    attempt: int = 1
    visit: int = 1
    changed: Mapping[str, object] = field(default_factory=dict[str, object], hash=False)


class Tally(Mapping[K, int]):
    """Counts that are put together when somebody looks: a run need not pay for what nobody asks."""

    def __init__(self, count: Callable[[], dict[K, int]]) -> None:
        """Take what puts them together; it is called at most once."""
        self._count = count

    @cached_property
    def _counts(self) -> dict[K, int]:
        return self._count()

    def __getitem__(self, key: K) -> int:
        return self._counts[key]

    def __iter__(self) -> Iterator[K]:
        return iter(self._counts)

    def __len__(self) -> int:
        return len(self._counts)

    def __repr__(self) -> str:
        return repr(self._counts)

    def __reduce__(self) -> tuple[object, ...]:
        return dict, (self._counts,)


@dataclass(frozen=True)
class Result(Generic[S]):
    """All that is known of a run when it pauses or ends.

    `errors` is what a failed run failed with, and then what its undos failed with; `failures`
    are all attempts that failed, also those that were repeated or caught.
    `state` never mixes branches: a run that stopped while branches were open shows the
    state with which the outermost open fork was entered, and each branch's own state in
    `branches`. `path` holds what was completed, in the order of completion. The keys of
    `visits` and `taken` are paths such as `support/billing`; an edge is its source, its
    target and its label.
    """

    run_id: str
    status: Answer
    state: S
    path: tuple[str, ...] = field(default=(), repr=False)
    usage: Usage = Usage(0)
    errors: tuple[Exception, ...] = ()
    failures: tuple[Failure, ...] = ()
    questions: tuple[OpenQuestion, ...] = ()
    branches: Mapping[str, S] = field(default_factory=dict[str, S])
    visits: Mapping[str, int] = field(default_factory=dict[str, int], repr=False)
    taken: Mapping[Move, int] = field(default_factory=dict[Move, int], repr=False)
    decided: tuple[Noted, ...] = field(default=(), repr=False, compare=False)
    """The decisions as they were noted; `decisions` makes them readable."""

    @property
    def fatal(self) -> Failure | None:
        """The attempt that a failed run failed with: what failed after it were undos."""
        found = [each for each in self.failures if each.error in self.errors[:1]]
        return found[-1] if found and self.status == "failed" else None

    @cached_property
    def decisions(self) -> tuple[Decision, ...]:
        """What each classifier, person and consensus chose, in order.

        Made when it is asked for: a run of 10,000 steps need not pay for it.
        """
        return tuple(_decision(*each) for each in self.decided)


def _decision(
    path: str, label: str | None, verdict: Verdict[str] | None, alternatives: Iterable[str]
) -> Decision:
    # A bare label is as sure as a verdict that says no more.
    given = verdict or Verdict("")
    odds = given.probabilities
    chances = None if odds is None else {_named(each): chance for each, chance in odds.items()}
    said = (given.confidence, chances, given.source, given.rationale)
    return Decision(path, label, *said, tuple(alternatives))


def _named(label: object) -> str:
    return label.name if isinstance(label, Enum) else str(label)
