"""Recorded runs as a page replays them, with what must not be seen taken out; not how it looks."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final, cast

from agentgraph.errors import InvalidInput, suggest
from agentgraph.events import Recording, Result, Step
from agentgraph.graph import FrozenGraph
from agentgraph.render.lettering import shown
from agentgraph.render.marks import Key
from agentgraph.render.overlay import Overlay, Runs, check_run, home_of, vertices_of

HIDDEN: Final = "[redacted]"
_SHORTEST: Final = 3
"""Shorter texts than this are hidden in their field alone: they occur everywhere."""


def runs_told(
    graph: FrozenGraph, runs: Runs, ways: Mapping[Key, int], redact: Sequence[str]
) -> list[dict[str, object]]:
    """Say what the page needs of each run. Raises `InvalidInput` for one without steps."""
    _check_fields(graph, redact)
    given = [runs] if isinstance(runs, Recording | Result | Overlay) else list(runs)
    vertices = dict(vertices_of(graph))
    told: list[dict[str, object]] = []
    for run in given:
        if not isinstance(run, Recording):
            what = "a page replays recorded runs, and this one was not recorded"
            fix = "call `run.record(lines.append)` right after `start`, and give `recorded(lines)`"
            raise InvalidInput(what, where=f"the page of {graph.name!r}", fix=fix)
        check_run(graph, run)
        veil = _Veil(redact, run)
        steps = [_step(step, veil, vertices, ways) for step in run.steps]
        told.append({"id": run.run_id, "status": run.status, "steps": steps})
    return told


def _step(
    step: Step, veil: "_Veil", vertices: Mapping[str, object], ways: Mapping[Key, int]
) -> list[object]:
    moves = [[move.at, ways[move.way]] for move in step.moves if move.way in ways]
    home = home_of(step.node, vertices)
    return [step.at, step.kind, home, shown(step.node), veil.over(step.data), moves]


class _Veil:
    """Hides fields of the state, and their values wherever else they are told."""

    def __init__(self, fields: Sequence[str], run: Recording) -> None:
        self._fields = frozenset(fields)
        texts = {text for step in run.steps for text in self._texts(step.data, is_hidden=False)}
        self._texts_hidden = sorted(texts, key=lambda text: (-len(text), text))

    def over(self, value: Any) -> Any:
        """Return the same without what is hidden."""
        if not self._fields:
            return value
        if isinstance(value, Mapping):
            items = cast("Mapping[str, Any]", value).items()
            return {k: HIDDEN if k in self._fields else self.over(item) for k, item in items}
        if isinstance(value, list):
            return [self.over(item) for item in cast("list[object]", value)]
        if isinstance(value, str):
            for text in self._texts_hidden:
                value = value.replace(text, HIDDEN)
        return value

    def _texts(self, value: Any, *, is_hidden: bool) -> Iterator[str]:
        """Find the texts that hidden fields ever held."""
        if isinstance(value, Mapping):
            for key, item in cast("Mapping[str, Any]", value).items():
                yield from self._texts(item, is_hidden=is_hidden or key in self._fields)
        elif isinstance(value, list):
            for item in cast("list[object]", value):
                yield from self._texts(item, is_hidden=is_hidden)
        elif is_hidden and isinstance(value, str) and len(value) >= _SHORTEST:
            yield value


def _check_fields(graph: FrozenGraph, fields: Sequence[str]) -> None:
    inside = [vertex.child for _, vertex in vertices_of(graph) if vertex.child is not None]
    known = {name for one in (graph, *inside) for name in one.fields}
    for name in fields:
        if known and name not in known:
            what = f"there is no field {name!r} to redact"
            fix = suggest(name, known, f"its fields are {', '.join(sorted(known))}")
            raise InvalidInput(what, where=f"the state of {graph.name!r}", fix=fix)
