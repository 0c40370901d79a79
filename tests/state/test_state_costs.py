"""What a step costs, counted in function calls: no clock, so that a busy machine fails nothing."""

# pydantic copies the defaults of a state for each instance

import sys
from collections.abc import Callable
from typing import Annotated

from agentgraph.graph.line import Fork, Line
from agentgraph.state import Revision, State, Tip, append, schema_of, total


class Pair(State):
    a: int = 0
    b: int = 0


class Log(State):
    lines: Annotated[list[str], append] = []
    n: Annotated[int, total] = 0


def calls(run: Callable[[], object]) -> int:
    """Count the Python and C calls that `run` makes."""
    count = 0

    def note(_frame: object, event: str, _argument: object) -> None:
        nonlocal count
        count += event in {"call", "c_call"}

    sys.setprofile(note)
    try:
        run()
    finally:
        sys.setprofile(None)
    # The call of `run` itself, and that of `setprofile`.
    return count - 2


def test_a_step_of_two_numbers_with_a_classifier_takes_few_calls() -> None:
    schema = schema_of(Pair)
    begin = schema.begin(Pair())

    def step() -> None:
        draft = schema.draft(begin)
        draft.a = 1
        revision = schema.commit(draft, None)
        schema.unchanged(schema.view(revision))

    assert calls(step) <= 8


def test_an_append_costs_the_same_at_any_length_and_copies_nothing() -> None:
    schema = schema_of(Log)

    def once(length: int) -> int:
        begin = schema.begin(Log(lines=["x"] * length))
        held = begin.values["lines"]

        def step() -> None:
            draft = schema.draft(begin)
            draft.lines.append("y")
            assert schema.commit(draft, None).values["lines"] is held

        return calls(step)

    def count(length: int) -> int:
        # The fewest of three: a garbage collection in between would count as well.
        return min(once(length) for _ in range(3))

    assert count(0) == count(1_000) == count(100_000) < 40


def test_merging_costs_each_branch_the_same_however_many_there_are() -> None:
    schema = schema_of(Log)
    begin = schema.begin(Log())

    def branch(fork: Fork, number: int) -> Tip:
        line = Line(fork)
        revision: Revision = schema.edited(begin, {"n": number}, line)
        return Tip(revision, line, str(number))

    def cost(width: int) -> float:
        fork = Fork(None, begin, width)
        tips = [branch(fork, number) for number in range(width)]
        return calls(lambda: schema.merge(begin, tips, None)) / width

    assert cost(2_000) <= cost(100) < 40
