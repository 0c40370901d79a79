"""Where a run takes its time from; tests hand in a clock of their own."""

from asyncio import AbstractEventLoop
from collections.abc import Callable
from typing import Protocol


class Alarm(Protocol):
    """A call that is due later."""

    def cancel(self) -> None:
        """Forget the call."""


class Clock(Protocol):
    """Monotonic seconds, and calls at a time."""

    def time(self) -> float:
        """Return the seconds since some fixed moment."""
        ...

    def call_at(self, when: float, call: Callable[[], object], /) -> Alarm:
        """Call back at the time `when`, or soon after."""
        ...


class LoopClock:
    """The clock of an event loop."""

    __slots__ = ("_loop",)

    def __init__(self, loop: AbstractEventLoop) -> None:
        """Take the loop."""
        self._loop = loop

    def time(self) -> float:
        """Return the seconds since some fixed moment."""
        return self._loop.time()

    def call_at(self, when: float, call: Callable[[], object], /) -> Alarm:
        """Call back at the time `when`, or soon after."""
        return self._loop.call_at(when, call)
