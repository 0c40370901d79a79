"""What can be said of a graph before it runs: names, labels, soundness, bounds; not what it did."""

from agentgraph.verify.report import Bounded, Forked, Joined, Report, Voted
from agentgraph.verify.verifier import require_sound, verify

__all__ = ["Bounded", "Forked", "Joined", "Report", "Voted", "require_sound", "verify"]
