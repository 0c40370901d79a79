"""The events of one run on their way to one reader; bounded, so that a slow reader costs nothing."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable
from typing import Final, Generic

from pydantic import BaseModel
from typing_extensions import TypeVar

from agentgraph.errors import NotAvailable
from agentgraph.events import Asked, Event, Missed, RunEnded

S = TypeVar("S", bound=BaseModel)
LONGEST: Final = 10_000
"""How many events wait for a reader; of more the oldest are dropped, and the gap is told."""


class Stream(Generic[S]):
    """A queue of events with one reader; to put never waits."""

    __slots__ = ("_events", "_is_read", "_missed", "_waiter")

    def __init__(self) -> None:
        """Begin empty."""
        self._events: deque[Event[S]] = deque()
        self._missed = 0
        self._is_read = False
        self._waiter: asyncio.Future[None] | None = None

    def put(self, event: Event[S]) -> None:
        """Add an event; when the reader is far behind, the oldest gives way."""
        events = self._events
        events.append(event)
        if len(events) > LONGEST:
            events.popleft()
            self._missed += 1
        if self._waiter is not None:
            self.wake()

    def wake(self) -> None:
        """Let the reader look again."""
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    async def read(
        self, is_over: Callable[[], bool], see: Callable[[Event[S]], object]
    ) -> AsyncIterator[Event[S]]:
        """Tell the events up to the next `RunEnded`; without one, until `is_over`.

        `see` is told what the reader saw of questions.
        """
        if self._is_read:
            raise NotAvailable(
                "somebody reads the events of this run already",
                where="async for over a run",
                fix="read them in one place, and hand on from there what others need",
            )
        self._is_read = True
        try:
            events = self._events
            while events or not is_over():
                if not events:
                    await self._wait()
                    continue
                if self._missed:
                    missed, self._missed = self._missed, 0
                    yield Missed(missed)
                event = events.popleft()
                kind = type(event)
                if kind is Asked or kind is RunEnded:
                    see(event)
                yield event
                if kind is RunEnded:
                    return
        finally:
            self._is_read = False

    async def _wait(self) -> None:
        self._waiter = asyncio.get_running_loop().create_future()
        try:
            await self._waiter
        finally:
            self._waiter = None
