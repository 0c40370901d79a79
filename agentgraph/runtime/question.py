"""What a human is asked; not how the answer comes back (`run`)."""

from dataclasses import dataclass
from datetime import timedelta
from enum import Enum
from typing import Generic

from pydantic import BaseModel
from typing_extensions import TypeVar

from agentgraph.errors import InvalidAgent

A = TypeVar("A", bound=str | bool | Enum | BaseModel)


# Without slots: `Ask[str](...)` notes its type on the object, which a frozen one with slots cannot.
@dataclass(frozen=True)
class Ask(Generic[A]):
    """A question; A is the type of the answer: labels, or a pydantic model (a form).

    `show` is what the person sees, `draft` a form that is filled in already. When
    `timeout` is over the answer is `on_timeout`; without one the question fails.
    """

    show: object
    timeout: timedelta | None = None
    on_timeout: A | None = None
    draft: A | None = None

    def __post_init__(self) -> None:
        """Refuse a timeout that could never be meant, before anybody waits for it."""
        if self.timeout is not None and not _is_span(self.timeout):
            what = f"a question has the timeout {self.timeout!r}"
            fix = "give a timedelta above 0, such as timedelta(hours=4), or nothing"
            raise InvalidAgent(what, where="Ask(timeout=)", fix=fix)


def _is_span(value: object) -> bool:
    return isinstance(value, timedelta) and value > timedelta(0)


class Question(Generic[A]):
    """Something that a person answers; the key of the typed `run.answer`."""

    def _gives(self, a: A) -> A:
        """Fix the type of the answer: neither wider nor narrower."""
        return a
