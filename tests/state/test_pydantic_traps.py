"""What pydantic does of itself, and what becomes of it in a state."""

# pydantic copies the defaults of a state for each instance

from collections import deque
from collections.abc import Callable
from functools import cached_property
from typing import Annotated, Any, Literal, NamedTuple

import pytest
from pydantic import (
    AfterValidator,
    BaseModel,
    Field,
    PlainValidator,
    SkipValidation,
    ValidationInfo,
    computed_field,
    field_validator,
    model_validator,
)

from agentgraph.errors import InvalidEdit
from agentgraph.state import State, append, schema_of


def test_a_model_validator_runs_once_on_the_result_of_a_commit() -> None:
    ran: list[tuple[int, int]] = []

    class Span(State):
        low: int = 0
        high: int = 10

        @model_validator(mode="after")
        def ordered(self) -> "Span":
            ran.append((self.low, self.high))
            if self.low > self.high:
                raise ValueError("low is above high")
            return self

    schema = schema_of(Span)
    revision = schema.begin(Span())
    ran.clear()
    draft = schema.draft(revision)
    draft.low, draft.high = 20, 30
    done = schema.commit(draft, None)

    assert ran == [(20, 30)]
    bad = schema.draft(done)
    bad.low = 99
    with pytest.raises(InvalidEdit, match="low is above high"):
        schema.commit(bad, None)
    assert schema.final(done).low == 20


def test_what_a_model_validator_assigns_is_an_edit() -> None:
    class Cart(State):
        prices: list[int] = []
        cost: int = 0
        seen: list[int] = []

        @model_validator(mode="after")
        def add_up(self) -> "Cart":
            if self.cost != sum(self.prices):
                self.cost = sum(self.prices)
                self.seen.append(self.cost)
            return self

    schema = schema_of(Cart)
    draft = schema.draft(schema.begin(Cart()))
    draft.prices.append(4)
    revision = schema.commit(draft, None)

    assert dict(schema.changed(revision)) == {"prices": [4], "cost": 4, "seen": [4]}
    assert schema.final(revision).model_fields_set == {"prices", "cost", "seen"}


def test_a_before_validator_of_the_model_may_replace_values() -> None:
    class Words(State):
        word: str = ""
        size: int = 0
        parts: list[str] = []

        @model_validator(mode="before")
        @classmethod
        def measure(cls, data: dict[str, object]) -> dict[str, object]:
            word = str(data.get("word", ""))
            parts = data.get("parts") or []
            return {**data, "size": len(word), "parts": parts or list(word)}

    schema = schema_of(Words)
    draft = schema.draft(schema.begin(Words()))
    draft.word = "abc"
    revision = schema.commit(draft, None)

    assert schema.final(revision) == Words(word="abc")
    assert set(schema.changed(revision)) == {"word", "size", "parts"}


def test_a_validator_may_look_at_the_other_fields() -> None:
    class Pair(State):
        limit: int = 5
        value: int = 0

        @field_validator("value")
        @classmethod
        def below(cls, value: int, info: ValidationInfo) -> int:
            if value > info.data["limit"]:
                raise ValueError("above the limit")
            return value

    schema = schema_of(Pair)
    draft = schema.draft(schema.begin(Pair()))
    draft.limit = 9
    draft.value = 8
    with pytest.raises(InvalidEdit, match="above the limit"):
        draft.value = 10

    assert schema.final(schema.commit(draft, None)) == Pair(limit=9, value=8)


def test_constraints_hold_at_assignment_and_in_place() -> None:
    class Bounded(State):
        n: Annotated[int, Field(ge=0)] = 0
        few: Annotated[list[int], Field(max_length=2)] = []
        few_log: Annotated[list[str], Field(max_length=1), append] = []
        kind: Literal["a", "b"] = "a"
        word: Annotated[str, AfterValidator(str.strip)] = ""

    schema = schema_of(Bounded)
    revision = schema.begin(Bounded())
    draft = schema.draft(revision)
    draft.word = " x "
    assert draft.word == "x"
    for name, value in [("n", -1), ("kind", "c"), ("few", [1, 2, 3])]:
        with pytest.raises(InvalidEdit, match=name):
            setattr(draft, name, value)
    draft.few_log.extend(["a", "b"])
    with pytest.raises(InvalidEdit, match="few_log"):
        schema.commit(draft, None)


def test_a_validator_written_by_hand_does_not_run_again_on_what_it_returned() -> None:
    class User(State):
        name: str = ""
        secret: str = ""

        @field_validator("secret")
        @classmethod
        def scramble(cls, value: str) -> str:
            return f"#{value}"

    class Users(State):
        owner: User = User()
        secret: str = ""
        members: list[User] = []

        @field_validator("secret")
        @classmethod
        def scramble(cls, value: str) -> str:
            return f"#{value}"

    schema = schema_of(Users)
    revision = schema.begin(Users(owner=User(secret="a"), secret="b", members=[User(secret="c")]))
    draft = schema.draft(revision)
    draft.members.append(User(secret="d"))
    draft.owner.name = "Ann"
    done = schema.final(schema.commit(draft, None))

    assert (done.owner.secret, done.secret) == ("#a", "#b")
    assert [user.secret for user in done.members] == ["#c", "#d"]


def test_a_cached_property_is_computed_anew_for_each_node() -> None:
    class Square(State):
        side: int = 1

        @cached_property
        def area(self) -> int:
            return self.side**2

    schema = schema_of(Square)
    first = schema.draft(schema.begin(Square()))
    assert first.area == 1
    first.side = 3
    revision = schema.commit(first, None)

    second = schema.draft(revision)
    assert second.area == 9
    assert "area" not in revision.values
    view = schema.view(revision)
    assert view.area == 9
    schema.unchanged(view)
    assert revision.values == {"side": 3}


def test_computed_fields_methods_properties_and_setters_work_on_a_draft() -> None:
    class Box(State):
        items: list[int] = []

        @computed_field  # type: ignore[prop-decorator]
        @property
        def size(self) -> int:
            return len(self.items)

        @property
        def first(self) -> int:
            return self.items[0]

        @first.setter
        def first(self, value: int) -> None:
            self.items[0] = value

        def add(self, item: int) -> None:
            self.items.append(item)

    schema = schema_of(Box)
    draft = schema.draft(schema.begin(Box(items=[1])))
    draft.add(2)
    draft.first = 9

    assert draft.size == 2
    assert draft.model_dump() == {"items": [9, 2], "size": 2}
    assert schema.final(schema.commit(draft, None)).items == [9, 2]


class Loose(State):
    skipped: Annotated[list[str], SkipValidation] = []
    plain: Annotated[list[str], PlainValidator(lambda value: value)] = []


@pytest.mark.parametrize("name", ["skipped", "plain"])
def test_what_a_validator_hands_back_is_not_shared(name: str) -> None:
    schema = schema_of(Loose)
    draft = schema.draft(schema.begin(Loose()))
    given = ["mine"]

    setattr(draft, name, given)
    given.append("later")

    assert getattr(schema.final(schema.commit(draft, None)), name) == ["mine"]


class Person(BaseModel):
    age: int


class Pair(NamedTuple):
    person: Person


class Kept(State):
    queue: deque[Person] = Field(default_factory=lambda: deque([Person(age=1)]))
    pair: Pair = Pair(Person(age=1))


@pytest.mark.parametrize("edit", [lambda s: s.queue[0], lambda s: s.pair.person])
def test_models_in_any_container_are_held_to_their_types(edit: Callable[[Any], Person]) -> None:
    schema = schema_of(Kept)
    draft = schema.draft(schema.begin(Kept()))
    edit(draft).age = "old"  # type: ignore[assignment]

    with pytest.raises(InvalidEdit):
        schema.commit(draft, None)


def test_a_class_that_notes_its_subclasses_notes_no_drafts() -> None:
    noted: list[type] = []

    class Base(State):
        def __init_subclass__(cls, *, kind: str, **options: Any) -> None:
            super().__init_subclass__(**options)
            noted.append(cls)

    class Mine(Base, kind="mine"):
        n: int = 0

    schema = schema_of(Mine)
    schema.draft(schema.begin(Mine()))

    assert noted == [Mine]
