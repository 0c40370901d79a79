"""How far a command has come, on stderr; never what came out of it.

On a terminal it is a bar that goes away at the end. In a log it is a line now and then, so
that nobody takes a long batch for dead. What nodes print while it runs goes to stderr too.
"""

import sys
from collections import Counter
from collections.abc import Generator
from contextlib import contextmanager, redirect_stdout
from time import monotonic
from typing import Any, Final

import click

from agentgraph.cli.following import Progress
from agentgraph.events import Event, NodeStarted
from agentgraph.graph import FrozenGraph
from agentgraph.verify.words import counted

PAUSE_S: Final = 10.0
"""In a log, how long nothing is said."""


class _Log(Progress):
    """Says how far it is every few seconds."""

    def __init__(self, total: int) -> None:
        super().__init__()
        self._total = total
        self._done = 0
        self._said = monotonic()

    def ended(self) -> None:
        self._done += 1
        if monotonic() - self._said >= PAUSE_S:
            self._said = monotonic()
            click.echo(f"{self._done} of {self._total} runs have ended", err=True)


@contextmanager
def progress(
    name: str, total: int, *, quiet: bool, live: bool, watched: FrozenGraph | None
) -> Generator[Progress]:
    """Show how far the runs of workflow `name` are; `live`: stderr is a terminal.

    With `watched` the drawing of this graph is shown, where there is a terminal.
    """
    with redirect_stdout(sys.stderr):
        if live and watched is not None:
            from agentgraph.cli.watching import Watched  # noqa: PLC0415 - rich is for terminals

            shown: Progress = Watched(watched)
        elif live and not quiet:
            shown = _bar(name, total)
        else:
            shown = Progress() if quiet or total == 1 else _Log(total)
        # What nodes print while the bar is there, rich leads past it.
        with shown.live:
            yield shown


def _bar(name: str, total: int) -> Progress:
    from rich.console import Console  # noqa: PLC0415 - rich is for terminals only
    from rich.progress import (  # noqa: PLC0415 - rich is for terminals
        BarColumn,
        MofNCompleteColumn,
        SpinnerColumn,
        TextColumn,
        TimeElapsedColumn,
    )
    from rich.progress import Progress as RichProgress  # noqa: PLC0415 - rich is for terminals

    columns = [SpinnerColumn(), TextColumn("{task.description}", markup=False)]
    many = [] if total == 1 else [BarColumn(), MofNCompleteColumn()]
    shown = RichProgress(
        *columns, *many, TimeElapsedColumn(), console=Console(stderr=True), transient=True
    )
    task = shown.add_task(name, total=total)

    class Bar(Progress):
        def heard(self, event: Event[Any]) -> None:
            if isinstance(event, NodeStarted):
                shown.update(task, description=f"{name}: {event.node}")

        def ended(self) -> None:
            shown.advance(task)

    return Bar(shown)


def summed(statuses: Counter[str], seconds: float) -> str:
    """Return how many runs ended how, in words."""
    parts = ", ".join(f"{count} {status}" for status, count in statuses.most_common())
    return f"{counted(statuses.total(), 'run')} in {seconds:.1f} s: {parts or 'none'}"
