"""How a function of the user is called: on the loop or in a thread; not what it is given."""

import asyncio
import inspect
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from functools import cache
from typing import Final

from agentgraph.runtime.program import Body, is_async

THREADS: Final = 32
"""How many sync functions may run at once beside the loop, over all runs."""


async def call(body: Body, arguments: Sequence[object], *, in_thread: bool = False) -> object:
    """Call a function of the user, on the loop or in a thread, and await what it gives."""
    if in_thread and not is_async(body):
        context = copy_context()
        result = await asyncio.get_running_loop().run_in_executor(
            _threads(), lambda: context.run(_called, body.fn, arguments)
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


@cache
def _threads() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(THREADS, thread_name_prefix="agentgraph")
