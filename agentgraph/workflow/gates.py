"""Takes away the gates of a sketch that decide nothing; adds none."""

from agentgraph.workflow.sketch import Sketch, Way


def without_needless_gates(sketch: Sketch) -> tuple[list[Way], set[int]]:
    """Return the ways of a sketch when a node forks by itself, and the gates that then go.

    A gate stays where it gathers several ways, takes a label, counts for a loop, or is
    where a region begins.
    """
    gates = [number for number, dot in enumerate(sketch.dots) if dot.gate == "fork"]
    if not gates:
        return sketch.ways, set()
    homes = _homes(sketch)
    outs: list[list[int]] = [[] for _ in sketch.dots]
    ins: list[list[int]] = [[] for _ in sketch.dots]
    for number, (source, target, *_) in enumerate(sketch.ways):
        outs[source].append(number)
        ins[target].append(number)
    gone: set[int] = set()
    for gate in gates:
        if len(ins[gate]) != 1 or sketch.dots[gate].limit is not None:
            continue
        way = sketch.ways[ins[gate][0]]
        is_alone = len(outs[way[0]]) == 1 and homes[way[0]] == homes[gate]
        if is_alone and _forks_itself(sketch, way):
            gone.add(gate)
    return _rewired(sketch.ways, gone, outs), gone


def _forks_itself(sketch: Sketch, way: Way) -> bool:
    source, _, label, unsure, _ = way
    return sketch.dots[source].gate in {None, "start"} and label is None and not unsure


def _homes(sketch: Sketch) -> list[int]:
    """Return the number of the innermost area around each dot; -1: none."""
    homes = [-1] * len(sketch.dots)
    members = [area.members() for area in sketch.areas]
    for number in sorted(range(len(members)), key=lambda number: -len(members[number])):
        for dot in members[number]:
            homes[dot] = number
    return homes


def _rewired(ways: list[Way], gone: set[int], outs: list[list[int]]) -> list[Way]:
    found: list[Way] = []
    for way in ways:
        if way[1] in gone:
            found += [(way[0], *ways[each][1:]) for each in outs[way[1]]]
        elif way[0] not in gone:
            found.append(way)
    return found
