"""How the parts of a flow were put together: a tree of immutable values; not the graph they become.

Rules of this file:

1. A tree is compared by identity: the same object mentioned twice is two mentions, and
   inside a loop its identity says where the way back leads.
2. Putting two trees together costs the same however large they are, and nothing here
   or in the compiler calls itself for a part: a chain may have any length.
3. Nothing writes to a tree after it is made. Tuples, since dataclasses would cost every
   program a hundredth of a second when it starts.
4. Each part says whether it `is_open`: an end of it leads nowhere yet.
"""

from collections.abc import Hashable, Iterator
from typing import NamedTuple, TypeAlias

from pydantic import BaseModel

from agentgraph.workflow.places import Spot
from agentgraph.workflow.work import Work


class End:
    """The type of END and NEXT: a closed end, and an open one with nothing in it."""

    __slots__ = ("is_open", "name")

    def __init__(self, name: str, *, is_open: bool) -> None:
        """There are two of these, and there is no need for more."""
        self.name: str = name
        self.is_open: bool = is_open

    def __repr__(self) -> str:
        return self.name


class Mention(NamedTuple):
    """A work; each place where this stands in a flow becomes a vertex of its own."""

    work: Work
    key: Hashable
    """What makes two mentions the same object."""
    is_open: bool = True


class Chain(NamedTuple):
    """One part after the other."""

    left: "Tree"
    right: "Tree"
    spot: Spot | None
    is_open: bool


class Side(NamedTuple):
    """One part beside the other."""

    left: "Tree"
    right: "Tree"
    is_open: bool


class Quorum(NamedTuple):
    """Parallel branches of which the first `need` to finish are enough."""

    body: Side
    need: int
    spot: Spot | None
    is_open: bool


class Fan(NamedTuple):
    """A choice, with the part that each of its answers leads to, and one for no answer."""

    work: Work
    ways: "tuple[tuple[object, Tree], ...]"
    unsure: "Tree | None"
    at_least: float
    spot: Spot | None
    is_open: bool


class Loop(NamedTuple):
    """A part that may be repeated, up to `at_most` times."""

    body: "Tree"
    at_most: int
    then: "Tree | None"
    spot: Spot | None
    is_open: bool


class Catch(NamedTuple):
    """A part whose errors of some kinds are handled."""

    body: "Tree"
    errors: tuple[type[Exception], ...]
    handler: "Tree"
    spot: Spot | None
    is_open: bool


class On(NamedTuple):
    """A part for a workflow whose state is `state`, or extends it."""

    body: "Tree"
    state: type[BaseModel]
    spot: Spot | None
    is_open: bool


Tree: TypeAlias = End | Mention | Chain | Side | Quorum | Fan | Loop | Catch | On


def key_of(tree: Tree) -> Hashable:
    """Return what makes two parts the same object, as long as these are kept."""
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
