"""`agentgraph render`: pictures of a workflow, into files or to stdout."""

import shutil
import sys
from collections.abc import Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any

import click

from agentgraph.cli.stdio import has_all_letters
from agentgraph.cli.target import load
from agentgraph.errors import suggest
from agentgraph.events import recorded
from agentgraph.render import FORMATS, View, drawn


def render(
    target: str, *, paths: Sequence[str], format: str | None, opens: bool, **look: Any
) -> None:
    """Write a picture to each path; `-` is stdout, and then `format` says which.

    `look` is what else was asked, by the names that `View` and `drawn` have for it.
    """
    chosen = [(path, _format(path, format)) for path in paths or ["-"]]
    if look["at_step"] is not None and look["run"] is None:
        raise click.BadParameter("a step is of a run: add --run", param_hint="--at-step")
    graph = load(target).graph
    look["run"] = look["run"] and recorded(look["run"])
    look["view"] = View(**{part.name: look.pop(part.name) for part in fields(View)})
    look["width"] = look["width"] or shutil.get_terminal_size((100, 24)).columns
    look["ascii"] = look["ascii"] or not has_all_letters(sys.stdout.encoding)
    for path, kind in chosen:
        picture = drawn(graph, kind, **look)
        if path == "-":
            sys.stdout.buffer.write(picture)
            sys.stdout.buffer.flush()
            continue
        Path(path).write_bytes(picture)
        click.echo(f"wrote {path}", err=True)
        if opens:
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
