"""Values of every kind in a state: private, compared by content, and validated where they can be."""

# pydantic copies the defaults of a state for each instance

from collections import OrderedDict, defaultdict, deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, timezone
from enum import Enum
from typing import Generic, TypeVar
from zoneinfo import ZoneInfo

import pytest
from pydantic import (
    AliasChoices,
    BaseModel,
    ConfigDict,
    Field,
    PrivateAttr,
    RootModel,
    TypeAdapter,
)

from agentgraph.errors import InvalidEdit, InvalidInput
from agentgraph.state import State, same, schema_of

Item = TypeVar("Item")


class Stack(State, Generic[Item]):
    items: list[Item] = []
    top: Item | None = None


class Tree(State):
    value: int = 0
    children: list["Tree"] = []


class Color(Enum):
    RED = 1
    BLUE = 2


@dataclass
class Point:
    x: int = 0
    tags: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Fixed:
    x: int = 0


class Frozen(BaseModel):
    model_config = ConfigDict(frozen=True)

    n: int = 0
    parts: list[int] = []


class Keeper(BaseModel):
    n: int = 0
    _hidden: list[int] = PrivateAttr(default_factory=list)

    def hide(self, n: int) -> None:
        self._hidden.append(n)


class Zoo(State):
    model_config = ConfigDict(arbitrary_types_allowed=True)

    point: Point = Point()
    fixed: Fixed = Fixed()
    frozen: Frozen = Frozen()
    keeper: Keeper = Keeper()
    color: Color = Color.RED
    when: datetime = datetime(2020, 1, 1, tzinfo=UTC)
    big: int = 10**5000
    queue: deque[int] = deque()
    ordered: OrderedDict[str, int] = OrderedDict()
    grouped: defaultdict[str, list[int]] = Field(default_factory=lambda: defaultdict(list))
    pair: tuple[int, list[int]] = (0, [])
    either: int | list[int] = 0
    seq: Sequence[int] = []
    anything: object = None
    named: int = Field(default=0, alias="called")
    chosen: int = Field(default=0, validation_alias=AliasChoices("one", "two"))


def test_a_generic_state_validates_by_its_parameter() -> None:
    schema = schema_of(Stack[int])
    draft = schema.draft(schema.begin(Stack[int](items=[1])))
    draft.items.append(2)
    draft.top = 2
    done = schema.final(schema.commit(draft, None))

    assert isinstance(done, Stack)
    assert (done.items, done.top) == ([1, 2], 2)
    bad = schema.draft(schema.begin(Stack[int]()))
    bad.items.append("x")  # type: ignore[arg-type]
    with pytest.raises(InvalidEdit):
        schema.commit(bad, None)


def test_a_recursive_state_is_isolated_at_each_depth() -> None:
    schema = schema_of(Tree)
    revision = schema.begin(Tree(children=[Tree(children=[Tree(value=1)])]))
    draft = schema.draft(revision)
    draft.children[0].children[0].value = 2

    assert schema.final(schema.commit(draft, None)).children[0].children[0].value == 2
    assert schema.final(revision).children[0].children[0].value == 1


@pytest.mark.parametrize(
    ("edit", "name"),
    [
        (lambda s: setattr(s.point, "x", 5), "point"),
        (lambda s: s.point.tags.append("t"), "point"),
        (lambda s: setattr(s, "fixed", Fixed(2)), "fixed"),
        (lambda s: s.frozen.parts.append(1), "frozen"),
        (lambda s: setattr(s.keeper, "n", 5), "keeper"),
        (lambda s: s.keeper.hide(5), "keeper"),
        (lambda s: setattr(s, "color", Color.BLUE), "color"),
        (lambda s: s.queue.append(1), "queue"),
        (lambda s: s.ordered.update(a=1), "ordered"),
        (lambda s: s.grouped["a"].append(1), "grouped"),
        (lambda s: s.pair[1].append(1), "pair"),
        (lambda s: setattr(s, "either", [1]), "either"),
        (lambda s: setattr(s, "big", s.big * 2), "big"),
        (lambda s: setattr(s, "anything", {"a": [Point()]}), "anything"),
        (lambda s: setattr(s, "named", 4), "named"),
        (lambda s: setattr(s, "chosen", 4), "chosen"),
        (
            lambda s: setattr(s, "when", s.when.astimezone(timezone(timedelta(hours=2)))),
            "when",
        ),
    ],
)
def test_values_of_every_kind_are_edited_privately(edit, name) -> None:
    schema = schema_of(Zoo)
    revision = schema.begin(Zoo())
    before = schema.final(revision)
    draft = schema.draft(revision)
    edit(draft)

    done = schema.commit(draft, None)

    assert list(schema.changed(done)) == [name]
    assert same(schema.final(revision), before)
    assert not same(getattr(schema.final(done), name), getattr(before, name))
    again = schema.draft(done)
    for each in Zoo.model_fields:
        getattr(again, each)
    assert list(schema.changed(schema.commit(again, None))) == []


def test_a_wrong_field_of_a_nested_dataclass_is_found() -> None:
    schema = schema_of(Zoo)
    draft = schema.draft(schema.begin(Zoo()))
    draft.point.x = "far"  # type: ignore[assignment]

    with pytest.raises(InvalidEdit, match="valid integer"):
        schema.commit(draft, None)


class Lock:
    """Something that pydantic has no schema for."""

    def __init__(self) -> None:
        self.holders: list[int] = []


@dataclass
class Opaque:
    lock: Lock = field(default_factory=Lock)
    n: int = 0


class Rows(RootModel[list[int]]):
    pass


def test_what_pydantic_cannot_take_apart_is_still_private() -> None:
    class Odd(State):
        model_config = ConfigDict(arbitrary_types_allowed=True)

        opaque: object = Opaque()
        lock: Lock = Lock()
        rows: Rows = Rows([1])

    schema = schema_of(Odd)
    revision = schema.begin(Odd())
    draft = schema.draft(revision)
    draft.opaque.lock.holders.append(1)  # type: ignore[attr-defined]
    draft.rows.root.append(2)
    _ = draft.lock
    done = schema.commit(draft, None)

    assert list(schema.changed(done)) == ["opaque", "rows"]
    assert schema.final(revision).rows.root == [1]
    assert schema.final(done).rows.root == [1, 2]


def test_a_field_that_is_frozen_cannot_be_assigned() -> None:
    class Half(State):
        id: str = Field(default="a", frozen=True)
        n: int = 0

    schema = schema_of(Half)
    draft = schema.draft(schema.begin(Half()))
    draft.n = 1

    with pytest.raises(InvalidEdit, match="frozen"):
        draft.id = "b"


def test_a_value_that_is_nested_too_deeply_is_a_clear_error() -> None:
    class Loose(State):
        value: object = None

    schema = schema_of(Loose)
    deep: list[object] = []
    for _ in range(100_000):
        deep = [deep]

    with pytest.raises(InvalidInput, match="nested too deeply"):
        schema.begin(Loose.model_construct(value=deep))
    draft = schema.draft(schema.begin(Loose()))
    with pytest.raises(InvalidEdit, match="nested too deeply"):
        draft.value = deep


def test_a_value_that_cannot_be_copied_is_a_clear_error() -> None:
    class Loose(State):
        value: object = None

    schema = schema_of(Loose)

    with pytest.raises(InvalidInput, match="cannot pickle"):
        schema.begin(Loose(value=(n for n in [1])))


def test_a_plain_model_may_be_a_state() -> None:
    class Plain(BaseModel):
        n: int = 0
        items: list[int] = []

    schema = schema_of(Plain)
    draft = schema.draft(schema.begin(Plain()))
    draft.items.append(1)
    with pytest.raises(InvalidEdit):
        draft.n = "x"  # type: ignore[assignment]

    assert schema.final(schema.commit(draft, None)) == Plain(items=[1])
    assert schema_of(Plain) is schema


def test_two_zones_of_one_fixed_offset_are_the_same() -> None:
    moment = datetime(2026, 1, 1, 12, tzinfo=UTC)
    read = TypeAdapter(datetime).validate_json('"2026-01-01T12:00:00Z"')

    assert same(moment, read)
    assert same([moment], [moment.astimezone(timezone(timedelta(0)))])
    assert not same(moment, moment.astimezone(timezone(timedelta(hours=2))))
    assert not same(moment, moment.astimezone(ZoneInfo("Africa/Abidjan")))
