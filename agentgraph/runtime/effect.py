"""What the nodes of one run did outside, each once; not what a node does to its state."""

import asyncio
import inspect
from collections.abc import Callable


class Effects:
    """The results of effects by name; a failure is not kept."""

    __slots__ = ("_done", "_turns")

    def __init__(self) -> None:
        """Begin with none."""
        self._done: dict[str, object] = {}
        self._turns: dict[str, asyncio.Lock] = {}

    async def once(self, name: str, effect: Callable[[], object]) -> object:
        """Return what `effect` gave the first time that it succeeded under this name."""
        async with self._turns.setdefault(name, asyncio.Lock()):
            if name not in self._done:
                result = effect()
                self._done[name] = await result if inspect.isawaitable(result) else result
        return self._done[name]
