"""What happened before what: the base of concurrent writes, found by the lines they were made on.

A revision notes for each field the lines that wrote it, oldest first. The last line of the
tuple stands for the value; the others are writes that this one replaced. So a value is
replaced by another exactly when its last line is among the earlier lines of the other.
"""

from collections.abc import Iterable, Iterator
from typing import cast

from agentgraph.graph.line import Line
from agentgraph.state.revision import Revision, Writes

Written = tuple[Line, ...]


def noted(writes: Writes | None, fields: Iterable[str], line: Line) -> Writes:
    """Note that `fields` were written on `line`; a loop on one line adds nothing."""
    result = {} if writes is None else writes
    fresh = {n: (*w, line) for n in fields if not (w := result.get(n, ())) or w[-1] is not line}
    return {**result, **fresh} if fresh else result


def written(revision: Revision, name: str) -> Written:
    """Return the lines that wrote a field, oldest first."""
    return () if revision.writes is None else revision.writes.get(name, ())


def last_writes(found: Iterable[tuple[int, Written]]) -> dict[Line | None, tuple[int, Written]]:
    """Return the writes that no other of them replaced, each with the first place that has it."""
    distinct: dict[Line | None, tuple[int, Written]] = {}
    replaced: set[Line | None] = set()
    for place, lines in found:
        distinct.setdefault(lines[-1] if lines else None, (place, lines))
        replaced.update(lines[:-1])
    if len(distinct) > 1:
        replaced.add(None)
    return {last: entry for last, entry in distinct.items() if last not in replaced}


def nearest_past(
    name: str, common: frozenset[Line], origin: Revision | None, lines: Iterable[Line | None]
) -> Revision | None:
    """Find the revision whose writes of a field are exactly `common`."""
    if origin is not None and common == frozenset(written(origin, name)):
        return origin
    for revision in _past(lines):
        if common == frozenset(written(revision, name)):
            return revision
    return None


def _past(lines: Iterable[Line | None]) -> Iterator[Revision]:
    """Walk upward over the revisions at which the lines, and theirs, were forked."""
    seen: set[Line] = set()
    ahead = list(lines)
    for line in ahead:
        if line is None or line in seen:
            continue
        seen.add(line)
        ahead.extend(line.parents)
        if line.fork is not None:
            yield cast("Revision", line.fork.origin)
            ahead.append(line.fork.parent)
