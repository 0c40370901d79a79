"""A flowchart as the source of a workflow: a function for each box, to be filled in by its owner.

Rules of this file:

1. Arrows with labels leave a classifier, arrows without leave a node: several are a fork.
2. Where arrows meet that come from one fork, they are joined; otherwise any of them goes on.
3. Where the builder needs a node between two things, one is written that does nothing.
"""

import builtins
import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from importlib import import_module
from keyword import iskeyword
from typing import Any, Final, NamedTuple

from agentgraph.cli.flowchart import Chart
from agentgraph.errors import InvalidGraphFile
from agentgraph.render.ranks import against

ROUNDS: Final = 3
"""How often a loop may be gone, until somebody says it better."""
_TAKEN: Final = {"append", "classifier", "flow", "g", "s"}
_ENDS: Final = {"", "start", "begin", "end", "stop", "done"}


class Way(NamedTuple):
    """An arrow between names of functions, START and END."""

    source: str
    target: str
    label: str = ""


def parts(chart: Chart) -> dict[str, str]:
    """Return the functions and the edges of the workflow that a chart shows."""
    names = _names(chart)
    _check(chart)
    told = {names[one.id]: (one.text, one.group) for one in chart.shapes.values()}
    boxes = [name for name in told if name not in {"START", "END"}]
    ways = [Way(names[a], names[b], label) for a, b, label, _ in chart.arrows]
    first = [box for box in boxes if all(way.target != box for way in ways)]
    if not first and all(way.source != "START" for way in ways):
        first = boxes[:1]  # It stands in a loop.
    ways[:0] = [Way("START", box) for box in first]
    ways += [Way(box, "END") for box in boxes if all(way.source != box for way in ways)]
    plan = _Plan(boxes, ways)
    told |= {name: (f"Go on to {target}.", "") for name, target in plan.passes.items()}
    return {"functions": "\n\n\n".join(plan.functions(told)), "edges": "\n".join(plan.edges())}


class _Plan:
    """Boxes and ways, with the nodes between that the builder needs."""

    def __init__(self, boxes: list[str], ways: list[Way]) -> None:
        self._ways: list[Way] = ways
        self.passes: dict[str, str] = {}
        self._choices = [box for box in boxes if any(way.label for way in self._out(box))]
        for choice in self._choices:
            into = self._into(choice)
            if len(into) > 1 or into[0].label or self._is_fork(into[0].source):
                self._lead_through(into, choice)
        self._back = _closing(self._ways)
        self._joins = self._found_joins((*boxes, *self.passes, "END"))
        for join in self._joins:
            for way in self._into(join):
                if way not in self._back and (way.label or self._is_fork(way.source)):
                    self._lead_through([way], join)
        self._boxes = [*boxes, *self.passes]

    def _into(self, target: str) -> list[Way]:
        return [way for way in self._ways if way.target == target]

    def _out(self, source: str) -> list[Way]:
        return [way for way in self._ways if way.source == source]

    def _is_fork(self, source: str) -> bool:
        return source not in self._choices and len(self._out(source)) > 1

    def _lead_through(self, ways: list[Way], target: str) -> None:
        """Put a node that does nothing between some ways and what they lead to."""
        number = sum(one == target for one in self.passes.values()) + 1
        name = f"to_{target.lower()}" + (f"_{number}" if number > 1 else "")
        self.passes[name] = target
        for way in ways:
            self._ways[self._ways.index(way)] = way._replace(target=name)
        self._ways.append(Way(name, target))

    def _found_joins(self, targets: Iterable[str]) -> list[str]:
        """Name the boxes where ways meet of which a fork is the last thing in common."""
        ahead = [way[:2] for way in self._ways if way not in self._back]
        networkx: Any = import_module("networkx")
        above = networkx.immediate_dominators(networkx.DiGraph(ahead), "START")
        met = Counter(target for _, target in ahead)
        return [
            target
            for target in targets
            if met[target] > 1
            and target not in self._choices
            and self._is_fork(above.get(target, ""))
        ]

    def functions(self, told: dict[str, tuple[str, str]]) -> Iterator[str]:
        """Write the functions, under the names of their groups."""
        last = ""
        for box in self._boxes:
            text, group = told[box]
            head = f"# {' '.join(group.split())}\n" if group and group != last else ""
            last = group
            doc = " ".join(text.split()).replace("\\", "\\\\").replace('"', "'") or box
            ways = self._out(box)
            if box not in self._choices:
                body = "" if box in self.passes else f'\n    s.notes.append("{box}")'
                yield f'{head}def {box}(s: Work) -> None:\n    """{doc}"""{body}'
                continue
            labels = ", ".join(_quoted(way.label) for way in ways)
            first = next((way for way in ways if not self._leads_back(way.target)), ways[0])
            yield (
                f'{head}@classifier\ndef {box}(s: Work) -> Literal[{labels}]:\n    """{doc}"""\n'
                f"    return {_quoted(first.label)}"
            )

    def _leads_back(self, target: str) -> bool:
        """Say whether a way goes round: here, or right behind a node that does nothing."""
        return any(target in way[:2] for way in self._back)

    def edges(self) -> Iterator[str]:
        """Write the edges, as the builder takes them."""
        for box in self._boxes:
            if any(way.target == box for way in self._back):
                yield f"g.add_node({box}, max_visits={ROUNDS})"
        for box in ("START", *(box for box in self._boxes if box not in self._choices)):
            targets = [
                way.target
                for way in self._out(box)
                if way.target not in self._joins or way in self._back
            ]
            if targets and targets[0] in self._choices:
                to = self._out(targets[0])
                pairs = ", ".join(f"{_quoted(way.label)}: {way.target}" for way in to)
                yield f"g.add_conditional_edge({box}, {targets[0]}, {{{pairs}}})"
            elif targets:
                listed = targets[0] if len(targets) == 1 else f"[{', '.join(targets)}]"
                yield f"g.add_edge({box}, {listed})"
        for join in self._joins:
            sources = [way.source for way in self._into(join) if way not in self._back]
            yield f"g.add_join([{', '.join(sources)}], {join})"


def _names(chart: Chart) -> dict[str, str]:
    """Give each box the name of its function; a blank box at an end is START or END."""
    names: dict[str, str] = {}
    for shape in chart.shapes.values():
        led = any(target == shape.id for _, target, *_ in chart.arrows)
        leads = any(source == shape.id for source, *_ in chart.arrows)
        if led != leads and (shape.text.lower() in _ENDS or shape.form == "((("):
            names[shape.id] = "END" if led else "START"
            continue
        slug = re.sub(r"\W+", "_", shape.text.lower())[:40].strip("_")
        name = slug if slug.isidentifier() else "box_" + re.sub(r"\W", "_", shape.id.lower())
        if iskeyword(name) or hasattr(builtins, name) or name in _TAKEN or name[:3] == "to_":
            name += "_"
        number = Counter(names.values())[name] and sum(n.startswith(name) for n in names.values())
        names[shape.id] = f"{name}_{number + 1}" if number else name
    return names


def _check(chart: Chart) -> None:
    for shape in chart.shapes.values():
        labels = [label for source, _, label, _ in chart.arrows if source == shape.id]
        lines = [line for source, *_, line in chart.arrows if source == shape.id]
        if any(labels) and (not all(labels) or len(set(labels)) < len(labels)):
            said = ", ".join(map(repr, labels))
            what = f"the arrows out of {shape.text!r} have the labels {said}"
            fix = "give each arrow out of a decision a label of its own, or none to any"
            raise InvalidGraphFile(what, where=f"the flowchart, line {lines[-1]}", fix=fix)


def _closing(ways: list[Way]) -> list[Way]:
    """Find the ways that lead back, going depth first from START."""
    number: dict[str, int] = {"START": 0}
    edges = [
        (number.setdefault(a, len(number)), number.setdefault(b, len(number))) for a, b, _ in ways
    ]
    closing = against(len(number), edges)
    return [way for way, is_closing in zip(ways, closing, strict=True) if is_closing]


def _quoted(text: str) -> str:
    return json.dumps(" ".join(text.split()), ensure_ascii=False)
