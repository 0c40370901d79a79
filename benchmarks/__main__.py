"""Measures this library against a bare loop.

python -m benchmarks                 the whole table
python -m benchmarks chain loop      some rows of it
python -m benchmarks --install       with what an installation takes: a minute more
python -m benchmarks --gate          what CI holds; exit 1 when something is over its limit
python -m benchmarks --peers         other libraries that are installed here
python -m benchmarks --peers PYTHON  those of other environments
"""

import argparse
import asyncio
import platform
import sys
import time
from collections.abc import Awaitable, Callable, Sequence
from typing import Final

import pydantic

from benchmarks import building, calls, desk, footprint, peers, simulated, speed, touring
from benchmarks.measure import FEWER, TURNS, Figure
from benchmarks.table import number, over, pace, table, verdict_of
from benchmarks.targets import TARGETS

ROWS: Final[dict[str, Callable[[int], Awaitable[Figure | None]]]] = {
    "calls": calls.calls,
    "import": footprint.imports,
    "first_run": footprint.first_run,
    "chain": speed.chain,
    "loop": speed.loop,
    "fork": speed.fork,
    "fork_growth": speed.fork_growth,
    "each": speed.each,
    "timeout": speed.timeout,
    "concurrent": speed.concurrent,
    "stream": speed.stream,
    "append": speed.append,
    "check": footprint.checks,
    "simulated": simulated.simulated,
    "trials": simulated.trials,
    "test": footprint.tests,
    "paused": footprint.paused,
    "fifty": building.fifty,
    "functions": desk.functions,
    "thousand": building.thousand,
    "branches": building.branches,
    "tour": touring.touring,
    "nested": building.large,
    "dag": building.dag,
}
"""What is measured, in this order: the rows that leave much behind come last."""


async def measure(rows: Sequence[str], turns: int) -> list[Figure]:
    """Measure these rows, and tell each as it is known."""
    found: list[Figure] = []
    for row in rows:
        began = time.perf_counter()
        figure = await ROWS[row](turns)
        if figure is None:
            print(f"{row}: cannot be measured on this system", file=sys.stderr)
            continue
        found.append(figure)
        print(
            f"{row}: {number(figure.value)} {TARGETS[row].unit} ({verdict_of(figure)}), "
            f"{time.perf_counter() - began:.1f} s",
            file=sys.stderr,
        )
    order = list(TARGETS)
    return sorted(found, key=lambda figure: order.index(figure.row))


def machine() -> str:
    """Say on what the figures were measured."""
    return (
        f"{platform.python_implementation()} {platform.python_version()}, "
        f"pydantic {pydantic.VERSION}, {platform.system()} {platform.machine()}"
    )


def show(figures: Sequence[Figure]) -> None:
    """Print the table, and how busy the machine was meanwhile."""
    print(table(figures))
    times = pace(figures)
    if times is not None:
        print(f"The bare loops took {number(times)} times as long as where the gates were set.")


def gate(figures: Sequence[Figure]) -> int:
    """Print the table and what is over its limit; return the exit code."""
    show(figures)
    failures = over(figures)
    for line in failures:
        print(f"OVER THE LIMIT  {line}")
    if not failures:
        print(f"All {len(figures)} rows are within their limits.")
    return 1 if failures else 0


async def measured_twice(figures: Sequence[Figure]) -> list[Figure]:
    """Measure again what is over its limit: what is slow twice is slow, not the machine."""
    slow = [figure.row for figure in figures if figure.row in ROWS and over([figure])]
    again = {figure.row: figure for figure in await measure(slow, TURNS)} if slow else {}
    return [again.get(figure.row, figure) for figure in figures]


def main(words: Sequence[str]) -> int:
    """Measure what `words` ask for and print it."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("rows", nargs="*", metavar="ROW", help=", ".join(ROWS))
    parser.add_argument("--gate", action="store_true")
    parser.add_argument("--install", action="store_true")
    parser.add_argument("--peers", nargs="*", metavar="PYTHON")
    given = parser.parse_args(words)
    unknown = [row for row in given.rows if row not in ROWS]
    if unknown:
        parser.error(f"there is no row {unknown[0]!r}; there are {', '.join(ROWS)}")
    print(machine())
    if given.peers is not None:
        print(peers.compare(given.peers or [sys.executable]))
        return 0
    turns = FEWER if given.gate else TURNS
    figures = asyncio.run(measure(given.rows or list(ROWS), turns))
    if given.install:
        figures += footprint.install()
    if given.gate:
        return gate(asyncio.run(measured_twice(figures)))
    show(figures)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
