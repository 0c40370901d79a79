"""`agentgraph check`: what can be said of workflows before they run; nothing runs."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Final

import click

from agentgraph.cli.exits import tell
from agentgraph.cli.target import load
from agentgraph.errors import Finding, GraphError, InvalidGraph, UnknownTarget
from agentgraph.graph import FrozenGraph, Vertex
from agentgraph.verify import Report, verify

CLEAN: Final = 0
FINDINGS: Final = 1
UNDECIDED: Final = 2
_UNDECIDED_CODE: Final = "AG309"


def check(targets: Sequence[str], *, debug: bool = False) -> int:
    """Print what is found in each target, and return the worst exit code of them."""
    return max(_check(target, debug=debug) for target in targets)


def _check(target: str, *, debug: bool) -> int:
    try:
        workflow = load(target)
    except UnknownTarget as error:
        tell(error, debug=debug)
        return UNDECIDED
    except InvalidGraph as error:
        click.echo(f"{error.name} ({target})")
        return _findings(error.findings)
    except GraphError as error:
        # What cannot even be put together is a finding too, with the same three parts.
        click.echo(f"{target}\n{_indented(str(error))}")
        return FINDINGS
    report = verify(workflow.graph)
    click.echo(f"{workflow.name} ({target})")
    code = _findings(report.findings)
    _describe(workflow.graph, report)
    return code


def _findings(findings: Iterable[Finding]) -> int:
    found = list(findings)
    for finding in found:
        mark = "" if finding.severity == "error" else " warning"
        click.echo(_indented(f"{finding}\n  claim:{mark} {finding.claim}"))
    if any(finding.code == _UNDECIDED_CODE for finding in found):
        return UNDECIDED
    return FINDINGS if found else CLEAN


def _describe(graph: FrozenGraph, report: Report) -> None:
    if not report.findings:
        click.echo("  clean: nothing was found")
    most = report.runs_at_most
    shown = "unknown before it runs" if most is None else f"at most {most:,}"
    click.echo(f"  size:      {len(graph.vertices)} vertices, {len(graph.edges)} edges")
    click.echo(f"  node runs: {shown}")
    for fork in report.forks:
        click.echo(f"  parallel:  after {fork.path}: {' | '.join(fork.branches)}")
    for join in report.joins:
        waits = "all of" if join.need == len(join.ways) else f"the first {join.need} of"
        click.echo(f"  join:      {join.path} waits for {waits} {', '.join(join.ways)}")
    for path, vertex in _votes(graph, ""):
        voters = ", ".join(vertex.voters)
        click.echo(f"  vote:      {path} needs {vertex.need} of {voters}")


def _votes(graph: FrozenGraph, prefix: str) -> Iterator[tuple[str, Vertex]]:
    for vertex in graph.vertices:
        if vertex.voters:
            yield prefix + vertex.name, vertex
        if vertex.child is not None:
            yield from _votes(vertex.child, f"{prefix}{vertex.name}/")


def _indented(text: str) -> str:
    return "\n".join(f"  {line}" for line in text.splitlines())
