"""Guards that z3 decides where trying values does not; each gap is seen to be one by asking."""

# Mistakes are made on purpose here: no type checker is asked.
# pyright: basic, reportReturnType=false, reportGeneralTypeIssues=false, reportArgumentType=false
# pyright: reportCallIssue=false, reportAttributeAccessIssue=false

import sys
from typing import Annotated, Any, Literal

import pytest
from annotated_types import Ge, Le

from agentgraph import END, State, classifier, workflow
from agentgraph.errors import Finding, InvalidGraph, NotAvailable
from agentgraph.workflow.solving import deeply

Size = Literal["small", "large"]


class Order(State):
    a: int = 0
    b: int = 0
    c: int = 0
    d: int = 0
    weight: float = 0.0
    share: Annotated[float, Ge(0), Le(1)] = 0.0
    text: str = ""
    is_open: bool = False


def sum_gap(s: Order) -> Size:
    if s.a + s.b > 100:
        return "large"
    if s.a + s.b < 100:
        return "small"
    return None


def far_gap(s: Order) -> Size:
    if s.a < s.b + 1000:
        return "small"
    if s.a > s.b + 1000:
        return "large"
    return None


def many(s: Order) -> Size:
    if 1 < s.a < 9 and 2 < s.b < 9 and 3 < s.c < 9 and s.d > 4:
        return "large"
    if not (1 < s.a < 9 and 2 < s.b < 9 and 3 < s.c < 9):
        return "small"
    return None


def many_covered(s: Order) -> Size:
    if 1 < s.a < 9 or 2 < s.b < 9 or 3 < s.c < 9 or s.d > 4:
        return "large"
    if s.a == 5 and s.d == 3:
        return "small"
    return "small"


def sums_covered(s: Order) -> Size:
    if s.a + s.b > 10:
        return "large"
    if s.a + s.b > 20:
        return "small"
    return "small"


def floats(s: Order) -> Size:
    if s.share + s.weight > 1:
        return "large"
    if s.share + s.weight <= 1:
        return "small"
    return None


def whole(s: Order) -> Size:
    if s.a + s.b > 10 or s.is_open:
        return "large"
    if not s.a + s.b > 10:
        return "small"
    return None


def lengths(s: Order) -> Size:
    if len(s.text) > s.a:
        return "large"
    if s.text.startswith("x") and len(s.text) < s.a:
        return "small"
    if s.text in ("", "y") or not s.text.startswith("x"):
        return "small"
    return None


def helped(s: Order) -> Size:
    if s.a + s.b > abs(s.c):
        return "large"
    return "small"


CLASSIFIERS = [sum_gap, far_gap, many, many_covered, sums_covered, floats, whole, lengths, helped]


def told(fn: Any) -> list[Finding]:
    route = classifier(fn).route({"small": END, "large": END})
    try:
        return list(workflow("w", Order, route).verify().findings)
    except InvalidGraph as error:
        return list(error.findings)


def deep(fn: Any) -> list[str]:
    with deeply():
        return [f"{finding.code} {finding.severity}" for finding in told(fn)]


@pytest.mark.parametrize(
    ("fn", "shallow", "expected"),
    [
        (sum_gap, [], ["AG205 error"]),
        (far_gap, [], ["AG205 error"]),
        (many, ["AG216 warning"], ["AG205 error"]),
        (many_covered, [], ["AG206 error"]),
        (sums_covered, [], ["AG206 error"]),
        (floats, ["AG205 warning"], ["AG205 warning"]),
        (whole, [], []),
        (lengths, ["AG205 error"], ["AG205 error"]),
        (helped, [], []),
    ],
    ids=lambda value: getattr(value, "__name__", None),
)
def test_guards_are_decided_deeply(fn: Any, shallow: list[str], expected: list[str]) -> None:
    assert [f"{finding.code} {finding.severity}" for finding in told(fn)] == shallow
    assert deep(fn) == expected


@pytest.mark.parametrize("fn", CLASSIFIERS, ids=lambda fn: fn.__name__)
def test_a_state_that_is_told_gets_no_answer(fn: Any) -> None:
    with deeply():
        gaps = [finding.what for finding in told(fn) if finding.code == "AG205"]

    for what in gaps:
        said = what.partition(" for ")[2]
        values = eval(f"dict({said})", {"nan": float("nan"), "inf": float("inf")})
        assert fn(Order.model_construct(**{**Order().model_dump(), **values})) is None


def test_without_z3_it_is_said_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "z3", None)

    with pytest.raises(NotAvailable, match="z3-solver") as caught, deeply():
        pass

    assert "pip install 'agentgraph[z3]'" in caught.value.fix
