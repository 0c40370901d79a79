"""AG140: comments that silence a finding: `# agentgraph: ignore[AG402] one of them is empty`.

Rules of this file:

1. A comment stands on the line that the finding names; on a function with decorators, on any
   line from the first of them to the `def`.
2. It needs a reason. A proved error is never silenced.
3. A comment that silences nothing in a graph is a finding itself.
"""

import linecache
import re
from collections.abc import Iterable, Iterator
from itertools import takewhile
from typing import Final, NamedTuple

from agentgraph.errors import Finding, Place

_MARK: Final = re.compile(r"#\s*agentgraph:\s*ignore\[([\w\s,]*)\]\s*(.*)")
_known: Final[dict[str, tuple[list[str], dict[int, "_Mark"]]]] = {}


class _Mark(NamedTuple):
    codes: frozenset[str]
    reason: str
    line: int


def heard(findings: Iterable[Finding], places: Iterable[Place | None] = ()) -> list[Finding]:
    """Leave out what a comment silences, and add the comments at `places` that silence nothing."""
    found = list(findings)
    here = {place for place in places if place is not None}
    files = {place.file for place in (*here, *(f.place for f in found)) if place is not None}
    marks = {file: known for file in files if (known := _marks(file))}
    if not marks:
        return found
    used: set[tuple[str, int]] = set()
    left: list[Finding] = []
    for finding in found:
        place = finding.place
        mark = None if place is None else marks.get(place.file, {}).get(place.line)
        is_proved = finding.claim == "proved" and finding.severity == "error"
        if place is None or mark is None or is_proved or finding.code not in mark.codes:
            left.append(finding)
        elif mark.reason:
            used.add((place.file, mark.line))
        else:
            left.append(finding)
    wanted = {(p.file, mark) for p in here for mark in _below(p, marks.get(p.file, {}))}
    idle = sorted((file, mark.line, mark) for file, mark in wanted)
    return [*left, *(_idle(file, mark) for file, line, mark in idle if (file, line) not in used)]


def _idle(file: str, mark: _Mark) -> Finding:
    codes, place = ", ".join(sorted(mark.codes)), Place(file, mark.line)
    why = "silences nothing" if mark.reason else "has no reason"
    fix = "take it out: what it names is not found here, or is a proved error"
    if not mark.reason:
        fix = f"say why: `# agentgraph: ignore[{codes}] the reason`"
    what = f"the comment that ignores {codes} {why}"
    return Finding("AG140", what, "a comment", fix, place, severity="warning")


def _below(place: Place, marks: dict[int, _Mark]) -> list[_Mark]:
    """The comments from a line on, to the end of what begins there: of a function, its body."""
    lines, first = _known[place.file][0] if marks else [], place.line
    while first < len(lines) and lines[first - 1].lstrip().startswith("@"):
        first += 1
    depth = _depth("".join(lines[first - 1 : first]))
    body = takewhile(lambda text: not text.strip() or _depth(text) > depth, lines[first:])
    last = first + sum(1 for _ in body)
    return [mark for line, mark in marks.items() if place.line <= line <= last]


def _depth(line: str) -> int:
    return len(line) - len(line.lstrip())


def _marks(file: str) -> dict[int, _Mark]:
    """The comments of a file by each line that they stand for."""
    lines = linecache.getlines(file)
    if file not in _known or _known[file][0] is not lines:
        if len(_known) > 1_000:
            _known.clear()
        _known[file] = lines, dict(_read(lines))
    return _known[file][1]


def _read(lines: list[str]) -> Iterator[tuple[int, _Mark]]:
    for number, line in enumerate(lines, 1):
        if "agentgraph:" not in line or (found := _MARK.search(line)) is None:
            continue
        codes = frozenset(re.findall(r"\w+", found[1]))
        mark = _Mark(codes, found[2].strip(), number)
        yield number, mark
        # Python says that a function begins with its first decorator.
        above = number - 1
        while above and (lines[above - 1].lstrip().startswith("@")):
            yield above, mark
            above -= 1
