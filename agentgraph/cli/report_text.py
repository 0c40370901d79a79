"""What `agentgraph check` prints for people: findings with their cure, or what was proved.

Rules of this file:

1. Lines are as wide as the terminal, at most 100; what is to be typed is never broken.
2. No meaning lies in colour alone, and there is none where nobody sees it: on a pipe, and where
   NO_COLOR is set.
"""

import shutil
import textwrap
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from re import sub
from typing import Final

import click

from agentgraph.cli.examining import Checked
from agentgraph.cli.exits import safe
from agentgraph.errors import Finding, Place
from agentgraph.verify import Report
from agentgraph.verify.words import counted, joined

_TITLE: Final = 10
"""The width of the titles on the left."""
_GLUE: Final = "\0"
"""Stands for a blank at which no line may be broken."""


def write(found: Sequence[Checked], drawn: Mapping[int, str]) -> None:
    """Print what came of each target, and a line over all when there are several."""
    for one in found:
        if one.error is None:
            for line in _told(one, drawn):
                click.echo(line.rstrip())
            click.echo()
    if len(found) > 1:
        words = [one.status for one in found]
        counts = [f"{words.count(word)} {word}" for word in dict.fromkeys(words)]
        click.echo(f"{len(found)} targets: {', '.join(counts)}")


def shown(place: Place) -> str:
    """Write a place as it is seen from the current folder."""
    path = Path(place.file)
    is_here = path.is_absolute() and path.is_relative_to(Path.cwd())
    return f"{path.relative_to(Path.cwd())}:{place.line}" if is_here else str(place)


def _told(one: Checked, drawn: Mapping[int, str]) -> Iterator[str]:
    report = one.report
    errors = len(report.errors)
    counts = [counted(errors, "error"), counted(len(report.findings) - errors, "warning")]
    verdict = ", ".join(count for count in counts if not count.startswith("0 ")) or "clean"
    colour = "red" if errors else "yellow" if report.findings else "green"
    name = report.graph if report.graph == one.target else f"{report.graph} ({one.target})"
    yield f"{click.style(name, bold=True)}: {click.style(verdict, fg=colour, bold=True)}"
    for finding in report.findings:
        yield ""
        yield from _finding(finding, drawn.get(id(finding)))
    if not errors and report.graphs:
        yield ""
        yield from _titled(_proved(report))


def _finding(finding: Finding, picture: str | None) -> Iterator[str]:
    """Tell one finding: what, where, the path, the cure, and how it is known."""
    colour = "red" if finding.severity == "error" else "yellow"
    mark = "" if finding.severity == "error" else "warning: "
    head = _wrapped(f"[{finding.code}] {mark}{finding.what}", indent="  ", more=" " * 10)
    yield from (click.style(line, fg=colour) for line in head)
    place = f"{shown(finding.place)}, " if finding.place else ""
    path = sub(r"(->) ", rf"\1{_GLUE}", finding.route) if finding.path else None
    parts = (("where", place + finding.where), ("path", path), ("fix", finding.fix))
    more = (("claim", finding.claim), ("picture", picture))
    yield from _titled((title, text) for title, text in parts + more if text is not None)


def _proved(report: Report) -> Iterator[tuple[str, str]]:
    """Tell what holds of every run of a graph without errors."""
    most = report.runs_at_most
    bounded = (
        "every run ends; how many nodes run depends on the lists of its `each`"
        if most is None
        else f"every run ends, after at most {counted(most, 'node run')}"
    )
    choices = [path + v.name for path, graph in report.graphs for v in graph.vertices if v.labels]
    yield "proved", bounded
    yield "", "no join waits for ever, and nothing runs twice for one token"
    if choices:
        yield "", f"every answer of {_listed(choices)} has its way"
    yield from _data(report)
    for prefix, graph in report.graphs:
        for required in graph.requirements:
            # What the graph does not decide is a warning of its own.
            if not any(str(required) in finding.where for finding in report.findings):
                yield "", f"{required}{f' in {prefix}' if prefix else ''} holds"
    size = [(len(graph.vertices), len(graph.edges)) for _, graph in report.graphs]
    inner = f", in {counted(len(size), 'graph')}" if len(size) > 1 else ""
    vertices, edges = (sum(column) for column in zip(*size, strict=True))
    yield "size", f"{vertices} vertices, {counted(edges, 'edge')}{inner}"
    for fork in report.forks:
        yield "parallel", f"after {fork.path}: {' | '.join(fork.branches)}"
    for join in report.joins:
        few = join.need < len(join.ways)
        waits = f"the first {join.need}" if few else "all"
        yield "joins", f"{join.path} waits for {waits} of {', '.join(join.ways)}"
    for bound in report.bounds:
        then = "the run ends exhausted" if bound.then is None else f"on to {bound.then}"
        yield "loops", f"{bound.path} at most {bound.at_most} times, then {then}"
    for vote in report.votes:
        yield "votes", f"{vote.path} needs {vote.need} of {', '.join(vote.voters)}"


def _data(report: Report) -> Iterator[tuple[str, str]]:
    """Tell of how many nodes the reads and writes are known, and how."""
    known = report.claims
    is_clear = not any(finding.code in {"AG401", "AG402"} for finding in report.findings)
    if known["proved"] and is_clear:
        nodes = counted(len(known["proved"]), "node")
        yield "", f"of {nodes}: no field is read too early, or written twice at once"
    if known["declared"] and is_clear:
        yield "declared", f"the same of {_listed(known['declared'])}, by what you say"
    if known["unknown"]:
        yield "unknown", f"what is read and written by {_listed(known['unknown'])}"


def _titled(rows: Iterable[tuple[str, str]]) -> Iterator[str]:
    """Write texts beside their titles, each title once."""
    blank, last = " " * (_TITLE + 2), ""
    for title, text in rows:
        first, *rest = _wrapped(text, indent=blank, more=blank)
        head = f"{'' if title == last else title:<{_TITLE}}"
        yield f"  {click.style(head, bold=True)}{first.removeprefix(blank)}"
        yield from rest
        last = title


def _wrapped(text: str, *, indent: str, more: str) -> list[str]:
    """Break a text into lines, but for what stands in backticks: that is to be typed."""
    wide = min(shutil.get_terminal_size((80, 24)).columns, 100)
    # What would steer a terminal is taken out, but for our own glue.
    safely = _GLUE.join(map(safe, text.split(_GLUE)))
    lines = textwrap.wrap(
        sub(r"`[^`]*`", lambda code: code[0].replace(" ", _GLUE), safely),
        max(wide, 40),
        initial_indent=indent,
        subsequent_indent=more,
        break_long_words=False,
        break_on_hyphens=False,
    )
    return [line.replace(_GLUE, " ") for line in lines] or [indent]


def _listed(names: Sequence[str]) -> str:
    return joined(names, rest="more")
