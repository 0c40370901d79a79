"""What came out of runs, in words and as JSON: one line each; tables are `tables`."""

from collections.abc import Sequence
from typing import Final

from pydantic import BaseModel

from agentgraph.cli.exits import safe
from agentgraph.cli.outcome import Outcome
from agentgraph.events import Decision, Result
from agentgraph.events.recording import as_json
from agentgraph.graph import FrozenGraph
from agentgraph.render.overlay import bare, vertices_of
from agentgraph.verify.words import counted

ROUND_MAX: Final = 12
"""How many nodes a round may have that is written once and counted."""
_OF_RESULT = ("state", "path", "decisions", "usage", "questions", "branches", "run_id")
_OF_DECISION = ("classifier", "label", "confidence", "rationale")


def json_line(outcome: Outcome, result: Result[BaseModel] | None, *, ascii: bool) -> str:
    """Return all that is known of a run as one line of JSON; `ascii`: with no other letters."""
    told: dict[str, object] = {"number": outcome.number, "name": outcome.name}
    told["status"] = outcome.status
    errors = [] if outcome.error is None else [outcome.error.what]
    if result is not None:
        errors = [f"{type(error).__name__}: {error}" for error in result.errors]
        told |= {name: getattr(result, name) for name in _OF_RESULT}
        told["decisions"] = [
            {name: getattr(each, name) for name in _OF_DECISION} for each in result.decisions
        ]
    return as_json(told | {"errors": errors}, ascii=ascii)


def way(path: Sequence[str], voters: frozenset[str], arrow: str) -> str:
    """Write a path on one line, without voters; what comes again and again is counted.

    >>> way(["a", "write", "review", "write", "review"], frozenset(), " > ")
    'a > (write > review) x2'
    """
    names = [name for name in path if bare(name) not in voters]
    parts: list[str] = []
    at = 0
    while at < len(names):
        length, times = _round(names, at)
        part = arrow.join(names[at : at + length])
        if times > 1:
            part = f"{part} x{times}" if length == 1 else f"({part}) x{times}"
        parts.append(part)
        at += length * times
    return arrow.join(parts)


def _round(names: Sequence[str], at: int) -> tuple[int, int]:
    """Return how long the shortest round is that begins here, and how often it is gone."""
    for length in range(1, ROUND_MAX + 1):
        times = 1
        once = names[at : at + length]
        while names[at + length * times : at + length * (times + 1)] == once:
            times += 1
        if times > 1:
            return length, times
    return 1, 1


def voters_of(graph: FrozenGraph) -> frozenset[str]:
    """Name the voters of a graph by their paths: they are parts of a decision, not of the way."""
    return frozenset(
        f"{path}/{one}" for path, vertex in vertices_of(graph) for one in vertex.voters
    )


def sureness(decisions: Sequence[Decision]) -> str:
    """Write the confidence of the decisions that have one of their own: `0.93, 0.71`."""
    return ", ".join(
        "-" if each.label is None else f"{each.confidence:.2f}"
        for each in decisions
        if each.label is None or each.confidence < 1 or each.source
    )


def used(result: Result[BaseModel]) -> str:
    """Write what a run has used."""
    usage = result.usage
    parts = [counted(usage.steps, "step")]
    if usage.tokens:
        parts.append(f"{usage.tokens} tokens")
    if usage.usd is None:
        parts.append("of unknown cost")
    elif usage.usd:
        parts.append(f"{usage.usd:.4f} USD")
    return ", ".join(parts)


def told(decision: Decision) -> str:
    """Write a decision on one line: who decided what, how sure, and why."""
    label = "abstained" if decision.label is None else decision.label
    sure = f" {decision.confidence:.2f}" if decision.confidence < 1 else ""
    why = f" ({decision.rationale})" if decision.rationale else ""
    return one_line(f"{decision.classifier}: {label}{sure}{why}")


def readable(value: object, *, indent: int | None = None) -> str:
    """Write any value for people: a text as it is, all else as JSON."""
    return safe(value if isinstance(value, str) else as_json(value, indent=indent, ascii=False))


def one_line(text: str) -> str:
    """Make one line of a text, without what would steer a terminal."""
    return safe(" ".join(text.split()))
