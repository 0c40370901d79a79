"""XML as text: numbers, escaped words and attributes; not what is said with them."""

import re
from functools import lru_cache
from xml.sax.saxutils import escape, quoteattr

_LINE_ENDS = {"\n": "&#10;"}
_SPECIAL = re.compile('[&<>"\n\r\t]')
"""What has to be escaped: few texts hold any of it, and there are many texts."""


@lru_cache(maxsize=4096)
def number(value: float) -> str:
    """Write a length with one decimal at most."""
    text = f"{value:.1f}".removesuffix(".0")
    return "0" if text == "-0" else text


def words(text: str, x: float, y: float, kind: str = "") -> str:
    """Write a text element; `text` holds shown characters only, and is escaped here."""
    name = f' class="{kind}"' if kind else ""
    at = f' x="{number(x)}"' if abs(x) >= 0.05 else ""
    return f'<text{name}{at} y="{number(y)}">{_escaped(text)}</text>'


def rect(kind: str, left: float, top: float, wide: float, high: float, *, radius: float) -> str:
    """Write a rectangle with round corners."""
    name = f' class="{kind}"' if kind else ""
    at = f'x="{number(left)}" y="{number(top)}"'
    return (
        f'<rect{name} {at} width="{number(wide)}" height="{number(high)}" rx="{number(radius)}"/>'
    )


def element(name: str, text: str) -> str:
    """Write an element that holds nothing but text, on one line whatever the text."""
    return f"<{name}>{_escaped(text)}</{name}>"


def attributes(**values: str | None) -> str:
    """Write attributes, each with a blank in front; `_` in a name is a hyphen, None is left out."""
    return "".join(
        [
            f" {name.rstrip('_').replace('_', '-')}={_quoted(value)}"
            for name, value in values.items()
            if value is not None
        ]
    )


def _escaped(text: str) -> str:
    return escape(text, _LINE_ENDS) if _SPECIAL.search(text) else text


def _quoted(text: str) -> str:
    return quoteattr(text) if _SPECIAL.search(text) else f'"{text}"'
