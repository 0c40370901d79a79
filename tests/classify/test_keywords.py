"""Keywords: whole words and phrases, never substrings."""

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentgraph.classify import keywords, mentions
from agentgraph.errors import InvalidAgent

DESK = keywords(
    {
        "billing": ["refund", "charged twice", "invoice", "copy"],
        "account": ["password", "lost card", "log-in"],
        "tech": ["crash", "card"],
    }
)
WORD = st.text(string.ascii_letters + "\u00e4\u00f6\u00e9\u03b1\u03b2", min_size=1, max_size=8)


def label_of(text: str) -> str | None:
    verdict = DESK.classify(text)
    return verdict and verdict.label


def test_the_label_with_the_most_keywords_wins_by_its_share() -> None:
    verdict = DESK.classify("I was charged twice! A REFUND, please; my password is fine.")

    assert verdict is not None
    assert (verdict.label, verdict.source) == ("billing", "keywords")
    assert verdict.confidence == pytest.approx(2 / 3)
    assert verdict.probabilities == pytest.approx({"billing": 2 / 3, "account": 1 / 3, "tech": 0})
    assert verdict.rationale == "the text has 'charged twice', 'refund'"


@pytest.mark.parametrize(
    ("text", "label"),
    [
        ("two refunds, three invoices", "billing"),
        ("the app crashes", "tech"),
        ("copies of it", "billing"),
        ("the invoice's date", "billing"),
        ("Log in fails", "account"),
        ("I lost  card", "account"),
        ("card", "tech"),
        ("charged: twice", "billing"),
    ],
)
def test_a_keyword_matches_its_plural_and_across_punctuation(text: str, label: str) -> None:
    assert label_of(text) == label


@pytest.mark.parametrize(
    "text",
    ["prefunded", "a cardigan", "crashing", "passwordless", "twice charged", "refund_id", ""],
)
def test_what_is_only_part_of_a_word_does_not_match(text: str) -> None:
    assert label_of(text) is None


def test_the_plural_does_not_match_the_singular() -> None:
    press = keywords({"press": ["news"], "rest": ["old"]})

    assert press.classify("something new") is None


def test_a_tie_is_an_abstention() -> None:
    assert label_of("the invoice and the password") is None


def test_a_keyword_within_a_longer_one_does_not_count() -> None:
    verdict = DESK.classify("my lost card")

    assert verdict is not None
    assert (verdict.label, verdict.confidence) == ("account", 1.0)


def test_a_keyword_counts_once_however_often_it_stands_there() -> None:
    assert label_of("refund refund refund, the password and the log-in") == "account"


@given(WORD, WORD, WORD)
def test_a_keyword_inside_another_word_never_matches(before: str, word: str, after: str) -> None:
    found = keywords({"hit": [word], "miss": ["\u0416"]})

    assert found.classify(f"{before}{word}{after}") is None


@given(WORD, WORD, st.sampled_from([" ", ", ", "\n", "-", "/", "... "]))
def test_a_keyword_beside_other_words_always_matches(word: str, other: str, gap: str) -> None:
    found = keywords({"hit": [word], "miss": ["\u0416"]})

    for text in (word, f"{other}{gap}{word}", f"{word}{gap}{other}"):
        verdict = found.classify(text)
        assert verdict is not None
        assert verdict.label == "hit"


@given(st.lists(st.sampled_from(["refund", "password", "crash", "x", "Lost card"]), min_size=1))
def test_neither_case_nor_space_nor_the_order_of_labels_changes_a_verdict(parts: list[str]) -> None:
    words_of = {"tech": ["card", "crash"], "account": ["lost card", "password"], "a": ["refund"]}
    turned = {label: words_of[label][::-1] for label in reversed(words_of)}
    text = " ".join(parts)

    verdict = keywords(words_of).classify(text)
    same = keywords(turned).classify(f"\n {text.swapcase()}\t ")

    assert verdict == same
    if verdict is not None:
        assert verdict.probabilities is not None
        assert sum(verdict.probabilities.values()) == pytest.approx(1)
        assert verdict.confidence == max(verdict.probabilities.values())


@pytest.mark.parametrize(
    ("given_words", "message"),
    [
        ({}, "keywords of no label"),
        ({"a": "refund"}, "the keywords of 'a' are 'refund'"),
        ({"a": []}, "the keywords of 'a' are"),
        ({"a": ["refund", 3]}, "a keyword of 'a' is 3"),
        ({"a": ["??"]}, "has no word in it"),
        ({"a": ["Card"], "b": ["card"]}, "'card' is a keyword of 'a' and of 'b'"),
    ],
)
def test_keywords_that_cannot_decide_are_refused(
    given_words: dict[str, list[str]], message: str
) -> None:
    with pytest.raises(InvalidAgent, match=message.replace("?", r"\?")):
        keywords(given_words)


def test_of_two_keywords_for_the_same_words_the_one_that_is_written_so_wins() -> None:
    both = keywords({"one": ["card"], "many": ["cards"]})

    verdict = both.classify("my cards")
    assert verdict is not None
    assert verdict.label == "many"


def test_mentions_is_a_predicate_of_whole_words() -> None:
    is_about_planes = mentions("plane", "air ticket")

    assert [is_about_planes(text) for text in ("Planes!", "an air ticket", "a planet")] == [
        True,
        True,
        False,
    ]


def test_mentions_of_nothing_is_refused() -> None:
    with pytest.raises(InvalidAgent):
        mentions()
