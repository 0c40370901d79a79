"""`run --watch`: the drawing follows the run, where there is a terminal; else it is said."""

import io
from collections.abc import Callable

import pytest
from click.testing import Result
from rich.console import Console

from agentgraph.cli.watching import Watched
from agentgraph.events import (
    Asked,
    Decided,
    Emitted,
    NodeDone,
    NodeFailed,
    NodeStarted,
    NodeStopped,
    UndoDone,
    UndoFailed,
    UndoStarted,
)
from agentgraph.graph import Edge, FrozenGraph, Vertex
from tests.cli.test_questions import Terminal, needs_terminal

Call = Callable[..., Result]
GRAPH = FrozenGraph(
    "g",
    (
        Vertex("START", "start"),
        Vertex("\u5199", "node"),
        Vertex("ask", "human", labels=("yes",)),
        Vertex("END", "end"),
    ),
    (Edge("START", "\u5199"), Edge("\u5199", "ask"), Edge("ask", "END", "yes")),
)


def picture(*events: object, height: int = 40, width: int = 60) -> str:
    """Show what a terminal is sent after these events."""
    screen = io.StringIO()
    console = Console(
        file=screen, force_terminal=True, color_system="standard", width=width, height=height
    )
    watched = Watched(GRAPH, console)
    for event in events:
        watched.heard(event)  # type: ignore[arg-type]
    console.print(watched)
    return screen.getvalue()


def lit(line: str, code: str) -> str:
    """Return the part of a line that stands in a colour."""
    return line.partition(f"\x1b[{code}m")[2].partition("\x1b[0m")[0]


@pytest.mark.parametrize(
    ("event", "said", "code"),
    [
        (NodeStarted("\u5199"), "\u5199 is at work", "1;30;102"),
        (NodeDone("\u5199", {}), "\u5199 is done", "32"),
        (NodeFailed("\u5199", KeyError("x")), "\u5199 failed: KeyError", "1;37;41"),
        (NodeStopped("\u5199"), "\u5199 was stopped", "32"),
        (UndoStarted("\u5199"), "\u5199 is being undone", "1;30;102"),
        (UndoDone("\u5199", {}), "\u5199 is undone", "35"),
        (UndoFailed("\u5199", KeyError("x")), "\u5199 could not be undone: KeyError", "1;37;41"),
    ],
)
def test_a_vertex_has_the_colour_of_what_it_does(event: object, said: str, code: str) -> None:
    lines = picture(event).splitlines()

    assert lines[0] == said
    (line,) = [line for line in lines[1:] if "\u5199" in line]
    shown = lit(line, code)
    assert shown.startswith("\u2502")
    assert shown.endswith("\u2502")
    assert "\u5199" in shown


@pytest.mark.parametrize(
    ("event", "sign"),
    [
        (NodeStarted("\u5199"), ">"),
        (NodeDone("\u5199", {}), "+"),
        (NodeFailed("\u5199", KeyError("x")), "!"),
        (UndoDone("\u5199", {}), "-"),
    ],
)
@pytest.mark.parametrize("width", [60, 7])
def test_a_sign_says_it_where_there_are_no_colours(event: object, sign: str, width: int) -> None:
    lines = picture(event, width=width).splitlines()

    *_, number = (n for n, line in enumerate(lines) if "\u5199" in line)
    assert (
        lines[number].endswith(f" {sign}") if width == 7 else f"{sign}\u2500" in lines[number - 1]
    )


def test_a_question_waits_until_it_is_decided() -> None:
    asked = Asked("ask", "ask#1", "?")

    waiting = picture(NodeDone("\u5199", {}), asked)
    decided = picture(asked, Decided("ask", "yes"), Emitted("ask", 1))

    assert waiting.startswith("ask waits for an answer")
    assert "\x1b[1;30;43m" in waiting
    assert decided.startswith("ask says yes")
    assert "\x1b[1;30;43m" not in decided


def test_of_a_tall_drawing_the_part_that_is_at_work_is_shown() -> None:
    top = picture(height=10)
    bottom = picture(Asked("ask", "ask#1", "?"), height=10)

    assert "START" in top
    assert "ask" not in top.partition("\n")[2]
    assert "ask" in bottom.partition("\n")[2]
    assert "START" not in bottom


def test_without_a_terminal_nothing_is_drawn_and_it_is_said(call: Call, mixed: str) -> None:
    done = call("run", mixed, "-s", "text=good", "--watch")

    assert done.exit_code == 0
    assert "--watch: stderr is no terminal" in done.stderr
    assert "\u256d" not in done.stderr


@needs_terminal
def test_errors_of_a_batch_stand_above_its_bar(mixed: str, write: Callable[..., str]) -> None:
    lines = write("in.jsonl", '{"text": "bad"}\n{"text": "bad"}\n')
    terminal = Terminal("run", mixed, "-i", lines)

    terminal.wait_for("2 failed")
    terminal.end()

    before = terminal.shown.split("input ")[:-1]
    assert len(before) == 2
    assert all(text.endswith(("\n", "\x1b[2K")) for text in before)


def test_only_one_run_can_be_watched(call: Call, mixed: str, write: Callable[..., str]) -> None:
    lines = write("in.jsonl", '{"text": "good"}\n{"text": "good"}\n')

    done = call("run", mixed, "-i", lines, "--watch")

    assert done.exit_code == 2
    assert "one run can be watched" in done.stderr
