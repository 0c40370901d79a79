"""How a text is cut into words."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentgraph.classify.words import words


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Charged TWICE, again!!", ["charged", "twice", "again"]),
        ("my card's e-mail: user_id=7", ["my", "card", "e", "mail", "user_id", "7"]),
        ("I don\u2019t 'know'", ["i", "don't", "know"]),
        ("R\u00dcCKERSTATTUNG Stra\u00dfe", ["r\u00fcckerstattung", "strasse"]),
        (
            "\u0939\u093f\u0928\u094d\u0926\u0940 \u092e\u0947\u0902",
            ["\u0939\u093f\u0928\u094d\u0926\u0940", "\u092e\u0947\u0902"],
        ),
        ("\u8bf7\u9000\u6b3e", ["\u8bf7", "\u9000", "\u6b3e"]),
        ("\u2600\ufe0frefund\U0001f621", ["refund"]),
        ("_ ' -- \u20ac", []),
        ("", []),
    ],
)
def test_a_text_has_these_words(text: str, expected: list[str]) -> None:
    assert words(text) == expected


def test_the_way_in_which_unicode_writes_a_sign_does_not_matter() -> None:
    text = "caf\u00e9 \ufb01x"

    assert words(unicodedata.normalize("NFD", text)) == words(text) == ["caf\u00e9", "fix"]


@given(st.text())
def test_a_word_has_a_letter_or_a_digit_and_no_space(text: str) -> None:
    for word in words(text):
        assert word == word.strip("'")
        assert not any(sign.isspace() for sign in word)
        assert any(sign.isalnum() for sign in word)


@given(st.text(), st.text())
def test_the_words_of_two_texts_with_space_between_are_the_words_of_both(a: str, b: str) -> None:
    assert words(f"{a} {b}") == words(a) + words(b)
