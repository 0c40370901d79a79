"""States and values that pydantic accepts, drawn from what the fields say."""

import datetime as dt
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import Enum
from ipaddress import IPv4Address
from typing import Annotated, Any, Generic, Literal, NamedTuple, NewType, Optional, TypeVar
from uuid import UUID

import pytest
from annotated_types import Interval, Len, Predicate
from hypothesis import find, given, seed, settings
from hypothesis import strategies as st
from hypothesis.errors import NoSuchExample
from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    Field,
    StringConstraints,
    TypeAdapter,
    ValidationInfo,
    condecimal,
    field_validator,
    model_validator,
)
from typing_extensions import TypeAliasType

from agentgraph import END, Ask, State, append, classifier, human, node, total, unset, workflow
from agentgraph.errors import InvalidState
from agentgraph.state import schema_of
from agentgraph.testing import strategies
from agentgraph.testing.strategies import labels, states, values

T = TypeVar("T")
Rank = NewType("Rank", int)
Json = TypeAliasType("Json", "dict[str, Json] | list[Json] | int | None")


class Colour(Enum):
    RED = "red"
    BLUE = "blue"


def is_odd(number: int) -> int:
    if not number % 2:
        raise ValueError("the number is even")
    return number


class Point(NamedTuple):
    x: int
    y: int


@dataclass
class Size:
    width: int
    height: int = 1


class Ticket(State):
    text: str = Field(min_length=1)
    urgency: int = Field(ge=0, le=5)
    kind: Literal["billing", "technical"]
    score: float = Field(default=0.0, ge=0, le=1)
    log: Annotated[list[str], append] = []
    note: str | None = None


class Tree(State):
    value: int
    left: Optional["Tree"] = None
    children: list["Tree"] = []


class Endless(State):
    again: "Endless"


class Box(State, Generic[T]):
    content: T
    more: list[T] = []


class Range(State):
    low: int = Field(alias="from")
    high: int
    name: str = "x"

    @field_validator("name")
    @classmethod
    def is_no_blank(cls, name: str) -> str:
        if not name.strip():
            raise ValueError("a name is needed")
        return name

    @field_validator("high")
    @classmethod
    def is_above(cls, high: int, info: ValidationInfo) -> int:
        if high < info.data.get("low", high):
            raise ValueError("the range ends before it begins")
        return high

    @model_validator(mode="after")
    def is_short(self) -> "Range":
        if self.high - self.low > 10**30:
            raise ValueError("the range is too long")
        return self


@given(states(Ticket))
def test_states_are_valid_instances(state: Ticket) -> None:
    assert type(state) is Ticket
    assert Ticket.model_validate(state.model_dump()) == state
    assert schema_of(Ticket).begin(state) is not None


def test_what_is_drawn_shrinks_to_the_smallest_state_with_its_defaults() -> None:
    found = find(states(Ticket), lambda _: True)

    assert found == Ticket(text="0", urgency=0, kind="billing")
    assert found.model_fields_set == {"text", "urgency", "kind"}


@pytest.mark.parametrize(
    "is_such",
    [
        lambda s: s.score == 1.0,
        lambda s: s.note is None and "note" in s.model_fields_set,
        lambda s: len(s.log) == 3 and s.kind == "technical",
        lambda s: s.urgency == 5 and s.note,
    ],
)
def test_all_that_the_fields_allow_is_drawn(is_such: Any) -> None:
    assert is_such(find(states(Ticket), is_such))


ACCEPTED: Mapping[str, object] = {
    "bool": bool,
    "none": None,
    "int": Annotated[int, Field(gt=3, lt=6)],
    "far int": Annotated[int, Field(ge=2**63, le=2**63 + 1)],
    "multiple": Annotated[int, Field(multiple_of=7, ge=-20, le=100)],
    "float": Annotated[float, Interval(gt=1, le=3)],
    "finite": Annotated[float, Field(allow_inf_nan=False)],
    "tenths": Annotated[float, Field(multiple_of=0.1, ge=0)],
    "decimal": Decimal,
    "money": condecimal(max_digits=6, decimal_places=2, ge=0),
    "cents": Annotated[Decimal, Field(decimal_places=2, gt=-0.5, lt=0.5)],
    "text": Annotated[str, Field(min_length=2, max_length=4)],
    "pattern": Annotated[str, StringConstraints(pattern="^[A-Z]{2}-[0-9]+$", max_length=9)],
    "lower": Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)],
    "bytes": Annotated[bytes, Len(1, 3)],
    "enum": Colour,
    "literal": Literal["a", 1, Colour.RED],
    "datetime": Annotated[
        dt.datetime,
        Field(
            ge=dt.datetime.fromisoformat("2024-01-01"), lt=dt.datetime.fromisoformat("2024-01-02")
        ),
    ],
    "aware": AwareDatetime,
    "since": Annotated[AwareDatetime, Field(gt=dt.datetime(2024, 1, 1, tzinfo=dt.UTC))],
    "date": Annotated[dt.date, Field(ge=dt.date(2024, 2, 28), le=dt.date(2024, 3, 1))],
    "time": Annotated[dt.time, Field(lt=dt.time(9))],
    "timedelta": Annotated[dt.timedelta, Field(ge=dt.timedelta(0))],
    "uuid": UUID,
    "address": IPv4Address,
    "named tuple": Point,
    "dataclass": Size,
    "union": int | str | None,
    "union with a length": Annotated[str | None, Field(min_length=1, max_length=2)],
    "list": Annotated[list[Annotated[int, Field(gt=0)]], Field(min_length=1, max_length=3)],
    "bare list": list,
    "bare dict": dict,
    "bare tuple": tuple,
    "set": Annotated[set[int], Field(min_length=2)],
    "frozenset": frozenset[Colour],
    "fixed tuple": tuple[int, str, bool],
    "empty tuple": tuple[()],
    "open tuple": Annotated[tuple[int, ...], Field(max_length=2)],
    "dict": dict[str, list[int]],
    "sequence": Sequence[int],
    "mapping": Mapping[str, int],
    "any": Any,
    "object": object,
    "new type": Rank,
    "alias": Json,
    "model": Tree,
    "generic": Box[int],
    "bare generic": Box,
    "third": Annotated[int, Predicate(lambda n: n % 3 == 0)],
    "odd": Annotated[int, AfterValidator(is_odd)],
    "reducer": Annotated[int, total],
}


@pytest.mark.parametrize("hint", ACCEPTED.values(), ids=ACCEPTED)
def test_values_are_those_that_pydantic_accepts(hint: Any) -> None:
    adapter = TypeAdapter[object](hint)

    @settings(max_examples=40)
    @given(values(hint))
    def holds(value: object) -> None:
        adapter.validate_python(value)

    holds()


def test_a_float_may_be_any_that_its_field_allows() -> None:
    assert math.isnan(find(values(float), math.isnan))
    assert math.isinf(find(values(float), math.isinf))
    few = settings(max_examples=200, database=None)
    with pytest.raises(NoSuchExample):
        find(values(ACCEPTED["finite"]), lambda number: not math.isfinite(number), settings=few)
    with pytest.raises(NoSuchExample):
        find(values(Annotated[float, Field(ge=0)]), math.isnan, settings=few)


@given(states(Tree))
def test_a_model_inside_itself_ends(tree: Tree) -> None:
    def depth(each: Tree) -> int:
        inside = [*each.children, *([each.left] if each.left else [])]
        return 1 + max(map(depth, inside), default=0)

    assert depth(tree) <= 2


def test_a_model_inside_itself_is_drawn_with_one_inside() -> None:
    assert find(states(Tree), lambda tree: tree.left is not None) == Tree(
        value=0, left=Tree(value=0)
    )


def test_a_model_that_needs_itself_has_no_state() -> None:
    with pytest.raises(InvalidState, match="it needs itself without an end"):
        states(Endless)


@given(states(Range))
def test_what_validators_refuse_is_drawn_again(state: Range) -> None:
    assert state.low <= state.high
    assert state.name.strip()


@given(states(Ticket, text=st.just("charged twice"), log=st.just(["a"])))
def test_a_strategy_may_be_given_for_a_field(state: Ticket) -> None:
    assert (state.text, state.log) == ("charged twice", ["a"])


def test_a_field_that_is_not_there_is_told_with_the_nearest() -> None:
    with pytest.raises(InvalidState, match="did you mean 'urgency'"):
        states(Ticket, urgncy=st.just(1))
    with pytest.raises(InvalidState, match="its fields are text, urgency"):
        strategies.field(Ticket, "colour")


@pytest.mark.parametrize("number", [532, 540, 541, 565])
def test_a_model_that_refuses_every_other_value_is_no_fault_whatever_is_drawn_first(
    number: int,
) -> None:
    @seed(number)
    @settings(max_examples=40, database=None)
    @given(values(ACCEPTED["odd"]))
    def holds(value: int) -> None:
        assert value % 2

    holds()


def test_a_model_that_refuses_all_is_told_with_the_reason() -> None:
    class Locked(State):
        key: str
        other: int = 0

        @field_validator("key")
        @classmethod
        def fits(cls, key: str) -> str:
            if key != "open sesame":
                raise ValueError("the key does not fit")
            return key

    @settings(database=None)
    @given(states(Locked))
    def draws(state: Locked) -> None:
        pass

    with pytest.raises(
        InvalidState, match="was refused: Value error, the key does not fit"
    ) as told:
        draws()
    assert "class 'Locked'" in str(told.value)
    assert find(states(Locked, key=st.just("open sesame")), lambda _: True).key == "open sesame"


def test_a_type_that_nobody_can_make_is_told() -> None:
    class Session:
        def __init__(self, secret):
            self.secret = secret

    class Model(BaseModel, arbitrary_types_allowed=True):
        session: Session

    with pytest.raises(InvalidState, match="nobody knows how to make a value of Session"):
        states(Model)


class Unwritten(State):
    question: str
    answer: str = unset()
    marks: list[int] = Field(default_factory=list)


@given(states(Unwritten), strategies.field(Unwritten, "answer"))
def test_a_field_that_starts_unset_is_left_to_the_nodes(state: Unwritten, written: str) -> None:
    assert "answer" not in state.model_fields_set
    assert Unwritten(question="", answer=written).answer == written


@pytest.mark.parametrize("model", [Ticket, Tree, Unwritten])
def test_a_node_may_write_what_is_drawn_for_a_field(model: type[State]) -> None:
    schema = schema_of(model)
    begun = schema.begin(find(states(model), lambda _: True))

    @settings(max_examples=25)
    @given(st.data())
    def holds(data: st.DataObject) -> None:
        name = data.draw(st.sampled_from(sorted(model.model_fields)))
        schema.edited(begun, {name: data.draw(strategies.field(model, name))}, None)

    holds()


def test_a_field_with_a_validator_of_its_own_keeps_it() -> None:
    assert find(strategies.field(Range, "name"), lambda _: True).strip()


@classifier
def triage(s: Ticket) -> Literal["billing", "other"]:
    return "other"


@human
def approve(s: Ticket) -> Ask[Literal["yes", "no"]]:
    return Ask(show=s.text)


@node
def answer(s: Ticket) -> None:
    s.note = "soon"


def copied(s: Ticket) -> Ticket:
    return s.model_copy()


def test_labels_are_drawn_for_each_choice_by_its_path() -> None:
    inner = workflow("inner", Ticket, approve.route({"yes": END, "no": answer}))
    inside = inner.as_node(enter=copied, leave=lambda s, done: None).named("inside")
    desk = workflow("desk", Ticket, triage.route({"billing": inside, "other": END}))

    @given(labels(desk))
    def holds(drawn: dict[str, str]) -> None:
        assert drawn.keys() == {"triage", "inside/approve"}
        assert drawn["triage"] in {"billing", "other"}
        assert drawn["inside/approve"] in {"yes", "no"}

    holds()
    wanted = {"triage": "other", "inside/approve": "no"}
    assert find(labels(desk.graph), lambda drawn: drawn == wanted) == wanted
