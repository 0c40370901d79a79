"""`agentgraph run`: from the options to the exit code; the runs themselves are `batch`'s."""

import os
import sys
from collections import Counter
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from time import monotonic
from typing import NoReturn, TextIO

import click
from pydantic import BaseModel

from agentgraph.cli.answering import answers_of, check
from agentgraph.cli.batch import Batch, Settings
from agentgraph.cli.exits import INTERRUPTED, code_over, tell
from agentgraph.cli.inputs import Inputs, changes_of, read, state_of
from agentgraph.cli.outcome import Outcome
from agentgraph.cli.progress import Progress, counted, progress
from agentgraph.cli.target import AnyWorkflow, find, load
from agentgraph.cli.telling import json_line, one_line, voters_of, way
from agentgraph.errors import InvalidInput
from agentgraph.events import Event
from agentgraph.graph import FrozenGraph
from agentgraph.render import Tally, to_svg
from agentgraph.runtime import Budget, Program


@dataclass(frozen=True, slots=True)
class Options:
    """What was typed after `agentgraph run`."""

    target: str
    source: str | None = None
    changes: tuple[str, ...] = ()
    answers: tuple[str, ...] = ()
    deps: str | None = None
    concurrency: int = 8
    budget: Budget | None = None
    seed: int = 0
    as_json: bool = False
    svg: Path | None = None
    record: Path | None = None
    watch: bool = False
    quiet: bool = False
    debug: bool = False


@dataclass(slots=True)
class Desk:
    """Takes what comes out of a batch, and prints it where it belongs."""

    options: Options
    out: TextIO
    is_many: bool
    progress: Progress
    outcomes: dict[int, Outcome] = field(default_factory=dict[int, Outcome])
    _is_stopping: bool = False

    def heard(self, event: Event[BaseModel]) -> None:
        """Pass on what the only run tells."""
        self.progress.heard(event)

    def pause(self) -> None:
        """Leave the terminal to a person."""
        self.progress.pause()

    def stopping(self) -> None:
        """Say once that Ctrl-C was heard: a node may take its time to end."""
        if not self._is_stopping:
            self._is_stopping = True
            click.echo("interrupted: waiting for the nodes (Ctrl-C again: do not wait)", err=True)

    def ended(self, outcome: Outcome) -> None:
        """Print what must not wait, and keep the rest for the table."""
        self.progress.ended()
        if outcome.result is not None and self.options.as_json:
            print(json_line(outcome, outcome.result), file=self.out, flush=True)
        self.outcomes[outcome.number] = outcome
        if outcome.error is not None:
            self._complain(outcome)

    def _complain(self, outcome: Outcome) -> None:
        error = outcome.error
        if error is None:
            return
        if self.is_many and outcome.status == "failed":
            click.echo(f"input {one_line(outcome.name)} (line {outcome.number}):", err=True)
        tell(error, debug=self.options.debug)

    def ordered(self) -> list[Outcome]:
        """Return what came out, in the order of the inputs."""
        return [self.outcomes[number] for number in sorted(self.outcomes)]


def run(options: Options) -> int:
    """Run a workflow on its inputs, print what came out, and return the exit code."""
    out = sys.stdout
    inputs, workflow, settings = _prepared(options)
    started = monotonic()
    live = sys.stderr.isatty() and not (options.as_json and out.isatty())
    watched = workflow.graph if options.watch else None
    if watched is not None and not live:
        click.echo("--watch: stderr is no terminal, so nothing is drawn", err=True)
    quiet = options.quiet
    with (
        progress(workflow.name, inputs.total, quiet=quiet, live=live, watched=watched) as shown,
        _recording(options.record, settings) as settings,
    ):
        desk = Desk(options, out, inputs.is_many, shown)
        batch = Batch(workflow.program, settings, desk, Tally(workflow.graph))
        batch.go(inputs)
    _print(desk, workflow.graph, out)
    if options.svg is not None:
        _draw(options.svg, workflow, batch, quiet=options.quiet)
    _conclude(desk, batch, inputs, monotonic() - started)
    if batch.is_abandoned:
        _leave(out)
    if batch.interrupted:
        return INTERRUPTED
    return code_over(outcome.status for outcome in desk.outcomes.values())


@contextmanager
def _recording(path: Path | None, settings: Settings) -> Generator[Settings]:
    """Open the file in which the runs are written down, if there is to be one."""
    if path is None:
        yield settings
        return
    with path.open("w", encoding="utf-8", newline="\n") as file:
        yield replace(settings, record=file.write)


def _leave(out: TextIO) -> NoReturn:
    """End the process at once: to leave in order would wait for the nodes and their threads."""
    out.flush()
    sys.stderr.flush()
    os._exit(INTERRUPTED)


def _prepared(options: Options) -> tuple[Inputs, AnyWorkflow, Settings]:
    """Find all that is wrong with what was typed before anything runs."""
    for path, option in ((options.svg, "--svg"), (options.record, "--record")):
        if path is not None and not path.absolute().parent.is_dir():
            raise click.BadParameter(f"there is no folder {str(path.parent)!r}", param_hint=option)
    changes = changes_of(options.changes)
    answers = answers_of(options.answers)
    with progress("", 1, quiet=True, live=False):
        workflow = load(options.target)
        deps = _services(options, workflow.program)
    check(answers, workflow.program)
    inputs = read(options.source, changes)
    if options.watch and inputs.is_many:
        raise click.BadParameter("one run can be watched: give one input", param_hint="--watch")
    if not inputs.is_many:
        inputs = _only(inputs, workflow.program, options)
    settings = Settings(
        concurrency=options.concurrency,
        budget=options.budget,
        seed=options.seed,
        deps=deps,
        answers=answers,
        has_person=sys.stdin.isatty(),
        keep_states=options.as_json or not inputs.is_many,
    )
    return inputs, workflow, settings


def _only(inputs: Inputs, program: Program, options: Options) -> Inputs:
    """Refuse a single input that is none: then nothing runs, and it was typed wrongly."""
    (record,) = inputs.records
    if record.error is not None:
        raise record.error
    try:
        state_of(program.model, record)
    except InvalidInput as error:
        if options.source is None:
            error.fix = f"give --input, or --set field=value ({error.fix})"
        raise
    return Inputs([record])


def _services(options: Options, program: Program) -> object:
    if options.deps is not None:
        found = find(options.deps, options.target)
        return found() if callable(found) else found
    if program.deps is not None:
        raise InvalidInput(
            f"workflow {program.graph.name!r} needs its services, {program.deps.__name__}",
            where=f"TARGET {options.target!r}",
            fix="name them, or a function that makes them: --deps make_services",
        )
    return None


def _print(desk: Desk, graph: FrozenGraph, out: TextIO) -> None:
    """Print the table of many runs, or the state of the only one."""
    if desk.options.as_json:
        return
    from agentgraph.cli.tables import single, table  # noqa: PLC0415 - rich is for tables only

    outcomes = desk.ordered()
    if desk.is_many:
        if outcomes:
            table(outcomes, graph, out)
        return
    for outcome in outcomes:
        if outcome.result is not None:
            single(outcome, outcome.result, graph, out)


def _draw(path: Path, workflow: AnyWorkflow, batch: Batch, *, quiet: bool) -> None:
    overlay = batch.traffic.overlay()
    path.write_text(to_svg(workflow.graph, run=overlay), encoding="utf-8", newline="\n")
    if not quiet:
        click.echo(f"{path}: the graph with the visits of {overlay.caption}", err=True)


def _conclude(desk: Desk, batch: Batch, inputs: Inputs, seconds: float) -> None:
    """Say on stderr how it ended: the questions that are open, what was completed."""
    voters = voters_of(batch.program.graph)
    for outcome in desk.ordered():
        if outcome.status == "paused":
            _waiting(outcome, is_many=desk.is_many)
        if batch.interrupted and outcome.status == "cancelled":
            done = way(outcome.path, voters, ", ") or "nothing"
            click.echo(f"input {one_line(outcome.name)}: completed {done}", err=True)
    if batch.interrupted:
        _interrupted(desk, batch, inputs)
    elif desk.is_many and not desk.options.quiet:
        statuses = Counter(outcome.status for outcome in desk.outcomes.values())
        click.echo(counted(statuses, seconds), err=True)


def _waiting(outcome: Outcome, *, is_many: bool) -> None:
    for question in outcome.questions:
        which = f"input {one_line(outcome.name)} " if is_many else ""
        click.echo(f"{which}waits for an answer to {question.node!r}", err=True)
        click.echo(f"  shown:  {one_line(str(question.show))}", err=True)
        answer = question.answers[0] if question.answers else "'{...}'"
        if question.answers:
            click.echo(f"  answer: {', '.join(question.answers)}", err=True)
        hint = f"--answer {question.node}={answer}"
        click.echo(f"  fix:    run it on a terminal, or add {hint}", err=True)


def _interrupted(desk: Desk, batch: Batch, inputs: Inputs) -> None:
    statuses = Counter(outcome.status for outcome in desk.outcomes.values())
    said = [f"{statuses[one]} {one}" for one in statuses]
    if batch.under_way:
        said.append(f"{batch.under_way} not ended")
    left = (inputs.total or 0) - len(desk.outcomes) - batch.under_way
    if left > 0:
        said.append(f"{left} not started")
    click.echo(f"interrupted: {', '.join(said) or 'nothing was started'}", err=True)
