"""At most so many at once, over all event loops and threads; not what they do inside.

`asyncio.Semaphore` belongs to one loop. A program is shared by all the loops of a process,
and so are its limits.
"""

import asyncio
from collections import deque
from threading import RLock
from typing import Final

Place = asyncio.Future[None]


class Limit:
    """So many may be inside at once; the others wait in the order in which they came."""

    __slots__ = ("_free", "_lock", "_waiting")

    def __init__(self, at_once: int) -> None:
        """Take the number that may be inside; all places are free."""
        self._free = at_once
        # Entered again where a garbage collection inside closes a run that nobody holds.
        self._lock: Final = RLock()
        self._waiting: deque[Place] = deque()

    async def enter(self) -> None:
        """Wait for a place, and take it."""
        with self._lock:
            if self._free > 0:
                self._free -= 1
                return
            place = asyncio.get_running_loop().create_future()
            self._waiting.append(place)
        try:
            await place
        except BaseException:
            self._give_up(place)
            raise

    def leave(self) -> None:
        """Give the place to the one who waits longest, or let it be free."""
        with self._lock:
            while self._waiting:
                if self._hand_over(self._waiting.popleft()):
                    return
            self._free += 1

    def _hand_over(self, place: Place) -> bool:
        """Give a place away; False: nobody waits for it any more."""
        if place.done():
            return False
        loop = place.get_loop()
        if loop is running_loop():
            place.set_result(None)
            return True
        try:
            loop.call_soon_threadsafe(self._arrive, place)
        except RuntimeError:  # Its loop has closed.
            return False
        return True

    def _arrive(self, place: Place) -> None:
        """Take, in the loop that waits, a place that another loop gave away."""
        if place.done():
            self.leave()
        else:
            place.set_result(None)

    def _give_up(self, place: Place) -> None:
        if place.done() and not place.cancelled():
            self.leave()  # It was given at the same moment.
            return
        with self._lock:
            if place in self._waiting:
                self._waiting.remove(place)


def running_loop() -> asyncio.AbstractEventLoop | None:
    """Return the event loop that runs in this thread, if there is one."""
    try:
        return asyncio.get_running_loop()
    except RuntimeError:
        return None
