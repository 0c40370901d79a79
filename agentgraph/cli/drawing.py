"""`agentgraph render`: pictures of a workflow, or its graph as JSON, into files or to stdout."""

from collections.abc import Sequence
from pathlib import Path
from typing import Literal

import click

from agentgraph.cli.target import graph_of
from agentgraph.graph import FrozenGraph, to_json
from agentgraph.render import to_dot, to_mermaid, to_svg

Format = Literal["svg", "dot", "mmd", "json"]
Engine = Literal["auto", "bundled", "system", "builtin"]
FORMATS: dict[str, Format] = {"svg": "svg", "dot": "dot", "mmd": "mmd", "json": "json"}


def render(target: str, paths: Sequence[str], format: Format | None, engine: Engine | None) -> None:
    """Write a picture to each path; `-` is stdout, and then `format` says which."""
    chosen: list[tuple[str, Format]] = [(path, _format(path, format)) for path in paths or ["-"]]
    graph = graph_of(target)
    for path, kind in chosen:
        text = _drawn(graph, kind, engine)
        if path == "-":
            click.echo(text, nl=not text.endswith("\n"))
        else:
            Path(path).write_text(text, encoding="utf-8", newline="\n")
            click.echo(f"wrote {path}", err=True)


def _format(path: str, format: Format | None) -> Format:
    suffix = Path(path).suffix.lower().removeprefix(".")
    if path == "-" or not suffix:
        if format is None:
            hint = "--format" if path == "-" else "-o"
            raise click.BadParameter("say which: --format svg, dot, mmd or json", param_hint=hint)
        return format
    kind = FORMATS.get(suffix)
    if kind is None:
        raise click.BadParameter(
            f"no picture has the suffix {suffix!r}: end {path!r} in .svg, .dot, .mmd or .json",
            param_hint="-o",
        )
    if not Path(path).absolute().parent.is_dir():
        raise click.BadParameter(f"there is no folder {str(Path(path).parent)!r}", param_hint="-o")
    return kind


def _drawn(graph: FrozenGraph, kind: Format, engine: Engine | None) -> str:
    match kind:
        case "svg":
            return to_svg(graph, engine=engine)
        case "dot":
            return to_dot(graph)
        case "mmd":
            return to_mermaid(graph)
        case "json":
            return to_json(graph)
