"""`agentgraph test`, `replay` and `mutate`: workflows run in simulation; no model, no key."""

import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

import click

from agentgraph.cli.target import find, load
from agentgraph.errors import InvalidInput
from agentgraph.testing import Script, check, mutants, recheck
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


def mutate(target: str, arguments: tuple[str, ...]) -> int:
    """Run the user's tests against each mutant of a graph; 1 when one is not noticed."""
    graph = load(target).graph
    if not _pass(arguments):
        what = "the tests fail, or there are none, before anything is changed"
        fix = "let them pass first; what comes behind `--` is handed to pytest"
        raise InvalidInput(what, where=" ".join(["pytest", *arguments]), fix=fix)
    ends = Counter[str]()
    for number, mutant in enumerate(mutants(graph)):
        changed = (*arguments, "--agentgraph-mutant", f"{graph.digest}:{number}")
        end = "refused" if mutant.is_refused else "ALIVE" if _pass(changed) else "killed"
        ends[end] += 1
        click.echo(f"{end:7}  {mutant.what}")
    told = f"{ends['refused']} refused at build, {ends['killed']} killed, {ends['ALIVE']} alive"
    click.echo(f"{ends.total()} mutants: {told}")
    return 1 if ends["ALIVE"] else 0


def _pass(arguments: tuple[str, ...]) -> bool:
    # The plugin by its module: so it is there too where agentgraph is not installed as a package.
    plugin = ["-p", "no:agentgraph", "-p", "agentgraph.cli.plugin"]
    command = [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", *plugin]
    return not subprocess.run([*command, *arguments], capture_output=True, check=False).returncode  # noqa: S603
