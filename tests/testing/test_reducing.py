"""Reducers tried on values in every order: the smallest set of them that shows a difference."""

from collections.abc import Sequence
from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentgraph import append, largest, latest_declared, merge, smallest, total, union
from agentgraph.errors import InvalidState
from agentgraph.testing import Disorder, check_reducer


def average(base: float, values: Sequence[float]) -> float:
    return sum(values) / len(values)


def greedy(base: list[int], values: Sequence[list[int]]) -> list[int]:
    for value in values:
        base += value
        value.clear()
    return sorted(base)


def clipped(base: int, values: Sequence[int]) -> int:
    """Depends on the order only where the sum passes ten in between."""
    for value in values:
        base = min(10, base + value)
    return base


@pytest.mark.parametrize(
    ("reduce", "base", "values"),
    [
        (total, 0, [1, 2, 3, 4]),
        (total, 0.0, [0.1, 0.2, 0.3]),
        (union, {1}, [{1, 2}, {3}, set()]),
        (merge, {"a": 1}, [{"a": 1, "b": 2}, {"a": 1, "c": 0.5}]),
        (largest, 0, [3, 1, 2]),
        (smallest, 0, [3, 1, 2]),
        (greedy, [], [[1], [2], [3]]),
    ],
)
def test_what_does_not_depend_on_the_order_shows_nothing(reduce, base, values) -> None:
    assert check_reducer(reduce, base, values) is None


@pytest.mark.parametrize(
    ("reduce", "base", "values", "found"),
    [
        (append, [0], [[0, 1], [0, 2]], Disorder((0, 1), (1, 0), ([0, 1, 2], [0, 2, 1]))),
        (latest_declared, "", ["a", "a", "b"], Disorder((0, 2), (2, 0), ("b", "a"))),
        (average, 0.0, [1.0, 1.0, 4.0], Disorder((0, 1, 2), (0, 2, 1), (2.5, 1.75))),
        (clipped, 0, [9, 9, -5], Disorder((0, 1, 2), (0, 2, 1), (5, 10))),
    ],
)
def test_what_depends_on_the_order_is_shown_by_the_fewest_values(
    reduce, base, values, found
) -> None:
    assert check_reducer(reduce, base, values) == found


def test_floats_are_compared_with_the_tolerance_that_is_given() -> None:
    values = [0.1, 0.2, 0.3]

    assert check_reducer(total, 0.0, values) is None
    assert check_reducer(total, 0.0, values, tolerance=0.0) is not None


def test_too_many_values_are_refused() -> None:
    with pytest.raises(InvalidState, match="at most 14"):
        check_reducer(total, 0, list(range(15)))


@given(st.lists(st.integers(-9, 12), max_size=5))
def test_it_finds_a_difference_exactly_where_some_two_orders_have_one(values: list[int]) -> None:
    results = set()
    for size in range(len(values) + 1):
        for chosen in permutations(range(len(values)), size):
            found = 0
            for at in chosen:
                found = clipped(0, [found, values[at]])
            results.add((frozenset(chosen), found))

    is_same = len({chosen for chosen, _ in results}) == len(results)
    assert (check_reducer(clipped, 0, values) is None) == is_same
