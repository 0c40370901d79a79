"""What `agentgraph check` prints for programs: JSON of a form of our own, and SARIF 2.1.0.

Both say the same as the text does. The schema of the JSON form stands beside this file; the
texts of the rules come from docs/errors.md (`python -m tools.rules`).
"""

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Final, TypeAlias
from urllib.parse import quote

from agentgraph.cli.doctor import version
from agentgraph.cli.examining import EXITS, Checked
from agentgraph.errors import AgentGraphError, Finding, Place
from agentgraph.events import recording

FORMAT: Final = "agentgraph/check/1"
SCHEMA: Final = Path(__file__).with_name("check.schema.json")
RULES: Final = Path(__file__).with_name("rules.json")
SARIF_SCHEMA: Final = (
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
)
Json: TypeAlias = dict[str, object]
_FACTS: Final = ("forks", "joins", "bounds", "votes")


def as_json(found: Sequence[Checked], drawn: Mapping[int, str]) -> str:
    """Write what came of each target as one JSON object."""
    whole = {
        "format": FORMAT,
        "version": version(),
        "exit_code": max(EXITS[one.status] for one in found),
        "targets": [_target(one, drawn) for one in found],
    }
    return recording.as_json(whole, indent=2, ascii=False)


def _target(one: Checked, drawn: Mapping[int, str]) -> Json:
    report, error = one.report, one.error
    return {
        "target": one.target,
        "status": one.status,
        "error": error and {k: getattr(error, k) for k in ("code", "what", "where", "fix")},
        "workflow": report.graph if report.graphs else None,
        "digest": report.graphs[0][1].digest if report.graphs else None,
        "runs_at_most": report.runs_at_most,
        "claims": report.claims,
        "requirements": [str(each) for _, graph in report.graphs for each in graph.requirements],
        "findings": [
            asdict(finding) | {"picture": drawn.get(id(finding))} for finding in report.findings
        ],
        **{name: getattr(report, name) for name in _FACTS},
    }


def as_sarif(found: Sequence[Checked]) -> str:
    """Write the findings of all targets as one run of SARIF 2.1.0."""
    codes = sorted({finding.code for one in found for finding in one.report.findings})
    notes = [_notification(one.target, one.error) for one in found if one.error is not None]
    rules = json.loads(RULES.read_text(encoding="utf-8"))
    driver = {"name": "agentgraph", "semanticVersion": version() or "0.0.0"}
    code = max(EXITS[one.status] for one in found)
    ended = {"executionSuccessful": not notes, "exitCode": code}
    run = {
        "tool": {"driver": driver | {"rules": [rules[code] for code in codes]}},
        "invocations": [ended | {"toolExecutionNotifications": notes}],
        "columnKind": "unicodeCodePoints",
        "results": [
            _result(one, finding, codes) for one in found for finding in one.report.findings
        ],
    }
    whole = {"$schema": SARIF_SCHEMA, "version": "2.1.0", "runs": [run]}
    return recording.as_json(whole, indent=2, ascii=False)


def _notification(target: str, error: AgentGraphError) -> Json:
    text = f"{target}: {error.what} ({error.where}). {error.fix}"
    return {"level": "error", "message": {"text": text}, "descriptor": {"id": error.code}}


def _result(one: Checked, finding: Finding, codes: Sequence[str]) -> Json:
    # What a fault is known by from one commit to the next: not its line, which moves.
    seed = "|".join([one.report.graph, finding.code, finding.where, *finding.path])
    result: Json = {
        "ruleId": finding.code,
        "ruleIndex": codes.index(finding.code),
        "level": finding.severity,
        "message": {"text": f"{finding.what}. Fix: {finding.fix}"},
        "locations": [_location(finding.place, finding.where, one)],
        "partialFingerprints": {"agentgraph/v1": hashlib.sha256(seed.encode()).hexdigest()},
        "properties": {"claim": finding.claim, "workflow": one.report.graph}
        | {name: getattr(finding, name) for name in ("where", "fix", "path")},
    }
    if finding.path:
        flow = {"locations": [{"location": step} for step in _steps(one, finding)]}
        result["codeFlows"] = [{"message": {"text": finding.route}, "threadFlows": [flow]}]
    return result


def _steps(one: Checked, finding: Finding) -> Iterator[Json]:
    """Yield a location for each vertex on the path of a finding."""
    places = {
        prefix + vertex.name: vertex.place
        for prefix, graph in one.report.graphs
        for vertex in graph.vertices
    }
    labels = (*finding.labels, *(None,) * len(finding.path))
    for name, label in zip(finding.path, labels, strict=False):
        text = name if label is None else f"{name} answers {label}"
        yield _location(places.get(name), name, one) | {"message": {"text": text}}


def _location(place: Place | None, name: str, one: Checked) -> Json:
    """Say where something stands: in the source if it is known there, and in the graph."""
    logical = {"fullyQualifiedName": f"{one.report.graph}/{name}", "kind": "function"}
    found: Json = {"logicalLocations": [logical]}
    file = place.file if place is not None else one.target.rpartition(":")[0] or one.target
    if place is not None or Path(file).is_file():
        region = {"startLine": place.line if place is not None else 1}
        found["physicalLocation"] = {"artifactLocation": _artifact(Path(file)), "region": region}
    return found


def _artifact(path: Path) -> Json:
    """Name a file from the current folder, as a checker of pull requests does, or in full."""
    whole = path.resolve()
    if whole.is_relative_to(Path.cwd()):
        relative = whole.relative_to(Path.cwd()).as_posix()
        return {"uri": quote(relative), "uriBaseId": "%SRCROOT%"}
    return {"uri": whole.as_uri()}
