"""How often a node is tried, and how much a run may use; not when either is asked."""

from dataclasses import dataclass, fields
from math import isfinite
from random import Random
from typing import Final

from agentgraph.errors import InvalidAgent, InvalidInput

_DOUBLINGS_MAX: Final = 1000
"""Two to a higher power is no float; every cap is reached long before."""


@dataclass(frozen=True)
class Retry:
    """Try a node up to `attempts` times, with a growing pause between attempts.

    The pause before attempt n + 1 is `first` seconds times 2 to the power n - 1, at most
    `cap`, and of that a random part between half and all ("equal jitter"), drawn from
    a source that the run's seed fixes.
    """

    attempts: int = 3
    on: type[Exception] | tuple[type[Exception], ...] | None = None
    """None: every Exception but programming errors, which are retried only where named."""
    first: float = 0.5
    cap: float = 30.0

    def __post_init__(self) -> None:
        """Refuse what could never be meant."""
        is_often = is_amount(self.attempts, least=1, whole=True)
        kinds = self.on if isinstance(self.on, tuple) else (self.on or Exception,)
        if not (is_often and is_amount(self.first) and is_amount(self.cap) and are_errors(kinds)):
            fix = (
                "give attempts of at least 1, pauses in seconds that are not negative, and"
                " classes of exceptions"
            )
            raise InvalidAgent(f"the retries are {self}", where="Retry", fix=fix)


@dataclass(frozen=True)
class Budget:
    """What a run may use before it ends `exhausted`: dollars, steps, visits, seconds, tokens.

    Checked before each node and classifier; what is under way finishes and may overshoot.
    `visits` limits each single node.
    """

    usd: float | None = None
    steps: int | None = None
    visits: int | None = None
    seconds: float | None = None
    tokens: int | None = None

    def __post_init__(self) -> None:
        """Refuse what could never be meant."""
        for each in fields(self):
            value = getattr(self, each.name)
            whole = each.name not in {"usd", "seconds"}
            if value is not None and not is_amount(value, whole=whole):
                what = f"the budget allows {each.name}={value!r}"
                fix = f"give a {'whole ' * whole}number that is not negative, or None for no limit"
                raise InvalidInput(what, where="Budget", fix=fix)


def are_errors(kinds: tuple[object, ...]) -> bool:
    """Say whether these are classes of exceptions that can be caught: cancellation is none."""
    return all(isinstance(kind, type) and issubclass(kind, Exception) for kind in kinds)


def is_amount(value: object, *, least: int = 0, whole: bool = False) -> bool:
    """Say whether a value is a number that can be counted up to; NaN is none."""
    return isinstance(value, int if whole else (int, float)) and isfinite(value) and value >= least


def pause_before(attempt: int, *, first_s: float, cap_s: float, seed: str) -> float:
    """Return the seconds to wait before `attempt` (2 or more); the same seed, the same pause."""
    full = min(cap_s, first_s * 2.0 ** min(attempt - 2, _DOUBLINGS_MAX))
    return full * (0.5 + Random(f"{seed}/{attempt}").random() / 2)  # noqa: S311 - no secret
