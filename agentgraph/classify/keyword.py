"""The keyword classifier: whole words and phrases that speak for a label; never a substring.

Rules of this file:

1. A keyword matches whole words in their order, whatever stands between them but words.
2. It also matches its simple English plural (refund: refunds, box: boxes, copy: copies). The
   plural does not match the singular, and no other ending is guessed: write both.
3. Inside a longer keyword that matches, a shorter one does not count: of "card" and
   "lost card" only the second is found in "my lost card".
4. Each keyword counts once, however often it stands in the text. Most hits win. A tie, or no
   hit at all, is an abstention.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Generic, TypeAlias, TypeVar

from agentgraph.classify.words import check_texts, words
from agentgraph.errors import InvalidAgent
from agentgraph.events.verdict import L, Verdict

K = TypeVar("K")


_Phrases: TypeAlias = Mapping[str, tuple[tuple[tuple[str, ...], str, K], ...]]
"""An index from the first word of a phrase to the phrases that begin with it, longest first."""


def _hits(phrases: _Phrases[K], text: str) -> Iterator[tuple[str, K]]:
    """Yield each keyword that stands in the text, with what it stands for."""
    found = words(text)
    covered = 0
    for place, word in enumerate(found):
        for phrase, keyword, value in phrases.get(word, ()):
            end = place + len(phrase)
            if tuple(found[place:end]) == phrase:
                # What ends inside the hit before this one lies wholly within it.
                if end > covered:
                    covered = end
                    yield keyword, value
                break


def _index(keywords: Iterable[tuple[str, K]]) -> _Phrases[K]:
    starts: dict[str, list[tuple[tuple[str, ...], str, K]]] = {}
    for keyword, value in keywords:
        phrase = tuple(words(keyword))
        if not phrase:
            what = f"the keyword {keyword!r} has no word in it"
            fix = "write a keyword with at least one letter or digit"
            raise InvalidAgent(what, where=f"keywords of {value!r}", fix=fix)
        for last in _forms(phrase[-1]):
            whole = (*phrase[:-1], last)
            starts.setdefault(whole[0], []).append((whole, keyword, value))
    return {first: tuple(sorted(found, key=_rank)) for first, found in starts.items()}


def _rank(entry: tuple[tuple[str, ...], str, object]) -> tuple[int, bool, str]:
    """Longest first; of two that match the same words, the one that is written so."""
    phrase, keyword, _ = entry
    return -len(phrase), tuple(words(keyword)) != phrase, keyword


def _forms(word: str) -> tuple[str, ...]:
    """Return the word and its simple English plural."""
    if word.endswith(("s", "x", "z", "ch", "sh")):
        return word, f"{word}es"
    if word.endswith("y") and word[-2:-1] not in {"", "a", "e", "i", "o", "u"}:
        return word, f"{word[:-1]}ies"
    return word, f"{word}s"


@dataclass(frozen=True)
class Keywords(Generic[L]):
    """A classifier that counts keywords; made by `keywords`."""

    labels: tuple[L, ...]
    _phrases: _Phrases[L] = field(repr=False)

    def classify(self, text: str, /) -> Verdict[L] | None:
        """Return the label with the most keywords in the text, None for a tie or no hit.

        The confidence is the share of the hits that speak for the label.
        """
        hits: dict[L, dict[str, None]] = {}
        for keyword, label in _hits(self._phrases, text):
            hits.setdefault(label, {})[keyword] = None
        if not hits:
            return None
        counts = {label: len(hits.get(label, ())) for label in self.labels}
        best = max(counts.values())
        winners = [label for label, count in counts.items() if count == best]
        if len(winners) > 1:
            return None
        total = sum(counts.values())
        chances = {label: count / total for label, count in counts.items()}
        why = "the text has " + ", ".join(map(repr, hits[winners[0]]))
        return Verdict(winners[0], best / total, chances, source="keywords", rationale=why)


def keywords(words_of: Mapping[L, Sequence[str]], /) -> Keywords[L]:
    """Return a classifier that looks for the given words and phrases of each label."""
    if not words_of:
        fix = "give at least one label with its words"
        raise InvalidAgent("there are keywords of no label", where="keywords", fix=fix)
    owner: dict[tuple[str, ...], L] = {}
    for label, listed in words_of.items():
        check_texts(label, listed, "keywords", "a keyword")
        for keyword in listed:
            other = owner.setdefault(tuple(words(keyword)), label)
            if other != label:
                what = f"{keyword!r} is a keyword of {other!r} and of {label!r}"
                fix = "leave it to one label: a word that speaks for both decides nothing"
                raise InvalidAgent(what, where="keywords", fix=fix)
    pairs = [(keyword, label) for label, listed in words_of.items() for keyword in listed]
    return Keywords(tuple(words_of), _index(pairs))


def mentions(*phrases: str) -> Callable[[str], bool]:
    """Return a predicate for `rules`: does a text have one of these words or phrases?"""
    check_texts("mentions", phrases, "mentions", "a phrase")
    index = _index((phrase, "mentions") for phrase in phrases)

    def is_mentioned(text: str) -> bool:
        return next(_hits(index, text), None) is not None

    return is_mentioned
