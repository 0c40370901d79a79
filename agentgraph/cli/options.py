"""The options of `agentgraph run`, as they were typed; what they mean is said where they are used."""

from dataclasses import dataclass
from pathlib import Path

from agentgraph.runtime import Budget


@dataclass(frozen=True, slots=True)
class Options:
    """What was typed after `agentgraph run`."""

    target: str
    source: str | None = None
    changes: tuple[str, ...] = ()
    answers: tuple[str, ...] = ()
    deps: str | None = None
    concurrency: int = 8
    budget: Budget | None = None
    seed: int = 0
    as_json: bool = False
    svg: Path | None = None
    record: Path | None = None
    watch: bool = False
    quiet: bool = False
