"""Reducers: how the values that parallel branches gave one field become one value again.

Rules of this file:

1. A reducer takes the value at the branches' nearest common past and the branches' values
   in declared order. It edits none of them and depends on nothing else.
2. It merges changes, not values: what all branches had before is there once.
3. Two changes that cannot both hold are a `Clash`, never a silent choice.
"""

import inspect
from collections.abc import Callable, Hashable, Sequence
from collections.abc import Set as AbstractSet
from datetime import timedelta
from decimal import Decimal
from functools import update_wrapper
from operator import is_
from types import FunctionType
from typing import TYPE_CHECKING, Any, Final, Protocol, TypeVar, cast

from pydantic import Field

from agentgraph.errors import InvalidState
from agentgraph.state.copies import same
from agentgraph.state.unset import UNSET

if TYPE_CHECKING:
    from pydantic.fields import FieldInfo

T = TypeVar("T")
X = TypeVar("X")
K = TypeVar("K", bound=Hashable)
V = TypeVar("V")
Items = TypeVar("Items", bound=AbstractSet[object])
Number = TypeVar("Number", int, float, Decimal, timedelta)


class Reducer(Protocol[T]):
    """A function of the common past and the branches' values, in declared order."""

    def __call__(self, base: T, values: Sequence[T], /) -> T: ...


class Clash(ValueError):
    """Two branches made changes that exclude each other; `positions` says which ones."""

    def __init__(self, what: str, *positions: int) -> None:
        """Take what happened, and the positions of the branches among the values."""
        super().__init__(what)
        self.positions = positions


def append(base: list[X], values: Sequence[list[X]]) -> list[X]:
    """Add the items that each branch added at the end; a branch that edited earlier ones clashes."""
    common = len(base)
    merged = base[:]
    for position, value in enumerate(values):
        kept = value[:common]
        if len(kept) < common or not (all(map(is_, kept, base)) or same(kept, list(base))):
            raise Clash("a branch changed items that were there before it began", position)
        merged += value[common:]
    return merged


def in_front(base: list[X], value: list[X]) -> list[X]:
    """Return `value` with the common items at its front, when it has all of them somewhere.

    Where ways crossed, an earlier join may have put items of another branch before or between
    them, or have compared with another past: the branch has changed none of them.
    """
    awaited = base[:]
    others: list[X] = []
    for item in value:
        # Nearly always the first one, so this is one comparison an item.
        at = next((n for n, other in enumerate(awaited) if same(item, other)), None)
        if at is None:
            others.append(item)
        else:
            del awaited[at]
    return value if awaited else base + others


def total(base: Number, values: Sequence[Number]) -> Number:
    """Add what each branch added."""
    result = base
    for value in values:
        result = result + (value - base)
    return result


def union(base: Items, values: Sequence[Items]) -> Items:
    """Take over what each branch added and what it removed."""
    result: AbstractSet[object] = base
    for value in values:
        result = (result - (base - value)) | (value - base)
    return cast("Items", result)


def merge(base: dict[K, V], values: Sequence[dict[K, V]]) -> dict[K, V]:
    """Take over the keys that each branch set and removed; two values for one key clash."""
    result = dict(base)
    writers: dict[K, int] = {}
    for position, value in enumerate(values):
        for key in {**base, **value}:
            if _agree(key, base, value):
                continue
            earlier = writers.setdefault(key, position)
            if earlier != position and not _agree(key, values[earlier], value):
                raise Clash(f"two branches gave key {key!r} different values", earlier, position)
            if key in value:
                result[key] = value[key]
            else:
                result.pop(key, None)
    return result


def _agree(key: K, one: dict[K, V], other: dict[K, V]) -> bool:
    return same(one.get(key, UNSET), other.get(key, UNSET))


def largest(base: X, values: Sequence[X]) -> X:
    """Take the largest of the branches' values."""
    return cast("X", max(cast("Sequence[Any]", values), default=base))


def smallest(base: X, values: Sequence[X]) -> X:
    """Take the smallest of the branches' values."""
    return cast("X", min(cast("Sequence[Any]", values), default=base))


def latest_declared(base: X, values: Sequence[X]) -> X:
    """Take the value of the branch that was declared last."""
    return values[-1] if values else base


OURS: Final[frozenset[object]] = frozenset(
    {append, total, union, merge, largest, smallest, latest_declared}
)
"""The reducers of this file: they edit nothing, so they may be handed the values themselves."""

NEEDS_NO_BASE: Final[frozenset[object]] = frozenset({largest, smallest, latest_declared})


def reducer(fn: Callable[[T, Sequence[T]], T], /) -> Reducer[T]:
    """Mark a function as a reducer, for `Annotated[type, function]`; it is checked at once."""
    check_reducer(fn, where=f"reducer {name_of(fn)!r}")
    if isinstance(fn, FunctionType):
        return fn

    def reduce(base: T, values: Sequence[T], /) -> T:
        return fn(base, values)

    reduce.__name__ = name_of(fn)
    return update_wrapper(reduce, fn, updated=())


def reduced(by: Callable[[X, Sequence[X]], X], *, start: Callable[[], X]) -> X:
    """Give a field a reducer and a first value.

    As in `log: list[str] = reduced(append, start=list)`; `start` is called for each state.
    """
    field = cast("FieldInfo", Field(default_factory=start))
    field.metadata.append(reducer(by))
    # Typed as the value, since this stands where the value of the field would.
    return cast("X", field)


def name_of(fn: object) -> str:
    """Return the name of a callable, for messages."""
    return str(getattr(fn, "__name__", None) or type(fn).__name__)


def check_reducer(fn: Callable[..., object], *, where: str) -> None:
    """Raise InvalidState unless `fn` can be called as a reducer."""
    meant = None if isinstance(fn, FunctionType) else _MEANT.get(name_of(fn))
    try:
        inspect.signature(fn).bind(None, ())
        fits = meant is None
    except (TypeError, ValueError):
        fits = False
    if not fits:
        advice = "write `def name(base, values)`: the common past, then the branches' values"
        what = f"{name_of(fn)!r} is not a reducer: it does not take (base, values)"
        raise InvalidState(what, where=where, fix=advice if meant is None else f"use {meant}")


# What somebody meant who wrote a function of Python itself.
_MEANT: Final = {
    "add": "`append` for lists, `total` for numbers",
    "or_": "`union` for sets, `merge` for dicts",
    "max": "`largest`",
    "min": "`smallest`",
    "sum": "`total`",
    "update": "`merge`",
    "extend": "`append`",
    "append": "`append` of this library",
}
