"""XML as text: numbers, escaped words and attributes; not what is said with them."""

from xml.sax.saxutils import escape, quoteattr

_LINE_ENDS = {"\n": "&#10;"}


def number(value: float) -> str:
    """Write a length with one decimal at most."""
    text = f"{value:.1f}".removesuffix(".0")
    return "0" if text == "-0" else text


def words(text: str, x: float, y: float, kind: str = "") -> str:
    """Write a text element; `text` holds shown characters only, and is escaped here."""
    name = f' class="{kind}"' if kind else ""
    at = f' x="{number(x)}"' if abs(x) >= 0.05 else ""
    return f'<text{name}{at} y="{number(y)}">{escape(text)}</text>'


def element(name: str, text: str) -> str:
    """Write an element that holds nothing but text, on one line whatever the text."""
    return f"<{name}>{escape(text, _LINE_ENDS)}</{name}>"


def attributes(**values: str | None) -> str:
    """Write attributes, each with a blank in front; `_` in a name is a hyphen, None is left out."""
    return "".join(
        f" {name.rstrip('_').replace('_', '-')}={quoteattr(value)}"
        for name, value in values.items()
        if value is not None
    )
