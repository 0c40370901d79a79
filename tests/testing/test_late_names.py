"""Importing the package, or `agentgraph.testing`, costs nothing of what only some tests need."""

import subprocess
import sys

import pytest

import agentgraph.testing


def imported(program: str) -> list[str]:
    """Run a program of its own, and name which of the heavy packages it has imported."""
    heavy = ("hypothesis", "networkx", "pytest", "click", "rich")
    said = f"{program}\nimport sys; print(*[one for one in {heavy} if one in sys.modules])"
    done = subprocess.run(
        [sys.executable, "-c", said], capture_output=True, text=True, check=True, timeout=60
    )
    return done.stdout.split()


@pytest.mark.parametrize("program", ["import agentgraph", "import agentgraph.testing"])
def test_importing_it_does_not_import_hypothesis(program: str) -> None:
    assert imported(program) == []


def test_asking_for_a_strategy_does() -> None:
    assert "hypothesis" in imported("from agentgraph.testing import states")


def test_every_name_is_there() -> None:
    names = agentgraph.testing.__all__

    homes = {name: getattr(agentgraph.testing, name).__module__ for name in names}
    assert {n: h for n, h in homes.items() if not h.startswith("agentgraph.testing")} == {}
    assert names == sorted(names, key=lambda name: (name[0].islower(), name))
