"""Merging by happened-before: one revision out of those that parallel branches bring to a join.

Rules of this file:

1. A write replaces the writes that happened before it. What is left of a field is either
   one write, whose value stands, or several concurrent ones, which its reducer merges.
2. The order is that in which the branches were declared; when they finished never shows.
3. A reducer compares with the nearest common past. Where some of the writes share a nearer
   past than the rest, they are merged first: so each change is counted once.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple, NoReturn, cast

from agentgraph.errors import InvalidEdit, MergeConflict
from agentgraph.graph.line import Line
from agentgraph.state.copies import clone
from agentgraph.state.field import Field
from agentgraph.state.history import Written, last_writes, nearest_past, noted, written
from agentgraph.state.lent import Lent
from agentgraph.state.reducers import OURS, Clash, append, in_front, name_of
from agentgraph.state.revision import Revision, Tip, Writes, value_of

Entry = tuple[int, Written]
"""The place of a tip among the tips, and the lines that wrote the field there."""

_UNTANGLE = "join the branches that write it in one place, or let one branch alone write it"


def merged(
    fields: Mapping[str, Field], origin: Revision | None, tips: Sequence[Tip], line: Line | None
) -> Revision:
    """Merge the tips of a join; raise MergeConflict when nothing says how."""
    first = tips[0].revision
    values = {name: value_of(first, name) for name in fields}
    kept: Writes = {}
    reduced: list[str] = []
    changed: dict[str, None] = {}
    past = first if origin is None else origin
    for name, entries in _by_field(tips).items():
        left = last_writes(entries)
        place, lines = next(iter(left.values()))
        if len(left) == 1:
            values[name] = value_of(tips[place].revision, name)
        else:
            values[name] = _Join(fields[name], origin, tips).reduce(list(left.values()))
            reduced.append(name)
            lines = tuple(dict.fromkeys(one for entry in left.values() for one in entry[1]))
        kept[name] = lines
        if lines != written(past, name):
            changed[name] = None
    fields_set = set[str]().union(*(tip.revision.fields_set for tip in tips))
    lengths = {n: len(v) for n, v in values.items() if isinstance(v, Lent)} or None
    # Where the ways cross, all is noted of who wrote what; else one write on the line that goes on.
    if line is None:
        writes = None
    elif line.parents == tuple(tip.line for tip in tips):  # It was made where these met.
        writes = noted(kept, reduced, line)
    else:
        writes = noted(None if origin is None else origin.writes, changed, line)
    return Revision(values, fields_set, writes, changed, lengths, None)


def _by_field(tips: Sequence[Tip]) -> dict[str, list[Entry]]:
    found: dict[str, list[Entry]] = {}
    for place, tip in enumerate(tips):
        for name, lines in (tip.revision.writes or {}).items():
            found.setdefault(name, []).append((place, lines))
    return found


class _Join(NamedTuple):
    """The merging of one field; it exists while that lasts."""

    field: Field
    origin: Revision | None
    tips: Sequence[Tip]

    def reduce(self, entries: Sequence[Entry]) -> object:
        """Merge the values of concurrent writes, and validate what comes out."""
        if self.field.reduce is None:
            self._refuse(
                entries,
                "parallel branches wrote it, and it has no reducer",
                f"give it one, as in `{self.field.name}: Annotated[..., latest_declared]`,"
                " or let one branch alone write it",
            )
        result = self._fold(entries)
        try:
            if self.field.is_lent:
                # Its reducer is `append`: each item was validated when its branch committed.
                return Lent(cast("list[object]", result), self.field.name)
            return self.field.accept(result, self.tips[0].revision.values)
        except InvalidEdit as error:
            what = f"the merged value of {self.field.name!r} does not validate: {error.what}"
            fix = "let the reducer return what the annotation and the validators allow"
            raise self._conflict(entries, what, fix) from error

    def _fold(self, entries: Sequence[Entry]) -> object:
        """Merge groups that share a nearer past first, then their results."""
        common = frozenset(entries[0][1]).intersection(*(lines for _, lines in entries[1:]))
        groups = _groups(entries, common)
        if len(groups) == 1:
            self._refuse(entries, "the branches that wrote it cross", _UNTANGLE)
        branches = (self.tips[place].line for place, _ in entries)
        base = nearest_past(self.field.name, common, self.origin, branches)
        if base is None:
            self._refuse(entries, "its writes have no single nearest common past", _UNTANGLE)
        past = value_of(base, self.field.name)
        values: list[object] = []
        for group in groups:
            alone = len(group) == 1
            first = self.tips[group[0][0]].revision
            value = value_of(first, self.field.name) if alone else self._fold(group)
            if self.field.reduce is append and _has_crossed(group, common):
                value = in_front(cast("list[object]", past), cast("list[object]", value))
            values.append(value)
        return self._call(past, values, groups)

    def _call(self, base: object, values: list[object], groups: list[list[Entry]]) -> object:
        reduce = self.field.reduce
        assert reduce is not None, "asked for before any value is merged"  # cannot be false
        try:
            if reduce in OURS:
                return reduce(base, values)
            # Somebody's function may edit what it is given.
            return reduce(clone(base), [clone(value) for value in values])
        except Clash as clash:
            at = [entry for position in clash.positions for entry in groups[position]]
            self._refuse(at, str(clash), "let one branch make the change, or write a reducer")
        except Exception as error:
            every = [entry for group in groups for entry in group]
            what = f"the reducer {name_of(reduce)!r} failed: {type(error).__name__}: {error}"
            fix = "mend the reducer: it gets the common past and a list of values"
            raise self._conflict(every, what, fix) from error

    def _refuse(self, entries: Sequence[Entry], why: str, fix: str) -> NoReturn:
        what = f"field {self.field.name!r} cannot be merged: {why}"
        raise self._conflict(entries, what, fix)

    def _conflict(self, entries: Sequence[Entry], what: str, fix: str) -> MergeConflict:
        names = tuple(self.tips[place].name for place, _ in sorted(entries, key=lambda e: e[0]))
        where = f"{self.field.where}, at the join of {', '.join(map(repr, names))}"
        return MergeConflict(what, where=where, fix=fix, field=self.field.name, branches=names)


def _has_crossed(group: Sequence[Entry], common: frozenset[Line]) -> bool:
    return any(line.fork is None for _, lines in group for line in lines if line not in common)


def _groups(entries: Sequence[Entry], common: frozenset[Line]) -> list[list[Entry]]:
    """Put writes together that share some past beyond what all of them share."""
    roots = list(range(len(entries)))

    def root(at: int) -> int:
        while roots[at] != at:
            roots[at] = at = roots[roots[at]]
        return at

    home: dict[Line, int] = {}
    for at, (_, lines) in enumerate(entries):
        for line in lines:
            if line not in common:
                # The earlier one is the root, so that groups keep the declared order.
                one, other = sorted((root(home.setdefault(line, at)), root(at)))
                roots[other] = one
    groups: dict[int, list[Entry]] = {}
    for at, entry in enumerate(entries):
        groups.setdefault(root(at), []).append(entry)
    return list(groups.values())
