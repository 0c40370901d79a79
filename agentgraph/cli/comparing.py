"""`agentgraph diff`: what changed between two versions of a workflow, and what runs say to it."""

from collections.abc import Iterator
from pathlib import Path
from typing import Final, Literal

import click

from agentgraph.cli import files
from agentgraph.cli.exits import DONE, FAILED
from agentgraph.cli.target import graph_of
from agentgraph.errors import InvalidGraph
from agentgraph.events.recording import as_json
from agentgraph.graph import FrozenGraph
from agentgraph.graph.difference import Change, Difference, difference
from agentgraph.verify.words import counted

Format = Literal["text", "json"]
FORMAT: Final = "agentgraph/diff/1"
_SIGNS: Final = {"added": ("+", "green"), "removed": ("-", "red")}


def compare(before: str, after: str, *, format: Format, svg: Path | None) -> int:
    """Tell what changed from one target to the other; draw it where that is asked for."""
    files.check(svg, "--svg", suffix=".svg")
    found = difference(_graph(before), _graph(after))
    if svg is not None:
        from agentgraph.render import to_svg  # noqa: PLC0415 - only who draws needs it
        from agentgraph.render.differing import both  # noqa: PLC0415 - only who draws needs it

        graph, marks = both(found)
        files.write(svg, to_svg(graph, marks=marks))
    if format == "json":
        click.echo(as_json(_in_parts(found), indent=2, ascii=False))
    else:
        click.echo("\n".join(_told(found)))
    return FAILED if found.changes else DONE


def _graph(target: str) -> FrozenGraph:
    """Take the graph of a target; a faulty one can be compared all the same."""
    try:
        return graph_of(target)
    except InvalidGraph as error:
        if error.report is None:
            raise
        graph: FrozenGraph = error.report.graphs[0][1]
        return graph


def _told(found: Difference) -> Iterator[str]:
    before, after = found.before, found.after
    name = after.name if before.name == after.name else f"{before.name} -> {after.name}"
    verdict = counted(len(found.changes), "change") if found.changes else "same"
    yield f"{click.style(name, bold=True)}: {verdict}"
    for part in ("workflow", "field", "vertex", "edge", "region"):
        yield from (_line(change) for change in found.changes if change.part == part)
    if not found.changes:
        return
    yield ""
    digests = f"{before.digest[:12]} -> {after.digest[:12]}"
    if found.is_compatible:
        yield f"runs under way: go on unchanged, the digest {before.digest[:12]} is the same"
        return
    yield f"runs under way: pinned to the old graph ({digests}); end them with it, or migrate them"
    if not found.migrations:
        yield "  nothing to say: each place where a token may rest is still there"
    yield from (f"  - {asked}" for asked in found.migrations)


def _line(change: Change) -> str:
    sign, colour = _SIGNS.get(change.kind, ("~", "yellow"))
    where = "" if change.part in {"edge", "workflow"} else f" {change.path}"
    if change.part == "vertex" and change.kind != "changed":
        where = f" {change.path.rpartition('/')[0]}".rstrip()
    title = click.style(f"{sign} {change.part:<8}", fg=colour)
    return f"  {title}{where}{':' if where else ''} {change.what}".rstrip()


def _in_parts(found: Difference) -> dict[str, object]:
    return {
        "format": FORMAT,
        "before": {"name": found.before.name, "digest": found.before.digest},
        "after": {"name": found.after.name, "digest": found.after.digest},
        "changes": found.changes,
        "renamed": dict(found.renamed),
        "runs": {"compatible": found.is_compatible, "migration": found.migrations},
    }
