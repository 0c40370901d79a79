"""What every store can do; not how, and not what the facts mean."""

from collections.abc import Sequence
from typing import Protocol

from agentgraph.errors import JournalError


class UnknownRun(JournalError, code="AG702"):
    """The store has no run of this id."""


class RunTaken(JournalError, code="AG703"):
    """A run is somebody else's: its id is in use, another has claimed it, or it has gone on."""


class Store(Protocol):
    """The facts of runs, each a text that a journal has written, in the order of each run.

    Whoever creates or claims a run is its owner, and says so by the token that he was given:
    every claim gives a higher one, and from then on what comes with a lower one is refused.
    """

    async def create(self, run_id: str) -> int:
        """Keep a new run, and return the token of its owner. Raises `RunTaken`."""
        ...

    async def claim(self, run_id: str) -> int:
        """Make the caller the owner, and return his token. Raises `UnknownRun`."""
        ...

    async def append(self, run_id: str, token: int, after: int, facts: Sequence[str]) -> None:
        """Keep facts, all or none, behind the first so many. Raises `UnknownRun`, `RunTaken`.

        They are kept when this returns.
        """
        ...

    async def load(self, run_id: str) -> Sequence[str]:
        """Return all facts of a run. Raises `UnknownRun`."""
        ...
