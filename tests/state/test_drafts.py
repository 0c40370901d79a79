"""What a node may do to its draft, and what becomes of it: one example for each rule."""

# ruff: noqa: RUF012  # pydantic copies the defaults of a state for each instance

import copy
import json
import math
import pickle
from collections import OrderedDict, defaultdict, deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, timezone
from enum import Enum
from functools import cached_property
from typing import Annotated, Generic, Literal, TypeVar

import pytest
from pydantic import (
    AfterValidator,
    AliasChoices,
    BaseModel,
    ConfigDict,
    Field,
    PrivateAttr,
    RootModel,
    ValidationInfo,
    computed_field,
    field_validator,
    model_validator,
)

from agentgraph.errors import ClosedDraft, InvalidEdit, InvalidInput, ReadOnlyState, RunError
from agentgraph.state import UNSET, State, append, same, schema_of, unset


class Profile(BaseModel):
    name: str = ""
    age: int = 0


class Ticket(State):
    text: str
    number: int = 0
    reply: str = unset()
    notes: list[str] = []
    log: Annotated[list[str], append] = []
    profile: Profile = Profile()
    people: list[Profile] = []
    scores: dict[str, list[int]] = {}


SCHEMA = schema_of(Ticket)


def begin(**fields: object):
    return SCHEMA.begin(Ticket.model_validate({"text": "hello", **fields}))


def names(revision) -> list[str]:
    return list(SCHEMA.changed(revision))


def test_a_draft_is_an_instance_of_its_model_and_looks_like_one() -> None:
    draft = SCHEMA.draft(begin())

    assert isinstance(draft, Ticket)
    assert type(draft).__name__ == "Ticket"
    assert draft == Ticket(text="hello")
    assert Ticket(text="hello") == draft
    assert repr(draft) == repr(Ticket(text="hello"))
    assert draft.model_dump() == Ticket(text="hello").model_dump()
    assert json.loads(draft.model_dump_json()) == Ticket(text="hello").model_dump()


def test_a_commit_holds_the_changed_fields_alone_as_its_patch() -> None:
    draft = SCHEMA.draft(begin())

    draft.number = 3
    draft.notes.append("x")
    _ = draft.people, draft.scores, draft.log
    revision = SCHEMA.commit(draft, None)

    assert dict(SCHEMA.changed(revision)) == {"number": 3, "notes": ["x"]}


def test_an_assignment_is_an_edit_whatever_its_value() -> None:
    draft = SCHEMA.draft(begin())

    draft.number = 0
    draft.notes = []
    draft.text = "hello"

    assert names(SCHEMA.commit(draft, None)) == ["number", "notes", "text"]


@pytest.mark.parametrize(
    ("before", "after"),
    [([1], [True]), ([0.0], [-0.0]), ({"a": 1}, {"a": True}), ([1], [1.0]), ([(1,)], [(True,)])],
)
def test_a_change_in_place_is_found_by_type_too(before, after) -> None:
    class Loose(State):
        value: object

    schema = schema_of(Loose)
    draft = schema.draft(schema.begin(Loose(value=before)))

    if isinstance(before, list):
        draft.value[0] = after[0]  # type: ignore[index]
    else:
        draft.value["a"] = after["a"]  # type: ignore[index]

    revision = schema.commit(draft, None)
    assert repr(dict(schema.changed(revision))) == repr({"value": after})


def test_nan_is_no_change() -> None:
    class Numbers(State):
        values: list[float] = [math.nan]

    schema = schema_of(Numbers)
    draft = schema.draft(schema.begin(Numbers()))

    assert math.isnan(draft.values[0])
    assert list(schema.changed(schema.commit(draft, None))) == []


def test_the_order_of_a_dict_is_content() -> None:
    draft = SCHEMA.draft(begin(scores={"a": [], "b": []}))

    draft.scores["a"] = draft.scores.pop("a")

    assert list(SCHEMA.commit(draft, None).values["scores"]) == ["b", "a"]  # type: ignore[call-overload]


def test_a_wrong_value_is_refused_where_it_is_assigned_and_the_old_one_stays() -> None:
    draft = SCHEMA.draft(begin(number=5))

    with pytest.raises(InvalidEdit, match="'number' cannot be 'many'") as caught:
        draft.number = "many"  # type: ignore[assignment]

    assert "field 'number' of 'Ticket'" in caught.value.where
    assert draft.number == 5
    assert names(SCHEMA.commit(draft, None)) == []


def test_a_value_is_coerced_as_pydantic_would() -> None:
    draft = SCHEMA.draft(begin())

    draft.number = "7"  # type: ignore[assignment]

    assert draft.number == 7


def test_a_misspelt_field_is_refused_with_the_nearest_name() -> None:
    draft = SCHEMA.draft(begin())

    with pytest.raises(InvalidEdit, match="did you mean 'number'"):
        draft.numbr = 1  # type: ignore[attr-defined]


def test_a_field_cannot_be_deleted() -> None:
    draft = SCHEMA.draft(begin())

    with pytest.raises(InvalidEdit, match="cannot be deleted"):
        del draft.number


def test_a_bad_item_added_in_place_fails_the_commit_and_leaves_no_trace() -> None:
    revision = begin(notes=["a"])
    draft = SCHEMA.draft(revision)
    draft.number = 9
    draft.notes.append(5)  # type: ignore[arg-type]

    with pytest.raises(InvalidEdit, match="'notes'"):
        SCHEMA.commit(draft, None)

    assert SCHEMA.final(revision) == Ticket(text="hello", notes=["a"])
    with pytest.raises(ClosedDraft):
        draft.number = 1


def test_an_edit_after_an_assignment_is_validated() -> None:
    draft = SCHEMA.draft(begin())
    draft.notes = ["a"]
    draft.notes.append(5)  # type: ignore[arg-type]

    with pytest.raises(InvalidEdit, match="'notes'"):
        SCHEMA.commit(draft, None)


def test_a_bad_item_appended_to_a_lent_list_fails_the_commit() -> None:
    revision = begin(log=["a"])
    draft = SCHEMA.draft(revision)
    draft.log.append(5)  # type: ignore[arg-type]

    with pytest.raises(InvalidEdit, match="'log'"):
        SCHEMA.commit(draft, None)

    assert SCHEMA.final(revision).log == ["a"]


def test_a_bad_field_of_a_nested_model_is_found() -> None:
    draft = SCHEMA.draft(begin(people=[Profile()]))
    draft.people[0].age = "old"  # type: ignore[assignment]

    with pytest.raises(InvalidEdit, match="valid integer"):
        SCHEMA.commit(draft, None)


def test_a_nested_field_is_coerced_in_the_state_and_not_in_the_object_given() -> None:
    mine = Profile()
    mine.age = "30"  # type: ignore[assignment]
    draft = SCHEMA.draft(begin())

    draft.profile = mine
    revision = SCHEMA.commit(draft, None)

    assert SCHEMA.final(revision).profile.age == 30
    assert mine.age == "30"


def test_an_object_that_was_assigned_is_not_shared_with_the_state() -> None:
    mine, notes = Profile(name="a"), ["n"]
    draft = SCHEMA.draft(begin())

    draft.profile, draft.notes = mine, notes
    mine.name = "b"
    notes.append("late")
    revision = SCHEMA.commit(draft, None)
    mine.name = "c"

    done = SCHEMA.final(revision)
    assert (done.profile.name, done.notes) == ("a", ["n"])


def test_what_a_node_kept_of_its_draft_changes_nothing_later() -> None:
    draft = SCHEMA.draft(begin())
    notes, profile, people = draft.notes, draft.profile, draft.people
    people.append(Profile(name="kept"))
    revision = SCHEMA.commit(draft, None)

    notes.append("late")
    profile.name = "late"
    people[0].name = "late"

    assert SCHEMA.final(revision) == Ticket(text="hello", people=[Profile(name="kept")])


def test_a_late_append_to_a_lent_list_is_refused() -> None:
    draft = SCHEMA.draft(begin())
    log = draft.log
    log.append("x")
    revision = SCHEMA.commit(draft, None)

    for late in (log.append, log.remove):
        with pytest.raises(ClosedDraft, match="'log' was edited after its attempt"):
            late("x")
    assert SCHEMA.final(revision).log == ["x"]


def test_a_failed_attempt_cannot_append_to_the_list_of_the_next_one() -> None:
    revision = begin(log=["a"])
    first = SCHEMA.draft(revision)
    late = first.log
    late.append("lost")
    SCHEMA.discard(first)
    second = SCHEMA.draft(revision)
    second.log.append("b")

    with pytest.raises(ClosedDraft):
        late.append("late")

    assert SCHEMA.final(SCHEMA.commit(second, None)).log == ["a", "b"]


@pytest.mark.parametrize("end", ["commit", "discard"])
def test_a_closed_draft_refuses_reads_and_writes(end) -> None:
    draft = SCHEMA.draft(begin())
    if end == "commit":
        SCHEMA.commit(draft, None)
    else:
        SCHEMA.discard(draft)

    with pytest.raises(ClosedDraft, match="'notes' was read"):
        _ = draft.notes
    with pytest.raises(ClosedDraft, match="'number' was written"):
        draft.number = 1
    for use in (list, copy.copy, copy.deepcopy, pickle.dumps, Ticket.model_copy):
        with pytest.raises(ClosedDraft):
            use(draft)
    with pytest.raises(ClosedDraft):
        draft.model_dump()
    with pytest.raises(ClosedDraft):
        SCHEMA.commit(draft, None)
    assert repr(draft) == "<closed draft of Ticket>"
    SCHEMA.discard(draft)


def test_a_draft_of_immutable_fields_can_be_read_but_not_written_when_closed() -> None:
    class Flat(State):
        n: int = 0

    schema = schema_of(Flat)
    draft = schema.draft(schema.begin(Flat()))
    draft.n = 1
    schema.commit(draft, None)

    assert draft.n == 1
    with pytest.raises(ClosedDraft):
        draft.n = 2


def test_views_of_one_revision_may_be_open_at_once_and_end_in_any_order() -> None:
    class Flat(State):
        n: int = 0

    schema = schema_of(Flat)
    draft = schema.draft(schema.begin(Flat()))
    draft.n = 1
    revision = schema.commit(draft, None)

    first, second = schema.view(revision), schema.view(revision)
    assert first is draft
    schema.unchanged(first)
    assert second.n == 1
    with pytest.raises(ReadOnlyState):
        second.n = 5
    schema.unchanged(second)
    assert schema.view(revision).n == 1


def test_a_view_whose_function_failed_is_closed_without_a_check() -> None:
    revision = begin(log=["a"])
    view = SCHEMA.view(revision)
    view.notes.append("lost")
    log = view.log
    SCHEMA.discard(view)

    with pytest.raises(ClosedDraft):
        _ = view.notes
    with pytest.raises(ClosedDraft):
        log.append("late")
    draft = SCHEMA.draft(revision)
    assert draft.log is log
    assert draft.notes == []


def test_a_field_that_nothing_has_written_says_so() -> None:
    draft = SCHEMA.draft(begin())

    with pytest.raises(RunError, match="'reply' was read, but nothing has written it yet"):
        _ = draft.reply
    draft.reply = "thanks"
    assert draft.reply == "thanks"

    assert SCHEMA.final(SCHEMA.commit(draft, None)).reply == "thanks"


def test_an_unset_field_is_left_out_of_dumps_and_schemas() -> None:
    ticket = Ticket(text="x")

    assert ticket.reply is UNSET  # type: ignore[comparison-overlap]
    assert "reply" not in ticket.model_dump()
    assert "reply" not in json.loads(ticket.model_dump_json())
    assert "default" not in Ticket.model_json_schema()["properties"]["reply"]
    assert copy.deepcopy(ticket).reply is UNSET  # type: ignore[comparison-overlap]
    assert pickle.loads(pickle.dumps(UNSET)) is UNSET


def test_copies_and_pickles_of_a_draft_are_plain_and_independent() -> None:
    revision = begin(notes=["a"])
    draft = SCHEMA.draft(revision)
    draft.number = 4

    copies = [draft.model_copy(), copy.copy(draft), copy.deepcopy(draft)]
    for one in copies:
        one.notes.append("mine")
        assert type(one) is Ticket
        assert one.number == 4

    assert draft.notes == ["a"]
    assert names(SCHEMA.commit(draft, None)) == ["number"]


def test_a_draft_makes_instances_of_its_model() -> None:
    draft = SCHEMA.draft(begin())

    made = [
        type(draft)(text="a"),
        type(draft).model_validate({"text": "a"}),
        draft.model_construct(text="a"),
    ]

    assert [type(one) for one in made] == [Ticket] * 3
    assert schema_of(type(draft)) is SCHEMA


def test_a_draft_may_become_a_part_of_another_state() -> None:
    class Outer(State):
        ticket: Ticket = Ticket(text="")

    outer = schema_of(Outer)
    inner = SCHEMA.draft(begin())
    inner.notes.append("a")
    draft = outer.draft(outer.begin(Outer()))
    draft.ticket = inner
    inner.notes.append("b")
    done = outer.final(outer.commit(draft, None))

    assert type(done.ticket) is Ticket
    assert done.ticket.notes == ["a"]


def test_iterating_over_a_draft_hands_out_private_values() -> None:
    revision = begin(notes=["a"])
    draft = SCHEMA.draft(revision)

    dict(draft)["notes"].append("b")

    assert names(SCHEMA.commit(draft, None)) == ["notes"]
    assert SCHEMA.final(revision).notes == ["a"]


def test_edits_from_outside_are_validated_as_those_of_a_node() -> None:
    revision = begin()

    edited = SCHEMA.edited(revision, {"reply": "ok", "notes": ["n"]}, None)

    assert SCHEMA.final(edited).reply == "ok"
    with pytest.raises(InvalidEdit, match="did you mean 'notes'"):
        SCHEMA.edited(revision, {"nots": []}, None)
    with pytest.raises(InvalidEdit, match="'number'"):
        SCHEMA.edited(revision, {"reply": "x", "number": "x"}, None)
    assert SCHEMA.final(revision).reply is UNSET  # type: ignore[comparison-overlap]


def test_an_input_that_does_not_validate_is_refused_with_all_its_faults() -> None:
    bad = Ticket(text="x")
    object.__setattr__(bad, "number", "many")
    bad.people.append("nobody")  # type: ignore[arg-type]

    with pytest.raises(InvalidInput, match=r"(?s)'number'.*'people'"):
        SCHEMA.begin(bad)


def test_an_instance_of_another_class_is_refused() -> None:
    class More(Ticket):
        extra_field: int = 0

    with pytest.raises(InvalidInput, match="takes 'Ticket'"):
        SCHEMA.begin(More(text="x"))


def test_a_view_or_draft_may_be_given_as_the_input_of_another_run() -> None:
    draft = SCHEMA.draft(begin(notes=["a"]))
    draft.log.append("x")

    inner = SCHEMA.begin(draft)
    draft.notes.append("b")

    assert SCHEMA.final(inner) == Ticket(text="hello", notes=["a"], log=["x"])


# ---- traps of pydantic


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


def test_a_patch_hands_out_copies() -> None:
    draft = SCHEMA.draft(begin())
    draft.notes.append("a")
    draft.log.append("b")
    revision = SCHEMA.commit(draft, None)
    patch = SCHEMA.changed(revision)

    patch["notes"].append("x")  # type: ignore[attr-defined]
    patch["log"].append("x")  # type: ignore[attr-defined]

    assert dict(patch) == {"notes": ["a"], "log": ["b"]}
    assert pickle.loads(pickle.dumps(patch)) == {"notes": ["a"], "log": ["b"]}
    with pytest.raises(KeyError):
        patch["number"]
