"""Merging against a brute-force fold of everything that happened before, over random fork and join graphs."""

# pydantic copies the defaults of a state for each instance

from dataclasses import dataclass, field
from typing import Annotated

import pytest
from hypothesis import event, given, settings
from hypothesis import strategies as st

from agentgraph.errors import MergeConflict
from agentgraph.graph.line import Fork, Line
from agentgraph.state import Revision, State, Tip, append, schema_of, total, union


class Board(State):
    notes: Annotated[list[str], append] = []
    cost: Annotated[int, total] = 0
    tags: Annotated[set[str], union] = set()
    boxes: Annotated[list[list[int]], append] = []
    last: int = 0


SCHEMA = schema_of(Board)
Write = int
Past = frozenset[Write]


@dataclass
class Token:
    """A branch: its revision and line, and all that happened before it."""

    revision: Revision
    line: Line | None
    past: Past
    """The writes, and below zero the merges of concurrent writes: each makes a new value."""
    last: Past
    """The writes of the field `last`."""


@dataclass
class World:
    """A run of forks, writes and joins, and the brute-force truth beside it."""

    tokens: list[Token] = field(default_factory=list)
    count: int = 0
    merges: int = 0
    known: dict[Write, frozenset[Write]] = field(default_factory=dict)
    """For each write to `last`: the writes to `last` that it replaced."""
    pasts: set[Past] = field(default_factory=set)

    def begin(self) -> None:
        self.tokens = [Token(SCHEMA.begin(Board()), None, frozenset(), frozenset())]
        self.pasts.add(frozenset())

    def write(self, at: int, *, everywhere: bool) -> None:
        token = self.tokens[at]
        self.count += 1
        number = self.count
        draft = SCHEMA.draft(token.revision)
        draft.notes.append(f"n{number}")
        draft.cost += number
        draft.tags.add(f"t{number}")
        draft.boxes.append([number])
        last = token.last
        if everywhere:
            draft.last = number
            self.known[number] = last
            last = last | {number}
        past = token.past | {number}
        self.pasts.add(past)
        self.tokens[at] = Token(SCHEMA.commit(draft, token.line), token.line, past, last)

    def fork(self, at: int, width: int) -> None:
        token = self.tokens[at]
        fork = Fork(token.line, token.revision, width)
        branches = [Token(token.revision, Line(fork), token.past, token.last) for _ in range(width)]
        self.tokens[at : at + 1] = branches

    def join(self, places: list[int]) -> None:
        joined = [self.tokens[place] for place in places]
        fork = joined[0].line.fork if joined[0].line is not None else None
        is_whole = (
            fork is not None
            and len(joined) == fork.width
            and all(t.line is not None and t.line.fork is fork for t in joined)
        )
        if is_whole:
            assert fork is not None
            line, origin = fork.parent, fork.origin
            assert isinstance(origin, Revision)
        else:
            line, origin = Line(None, tuple(t.line for t in joined)), None
        tips = [Tip(t.revision, t.line, f"b{p}") for p, t in zip(places, joined, strict=True)]
        revision = SCHEMA.merge(origin, tips, line)
        past = frozenset[int]().union(*(t.past for t in joined))
        last = frozenset[int]().union(*(t.last for t in joined))
        if len(maximal([t.past for t in joined])) > 1:
            self.merges += 1
            past = past | {-self.merges}
        self.pasts.add(past)
        merged = Token(revision, line, past, last)
        rest = [t for p, t in enumerate(self.tokens) if p not in places]
        self.tokens = [*rest, merged]

    def concurrent_last(self, places: list[int]) -> set[Write]:
        """Return the writes to `last` that none of the others replaced."""
        writes = {w for place in places for w in self.tokens[place].last}
        replaced = {old for w in writes for old in self.known[w]}
        return writes - replaced

    def check(self, token: Token) -> None:
        state = SCHEMA.final(token.revision)
        past = {number for number in token.past if number > 0}
        assert sorted(state.notes) == sorted(f"n{n}" for n in past)
        assert sorted(state.boxes) == sorted([n] for n in past)
        assert state.cost == sum(past)
        assert state.tags == {f"t{n}" for n in past}
        left = token.last - {old for w in token.last for old in self.known[w]}
        assert state.last == (next(iter(left)) if left else 0)


def maximal(pasts: list[Past]) -> list[Past]:
    distinct = list(dict.fromkeys(pasts))
    return [p for p in distinct if not any(p < q for q in distinct)]


def has_tree_of_pasts(pasts: list[Past], known: set[Past]) -> bool:
    """Say whether the pasts can be folded two by two with a known common past each time."""
    left = maximal(pasts)
    if len(left) == 1:
        return True
    common = frozenset.intersection(*left)
    if common not in known:
        return False
    groups: list[list[Past]] = []
    for past in left:
        near = [g for g in groups if any((past & other) > common for other in g)]
        groups = [g for g in groups if g not in near] + [[p for g in near for p in g] + [past]]
    return len(groups) > 1 and all(has_tree_of_pasts(group, known) for group in groups)


@settings(max_examples=200)
@given(st.data())
def test_every_write_that_happened_before_is_there_once(data) -> None:
    world = World()
    world.begin()
    for _ in range(data.draw(st.integers(1, 25))):
        at = data.draw(st.integers(0, len(world.tokens) - 1))
        verb = data.draw(st.sampled_from(["write", "write", "fork", "join"]))
        if verb == "write":
            world.write(at, everywhere=data.draw(st.integers(0, 9)) == 0)
        elif verb == "fork" and len(world.tokens) < 8:
            world.fork(at, data.draw(st.integers(2, 3)))
        elif verb == "join" and len(world.tokens) > 1:
            everything = list(range(len(world.tokens)))
            places = sorted(
                data.draw(
                    st.lists(st.sampled_from(everything), min_size=2, max_size=4, unique=True)
                )
            )
            pasts = [world.tokens[place].past for place in places]
            expects_conflict = len(world.concurrent_last(places)) > 1 or not has_tree_of_pasts(
                pasts, world.pasts
            )
            if expects_conflict:
                event("conflict")
                with pytest.raises(MergeConflict):
                    world.join(places)
                return
            world.join(places)
        for token in world.tokens:
            world.check(token)
    event(f"tokens {len(world.tokens)}")


@st.composite
def nested(draw: st.DrawFn, depth: int = 0) -> object:
    """Draw a series-parallel graph: a write, or a list of steps, or a tuple of branches."""
    if depth > 3:
        return "w"
    kind = draw(st.sampled_from(["w", "w", "series", "parallel"]))
    if kind == "w":
        return "w"
    parts = draw(st.lists(nested(depth + 1), min_size=2, max_size=3))
    return parts if kind == "series" else tuple(parts)


def _run(step: object, revision: Revision, line: Line | None, names: list[str]) -> Revision:
    """Run a graph in the order in which its branches are declared."""
    if step == "w":
        draft = SCHEMA.draft(revision)
        draft.notes.append(str(len(names)))
        draft.boxes.append([len(names)])
        draft.cost += 1
        names.append("w")
        return SCHEMA.commit(draft, line)
    if isinstance(step, list):
        for part in step:
            revision = _run(part, revision, line, names)
        return revision
    assert isinstance(step, tuple)
    fork = Fork(line, revision, len(step))
    tips = []
    for number, part in enumerate(step):
        branch = Line(fork)
        tips.append(Tip(_run(part, revision, branch, names), branch, str(number)))
    return SCHEMA.merge(revision, tips, line)


@given(nested())
def test_a_nested_graph_has_the_notes_in_the_order_of_their_declaration(graph) -> None:
    names: list[str] = []

    done = SCHEMA.final(_run(graph, SCHEMA.begin(Board()), None, names))

    assert done.notes == [str(n) for n in range(len(names))]
    assert done.boxes == [[n] for n in range(len(names))]
    assert done.cost == len(names)


def _open_ends(
    step: object, revision: Revision, line: Line | None, names: list[str]
) -> list[tuple[Revision, Line | None]]:
    """As `_run`, but the branches at the end of a graph are not joined."""
    if isinstance(step, list):
        for part in step[:-1]:
            revision = _run(part, revision, line, names)
        return _open_ends(step[-1], revision, line, names)
    if isinstance(step, tuple):
        fork = Fork(line, revision, len(step))
        return [end for part in step for end in _open_ends(part, revision, Line(fork), names)]
    return [(_run(step, revision, line, names), line)]


@given(nested())
def test_open_ends_of_nested_branches_may_meet_in_one_join(graph) -> None:
    names: list[str] = []
    begin = SCHEMA.begin(Board())

    ends = _open_ends(graph, begin, None, names)
    tips = [Tip(revision, line, str(n)) for n, (revision, line) in enumerate(ends)]
    if len(tips) > 1:
        line = Line(None, tuple(tip.line for tip in tips))
        done = SCHEMA.final(SCHEMA.merge(None, tips, line))
        assert done.notes == [str(n) for n in range(len(names))]
        assert done.cost == len(names)


@given(nested(), st.randoms(use_true_random=False))
def test_the_order_in_which_branches_finish_does_not_show(graph, random) -> None:
    def finish(step: object, revision: Revision, line: Line | None, name: str) -> Revision:
        if step == "w":
            draft = SCHEMA.draft(revision)
            draft.notes.append(name)
            draft.tags.add(name)
            return SCHEMA.commit(draft, line)
        if isinstance(step, list):
            for number, part in enumerate(step):
                revision = finish(part, revision, line, f"{name}.{number}")
            return revision
        assert isinstance(step, tuple)
        fork = Fork(line, revision, len(step))
        order = list(range(len(step)))
        random.shuffle(order)
        tips: dict[int, Tip] = {}
        for number in order:
            branch = Line(fork)
            end = finish(step[number], revision, branch, f"{name}.{number}")
            tips[number] = Tip(end, branch, str(number))
        return SCHEMA.merge(revision, [tips[n] for n in range(len(step))], line)

    first = SCHEMA.final(finish(graph, SCHEMA.begin(Board()), None, "r"))
    second = SCHEMA.final(finish(graph, SCHEMA.begin(Board()), None, "r"))

    assert first.notes == second.notes == sorted(first.notes, key=lambda n: n.split("."))
    assert first == second
