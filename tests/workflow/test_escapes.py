"""What a function does to its state by way of something else is never told as proved."""

import contextlib
import functools
import heapq
import operator
from collections.abc import Callable
from typing import Any

import pytest
from pydantic import BaseModel

from agentgraph import RunFailed, State, node, workflow
from agentgraph.errors import InvalidGraph

GLOBAL: dict[str, Any] = {}


class Part(BaseModel):
    a: int = 0
    items: list[int] = []

    def bump(self) -> None:
        self.a += 1


class Desk(State):
    x: int = 0
    text: str = ""
    part: Part = Part()
    numbers: list[int] = [3, 2, 1]
    words: dict[str, int] = {"k": 0}
    parts: list[Part] = [Part(), Part()]


def change(part: Any) -> None:
    part.a += 1


def by_helper(s: Desk) -> None:
    change(s.part)


def by_method(s: Desk) -> None:
    s.part.bump()


def by_loop(s: Desk) -> None:
    for part in s.parts:
        part.a = 5


def by_numbered_loop(s: Desk) -> None:
    for number, part in enumerate(s.parts):
        part.a = number + 2


def by_library(s: Desk) -> None:
    heapq.heappush(s.numbers, 1)


def by_operator(s: Desk) -> None:
    operator.setitem(s.words, "k", 4)


def by_partial(s: Desk) -> None:
    functools.partial(change, s.part)()


def by_walrus(s: Desk) -> None:
    if part := s.part:
        part.a = 3


def by_unpacking(s: Desk) -> None:
    one, _ = s.parts
    one.a = 1


def by_map(s: Desk) -> None:
    list(map(change, s.parts))


def by_bound_method(s: Desk) -> None:
    add = s.numbers.append
    add(1)


def by_display(s: Desk) -> None:
    held = {"p": s.part}
    held["p"].a = 1


def by_comprehension(s: Desk) -> None:
    [numbers.append(1) for numbers in [s.numbers]]


def by_choice(s: Desk) -> None:
    part = s.part if s.x else s.parts[0]
    part.a = 1


def by_or(s: Desk) -> None:
    (s.part or Part()).a = 3


def by_manager(s: Desk) -> None:
    with contextlib.nullcontext(s.part) as part:
        part.a = 3


def by_extremes(s: Desk) -> None:
    max(s.parts, key=lambda part: part.a).a = 3


def by_iterator(s: Desk) -> None:
    next(iter(s.parts)).a = 3


def by_other_list(s: Desk) -> None:
    held: list[Part] = []
    held.append(s.part)
    held[0].a = 3


def by_global(s: Desk) -> None:
    GLOBAL["p"] = s.part
    GLOBAL["p"].a = 3


def by_class(s: Desk) -> None:
    list.append(s.numbers, 3)


def by_special_method(s: Desk) -> None:
    s.numbers.__setitem__(0, 9)


def by_added_name(s: Desk) -> None:
    numbers = s.numbers
    numbers += [3]


FORMS = [
    by_helper, by_method, by_loop, by_numbered_loop, by_library, by_operator, by_partial, by_walrus,
    by_unpacking, by_map, by_bound_method, by_display, by_comprehension, by_choice, by_or,
    by_manager, by_extremes, by_iterator, by_other_list, by_global, by_class, by_special_method,
    by_added_name,
]  # fmt: skip


@pytest.mark.parametrize("form", FORMS, ids=lambda form: form.__name__)
def test_what_is_changed_by_way_of_something_else_is_found_or_unknown(
    form: Callable[[Desk], None],
) -> None:
    with contextlib.suppress(InvalidGraph):  # It is found for certain.
        both = workflow("both", Desk, node(form) | node(name="other")(form))
        report = both.verify()

        with pytest.raises(RunFailed, match="cannot be merged"):
            both.run_sync(Desk())
        assert form.__name__ in report.claims["unknown"] or report.findings


def looks(s: Desk) -> None:
    total = 0
    for part in s.parts:
        total += part.a
    for number in s.numbers:
        total += number
    words = ", ".join(sorted(s.words))
    str((len(s.numbers), s.part.a, s.parts[0].items[0:1], s.words.get("k"), s.text.upper()))
    s.x = total + max(s.numbers) + len(words) + (1 if s.part.items else 0)
    s.numbers = [*s.numbers, 4]


def test_what_only_looks_is_known() -> None:
    report = workflow("looks", Desk, looks).verify()

    assert report.claims["proved"] == ("looks",)
