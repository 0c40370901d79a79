"""How the marking of a run that waits is kept small; what it says stays the same.

There may be many thousands of runs that wait for a person, and a dict of one entry takes
230 bytes where a tuple takes 60. So a marking that does not move has tuples in place of
its dicts, and its revisions without what can be made again.
"""

from dataclasses import fields
from itertools import chain
from typing import Any, Final

from agentgraph.machine import Marking
from agentgraph.machine.marking import DICT, Frame
from agentgraph.state import Revision

_DICTS: Final = {
    kind: [slot.name for slot in fields(kind) if slot.default_factory is DICT]
    for kind in (Marking, Frame)
}


def rest(marking: Marking) -> None:
    """Keep a marking small; nothing but its plain values may be read of it until `wake`."""
    for frame in marking.frames.values():
        _pack(frame)
    _pack(marking)


def wake(marking: Marking) -> None:
    """Make a marking what it was."""
    _unpack(marking)
    for frame in marking.frames.values():
        _unpack(frame)


def revisions(marking: Marking) -> list[Revision]:
    """Return the revisions that every run has which waits: the first ones, and those under way."""
    found = [
        *(frame.start for frame in marking.frames.values()),
        *(task.payload for task in marking.live.values()),
    ]
    return [each for each in found if isinstance(each, Revision)]


def _pack(value: Marking | Frame) -> None:
    for name in _DICTS[type(value)]:
        part: Any = getattr(value, name)
        if part.__class__ is dict:  # Not what somebody watches, which is of a class of its own.
            setattr(value, name, tuple(chain.from_iterable(part.items())))


def _unpack(value: Marking | Frame) -> None:
    for name in _DICTS[type(value)]:
        part: Any = getattr(value, name)
        if part.__class__ is tuple:
            setattr(value, name, dict(zip(part[::2], part[1::2], strict=True)))
