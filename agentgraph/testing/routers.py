"""How well a classifier decides, and whether what must not matter to it does not; no run of a graph."""

import asyncio
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from inspect import isawaitable
from typing import Any, TypeAlias, TypeVar, cast

from pydantic import BaseModel

from agentgraph.events.recording import Recording
from agentgraph.workflow.choice import Abstaining
from agentgraph.workflow.labels import key_of

S = TypeVar("S")
M = TypeVar("M", bound=BaseModel)
Router: TypeAlias = Abstaining[Any, Any] | Callable[[S], object]
"""A classifier, or a plain function of the state that returns a label or a verdict, async or not."""


@dataclass(frozen=True, slots=True)
class RouterReport:
    """What a classifier answered, held against what was expected; it prints as a table."""

    labels: tuple[str, ...]
    counts: Mapping[tuple[str, str | None], int]
    """How often something was expected and something (None: nothing) was answered."""

    @property
    def recall(self) -> dict[str, float]:
        """For each label that was expected, the share of its cases that were answered by it."""
        cases = Counter[str]()
        for (expected, _), count in self.counts.items():
            cases[expected] += count
        return {n: self.counts.get((n, n), 0) / cases[n] for n in self.labels if cases[n]}

    @property
    def never(self) -> tuple[str, ...]:
        """The labels that were answered in no case."""
        answered = {label for _, label in self.counts}
        return tuple(label for label in self.labels if label not in answered)

    @property
    def abstained(self) -> float:
        """The share of all cases in which nothing was answered."""
        nothing = sum(count for (_, label), count in self.counts.items() if label is None)
        return nothing / max(1, sum(self.counts.values()))

    def __str__(self) -> str:
        columns = [*self.labels, None]
        head = ["expected", *(label or "(nothing)" for label in columns), "recall"]
        rows = [
            [n, *(str(self.counts.get((n, c), 0)) for c in columns), f"{share:.0%}"]
            for n, share in self.recall.items()
        ]
        widths = [max(map(len, column)) for column in zip(head, *rows, strict=True)]
        lines = ["  ".join(map(str.rjust, row, widths)) for row in [head, *rows]]
        return "\n".join([*lines, f"never answered: {', '.join(self.never) or 'none'}"])


@dataclass(frozen=True, slots=True)
class Changed:
    """A case of which the answer is another one where it should be the same."""

    case: object
    before: str | None
    after: str | None
    by: str = ""
    """The change that made the difference."""


def classifier_report(fn: Router[S], cases: Iterable[tuple[S, object]]) -> RouterReport:
    """Ask a classifier, or a plain function, about states of which the label is known."""
    given = list(cases)
    expected = [key_of(label) for _, label in given]
    counts = Counter(zip(expected, _answers(fn, [state for state, _ in given]), strict=True))
    declared = fn.work.settled.binding.labels.values() if isinstance(fn, Abstaining) else ()
    answered = [label for _, label in counts if label is not None]
    return RouterReport(tuple(dict.fromkeys([*declared, *expected, *answered])), dict(counts))


def metamorphic(
    fn: Router[S],
    cases: Iterable[S],
    changes: Iterable[Callable[[str], str]],
    *,
    fields: Collection[str] | None = None,
) -> list[Changed]:
    """Return the cases whose label changes when all their texts, or those of some fields, do."""
    given, ways = list(cases), list(changes)
    before, found = _answers(fn, given), list[Changed]()
    for way in ways:
        other = [_changed(case, way, fields) for case in given]
        name = getattr(way, "__name__", repr(way))
        pairs = zip(other, before, _answers(fn, other), strict=True)
        found += [Changed(case, old, new, name) for case, old, new in pairs if old != new]
    return found


def drift(old: Router[S], new: Router[S], states: Iterable[S]) -> list[Changed]:
    """Return the states that two versions of a classifier decide differently."""
    given = list(states)
    pairs = zip(given, _answers(old, given), _answers(new, given), strict=True)
    return [Changed(case, before, after) for case, before, after in pairs if before != after]


def decided_states(
    recordings: Iterable[Recording], classifier: str, state: type[M]
) -> list[tuple[M, str]]:
    """Return the states that a classifier decided in recorded runs, and its labels: for the above.

    A state is put together from what was recorded before it, so that of a classifier in a branch
    shows what other branches had written by then.
    """
    found = list[tuple[M, str]]()
    for recording in recordings:
        values = dict[str, Any]()
        for step in recording.steps:
            values |= step.data.get("state") or step.data.get("changed") or {}
            if step.kind == "Decided" and step.node == classifier and step.data["label"]:
                found.append((state.model_validate(values), step.data["label"]))
    return found


def _changed(case: S, change: Callable[[str], str], fields: Collection[str] | None) -> S:
    if not isinstance(case, BaseModel):
        return cast("S", change(case)) if isinstance(case, str) else case
    texts = {name: change(text) for name, text in case if isinstance(text, str)}
    kept = {name: text for name, text in texts.items() if fields is None or name in fields}
    return case.model_copy(update=kept)


def _answers(fn: Router[S], states: Iterable[S]) -> list[str | None]:
    is_classifier = isinstance(fn, Abstaining)
    called = cast("Abstaining[Any, Any]", fn).decide if is_classifier else fn
    decide = cast("Callable[[S], Any]", called)

    async def ask() -> list[str | None]:
        found = list[str | None]()
        for state in states:
            answer: Any = decide(state)
            answer = await answer if isawaitable(answer) else answer
            label: Any = getattr(answer, "label", answer)
            found.append(None if label is None else key_of(label))
        return found

    # In a thread of its own, since a loop may be running here: in a notebook one is.
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(asyncio.run, ask()).result()
