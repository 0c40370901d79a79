"""What a node knows about its run, apart from the state; not the run itself.

A context is a thin view of a session: it costs nothing where a function does
not ask for it, and it can do no more than tell, spend and record.
"""

from collections.abc import Awaitable, Callable, Coroutine, Mapping
from decimal import Decimal
from inspect import CORO_CREATED, getcoroutinestate
from typing import TYPE_CHECKING, Generic, TypeVar, cast, overload

from typing_extensions import TypeVar as DefaultTypeVar

from agentgraph.errors import RunError
from agentgraph.runtime.policy import is_amount
from agentgraph.state.copies import own

if TYPE_CHECKING:
    from pydantic import BaseModel

    from agentgraph.machine import Task
    from agentgraph.runtime.session import Session

D_co = DefaultTypeVar("D_co", covariant=True, default=object)
R = TypeVar("R")


class Ctx(Generic[D_co]):
    """What a node knows about its run; apart from the state."""

    __slots__ = (
        "_effects", "_session", "attempt", "before", "deadline", "error", "idempotency_key", "path", "visit",
    )  # fmt: skip

    def __init__(self, session: "Session", task: "Task", path: str, deadline: float | None) -> None:
        """Made by the runner, for one attempt."""
        from agentgraph.machine import visit_of  # noqa: PLC0415 - who only imports is spared it

        self._session = session
        self._effects: tuple[tuple[str, Coroutine[object, object, object]], ...] = ()
        self.deadline: float | None = deadline
        """When this attempt times out, in seconds of the run's clock; None: never."""
        self.path: str = path
        """Where the node stands, such as `inbox/support/billing` or `corpus/each/3`."""
        self.visit: int = task.visit
        """How often the node was reached, this time included; a subgraph counts anew each time."""
        self.attempt: int = task.attempt
        """1, and one more for each repetition."""
        self.idempotency_key: str = f"{session.run_id}/{visit_of(session.marking, task)}"
        """The same for every attempt of this visit, and for no other visit of any run."""
        self.error: Exception | None = None
        """In a catch handler: what was caught."""
        self.before: BaseModel | None = None
        """In an undo: the state as the node left it."""

    @property
    def run_id(self) -> str:
        """The id of the run."""
        return self._session.run_id

    @property
    def thread_id(self) -> str | None:
        """The key under which runs share memory; None when the run has none."""
        return self._session.options.get("thread_id")

    @property
    def tags(self) -> Mapping[str, str]:
        """What the caller attached to the run."""
        return self._session.options.get("tags") or {}

    @property
    def correlation_id(self) -> str:
        """What ties together all that one request caused: the thread, else the run."""
        return self.thread_id or self.run_id

    @property
    def causation_id(self) -> str:
        """The attempt that causes what this node does."""
        return f"{self.idempotency_key}/{self.attempt}"

    @property
    def deps(self) -> D_co:
        """The services that the run was given."""
        return cast("D_co", self._session.deps)

    def emit(self, value: object) -> None:
        """Tell a value to those who follow the run. It is never unsaid, also if this attempt fails."""
        session = self._session
        # A copy: what the node does to it afterwards was not told.
        session.in_loop(session.emitted, self.path, own(value), self.attempt)

    def spend(self, *, tokens: int = 0, usd: float | Decimal | None = None) -> None:
        """Count what this attempt used; `usd` None says that the cost is unknown."""
        cost = float(usd) if isinstance(usd, Decimal) else usd
        if not (is_amount(tokens, whole=True) and (cost is None or is_amount(cost))):
            fix = "give numbers that are not negative; usd=None where the cost is unknown"
            raise self._fault(f"spent tokens={tokens!r}, usd={usd!r}", fix)
        session = self._session
        session.in_loop(session.spent, self.path, tokens, None if cost is None else float(cost))

    @overload
    def effect(self, key: str, fn: Callable[[], Awaitable[R]]) -> Coroutine[object, object, R]: ...
    @overload
    def effect(self, key: str, fn: Callable[[], R]) -> Coroutine[object, object, R]: ...
    def effect(self, key: str, fn: Callable[[], object]) -> Coroutine[object, object, object]:
        """Do something outside once for each visit: a repeated attempt gets the first result.

        `key` names the effect within this visit. A failure is not recorded. It must be awaited.
        """
        begun = self._session.effects.once(f"{self.idempotency_key}/{key}", fn)
        self._effects = (*self._effects, (key, begun))
        return begun

    def check_effects(self) -> None:
        """Raise `RunError` where an effect was named and never awaited: nothing has happened."""
        for key, begun in self._effects:
            if getcoroutinestate(begun) == CORO_CREATED:
                begun.close()
                fix = "write `await ctx.effect(...)`, in an `async def`"
                raise self._fault(f"named the effect {key!r} and did not await it", fix)

    def _fault(self, what: str, fix: str) -> RunError:
        where = f"node {self.path!r}, visit {self.visit}, attempt {self.attempt}"
        return RunError(f"{self.path!r} {what}", where=where, fix=fix)
