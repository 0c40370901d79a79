"""The events of one run on their way to one reader; bounded, so that a slow reader costs nothing."""

import asyncio
from collections import deque
from typing import Final, Generic

from pydantic import BaseModel
from typing_extensions import TypeVar

from agentgraph.events import Event, Missed

S = TypeVar("S", bound=BaseModel)
LONGEST: Final = 10_000
"""How many events wait for a reader; of more the oldest are dropped, and the gap is told."""


class Stream(Generic[S]):
    """A queue of events with one reader; to put never waits."""

    __slots__ = ("_closed", "_events", "_missed", "_waiter")

    def __init__(self) -> None:
        """Begin empty and open."""
        self._events: deque[Event[S]] = deque()
        self._missed = 0
        self._closed = False
        self._waiter: asyncio.Future[None] | None = None

    def put(self, event: Event[S]) -> None:
        """Add an event; when the reader is far behind, the oldest gives way."""
        self._events.append(event)
        if len(self._events) > LONGEST:
            self._events.popleft()
            self._missed += 1
        if self._waiter is not None:
            self._wake()

    def close(self) -> None:
        """Let the reader end when it has read what is there."""
        self._closed = True
        self._wake()

    def reopen(self) -> None:
        """Go on after a pause."""
        self._closed = False

    def take(self) -> Event[S] | None:
        """Return the next event, or None when none is there now."""
        if self._missed:
            missed, self._missed = self._missed, 0
            return Missed(missed)
        return self._events.popleft() if self._events else None

    async def wait(self) -> bool:
        """Wait until there is something to take; False: the stream has ended."""
        while not self._events and not self._missed:
            if self._closed:
                return False
            self._waiter = asyncio.get_running_loop().create_future()
            try:
                await self._waiter
            finally:
                self._waiter = None
        return True

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)
