"""What of a text counts: its words, pairs of words and parts of words, weighed by rarity.

Rules of this file:

1. Parts of words (three and four letters) bridge typing errors and endings; pairs keep a little
   of the order. The three groups are brought to one length each, so that a long word with its
   many parts does not outweigh the rest.
2. A feature that no exemplar has takes its share of that length and then falls away: what the
   exemplars do not know makes everything else in the text count for less.
3. Sums run over lists and dicts in the order of the text, never over sets: the same text gives
   the same numbers in every process.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import log, sqrt

Features = tuple[Counter[str], Counter[str], Counter[str]]
Vector = dict[str, float]

# The length of each group in a vector: words, pairs, parts.
LENGTHS = (1.0, 0.7, 1.0)
_PARTS = (3, 4)


def features_of(words: Sequence[str]) -> Features:
    """Count the words, the pairs and the parts; the names of the three never meet.

    No word holds a space, so a pair is told by one, and a part by the sign in front of it.
    """
    pairs = Counter(f"{left} {right}" for left, right in pairwise(["", *words, ""]))
    parts = Counter(
        f"~{edged[start : start + size]}"
        for edged in (f" {word} " for word in words)
        for size in _PARTS
        for start in range(len(edged) - size + 1)
    )
    return Counter(words), pairs, parts


@dataclass(frozen=True, slots=True)
class Rarity:
    """In how many exemplars each feature stands; the rarer, the more it weighs."""

    seen: Mapping[str, int]
    weights: tuple[float, ...]
    """The weight of a feature by the number of exemplars that have it; at 0 that of a new one."""

    def weigh(self, features: Features, *, besides: int = 0) -> Vector:
        """Return the weighed features that more than `besides` exemplars have."""
        vector: Vector = {}
        for group, length in zip(features, LENGTHS, strict=True):
            square = 0.0
            known: list[tuple[str, float]] = []
            for name, times in group.items():
                count = self.seen.get(name, 0)
                weight = self.weights[count if count > besides else 0]
                if times > 1:
                    weight *= 1.0 + log(times)
                square += weight * weight
                if count > besides:
                    known.append((name, weight))
            scale = length / sqrt(square)
            for name, weight in known:
                vector[name] = weight * scale
        return vector


def rarity_of(exemplars: Sequence[Features]) -> Rarity:
    """Count in how many of the exemplars each feature stands."""
    seen: Counter[str] = Counter()
    for groups in exemplars:
        for group in groups:
            seen.update(group.keys())
    most = len(exemplars)
    weights = (log(1 + most), *(log(1 + most / count) for count in range(1, most + 1)))
    return Rarity(dict(seen), weights)
