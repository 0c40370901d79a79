"""How a command ends: its exit codes, and how an error is told; not what went wrong.

Rules of this file:

1. An error of the tree is printed as it is: what happened, where, what to do. A traceback is
   for `--debug`, and for what is not of the tree: that is our fault or the shell's.
2. What is printed goes to stderr; stdout is for data.
"""

import sys
import traceback
from collections.abc import Generator, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from sysconfig import get_path
from typing import Final, cast

import click

from agentgraph.cli import stdio
from agentgraph.errors import (
    AgentGraphError,
    GraphError,
    InvalidGraphFile,
    InvalidInput,
    Place,
    RunFailed,
    UnknownTarget,
)

_LIBRARIES: Final = tuple({get_path("stdlib"), get_path("purelib"), get_path("platlib"), "<frozen"})
DONE: Final = 0
FAILED: Final = 1
USAGE: Final = 2
INVALID: Final = 3
PAUSED: Final = 4
LIMIT: Final = 5
INTERRUPTED: Final = 130

CODES: Final = {
    "done": DONE,
    "failed": FAILED,
    "invalid": FAILED,
    "paused": PAUSED,
    "exhausted": LIMIT,
    "cancelled": INTERRUPTED,
}
"""The exit code of one run by its status; `invalid` is an input line that never ran."""


def code_over(statuses: Iterable[str]) -> int:
    """Return the exit code of many runs: the first of 1, 5, 4, 0 that occurs among them."""
    found = {CODES[status] for status in statuses}
    return next((code for code in (INTERRUPTED, FAILED, LIMIT, PAUSED) if code in found), DONE)


def code_of(error: AgentGraphError) -> int:
    """Return the exit code that says who must act on an error."""
    if isinstance(error, UnknownTarget | InvalidGraphFile | InvalidInput):
        return USAGE
    return INVALID if isinstance(error, GraphError) else FAILED


def is_debugging() -> bool:
    """Whether the command was given `--debug`."""
    return bool(click.get_current_context().obj)


def tell(error: BaseException) -> None:
    """Print an error to stderr, with its traceback when asked for."""
    if is_debugging():
        click.echo("".join(traceback.format_exception(error)), file=sys.stderr, nl=False)
        return
    click.echo(safe(str(error)), file=sys.stderr)
    for cause in causes(error):
        if cause not in str(error):
            click.echo(f"  cause: {safe(cause)}", file=sys.stderr)
    place = isinstance(error, RunFailed) and error.__cause__ and last_place(error.__cause__)
    if place:
        click.echo(f"  at:    {place} (--debug shows how it came there)", file=sys.stderr)


def last_place(error: BaseException) -> Place | None:
    """Return the innermost line of the user's own code that an error went through."""
    place, trace = None, error.__traceback__
    while trace is not None:
        name = f"{trace.tb_frame.f_globals.get('__name__', '')}."
        file = trace.tb_frame.f_code.co_filename
        if not name.startswith(("agentgraph.", "importlib.")) and not file.startswith(_LIBRARIES):
            place = Place(file, trace.tb_lineno)
        trace = trace.tb_next
    return place


def causes(error: BaseException) -> Iterator[str]:
    """Say what lies behind an error, in one line each."""
    cause = error.__cause__
    while cause is not None:
        if isinstance(cause, AgentGraphError):
            yield f"[{cause.code}] {cause.what} (fix: {cause.fix})"
        elif isinstance(cause, BaseExceptionGroup):
            group = cast("BaseExceptionGroup[BaseException]", cause)
            yield from (f"{type(one).__name__}: {one}" for one in group.exceptions)
        else:
            yield f"{type(cause).__name__}: {cause}"
        cause = cause.__cause__


def safe(text: str) -> str:
    """Take out what would steer a terminal: inputs and answers of models are not ours."""
    return "".join(letter for letter in text if letter in "\n\t" or letter.isprintable())


@contextmanager
def reporting(*, failed: int | None = None) -> Generator[None]:
    """Turn what a command raises into a message and an exit code: `failed`, if that is given."""
    try:
        yield
        sys.stdout.flush()
        stdio.check(sys.stdout, "stdout")
    except AgentGraphError as error:
        tell(error)
        raise click.exceptions.Exit(failed or code_of(error)) from error
    except OSError as error:
        tell(error) if is_debugging() else click.echo(safe(_reason(error)), err=True)
        raise click.exceptions.Exit(failed or FAILED) from error
    except (KeyboardInterrupt, click.Abort) as error:
        click.echo("interrupted", err=True)
        raise click.exceptions.Exit(INTERRUPTED) from error


def _reason(error: OSError) -> str:
    """Say which file or folder cannot be used, and why."""
    try:
        Path.cwd()
    except OSError:
        return "the current folder is gone: change into one that is there"
    return f"{error.filename or 'a file'} cannot be used: {error.strerror}"
