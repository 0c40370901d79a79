"""`agentgraph run`: from the options to the exit code; the runs themselves are `batch`'s."""

import os
import signal
import sys
from collections import Counter
from collections.abc import Awaitable, Generator
from contextlib import contextmanager, redirect_stdout
from functools import partial
from inspect import isawaitable
from pathlib import Path
from time import monotonic
from typing import NoReturn, TextIO

import click

from agentgraph.cli import files, stdio
from agentgraph.cli.answering import answers_of
from agentgraph.cli.batch import Batch
from agentgraph.cli.desk import Desk
from agentgraph.cli.exits import INTERRUPTED, code_over, last_place
from agentgraph.cli.inputs import Inputs, changes_of, read, state_of
from agentgraph.cli.options import Options
from agentgraph.cli.outcome import Outcome
from agentgraph.cli.progress import progress, summed
from agentgraph.cli.target import find, load
from agentgraph.cli.telling import one_line, voters_of, way
from agentgraph.errors import InvalidInput
from agentgraph.events.recording import HEAD
from agentgraph.graph import FrozenGraph
from agentgraph.render import Tally, to_svg
from agentgraph.runtime import Program


def run(options: Options) -> int:
    """Run a workflow on its inputs, print what came out, and return the exit code."""
    inputs, batch = _prepared(options)
    desk, started = batch.desk, monotonic()
    if options.record is not None:
        batch.record = stdio.guarded(options.record, "utf-8", "\n")
    try:
        _go(batch, inputs)
    finally:
        # Whatever went wrong with us: what was completed is told.
        _print(desk, batch.program.graph)
        if batch.record is not None:
            batch.record.close()
    _conclude(batch, inputs, monotonic() - started)
    if options.svg is not None:
        _draw(options.svg, batch)
    if batch.interrupted:
        # On leaving, Python waits for the threads of nodes; who does not want that may say so.
        signal.signal(signal.SIGINT, partial(_leave, desk.out))
    if batch.is_abandoned:
        _leave(desk.out)
    if batch.record is not None:
        stdio.check(batch.record, str(options.record))
    if batch.interrupted:
        return INTERRUPTED
    return code_over(outcome.status for outcome in desk.outcomes.values())


def _go(batch: Batch, inputs: Inputs) -> None:
    """Run all inputs, and show on stderr how far they are."""
    options, out, graph = batch.desk.options, batch.desk.out, batch.program.graph
    live = sys.stderr.isatty() and not (options.as_json and out.isatty())
    if options.watch and not live:
        click.echo("--watch: stderr is no terminal, so nothing is drawn", err=True)
    watched = graph if options.watch else None
    shown = progress(graph.name, inputs.total, quiet=options.quiet, live=live, watched=watched)
    with shown as batch.desk.progress:
        batch.go(inputs)


def _leave(out: TextIO, *_: object) -> NoReturn:
    """End the process at once: to leave in order would wait for the nodes and their threads."""
    out.flush()
    sys.stderr.flush()
    os._exit(INTERRUPTED)


def _prepared(options: Options) -> tuple[Inputs, Batch]:
    """Find all that is wrong with what was typed before anything runs."""
    files.check(options.svg, "--svg", suffix=".svg")
    files.check(options.record, "--record", head=HEAD)
    out = sys.stdout
    with redirect_stdout(sys.stderr):
        program = load(options.target).program
    answers = answers_of(options.answers, program)
    inputs = read(options.source, changes_of(options.changes, program.model))
    if options.watch and inputs.is_many:
        raise click.BadParameter("one run can be watched: give one input", param_hint="--watch")
    if not inputs.is_many:
        inputs = _only(inputs, program, options)
    with redirect_stdout(sys.stderr):
        deps = _services(options, program)
    desk = Desk(options, out, inputs.is_many)
    return inputs, Batch(program, deps, answers, desk, Tally(program.graph))


def _only(inputs: Inputs, program: Program, options: Options) -> Inputs:
    """Refuse a single input that is none: then nothing runs, and it was typed wrongly."""
    (record,) = inputs.records
    try:
        state_of(program.model, record)
    except InvalidInput as error:
        if options.source is None:
            error.fix = f"give --input, or --set field=value ({error.fix})"
        raise
    return Inputs([record])


def _services(options: Options, program: Program) -> object:
    """Return the services, or what has to be awaited for them where the runs are."""
    if options.deps is not None:
        found = find(options.deps, options.target)
        with _making(options.deps):
            made = found() if callable(found) else found
        return _awaited(made, options.deps) if isawaitable(made) else made
    if program.deps is not None:
        what = f"workflow {program.graph.name!r} needs its services, {program.deps.__name__}"
        fix = "name them, or a function that makes them: --deps make_services"
        raise InvalidInput(what, where=f"TARGET {options.target!r}", fix=fix)
    return None


async def _awaited(made: Awaitable[object], name: str) -> object:
    with _making(name):
        return await made


@contextmanager
def _making(name: str) -> Generator[None]:
    """Say of the services what goes wrong while they are made."""
    try:
        yield
    except Exception as error:
        what = f"--deps {name} raised {type(error).__name__}: {error}"
        fix = "mend it, or name services that are made already"
        raise InvalidInput(what, where=str(last_place(error) or name), fix=fix) from error


def _print(desk: Desk, graph: FrozenGraph) -> None:
    """Print the table of many runs, or the state of the only one."""
    if desk.options.as_json:
        return
    from agentgraph.cli.tables import single, table  # noqa: PLC0415 - rich is for tables only

    outcomes = desk.ordered()
    if desk.is_many and outcomes:
        table(outcomes, graph, desk.out)
    elif outcomes and desk.last is not None:
        single(outcomes[0], desk.last, graph, desk.out)


def _draw(path: Path, batch: Batch) -> None:
    overlay = batch.traffic.overlay()
    files.write(path, to_svg(batch.program.graph, run=overlay))
    if not batch.desk.options.quiet:
        click.echo(f"{path}: the graph with the visits of {overlay.caption}", err=True)


def _conclude(batch: Batch, inputs: Inputs, seconds: float) -> None:
    """Say on stderr how it ended: the questions that are open, what was completed."""
    desk = batch.desk
    voters = voters_of(batch.program.graph)
    for outcome in desk.ordered():
        if outcome.status == "paused":
            _waiting(outcome, is_many=desk.is_many)
        if batch.interrupted and outcome.status == "cancelled":
            done = way(outcome.path, voters, ", ") or "nothing"
            click.echo(f"input {one_line(outcome.name)}: completed {done}", err=True)
    statuses = Counter(outcome.status for outcome in desk.outcomes.values())
    if batch.interrupted:
        _interrupted(batch, inputs, statuses)
    elif desk.is_many and not desk.options.quiet:
        click.echo(summed(statuses, seconds), err=True)


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


def _interrupted(batch: Batch, inputs: Inputs, statuses: Counter[str]) -> None:
    said = [f"{statuses[one]} {one}" for one in statuses]
    if batch.under_way:
        said.append(f"{batch.under_way} not ended")
    left = inputs.total - statuses.total() - batch.under_way
    if left > 0:
        said.append(f"{left} not started")
    click.echo(f"interrupted: {', '.join(said) or 'nothing was started'}", err=True)
