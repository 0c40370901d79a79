"""Where the outcomes of a batch arrive, and what of them is printed at once; tables come at the end."""

import sys
from dataclasses import dataclass, field
from typing import Final, TextIO

import click
from pydantic import BaseModel

from agentgraph.cli import stdio
from agentgraph.cli.exits import tell
from agentgraph.cli.following import Progress
from agentgraph.cli.options import Options
from agentgraph.cli.outcome import Outcome
from agentgraph.cli.telling import json_line, one_line
from agentgraph.events import Result

STOPPING: Final = "interrupted: waiting for the nodes (Ctrl-C again: do not wait)"


@dataclass(slots=True)
class Desk:
    """Takes what comes out of a batch, and prints it where it belongs."""

    options: Options
    out: TextIO
    is_many: bool
    progress: Progress = field(default_factory=Progress)
    outcomes: dict[int, Outcome] = field(default_factory=dict[int, Outcome])
    last: Result[BaseModel] | None = None
    """The result of the last run that ended."""
    _is_stopping: bool = False

    def stopping(self) -> None:
        """Say once that Ctrl-C was heard: a node may take its time to end."""
        if not self._is_stopping:
            self._is_stopping = True
            click.echo(STOPPING, file=sys.stderr)

    def ended(self, outcome: Outcome, result: Result[BaseModel] | None) -> bool:
        """Print what must not wait, and keep the rest for the table; False: nobody reads on."""
        self.progress.ended()
        if self.options.as_json:
            is_ascii = not stdio.has_all_letters(self.out.encoding)
            stdio.put(json_line(outcome, result, ascii=is_ascii), self.out)
        self.outcomes[outcome.number], self.last = outcome, result
        if outcome.error is not None:
            if self.is_many and outcome.status == "failed":
                # Not `err=True`: that would write past what keeps the bar below.
                click.echo(
                    f"input {one_line(outcome.name)} (line {outcome.number}):", file=sys.stderr
                )
            tell(outcome.error)
        return not stdio.is_left(self.out)

    def ordered(self) -> list[Outcome]:
        """Return what came out, in the order of the inputs."""
        return [self.outcomes[number] for number in sorted(self.outcomes)]
