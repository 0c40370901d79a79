"""The colours of a picture in light and in dark; the rules that use them are in `picture.css`.

Rules of this file:

1. Text has a contrast of 4.5 at least to what lies under it, the text of a figure 7,
   lines 3. A test computes it for every pair that occurs.
2. No meaning lies in colour alone: each kind has a shape or a dash of its own.
3. No `var()`, no `@import`, no `url()`: viewers other than browsers know none of them,
   and a picture refers to nothing outside.
"""

import re
from collections.abc import Container
from functools import lru_cache
from importlib.resources import files
from string import Template
from typing import Literal, NamedTuple

Theme = Literal["auto", "light", "dark"]

FONT = 'Inter,"Segoe UI",system-ui,"Helvetica Neue",Arial,"Noto Sans","DejaVu Sans",sans-serif'
NAME_SIZE = 13
NOTE_SIZE = 11
HEADING_SIZE = 16


class Paint(NamedTuple):
    """What a kind of figure is filled with, and the colour of its outline."""

    fill: str
    line: str


class Palette(NamedTuple):
    """The colours of one theme."""

    canvas: str
    ink: str
    muted: str
    line: str
    soft: str
    """Outlines of what a run did not come to."""
    alarm: str
    """Errors: catch edges, names that do not exist."""
    doubt: str
    """The way out when a choice is unsure."""
    gain: str
    """What was added."""
    heat: str
    """How long something took."""
    frame: str
    """The ground inside a frame."""
    kinds: dict[str, Paint]


LIGHT = Palette(
    canvas="#ffffff",
    ink="#18202b",
    muted="#525d6d",
    line="#566274",
    soft="#8791a0",
    alarm="#b3261e",
    doubt="#855d00",
    gain="#1a7a36",
    heat="#c2410c",
    frame="#f8fafc",
    kinds={
        "agent": Paint("#eef3fb", "#4a6796"),
        "choice": Paint("#fff3d6", "#8f6400"),
        "person": Paint("#f2eafd", "#6f42b5"),
        "votes": Paint("#e2f5f3", "#0e7069"),
        "each": Paint("#e9f0ff", "#2a58c5"),
        "bar": Paint("#3a4657", "#3a4657"),
    },
)
DARK = Palette(
    canvas="#10151c",
    ink="#eaf0f7",
    muted="#aab6c6",
    line="#97a5b8",
    soft="#6f7c8e",
    alarm="#ff8f85",
    doubt="#e5b84f",
    gain="#5fd07f",
    heat="#fb923c",
    frame="#161d27",
    kinds={
        "agent": Paint("#1c2839", "#8fabd8"),
        "choice": Paint("#30270f", "#e2b54a"),
        "person": Paint("#2a1f40", "#bb9cf2"),
        "votes": Paint("#0f2e2c", "#5fcbc3"),
        "each": Paint("#17264a", "#86adff"),
        "bar": Paint("#c3cedd", "#c3cedd"),
    },
)

_CLASS = re.compile(r"\.([a-z-]+)")


def style_sheet(theme: Theme, scope: str = ".ag", used: Container[str] | None = None) -> str:
    """Write the rules of a theme; `auto` follows the viewer, without script.

    With `used`, rules for classes that are not among these are left out.
    """
    shapes, colours, forced = _parts(scope)
    light, dark = (Template(colours).substitute(_named(palette)) for palette in (LIGHT, DARK))
    # On paper it is always light.
    both = f"{light}@media screen and (prefers-color-scheme:dark){{\n{dark}}}\n"
    themed = {"auto": both, "light": light, "dark": dark}[theme]
    sheet = f"{shapes}{themed}@media (forced-colors:active){{\n{forced}}}\n"
    lines = sheet.splitlines(keepends=True)
    return "".join(line for line in lines if used is None or _needed(line, used))


@lru_cache(maxsize=8)
def _parts(scope: str) -> tuple[str, str, str]:
    """The three parts of the style file, each rule under `scope`."""
    text = files("agentgraph.render").joinpath("picture.css").read_text("utf-8")
    shapes, colours, forced = (
        "".join(f"{_scoped(rule, scope)}\n" for rule in part.splitlines())
        for part in text.split("\n\n")[1:]
    )
    sizes = {"font": FONT, "name": NAME_SIZE, "note": NOTE_SIZE, "heading": HEADING_SIZE}
    return Template(shapes).substitute(sizes), colours, forced


def _scoped(rule: str, scope: str) -> str:
    selectors, brace, body = rule.partition("{")
    under = [f"{scope} {name}" for name in selectors.split(",")]
    return ",".join(under).replace(" &", "") + brace + body


def _named(palette: Palette) -> dict[str, str]:
    named = {f"{kind}_fill": paint.fill for kind, paint in palette.kinds.items()}
    named |= {f"{kind}_line": paint.line for kind, paint in palette.kinds.items()}
    return named | {name: str(value) for name, value in palette._asdict().items()}


def _needed(rule: str, used: Container[str]) -> bool:
    """Say whether any selector of a rule names only classes in use."""
    selectors = rule.partition("{")[0]
    return rule.startswith(("@", "}")) or any(
        all(name in used for name in _CLASS.findall(selector)) for selector in selectors.split(",")
    )
