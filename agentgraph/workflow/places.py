"""Where in the user's source a part of a workflow was written; not what was written there.

Rules of this file:

1. A spot is noted at every operator, so it must cost next to nothing: two fields of
   the caller's frame. Lines are looked up once, when the workflow is compiled.
2. Frames of agentgraph itself are passed over, so a pattern points at its user.
"""

from inspect import currentframe
from itertools import chain
from types import CodeType
from typing import TypeAlias

from agentgraph.errors import InvalidFlow, Place

_OWN = "agentgraph."


Spot: TypeAlias = tuple[CodeType, int]
"""An instruction of the user's code. A plain tuple: the garbage collector soon lets go of it."""


def spot_of_caller() -> Spot | None:
    """Return where the code that is not agentgraph's stands at the moment."""
    # The two innermost are this function and the method that calls it.
    frame = currentframe()
    frame = frame.f_back if frame is not None else None
    while frame is not None and frame.f_globals.get("__name__", "").startswith(_OWN):
        frame = frame.f_back
    return None if frame is None else (frame.f_code, frame.f_lasti)


class Places:
    """Turns spots into lines; the table of lines of each piece of code is read once."""

    def __init__(self) -> None:
        self._lines: dict[int, list[int | None]] = {}
        """The line of each instruction, by the identity of the code."""
        self._found: dict[tuple[int, int], Place] = {}

    def of(self, spot: Spot | None) -> Place | None:
        """Return the file and line of `spot`."""
        if spot is None:
            return None
        code, instruction = spot
        key = (id(code), instruction)
        found = self._found.get(key)
        if found is None:
            if id(code) not in self._lines:
                rows = ([line] * ((end - start) // 2) for start, end, line in code.co_lines())
                self._lines[id(code)] = [*chain.from_iterable(rows)]
            line = self._lines[id(code)][instruction // 2]
            found = self._found[key] = Place(code.co_filename, line or code.co_firstlineno)
        return found


def line_of(spot: Spot | None) -> str:
    """Write a spot for a message."""
    place = Places().of(spot)
    return f"{place}" if place else "a place that is not known"


def invalid(what: str, fix: str, spot: Spot | None, part: str = "") -> InvalidFlow:
    """Return the error of what was written at `spot`, in a call of `part` if that is named."""
    at = line_of(spot)
    return InvalidFlow(what, where=f"{part} ({at})" if part else at, fix=fix)
