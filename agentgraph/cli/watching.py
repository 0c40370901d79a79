"""`agentgraph run --watch`: the drawing of a workflow on stderr, with where its run is."""

from shutil import get_terminal_size
from typing import Any, Final

from rich.console import Console
from rich.live import Live
from rich.text import Text

from agentgraph.cli.following import Progress
from agentgraph.cli.stdio import has_all_letters
from agentgraph.events import (
    Asked,
    Decided,
    Event,
    NodeDone,
    NodeFailed,
    NodeStarted,
    NodeStopped,
    UndoDone,
    UndoFailed,
    UndoStarted,
)
from agentgraph.graph import FrozenGraph
from agentgraph.render.diagram import diagram_of
from agentgraph.render.overlay import home_of, vertices_of
from agentgraph.render.palette import LOOKS
from agentgraph.render.text import Drawing, columns, write

_LOOKS: Final = LOOKS["standings"]
"""In which colours a box stands, and what says so in its corner where there are none."""
_TOLD: Final[dict[str, tuple[str, str]]] = LOOKS["events"]
"""What is said of a node, and how it then stands, by the class of what is told."""
_HEAD: Final = 2
"""The lines above the drawing."""


class Watched(Progress):
    """The drawing with its colours; rich asks for it again and again."""

    def __init__(self, graph: FrozenGraph, console: Console | None = None) -> None:
        """Draw the graph once, as wide as the terminal is; without `console` it is stderr's."""
        console = console or Console(stderr=True, width=get_terminal_size().columns)
        self._console = console
        self._vertices = dict(vertices_of(graph))
        is_ascii = not has_all_letters(console.encoding)
        diagram = diagram_of(graph)
        self._drawing: Drawing = write(diagram, width=console.width - 1, ascii=is_ascii)
        self._standing: dict[str, str] = {}
        self._said = graph.name
        super().__init__(
            Live(self, console=console, refresh_per_second=10, vertical_overflow="crop")
        )

    def heard(self, event: Event[Any]) -> None:
        """Note where the run is."""
        more = ""
        match event:
            case NodeFailed(node, error) | UndoFailed(node, error):
                more = type(error).__name__
            case Decided(node, label):
                more = str(label)
            case NodeStarted(node) | NodeDone(node) | NodeStopped(node) | Asked(node):
                pass
            case UndoStarted(node) | UndoDone(node):
                pass
            case _:
                return
        said, self._standing[home_of(node, self._vertices)] = _TOLD[type(event).__name__]
        self._said = f"{node} {said.format(more)}"

    def ended(self) -> None:
        """The only run has ended: its last picture stays, and what is told then stands below it."""
        self.pause()

    def __rich__(self) -> Text:
        text = Text(f"{self._said}\n\n", no_wrap=True, overflow="crop")
        first, last = self._window()
        for number, line in enumerate(self._drawing.lines[first:last], first):
            text.append_text(self._line(line, number)).append("\n")
        return text

    def _window(self) -> tuple[int, int]:
        """Choose the lines to show where not all fit: those around what is at work."""
        high = max(self._console.height - _HEAD - 1, 5)
        here = [path for path, standing in self._standing.items() if standing != "done"]
        tops = [self._drawing.places[path][1] for path in here if path in self._drawing.places]
        most = max(len(self._drawing.lines) - high, 0)
        first = min(max(min(tops, default=0) - high // 3, 0), most)
        return first, first + high

    def _line(self, line: str, number: int) -> Text:
        text = Text(line)
        for path, (left, top, wide, high) in self._drawing.places.items():
            standing = self._standing.get(path)
            if standing is None or not top <= number < top + high:
                continue
            at, (sign, style) = _index(line, left), _LOOKS[standing]
            if high == 1:
                text.append(f" {sign}")
            elif number == top:
                text.plain = f"{text.plain[:at]}{sign}{text.plain[at + 1 :]}"
            text.stylize(style, at, _index(line, left + wide))
        return text


def _index(line: str, column: int) -> int:
    """Return how many characters of a line stand before a column; some take two columns."""
    return next((n for n in range(len(line)) if columns(line[:n]) >= column), len(line))
