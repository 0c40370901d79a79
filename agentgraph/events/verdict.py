"""What a classifier decided, and how sure it is; not where the run goes next because of it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Generic, TypeVar

from agentgraph.errors import InvalidAgent

L = TypeVar("L", bound="str | bool | Enum")


@dataclass(frozen=True)
class Verdict(Generic[L]):
    """A label with the confidence in it, from 0 to 1; `probabilities` None: not known."""

    label: L
    confidence: float = 1.0
    probabilities: Mapping[L, float] | None = field(default=None, hash=False)
    source: str = ""
    rationale: str | None = None

    def __post_init__(self) -> None:
        # Written so that NaN, which is neither above nor below anything, is refused as well.
        if not (_is_number(self.confidence) and 0.0 <= self.confidence <= 1.0):
            where = f"verdict {self.label!r}" + (f" of {self.source!r}" if self.source else "")
            fix = "give a number from 0 to 1: a percentage must be divided by 100"
            raise InvalidAgent(
                f"a verdict has the confidence {self.confidence!r}", where=where, fix=fix
            )


def _is_number(value: object) -> bool:
    return isinstance(value, (int, float))
