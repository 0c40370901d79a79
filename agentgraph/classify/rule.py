"""The rule classifier: the first predicate that holds names the label; nothing is guessed."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, overload

from agentgraph.errors import InvalidAgent
from agentgraph.events.verdict import L, Verdict


@dataclass(frozen=True)
class Rules(Generic[L]):
    """Predicates in order, each with its label; without a match it abstains."""

    cases: tuple[tuple[Callable[[str], object], L], ...]

    def classify(self, text: str, /) -> Verdict[L] | None:
        """Return the label of the first rule that holds, None when none does."""
        for number, (holds, label) in enumerate(self.cases, 1):
            if holds(text):
                return Verdict(label, source="rules", rationale=f"rule {number} holds")
        return None


@dataclass(frozen=True)
class TotalRules(Generic[L]):
    """Rules with a default: they never abstain."""

    rules: Rules[L]
    default: L

    def classify(self, text: str, /) -> Verdict[L]:
        """Return the label of the first rule that holds, else the default."""
        verdict = self.rules.classify(text)
        return verdict or Verdict(self.default, source="rules", rationale="no rule holds")


@overload
def rules(cases: Sequence[tuple[Callable[[str], object], L]], /, *, default: None) -> Rules[L]: ...
@overload
def rules(
    cases: Sequence[tuple[Callable[[str], object], L]], /, *, default: L
) -> TotalRules[L]: ...
def rules(
    cases: Sequence[tuple[Callable[[str], object], L]], /, *, default: L | None
) -> Rules[L] | TotalRules[L]:
    """Return a classifier of (predicate, label) pairs, tried in order.

    A predicate takes the text, and what it returns counts as true or false, so that
    `re.compile(...).search` is one. `default` is the label when none holds; `default=None`
    says that the classifier then abstains.
    """
    if not cases:
        fix = "give at least one (predicate, label)"
        raise InvalidAgent("there is no rule in the list", where="rules", fix=fix)
    ordered = Rules(tuple(cases))
    return ordered if default is None else TotalRules(ordered, default)
