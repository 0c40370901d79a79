"""What a join makes of the revisions of its branches: one example for each rule."""

# pydantic copies the defaults of a state for each instance

from collections.abc import Callable, Sequence
from typing import Annotated

import pytest
from pydantic import Field, model_validator

from agentgraph.errors import MergeConflict
from agentgraph.graph.line import Fork, Line
from agentgraph.state import (
    Revision,
    State,
    Tip,
    append,
    largest,
    latest_declared,
    merge,
    reducer,
    schema_of,
    total,
    union,
)

Edit = Callable[["Board"], object]


@reducer
def greedy(base: list[int], values: Sequence[list[int]]) -> list[int]:
    """Merge by editing what it is given, which it should not."""
    for value in values:
        base.extend(value)
        value.clear()
    return base


@reducer
def broken(base: str, values: Sequence[str]) -> str:
    raise RuntimeError("no")


class Board(State):
    n: int = 0
    notes: Annotated[list[str], append] = []
    cost: Annotated[int, total, Field(le=10)] = 0
    tags: Annotated[set[str], union] = set()
    table: Annotated[dict[str, int], merge] = {}
    best: Annotated[int, largest] = 0
    name: Annotated[str, latest_declared] = ""
    grabbed: Annotated[list[int], greedy] = []
    bad: Annotated[str, broken] = ""


SCHEMA = schema_of(Board)


def node(revision: Revision, line: Line | None, edit: Edit) -> Revision:
    draft = SCHEMA.draft(revision)
    edit(draft)
    return SCHEMA.commit(draft, line)


def fork(
    revision: Revision, parent: Line | None, *edits: Edit
) -> tuple[list[Tip], Revision, Line | None]:
    """Run one node on each branch of a fork."""
    opened = Fork(parent, revision, len(edits))
    tips: list[Tip] = []
    for number, edit in enumerate(edits):
        line = Line(opened)
        tips.append(Tip(node(revision, line, edit), line, f"branch {number}"))
    return tips, revision, parent


def join(tips: list[Tip], origin: Revision, parent: Line | None) -> Revision:
    return SCHEMA.merge(origin, tips, parent)


def begin() -> Revision:
    return SCHEMA.begin(Board(notes=["old"], cost=1, tags={"old"}, table={"old": 0}))


def put(name: str, value: object) -> Edit:
    return lambda s: setattr(s, name, value)


def nothing(s: Board) -> None:
    return None


def test_each_reducer_merges_what_the_branches_changed() -> None:
    def one(s: Board) -> None:
        s.notes.append("one")
        s.cost += 2
        s.tags.add("one")
        s.table["one"] = 1
        s.best = 7
        s.name = "one"

    def two(s: Board) -> None:
        s.notes.append("two")
        s.cost += 3
        s.tags.discard("old")
        del s.table["old"]
        s.best = 5
        s.name = "two"

    merged = join(*fork(begin(), None, one, two))

    assert SCHEMA.final(merged) == Board(
        notes=["old", "one", "two"],
        cost=6,
        tags={"one"},
        table={"one": 1},
        best=7,
        name="two",
    )
    assert merged.writes is None


def test_one_writer_needs_no_reducer() -> None:
    merged = join(*fork(begin(), None, put("n", 5), nothing, put("name", "x")))

    assert dict(SCHEMA.changed(merged)) == {"n": 5, "name": "x"}


@pytest.mark.parametrize("values", [(1, 2), (1, 1), (0, 0)])
def test_two_writers_without_reducer_are_a_conflict_even_when_they_agree(values) -> None:
    with pytest.raises(MergeConflict, match="'n' cannot be merged") as caught:
        join(*fork(begin(), None, put("n", values[0]), nothing, put("n", values[1])))

    assert caught.value.field == "n"
    assert caught.value.branches == ("branch 0", "branch 2")
    assert "'branch 0', 'branch 2'" in caught.value.where
    assert "latest_declared" in caught.value.fix


def test_a_clash_names_the_branches_that_made_it() -> None:
    with pytest.raises(MergeConflict, match="gave key 'a' different values") as caught:
        join(
            *fork(
                begin(),
                None,
                lambda s: s.table.update(b=0),
                lambda s: s.table.update(a=1),
                lambda s: s.table.update(a=2),
            )
        )
    assert caught.value.branches == ("branch 1", "branch 2")

    with pytest.raises(MergeConflict, match="changed items") as caught:
        join(*fork(begin(), None, lambda s: s.notes.append("x"), lambda s: s.notes.clear()))
    assert caught.value.branches == ("branch 1",)


def test_a_merged_value_is_validated() -> None:
    with pytest.raises(MergeConflict, match="less than or equal to 10") as caught:
        join(*fork(begin(), None, put("cost", 8), put("cost", 9)))

    assert (caught.value.field, caught.value.branches) == ("cost", ("branch 0", "branch 1"))


def test_a_reducer_that_edits_what_it_is_given_harms_nobody() -> None:
    start = SCHEMA.begin(Board(grabbed=[1]))
    tips, origin, parent = fork(start, None, put("grabbed", [2]), put("grabbed", [3]))

    merged = join(tips, origin, parent)

    assert SCHEMA.final(merged).grabbed == [1, 2, 3]
    assert SCHEMA.final(start).grabbed == [1]
    assert [SCHEMA.final(tip.revision).grabbed for tip in tips] == [[2], [3]]


def test_a_reducer_that_fails_is_a_conflict_with_its_cause() -> None:
    with pytest.raises(MergeConflict, match="'broken' failed: RuntimeError: no") as caught:
        join(*fork(begin(), None, put("bad", "a"), put("bad", "b")))

    assert isinstance(caught.value.__cause__, RuntimeError)


def test_a_branch_sees_its_own_edits_and_never_those_of_a_sibling() -> None:
    start = begin()
    opened = Fork(None, start, 2)
    one, two = Line(opened), Line(opened)
    first, second = SCHEMA.draft(start), SCHEMA.draft(start)
    first.notes.append("one")
    first.tags.add("one")

    assert (second.notes, second.tags) == (["old"], {"old"})
    second.notes.append("two")
    ends = [SCHEMA.commit(first, one), SCHEMA.commit(second, two)]

    assert [SCHEMA.final(end).notes for end in ends] == [["old", "one"], ["old", "two"]]
    assert SCHEMA.final(start).notes == ["old"]


def test_a_loop_inside_a_branch_notes_one_write() -> None:
    start = begin()
    line = Line(Fork(None, start, 2))
    revision = start
    for number in range(50):
        revision = node(revision, line, put("n", number))

    assert revision.writes == {"n": (line,)}


def test_nothing_is_noted_on_the_root_line() -> None:
    revision = node(begin(), None, put("n", 1))

    assert revision.writes is None


def test_a_nested_fork_is_one_write_of_the_branch_that_it_stands_in() -> None:
    start = begin()
    outer = Fork(None, start, 2)
    left, right = Line(outer), Line(outer)
    before = node(start, left, lambda s: s.notes.append("a"))
    inner = join(*fork(before, left, lambda s: s.notes.append("b"), lambda s: s.notes.append("c")))
    other = node(start, right, lambda s: s.notes.append("d"))

    assert inner.writes == {"notes": (left,)}
    merged = join([Tip(inner, left, "left"), Tip(other, right, "right")], start, None)
    assert SCHEMA.final(merged).notes == ["old", "a", "b", "c", "d"]


def test_three_ends_of_nested_forks_in_one_join_hold_each_note_once() -> None:
    start = begin()
    outer = Fork(None, start, 2)
    left, right = Line(outer), Line(outer)
    before = node(start, left, lambda s: s.notes.append("a"))
    tips, _, _ = fork(before, left, lambda s: s.notes.append("b"), lambda s: s.notes.append("c"))
    tips.append(Tip(node(start, right, lambda s: s.notes.append("d")), right, "d"))

    merged = SCHEMA.merge(start, tips, None)

    assert SCHEMA.final(merged).notes == ["old", "a", "b", "c", "d"]


def test_a_write_replaces_those_that_happened_before_it() -> None:
    start = begin()
    outer = Fork(None, start, 2)
    left, right = Line(outer), Line(outer)
    written = node(start, left, put("n", 1))
    inner = Fork(left, written, 2)
    up, down = Line(inner), Line(inner)
    rewritten = node(written, up, put("n", 2))
    idle = node(start, right, put("name", "x"))

    crossing = Line(None, (up, right))
    met = SCHEMA.merge(None, [Tip(rewritten, up, "up"), Tip(idle, right, "right")], crossing)
    final = Line(None, (crossing, down))
    merged = SCHEMA.merge(None, [Tip(met, crossing, "met"), Tip(written, down, "down")], final)

    assert (SCHEMA.final(merged).n, SCHEMA.final(merged).name) == (2, "x")


def test_crossing_ways_merge_against_their_nearest_common_past() -> None:
    start = begin()
    outer = Fork(None, start, 2)
    left, right = Line(outer), Line(outer)
    first = node(start, left, lambda s: s.notes.append("b"))
    inner = Fork(left, first, 2)
    up, down = Line(inner), Line(inner)
    one = node(first, up, lambda s: s.notes.append("d"))
    two = node(first, down, lambda s: s.notes.append("e"))
    three = node(start, right, lambda s: s.notes.append("c"))

    crossing = Line(None, (down, right))
    met = SCHEMA.merge(None, [Tip(two, down, "e"), Tip(three, right, "c")], crossing)
    last = Line(None, (up, crossing))
    merged = SCHEMA.merge(None, [Tip(one, up, "d"), Tip(met, crossing, "met")], last)

    assert SCHEMA.final(met).notes == ["old", "b", "e", "c"]
    assert SCHEMA.final(merged).notes == ["old", "b", "d", "e", "c"]


def test_ways_without_a_single_common_past_are_a_conflict() -> None:
    start = begin()
    outer = Fork(None, start, 2)
    left, right = Line(outer), Line(outer)
    ends: list[list[Tip]] = []
    for line, text in ((left, "a"), (right, "b")):
        written = node(start, line, lambda s, text=text: s.notes.append(text))  # type: ignore[misc]
        inner = Fork(line, written, 2)
        ends.append([Tip(written, Line(inner), f"{text}{n}") for n in range(2)])
    met: list[Tip] = []
    for one, other in zip(*ends, strict=True):
        line = Line(None, (one.line, other.line))
        met.append(Tip(SCHEMA.merge(None, [one, other], line), line, one.name))

    with pytest.raises(MergeConflict, match="no single nearest common past"):
        SCHEMA.merge(None, met, Line(None, tuple(tip.line for tip in met)))


def test_a_quorum_merges_its_winners_alone() -> None:
    tips, origin, parent = fork(
        begin(),
        None,
        lambda s: s.notes.append("a"),
        lambda s: s.notes.append("lost"),
        lambda s: s.notes.append("c"),
    )

    merged = SCHEMA.merge(origin, [tips[0], tips[2]], parent)

    assert SCHEMA.final(merged).notes == ["old", "a", "c"]


def test_what_a_join_returns_to_notes_its_changes() -> None:
    start = begin()
    line = Line(Fork(None, start, 2))
    earlier = node(start, line, put("name", "x"))
    tips, origin, _ = fork(earlier, line, put("n", 1), lambda s: s.notes.append("a"))

    merged = SCHEMA.merge(origin, tips, line)

    assert merged.writes == {"name": (line,), "n": (line,), "notes": (line,)}
    assert list(SCHEMA.changed(merged)) == ["n", "notes"]


def test_validators_of_the_model_run_on_the_result_of_a_join_and_name_the_branches() -> None:
    class Pair(State):
        a: int = 0
        b: int = 0
        both: int = 0

        @model_validator(mode="after")
        def small(self) -> "Pair":
            if self.a + self.b > 10:
                raise ValueError("too much together")
            if self.both != self.a + self.b:
                self.both = self.a + self.b
            return self

    schema = schema_of(Pair)
    start = schema.begin(Pair())

    def run(a: int, b: int) -> Revision:
        opened = Fork(None, start, 2)
        tips: list[Tip] = []
        for name, value in (("a", a), ("b", b)):
            draft = schema.draft(start)
            setattr(draft, name, value)
            line = Line(opened)
            # Only one of the branches may write `both`, or that is a conflict of its own.
            tips.append(Tip(schema.commit(draft, line), line, f"set {name}"))
        return schema.merge(start, tips, None)

    with pytest.raises(MergeConflict, match="'both' cannot be merged"):
        run(1, 2)
    assert schema.final(run(0, 4)) == Pair(b=4)


def test_a_join_that_the_validators_of_the_model_refuse_names_the_branches() -> None:
    class Limit(State):
        a: int = 0
        b: int = 0

        @model_validator(mode="after")
        def small(self) -> "Limit":
            if self.a + self.b > 10:
                raise ValueError("too much together")
            return self

    schema = schema_of(Limit)
    start = schema.begin(Limit())
    opened = Fork(None, start, 2)
    tips: list[Tip] = []
    for name in ("a", "b"):
        line = Line(opened)
        tips.append(Tip(schema.edited(start, {name: 8}, line), line, f"set {name}"))

    with pytest.raises(MergeConflict, match="too much together") as caught:
        schema.merge(start, tips, None)
    assert caught.value.branches == ("set a", "set b")


def test_a_thousand_branches_merge_in_the_order_in_which_they_were_declared() -> None:
    edits: list[Edit] = [lambda s, n=n: s.notes.append(str(n)) for n in range(1000)]  # type: ignore[misc]

    merged = join(*fork(SCHEMA.begin(Board()), None, *edits))

    assert SCHEMA.final(merged).notes == [str(n) for n in range(1000)]
