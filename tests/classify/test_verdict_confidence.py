"""What a verdict holds, and what it refuses."""

import math
from dataclasses import FrozenInstanceError

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentgraph.errors import InvalidAgent
from agentgraph.events.verdict import Verdict


def test_a_label_alone_is_a_verdict_without_doubt() -> None:
    verdict = Verdict("tech")

    assert (verdict.confidence, verdict.probabilities) == (1.0, None)
    assert (verdict.source, verdict.rationale) == ("", None)


def test_a_verdict_does_not_change_and_can_be_hashed() -> None:
    verdict = Verdict("tech", 0.5, {"tech": 0.5, "billing": 0.5})

    assert {verdict: 1}[Verdict("tech", 0.5, {"tech": 0.5, "billing": 0.5})] == 1
    with pytest.raises(FrozenInstanceError):
        verdict.label = "billing"  # type: ignore[misc] # pyright: ignore[reportAttributeAccessIssue]


@given(st.floats(0, 1))
def test_every_number_from_0_to_1_is_a_confidence(confidence: float) -> None:
    assert Verdict(True, confidence).confidence == confidence


@given(st.floats(max_value=-5e-324) | st.floats(min_value=math.nextafter(1, 2)) | st.just(math.nan))
def test_any_other_number_is_refused(confidence: float) -> None:
    with pytest.raises(InvalidAgent, match="confidence"):
        Verdict("tech", confidence)


def test_the_refusal_says_whose_verdict_it_was() -> None:
    with pytest.raises(InvalidAgent) as caught:
        Verdict("tech", 90, source="judge")

    assert str(caught.value) == (
        "[AG121] a verdict has the confidence 90\n"
        "  where: verdict 'tech' of 'judge'\n"
        "  fix:   give a number from 0 to 1: a percentage must be divided by 100"
    )


def test_a_confidence_that_is_no_number_is_refused() -> None:
    with pytest.raises(InvalidAgent, match="'high'"):
        Verdict("tech", "high")  # type: ignore[arg-type] # pyright: ignore[reportArgumentType]
