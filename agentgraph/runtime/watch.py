"""One alarm for all attempts of a run that have a deadline; not what a timeout leads to.

A timer for each attempt costs two microseconds, noting the deadline a tenth of one. The
alarm is set for the earliest deadline; when it rings, what is overdue is interrupted
and the alarm is set again.
"""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Literal

from agentgraph.runtime.clock import Alarm, Clock

Why = Literal["cancel", "timeout"]


@dataclass(slots=True, eq=False)
class Carrier:
    """A task of asyncio that carries a token."""

    task: asyncio.Task[Any]
    cancelling: Callable[[], int] = field(init=False)
    outer: int = field(init=False)
    """The cancellations that others have asked for and that we know of."""
    ticket: int = 0
    """What it works on now."""
    deadline: float | None = None
    edits: dict[str, object] | None = None
    """What the attempt that failed last had changed; it left no other trace."""
    is_cancelled: bool = False
    """We have asked for the cancellation ourselves."""
    why: Why | None = None
    """Why it was interrupted by us; None: it was not."""

    def __post_init__(self) -> None:
        """Carry on in a task; it may have been cancelled before, which is not our concern."""
        self.cancelling = self.task.cancelling
        self.outer = self.task.cancelling()

    def interrupt(self, why: Why) -> None:
        """Cancel what is carried now; a second reason does not replace the first.

        What somebody else has cancelled already is left to clean up: a second
        cancellation would break that off.
        """
        if self.why is None:
            self.why = why
            if self.cancelling() == self.outer:
                self.is_cancelled = self.task.cancel()

    def is_taken_down(self) -> bool:
        """Say, once, whether somebody else has cancelled the task."""
        before, self.outer = self.outer, self.cancelling()
        return self.outer > before

    async def calm(self) -> None:
        """Take back an interruption: what it was meant for has ended, in whatever way."""
        with suppress(asyncio.CancelledError):
            # It may not have been delivered yet; whose it was is in the count.
            await asyncio.sleep(0)
        self.why = None
        if self.is_cancelled and self.cancelling() > self.outer:
            self.task.uncancel()
        self.is_cancelled = False


class Watch:
    """The deadlines of one run."""

    __slots__ = ("_alarm", "_clock", "_due")

    def __init__(self, clock: Clock) -> None:
        """Take the clock; no alarm is set."""
        self._clock = clock
        self._alarm: tuple[float, Alarm] | None = None
        """When it rings, and what can be cancelled."""
        self._due: dict[Carrier, float] = {}

    def begin(self, carrier: Carrier, timeout_s: float) -> None:
        """Note that what `carrier` does now may take `timeout_s` seconds."""
        when = carrier.deadline = self._clock.time() + timeout_s
        self._due[carrier] = when
        if self._alarm is None or when < self._alarm[0]:
            self._set(when)

    def end(self, carrier: Carrier) -> None:
        """Forget the deadline; what is over it is too late, though nothing could interrupt it.

        An alarm that is set stays, and finds nothing to do.
        """
        when, carrier.deadline = carrier.deadline, None
        self._due.pop(carrier, None)
        if when is not None and carrier.why is None and self._clock.time() >= when:
            carrier.why = "timeout"

    def close(self) -> None:
        """Forget the alarm."""
        if self._alarm is not None:
            self._alarm[1].cancel()
            self._alarm = None

    def _set(self, when: float) -> None:
        self.close()
        self._alarm = when, self._clock.call_at(when, self._ring)

    def _ring(self) -> None:
        self._alarm = None
        now = self._clock.time()
        for carrier in [each for each, when in self._due.items() if when <= now]:
            del self._due[carrier]
            carrier.interrupt("timeout")
        if self._due:
            self._set(min(self._due.values()))
