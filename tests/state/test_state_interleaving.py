"""Drafts, views and revisions against plain deep copies, in any order of opening and closing."""

# pydantic copies the defaults of a state for each instance

import copy
from collections.abc import Callable
from typing import Annotated

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agentgraph.errors import InvalidEdit, ReadOnlyState
from agentgraph.state import Revision, State, append, merge, same, schema_of, total, union


class Inner(State):
    age: int = 0
    names: list[str] = []


class Outer(State):
    number: Annotated[int, total] = 0
    word: str = ""
    log: Annotated[list[str], append] = []
    lines: list[str] = []
    counts: Annotated[list[int], append] = []
    tags: Annotated[set[str], union] = set()
    table: Annotated[dict[str, int], merge] = {}
    deep: dict[str, list[int]] = {}
    inner: Inner = Inner()
    others: list[Inner] = []
    pair: tuple[int, list[int]] = (0, [])
    maybe: Inner | list[int] | None = None


def _pop(items: list[str]) -> None:
    if items:
        items.pop()


def _edit_first(state: Outer, number: int) -> None:
    if state.others:
        state.others[0].age = number


def _edit_maybe(state: Outer, number: int) -> None:
    if isinstance(state.maybe, Inner):
        state.maybe.age = number
    elif state.maybe is not None:
        state.maybe.append(number)


def _extend_itself(state: Outer, number: int) -> None:
    state.log += [str(number)]


def _replace_after_append(state: Outer, number: int) -> None:
    state.log.append("lost")
    state.log = [str(number)]
    state.log.append("kept")


EDITS: list[Callable[[Outer, int], object]] = [
    lambda s, n: setattr(s, "number", n),
    lambda s, n: setattr(s, "word", str(n)),
    lambda s, n: s.log.append(str(n)),
    lambda s, n: s.log.extend([str(n), "more"]),
    _extend_itself,
    _replace_after_append,
    lambda s, n: s.log.insert(0, str(n)),
    lambda s, n: _pop(s.log),
    lambda s, n: s.log.clear(),
    lambda s, n: s.log.sort(),
    lambda s, n: len(s.log),
    lambda s, n: setattr(s, "log", ["new"]),
    lambda s, n: s.counts.append(n),
    lambda s, n: s.lines.append(str(n)),
    lambda s, n: _pop(s.lines),
    lambda s, n: s.tags.add(str(n)),
    lambda s, n: s.tags.discard(str(n)),
    lambda s, n: s.table.update({str(n): n}),
    lambda s, n: s.table.pop(str(n), None),
    lambda s, n: s.deep.setdefault(str(n), []).append(n),
    lambda s, n: setattr(s.inner, "age", n),
    lambda s, n: s.inner.names.append(str(n)),
    lambda s, n: setattr(s, "inner", Inner(age=n)),
    lambda s, n: s.others.append(Inner(age=n)),
    _edit_first,
    lambda s, n: s.pair[1].append(n),
    lambda s, n: setattr(s, "maybe", Inner(age=n)),
    lambda s, n: setattr(s, "maybe", [n]),
    lambda s, n: setattr(s, "maybe", None),
    _edit_maybe,
]
SCHEMA = schema_of(Outer)
edits = st.lists(
    st.tuples(st.integers(0, len(EDITS) - 1), st.integers(0, 3)), min_size=0, max_size=6
)


def apply(state: Outer, chosen: list[tuple[int, int]]) -> None:
    for which, number in chosen:
        EDITS[which](state, number)


def content(state: Outer) -> dict[str, object]:
    return {name: getattr(state, name) for name in Outer.model_fields}


def agrees(state: Outer, expected: Outer) -> bool:
    shown = copy.deepcopy(state)
    return same(content(shown), content(expected)) and state.model_dump() == expected.model_dump()


@given(edits, edits)
def test_a_commit_is_what_the_same_edits_do_to_a_deep_copy(first, second) -> None:
    given_ = Outer()
    apply(given_, first)
    expected = copy.deepcopy(given_)
    apply(expected, second)

    draft = SCHEMA.draft(SCHEMA.begin(given_))
    apply(draft, second)
    done = SCHEMA.final(SCHEMA.commit(draft, None))

    assert type(done) is Outer
    assert agrees(done, expected)


@given(edits, edits)
def test_the_callers_object_is_never_changed(first, second) -> None:
    given_ = Outer()
    apply(given_, first)
    before = copy.deepcopy(given_)

    revision = SCHEMA.begin(given_)
    draft = SCHEMA.draft(revision)
    apply(draft, second)
    apply(SCHEMA.final(SCHEMA.commit(draft, None)), second)

    assert agrees(given_, before)
    assert given_.model_fields_set == before.model_fields_set
    assert agrees(SCHEMA.final(revision), before)


@given(edits, edits, st.booleans())
def test_a_failed_attempt_leaves_no_trace(first, second, by_commit) -> None:
    given_ = Outer()
    apply(given_, first)
    revision = SCHEMA.begin(given_)
    before = SCHEMA.final(revision)

    draft = SCHEMA.draft(revision)
    apply(draft, second)
    if by_commit:
        draft.others.append("no model")  # type: ignore[arg-type]
        with pytest.raises(InvalidEdit):
            SCHEMA.commit(draft, None)
    else:
        SCHEMA.discard(draft)

    assert agrees(SCHEMA.final(revision), before)
    again = SCHEMA.draft(revision)
    assert agrees(again, before)
    apply(again, second)
    apply(before, second)
    assert agrees(SCHEMA.final(SCHEMA.commit(again, None)), before)


class World:
    """Revisions and open drafts, each with the plain object that it has to agree with."""

    def __init__(self) -> None:
        self.revisions: list[tuple[Revision, Outer]] = [(SCHEMA.begin(Outer()), Outer())]
        self.drafts: list[tuple[Outer, Outer]] = []
        self.views: list[tuple[Outer, Outer]] = []

    def do(self, verb: str, which: int, chosen: list[tuple[int, int]]) -> None:
        revision, expected = self.revisions[which % len(self.revisions)]
        if verb == "draft":
            self.drafts.append((SCHEMA.draft(revision), copy.deepcopy(expected)))
        elif verb == "view":
            self.views.append((SCHEMA.view(revision), expected))
        elif verb == "close" and self.views:
            self._close_view(which)
        elif self.drafts:
            self._do_draft(verb, which % len(self.drafts), chosen)

    def _close_view(self, which: int) -> None:
        view, expected = self.views.pop(which % len(self.views))
        assert agrees(view, expected)
        SCHEMA.unchanged(view)

    def _do_draft(self, verb: str, which: int, chosen: list[tuple[int, int]]) -> None:
        draft, expected = self.drafts[which]
        if verb == "edit":
            apply(draft, chosen)
            apply(expected, chosen)
        elif verb == "commit":
            self.drafts.pop(which)
            self.revisions.append((SCHEMA.commit(draft, None), expected))
        elif verb == "discard":
            self.drafts.pop(which)
            SCHEMA.discard(draft)

    def check(self) -> None:
        for draft, expected in self.drafts + self.views:
            assert draft.model_dump() == expected.model_dump()
        for revision, expected in self.revisions:
            assert agrees(SCHEMA.final(revision), expected)


verbs = st.sampled_from(["draft", "edit", "edit", "edit", "commit", "discard", "view", "close"])


@settings(max_examples=150)
@given(st.lists(st.tuples(verbs, st.integers(0, 7), edits), max_size=30))
def test_drafts_views_and_revisions_never_see_each_other(steps) -> None:
    world = World()

    for verb, which, chosen in steps:
        world.do(verb, which, chosen)
        world.check()


@given(edits)
def test_a_view_that_was_edited_in_place_is_refused_and_one_that_was_read_is_not(chosen) -> None:
    given_ = Outer()
    apply(given_, chosen)
    revision = SCHEMA.begin(given_)
    before = SCHEMA.final(revision)

    view = SCHEMA.view(revision)
    assert agrees(view, before)
    SCHEMA.unchanged(view)

    for edit in (
        lambda s: s.lines.append("x"),
        lambda s: s.inner.names.append("x"),
        lambda s: s.log.append("x"),
        lambda s: s.log.sort(),
        lambda s: setattr(s, "number", 1),
    ):
        view = SCHEMA.view(revision)
        with pytest.raises(ReadOnlyState, match="may only read its state"):  # noqa: PT012
            edit(view)
            SCHEMA.unchanged(view)
        assert agrees(SCHEMA.final(revision), before)
