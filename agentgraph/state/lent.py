"""The list of an append-only field: lent to one draft at a time, never copied on a straight run.

Rules of this file:

1. One list may stand for many revisions; each knows how many items of it are its own.
2. Only the draft that has the list to itself may edit it. Appending leaves the items of
   all revisions as they are; before any other edit they are kept aside, in `kept`.
3. Once `kept` is there, no revision looks at the list again: whoever needs it takes a copy.
"""

from collections.abc import Callable, Iterable
from threading import Lock
from typing import Final, NoReturn, SupportsIndex, TypeVar, cast

from agentgraph.errors import ClosedDraft, ReadOnlyState

F = TypeVar("F", bound=Callable[..., object])
LENDING: Final = Lock()
"""Held from the question whether a list is free until it is lent, or has a further holder."""


class Lent(list[object]):
    """A list that revisions share and one draft may extend."""

    __slots__ = ("editable", "field", "holders", "kept", "start", "viewers")

    def __init__(self, items: Iterable[object], field: str) -> None:
        """Take the items, and the name of the field for messages."""
        super().__init__(items)
        self.field: str = field
        self.start: int = len(self)
        self.editable: bool = False
        self.holders: int = 0
        self.viewers: int = 0
        self.kept: list[object] | None = None

    def part(self, length: int) -> "Lent":
        """Return the first `length` items that a revision knows, as a list of their own."""
        return Lent((self if self.kept is None else self.kept)[:length], self.field)

    def is_whole(self, length: int) -> bool:
        """Say whether a revision that owns `length` items may show the list itself."""
        return self.kept is None and not self.editable and len(self) == length

    def lend(self) -> "Lent":
        """Let the draft that asks for it edit the list, or one of its own if others hold it too."""
        lent = self
        with LENDING:
            if self.holders != 1:
                # Another draft or view shows the list: it must not see what is appended here.
                lent = Lent(self, self.field)
                self.holders -= 1
                lent.holders = 1
            lent.editable = True
            lent.start = len(lent)
        return lent

    def settle(self, tail: list[object]) -> None:
        """End the loan: what was added is now this, validated."""
        super().__setitem__(slice(self.start, None), tail)
        self.editable = False

    def abandon(self) -> None:
        """Close the list for good, without what was added: a late append must find nobody's list."""
        self.editable = False
        if self.kept is None:
            super().__delitem__(slice(self.start, None))
            self.kept = self

    def let_go(self) -> None:
        """Leave the list to a node that replaced it in its draft; revisions no longer look at it."""
        if self.kept is None:
            self.kept = self[: self.start]

    def __reduce_ex__(self, protocol: SupportsIndex) -> tuple[object, ...]:
        return list, (list(self),)

    def append(self, item: object, /) -> None:
        # Not in the loop below, since this is what nearly all edits are.
        if not self.editable:
            self.refuse()
        super().append(item)

    def refuse(self) -> NoReturn:
        """Say why the list cannot be edited."""
        where = f"the list of field {self.field!r}"
        if self.viewers:
            raise read_only(self.field, where)
        what = f"the list of field {self.field!r} was edited after its attempt had ended"
        fix = "edit the state before the node returns, and await everything that edits it"
        raise ClosedDraft(what, where=where, fix=fix)


def read_only(name: str, where: str) -> ReadOnlyState:
    """Make the error of a function that edits a field which it may only read."""
    what = f"a function that may only read its state edited {name!r}"
    fix = "edit the state in a node, not in a classifier, a voter or a question"
    return ReadOnlyState(what, where=where, fix=fix)


def _guarded(method: F, *, keeps: bool) -> F:
    """Return `method` of list for who may edit; `keeps`: it may change items that revisions share."""

    def edit(self: Lent, *args: object, **options: object) -> object:
        if not self.editable:
            self.refuse()
        if keeps:
            self.let_go()
        return method(self, *args, **options)

    return cast("F", edit)


for _name in (
    "extend", "insert", "pop", "remove", "clear", "sort", "reverse",
    "__iadd__", "__setitem__", "__delitem__", "__imul__",
):  # fmt: skip
    _keeps = _name not in {"extend", "__iadd__"}
    setattr(Lent, _name, _guarded(getattr(list, _name), keeps=_keeps))
