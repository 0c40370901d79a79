"""What is refused when a state class is made, and what is not."""

# pydantic copies the defaults of a state for each instance

import operator
from collections.abc import Sequence
from functools import partial
from typing import Annotated, Any, Optional, TypeVar

import pytest
from pydantic import BaseModel, Field, PrivateAttr, RootModel, create_model

from agentgraph.errors import InvalidState
from agentgraph.graph.line import Fork, Line
from agentgraph.state import (
    State,
    Tip,
    append,
    largest,
    latest_declared,
    merge,
    reduced,
    reducer,
    schema_of,
    total,
    union,
    unset,
)
from tests.state.late_names import Basket


def one_field(annotation: object, default: object = ...) -> type[State]:
    """Make a state with one field, as a class statement would."""
    fields: dict[str, Any] = {"field": (annotation, default)}
    return create_model("Made", __base__=State, **fields)


@pytest.mark.parametrize(
    ("annotation", "reduce", "words"),
    [
        (int, append, ["'append' merges list", "the field is int"]),
        (str, append, ["'append'"]),
        (list[str] | None, append, ["'append'", "list[str] | None"]),
        (list[str], total, ["'total' merges int or float"]),
        (bool, total, ["'total'", "bool"]),
        (list[int], union, ["'union'"]),
        (set[int], merge, ["'merge'"]),
        (dict[str, int], largest, ["'largest' needs values with an order"]),
        (int | None, largest, ["'largest' needs values with an order"]),
    ],
)
def test_a_reducer_that_does_not_fit_its_field_is_refused(annotation, reduce, words) -> None:
    with pytest.raises(InvalidState) as caught:
        one_field(Annotated[annotation, reduce])

    for word in words:
        assert word in caught.value.what
    assert caught.value.where == "field 'field' of 'Made'"


@pytest.mark.parametrize(
    ("annotation", "reduce"),
    [
        (list[str], append),
        (list, append),
        (int, total),
        (float, total),
        (set[str], union),
        (frozenset[int], union),
        (dict[str, int], merge),
        (int, largest),
        (str, latest_declared),
        (int | None, latest_declared),
        (Any, append),
    ],
)
def test_a_reducer_that_fits_its_field_is_accepted(annotation, reduce) -> None:
    schema_of(one_field(Annotated[annotation, reduce]))


def longest(base: str, values: Sequence[str]) -> str:
    return max(values, key=len, default=base)


def to_text(base: int, values: Sequence[int]) -> str:
    return str(base)


X = TypeVar("X")


def first(base: X, values: Sequence[X]) -> X:
    return values[0]


def untyped(base, values):
    return base


def test_a_reducer_of_ones_own_is_held_to_its_annotations() -> None:
    one_field(Annotated[str, longest])
    one_field(Annotated[str, reducer(longest)])
    one_field(Annotated[dict[str, int], first])
    one_field(Annotated[int, untyped])
    with pytest.raises(InvalidState, match="'longest' merges str, but the field is int"):
        one_field(Annotated[int, longest])
    with pytest.raises(InvalidState, match="'to_text' returns str, but the field is int"):
        one_field(Annotated[int, to_text])


@pytest.mark.parametrize(
    ("foreign", "fix"),
    [
        (operator.add, "`append` for lists"),
        (max, "`largest`"),
        (sum, "`total`"),
        (dict.update, "`merge`"),
    ],
)
def test_a_function_that_other_libraries_take_is_refused_with_the_right_one(foreign, fix) -> None:
    with pytest.raises(InvalidState) as caught:
        one_field(Annotated[list[int], foreign])

    assert fix in caught.value.fix


def test_a_field_that_hides_its_reducer_by_its_name_is_found() -> None:
    with pytest.raises(InvalidState, match="field 'total' has no reducer: in a class body"):

        class Costs(State):
            total: Annotated[int, total] = 0  # pyright: ignore[reportGeneralTypeIssues]  # the trap

    with pytest.raises(InvalidState, match="field 'append' has no reducer"):

        class Notes(State):
            append: Annotated[list[str], append] = []  # pyright: ignore[reportGeneralTypeIssues]  # the trap


def test_a_field_may_have_the_name_of_a_reducer_when_it_says_reduced() -> None:
    class Costs(State):
        total: int = reduced(total, start=int)

    assert Costs().total == 0
    schema_of(Costs)


def test_a_module_is_no_reducer() -> None:
    with pytest.raises(InvalidState, match="a module where a reducer was meant"):
        one_field(Annotated[dict[str, int], operator])


def test_plain_words_beside_a_type_are_no_fault() -> None:
    class Said(State):
        text: Annotated[str, "what the customer wrote"] = ""
        count: Annotated[int, Field(ge=0), total] = 0

    schema_of(Said)


def test_a_reducer_inside_the_type_is_found() -> None:
    with pytest.raises(InvalidState, match="the reducer 'append' is hidden inside the type"):

        class Hidden(State):
            notes: Optional[Annotated[list[str], append]] = None  # noqa: UP045  # the trap itself

    with pytest.raises(InvalidState, match="hidden inside"):
        one_field(dict[str, Annotated[list[str], append]])


def test_two_reducers_for_one_field_are_refused() -> None:
    with pytest.raises(InvalidState, match="2 reducers: append, latest_declared"):
        one_field(Annotated[list[str], append, latest_declared])


def test_a_field_without_a_first_value_cannot_be_appended_to() -> None:
    with pytest.raises(InvalidState, match="'append' needs a value to begin with"):

        class Empty(State):
            notes: Annotated[list[str], append] = unset()

    class Fine(State):
        best: Annotated[int, largest] = unset()

    schema_of(Fine)


def test_extra_fields_private_attributes_and_root_models_are_refused() -> None:
    with pytest.raises(InvalidState, match="allows extra fields"):

        class Open(State, extra="allow"):
            n: int = 0

    with pytest.raises(InvalidState, match="private attributes: '_hidden'"):

        class Private(State):
            _hidden: int = PrivateAttr(0)

    with pytest.raises(InvalidState, match="root model"):
        schema_of(RootModel[list[int]])


def test_a_plain_model_is_checked_when_it_becomes_a_state() -> None:
    class Plain(BaseModel):
        n: Annotated[int, append] = 5

    with pytest.raises(InvalidState, match="'append' merges list"):
        schema_of(Plain)


def test_a_class_with_names_that_are_not_defined_yet_is_a_clear_error() -> None:
    fields: dict[str, Any] = {"other": ("Nowhere", ...)}
    late = create_model("Late", __base__=State, **fields)

    with pytest.raises(InvalidState, match="cannot be validated"):
        schema_of(late)


def test_reduced_gives_each_instance_a_value_of_its_own() -> None:
    class Board(State):
        log: list[str] = reduced(append, start=list[str])

    Board().log.append("x")

    assert Board().log == []


def test_a_subclass_keeps_the_reducers_of_its_base() -> None:
    class Base(State):
        notes: Annotated[list[str], append] = []

    class More(Base):
        n: int = 0

    draft = schema_of(More).draft(schema_of(More).begin(More()))
    draft.notes.append("x")
    assert isinstance(draft, More)
    assert schema_of(Base) is not schema_of(More)


def test_an_extra_field_is_refused_when_an_instance_is_made() -> None:
    class Strict(State):
        n: int = 0

    with pytest.raises(ValueError, match="Extra inputs are not permitted"):
        Strict.model_validate({"m": 1})


def test_a_reducer_counts_where_the_type_is_defined_after_the_class() -> None:
    assert schema_of(Basket).reduced == ("items",)


class Longest:
    """A reducer that is an object, and cannot be hashed."""

    __hash__ = None  # type: ignore[assignment]

    def __call__(self, base: str, values: Sequence[str]) -> str:
        return max([base, *values], key=len)


@pytest.mark.parametrize("reduce", [Longest(), partial(lambda key, base, values: values[0], "k")])
def test_an_object_that_can_be_called_is_a_reducer(reduce: Any) -> None:
    state = one_field(Annotated[str, reduce], "")

    assert schema_of(state).reduced == ("field",)
    with pytest.raises(InvalidState, match="has 2 reducers"):
        one_field(Annotated[str, reduce, latest_declared], "")


def test_what_an_object_merges_is_what_it_returns() -> None:
    schema = schema_of(one_field(Annotated[str, Longest()], ""))
    origin = schema.begin(schema.model())
    fork = Fork(None, origin, 2)
    tips = []
    for name, text in (("a", "long"), ("b", "longer")):
        line = Line(fork)
        tips.append(Tip(schema.edited(origin, {"field": text}, line), line, name))

    final: Any = schema.final(schema.merge(origin, tips, None))
    assert final.field == "longer"


def test_an_object_that_does_not_take_what_a_reducer_takes_is_refused() -> None:
    class Odd:
        def __call__(self, value: int) -> int:
            return value

    with pytest.raises(InvalidState, match="'Odd' is not a reducer") as caught:
        one_field(Annotated[int, Odd()], 0)

    assert caught.value.where == "field 'field' of 'Made'"
