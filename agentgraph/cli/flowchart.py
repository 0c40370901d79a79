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
_PAIRS: Final = (
    r"((( )))  (( ))  ([ ])  [[ ]]  [( )]  {{ }}  [/ /]  [\ \]  [/ \]  [\ /]  { }  ( )  [ ]  > ]"
)
# In quotes anything may stand.
_SHAPES: Final = [
    (begin, re.compile(f'{re.escape(begin)}("[^"]*".*?|(?!").*?){re.escape(end)}'))
    for begin, end in map(str.split, _PAIRS.split("  "))
]
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
            arrow = self._taken(_ARROW, "is not understood")
            targets = self._boxes()
            label = _plain(arrow["label"] or arrow["text"] or "")
            ways = [(a, b, label, self._number) for a in sources for b in targets]
            self._chart.arrows += ways
            sources = targets

    def _boxes(self) -> list[str]:
        found = [self._box()]
        while self._follows(_AND):
            found.append(self._box())
        return found

    def _box(self) -> str:
        name = self._taken(_ID, "is no box")[0]
        shape = self._chart.shapes.setdefault(name, Shape(name, name, "", self._group))
        for opening, pattern in _SHAPES:
            if found := self._follows(pattern):
                shape.text, shape.form = _plain(found[1]), opening
                break
        self._follows(_CLASS)
        return name

    def _taken(self, pattern: re.Pattern[str], fault: str) -> re.Match[str]:
        """Go on behind what must follow."""
        found = self._follows(pattern)
        if found is None:
            raise _refused(f"{self._line[self._at :]!r} {fault}", self._place)
        return found

    def _follows(self, pattern: re.Pattern[str]) -> re.Match[str] | None:
        """Go on behind what follows, if it does."""
        found = pattern.match(self._line, self._at)
        self._at = found.end() if found else self._at
        return found


def _plain(text: str) -> str:
    """Take a text out of its quotes, its codes and its markup."""
    text = re.sub(r"<br\s*/?>", "\n", text.strip().strip('"').strip("`"))
    return _CODE.sub(lambda code: _NAMED.get(code[1]) or chr(int(code[1])), text).strip()


def _refused(what: str, where: str) -> InvalidGraphFile:
    what = f"this flowchart cannot be read: {what}"
    fix = "take it out, or write it as a box, an arrow with or without a label, or a subgraph"
    return InvalidGraphFile(what, where=where, fix=fix)
