"""The exemplar classifier: labels shown by texts that have them; no key, no network, no chance.

Rules of this file:

1. The same exemplars give the same verdicts, to the last digit, in whatever order they are
   given and in whatever process they are fitted.
2. `probabilities` share out one among the labels: how likely each is *if* the text is for one of
   them. `confidence` is that of the best, lowered where the exemplars do not know the text.
3. Nothing changes after fitting, so one object serves any number of threads.
"""

from collections.abc import Mapping, Sequence
from dataclasses import InitVar, dataclass, field
from enum import Enum
from typing import Generic

from agentgraph.classify.bayes import Model, fit
from agentgraph.classify.features import Features, Vector, features_of
from agentgraph.classify.words import check_texts, words
from agentgraph.errors import InvalidAgent
from agentgraph.events.verdict import L, Verdict

# Below this part of the usual familiarity the answer is "none of these".
_FAMILIAR_LEAST = 0.25


@dataclass(frozen=True, eq=False)
class Exemplars(Generic[L]):
    """A classifier fitted on texts that are known to have each label.

    >>> desk = Exemplars({"billing": ["a refund, please"], "tech": ["the app crashes"]})
    >>> verdict = desk.classify("it crashes all day")
    >>> verdict and verdict.label
    'tech'

    Six texts for each label are few, twenty are good. Give what belongs to none of the others
    a label with exemplars of its own. Of a long text the first `length_max` characters are read.
    """

    examples: InitVar[Mapping[L, Sequence[str]]]
    length_max: int = field(default=10_000, kw_only=True)
    labels: tuple[L, ...] = field(init=False)
    _model: Model = field(init=False, repr=False)

    def __post_init__(self, examples: Mapping[L, Sequence[str]]) -> None:
        _check(examples)
        labels = tuple(sorted(examples, key=_rank))
        classes: list[int] = []
        exemplars: list[Features] = []
        for index, label in enumerate(labels):
            for found in _word_lists(label, examples[label], self.length_max):
                classes.append(index)
                exemplars.append(features_of(found))
        object.__setattr__(self, "labels", labels)
        object.__setattr__(self, "_model", fit(exemplars, classes, len(labels)))

    def classify(self, text: str, /) -> Verdict[L] | None:
        """Return the label whose exemplars are most like the text, None for "none of these"."""
        found = words(text[: self.length_max])
        vector = self._model.rarity.weigh(features_of(found)) if found else {}
        if not vector:
            return None
        shares = self._model.probabilities(self._model.scores(vector))
        first, second = sorted(range(len(shares)), key=shares.__getitem__, reverse=True)[:2]
        familiar = self._model.familiarity(vector, first)
        if familiar < _FAMILIAR_LEAST or shares[first] == shares[second]:
            return None
        label, confidence = self.labels[first], shares[first] * familiar
        chances = dict(zip(self.labels, shares, strict=True))
        why = _rationale(self._model, vector, first, second)
        return Verdict(label, confidence, chances, source="exemplars", rationale=why)


def _rationale(model: Model, vector: Vector, first: int, second: int) -> str | None:
    """Name the words that speak most for the first class against the second."""
    worth: dict[str, float] = {}
    for name, weight in vector.items():
        if name[0] not in "~ " and name[-1] != " ":
            of = model.evidence[name]
            worth[name] = weight * (of.get(first, 0.0) - of.get(second, 0.0))
    best = [
        name for name in sorted(worth, key=worth.__getitem__, reverse=True)[:3] if worth[name] > 0
    ]
    return "the text has " + ", ".join(map(repr, best)) if best else None


def _rank(label: str | bool | Enum) -> tuple[str, str]:
    """Order labels by what is written in the source, of whatever kinds they are."""
    if isinstance(label, Enum):
        return type(label).__qualname__, label.name
    return type(label).__qualname__, str(label)


def _check(examples: Mapping[L, Sequence[str]]) -> None:
    if len(examples) < 2:
        what = f"there are exemplars of {len(examples)} label" + "s" * (not examples)
        fix = "give at least two labels: one may stand for everything else"
        raise InvalidAgent(what, where="Exemplars", fix=fix)
    for label, texts in examples.items():
        check_texts(label, texts, "Exemplars", "an exemplar")


def _word_lists(label: object, texts: Sequence[str], length_max: int) -> list[list[str]]:
    """Cut the texts of a label, each once however often it is given, in an order of their own."""
    unique = sorted({tuple(words(text[:length_max])) for text in texts})
    if not unique[0]:
        what = f"an exemplar of {label!r} has no word in it"
        fix = "write a text with at least one letter or digit, or leave it out"
        raise InvalidAgent(what, where="Exemplars", fix=fix)
    return [list(found) for found in unique]
