"""All checks but the tests, in one command: `python -m tools.check`.

It prints a line for each check, and after the table what those that failed have to say.
It exits 0 when all are well, 1 when one is not. To mend what can be mended by machine:
`ruff format . && ruff check --fix .`
"""

import subprocess
import sys
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parent.parent

# import-linter cannot be started with `-m`, and its script need not be on the PATH.
_LINT_IMPORTS = "from importlinter.cli import lint_imports_command; lint_imports_command()"

CHECKS: dict[str, tuple[str, ...]] = {
    "ruff format": ("-m", "ruff", "format", "--check", "."),
    "ruff check": ("-m", "ruff", "check", "."),
    "import-linter": ("-c", _LINT_IMPORTS, "--no-logo"),
    "pyright": ("-m", "pyright", "--pythonpath", sys.executable),
    "pyright --verifytypes": (
        "-m",
        "pyright",
        "--pythonpath",
        sys.executable,
        "--verifytypes",
        "agentgraph",
        "--ignoreexternal",
    ),
    "mypy --strict": ("-m", "mypy"),
}


class Outcome(NamedTuple):
    """What one check said, and how long it took."""

    name: str
    passed: bool
    seconds: float
    output: str


def run(name: str, arguments: Sequence[str]) -> Outcome:
    """Run one check in a process of its own, from the root of the project."""
    started = time.perf_counter()
    done = subprocess.run(
        [sys.executable, *arguments],
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    return Outcome(name, done.returncode == 0, time.perf_counter() - started, done.stdout)


def report(outcomes: Sequence[Outcome]) -> str:
    """Make the table, then what was said by the checks that failed."""
    width = max(len(outcome.name) for outcome in outcomes)
    lines = [
        f"{one.name:<{width}}  {'ok' if one.passed else 'FAILED':<6}  {one.seconds:5.1f} s"
        for one in outcomes
    ]
    for one in outcomes:
        if not one.passed:
            lines += ["", f"== {one.name} ==", one.output.rstrip()]
    return "\n".join(lines)


def main() -> int:
    """Run all checks, two at a time, and say which failed."""
    with ThreadPoolExecutor(max_workers=2) as pool:
        outcomes = list(pool.map(run, CHECKS, CHECKS.values()))
    print(report(outcomes))
    return 0 if all(outcome.passed for outcome in outcomes) else 1


if __name__ == "__main__":
    sys.exit(main())
