"""Exemplars: labels shown by texts that have them."""

import copy
import json
import os
import pickle
import random
import subprocess
import sys
from collections.abc import Callable
from dataclasses import FrozenInstanceError
from enum import Enum
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentgraph.classify import Exemplars
from agentgraph.errors import InvalidAgent

ROOT = Path(__file__).resolve().parents[2]
SHOWN = {
    "billing": [
        "I want a refund for the last payment",
        "The invoice is wrong",
        "You charged my credit card twice",
        "How much does the yearly plan cost?",
        "Cancel my subscription and pay me back",
    ],
    "tech": [
        "The app crashes when I open it",
        "Uploading a file fails with an error",
        "The page does not load",
        "Nothing happens when I click the button",
        "The update made everything slow",
    ],
    "account": [
        "I forgot my password",
        "Please delete my account",
        "Change the email address of my profile",
        "I cannot log in any more",
        "Somebody else signed in as me",
    ],
}
DESK = Exemplars(SHOWN)
QUESTIONS = st.lists(
    st.sampled_from(
        sorted({word for texts in SHOWN.values() for text in texts for word in text.split()})
    )
    | st.text(max_size=8),
    min_size=1,
    max_size=12,
).map(" ".join)


class Queue(Enum):
    MONEY = 1
    MACHINES = 2


def test_a_text_gets_the_label_of_the_exemplars_that_it_is_like() -> None:
    verdict = DESK.classify("my card was charged, I want my refund!")

    assert verdict is not None
    assert (verdict.label, verdict.source) == ("billing", "exemplars")
    assert verdict.confidence > 0.7
    assert verdict.rationale is not None
    assert "charged" in verdict.rationale


@pytest.mark.parametrize(
    ("text", "label"),
    [
        ("pasword forgoten", "account"),
        ("uplaod fials, eror", "tech"),
        ("SUBSCRIPTIONS", "billing"),
        ("it crashed", "tech"),
    ],
)
def test_typing_errors_and_endings_are_bridged(text: str, label: str) -> None:
    verdict = DESK.classify(text)

    assert verdict is not None
    assert verdict.label == label


@pytest.mark.parametrize(
    "text",
    ["", "  ", "?!", "\U0001f64f", "zzz", "Qu\u1edd\u1ee3 b\u1ea1n", "\u6211\u60f3\u5403\u996d"],
)
def test_a_text_of_which_no_exemplar_knows_anything_is_none_of_these(text: str) -> None:
    assert DESK.classify(text) is None


@pytest.mark.parametrize(
    "text",
    [
        "Napoleon lost the battle of Waterloo in 1815",
        "To make pancakes, mix flour with eggs, then fry in butter",
        "Die Katze schl\u00e4ft auf dem Sofa",
        "Penguins swim very well",
    ],
)
def test_a_text_far_from_every_exemplar_never_passes_a_gate(text: str) -> None:
    verdict = DESK.classify(text)

    assert verdict is None or verdict.confidence < 0.5


def test_what_speaks_for_both_labels_alike_is_none_of_them() -> None:
    twins = Exemplars({"left": ["one way"], "right": ["one way"]})

    assert twins.classify("one way") is None


def test_a_repeated_exemplar_says_nothing_new() -> None:
    again = Exemplars(
        {label: [*texts, texts[0].upper(), f" {texts[0]}"] for label, texts in SHOWN.items()}
    )

    assert again.classify("the card was charged") == DESK.classify("the card was charged")


def test_every_exemplar_is_recognised_again() -> None:
    for label, texts in SHOWN.items():
        for text in texts:
            verdict = DESK.classify(text)
            assert verdict is not None
            assert verdict.label == label


@given(QUESTIONS)
def test_probabilities_share_out_one_and_confidence_is_at_most_the_best(text: str) -> None:
    verdict = DESK.classify(text)

    if verdict is not None:
        assert verdict.probabilities is not None
        assert set(verdict.probabilities) == set(SHOWN)
        assert sum(verdict.probabilities.values()) == pytest.approx(1)
        assert min(verdict.probabilities.values()) >= 0
        assert verdict.probabilities[verdict.label] == max(verdict.probabilities.values())
        assert 0 < verdict.confidence <= verdict.probabilities[verdict.label]


@given(st.lists(st.sampled_from(["I", "the", "card", "Error", "log", "\u00c4rger"]), min_size=1))
def test_neither_case_nor_surrounding_space_changes_the_verdict(parts: list[str]) -> None:
    text = " ".join(parts)

    assert DESK.classify(text) == DESK.classify(f" \n{text.swapcase()} ")


@given(QUESTIONS, st.randoms(use_true_random=False))
def test_the_order_of_the_exemplars_changes_nothing_to_the_last_digit(
    text: str, chance: random.Random
) -> None:
    labels = chance.sample(list(SHOWN), len(SHOWN))
    shuffled = {label: chance.sample(SHOWN[label], len(SHOWN[label])) for label in labels}

    assert Exemplars(shuffled).classify(text) == DESK.classify(text)


def test_a_text_longer_than_the_limit_is_read_up_to_it() -> None:
    short = Exemplars(SHOWN, length_max=100)
    text = "the invoice is wrong".ljust(100)

    assert short.classify(text + "password " * 200_000) == short.classify(text)


def test_labels_may_be_members_of_an_enum_or_yes_and_no() -> None:
    queue = Exemplars({Queue.MONEY: ["refund me"], Queue.MACHINES: ["it crashes"]})
    urgent = Exemplars({True: ["at once, please"], False: ["whenever you like"]})

    money, soon = queue.classify("a refund"), urgent.classify("please, at once")

    assert money is not None
    assert money.label is Queue.MONEY
    assert soon is not None
    assert soon.label is True


def test_nothing_changes_after_fitting() -> None:
    shown = {"yes": ["good work"], "no": ["bad work"]}
    fitted = Exemplars(shown)
    before = fitted.classify("good")

    shown["no"].append("good good good")

    assert fitted.classify("good") == before
    with pytest.raises(FrozenInstanceError):
        fitted.labels = ()  # type: ignore[misc] # pyright: ignore[reportAttributeAccessIssue]


@pytest.mark.parametrize("renew", [copy.deepcopy, lambda it: pickle.loads(pickle.dumps(it))])
def test_a_copy_gives_the_same_verdicts(renew: Callable[[Exemplars[str]], Exemplars[str]]) -> None:
    assert renew(DESK).classify("charged twice") == DESK.classify("charged twice")


PROGRAM = """
import json, sys
from agentgraph.classify import Exemplars
desk = Exemplars(json.loads(sys.argv[1]))
for text in json.loads(sys.argv[2]):
    print(desk.classify(text))
"""


def test_the_verdicts_do_not_depend_on_the_hash_seed() -> None:
    texts = ["my card was charged", "the page crashes on login", "hello", "pasword, file, plan"]
    answers = [
        subprocess.run(
            [sys.executable, "-c", PROGRAM, json.dumps(SHOWN), json.dumps(texts)],
            env={**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": str(ROOT)},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("1", "2", "77")
    ]

    assert answers[0].count("\n") == len(texts)
    assert answers[0] == answers[1] == answers[2]


@pytest.mark.parametrize(
    ("examples", "message"),
    [
        ({}, "exemplars of 0 labels"),
        ({"a": ["x"]}, "exemplars of 1 label"),
        ({"a": "refund", "b": ["x"]}, "the exemplars of 'a' are 'refund'"),
        ({"a": [], "b": ["x"]}, "the exemplars of 'a' are"),
        ({"a": ["x"], "b": ["y", "!"]}, "an exemplar of 'b' has no word"),
        ({"a": ["x"], "b": ["y", 3]}, "an exemplar of 'b' is 3"),
    ],
)
def test_exemplars_that_show_nothing_are_refused(
    examples: dict[str, list[str]], message: str
) -> None:
    with pytest.raises(InvalidAgent, match=message):
        Exemplars(examples)
