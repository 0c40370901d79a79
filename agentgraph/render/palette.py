"""The colours of a picture, and how each kind looks; the rules that use them are in `picture.css`.

The values are data: `looks.json`.

Rules of this file:

1. Text has a contrast of 4.5 at least to what lies under it, the text of a figure 7,
   lines 3. A test computes it for every pair that occurs.
2. No meaning lies in colour alone: each kind has a shape or a dash of its own.
3. No `var()`, no `@import`, no `url()`: viewers other than browsers know none of them,
   and a picture refers to nothing outside.
"""

import json
import re
from collections.abc import Container
from functools import lru_cache
from importlib.resources import files
from string import Template
from typing import Any, Final, Literal, NamedTuple

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


class Look(NamedTuple):
    """How one kind of figure is told, painted, explained, and named in other languages."""

    told: str
    paint: str
    """The class of its colours: one of `Palette.kinds`, or `terminal`, `missing`, `undo`."""
    legend: str
    icon: str
    mermaid: tuple[str, str]
    dot: str
    note: str = ""
    """What stands below its name, if anything always does."""


def _palette(theme: str) -> Palette:
    given = LOOKS["themes"][theme]
    kinds = {kind: Paint(*paint) for kind, paint in given["kinds"].items()}
    return Palette(**given | {"kinds": kinds})


def read(name: str) -> str:
    """Return a text file that lies in this package."""
    return files("agentgraph.render").joinpath(name).read_text("utf-8")


LOOKS: Final[dict[str, Any]] = json.loads(read("looks.json"))
"""What is known of each kind of figure, arrow and group, and of each theme; icons have `'` for `"`.

Also what marks mean, what is said of a node and how its standing looks on a terminal, and how
wide letters are.
"""
FIGURES: Final = {kind: Look(**look) for kind, look in LOOKS["figures"].items()}
LIGHT, DARK = _palette("light"), _palette("dark")

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
    shapes, colours, forced = (
        "".join(f"{_scoped(rule, scope)}\n" for rule in part.splitlines())
        for part in read("picture.css").split("\n\n")[1:]
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
