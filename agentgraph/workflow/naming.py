"""Gives the dots and areas of a sketch their names; two agents of one name are a finding.

A name of the user is kept as it is: first mentions take theirs before any number is
given, and what the user did not name takes what is left.
"""

from collections.abc import Iterable, Iterator
from itertools import count

from agentgraph.errors import Finding
from agentgraph.workflow.places import Places
from agentgraph.workflow.signature import place_of
from agentgraph.workflow.sketch import END, START, Dot, Sketch
from agentgraph.workflow.work import identity


class Names:
    """The names that are taken in one graph."""

    def __init__(self, taken: Iterable[str]) -> None:
        """Begin with the names that are taken already."""
        self._taken = set(taken)
        self._next: dict[str, Iterator[int]] = {}

    def new(self, name: str) -> str:
        """Return `name`, or the first of `name_2`, `name_3`, ... that is free."""
        numbers = self._next.setdefault(name, count(2))
        found = name
        while found in self._taken:
            found = f"{name}_{next(numbers)}"
        self._taken.add(found)
        return found


def name_all(sketch: Sketch, gone: set[int], places: Places) -> tuple[list[str], list[str]]:
    """Return the names of the dots and of the areas; what is wrong goes to the findings."""
    found = [""] * len(sketch.dots)
    found[START], found[END] = "START", "END"
    first: dict[str, Dot] = {}
    for number, dot in enumerate(sketch.dots):
        name = _own_name(dot)
        if name and name not in first:
            first[name] = dot
            found[number] = name
    names = Names({"START", "END", *first})
    for number, dot in enumerate(sketch.dots):
        if dot.work is not None and not found[number]:
            found[number] = names.new(dot.work.name or "nameless")
            sketch.findings += _doubts(first.get(_own_name(dot)), dot, places)
    for number, dot in enumerate(sketch.dots):
        if dot.work is None and not found[number] and number not in gone:
            found[number] = names.new(dot.gate or "meet")
    return found, [names.new(area.kind) for area in sketch.areas]


def _own_name(dot: Dot) -> str:
    """Return the name that the user gave; empty for gates and for what is only numbered."""
    return "" if dot.work is None or dot.work.is_numbered else dot.work.name


def _doubts(known: Dot | None, dot: Dot, places: Places) -> Iterator[Finding]:
    """Find what is wrong with a name that is not the first of its kind."""
    assert dot.work is not None
    name, fn = dot.work.name, dot.work.fn
    if not name:
        what = "a lambda, a partial or an object has no name that a graph could show"
        fix = 'name it: `node(name="greet")(fn)`, or `g.add_node(fn, name="greet")`'
        yield Finding("AG121", what, repr(fn), fix, places.of(dot.spot) or place_of(fn))
    elif known is not None and known.work is not None and identity(known.work.fn) != identity(fn):
        other = place_of(known.work.fn) or places.of(known.spot)
        at = f"; the other is at {other}" if other else ""
        what = f"two different agents have the name {name!r}{at}"
        fix = (
            f'name one of them: `@node(name="{name}_too")`, `.named("{name}_too")` in a flow, '
            f'`g.add_node(..., name="{name}_too")` in the builder'
        )
        yield Finding("AG103", what, f"node {name!r}", fix, place_of(fn) or places.of(dot.spot))
