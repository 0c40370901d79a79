"""What tests of workflows need; nothing of a running workflow needs it."""

from agentgraph.testing.reducing import Disorder, check_reducer

__all__ = ["Disorder", "check_reducer"]
