"""Reducers alone: what each makes of the common past and the branches' values."""

from collections.abc import Sequence
from decimal import Decimal
from functools import partial
from itertools import chain, pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentgraph.errors import InvalidState
from agentgraph.state import (
    append,
    largest,
    latest_declared,
    merge,
    reducer,
    smallest,
    total,
    union,
)
from agentgraph.state.reducers import in_front


def test_append_takes_the_items_after_the_common_ones() -> None:
    assert append(["a"], [["a", "b"], ["a"], ["a", "c", "d"]]) == ["a", "b", "c", "d"]


@pytest.mark.parametrize("changed", [[], ["x"], ["b", "a"], ["x", "a", "b"]])
def test_append_refuses_a_branch_that_changed_the_common_items(changed) -> None:
    with pytest.raises(ValueError, match="changed items that were there before"):
        append(["a", "b"], [["a", "b", "c"], changed])


def test_append_tells_equal_items_of_other_types_apart() -> None:
    with pytest.raises(ValueError, match="changed items"):
        append([1], [[True]])


def test_total_adds_differences() -> None:
    assert total(10, [12, 9, 10]) == 11
    assert total(Decimal("1.5"), [Decimal(2), Decimal(1)]) == Decimal("1.5")


def test_union_takes_over_what_was_added_and_removed() -> None:
    assert union({1, 2, 3}, [{1, 2, 3, 4}, {1, 3}, {2, 3, 5}]) == {3, 4, 5}
    assert union(frozenset("ab"), [frozenset("abc"), frozenset("a")]) == frozenset("ac")


def test_merge_takes_over_the_keys_that_were_set_and_removed() -> None:
    base = {"a": 1, "b": 2, "c": 3}

    merged = merge(base, [{"a": 9, "b": 2, "c": 3}, {"a": 1, "c": 3, "d": 4}])

    assert merged == {"a": 9, "c": 3, "d": 4}
    assert list(merged) == ["a", "c", "d"]


def test_merge_refuses_two_values_for_one_key() -> None:
    for one, other in [({"a": 1}, {"a": 2}), ({"a": 1}, {"a": True}), ({}, {"a": 2})]:
        with pytest.raises(ValueError, match="gave key 'a' different values"):
            merge({"a": 0}, [one, other])


def test_merge_takes_one_value_that_both_branches_gave() -> None:
    assert merge({"a": 0}, [{"a": 1}, {"a": 1}]) == {"a": 1}
    assert merge({"a": 0}, [{}, {}]) == {}


def test_largest_smallest_and_latest_declared_look_at_the_values_alone() -> None:
    assert (largest(9, [3, 5]), smallest(1, [3, 5]), latest_declared(9, [5, 3])) == (5, 3, 3)
    assert (largest(9, []), smallest(9, []), latest_declared(9, [])) == (9, 9, 9)


def test_the_common_items_are_found_where_a_join_has_put_others_between_them() -> None:
    assert in_front([1, 2], [9, 2, 8, 1]) == [1, 2, 9, 8]
    assert in_front([1, 2], [9, 2, 8]) == [9, 2, 8]


texts = st.lists(st.sampled_from("abc"), max_size=4)
sets = st.frozensets(st.integers(0, 5))


@given(texts, st.lists(texts, min_size=1))
def test_append_holds_the_past_once_and_each_addition_in_order(base, added) -> None:
    assert append(base, [base + items for items in added]) == [*base, *chain(*added)]


@given(sets, st.lists(sets, min_size=1))
def test_union_does_not_depend_on_the_order_of_the_branches(base, values) -> None:
    assert union(base, values) == union(base, values[::-1])


@given(st.integers(), st.lists(st.integers()))
def test_total_is_the_past_and_the_sum_of_all_changes(base, values) -> None:
    assert total(base, values) == base + sum(value - base for value in values)


@given(st.dictionaries(st.sampled_from("abcdef"), st.integers(0, 3)), st.data())
def test_merge_of_disjoint_edits_is_all_of_them(base, data) -> None:
    keys = [*"abcdef"]
    cuts = sorted(data.draw(st.lists(st.integers(0, 6), min_size=1, max_size=3)))
    expected, values = dict(base), []
    for start, end in pairwise([0, *cuts, 6]):
        value = dict(base)
        for key in keys[start:end]:
            if data.draw(st.booleans()):
                value[key] = expected[key] = 9
            else:
                value.pop(key, None)
                expected.pop(key, None)
        values.append(value)

    assert merge(base, values) == expected


def test_a_reducer_edits_nothing_that_it_is_given() -> None:
    base, values = [1], [[1, 2], [1, 3]]
    append(base, values)
    table, tables = {"a": 1}, [{"a": 2}, {"b": 1, "a": 1}]
    merge(table, tables)
    tags, more = {1}, [{2}, {1, 3}]
    union(tags, more)

    assert (base, values) == ([1], [[1, 2], [1, 3]])
    assert (table, tables) == ({"a": 1}, [{"a": 2}, {"b": 1, "a": 1}])
    assert (tags, more) == ({1}, [{2}, {1, 3}])


def test_a_function_is_marked_as_a_reducer_and_stays_itself() -> None:
    def longest(base: str, values: Sequence[str]) -> str:
        return max(values, key=len, default=base)

    assert reducer(longest) is longest


def test_any_callable_may_be_marked_as_a_reducer() -> None:
    def nth(n: int, base: str, values: Sequence[str]) -> str:
        return values[n]

    assert reducer(partial(nth, 0))("", ["a", "b"]) == "a"


@pytest.mark.parametrize("wrong", [lambda: 0, lambda base: 0, lambda a, b, c: 0])
def test_a_function_that_cannot_be_called_as_a_reducer_is_refused(wrong) -> None:
    with pytest.raises(InvalidState, match=r"does not take \(base, values\)"):
        reducer(wrong)


def test_the_fix_names_the_reducer_that_was_meant() -> None:
    with pytest.raises(InvalidState) as caught:
        reducer(dict.update)  # type: ignore[arg-type, type-var]

    assert "merge" in caught.value.fix
