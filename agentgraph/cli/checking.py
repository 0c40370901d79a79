"""`agentgraph check`: what can be said of workflows before they run, told and drawn; nothing runs."""

import re
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Literal

import click

from agentgraph.cli import files
from agentgraph.cli.examining import EXITS, Checked, examine
from agentgraph.cli.exits import is_debugging, tell
from agentgraph.cli.target import each_of
from agentgraph.errors import Finding, Severity
from agentgraph.verify import Report

Format = Literal["text", "json", "sarif"]


def check(
    targets: Sequence[str], *, format: Format, fail_on: Severity, deep: bool, svg: Path | None
) -> int:
    """Tell what is found in each target, and return the worst exit code of them."""
    with _deeply() if deep else nullcontext():
        found = [examine(one, fail_on) for target in targets for one in each_of(target)]
    drawn = _draw(found, svg) if svg is not None else {}
    for one in found:
        if one.error is not None and (format != "json" or is_debugging()):
            tell(one.error)
    if format == "text":
        from agentgraph.cli.report_text import write  # noqa: PLC0415 - only who reads it

        write(found, drawn)
    else:
        from agentgraph.cli.report_data import as_json, as_sarif  # noqa: PLC0415 - as above

        click.echo(as_json(found, drawn) if format == "json" else as_sarif(found))
    return max(EXITS[one.status] for one in found)


def _deeply() -> AbstractContextManager[None]:
    from agentgraph.workflow.solving import deeply  # noqa: PLC0415 - only who asks for it

    return deeply()


def _draw(found: Sequence[Checked], folder: Path) -> dict[int, str]:
    """Draw each finding that has a path; return where, by the identity of the finding."""
    from agentgraph.render import to_svg  # noqa: PLC0415 - only who draws needs it
    from agentgraph.render.failing import marks_of  # noqa: PLC0415 - only who draws needs it

    folder.mkdir(parents=True, exist_ok=True)
    drawn: dict[int, str] = {}
    for number, (report, finding) in enumerate(_with_paths(found), start=1):
        name = re.sub(r"[^\w.-]+", "_", f"{report.graph}-{number}-{finding.code}.svg")
        graph = report.graphs[0][1]
        text = to_svg(graph, marks=marks_of(finding, report.graphs))
        files.write(folder / name, text)
        drawn[id(finding)] = str(folder / name)
    return drawn


def _with_paths(found: Sequence[Checked]) -> Iterator[tuple[Report, Finding]]:
    for one in found:
        for finding in one.report.findings:
            if finding.path and one.report.graphs:
                yield one.report, finding
