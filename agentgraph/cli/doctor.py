"""`agentgraph doctor`: what is installed here, what is missing, and how to get it."""

import asyncio
import os
import platform
import sys
from importlib import metadata
from pathlib import Path
from typing import Final

import click

from agentgraph.cli.exits import DONE, FAILED
from agentgraph.render import Engine, engines
from agentgraph.render.engines import VARIABLE
from agentgraph.state import State
from agentgraph.workflow import node, workflow

NEEDED: Final = ("click", "graphviz", "networkx", "pydantic", "rich", "typing_extensions")
"""What agentgraph cannot do without; the bundled engine is none of it."""
_CURES = {
    "bundled": "pip install 'graphviz-pure>=0.2.2,<0.3' (where it has a wheel)",
    "system": "optional: install Graphviz with the package manager",
}


def doctor() -> int:
    """Print how things stand; 0 when workflows can be run and drawn."""
    _line("python", platform.python_version(), sys.executable)
    _line("platform", platform.system().lower(), platform.machine())
    _line("agentgraph", version() or "from source", str(Path(__file__).parent.parent))
    found = {name: version(name) for name in NEEDED}
    for name, release in found.items():
        _line(name, release or "missing")
    missing = [name for name, release in found.items() if release is None]
    for engine in engines():
        _line(f"engine: {engine.name}", *_state(engine))
    click.echo()
    try:
        drawing = asyncio.run(_tried())
    except Exception as error:  # noqa: BLE001 - whatever it is, it is what a doctor looks for
        click.echo(f"a small workflow cannot be run and drawn: {type(error).__name__}: {error}")
        return FAILED
    if missing:
        click.echo(f"missing: {', '.join(missing)}. To mend it: pip install {' '.join(missing)}")
        return FAILED
    click.echo(f"all is well: a small workflow was run, and drawn by the engine {drawing!r}")
    return DONE


def version(name: str = "agentgraph") -> str | None:
    """Return the version of a package that is installed, or None."""
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None


class _Trial(State):
    """The state of a workflow that does nothing."""


def _rest(_: _Trial) -> None:
    """Do nothing."""


async def _tried() -> str:
    """Run and draw a small workflow, and name the engine that drew it."""
    trial = workflow("trial", _Trial, node(_rest))
    trial.to_svg(run=await trial.run(_Trial()))
    return os.environ.get(VARIABLE) or next(engine.name for engine in engines() if engine.found)


def _state(engine: Engine) -> tuple[str, str]:
    if engine.found:
        return engine.version or "found", engine.path or "plain Python, always there"
    return "missing", _CURES.get(engine.name, "")


def _line(name: str, state: str, more: str = "") -> None:
    click.echo(f"{name:<20}{state:<15}{more}".rstrip())
