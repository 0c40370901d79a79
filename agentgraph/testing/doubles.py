"""Agents that stand in for real ones in a user's own tests: scripted, faulty, or played from a tape."""

import asyncio
import copy
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Literal, TypeAlias

from pydantic import BaseModel

from agentgraph.errors import InvalidInput
from agentgraph.runtime import Ctx
from agentgraph.state import UNSET, same
from agentgraph.state.codec import dumped, loaded
from agentgraph.testing.fakes import called, visit_of
from agentgraph.workflow.signature import signature_of

Fault: TypeAlias = BaseException | float | Literal["hang", "garbage"]
"""An error to raise, seconds to be late, or a way to go wrong; 0: as it should be."""
Agent: TypeAlias = Callable[[Any, Ctx], Any]


def scripted(*writes: Mapping[str, object]) -> Agent:
    """Make an agent that writes these fields: the first mapping at its first visit, and so on.

    After the last one it begins again.
    """

    async def agent(state: Any, ctx: Ctx) -> None:
        for name, value in writes[(ctx.visit - 1) % len(writes)].items():
            setattr(state, name, value)

    return agent


def faulty(fn: Callable[..., object], *faults: Fault) -> Agent:
    """Make an agent whose nth call goes wrong as the nth fault says; later ones go well."""
    left, body = iter(faults), signature_of(fn).body

    async def agent(state: Any, ctx: Ctx) -> object:
        match next(left, 0):
            case BaseException() as error:
                raise error
            case "garbage":
                return object()
            case "hang":
                await asyncio.Event().wait()
            case seconds:
                await asyncio.sleep(seconds)
        return await called(body, state, ctx)

    return agent


class Cassette:
    """What real agents did, kept in a file: recorded once, then played without them.

    A take goes by visit and state, so a change of what an agent sees needs a new one.
    """

    def __init__(self, path: Path, *, record: bool = False) -> None:
        """Take the file; with `record` what is missing is asked of the real agent and kept."""
        self._path = path
        self._records = record
        text = path.read_text("utf-8") if path.exists() else "{}"
        self._takes: dict[str, list[dict[str, Any]]] = json.loads(text)

    def __call__(self, fn: Callable[..., object]) -> Agent:
        """Return what plays one agent; `check(agents=cassette)` does so with all of them."""
        signature = signature_of(fn)
        body, result = signature.body, signature.gives

        async def play(state: Any, ctx: Ctx) -> object:
            shape, before = _parts(state)
            sees, takes = dumped(shape, before), self._takes.setdefault(visit_of(ctx), [])
            for take in takes:
                # The order of a set may be another one in this process.
                if take["sees"] == sees or loaded(shape, take["sees"]) == before:
                    for name, value in loaded(shape, take["writes"]).items():
                        setattr(state, name, value)
                    return loaded(result, take["gives"])[""]
            if not self._records:
                what = f"the cassette has nothing for {ctx.path!r} in this state"
                fix = "record it once: Cassette(path, record=True)"
                raise InvalidInput(what, where=f"file {str(self._path)!r}", fix=fix)
            given = await called(body, state, ctx)
            after = _parts(state)[1].items()
            writes = {name: value for name, value in after if not same(value, before.get(name))}
            take = {
                "sees": sees,
                "writes": dumped(shape, writes),
                "gives": dumped(result, {"": given}),
            }
            takes.append(take)
            self._path.parent.mkdir(parents=True, exist_ok=True)
            self._path.write_text(json.dumps(self._takes, indent=1, sort_keys=True), "utf-8")
            return given

        return play


def _parts(seen: object) -> tuple[type, dict[str, object]]:
    """Return the class and the fields of a state; of an item of an `each`, the item."""
    if not isinstance(seen, BaseModel):
        return type(seen), {"": seen}
    # A draft lends what it holds: its copy shares nothing.
    seen = copy.copy(seen)
    return type(seen), {name: value for name, value in vars(seen).items() if value is not UNSET}
