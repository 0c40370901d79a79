"""`agentgraph tour`: tells the fewest runs that take every edge; it runs nothing."""

import click

from agentgraph import testing
from agentgraph.cli.exits import DONE, FAILED
from agentgraph.cli.target import graph_of
from agentgraph.errors import Step
from agentgraph.events import recording
from agentgraph.graph import CHOICES
from agentgraph.render.overlay import vertices_of
from agentgraph.verify.words import counted


def tour(target: str, *, as_json: bool) -> int:
    """Tell the runs of a target, and which edges they do not take."""
    graph = graph_of(target)
    found = testing.tour(graph)
    if as_json:
        runs = [
            {"steps": [step._asdict() for step in walk.steps], "edges": walk.moves}
            for walk in found.walks
        ]
        whole = {"format": "agentgraph/tour/1", "graph": graph.name, "runs": runs}
        click.echo(recording.as_json(whole | {"missed": found.missed}, indent=2, ascii=False))
        return FAILED if found.missed else DONE
    edges = {move for walk in found.walks for move in walk.moves}
    steps = sum(len(walk.steps) for walk in found.walks)
    counts = [counted(len(found.walks), "run"), counted(len(edges), "edge"), counted(steps, "step")]
    click.echo("{}: {} over {} in {}".format(click.style(graph.name, bold=True), *counts))
    choices = {path for path, vertex in vertices_of(graph) if vertex.kind in CHOICES}
    for number, walk in enumerate(found.walks, 1):
        words = (_in_words(step, step.vertex in choices) for step in walk.steps)
        click.echo(f"  {number}. {' -> '.join(words)}")
    for source, end, label in found.missed:
        click.echo(
            f"  no way within the bounds: {source} -> {end}{(label and f' on {label}') or ''}"
        )
    return FAILED if found.missed else DONE


def _in_words(step: Step, is_choice: bool) -> str:
    """Write what completes: `triage=billing`, `triage=unsure`, or `fetch fails (ConnectionError)`."""
    if step.error:
        return f"{step.vertex} fails ({step.error.rpartition('.')[2]})"
    return f"{step.vertex}={step.label or 'unsure'}" if is_choice else step.vertex
