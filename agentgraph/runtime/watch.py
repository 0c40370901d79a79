"""One alarm for all attempts of a run that have a deadline; not what a timeout leads to.

A timer for each attempt costs two microseconds, noting the deadline a tenth of one. The
alarm is set for the earliest deadline; when it rings, what is overdue is interrupted
and the alarm is set again.
"""

import asyncio
from typing import Literal

from agentgraph.runtime.clock import Alarm, Clock


class Carrier:
    """A task of asyncio that carries a token; `ticket` is what it works on now.

    `why` says why it was interrupted by us; None: it was not.
    """

    __slots__ = ("deadline", "has_begun", "task", "ticket", "why")

    def __init__(self, ticket: int = 0) -> None:
        """Begin with the ticket that it will carry first."""
        self.task: asyncio.Task[object] | None = None
        self.ticket = ticket
        self.deadline: float | None = None
        self.has_begun = False
        self.why: Literal["cancel", "timeout"] | None = None

    def interrupt(self, why: Literal["cancel", "timeout"]) -> None:
        """Cancel what is carried now; a second reason does not replace the first."""
        if self.why is None and self.task is not None:
            self.why = why
            self.task.cancel()


class Watch:
    """The deadlines of one run."""

    __slots__ = ("_alarm", "_carriers", "_clock", "_when")

    def __init__(self, clock: Clock) -> None:
        """Take the clock; no alarm is set."""
        self._clock = clock
        self._alarm: Alarm | None = None
        self._when = 0.0
        self._carriers: set[Carrier] = set()

    def begin(self, carrier: Carrier, timeout_s: float) -> None:
        """Note that what `carrier` does now may take `timeout_s` seconds."""
        when = carrier.deadline = self._clock.time() + timeout_s
        self._carriers.add(carrier)
        if self._alarm is None or when < self._when:
            self._set(when)

    def end(self, carrier: Carrier) -> None:
        """Forget the deadline; an alarm that is set stays, and finds nothing to do."""
        carrier.deadline = None
        self._carriers.discard(carrier)

    def close(self) -> None:
        """Forget the alarm."""
        if self._alarm is not None:
            self._alarm.cancel()
            self._alarm = None

    def _set(self, when: float) -> None:
        if self._alarm is not None:
            self._alarm.cancel()
        self._when = when
        self._alarm = self._clock.call_at(when, self._ring)

    def _ring(self) -> None:
        self._alarm = None
        now = self._clock.time()
        for carrier in list(self._carriers):
            if carrier.deadline is not None and carrier.deadline <= now:
                self._carriers.discard(carrier)
                carrier.interrupt("timeout")
        left = [each.deadline for each in self._carriers if each.deadline is not None]
        if left:
            self._set(min(left))
