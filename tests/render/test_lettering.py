"""Which characters are shown, how wide they are, where a name is broken."""

import unicodedata
from fractions import Fraction
from xml.etree import ElementTree as ET

from hypothesis import given
from hypothesis import strategies as st

from agentgraph.render.lettering import LINE_LIMIT, LINES_MAX, lines_of, shown, visible, width

ANY = st.text(st.characters(exclude_categories=()))


def test_what_cannot_be_seen_is_shown_by_its_escape() -> None:
    assert shown("a\nb\x00\u202ec\ud800") == r"a\nb\x00\u202ec\ud800"
    assert shown("na\u00efve \u5ba1\u6838") == "na\u00efve \u5ba1\u6838"
    assert shown("a\u00a0b") == "a b"


def test_the_parts_of_an_emoji_stay_together() -> None:
    assert shown("\U0001f469\u200d\U0001f4bb") == "\U0001f469\u200d\U0001f4bb"


@given(ANY)
def test_any_shown_text_is_legal_xml_and_turns_nothing_around(text: str) -> None:
    found = shown(text)

    element = ET.Element("a")
    element.text = found
    assert ET.fromstring(ET.tostring(element, "utf-8")).text == (found or None)
    assert not {unicodedata.bidirectional(one) for one in found} & {"RLO", "LRO", "RLI", "LRI"}


def test_a_blank_name_is_shown_in_quotes() -> None:
    assert visible("") == '""'
    assert visible("  ") == '"  "'
    assert visible("a") == "a"


@given(ANY)
def test_any_text_fits_on_three_lines(text: str) -> None:
    lines = lines_of(visible(text))

    assert 1 <= len(lines) <= LINES_MAX
    assert all(len(line) <= LINE_LIMIT + 2 for line in lines)


def test_a_short_name_is_not_broken_and_a_long_one_after_a_word() -> None:
    assert lines_of("triage") == ("triage",)
    assert lines_of("summarise_the_whole_conversation") == (
        "summarise_the_whole_",
        "conversation",
    )


def test_the_middle_of_a_very_long_name_is_left_out() -> None:
    first, *_, last = lines_of("begin" + "x" * 200 + "end")

    assert first.startswith("begin")
    assert last.endswith("end")
    assert any("\u2026" in line for line in lines_of("x" * 200))


def test_wide_letters_take_more_room_than_narrow_ones() -> None:
    assert width("W" * 5, 10) == 50
    assert width("iii", 10) < width("mmm", 10)
    assert width("\u5ba1", 10) == 10
    assert width("e\u0301", 10) == width("e", 10)
    assert width("a", 10, bold=True) > width("a", 10)


def test_a_width_is_the_true_sum_rounded_once_so_that_it_is_the_same_in_every_release() -> None:
    texts = [f"step {number} of the {number * 7}th round" for number in range(50)]

    for text in texts:
        exact = sum((Fraction(width(letter, 1)) for letter in text), Fraction(0))
        assert width(text, 1) == float(exact)
