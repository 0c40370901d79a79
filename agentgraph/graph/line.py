"""History as far as it matters later: lines and logs; not the revisions of the state.

The machine gives every token a line, the state layer notes on which lines a field
was written. Two writes are concurrent when neither line's set holds the other's:
that is all that merging by happened-before needs to know. A log says what was
completed, in the order that compensation turns round.
"""

from typing import Generic, TypeVar

E = TypeVar("E")


class Fork:
    """One opening of parallel branches: the line it left, the revision there, how many branches."""

    __slots__ = ("origin", "parent", "width")

    def __init__(self, parent: "Line | None", origin: object, width: int) -> None:
        """Take the line that forks, its revision (opaque here) and the number of branches."""
        self.parent: Line | None = parent
        self.origin: object = origin
        self.width: int = width


class Line:
    """One branch of a fork, or what crossing branches go on as.

    A branch of a fork has that `fork`, and `parents` is empty. A line that arises
    where ways cross has no fork; its `parents` are the lines that met.
    """

    __slots__ = ("fork", "parents")

    def __init__(self, fork: Fork | None, parents: "tuple[Line | None, ...]" = ()) -> None:
        """Take the fork, or None and the lines that met."""
        self.fork: Fork | None = fork
        self.parents: tuple[Line | None, ...] = parents


def outermost(line: Line | None) -> Fork | None:
    """Return the outermost fork that a line is a branch of; None on the root line."""
    found: Fork | None = None
    while line is not None:
        if line.fork is None:
            line = line.parents[0]
        else:
            found = line.fork
            line = found.parent
    return found


class Log(Generic[E]):
    """What happened before, as far as it can be undone: an entry after its parents."""

    __slots__ = ("entry", "parents")

    def __init__(self, entry: E | None, parents: "tuple[Log[E] | None, ...]") -> None:
        """Take what was completed (None where branches meet) and the logs before it."""
        self.entry: E | None = entry
        self.parents: tuple[Log[E] | None, ...] = parents


def in_order(log: Log[E] | None, seen: set[int]) -> list[Log[E]]:
    """Return a log and all before it, each once: parents first, in declared order.

    `seen` holds the identities of those to leave out; it grows by those returned.
    """
    found: list[Log[E]] = []
    stack = [(log, False)] if log is not None else []
    while stack:
        each, is_open = stack.pop()
        if is_open:
            found.append(each)
        elif id(each) not in seen:
            seen.add(id(each))
            stack.append((each, True))
            stack.extend((parent, False) for parent in reversed(each.parents) if parent)
    return found
