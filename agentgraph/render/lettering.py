"""How wide a text is drawn, and which characters of it are shown; not how it is escaped.

Rules of this file:

1. Widths come from a table of a wide typeface, not from the fonts of this machine, so
   that a drawing has the same bytes everywhere. Whatever sans-serif face a viewer has
   is narrower, so a text never leaves its box.
2. A character that nobody can see, or that turns its neighbours around, is shown by its
   escape. What is left is legal in XML.
"""

from functools import lru_cache
from math import fsum
from unicodedata import category, combining, east_asian_width

from agentgraph.render.palette import LOOKS

LINE_LIMIT = 28
"""Characters to a line of a name."""
LINES_MAX = 3

_EM = {letter: int(width) / 20 for width, letters in LOOKS["letters"].items() for letter in letters}
"""Ems in DejaVu Sans, one of the widest faces in use; the table counts in twentieths."""
_BOLD = 1.15
"""How much wider a bold face is, on average over a word."""
# The joiners hold emoji and the letters of some scripts together.
_JOINERS = frozenset("\u200c\u200d")
_UNSEEN = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})


def shown(text: str) -> str:
    """Return `text` with each invisible or illegal character replaced by its escape."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(map(_shown_character, text))


def width(text: str, size: float, *, bold: bool = False) -> float:
    """Return how many pixels `text` takes at most at this font size."""
    # Not `sum`: what it gives for fractions has changed between releases of Python.
    return fsum(map(_ems, text)) * size * (_BOLD if bold else 1.0)


def visible(text: str) -> str:
    """Return `text` as it is shown, in quotes where there would be nothing to see."""
    seen = shown(text)
    return seen if seen.strip() else f'"{seen}"'


def lines_of(text: str) -> tuple[str, ...]:
    """Break what is shown into at most three lines; of a longer text the middle is left out."""
    shortened = _shortened(text, LINE_LIMIT * LINES_MAX)
    lines: list[str] = []
    while len(shortened) > LINE_LIMIT and len(lines) < LINES_MAX - 1:
        cut = _break_before(shortened)
        lines.append(shortened[:cut].rstrip())
        shortened = shortened[cut:].lstrip()
    return (*lines, _shortened(shortened, LINE_LIMIT + 2))


def _shortened(text: str, limit: int) -> str:
    """Leave out the middle of a text that has more than `limit` characters."""
    if len(text) <= limit:
        return text
    half = (limit - 1) // 2
    return f"{text[:half]}\u2026{text[-half:]}"


def _break_before(text: str) -> int:
    """Find where a line ends: after a space, `_`, `-`, `.`, `:` or `/`, else in the word."""
    for cut in range(LINE_LIMIT, LINE_LIMIT // 2, -1):
        if text[cut - 1] in " _-.:/" and not combining(text[cut]):
            return cut
    cut = LINE_LIMIT
    while cut > LINE_LIMIT // 2 and combining(text[cut]):
        cut -= 1
    return cut


def _shown_character(letter: str) -> str:
    kind = category(letter)
    if kind == "Zs":
        return " "
    illegal = ord(letter) & 0xFFFE == 0xFFFE
    if letter in _JOINERS or (kind not in _UNSEEN and not illegal):
        return letter
    return letter.encode("unicode_escape", "surrogatepass").decode("ascii")


@lru_cache(maxsize=4096)
def _ems(letter: str) -> float:
    known = _EM.get(letter)
    if known is not None:
        return known
    kind = category(letter)
    if kind in {"Mn", "Me"} or letter in _JOINERS:
        return 0.0
    if east_asian_width(letter) in "WF":
        return 1.3 if ord(letter) >= 0x1F000 and kind == "So" else 1.0
    return 0.75 if ord(letter) < 0x250 else 1.0
