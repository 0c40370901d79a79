"""Where a run takes its time from: its event loop, unless a test hands in a clock of its own."""

from collections.abc import Callable
from typing import Protocol, runtime_checkable


class Alarm(Protocol):
    """A call that is due later."""

    def cancel(self) -> None:
        """Forget the call."""


@runtime_checkable
class Clock(Protocol):
    """Monotonic seconds, and calls at a time."""

    def time(self) -> float:
        """Return the seconds since some fixed moment."""
        ...

    def call_at(self, when: float, call: Callable[[], object], /) -> Alarm:
        """Call back at the time `when`, or soon after."""
        ...
