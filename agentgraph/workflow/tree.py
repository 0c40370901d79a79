"""How the parts of a flow were put together: a tree of immutable values; not the graph they become.

Rules of this file:

1. A tree is compared by identity: the same object mentioned twice is two mentions, and
   inside a loop its identity says where the way back leads.
2. Putting two trees together costs the same however large they are, and nothing here
   or in the compiler calls itself for a part: a chain may have any length.
3. Nothing writes to a tree after it is made, but a loop that notes whether it is open.
   Plain classes with slots, since dataclasses would cost every program a hundredth of
   a second when it starts.
"""

from collections.abc import Callable, Hashable, Iterator
from typing import TypeAlias

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


class Mention:
    """A work; each place where this stands in a flow becomes a vertex of its own."""

    __slots__ = ("key", "work")
    is_open = True

    def __init__(self, work: Work, key: Hashable) -> None:
        """Take the work, and what makes two mentions the same object."""
        self.work: Work = work
        self.key: Hashable = key


class Chain:
    """One part after the other."""

    __slots__ = ("is_open", "left", "right", "spot")

    def __init__(self, left: "Tree", right: "Tree", spot: Spot | None) -> None:
        """Take both parts, and where the operator stands."""
        self.left: Tree = left
        self.right: Tree = right
        self.spot: Spot | None = spot
        self.is_open: bool = right.is_open


class Side:
    """One part beside the other."""

    __slots__ = ("is_open", "left", "right")

    def __init__(self, left: "Tree", right: "Tree") -> None:
        """Take both parts."""
        self.left: Tree = left
        self.right: Tree = right
        self.is_open: bool = left.is_open or right.is_open


class Quorum:
    """Parallel branches of which the first `need` to finish are enough."""

    __slots__ = ("body", "is_open", "need", "spot")

    def __init__(self, body: Side, need: int, spot: Spot | None) -> None:
        """Take the branches and how many are enough."""
        self.body: Side = body
        self.need: int = need
        self.spot: Spot | None = spot
        self.is_open: bool = body.is_open


class Fan:
    """A choice, with the part that each of its answers leads to."""

    __slots__ = ("at_least", "is_open", "spot", "unsure", "ways", "work")

    def __init__(
        self,
        work: Work,
        ways: "tuple[tuple[object, Tree], ...]",
        unsure: "Tree | None",
        at_least: float,
        spot: Spot | None,
    ) -> None:
        """Take the choice, a part for each answer, and one for no answer."""
        self.work: Work = work
        self.ways: tuple[tuple[object, Tree], ...] = ways
        self.unsure: Tree | None = unsure
        self.at_least: float = at_least
        self.spot: Spot | None = spot
        is_open = any(tree.is_open for _, tree in ways)
        self.is_open: bool = is_open or (unsure is not None and unsure.is_open)


class Loop:
    """A part that may be repeated, up to `at_most` times."""

    __slots__ = ("_is_open", "at_most", "body", "ends", "spot", "then")

    def __init__(
        self,
        body: "Tree",
        at_most: int,
        then: "Tree | None",
        spot: Spot | None,
        ends: "Callable[[Loop], bool]",
    ) -> None:
        """Take the part, its bound, and what tells whether an end stays open."""
        self.body: Tree = body
        self.at_most: int = at_most
        self.then: Tree | None = then
        self.spot: Spot | None = spot
        self.ends: Callable[[Loop], bool] = ends
        self._is_open: bool | None = None

    @property
    def is_open(self) -> bool:
        """Whether an end is open once the ways back are found; asked only if need be."""
        if self._is_open is None:
            self._is_open = self.ends(self)
        return self._is_open


class Catch:
    """A part whose errors of some kinds are handled."""

    __slots__ = ("body", "errors", "handler", "is_open", "spot")

    def __init__(
        self, body: "Tree", errors: tuple[type[Exception], ...], handler: "Tree", spot: Spot | None
    ) -> None:
        """Take the part, what is caught, and where it leads."""
        self.body: Tree = body
        self.errors: tuple[type[Exception], ...] = errors
        self.handler: Tree = handler
        self.spot: Spot | None = spot
        self.is_open: bool = body.is_open or handler.is_open


class On:
    """A part for a workflow whose state is `state`, or extends it."""

    __slots__ = ("body", "is_open", "spot", "state")

    def __init__(self, body: "Tree", state: type[BaseModel], spot: Spot | None) -> None:
        """Take the part and the state."""
        self.body: Tree = body
        self.state: type[BaseModel] = state
        self.spot: Spot | None = spot
        self.is_open: bool = body.is_open


Tree: TypeAlias = End | Mention | Chain | Side | Quorum | Fan | Loop | Catch | On


def key_of(tree: Tree) -> Hashable:
    """Return what makes two parts the same object."""
    return tree.key if isinstance(tree, Mention) else tree


def branches(side: Side) -> Iterator[Tree]:
    """Yield the branches of a group, and of the groups that were put beside it."""
    waiting: list[Tree] = [side]
    while waiting:
        tree = waiting.pop()
        if isinstance(tree, Side):
            waiting += (tree.right, tree.left)
        else:
            yield tree
