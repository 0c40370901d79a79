"""Lines of history: which branch a revision of the state was written on; not the revisions themselves.

The machine gives every token a line, the state layer notes on which lines a field
was written. Two writes are concurrent when neither line's set holds the other's:
that is all that merging by happened-before needs to know.
"""


class Fork:
    """One opening of parallel branches: the line it left, the revision there, how many branches."""

    __slots__ = ("origin", "parent", "width")

    def __init__(self, parent: "Line | None", origin: object, width: int) -> None:
        """Take the line that forks, its revision (opaque here) and the number of branches."""
        self.parent = parent
        self.origin = origin
        self.width = width


class Line:
    """One branch of a fork, or what crossing branches go on as.

    A branch of a fork has that `fork`, and `parents` is empty. A line that arises
    where ways cross has no fork; its `parents` are the lines that met.
    """

    __slots__ = ("fork", "parents")

    def __init__(self, fork: Fork | None, parents: "tuple[Line | None, ...]" = ()) -> None:
        """Take the fork, or None and the lines that met."""
        self.fork = fork
        self.parents = parents
