"""What a classifier answers, found in its source: labels, gaps, covered guards; it is never asked."""

# Mistakes are made on purpose here: no type checker is asked.
# pyright: basic, reportReturnType=false, reportGeneralTypeIssues=false, reportArgumentType=false
# pyright: reportCallIssue=false, reportAttributeAccessIssue=false

import re
from collections.abc import Callable
from enum import Enum
from typing import Annotated, Any, Literal, assert_never

import pytest
from annotated_types import Ge, Le
from pydantic import Field, field_validator

from agentgraph import END, State, Verdict, classifier, consensus, node, workflow
from agentgraph.classify import keywords, rules
from agentgraph.errors import Finding, InvalidGraph


class Grade(Enum):
    OK = 1
    REDO = 2


class Desk(State):
    score: float = 0.0
    share: Annotated[float, Ge(0), Le(1)] = 0.0
    part: float = Field(default=0.0, ge=0, le=1, allow_inf_nan=False)
    count: int = 0
    text: str = ""
    is_open: bool = False
    maybe: int | None = None
    kind: Literal["a", "b"] = "a"
    odd: int = 0

    @field_validator("odd")
    @classmethod
    def check(cls, value: int) -> int:
        return value


Size = Literal["big", "small"]
LIMIT = 0.5


def found(fn: Callable[[Any], object]) -> list[Finding]:
    """Route all labels of a classifier to END, and return what is found."""
    choice: Any = classifier(fn)  # type: ignore[call-overload]
    labels = {"big": END, "small": END}
    if "Grade" in str(fn.__annotations__["return"]):
        labels = dict.fromkeys(Grade, END)
    elif fn.__annotations__["return"] is bool:
        labels = {True: END, False: END}
    may_abstain = fn is unsure
    flow = choice.route(labels, unsure=END) if may_abstain else choice.route(labels)
    try:
        return list(workflow("desk", Desk, flow).verify().findings)
    except InvalidGraph as error:
        return list(error.findings)


def told(fn: Callable[[Any], object]) -> list[tuple[str, str]]:
    return [(finding.code, finding.severity) for finding in found(fn)]


def right(s: Desk) -> Size:
    return "big" if s.score > LIMIT else "small"


def misspelt(s: Desk) -> Size:
    if s.score > 1:
        return "bgi"
    return "small" if s.count else "big"


def one_only(s: Desk) -> Size:
    if s.is_open:
        return "big"
    return "big"


def stand_in(s: Desk) -> Size:
    return "big"


def computed(s: Desk) -> Size:
    return str(s.kind)


def gap(s: Desk) -> Size:
    if s.score > 0.8:
        return "big"
    if s.score < 0.8:
        return "small"


def nan_only(s: Desk) -> Size:
    if s.score >= 0.8:
        return "big"
    if s.score < 0.8:
        return "small"


def complete(s: Desk) -> Size:
    if s.part >= 0.8:
        return "big"
    if s.part < 0.8:
        return "small"


def within_limits(s: Desk) -> Size:
    if 0 <= s.part <= 1:
        return "big"
    if s.count > 3:
        return "small"
    return "small"


def covered(s: Desk) -> Size:
    if s.count >= 3:
        return "big"
    if s.count > 5:
        return "small"
    return "small"


def overlapping(s: Desk) -> Size:
    size = "small"
    if s.count > 1:
        size = "small"
    if s.count > 3:
        size = "big"
    return size


def texts(s: Desk) -> Size:
    if s.text.lower().startswith("big"):
        return "big"
    if s.text in {"small", "tiny"} or not s.is_open:
        return "small"


def matched(s: Desk) -> Size:
    match s.kind:
        case "a":
            return "big"
        case "b":
            return "small"


def matched_with_a_gap(s: Desk) -> Size:
    match s.text:
        case "big" | "huge":
            return "big"
        case "small":
            return "small"


def matched_twice(s: Desk) -> Size:
    match s.count:
        case 1 | 2:
            return "big"
        case 2:
            return "small"
        case _:
            return "small"


def matched_by_two(s: Desk) -> Size:
    match s.kind, s.is_open:
        case "a", True:
            return "big"
        case "b", False:
            return "small"


def matched_with_guards(s: Desk) -> Size:
    match s.part:
        case part if part >= 0.8:
            return "big"
        case part if part < 0.5:
            return "small"
        case None:
            return "small"


def matched_by_length(s: Desk) -> Size:
    match len(s.text):
        case 0:
            return "small"
        case 17:
            return "big"
        case _:
            return "small"


def matched_in_full(s: Desk) -> Size:
    match s.kind:
        case "a":
            return "big"
        case "b":
            return "small"
        case never:
            assert_never(never)


def matched_by_class(s: Desk) -> Size:
    match s.maybe:
        case int():
            return "big"
        case None:
            return "small"


def is_long(text: str) -> bool:
    raise AssertionError  # never called


ERRORS = re.compile("err").search
ORDERED = rules([(ERRORS, "big"), (is_long, "small")], default="small")
COVERED = rules([(ERRORS, "big"), (is_long, "big"), (ERRORS, "small")], default="small")
OPEN = rules([(ERRORS, "big"), (is_long, "small")], default=None)
MISSPELT = rules([(is_long, "bgi"), (ERRORS, "big")], default="small")
WORDS = keywords({"big": ["huge"], "small": ["tiny"]})


def by_rules(s: Desk) -> Verdict[Size]:
    return ORDERED.classify(s.text)


def by_covered_rules(s: Desk) -> Verdict[Size]:
    return COVERED.classify(s.text)


def by_open_rules(s: Desk) -> Verdict[Size]:
    return OPEN.classify(s.text)


def by_misspelt_rules(s: Desk) -> Verdict[Size]:
    return MISSPELT.classify(s.text)


def by_keywords(s: Desk) -> Verdict[Size]:
    return WORDS.classify(s.text)


def optional(s: Desk) -> Size:
    if s.maybe is None:
        return "small"
    if s.maybe > 3:
        return "big"
    if s.maybe <= 3:
        return "small"


def raising(s: Desk) -> Size:
    if s.maybe > 3:  # pyright: ignore[reportOptionalOperand]
        return "big"
    return "small"


def graded(s: Desk) -> Grade:
    return Grade.OK if s.is_open else Grade.REDO


def grade_by_text(s: Desk) -> Grade:
    if s.is_open:
        return "OK"
    return Grade.OK if s.count else Grade.REDO


def flag(s: Desk) -> bool:
    return s.score > 1


def sure(s: Desk) -> Verdict[Size]:
    if s.is_open:
        return Verdict("big", 0.5)
    return Verdict(label="small")


def unsure(s: Desk) -> Verdict[Size] | None:
    if s.is_open:
        return Verdict("big")
    if s.count:
        return Verdict("small")
    return None


def helped(s: Desk) -> Size:
    if len(computed(s)) > 1:
        return "big"
    if s.is_open:
        return "small"


def guarded_by_user(s: Desk) -> Size:
    if s.odd % 2 == 1:
        return "big"
    if s.is_open:
        return "small"


def declared(s: Desk) -> Size: ...


@pytest.mark.parametrize(
    ("fn", "expected"),
    [
        (right, []),
        (misspelt, [("AG214", "error")]),
        (one_only, [("AG215", "warning")]),
        (stand_in, []),
        (computed, []),
        (gap, [("AG205", "error")]),
        (nan_only, [("AG205", "warning")]),
        (complete, []),
        (within_limits, [("AG206", "error")]),
        (covered, [("AG206", "error")]),
        (overlapping, [("AG204", "warning")]),
        (texts, [("AG205", "error")]),
        (matched, []),
        (by_rules, []),
        (by_covered_rules, [("AG206", "error")]),
        (by_open_rules, [("AG216", "warning")]),
        (by_misspelt_rules, [("AG214", "error")]),
        (by_keywords, [("AG216", "warning")]),
        (matched_with_a_gap, [("AG205", "error")]),
        (matched_twice, [("AG206", "error")]),
        (matched_by_two, [("AG205", "error")]),
        (matched_with_guards, [("AG205", "error")]),
        (matched_by_length, []),
        (matched_in_full, []),
        (matched_by_class, []),
        (optional, []),
        (raising, []),
        (graded, []),
        (grade_by_text, [("AG214", "error")]),
        (flag, []),
        (sure, []),
        (unsure, []),
        (helped, [("AG216", "warning")]),
        (guarded_by_user, [("AG216", "warning")]),
        (declared, []),
    ],
    ids=lambda value: getattr(value, "__name__", None),
)
def test_a_classifier_is_judged_by_its_source(fn, expected) -> None:
    assert told(fn) == expected


def test_a_gap_is_told_with_a_state_that_falls_into_it() -> None:
    (finding,) = found(gap)

    assert str(finding).splitlines() == [
        "[AG205] 'gap' answers nothing for score=0.8",
        f"  where: classifier 'gap' ({finding.place})",
        (
            "  fix:   answer in every case: end with `else:`, or declare `-> Verdict[...] | None` "
            "to abstain"
        ),
    ]
    assert gap(Desk(score=0.8)) is None
    assert [f.what for f in found(texts)] == [
        "'texts' answers nothing for is_open=True, text='other'"
    ]


def test_a_covered_guard_is_told_with_its_line() -> None:
    (finding,) = found(covered)

    assert finding.what == (
        "'covered' never takes the branch of `s.count > 5`: no state that comes there fulfils it"
    )
    assert finding.place is not None
    assert finding.place.line == covered.__code__.co_firstlineno + 3


def test_a_case_that_an_earlier_one_covers_is_told_as_it_is_written() -> None:
    (finding,) = found(matched_twice)

    assert finding.what == (
        "'matched_twice' never takes the branch of `case 2`: no state that comes there fulfils it"
    )


def test_a_rule_that_an_earlier_one_covers_is_told_with_both_numbers() -> None:
    (finding,) = found(by_covered_rules)

    assert finding.what == (
        "'by_covered_rules' never answers 'small' by rule 3 of `COVERED.classify`: rule 1 holds then"
    )


def test_an_overlap_is_told_with_a_state_in_it() -> None:
    (finding,) = found(overlapping)

    assert finding.what == (
        "'overlapping' has two guards that hold for count=4, and the later one decides"
    )


def test_an_undeclared_answer_is_told_with_the_nearest_label() -> None:
    (finding,) = found(misspelt)

    assert (finding.what, finding.fix) == (
        "'misspelt' answers 'bgi', which is none of its labels",
        "did you mean 'big'?",
    )
    assert finding.place is not None
    assert finding.place.line == misspelt.__code__.co_firstlineno + 2


def test_a_voter_is_judged_as_a_classifier_but_may_say_nothing() -> None:
    def votes(s: Desk) -> Size:
        if s.is_open:
            return "bgi"

    choice = consensus(right, stand_in, votes, need=2)
    with pytest.raises(InvalidGraph) as caught:
        workflow("desk", Desk, choice.route({"big": END, "small": END}, unsure=END))

    assert [finding.code for finding in caught.value.findings] == ["AG214"]


def test_warnings_of_the_source_do_not_stop_a_build_and_stay_with_the_graph() -> None:
    def idle(s: Desk) -> None: ...

    choice = classifier(one_only)
    built = workflow("desk", Desk, node(idle) >> choice.route({"big": END, "small": END}))

    assert [finding.code for finding in built.verify().findings] == ["AG215"]
    assert built.graph.noted[0].what == "'one_only' declares the label 'small' and never answers it"


def test_a_guard_that_only_huge_numbers_fulfil_may_be_taken() -> None:
    class Huge(State):
        f: float = 0.0

    def pick(s: Huge) -> Literal["a", "b"]:
        if s.f >= 9007199254740993:
            return "a"
        return "b"

    assert not workflow("w", Huge, classifier(pick).route({"a": END, "b": END})).verify().findings


def test_a_guard_that_only_raises_and_a_switch_are_no_mistakes() -> None:
    class Count(State):
        n: int = Field(0, ge=0)

    def pick(s: Count) -> Literal["a", "b"]:
        debug = False
        if s.n < 0:
            raise ValueError("no")
        if debug:
            return "a"
        return "a" if s.n > 3 else "b"

    assert not workflow("w", Count, classifier(pick).route({"a": END, "b": END})).verify().findings
