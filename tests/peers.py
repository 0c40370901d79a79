"""A small state and small nodes for the tests of what goes wrong in other libraries."""

from collections.abc import Awaitable, Callable
from typing import Annotated, Literal, cast

import pytest
from pydantic import field_validator

from agentgraph import Ask, Node, Result, RunFailed, State, Workflow, append, human, node


class Notes(State):
    log: Annotated[list[str], append] = []
    word: str = ""
    count: int = 0
    deep: dict[str, list[str]] = {}

    @field_validator("word")
    @classmethod
    def is_short(cls, word: str) -> str:
        if len(word) > 9:
            raise ValueError("too long")
        return word


def noting(name: str, *, asks: Callable[[], Awaitable[object]] | None = None) -> Node[Notes]:
    """Make a node that notes its name, after it has awaited something."""

    async def note(s: Notes) -> None:
        if asks is not None:
            await asks()
        s.log.append(name)

    return node(name=name)(note)


def failing(error: Exception, name: str = "fail") -> Node[Notes]:
    async def fail(s: Notes) -> None:
        s.log.append("lost")
        raise error

    return node(name=name)(fail)


def failed(made: Workflow[Notes]) -> RunFailed:
    with pytest.raises(RunFailed) as caught:
        made.run_sync(Notes())
    return caught.value


def result_of(error: RunFailed) -> Result[Notes]:
    return cast("Result[Notes]", error.result)


@human
def first(s: Notes) -> Ask[Literal["yes", "no"]]:
    return Ask(show="first?")
