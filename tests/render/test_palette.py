"""Whether everything can be read: contrast in light and in dark, by the formula of WCAG 2."""

import pytest

from agentgraph.render.palette import DARK, LIGHT, Palette, style_sheet

THEMES = pytest.mark.parametrize("palette", [LIGHT, DARK], ids=["light", "dark"])


def luminance(colour: str) -> float:
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    low, high = sorted([luminance(one), luminance(other)])
    return (high + 0.05) / (low + 0.05)


def test_the_formula_is_the_known_one() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)


@THEMES
def test_the_text_of_a_figure_has_a_contrast_of_7(palette: Palette) -> None:
    for kind, paint in palette.kinds.items():
        text = palette.canvas if kind == "bar" else palette.ink
        assert contrast(text, paint.fill) >= 7, kind
    assert contrast(palette.ink, palette.canvas) >= 7


@THEMES
def test_all_other_text_has_a_contrast_of_4_and_a_half(palette: Palette) -> None:
    fills = [paint.fill for kind, paint in palette.kinds.items() if kind != "bar"]

    for ground in (palette.canvas, palette.frame):
        for text in (palette.muted, palette.alarm, palette.doubt, palette.gain):
            assert contrast(text, ground) >= 4.5, text
    assert min(contrast(palette.muted, fill) for fill in fills) >= 4.5


@THEMES
def test_every_line_has_a_contrast_of_3(palette: Palette) -> None:
    lines = [palette.line, palette.soft, palette.alarm, palette.doubt, palette.gain]
    lines += [paint.line for paint in palette.kinds.values()]

    assert min(contrast(line, palette.canvas) for line in lines) >= 3
    assert min(contrast(line, palette.frame) for line in lines) >= 3


def test_the_style_sheet_refers_to_nothing_outside() -> None:
    sheet = style_sheet("auto")

    assert not any(word in sheet for word in ("url(", "@import", "var(", "http"))


@THEMES
def test_what_is_written_on_the_colour_of_a_mark_can_be_read(palette: Palette) -> None:
    marks = (palette.alarm, palette.doubt, palette.gain)

    assert min(contrast(palette.canvas, mark) for mark in marks) >= 4.5


@THEMES
def test_what_a_run_did_can_be_read_on_every_figure(palette: Palette) -> None:
    fills = [paint.fill for kind, paint in palette.kinds.items() if kind != "bar"]

    for fill in (*fills, palette.canvas):
        assert contrast(palette.heat, fill) >= 3
        for text in (palette.alarm, palette.doubt, palette.gain):
            assert contrast(text, fill) >= 4.5, (text, fill)
