"""What came out of runs as tables on a terminal, or in a log; not what the words in them are."""

from collections.abc import Sequence
from shutil import get_terminal_size
from typing import Final, TextIO

from pydantic import BaseModel
from rich.cells import cell_len
from rich.console import Console
from rich.table import Table
from rich.text import Text

from agentgraph.cli import stdio
from agentgraph.cli.outcome import Outcome
from agentgraph.cli.telling import one_line, readable, sureness, told, used, voters_of, way
from agentgraph.events import Result
from agentgraph.graph import FrozenGraph

TEXT_MIN: Final = 16
"""How many columns the text has at least, where the way does not need them more."""
COLORS: Final = {"done": "green", "failed": "red", "invalid": "red"}
"""What has neither ended well nor failed is yellow."""


def table(outcomes: Sequence[Outcome], graph: FrozenGraph, out: TextIO) -> None:
    """Print a line for each of many runs, as wide as the terminal is."""
    console = _console(out)
    voters = voters_of(graph)
    ways = [_way(one, voters, _arrow(console)) for one in outcomes]
    sure = [sureness(one.decisions) for one in outcomes]
    fixed = [
        min(_widest([one.name for one in outcomes], "input"), 16),
        _widest(sure, "conf."),
        _widest([one.status for one in outcomes], "status"),
    ]
    # The way is what people look for; of the text a few words remind them.
    rest = max(console.width - sum(fixed) - 2 * 4, TEXT_MIN)
    path_width = min(_widest(ways, "path"), rest - min(TEXT_MIN, rest // 3))
    # The rest is never narrower than this, and no other column gives way for it.
    console.width = sum(fixed) + 2 * 4 + rest
    grid = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 2, 0, 0))
    grid.add_column("input", no_wrap=True, width=fixed[0], overflow="ellipsis")
    grid.add_column("text", no_wrap=True, width=rest - path_width, overflow="ellipsis")
    grid.add_column("path", width=path_width)
    grid.add_column("conf.", no_wrap=True, width=fixed[1])
    grid.add_column("status", no_wrap=True, width=fixed[2])
    for one, its_way, its_sureness in zip(outcomes, ways, sure, strict=True):
        cells = map(Text, (one_line(one.name), one_line(one.text), its_way, its_sureness))
        grid.add_row(*cells, Text(one.status, style=COLORS.get(one.status, "yellow")))
    _print(grid, console, out)


def single(outcome: Outcome, result: Result[BaseModel], graph: FrozenGraph, out: TextIO) -> None:
    """Print the final state of one run, and the way it took."""
    console = _console(out)
    state = _grid()
    for name, value in result.state:
        state.add_row(name, Text(readable(value, indent=2)))
    _print(state, console, out)
    stdio.put("", out)
    facts = _grid()
    facts.add_row("status", Text(outcome.status, style=COLORS.get(outcome.status, "yellow")))
    facts.add_row("path", _way(outcome, voters_of(graph), _arrow(console)) or "-")
    for decision in result.decisions:
        facts.add_row("decided", told(decision))
    facts.add_row("used", used(result))
    _print(facts, console, out)


def _way(outcome: Outcome, voters: frozenset[str], arrow: str) -> str:
    """Write the way of a run, and where it stopped if it was not at the end."""
    return arrow.join(filter(None, (way(outcome.path, voters, arrow), outcome.stop)))


def _widest(texts: Sequence[str], title: str) -> int:
    return max(map(cell_len, [title, *texts]))


def _console(out: TextIO) -> Console:
    # Where COLUMNS is no number of columns, rich would take it for one.
    return Console(file=out, highlight=False, width=get_terminal_size().columns)


def _grid() -> Table:
    grid = Table(box=None, show_header=False, pad_edge=False)
    grid.add_column(style="bold", no_wrap=True)
    grid.add_column(overflow="fold")
    return grid


def _print(grid: Table, console: Console, out: TextIO) -> None:
    """Print a table without the blanks that rich puts at the end of its lines."""
    with console.capture() as captured:
        console.print(grid)
    lines = [line.rstrip() for line in captured.get().splitlines()]
    stdio.put("\n".join(lines), out)


def _arrow(console: Console) -> str:
    return " → " if stdio.has_all_letters(console.encoding) else " -> "
