"""AG306, AG310, AG311: what the user requires of every run, held against the graph.

Kept is silent, broken is an error with a run that breaks it, and what the graph does not decide
is a warning that says so. A vertex inside a subgraph goes by its path; that of an `each` may run for no
item at all, or for several at once.
"""

from collections.abc import Iterator
from dataclasses import replace
from typing import Final, NamedTuple

from agentgraph.errors import Finding, Outcome, Script, Step, suggest
from agentgraph.graph import END, FrozenGraph, Requirement, Vertex
from agentgraph.verify.facts import Fact, Facts
from agentgraph.verify.nest import Nest, nest
from agentgraph.verify.runs import runs_of
from agentgraph.verify.soundness import check_soundness
from agentgraph.verify.stand import script
from agentgraph.verify.unwritten import Early, Spread
from agentgraph.verify.ways import path_to
from agentgraph.verify.wiring import Wiring
from agentgraph.verify.witness import Witnesses
from agentgraph.verify.words import quoted, undecided
from agentgraph.verify.writers import parallel_writers


class _Led(NamedTuple):
    """A way to a vertex that may be inside another graph, and the run that takes it."""

    path: tuple[str, ...] | None
    """None: whether there is such a way is not decided."""
    script: Script | None = None


class _Visits(NamedTuple):
    """How often some run comes to a vertex."""

    number: int
    is_most: bool
    """No run comes there more often."""
    led: _Led


def check_requirements(nested: Nest, seen: Witnesses) -> Iterator[Finding]:
    """Find the requirements of a sound graph that some run breaks."""
    for required in nested.net.graph.requirements:
        unknown = [name for name in required.names if not _is_known(nested.net.graph, name)]
        for name in unknown:
            yield _unknown(nested.net.graph, required, name)
        found = None if unknown else _broken(nested, required, seen)
        if found is not None:
            yield _finding(required, found)


def _broken(nested: Nest, required: Requirement, seen: Witnesses) -> _Led | None:
    """Say how a requirement is broken; None: it is kept."""
    match required.kind:
        case "always_before":
            return _before(nested, *required.names)
        case "never_together":
            return _together(nested, seen, *required.names)
        case "at_most":
            return _too_often(nested, required.number, *required.names)


def _split(name: str) -> tuple[str, str]:
    head, _, rest = name.partition("/")
    return head, rest


def _is_known(graph: FrozenGraph, name: str) -> bool:
    head, rest = _split(name)
    vertex = graph.vertex.get(head)
    if vertex is None or not rest:
        return vertex is not None
    return vertex.child is not None and _is_known(vertex.child, rest)


# Graphs inside: their runs stand in place of one piece of work.


def _at(nested: Nest, name: str) -> tuple[Vertex, str, Nest | None]:
    """The vertex with which a path begins, the rest of the path, and the graph to which that leads."""
    head, rest = _split(name)
    vertex = nested.net.graph.vertex[head]
    return vertex, rest, nest(Wiring(vertex.child))[0] if rest and vertex.child else None


def _into(
    outer: Script | None, vertex: Vertex, inner: Script | None, item: int = 0
) -> Script | None:
    """Go on with a script inside a vertex that is at work when the one before it is over."""
    if outer is None or inner is None:
        return None
    left = tuple(token for token in outer.tokens if token.vertex != vertex.name)
    at = f"{vertex.name}/{item}/" if vertex.kind == "each" else f"{vertex.name}/"
    return replace(outer, tokens=left).followed_by(inner, at, f"{vertex.name}/")


def _on(outer: _Led, vertex: Vertex, inner: _Led, item: int = 0) -> _Led:
    """Go on with a way inside a vertex."""
    run = _into(outer.script, vertex, inner.script, item)
    if outer.path is None or inner.path is None:
        return _Led(None)
    return _Led((*outer.path, *(f"{vertex.name}/{name}" for name in inner.path)), run)


def _opened(script: Script | None, vertex: Vertex, parts: list[Script | None]) -> Script | None:
    """Put what happens inside in place of each step in which a vertex is completed."""
    if script is None:
        return None
    steps: list[Step] = []
    for step in script.steps:
        if step.vertex != vertex.name or step.error:
            steps.append(step)
            continue
        for item, part in enumerate(parts):
            opened = _into(Script("never", ()), vertex, part, item)
            if opened is None:
                return None
            steps += opened.steps
    return replace(script, steps=tuple(steps))


def _way_to(nested: Nest, name: str) -> _Led:
    """Find a shortest way to a vertex that may be inside another graph."""
    vertex, rest, inner = _at(nested, name)
    net = nested.net
    path = tuple(map(net.name, path_to(net.start, net.number[vertex.name], net.ways_on)))
    led = _Led(path, script(Witnesses(nested).coming(vertex.name), "never", vertex.name))
    return led if inner is None else _on(led, vertex, _way_to(inner, rest))


# always_before


def _before(nested: Nest, first: str, then: str) -> _Led | None:
    """Look for a run that comes to `then` without `first`, in the graph and in those inside it."""
    (outer, inner), (vertex, rest, inside) = _split(first), _at(nested, then)
    early, avoided = _without(nested, first, vertex.name)
    if early is None or not early.is_sure:
        return None if early is None else _Led(None)
    led = script(early.stand, "never", vertex.name)
    if inner and any(step.vertex == outer for step in (led.steps if led else ())):
        passed = nested.net.graph.vertex[outer]
        is_empty = avoided is None and passed.kind == "each"  # a list without items
        led = _opened(led, passed, [] if is_empty else [avoided])
    found = _Led(early.path, led)
    if inside is None:
        return found
    is_same = inner and outer == vertex.name
    deeper = _before(inside, inner, rest) if is_same else _way_to(inside, rest)
    return None if deeper is None else _on(found, vertex, deeper)


def _without(nested: Nest, first: str, goal: str) -> tuple[Early | None, Script | None]:
    """Return how a run comes to `goal` without `first`, and the same inside the graph of that."""
    vertex, rest, inner = _at(nested, first)
    is_passed, avoided = not rest, None
    if inner is not None:
        early, deeper = _without(inner, rest, END)
        is_passed = early is None and vertex.kind == "subgraph"
        avoided = None if early is None else script(early.stand, "never", END)
        passed = inner.net.graph.vertex[_split(rest)[0]]
        if "/" in rest and avoided and any(s.vertex == passed.name for s in avoided.steps):
            avoided = _opened(avoided, passed, [deeper])
    net = nested.net
    marks = [Fact()] * len(net.vertices)
    marks[net.number[vertex.name]] = Fact(some=is_passed)
    spread = Spread(nested, Facts((first,), marks), 1, claim="proved")
    return spread.early(net.number[goal], 1), avoided


# never_together


def _together(nested: Nest, seen: Witnesses, one: str, other: str) -> _Led | None:
    """Look for a moment at which both run."""
    net = nested.net
    found = [_at(nested, one), _at(nested, other)]
    heads = [vertex.name for vertex, _, _ in found]
    if heads[0] == heads[1]:
        (vertex, rest, inner), (_, second, same) = found
        return _inside(nested, vertex, inner or same, rest, second)
    marks = [Fact()] * len(net.vertices)
    for head in heads:
        marks[net.number[head]] = Fact(sure=1, some=1)
    pairs, is_complete = parallel_writers(nested, Facts(("",), marks), spares_races=False)
    if not pairs:
        return None if is_complete else _Led(None)
    led = script(seen.together(*heads), "never", *heads)
    for vertex, rest, inner in found:
        led = led if inner is None else _into(led, vertex, _way_to(inner, rest).script)
    return _Led(_way_to(nested, other).path, led)


def _inside(nested: Nest, vertex: Vertex, inner: Nest | None, *rests: str) -> _Led | None:
    """Look for a moment at which two parts of one vertex run."""
    if inner is None:
        return None
    led = _way_to(nested, vertex.name)
    if (vertex.kind == "each" and vertex.limit > 1) or not all(rests):
        for item, rest in enumerate(filter(None, rests)):
            part = _way_to(inner, rest)
            led = _on(led, vertex, part._replace(path=()) if item else part, item)
        return led
    found = _together(inner, Witnesses(inner), *rests)
    return None if found is None else _on(led, vertex, found)


# at_most


def _too_often(nested: Nest, number: int, name: str) -> _Led | None:
    """Look for a run with one visit more."""
    most = _most(nested, name)
    if most is not None and most <= number:
        return None
    found = _visits(nested, name, number + 1, ends=False)
    if found.number <= number:
        return None if found.is_most else _Led(None)
    return found.led


def _visits(nested: Nest, name: str, times: int, *, ends: bool) -> _Visits:
    """Find a run that comes to a vertex as often as it can, up to `times`.

    `ends`: it comes to its END as well.
    """
    vertex, rest, inner = _at(nested, name)
    head = vertex.name
    whole = last = _Visits(1, True, _Led((), Script("never", ())))
    items = 1
    if inner is not None:
        if vertex.kind == "each":
            items, times = times, 1
        whole = _visits(inner, rest, times, ends=True)
        last = whole if ends else _visits(inner, rest, times, ends=False)
    need = -(-times // max(whole.number, 1))
    runs = runs_of(nested, counted=head)
    stand = None if runs is None else runs.visiting(need, ends=ends)
    is_most = runs is not None and runs.is_whole and last.is_most
    if stand is None or not last.number:
        return _Visits(0, is_most, _Led(None))
    led = _Led(stand.path(head)[0], script(stand, "never", head))
    if inner is not None:
        led = led._replace(script=_opened(led.script, vertex, [whole.led.script] * items))
        for item in range(0 if ends else items):
            part = last.led if item == items - 1 else whole.led._replace(path=())
            led = _on(led, vertex, part, item)
    number = stand.visits * whole.number
    if not ends:
        number += last.number - whole.number
    is_most = is_most and whole.is_most and vertex.kind != "each"
    return _Visits(number * items, is_most, led)


def _most(nested: Nest, name: str) -> int | None:
    """Return a number of visits that no run passes, or None when nothing is known."""
    vertex, rest, inner = _at(nested, name)
    once: int | None = 1
    if rest:
        once = _most(inner, rest) if inner is not None and vertex.kind == "subgraph" else None
    if once is None:
        return None
    steps = [once if each is vertex else 0 for each in nested.net.vertices]
    return check_soundness(nested, steps)[1]


# Words.


def _unknown(graph: FrozenGraph, required: Requirement, name: str) -> Finding:
    known = list(graph.vertex)
    return Finding(
        "AG101",
        f"there is no node {name!r}",
        f"`{required}`",
        suggest(name, known, "name a node, or one inside a subgraph by its path: `support/review`"),
        required.place,
    )


def _finding(required: Requirement, found: _Led) -> Finding:
    code, outcome, fix = _WORDS[required.kind]
    first, last, number = required.names[0], required.names[-1], required.number + 1
    what = f"a run can {_WHAT[required.kind].format(first=first, last=last, number=number)}"
    if found.path is None:
        return undecided(what, f"`{required}`", required.place)
    culprits, led = tuple(dict.fromkeys((last, first))), found.script
    return Finding(
        code,
        what,
        f"`{required}`",
        fix.format(first=quoted(first), last=quoted(last)),
        required.place,
        found.path,
        script=led and replace(led, outcome=outcome, culprits=culprits, number=number),
    )


_WHAT: Final = {
    "always_before": "come to {last!r} without {first!r}",
    "never_together": "be at {first!r} and at {last!r} at the same time",
    "at_most": "come to {last!r} {number} times",
}
_WORDS: Final[dict[str, tuple[str, Outcome, str]]] = {
    "always_before": ("AG306", "skipped", "lead every way to {last} through {first}"),
    "never_together": ("AG310", "together", "let {first} and {last} run one after the other"),
    "at_most": ("AG311", "often", "bound the loop around {last} so that it comes there less often"),
}
