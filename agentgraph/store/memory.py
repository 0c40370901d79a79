"""A store in the memory of the process: for tests, and for runs that need not outlive it."""

from collections.abc import Sequence

from agentgraph.errors import suggest
from agentgraph.store.protocol import RunTaken, UnknownRun


class MemoryStore:
    """Keeps the facts of runs as long as the process lives."""

    def __init__(self) -> None:
        """Begin without runs."""
        self._facts: dict[str, list[str]] = {}
        self._tokens: dict[str, int] = {}

    async def create(self, run_id: str) -> int:
        """Keep a new run, and return the token of its owner. Raises `RunTaken`."""
        if run_id in self._facts:
            raise _taken(run_id, "there is one of this id", "choose another id, or resume that run")
        self._facts[run_id], self._tokens[run_id] = [], 1
        return 1

    async def claim(self, run_id: str) -> int:
        """Make the caller the owner, and return his token. Raises `UnknownRun`."""
        self._kept(run_id)
        self._tokens[run_id] += 1
        return self._tokens[run_id]

    async def append(self, run_id: str, token: int, after: int, facts: Sequence[str]) -> None:
        """Keep facts behind the first so many. Raises `UnknownRun`, `RunTaken`."""
        kept = self._kept(run_id)
        if token != self._tokens[run_id]:
            raise _taken(run_id, "another has claimed it", "leave the run to its new owner")
        if after != len(kept):
            fix = "load it again: somebody else has gone on with it"
            raise _taken(run_id, f"it has {len(kept)} facts, not {after}", fix)
        kept += facts

    async def load(self, run_id: str) -> Sequence[str]:
        """Return all facts of a run. Raises `UnknownRun`."""
        return tuple(self._kept(run_id))

    def _kept(self, run_id: str) -> list[str]:
        if run_id not in self._facts:
            what = f"there is no run {run_id!r} in this store"
            fix = suggest(run_id, self._facts, "what is kept in memory ends with its process")
            raise UnknownRun(what, where="a store in memory", fix=fix)
        return self._facts[run_id]


def _taken(run_id: str, what: str, fix: str) -> RunTaken:
    return RunTaken(f"run {run_id!r} is not yours: {what}", where="a store in memory", fix=fix)
