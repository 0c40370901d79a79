"""What a node may do to its draft, and what becomes of it: one example for each rule."""

# pydantic copies the defaults of a state for each instance

import copy
import json
import math
import pickle
from typing import Annotated

import pytest
from pydantic import (
    BaseModel,
)

from agentgraph.errors import ClosedDraft, InvalidEdit, InvalidInput, ReadOnlyState, RunError
from agentgraph.state import UNSET, State, append, schema_of, unset


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
