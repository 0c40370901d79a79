"""Where the facts of runs are kept, so that another process can go on with them; not how they run."""

from agentgraph.store.memory import MemoryStore
from agentgraph.store.protocol import RunTaken, Store, UnknownRun

__all__ = ["MemoryStore", "RunTaken", "Store", "UnknownRun"]
