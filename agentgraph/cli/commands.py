"""The commands and their options, as click knows them; what each does is in a module of its own.

Rules of this file:

1. It imports click and nothing of agentgraph but what every command needs: `--help` is quick.
2. An option is said once, in the words of the glossary: what `--help` says of it is a text, and
   stands in `help.json`, so that the options here read as a table. Where there are many, a
   command hands them on by their names, as click has checked them.
"""

import json
import os
from pathlib import Path
from string import Template
from typing import Any, Final

import click

from agentgraph.cli.exits import DONE, reporting

_HELP: Final = json.loads(Path(__file__).with_name("help.json").read_text(encoding="utf-8"))
"""What is said of each command below what it does, and of its options."""
_TARGET = "TARGET is path.py with one workflow in it, path.py:name or module:name."
_FORMATS = ("svg", "dot", "mmd", "json", "html", "txt", "png", "pdf")
_COUNT = click.IntRange(min=0)
_SOME = click.IntRange(min=1)
_FILE = click.Path(path_type=Path, dir_okay=False)
_FOLDER = click.Path(path_type=Path, file_okay=False)


def _version(context: click.Context, _: click.Parameter, wanted: bool) -> None:
    if wanted:
        from agentgraph.cli.doctor import version  # noqa: PLC0415 - see rule 1

        click.echo(f"agentgraph {version() or '(not installed)'}")
        context.exit()


def _once(_: click.Context, __: click.Parameter, given: tuple[str, ...]) -> str | None:
    """Refuse a second value, which would silently take the place of the first."""
    if len(given) > 1:
        raise click.BadParameter("give it once: many inputs are the lines of one JSONL file")
    return given[0] if given else None


def _explain(command: click.Command) -> None:
    """Say below a command, and of each of its options, what there is to say."""
    slots = {"TARGET": _TARGET, "FORMATS": ", ".join(_FORMATS)}
    texts = _HELP["every command"] | _HELP[command.name]
    told = {key: Template(text).substitute(slots) for key, text in texts.items()}
    command.epilog = told.get("epilog")
    for option in command.params:
        if isinstance(option, click.Option):
            option.help = told[option.opts[0]]


class _Command(click.Command):
    """A command whose function returns the exit code; what goes wrong is told here."""

    def __init__(self, *, failed: int | None = None, **attributes: Any) -> None:
        super().__init__(**attributes)
        self.params.append(click.Option(["--debug"], is_flag=True))
        self._failed = failed
        _explain(self)

    def invoke(self, ctx: click.Context) -> None:
        ctx.obj = ctx.params.pop("debug")
        ctx.color = False if os.environ.get("NO_COLOR") else None
        with reporting(failed=self._failed):
            code = super().invoke(ctx)
        raise click.exceptions.Exit(code or DONE)


@click.group(context_settings={"help_option_names": ["-h", "--help"], "show_default": True})
@click.option("--version", is_flag=True, is_eager=True, expose_value=False, callback=_version)
def agentgraph() -> None:
    """Coordinate AI agents by an explicit, typed graph that is proved before it runs."""


_explain(agentgraph)
agentgraph.command_class = _Command


@agentgraph.command()
@click.argument("target")
@click.option("--input", "-i", "source", metavar="INPUT", multiple=True, callback=_once)
@click.option("--set", "-s", "changes", multiple=True, metavar="FIELD=VALUE")
@click.option("--answer", "answers", multiple=True, metavar="QUESTION=ANSWER")
@click.option("--deps", metavar="NAME")
@click.option("--concurrency", "-n", type=_SOME, default=8)
@click.option("--steps", type=_COUNT)
@click.option("--seconds", type=click.FloatRange(min=0))
@click.option("--usd", type=click.FloatRange(min=0))
@click.option("--tokens", type=_COUNT)
@click.option("--seed", type=int, default=0)
@click.option("--json", "as_json", is_flag=True)
@click.option("--svg", type=_FILE)
@click.option("--record", type=_FILE)
@click.option("--watch", is_flag=True)
@click.option("--quiet", "-q", is_flag=True)
def run(target: str, **asked: Any) -> int:
    """Run a workflow on one input or on many.

    What comes out goes to stdout, progress and errors go to stderr.
    """
    from agentgraph.cli import options, running  # noqa: PLC0415 - see rule 1
    from agentgraph.runtime import Budget  # noqa: PLC0415 - see rule 1

    limits = {name: asked.pop(name) for name in ("steps", "seconds", "usd", "tokens")}
    budget = None if all(limit is None for limit in limits.values()) else Budget(**limits)
    return running.run(options.Options(target, budget=budget, **asked))


@agentgraph.command(failed=2)
@click.argument("targets", nargs=-1, required=True, metavar="TARGET...")
@click.option("--format", type=click.Choice(["text", "json", "sarif"]), default="text")
@click.option("--fail-on", type=click.Choice(["warning", "error"]), default="error")
@click.option("--deep", is_flag=True)
@click.option("--svg", type=_FOLDER, metavar="DIR")
def check(targets: tuple[str, ...], **asked: Any) -> int:
    """Say what can be said of workflows before they run."""
    from agentgraph.cli.checking import check as look  # noqa: PLC0415 - see rule 1

    return look(targets, **asked)


@agentgraph.command(failed=2)
@click.argument("before")
@click.argument("after")
@click.option("--format", type=click.Choice(["text", "json"]), default="text")
@click.option("--svg", type=_FILE)
def diff(before: str, after: str, **asked: Any) -> int:
    """Say what changed from the workflow BEFORE to AFTER, and what it means for runs under way."""
    from agentgraph.cli.comparing import compare  # noqa: PLC0415 - see rule 1

    return compare(before, after, **asked)


@agentgraph.command(failed=2)
@click.argument("target")
@click.option("--agents", type=click.Choice(["fake", "real"]), default="fake")
@click.option("--labels", type=click.Choice(["any", "real"]), default="any")
@click.option("--deps", metavar="NAME")
@click.option("--property", "properties", multiple=True)
@click.option("--examples", type=_SOME, default=10)
@click.option("--seed", type=int, default=0)
@click.option("--min-edges", type=click.FloatRange(0, 1), default=0.0)
@click.option("--folder", type=_FOLDER, default=".agentgraph")
def test(target: str, **asked: Any) -> int:
    """Run a workflow in simulation, with many inputs, labels, orders, faults and crashes.

    Fakes write what a node may write, and a choice takes any label that it declares; `real` keeps
    your own agents or classifiers. A failure leaves a script and a picture in the folder.
    """
    from agentgraph.cli import trying  # noqa: PLC0415 - see rule 1

    return trying.test(target, **asked)


@agentgraph.command(failed=2)
@click.argument("file", type=_FILE)
@click.argument("target", required=False)
def replay(file: Path, target: str | None) -> int:
    """Do again what the script FILE of a failed check says."""
    from agentgraph.cli import trying  # noqa: PLC0415 - see rule 1

    return trying.replay(file, target)


@agentgraph.command(failed=2)
@click.argument("target")
@click.argument("arguments", nargs=-1, metavar="[PYTEST ARGUMENTS]...")
def mutate(target: str, arguments: tuple[str, ...]) -> int:
    """Put small faults into the graph one by one, and see whether your tests notice."""
    from agentgraph.cli import trying  # noqa: PLC0415 - see rule 1

    return trying.mutate(target, arguments)


@agentgraph.command(failed=2)
@click.argument("target")
@click.option("--json", "as_json", is_flag=True)
def tour(target: str, **asked: Any) -> int:
    """List the fewest runs that together take every edge of a workflow; nothing of it runs."""
    from agentgraph.cli import touring  # noqa: PLC0415 - see rule 1

    return touring.tour(target, **asked)


@agentgraph.command()
@click.argument("target")
@click.option("-o", "--output", "paths", multiple=True, metavar="FILE")
@click.option("--format", type=click.Choice(_FORMATS))
@click.option("--run", type=_FILE)
@click.option("--at-step", type=_SOME)
@click.option("--depth", type=_COUNT)
@click.option("--collapse", multiple=True, metavar="PATH")
@click.option("--focus", metavar="PATH")
@click.option("--radius", type=_COUNT, default=1)
@click.option("--theme", type=click.Choice(["auto", "light", "dark"]), default="auto")
@click.option("--direction", type=click.Choice(["TB", "LR"]), default="TB")
@click.option("--engine", type=click.Choice(["auto", "bundled", "system", "builtin"]))
@click.option("--redact", multiple=True, metavar="FIELD")
@click.option("--href", metavar="URL")
@click.option("--width", type=_SOME)
@click.option("--ascii", is_flag=True)
@click.option("--open", "opens", is_flag=True)
def render(target: str, **asked: Any) -> None:
    """Draw a workflow, or what runs of it did, as a picture, a page or a text."""
    from agentgraph.cli import drawing  # noqa: PLC0415 - see rule 1

    drawing.render(target, **asked)


@agentgraph.command()
@click.argument("name")
@click.option("--from", "chart", type=_FILE)
def new(name: str, chart: Path | None) -> None:
    """Begin a small project in the folder NAME, with inputs and a test."""
    from agentgraph.cli import project  # noqa: PLC0415 - see rule 1

    project.write(name, chart)


@agentgraph.command()
def doctor() -> int:
    """Say what is installed here, what is missing, and how to get it."""
    from agentgraph.cli.doctor import doctor as look  # noqa: PLC0415 - see rule 1

    return look()
