"""Values and states that do not fit where they are handed, by constants and annotations."""

# Mistakes are made on purpose here: no type checker is asked.
# pyright: basic, reportArgumentType=false, reportCallIssue=false, reportAttributeAccessIssue=false
# pyright: reportAssignmentType=false

from collections.abc import Callable
from typing import Annotated, Any, Literal

import pytest
from pydantic import BeforeValidator, Field, field_validator

from agentgraph import ItemFailed, State, append, each, node, unset, workflow
from agentgraph.errors import Finding, InvalidGraph


class Desk(State):
    text: str = ""
    count: int = 0
    share: float = Field(default=0.0, le=1)
    tags: Annotated[list[str], append] = []
    kind: Literal["a", "b"] = "a"
    maybe: int | None = None
    hashed: Annotated[int, BeforeValidator(len)] = 0
    checked: int = 0
    answer: str = unset()

    @field_validator("checked", mode="before")
    @classmethod
    def check(cls, value: object) -> int:
        return len(str(value))


def text(s: Desk) -> None:
    s.text = 3


def number(s: Desk) -> None:
    s.count = "three"


def coerced(s: Desk) -> None:
    s.count = "3"
    s.share = 1
    s.maybe = None
    s.answer = "x"
    s.tags = []
    s.kind = "b"


def above(s: Desk) -> None:
    s.share = 2.5


def label(s: Desk) -> None:
    s.kind = "c"


def nothing(s: Desk) -> None:
    s.tags = None


def items(s: Desk) -> None:
    s.tags = ["a", 1]


def by_user(s: Desk) -> None:
    s.hashed = "abc"
    s.checked = "abc"


def computed(s: Desk) -> None:
    s.count = str(s.text)


def caught(s: Desk) -> None:
    try:
        s.count = "three"
    except ValueError:
        s.count = 3


def findings(flow: Any) -> list[Finding]:
    try:
        return list(workflow("desk", Desk, flow).verify().findings)
    except InvalidGraph as error:
        return list(error.findings)


@pytest.mark.parametrize("fn", [text, number, above, label, nothing, items])
def test_a_constant_that_a_field_does_not_take_is_found(fn: Callable[[Desk], None]) -> None:
    assert [(f.code, f.severity, f.claim) for f in findings(node(fn))] == [
        ("AG404", "error", "proved")
    ]


@pytest.mark.parametrize("fn", [coerced, by_user, computed, caught])
def test_what_a_run_would_take_or_nobody_knows_is_no_finding(fn: Callable[[Desk], None]) -> None:
    assert findings(node(fn)) == []


def test_a_wrong_constant_is_told_with_its_line() -> None:
    (finding,) = findings(node(number))

    assert str(finding).splitlines() == [
        (
            "[AG404] 'number' writes 'three' into 'count': Input should be a valid integer, "
            "unable to parse string as an integer"
        ),
        f"  where: node 'number' ({__file__}:{number.__code__.co_firstlineno + 1})",
        "  fix:   write what the field takes: int",
    ]


class Letter(State):
    sender: str
    body: str
    reply: str = ""


def write(s: Letter) -> None:
    s.reply = s.body


answer = workflow("answer", Letter, node(write))


def leave(s: Desk, letter: Letter) -> None: ...
def enter(s: Desk) -> Letter:
    return Letter(sender=s.text, body="x")


def unmapped(s: Desk) -> Letter:
    return Letter(sender=s.text)


def misspelt(s: Desk) -> Letter:
    return Letter(sender=s.text, body="x", relpy="")


def spread(s: Desk) -> Letter:
    given = {"sender": s.text, "body": "x"}
    return Letter(**given)


def other(s: Desk) -> Desk:
    return s


def other_leave(s: Desk, letter: Desk) -> None: ...


@pytest.mark.parametrize(
    ("come", "go", "what"),
    [
        (enter, leave, None),
        (spread, leave, None),
        (lambda s: Letter(sender="", body=""), lambda s, letter: None, None),
        (unmapped, leave, "'answer' needs the field 'body', and `enter` does not give it"),
        (lambda s: Letter(body=""), leave, "'answer' needs the field 'sender', and `enter` does not give it"),
        (misspelt, leave, "`enter` gives 'answer' the field 'relpy', which Letter lacks"),
        (other, leave, "`enter` gives Desk, and 'answer' works on Letter"),
        (enter, other_leave, "'answer' gives Letter, and `leave` takes Desk"),
    ],
)  # fmt: skip
def test_what_a_subgraph_is_given_and_gives_back_fits(come, go, what) -> None:
    found = findings(answer.as_node(enter=come, leave=go))

    assert [f.what for f in found] == ([] if what is None else [what])
    assert {f.code for f in found} <= {"AG405", "AG406"}


def texts(s: Desk) -> list[str]:
    return [s.text]


def size(item: str) -> int:
    return len(item)


def half(item: float) -> float:
    return item / 2


def sizes(s: Desk, out: list[int]) -> None: ...
def names(s: Desk, out: list[str]) -> None: ...
def all_sizes(s: Desk, out: list[int | ItemFailed]) -> None: ...
def letters(s: Desk) -> list[Letter]:
    return []


def answered(s: Desk, out: list[Letter]) -> None: ...


@pytest.mark.parametrize(
    ("flow", "what"),
    [
        (each(texts, size, into=sizes), None),
        (each(letters, answer, into=answered), None),
        (each(texts, size, into=all_sizes, on_error="collect"), None),
        (each(texts, half, into=sizes), "`over` lists str, and `do` takes float"),
        (each(texts, size, into=names), "`do` gives int, and `into` takes str"),
        (each(texts, answer, into=answered), "`over` lists str, and `do` takes Letter"),
        (
            each(texts, size, into=sizes, on_error="collect"),
            "a failed item gives ItemFailed, and `into` takes int",
        ),
    ],
)
def test_what_an_each_lists_does_and_collects_fits(flow, what) -> None:
    found = findings(flow)

    assert [f.what for f in found][:1] == ([] if what is None else [what])
    assert {f.code for f in found} <= {"AG405"}
