"""`agentgraph test` and `agentgraph replay`: workflows run in simulation; no model, no key."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

import click

from agentgraph.cli.target import find, load
from agentgraph.testing import Script, check, recheck
from agentgraph.testing.failing import WorkflowFailure
from agentgraph.testing.properties import How


def test(target: str, *, deps: str | None, properties: tuple[str, ...], **asked: Any) -> int:
    """Check a workflow, and tell what was found; 1 when something was."""
    real = "real" if asked["agents"] == "real" else None
    how = cast("How", {**asked, "target": target, "agents": real})
    how |= _services(deps, target)
    if properties:
        how["properties"] = cast("Any", properties)
    return _told(lambda: check(load(target), **how))


def replay(file: Path, target: str | None) -> int:
    """Do again what a script says; 1 while it shows what it showed."""
    return _told(lambda: again(file, target))


def again(file: Path, target: str | None = None) -> str:
    """Do again what a script says. Raises `WorkflowFailure` while it shows what it showed."""
    __tracebackhide__ = True  # In pytest the story says it all.
    script = Script.read(file)
    if not (target or script.target):
        raise click.BadParameter("the script does not say which workflow: add TARGET")
    target = target or script.target
    recheck(script, load(target), **_services(script.deps, target))
    return f"{script.workflow}: it does not happen any more: {script.sentence}"


def _services(deps: str | None, target: str) -> How:
    """Find what makes the services, by its name."""
    return {"services": cast("Any", find(deps, target)), "deps": deps} if deps else {}


def _told(work: Callable[[], object]) -> int:
    try:
        click.echo(str(work()))
    except WorkflowFailure as failure:
        click.echo(str(failure))
        return 1
    return 0
