"""What `agentgraph check` finds in one target, and what counts as what; not how it is told.

1. A target that is none, and a graph that could not be decided, are never counted as clean:
   2 wins over 1, and 1 over 0.
2. What cannot even be put together is a finding too, at the line of the user that did it.
"""

from dataclasses import dataclass
from typing import Final, Literal

from agentgraph.cli.exits import last_place
from agentgraph.cli.target import graph_of
from agentgraph.errors import (
    AgentGraphError,
    Finding,
    GraphError,
    InvalidGraph,
    InvalidGraphFile,
    Severity,
    UnknownTarget,
)
from agentgraph.verify import Report, verify

Status = Literal["clean", "findings", "undecided", "bad target"]
EXITS: Final[dict[Status, int]] = {"clean": 0, "findings": 1, "undecided": 2, "bad target": 2}
UNDECIDED_CODE: Final = "AG309"


@dataclass(frozen=True, slots=True)
class Checked:
    """What came of one target; `error` says why there is nothing to say of it."""

    target: str
    report: Report
    status: Status
    error: AgentGraphError | None = None


def examine(target: str, fail_on: Severity) -> Checked:
    """Load a target and verify its graph; nothing of it runs."""
    try:
        report = verify(graph_of(target))
    except (UnknownTarget, InvalidGraphFile) as error:
        return Checked(target, Report(target, ()), "bad target", error)
    except InvalidGraph as error:
        report = error.report or Report(error.name, error.findings)
    except GraphError as error:
        place = last_place(error)
        report = Report(target, (Finding(error.code, error.what, error.where, error.fix, place),))
    counted = report.findings if fail_on == "warning" else report.errors
    if any(finding.code == UNDECIDED_CODE for finding in report.findings):
        return Checked(target, report, "undecided")
    return Checked(target, report, "findings" if counted else "clean")
