"""What can be said of a graph before it runs: names, labels, soundness, bounds; not what it did."""

from agentgraph.verify.invariants import broken_invariants
from agentgraph.verify.report import Forked, Joined, Report
from agentgraph.verify.verifier import require_sound, verify

__all__ = ["Forked", "Joined", "Report", "broken_invariants", "require_sound", "verify"]
