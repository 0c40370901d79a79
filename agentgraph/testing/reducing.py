"""Does what a reducer makes of values depend on their order? Tried on values, not proved."""

from collections.abc import Callable, Mapping, Sequence
from itertools import combinations
from math import isclose
from typing import NamedTuple, TypeVar, cast

from agentgraph.errors import InvalidState
from agentgraph.state import clone

T = TypeVar("T")
MOST = 14
"""So many values take 114,688 calls of a reducer."""


class Disorder(NamedTuple):
    """Two orders of the same values that a reducer merges differently."""

    one: tuple[int, ...]
    """Positions of the values, in the order in which they were merged."""
    other: tuple[int, ...]
    results: tuple[object, object]


def check_reducer(
    reduce: Callable[[T, Sequence[T]], T], base: T, values: Sequence[T], *, tolerance: float = 1e-9
) -> Disorder | None:
    """Merge `values` one by one in every order; return the fewest that show a difference.

    A run merges in declared order, so no difference ever shows who was faster; it shows when
    branches are declared in another order, or joined in groups. The value of each set of values
    is compared, whoever came last: that finds what all orders would, in far fewer calls.
    Floats may differ by `tolerance`, as `math.isclose` counts it.
    """
    if len(values) > MOST:
        what = f"there are {len(values)} values to merge in every order"
        fix = f"give at most {MOST}: what depends on the order shows with few"
        raise InvalidState(what, where="check_reducer", fix=fix)

    def merged(*parts: T) -> T:
        # A reducer of somebody's may edit what it is given.
        return reduce(cast("T", clone(base)), [cast("T", clone(part)) for part in parts])

    known: dict[tuple[int, ...], tuple[tuple[int, ...], T]] = {
        (at,): ((at,), merged(value)) for at, value in enumerate(values)
    }
    for size in range(2, len(values) + 1):
        for chosen in combinations(range(len(values)), size):
            found: list[tuple[tuple[int, ...], T]] = []
            for last in reversed(chosen):
                order, value = known[tuple(at for at in chosen if at != last)]
                found.append(((*order, last), merged(value, values[last])))
                if not _alike(found[0][1], found[-1][1], tolerance):
                    (one, first), (other, second) = found[0], found[-1]
                    return Disorder(one, other, (first, second))
            known[chosen] = found[0]
    return None


def _alike(one: object, other: object, tolerance: float) -> bool:
    if isinstance(one, float) and isinstance(other, float | int):
        return isclose(one, other, rel_tol=tolerance, abs_tol=tolerance) or one is other
    if type(one) is not type(other):
        return False
    if isinstance(one, Mapping):
        mine, theirs = cast("Mapping[object, object]", one), cast("Mapping[object, object]", other)
        return mine.keys() == theirs.keys() and all(
            _alike(value, theirs[key], tolerance) for key, value in mine.items()
        )
    if isinstance(one, list | tuple):
        pairs = cast("Sequence[object]", one), cast("Sequence[object]", other)
        return len(pairs[0]) == len(pairs[1]) and all(
            _alike(mine, theirs, tolerance) for mine, theirs in zip(*pairs, strict=True)
        )
    return one == other
