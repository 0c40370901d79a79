"""Checks many random sound workflows with everything that `check` looks for: none may be found faulty.

    python -m tools.false_findings 1000 --seed 1

Each runs with fakes for agents and classifiers, with its own, and with its own through a store.
"""

import argparse
import sys
import time
from typing import Any

from hypothesis import HealthCheck, Phase, given, seed, settings

from agentgraph.store import MemoryStore
from agentgraph.testing import WorkflowFailure, check, workflows


def examine(made: Any) -> int:
    """Check one workflow in three ways, and return how many runs that took."""
    once: Any = {"examples": 1, "folder": None}
    real: Any = {**once, "agents": "real", "labels": "real", "runs": 1}
    return sum(
        check(made, **how).trials
        for how in (
            {**once, "runs": 2},
            real,
            {**real, "properties": ["crash"], "store": MemoryStore()},
        )
    )


def main(words: list[str]) -> int:
    """Check so many workflows, print what was found, and return 1 when anything was."""
    parser = argparse.ArgumentParser(prog="python -m tools.false_findings")
    parser.add_argument("count", type=int, nargs="?", default=1000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--max-nodes", type=int, default=12)
    asked = parser.parse_args(words)
    done = runs = found = 0
    began = time.monotonic()

    def one(made: Any) -> None:
        nonlocal done, runs, found
        try:
            runs += examine(made)
        except WorkflowFailure as failure:
            found += 1
            print(f"{failure}\n", flush=True)
        done += 1

    drawn = given(workflows(max_nodes=asked.max_nodes))(one)
    health = [HealthCheck.nested_given, HealthCheck.too_slow]
    limits = settings(
        max_examples=asked.count, phases=[Phase.generate], deadline=None, database=None,
        suppress_health_check=health,
    )  # fmt: skip
    seed(asked.seed)(limits(drawn))()
    spent = time.monotonic() - began
    print(f"{done} workflows, {runs} runs, {found} findings, {spent:.0f} s")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
