"""At most so many at once, over all event loops and threads; not what they do inside.

`asyncio.Semaphore` belongs to one loop. A program is shared by all the loops of a process,
and so are its limits.
"""

from asyncio import AbstractEventLoop, get_running_loop, wrap_future
from collections import OrderedDict
from concurrent.futures import Future
from threading import RLock
from typing import Final

Place = Future[None]


class Limit:
    """So many may be inside at once; the others wait in the order in which they came."""

    __slots__ = ("_free", "_lock", "_waiting")

    def __init__(self, at_once: int) -> None:
        """Take the number that may be inside; all places are free."""
        self._free = at_once
        # Entered again where a garbage collection inside closes a run that nobody holds.
        self._lock: Final = RLock()
        self._waiting: OrderedDict[Place, AbstractEventLoop] = OrderedDict()

    async def enter(self) -> None:
        """Wait for a place, and take it."""
        with self._lock:
            if self._free > 0:
                self._free -= 1
                return
            place = Place()
            self._waiting[place] = get_running_loop()
        try:
            await wrap_future(place)
        except BaseException:
            with self._lock:
                self._waiting.pop(place, None)
            if not place.cancel():
                self.leave()  # It was given at the same moment.
            raise

    def leave(self) -> None:
        """Give the place to the one who waits longest, or let it be free."""
        with self._lock:
            while self._waiting:
                place, loop = self._waiting.popitem(last=False)
                # Nobody waits any more in a loop that has closed.
                if not loop.is_closed() and place.set_running_or_notify_cancel():
                    place.set_result(None)
                    return
            self._free += 1
