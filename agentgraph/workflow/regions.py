"""Finds the regions that a builder only implies: what a quorum cancels, what a catch stands around.

A flow needs none of this: its operators say where a region begins and ends.
"""

from collections.abc import Iterable, Mapping, Sequence

from agentgraph.workflow.places import Spot
from agentgraph.workflow.sketch import END, START, Area, Sketch

Ways = Mapping[int, list[int]]


def with_regions(sketch: Sketch, trials: Sequence[Area]) -> Sketch:
    """Return a copy of a sketch with the regions of `trials`, and the gates where they begin.

    A trial is a region that the builder was told of: the dots of a catch, the join of a quorum.
    """
    found = sketch.copy()
    if not trials:
        return found
    outs, ins = _links(found, trials)
    inside = [
        _raced(trial.dots[0], outs, ins)
        if trial.kind == "quorum"
        else _surrounded(found, trial.dots, outs, ins)
        for trial in trials
    ]
    # Tokens that wait at the join of a race go down with what holds the race.
    for trial, raced in zip(trials, inside, strict=True):
        if trial.kind == "quorum":
            for other, members in zip(trials, inside, strict=True):
                if other.kind == "catch" and members >= raced:
                    members.update(trial.dots)
    # The smaller ones first: a gate put into a region belongs to all regions around it.
    for number in sorted(range(len(trials)), key=lambda number: len(inside[number])):
        around = [members for members in inside if members >= inside[number]]
        gate = _enter(found, inside[number], trials[number].spot)
        if gate is not None:
            for members in around:
                members.add(gate)
    found.areas += [
        Area(trial.kind, trial.spot, tuple(sorted(members)), trial.target, trial.errors)
        for trial, members in zip(trials, inside, strict=True)
    ]
    return found


def _links(
    sketch: Sketch, trials: Sequence[Area]
) -> tuple[dict[int, list[int]], dict[int, list[int]]]:
    """Return what follows each dot and what comes before it, ways that no edge shows included."""
    outs: dict[int, list[int]] = {number: [] for number in range(len(sketch.dots))}
    ins: dict[int, list[int]] = {number: [] for number in range(len(sketch.dots))}

    def link(source: int, target: int) -> None:
        outs[source].append(target)
        ins[target].append(source)

    for source, target, *_ in sketch.ways:
        link(source, target)
    for number, dot in enumerate(sketch.dots):
        if dot.limit is not None and dot.limit.then is not None:
            link(number, dot.limit.then)
    for area in (*trials, *sketch.areas):
        if area.kind == "catch" and area.target is not None:
            for member in area.members():
                link(member, area.target)
    return outs, ins


def _raced(join: int, outs: Ways, ins: Ways) -> set[int]:
    """Return what stands between a join and the nearest fork that all its ways come from."""
    from agentgraph.verify.ways import path_to  # noqa: PLC0415 - who only imports is spared it

    path = path_to(START, join, outs.__getitem__)[1:-1]
    # Without what all ways pass, nothing leads there.
    passed = (dot for dot in reversed(path) if join not in _reached([START], outs, {dot}))
    fork = next(passed, START)
    before = _reached(ins[join], ins, {fork, join, START, END})
    after = _reached(outs[fork], outs, {fork, join, START, END})
    return before & after


def _surrounded(sketch: Sketch, dots: Iterable[int], outs: Ways, ins: Ways) -> set[int]:
    """Return the dots of a catch, with the gates and choices that lie between them."""
    members = set(dots)
    gates = {"join", "meet", "fork"}
    solid = {n for n, at in enumerate(sketch.dots) if at.answers is None and at.gate not in gates}
    solid |= members
    after = _reached((each for dot in members for each in outs[dot]), outs, solid)
    before = _reached((each for dot in members for each in ins[dot]), ins, solid)
    return members | (after & before)


def _reached(first: Iterable[int], links: Ways, stops: set[int]) -> set[int]:
    from agentgraph.verify.ways import reached  # noqa: PLC0415 - who only imports is spared it

    starts = (dot for dot in first if dot not in stops)
    return {*reached(starts, lambda dot: (each for each in links[dot] if each not in stops))}


def _enter(sketch: Sketch, members: set[int], spot: Spot | None) -> int | None:
    """Put a gate where a fork outside leads into a region more than once: one token enters it."""
    coming: dict[int, list[int]] = {}
    for number, (source, target, label, unsure, _) in enumerate(sketch.ways):
        if label is None and not unsure and target in members and source not in members:
            coming.setdefault(source, []).append(number)
    forks = {source: numbers for source, numbers in coming.items() if len(numbers) > 1}
    if len(coming) != 1 or not forks:
        return None
    ((source, numbers),) = forks.items()
    gate = sketch.add("fork", None, (), spot)
    _, first, _, _, where = sketch.ways[numbers[0]]
    for number in numbers:
        sketch.ways[number] = (gate, *sketch.ways[number][1:])
    # In the place of the first, so that the branches keep their declared order.
    sketch.ways.insert(numbers[0], (source, gate, None, False, where))
    sketch.dots[gate].before = first
    return gate
