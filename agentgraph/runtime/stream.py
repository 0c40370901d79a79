"""The events of one run on their way to one reader; bounded, so that a slow reader costs nothing."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final, Generic, Self

from pydantic import BaseModel
from typing_extensions import TypeVar

from agentgraph.errors import NotAvailable
from agentgraph.events import Asked, Event, Missed, RunEnded

S = TypeVar("S", bound=BaseModel)
LONGEST: Final = 10_000
"""How many events wait for a reader; of more the oldest are dropped, and the gap is told."""

_SEEN: Final[frozenset[type]] = frozenset({Asked, RunEnded})
"""The events that show the reader questions."""


class Stream(Generic[S]):
    """A queue of events with one reader; to put never waits."""

    __slots__ = ("events", "missed", "news", "note", "reader")

    def __init__(self) -> None:
        """Begin empty."""
        self.events: deque[Event[S]] = deque()
        self.missed: int = 0
        """How many were dropped since the reader was last told."""
        self.reader: object = None
        """Who reads now: the last one that began to."""
        self.note: Callable[[Event[S]], object] | None = None
        """Who records the run: it is told at once, and whether or not somebody reads."""
        self.news: asyncio.Event = asyncio.Event()
        """There is something to look at: a reader with nothing to read waits for it."""

    def put(self, event: Event[S]) -> None:
        """Tell an event to who records, and to the reader."""
        if self.note is not None:
            self.note(event)
            if self.reader is None:
                return
        events = self.events
        events.append(event)
        count = len(events)
        if count == 1:  # No reader waits while there is one.
            self.news.set()
        elif count > LONGEST:  # The reader is far behind: the oldest gives way.
            events.popleft()
            self.missed += 1


@dataclass(slots=True, eq=False)
class Reader(Generic[S]):
    """Reads a stream up to the next `RunEnded`; who begins to read later takes it over.

    It is no async generator: one of these that is left early is closed at some later
    moment, and until then it would be in the way of the next.
    """

    stream: Stream[S]
    is_over: Callable[[], bool]
    see: Callable[[Event[S]], object]
    """Is told of questions that were read."""
    settled: Callable[[], Awaitable[None]]
    """Raises what the run fell over."""
    has_ended: bool = False

    def __post_init__(self) -> None:
        """Take the stream over."""
        self.stream.reader = self
        self.stream.news.set()

    def __aiter__(self) -> Self:
        """Return itself."""
        return self

    async def __anext__(self) -> Event[S]:
        """Return the next event; when there is none yet, wait for it."""
        stream = self.stream
        while stream.reader is self and not self.has_ended:
            if stream.missed:
                missed, stream.missed = stream.missed, 0
                return Missed(missed)
            if stream.events:
                event = stream.events.popleft()
                if type(event) in _SEEN:
                    self.has_ended = isinstance(event, RunEnded)
                    self.see(event)
                return event
            if self.is_over():
                await self.settled()
                break
            stream.news.clear()
            await stream.news.wait()
        if stream.reader is not self:
            what = "somebody else has begun to read the events of this run"
            fix = "read them in one place, and hand on from there what others need"
            raise NotAvailable(what, where="async for over a run", fix=fix)
        raise StopAsyncIteration
