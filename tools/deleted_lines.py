"""Deletes statements of the machine and the runner at random: each time some check must fail.

    python -m tools.deleted_lines 50 --seed 7

A test that would pass without the line that it is there for is no test. One statement at a time
is taken out of a copy of this tree, and the tests nearest to it run, then all tests, mypy and
ruff, until one of them fails. What all of them let through is printed: a test is missing there. A tree
that does not end in time, or asks for too much memory, has failed too.
"""

import argparse
import ast
import random
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = ("machine", "runtime")
_LEFT_OUT = shutil.ignore_patterns(".git", ".venv", "__pycache__", ".*_cache", ".hypothesis")
_MEMORY = 8 * 2**30  # bytes of address space that a process of the tests may have
_TESTS = ("-m", "pytest", "-q", "-x", "-n", "2", "-p", "no:cacheprovider")
# A test that hangs for so long has failed.
_HANGING = ("-o", "faulthandler_timeout=60", "-o", "faulthandler_exit_on_timeout=true")

# What runs on each tree, until one fails: its name, its arguments, and its time limit in seconds.
CHECKS = (
    ("the tests of both", (*_TESTS, *_HANGING, "tests/machine", "tests/runtime"), 900),
    ("all tests", (*_TESTS, *_HANGING, "-m", "not browser"), 3600),
    ("mypy", ("-m", "mypy"), 300),
    ("ruff", ("-m", "ruff", "check", "agentgraph"), 60),
)


class Statement(NamedTuple):
    """A statement that may be deleted: its file, and its first and last line, counted from 1."""

    path: Path
    first: int
    last: int
    column: int

    def __str__(self) -> str:
        lines = (ROOT / self.path).read_text(encoding="utf-8").splitlines()
        return f"{self.path}:{self.first}: {lines[self.first - 1].strip()}"


def statements(path: Path) -> Iterator[Statement]:
    """Name each statement that does something.

    Imports, texts and bare annotations do nothing; without a whole function or class, it is no
    art to fail.
    """
    for node in ast.walk(ast.parse((ROOT / path).read_text(encoding="utf-8"))):
        for body in ("body", "orelse", "finalbody"):
            held = getattr(node, body, [])
            for one in held if isinstance(held, list) else []:
                if isinstance(one, ast.stmt) and not _is_silent(one):
                    last = one.end_lineno or one.lineno
                    yield Statement(path, one.lineno, last, one.col_offset)


def _is_silent(node: ast.stmt) -> bool:
    match node:
        case ast.Import() | ast.ImportFrom() | ast.Pass() | ast.Expr(value=ast.Constant()):
            return True
        case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
            return True
        case ast.AnnAssign(value=None):
            return True
        case ast.Assign(targets=[ast.Name(id="__all__")]):
            return True
        case ast.If(test=ast.Name(id="TYPE_CHECKING")):
            return True
        case _:
            return False


def without(source: str, gone: Statement) -> str:
    """Put `pass` in the place of one statement."""
    lines = source.splitlines(keepends=True)
    margin = " " * gone.column
    is_elif = lines[gone.first - 1].startswith(f"{margin}elif ")
    passing = f"{margin}else:\n{margin}    pass\n" if is_elif else f"{margin}pass\n"
    lines[gone.first - 1 : gone.last] = [passing]
    return "".join(lines)


def drawn(count: int, seed: int) -> list[Statement]:
    """Draw lines by chance; a line stands for the shortest statement that it belongs to."""
    at_line: dict[tuple[Path, int], Statement] = {}
    for package in PACKAGES:
        for path in sorted((ROOT / "agentgraph" / package).glob("*.py")):
            found = sorted(statements(path.relative_to(ROOT)), key=lambda one: one.first - one.last)
            for one in found:  # the longest first: what lies inside takes its lines over
                at_line.update({(one.path, line): one for line in range(one.first, one.last + 1)})
    chosen = random.Random(seed).sample(sorted(at_line), count)  # noqa: S311
    return [at_line[line] for line in chosen]


def caught(tree: Path, output: int | None = subprocess.DEVNULL) -> str:
    """Name the first check that fails in a tree, "" when none does; what it prints goes there."""
    for name, arguments, seconds in CHECKS:
        try:
            done = subprocess.run(
                [sys.executable, *arguments],
                cwd=tree,
                env={"PATH": "/usr/bin:/bin", "PYTHONPATH": str(tree), "HOME": str(tree)},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                timeout=seconds,
                check=False,
                preexec_fn=_bound,
            )
        except subprocess.TimeoutExpired:
            return f"{name}, by their time limit"
        if done.returncode:
            return name
    return ""


def _bound() -> None:
    # A job of a shell in the background ignores Ctrl-C, and tests of Ctrl-C would wait for ever.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    resource.setrlimit(resource.RLIMIT_AS, (_MEMORY, _MEMORY))


def main() -> int:
    """Delete so many lines, one at a time; a line that nobody misses is an exit code of 1."""
    parser = argparse.ArgumentParser(prog="python -m tools.deleted_lines")
    parser.add_argument("count", type=int, nargs="?", default=50)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    missed = 0
    with tempfile.TemporaryDirectory() as folder:
        tree = Path(folder) / "tree"
        shutil.copytree(ROOT, tree, ignore=_LEFT_OUT)
        if (failed := caught(tree, output=None)) != "":
            print(f"Nothing was deleted yet, and this fails already: {failed}")
            return 2
        for one in drawn(options.count, options.seed):
            source = (ROOT / one.path).read_text(encoding="utf-8")
            (tree / one.path).write_text(without(source, one), encoding="utf-8")
            began = time.monotonic()
            by = caught(tree)
            (tree / one.path).write_text(source, encoding="utf-8")
            missed += not by
            print(
                f"{by or 'NOTHING FAILS':<20} {time.monotonic() - began:6.1f} s  {one}", flush=True
            )
    print(f"{missed} of {options.count} deleted lines were not missed by any check")
    return int(missed > 0)


if __name__ == "__main__":
    sys.exit(main())
