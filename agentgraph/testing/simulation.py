"""An event loop in which time is a number and the order of things is chosen; nothing real happens.

Rules of this file:

1. What may run next is chosen by a `Schedule`, one callback after the other: the same schedule
   makes the same run, on every machine.
2. When nothing is ready, time jumps to the next timer. When there is none either, those who
   still wait wait for each other: that is an error, not a hang.
3. Whatever would reach outside (sockets, processes, signals) is refused; what would run in a
   thread runs here, in a turn of its own.
"""

import asyncio
import heapq
from collections.abc import Callable, Coroutine, Generator, Mapping
from typing import Any, Final, NoReturn, TypeVar, TypeVarTuple
from zlib import crc32

from agentgraph.errors import NotAvailable, RunError

T = TypeVar("T")
Ts = TypeVarTuple("Ts")
_LOTS: Final = (1 << 64) - 1
TURNS_MAX: Final = 50_000
"""After so many callbacks a simulated run counts as one that never ends."""


class Deadlock(RunError, code="AG680"):
    """Nothing can move: those who wait, wait for each other, or for what a simulation has not."""


class Schedule:
    """Chooses what runs next: what came first, but where it deviates.

    `deviations` say for the nth choice (counted where there is more than one to choose from) which
    of the ready it takes instead of the first. With a `seed`, every choice is made by lot, and
    `deviations` holds afterwards what that came to.
    """

    __slots__ = ("_lot", "choices", "deviations")

    def __init__(
        self, deviations: Mapping[int, int] | None = None, *, seed: str | None = None
    ) -> None:
        """Follow the deviations, or throw the dice of a seed."""
        self.deviations: dict[int, int] = dict(deviations or {})
        self.choices: int = 0
        """How many choices there were."""
        # A generator of our own (that of Knuth's MMIX): to make a `Random` takes as long as the
        # choices of a short run.
        self._lot = None if seed is None else crc32(seed.encode("utf-8", "surrogatepass"))

    def choose(self, ready: int) -> int:
        """Return which of so many goes next."""
        number = self.choices
        self.choices = number + 1
        if self._lot is None:
            return min(self.deviations.get(number, 0), ready - 1) if self.deviations else 0
        self._lot = (self._lot * 6364136223846793005 + 1442695040888963407) & _LOTS
        chosen = (self._lot >> 33) % ready
        if chosen:
            self.deviations[number] = chosen
        return chosen


def _refuse(*_: Any, **__: Any) -> NoReturn:
    what = "a simulated run reaches for the outside: a socket, a file descriptor, a process or a signal"
    fix = "hand the agent a fake in its place (agents=, deps=), or test it in a loop of asyncio"
    raise NotAvailable(what, where="the simulated event loop", fix=fix)


async def _called(func: Callable[[*Ts], T], *args: *Ts) -> T:
    return func(*args)


class SimulatedLoop(asyncio.BaseEventLoop):
    """An event loop under a schedule, with a clock of its own; `run` is all that it is used by.

    Calls and timers are made and kept as asyncio does; which is called when is decided here.
    """

    _scheduled: list[asyncio.TimerHandle]

    def __init__(self, schedule: Schedule | None = None, *, now: float = 0.0) -> None:
        """Begin with nothing to do."""
        super().__init__()
        self._schedule = schedule or Schedule()
        self._ready: list[asyncio.Handle] = []
        self._idle: asyncio.Future[None] | None = None
        self._tasks: list[asyncio.Task[Any]] = []
        self._now = now
        self.left: tuple[str, ...] = ()
        """The tasks that were still there when the run was over, by name."""

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """Run to the end; raises `Deadlock` when nothing can move before. All is closed then."""
        outer = asyncio.events._get_running_loop()  # noqa: SLF001 - that of a notebook, say
        asyncio.events._set_running_loop(self)  # noqa: SLF001 - made for event loops
        try:
            main = self.create_task(work)
            try:
                self._turn(main)
                return main.result()
            finally:
                self._close(main)
        finally:
            asyncio.events._set_running_loop(outer)  # noqa: SLF001 - as above
            self.close()

    async def idle(self) -> None:
        """Wait until nothing else can go on, but by and by."""
        self._idle = self.create_future()
        await self._idle

    def _turn(self, main: asyncio.Task[Any]) -> None:
        for _ in range(TURNS_MAX):
            if main.done():
                return
            if not self._ready:
                self._wait()
            self._call()
        what = f"the run does not end: it took {TURNS_MAX:,} turns"
        where = "the simulated event loop"
        raise Deadlock(what, where=where, fix="look for an agent that polls for ever")

    def _call(self) -> None:
        """Call what the schedule says."""
        count = len(self._ready)
        call = self._ready.pop(self._schedule.choose(count) if count > 1 else 0)
        if not call.cancelled():
            call._run()  # noqa: SLF001 - as a loop does

    def _wait(self) -> None:
        """Let time go on until something is ready."""
        if self._idle is not None:
            self._idle.set_result(None)
            self._idle = None
        while self._scheduled and not self._ready:
            timer = heapq.heappop(self._scheduled)
            if not timer.cancelled():
                self._now = max(self._now, timer.when())
                self._ready.append(timer)
        if not self._ready:
            raise Deadlock(
                "nothing can move, and the run has not ended: those who wait, wait for each other",
                where=f"waiting: {', '.join(self._waiting())}",
                fix="let one of them go on by itself, or give its wait a timeout",
            )

    def _close(self, main: asyncio.Task[Any]) -> None:
        """Cancel who is left, and let all end."""
        self.left = tuple(self._waiting(main))
        self._schedule = Schedule()
        for _ in range(100):
            left = [task for task in self._tasks if not task.done()]
            if not left:
                return
            for task in left:
                task.cancel()
            while self._ready:
                self._call()

    def _waiting(self, main: asyncio.Task[Any] | None = None) -> list[str]:
        return sorted(t.get_name() for t in self._tasks if not t.done() and t is not main)

    # What asyncio asks of a loop.

    def time(self) -> float:
        """Return the seconds since the run began."""
        return self._now

    def _write_to_self(self) -> None:
        """There are no threads that could wake it."""

    def run_in_executor(
        self, executor: object, func: Callable[[*Ts], T], *args: *Ts
    ) -> asyncio.Future[T]:
        """Call in a turn of its own: there are no threads."""
        return self.create_task(_called(func, *args))

    def create_task(
        self, coro: Generator[Any, None, T] | Coroutine[Any, Any, T], **options: Any
    ) -> asyncio.Task[T]:
        """Make a task of this loop."""
        task = super().create_task(coro, **options)
        if options.get("name") is None:  # By default asyncio counts the tasks of the whole process.
            task.set_name(f"task {len(self._tasks)}")
        self._tasks.append(task)
        return task

    def call_exception_handler(self, context: dict[str, Any]) -> None:
        """Say nothing: an error that matters reaches whoever awaits it."""


_OUTSIDE: Final = (
    "add_", "connect_", "create_connection", "create_datagram", "create_server", "create_unix",
    "getaddr", "getname", "sendfile", "sock_", "start_tls", "subprocess_",
)  # fmt: skip
# Not one by one for each loop: that takes a tenth of a short run.
for _name in dir(asyncio.AbstractEventLoop):
    if _name.startswith(_OUTSIDE):
        setattr(SimulatedLoop, _name, _refuse)
