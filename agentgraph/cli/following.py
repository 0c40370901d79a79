"""What is told how far a command has come; the bars and drawings that show it are elsewhere."""

from contextlib import AbstractContextManager, nullcontext
from typing import Any

from agentgraph.events import Event


class Progress:
    """Something that can be told how far a command has come; this one says nothing of it."""

    def __init__(self, live: AbstractContextManager[object] | None = None) -> None:
        """Begin; it is shown as long as `live` is entered."""
        self.live: AbstractContextManager[object] = live or nullcontext()

    def heard(self, event: Event[Any]) -> None:
        """Something was told of the only run."""

    def ended(self) -> None:
        """One more run has ended."""

    def pause(self) -> None:
        """Leave the terminal to a person: what is shown ends before its time."""
        self.live.__exit__(None, None, None)
