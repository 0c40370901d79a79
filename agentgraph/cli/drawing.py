"""`agentgraph render`: pictures of a workflow, into files or to stdout."""

import shutil
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import click

from agentgraph.cli.target import load
from agentgraph.errors import suggest
from agentgraph.events import recorded
from agentgraph.render import FORMATS, Direction, EngineChoice, Options, Theme, View, drawn


@dataclass(frozen=True, slots=True)
class Asked:
    """What was typed after `agentgraph render`."""

    target: str
    paths: Sequence[str]
    format: str | None
    run: Path | None
    at_step: int | None
    depth: int | None
    collapse: tuple[str, ...]
    focus: str | None
    radius: int
    theme: Theme
    direction: Direction
    engine: EngineChoice | None
    redact: tuple[str, ...]
    opens: bool


def render(asked: Asked) -> None:
    """Write a picture to each path; `-` is stdout, and then `format` says which."""
    chosen = [(path, _format(path, asked.format)) for path in asked.paths or ["-"]]
    if asked.at_step is not None and asked.run is None:
        raise click.BadParameter("a step is of a run: add --run", param_hint="--at-step")
    graph = load(asked.target).graph
    options: Options = {
        "run": None if asked.run is None else recorded(asked.run),
        "at_step": asked.at_step,
        "view": View(asked.depth, asked.collapse, asked.focus, asked.radius),
        "theme": asked.theme,
        "direction": asked.direction,
        "engine": asked.engine,
        "redact": asked.redact,
        "width": shutil.get_terminal_size((100, 24)).columns,
        "ascii": not (sys.stdout.encoding or "").lower().startswith("utf"),
    }
    for path, kind in chosen:
        picture = drawn(graph, kind, **options)
        if path == "-":
            sys.stdout.buffer.write(picture)
            sys.stdout.buffer.flush()
            continue
        Path(path).write_bytes(picture)
        click.echo(f"wrote {path}", err=True)
        if asked.opens:
            click.launch(path)


def _format(path: str, format: str | None) -> str:
    suffix = Path(path).suffix.lower().removeprefix(".")
    if path == "-" or not suffix:
        if format is None:
            hint = "--format" if path == "-" else "-o"
            names = ", ".join(FORMATS)
            raise click.BadParameter(f"say which: --format with one of {names}", param_hint=hint)
        return format
    if suffix not in FORMATS:
        advice = suggest(suffix, FORMATS, f"end {path!r} in one of {', '.join(FORMATS)}")
        raise click.BadParameter(f"no picture has the suffix {suffix!r}: {advice}", param_hint="-o")
    if not Path(path).absolute().parent.is_dir():
        raise click.BadParameter(f"there is no folder {str(Path(path).parent)!r}", param_hint="-o")
    return suffix
