"""What was measured, as a table and as verdicts; not how it was measured."""

from collections.abc import Sequence
from statistics import median
from typing import Literal

from benchmarks.measure import Figure
from benchmarks.targets import TARGETS

Verdict = Literal["stretch", "gate", "MISSED"]


def verdict_of(figure: Figure) -> Verdict:
    """Say what a figure reaches: the stretch goal, the gate, or neither."""
    target = TARGETS[figure.row]
    if target.stretch is not None and figure.value <= target.stretch:
        return "stretch"
    return "gate" if figure.value <= target.gate else "MISSED"


def table(figures: Sequence[Figure]) -> str:
    """Make a Markdown table of the figures: the value, times the floor, the goals, the verdict."""
    rows = [("what", "", "measured", "x floor", "gate", "stretch", "reached", "")]
    for figure in figures:
        target = TARGETS[figure.row]
        rows.append(
            (
                target.what,
                target.unit,
                number(figure.value),
                "" if figure.ratio is None else number(figure.ratio),
                number(target.gate),
                "" if target.stretch is None else number(target.stretch),
                verdict_of(figure),
                figure.note,
            )
        )
    return aligned(rows)


def pace(figures: Sequence[Figure]) -> float | None:
    """Say how many times longer the floors took than where the gates were set.

    None when no figure was compared to a floor. Far from 1 the times are those of a busy or
    of another machine, and only the ratios are to be read.
    """
    found = [
        figure.value / figure.ratio / target.floor
        for figure in figures
        if figure.ratio and (target := TARGETS[figure.row]).unit == "µs"
    ]
    return median(found) if found else None


def aligned(rows: Sequence[Sequence[str]]) -> str:
    """Make a Markdown table whose columns stand below each other; the first row is its head."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = [
        "| " + " | ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) + " |"
        for row in rows
    ]
    lines.insert(1, "| " + " | ".join("-" * max(width, 1) for width in widths) + " |")
    return "\n".join(lines)


def number(value: float) -> str:
    """Write a number with three digits that count."""
    if value == int(value):
        return f"{value:,.0f}"
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"


def over(figures: Sequence[Figure]) -> list[str]:
    """Say which figures are over the limit that CI holds, a line each."""
    return [line for figure in figures if (line := _over(figure)) is not None]


def _over(figure: Figure) -> str | None:
    target = TARGETS[figure.row]
    value = figure.value if figure.ratio is None else figure.ratio
    if value <= target.limit:
        return None
    measured = f"{number(value)} {'times the floor' if target.kind == 'floor' else target.unit}"
    return f"{target.what}: {measured.strip()}, the limit is {number(target.limit)}"
