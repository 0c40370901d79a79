"""The colours of a picture in light and in dark, and its style sheet; not its shapes.

Rules of this file:

1. Text has a contrast of 4.5 at least to what lies under it, the text of a figure 7,
   lines 3. A test computes it for every pair that occurs.
2. No meaning lies in colour alone: each kind has a shape or a dash of its own.
3. No `var()`, no `@import`, no `url()`: viewers other than browsers know none of them,
   and a picture refers to nothing outside.
"""

import re
from collections.abc import Container
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

_SHAPE_RULES = f"""\
{{0}}{{{{max-width:100%;height:auto;font-family:{FONT};font-size:{NAME_SIZE}px}}}}
{{0}} text{{{{text-anchor:middle}}}}
{{0}} .name{{{{font-weight:600}}}}
{{0}} .note,{{0}} .label{{{{font-size:{NOTE_SIZE}px}}}}
{{0}} .heading{{{{font-size:{HEADING_SIZE}px;font-weight:600;text-anchor:start}}}}
{{0}} .start,{{0}} .title{{{{text-anchor:start}}}}
{{0}} .title{{{{font-size:{NOTE_SIZE}px;font-weight:600}}}}
{{0}} .badge text,{{0}} .bar text{{{{font-size:{NOTE_SIZE}px;font-weight:600}}}}
{{0}} .box{{{{stroke-width:1.5}}}}
{{0}} .glyph,{{0}} .line,{{0}} .slash{{{{fill:none;stroke-width:1.4;stroke-linecap:round;stroke-linejoin:round}}}}
{{0}} .branch .line{{{{stroke-width:1.6}}}}
{{0}} .unsure .line{{{{stroke-dasharray:2 4}}}}
{{0}} .then .line{{{{stroke-dasharray:9 3 2 3}}}}
{{0}} .catch .line,{{0}} .missing .box{{{{stroke-dasharray:6 4}}}}
{{0}} .seen .line{{{{stroke-width:2.2}}}}
{{0}} .frame{{{{stroke-width:1.2}}}}
{{0}} .loop .frame,{{0}} .quorum .frame,{{0}} .catch .frame{{{{stroke-dasharray:5 4}}}}
"""
_SIGN_RULES = """\
{0} .path .line,{0} .added .line,{0} .changed .line{{stroke-width:2.4}}
{0} .path .box,{0} .waits .box,{0} .added .box,{0} .changed .box{{stroke-width:2.6}}
{0} .removed .box,{0} .removed .line{{stroke-width:2;stroke-dasharray:6 4}}
{0} .changed .box{{stroke-dasharray:12 3}}
"""
_RUN_RULES = """\
{0} .at-failed .box,{0} .at-waiting .box,{0} .at-running .box{{stroke-width:2.6}}
{0} .caption{{text-anchor:start;font-size:11px}}
{0} .track{{fill-opacity:.35}}
"""
# Where the viewer chose the colours, shapes and dashes say it all.
_FORCED_RULES = """\
{0} .canvas,{0} .frame,{0} .box,{0} .chip,{0} .ring{{fill:Canvas;stroke:CanvasText}}
{0} text,{0} .dot,{0} .tip,{0} .bar .box,{0} .badge rect{{fill:CanvasText}}
{0} .line,{0} .slash,{0} .glyph{{stroke:CanvasText}}
{0} .bar text,{0} .badge text{{fill:Canvas}}
"""
_CLASS = re.compile(r"\.([a-z-]+)")
Rules = list[tuple[str, str]]


def style_sheet(theme: Theme, scope: str = ".ag", used: Container[str] | None = None) -> str:
    """Write the rules of a theme; `auto` follows the viewer, without script.

    With `used`, rules for classes that are not among these are left out.
    """
    light, dark = (
        "".join(
            f"{_scoped(names, scope)}{{{body}}}\n"
            for names, body in (*_colours(palette), *_signs(palette), *_runs(palette))
        )
        for palette in (LIGHT, DARK)
    )
    if theme == "auto":
        # On paper it is always light.
        colours = f"{light}@media screen and (prefers-color-scheme:dark){{\n{dark}}}\n"
    else:
        colours = light if theme == "light" else dark
    forced = f"@media (forced-colors:active){{\n{_FORCED_RULES.format(scope)}}}\n"
    shapes = "".join(rules.format(scope) for rules in (_SHAPE_RULES, _SIGN_RULES, _RUN_RULES))
    lines = f"{shapes}{colours}{forced}".splitlines(keepends=True)
    return "".join(line for line in lines if used is None or _needed(line, used))


def _needed(rule: str, used: Container[str]) -> bool:
    """Say whether any selector of a rule names only classes in use."""
    selectors = rule.partition("{")[0]
    return rule.startswith(("@", "}")) or any(
        all(name in used for name in _CLASS.findall(selector)) for selector in selectors.split(",")
    )


def _colours(palette: Palette) -> Rules:
    rules = [
        (".canvas", f"fill:{palette.canvas}"),
        ("text", f"fill:{palette.ink}"),
        (".note,.label,.title", f"fill:{palette.muted}"),
        (".line,.glyph", f"stroke:{palette.line}"),
        (".tip", f"fill:{palette.line}"),
        (".dot", f"fill:{palette.ink};stroke:{palette.ink}"),
        (".ring", f"fill:{palette.canvas};stroke:{palette.ink}"),
        (".frame", f"fill:{palette.frame};stroke:{palette.soft}"),
        (".chip", f"fill:{palette.canvas}"),
    ]
    for kind, paint in palette.kinds.items():
        rules += [
            (f".{kind} .box", f"fill:{paint.fill};stroke:{paint.line}"),
            (f".{kind} .glyph,.{kind} .chip", f"stroke:{paint.line}"),
        ]
    rules += [
        (".bar text", f"fill:{palette.canvas}"),
        (".missing .box", f"fill:{palette.canvas};stroke:{palette.alarm}"),
        (".catch .line,.catch .frame", f"stroke:{palette.alarm}"),
        (".catch .tip,.catch .label,.catch .title,.missing text", f"fill:{palette.alarm}"),
        (".unsure .line,.slash", f"stroke:{palette.doubt}"),
        (".unsure .tip,.unsure .label", f"fill:{palette.doubt}"),
        (".seen .line", f"stroke:{palette.ink}"),
        (".seen .tip,.seen .label", f"fill:{palette.ink}"),
        (".unseen .box,.unseen .dot,.unseen .ring", f"fill:{palette.canvas};stroke:{palette.soft}"),
        (".unseen .line,.unseen .glyph,.unseen .chip", f"stroke:{palette.soft}"),
        (".unseen .tip", f"fill:{palette.soft}"),
        (".unseen text,.unseen .label", f"fill:{palette.muted}"),
        (".badge rect", f"fill:{palette.ink}"),
        (".badge text", f"fill:{palette.canvas}"),
    ]
    return rules


def _signs(palette: Palette) -> Rules:
    """The colours of marks; each has a number, a word or a dash besides."""
    rules: Rules = [
        (".unseen>.frame", f"stroke:{palette.soft}"),
        (".unseen>.title", f"fill:{palette.muted}"),
    ]
    for colour, signs in (
        (palette.alarm, ("path", "fault", "waits", "removed")),
        (palette.gain, ("added",)),
        (palette.doubt, ("changed",)),
    ):
        lines = [f".{sign} {part}" for sign in signs for part in (".box", ".ring", ".line")]
        fills = [f".{sign} {part}" for sign in signs for part in (".tip", ".label", ".badge rect")]
        rules.append((",".join([*lines, *(f".{s}>.frame" for s in signs)]), f"stroke:{colour}"))
        rules.append((",".join(fills), f"fill:{colour}"))
    rules.append((".fault .box", f"fill:{palette.alarm}"))
    rules.append((".fault text,.fault .note", f"fill:{palette.canvas}"))
    rules.append((".fault .glyph,.fault .chip", f"stroke:{palette.canvas}"))
    rules.append((".fault .chip", "fill:none"))
    return rules


def _runs(palette: Palette) -> Rules:
    rules: Rules = [
        (".caption", f"fill:{palette.muted}"),
        (".track", f"fill:{palette.soft}"),
        (".heat", f"fill:{palette.heat}"),
    ]
    for kind, colour in (
        ("failed", palette.alarm),
        ("waiting", palette.doubt),
        ("running", palette.gain),
    ):
        rules.append((f".at-{kind} .box,.glyph.{kind}", f"stroke:{colour}"))
        rules.append((f".note.{kind}", f"fill:{colour}"))
    return rules


def _scoped(names: str, scope: str) -> str:
    return ",".join(f"{scope} {name}" for name in names.split(","))
