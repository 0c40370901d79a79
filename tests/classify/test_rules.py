"""Rules: the first predicate that holds names the label."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentgraph.classify import mentions, rules
from agentgraph.errors import InvalidAgent

CASES = [
    (mentions("refund"), "billing"),
    (re.compile(r"\berr[_-]?\d+", re.IGNORECASE).search, "tech"),
    (lambda text: text.isupper(), "angry"),
]


def test_the_first_rule_that_holds_wins() -> None:
    desk = rules(CASES, default=None)

    labels = [
        verdict and (verdict.label, verdict.rationale)
        for verdict in map(desk.classify, ["REFUND! ERR_1", "ERR_401 again", "HELLO", "hello"])
    ]
    assert labels == [
        ("billing", "rule 1 holds"),
        ("tech", "rule 2 holds"),
        ("angry", "rule 3 holds"),
        None,
    ]


def test_a_default_takes_what_no_rule_holds_for() -> None:
    desk = rules(CASES, default="clerk")

    verdict = desk.classify("hello")

    assert desk.classify("a refund").label == "billing"
    assert (verdict.label, verdict.rationale) == ("clerk", "no rule holds")
    assert (verdict.confidence, verdict.source) == (1.0, "rules")


def test_false_is_a_default_like_any_other() -> None:
    assert rules([(mentions("yes"), True)], default=False).classify("no").label is False


@given(st.lists(st.booleans(), min_size=1), st.text())
def test_no_rule_after_the_first_that_holds_is_asked(holds: list[bool], text: str) -> None:
    asked: list[int] = []
    cases = [
        (lambda _, place=place, answer=answer: asked.append(place) or answer, str(place))
        for place, answer in enumerate(holds)
    ]

    verdict = rules(cases, default=None).classify(text)

    first = holds.index(True) if True in holds else None
    assert (verdict and verdict.label) == (None if first is None else str(first))
    assert asked == list(range(len(holds) if first is None else first + 1))


def test_an_empty_list_of_rules_is_refused() -> None:
    with pytest.raises(InvalidAgent, match="no rule"):
        rules([], default="clerk")
