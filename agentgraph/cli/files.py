"""The files that a command writes: tried before anything runs, so that no work is done in vain."""

from pathlib import Path

import click


def check(path: Path | None, option: str, *, suffix: str = "", head: str = "") -> None:
    """Refuse a path that cannot be written, and a file that must not be, before anything runs.

    With `suffix` it must end so; with `head` no file is overwritten that begins otherwise.
    """
    if path is None or (path.exists() and not path.is_file()):
        return  # A device or a pipe is used as it is.
    if str(path) == "-":
        raise click.BadParameter("give a file: stdout is for the results", param_hint=option)
    is_new = not path.exists()
    fault = ""
    try:
        with path.open("ab+") as file:
            file.seek(0)
            begun = file.read(len(head)).decode(errors="replace")
    except OSError as error:
        fault = f"cannot be written: {error.strerror}"
    else:
        if is_new:
            path.unlink()
        if not path.name.lower().endswith(suffix):
            fault = f"does not end in {suffix}, and that is what is written"
        elif begun not in ("", head):
            fault = "is no earlier recording, and nothing else is overwritten"
    if fault:
        raise click.BadParameter(f"{str(path)!r} {fault}", param_hint=option)


def write(path: Path, text: str) -> None:
    """Write a text file, whatever letters it has. Raises `OSError` with the name of the file."""
    try:
        path.write_bytes(text.encode(errors="backslashreplace"))
    except OSError as error:
        error.filename = str(path)  # A full disk names no file.
        raise
