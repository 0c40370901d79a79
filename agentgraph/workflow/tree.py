"""How the parts of a flow were put together: a tree of immutable values; not the graph they become.

Rules of this file:

1. A tree is compared by identity: the same object mentioned twice is two mentions, and
   inside a loop its identity says where the way back leads.
2. Putting two trees together costs the same however large they are, and nothing here
   or in the compiler calls itself for a part: a chain may have any length.
"""

from collections.abc import Callable, Hashable, Iterator
from dataclasses import dataclass
from typing import TypeAlias

from pydantic import BaseModel

from agentgraph.workflow.places import Spot
from agentgraph.workflow.work import Work


@dataclass(frozen=True, slots=True, eq=False)
class Ending:
    """What END and NEXT are inside a flow: a closed end, and an open one with nothing in it."""

    is_open: bool


CLOSED = Ending(is_open=False)
OPEN = Ending(is_open=True)


@dataclass(frozen=True, slots=True, eq=False)
class Mention:
    """A work; each place where this stands in a flow becomes a vertex of its own."""

    work: Work
    key: Hashable
    """What makes two mentions the same object."""
    is_open: bool = True


@dataclass(frozen=True, slots=True, eq=False)
class Chain:
    """One part after the other."""

    left: "Tree"
    right: "Tree"
    spot: Spot | None
    is_open: bool


@dataclass(frozen=True, slots=True, eq=False)
class Side:
    """One part beside the other; `width` counts the branches."""

    left: "Tree"
    right: "Tree"
    width: int
    is_open: bool


@dataclass(frozen=True, slots=True, eq=False)
class Quorum:
    """Parallel branches of which the first `need` to finish are enough."""

    body: Side
    need: int
    spot: Spot | None
    is_open: bool = True


@dataclass(frozen=True, slots=True, eq=False)
class Fan:
    """A choice, with the part that each of its answers leads to."""

    work: Work
    ways: tuple[tuple[object, "Tree"], ...]
    unsure: "Tree | None"
    at_least: float
    spot: Spot | None
    is_open: bool


@dataclass(slots=True, eq=False)
class Loop:
    """A part that may be repeated, up to `at_most` times."""

    body: "Tree"
    at_most: int
    then: "Tree | None"
    spot: Spot | None
    ends: Callable[["Loop"], bool]
    """Tells whether an end is left open once the ways back are found: asked only if need be."""
    _is_open: bool | None = None

    @property
    def is_open(self) -> bool:
        """Whether an end is left open."""
        if self._is_open is None:
            self._is_open = self.ends(self)
        return self._is_open


@dataclass(frozen=True, slots=True, eq=False)
class Catch:
    """A part whose errors of some kinds are handled."""

    body: "Tree"
    errors: tuple[type[Exception], ...]
    handler: "Tree"
    spot: Spot | None
    is_open: bool


@dataclass(frozen=True, slots=True, eq=False)
class On:
    """A part for a workflow whose state is `state`, or extends it."""

    body: "Tree"
    state: type[BaseModel]
    spot: Spot | None
    is_open: bool


Tree: TypeAlias = Ending | Mention | Chain | Side | Quorum | Fan | Loop | Catch | On


def key_of(tree: Tree) -> Hashable:
    """Return what makes two parts the same object."""
    return tree.key if isinstance(tree, Mention) else id(tree)


def branches(side: Side) -> Iterator[Tree]:
    """Yield the branches of a group, and of the groups that were put beside it."""
    waiting: list[Tree] = [side]
    while waiting:
        tree = waiting.pop()
        if isinstance(tree, Side):
            waiting += (tree.right, tree.left)
        else:
            yield tree
