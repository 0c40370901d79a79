"""Stdin, stdout and stderr of the command: nothing that they do costs what was completed.

Rules of this file:

1. What an encoding has no letter for is written as an escape.
2. Who closes stdout early, as `head` does, has read enough. That is no error, and nothing more is
   printed. Where stdout is full or was never open, data goes to stderr, and the command fails.
3. What cannot be told on stderr is not told.
"""

import os
import sys
from io import BufferedWriter, FileIO, TextIOWrapper
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

import click

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer


class _Sink(FileIO):
    """Writes as long as that goes well, and notes what then went wrong."""

    failure: OSError | None = None

    def write(self, data: "ReadableBuffer", /) -> int:
        if self.failure is None:
            try:
                return super().write(data)
            except OSError as error:
                self.failure = error
        return memoryview(data).nbytes


def install() -> None:
    """Make stdout and stderr such that writing to them never raises."""
    for name, mode in (("stdin", os.O_WRONLY), ("stdout", os.O_RDONLY), ("stderr", os.O_RDONLY)):
        stream: TextIO | None = getattr(sys, name)
        # One that was closed: no file shall get its number, so what cannot be used takes it.
        number = os.open(os.devnull, mode) if stream is None else stream.fileno()
        if name == "stdin":
            sys.stdin = stream or TextIOWrapper(FileIO(number))
        elif stream is None or os.name != "nt" or not stream.isatty():
            # A console of Windows takes every letter, and is written in a way of its own.
            setattr(sys, name, guarded(number, stream.encoding if stream else "utf-8"))


def guarded(file: Path | int, encoding: str, newline: str | None = None) -> TextIOWrapper:
    """Write line by line; what goes wrong is not raised: `failure` and `check` say it."""
    sink = BufferedWriter(_Sink(file, "w", closefd=isinstance(file, Path)))
    return TextIOWrapper(sink, encoding, "backslashreplace", newline, line_buffering=True)


def check(stream: TextIO, name: str) -> None:
    """Raise what went wrong with a stream, unless it is that nobody reads on."""
    error = failure(stream)
    if error is not None and not is_left(stream):
        error.filename = name
        raise error


def failure(stream: TextIO) -> OSError | None:
    """Say why a stream can no longer be written, if it cannot."""
    raw = getattr(getattr(stream, "buffer", None), "raw", None)
    return raw.failure if isinstance(raw, _Sink) else None


def is_left(stream: TextIO) -> bool:
    """Whether nobody reads a stream any more."""
    return isinstance(failure(stream), BrokenPipeError)


def has_all_letters(encoding: str | None) -> bool:
    """Whether there is a form for every letter."""
    return (encoding or "").lower().startswith("utf")


def put(text: str, out: TextIO) -> None:
    """Print data; what stdout does not take goes to stderr, unless nobody wants it."""
    print(text, file=out, flush=True)
    if failure(out) is not None and not is_left(out):
        click.echo(text, err=True)
