"""What tests of workflows need; nothing of a running workflow needs it."""

from agentgraph.testing.reducing import Disorder, check_reducer
from agentgraph.testing.replay import Replayed, replay

__all__ = ["Disorder", "Replayed", "check_reducer", "replay"]
