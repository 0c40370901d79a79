"""Writes down what a run tells while it goes on; the form of the lines is `events.recording`'s."""

import warnings
from collections.abc import Callable
from typing import Any

from agentgraph.events import Event, RunEnded
from agentgraph.events.recording import heading, line_of, line_of_move
from agentgraph.graph.plan import Way
from agentgraph.runtime.session import Session


def begin_recording(
    session: Session, write: Callable[[str], object], *, is_over: bool
) -> Callable[[Event[Any]], None]:
    """Write the beginning of a run, and return what writes its events from now on."""
    pen = _Pen(session, write)
    graph = session.program.graph
    pen.put(heading(session.run_id, graph.name, graph.digest))
    session.tell_beginning(pen.note)
    ways = session.marking.taken
    for way, times in ways.items():
        for _ in range(times):
            pen.moved(way)
    session.marking.taken = _Watched(ways, pen.moved)
    if is_over:
        pen.note(RunEnded(session.result()))
    return pen.note


class _Watched(dict[Way, int]):
    """The ways that were taken, and how often; each change is told.

    The machine counts ways and calls nobody: what it does must not depend on who looks.
    """

    def __init__(self, ways: dict[Way, int], tell: Callable[[Way], object]) -> None:
        super().__init__(ways)
        self._tell = tell

    def __setitem__(self, way: Way, times: int) -> None:
        super().__setitem__(way, times)
        self._tell(way)


class _Pen:
    """Gives each line its time; a run goes on when it can no longer be written down."""

    def __init__(self, session: Session, write: Callable[[str], object]) -> None:
        self._session = session
        self._begun = session.clock.time()
        self._write: Callable[[str], object] | None = write

    def note(self, event: Event[Any]) -> None:
        """Write an event."""
        self.put(line_of(self._session.run_id, self._now(), event))

    def moved(self, way: Way) -> None:
        """Write that a token went along an edge."""
        self.put(line_of_move(self._session.run_id, self._now(), way.key))

    def put(self, line: str) -> None:
        """Write a line, unless an earlier one failed."""
        if self._write is None:
            return
        try:
            self._write(line)
        except (OSError, ValueError) as error:
            # The disk is full, or the file was closed: that is no failure of the run.
            self._write = None
            warnings.warn(f"the run is no longer recorded: {error}", RuntimeWarning, stacklevel=2)

    def _now(self) -> float:
        return self._session.clock.time() - self._begun
