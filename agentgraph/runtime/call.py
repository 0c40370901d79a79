"""How a function of the user is called, and what it must not return; not what it is given."""

import asyncio
import inspect
import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from typing import Final, NoReturn
from weakref import WeakKeyDictionary

from agentgraph.errors import InvalidReturn
from agentgraph.runtime.program import Body, is_async

THREADS: Final = 32
"""How many sync functions may run at once beside a loop, over all its runs."""


ASSIGN: Final = "assign to the fields of the state instead, and return nothing"


async def call(body: Body, arguments: Sequence[object], *, in_thread: bool = False) -> object:
    """Call a function of the user, on the loop or in a thread, and await what it gives."""
    if in_thread and not is_async(body):
        context = copy_context()
        result = await asyncio.get_running_loop().run_in_executor(
            _threads(asyncio.get_running_loop()), lambda: context.run(_called, body.fn, arguments)
        )
    else:
        result = body.fn(*arguments)
    return await result if inspect.isawaitable(result) else result


def _called(fn: Callable[..., object], arguments: Sequence[object]) -> object:
    """Call in a thread. A future refuses StopIteration, and whoever awaits it would wait for ever."""
    try:
        return fn(*arguments)
    except StopIteration as error:
        raise RuntimeError(f"{fn!r} raised StopIteration") from error


def refuse(result: object, who: str, where: str, fix: str = ASSIGN) -> NoReturn:
    """Raise the error of a function that edits a state and returned something."""
    raise InvalidReturn(f"{who} returned {result!r}", where=where, fix=fix)


def _threads(loop: asyncio.AbstractEventLoop) -> ThreadPoolExecutor:
    """Return the threads of a loop: one that runs in a thread of another must not wait for these."""
    found = _pools.get(loop)
    if found is None:
        found = _pools[loop] = ThreadPoolExecutor(THREADS, thread_name_prefix="agentgraph")
    return found


_pools: Final = WeakKeyDictionary[asyncio.AbstractEventLoop, ThreadPoolExecutor]()
if hasattr(os, "register_at_fork"):
    # A child process has none of the threads.
    os.register_at_fork(after_in_child=_pools.clear)
