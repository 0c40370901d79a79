"""Reads a Mermaid flowchart: its boxes, its arrows, its groups; not what becomes of them.

Rules of this file:

1. Looks are skipped: styles, classes, directions, comments, clicks.
2. What else is not known is an error with its line. Nothing is guessed and nothing dropped.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from agentgraph.errors import InvalidGraphFile

_LOOKS: Final = re.compile(
    r"(classDef|class|style|linkStyle|click|direction|accTitle|accDescr)\b|%%"
)
_HEAD: Final = re.compile(r"(flowchart|graph)(\s+(TB|TD|BT|LR|RL))?\s*;?$")
_SHAPES: Final = (
    ("(((", ")))"), ("((", "))"), ("([", "])"), ("[[", "]]"), ("[(", ")]"), ("{{", "}}"),
    ("[/", "/]"), ("[\\", "\\]"), ("[/", "\\]"), ("[\\", "/]"), ("{", "}"), ("(", ")"),
    ("[", "]"), (">", "]"),
)  # fmt: skip
_ID: Final = re.compile(r"[^\W](?:[\w.]|-(?![-.]))*")
_ARROW: Final = re.compile(
    r"\s*(?:(?:<?--+|<?==+|-\.)\s+(?P<text>[^|>]+?)\s+(?:--+>|==+>|\.-+>)|(?:--+>|==+>|-\.+->))"
    r"(?:\s*\|(?P<label>[^|]*)\|)?\s*"
)
_AND: Final = re.compile(r"\s*&\s*")
_CLASS: Final = re.compile(r":::[\w-]*")
_CODE: Final = re.compile(r"#(\d+|quot|amp|lt|gt);")
_NAMED: Final = {"quot": '"', "amp": "&", "lt": "<", "gt": ">"}


@dataclass(slots=True)
class Shape:
    """A box of a flowchart: its text, how it is drawn, the group it stands in."""

    id: str
    text: str = ""
    form: str = ""
    group: str = ""


@dataclass(slots=True)
class Chart:
    """What was read: boxes in the order of their first mention, and arrows with their labels."""

    shapes: dict[str, Shape] = field(default_factory=dict[str, Shape])
    arrows: list[tuple[str, str, str, int]] = field(default_factory=list[tuple[str, str, str, int]])


def read(text: str, where: str) -> Chart:
    """Read a flowchart. Raises `InvalidGraphFile` with the line that is not understood."""
    chart, groups, begun = Chart(), [""], False
    for number, line in _statements(text):
        place = f"line {number} of {where}"
        if not begun:
            if _HEAD.match(line) is None:
                raise _refused(f"{line!r} is no beginning of a flowchart", place)
            begun = True
        elif line == "end" and len(groups) > 1:
            groups.pop()
        elif line.startswith("subgraph"):
            title = re.sub(r'^\S+\s*\[\s*"?(.*?)"?\s*\]$', r"\1", line[8:].strip())
            groups.append(_plain(title))
        elif _LOOKS.match(line) is None:
            _Reading(chart, line, number, place, groups[-1]).read()
    if not chart.shapes:
        raise _refused("there is no box in it", where)
    return chart


def _statements(text: str) -> Iterator[tuple[int, str]]:
    """Yield what stands on each line, without the front matter."""
    lines = text.splitlines()
    matter = next((n for n, line in enumerate(lines[1:], 1) if line.strip() == "---"), 0)
    first = matter + 1 if lines and lines[0].strip() == "---" else 0
    for number, line in enumerate(lines[first:], first + 1):
        if line.strip().rstrip(";") and not line.strip().startswith("%%"):
            yield number, line.strip().rstrip(";").strip()


class _Reading:
    """One line of a chart: boxes, with arrows between them."""

    def __init__(self, chart: Chart, line: str, number: int, place: str, group: str) -> None:
        self._chart, self._line, self._number = chart, line, number
        self._place, self._group, self._at = place, group, 0

    def read(self) -> None:
        sources = self._boxes()
        while self._at < len(self._line):
            arrow = _ARROW.match(self._line, self._at)
            if arrow is None:
                raise _refused(f"{self._line[self._at :]!r} is not understood", self._place)
            self._at = arrow.end()
            targets = self._boxes()
            label = _plain(arrow["label"] or arrow["text"] or "")
            ways = [(a, b, label, self._number) for a in sources for b in targets]
            self._chart.arrows += ways
            sources = targets

    def _boxes(self) -> list[str]:
        found = [self._box()]
        while joined := _AND.match(self._line, self._at):
            self._at = joined.end()
            found.append(self._box())
        return found

    def _box(self) -> str:
        name = _ID.match(self._line, self._at)
        if name is None:
            raise _refused(f"{self._line[self._at :]!r} is no box", self._place)
        self._at = name.end()
        shape = self._chart.shapes.setdefault(name[0], Shape(name[0], name[0], "", self._group))
        for opening, closing in _SHAPES:
            if self._line.startswith(opening, self._at):
                end = self._end(closing, self._at + len(opening))
                if end >= 0:
                    shape.text = _plain(self._line[self._at + len(opening) : end])
                    shape.form, self._at = opening, end + len(closing)
                    break
        if look := _CLASS.match(self._line, self._at):
            self._at = look.end()
        return name[0]

    def _end(self, closing: str, start: int) -> int:
        """Find where a box ends; in quotes anything may stand."""
        if self._line.startswith('"', start):
            start = self._line.find('"', start + 1)
        return self._line.find(closing, start) if start >= 0 else -1


def _plain(text: str) -> str:
    """Take a text out of its quotes, its codes and its markup."""
    text = re.sub(r"<br\s*/?>", "\n", text.strip().strip('"').strip("`"))
    known = _CODE.sub(lambda code: _NAMED.get(code[1]) or chr(int(code[1])), text)
    return known.strip()


def _refused(what: str, where: str) -> InvalidGraphFile:
    return InvalidGraphFile(
        f"this flowchart cannot be read: {what}",
        where=where,
        fix="take it out, or write it as a box, an arrow with or without a label, or a subgraph",
    )
