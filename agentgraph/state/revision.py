"""A revision: the state as one commit or merge left it; it never changes, and says what changed."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final, NamedTuple, cast

from agentgraph.graph.line import Line
from agentgraph.state.copies import clone
from agentgraph.state.lent import Lent

Writes = dict[str, tuple[Line, ...]]
_orders: Final[dict[tuple[str, ...], tuple[str, ...]]] = {}
"""The names of the fields of each model that had a run at rest."""


@lru_cache(maxsize=1_024)
def names(found: frozenset[str]) -> set[str]:
    """Return a set of these names that all may share: nobody changes it.

    Pydantic takes a set only.
    """
    return set(found)


@dataclass(slots=True, eq=False)
class Revision:
    """The values of a state at one moment, and within a fork the lines that wrote each field.

    One is made for each step, and were it frozen it would cost three times that.
    """

    values: dict[str, object]
    """The revision owns them from now on."""
    fields_set: set[str]
    writes: Writes | None
    patch: Collection[str]
    lengths: dict[str, int] | None
    """How many items of each lent list are its own."""
    sealed: Any
    """The closed draft that it was made from, where that can serve as a view."""


def value_of(revision: Revision, name: str) -> object:
    """Return the value of a field; of a lent list its own items when others were added since."""
    value = revision.values[name]
    if isinstance(value, Lent):
        length = cast("dict[str, int]", revision.lengths)[name]
        if not value.is_whole(length):
            revision.values[name] = value = value.part(length)
    return value


def lighten(revision: Revision) -> None:
    """Keep a revision in as little room as may be; nothing is read of it until `restore`."""
    revision.sealed = None
    revision.patch = tuple(revision.patch)
    revision.fields_set = names(frozenset(revision.fields_set))
    values = revision.values
    if type(values) is dict:
        order = tuple(values)
        packed = (_orders.setdefault(order, order), *values.values())
        revision.values = cast("dict[str, object]", packed)


def restore(revision: Revision) -> None:
    """Make a revision what it was."""
    if type(revision.values) is not dict:
        order, *values = cast("tuple[Any, ...]", revision.values)
        revision.values = dict(zip(order, values, strict=True))


class Tip(NamedTuple):
    """What one branch brings to a join: its revision, its line, and a name for messages."""

    revision: Revision
    line: Line | None
    name: str


class Patch(Mapping[str, object]):
    """The fields that a commit or merge changed; a value is copied when it is looked at."""

    __slots__ = ("_revision",)

    def __init__(self, revision: Revision) -> None:
        """Take the revision whose change this is."""
        self._revision = revision

    def __getitem__(self, name: str) -> object:
        if name not in self._revision.patch:
            raise KeyError(name)
        return clone(value_of(self._revision, name))

    def __iter__(self) -> Iterator[str]:
        return iter(self._revision.patch)

    def __len__(self) -> int:
        return len(self._revision.patch)

    def __repr__(self) -> str:
        return repr(dict(self))

    def __reduce__(self) -> tuple[object, ...]:
        return dict, (dict(self),)
