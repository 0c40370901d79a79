"""What the nodes of one run did outside, each once; not what a node does to its state."""

import asyncio
import inspect
from collections.abc import Callable


class Effects:
    """The results of effects by name; a failure is not kept."""

    __slots__ = ("_done", "_under_way")

    def __init__(self) -> None:
        """Begin with none."""
        self._done: dict[str, object] = {}
        self._under_way: dict[str, asyncio.Future[None]] = {}

    async def once(self, name: str, effect: Callable[[], object]) -> object:
        """Return what `effect` gave the first time that it succeeded under this name."""
        while name in self._under_way:
            # By `wait`: it must not be cancelled along with one who only waits for it.
            await asyncio.wait([self._under_way[name]])
        if name in self._done:
            return self._done[name]
        over = self._under_way[name] = asyncio.get_running_loop().create_future()
        try:
            result = effect()
            if inspect.isawaitable(result):
                result = await result
            self._done[name] = result
        finally:
            del self._under_way[name]
            over.set_result(None)
        return result
