"""Fake agents that do what a trial says, in place of a workflow's own; what to try is not theirs.

Rules of this file:

1. A fake answers by the visit that it is asked in, never by the order in which things happen: so
   another order, a repetition or a restart gets the same answers.
2. A fake writes what its vertex is known to write, and through the reducer of a field, so that
   what it does is what an agent may do.
3. What only moves the state in and out (`over`, `enter`, `leave`, `into`, the text of a question)
   stays the user's own, and so does every agent that the user wants to keep.
"""

import asyncio
import inspect
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from random import Random
from typing import Any, Final, Literal, NamedTuple, TypeAlias

from pydantic import BaseModel

from agentgraph.errors import InvalidInput, suggest
from agentgraph.graph import FrozenGraph, Vertex
from agentgraph.runtime import Binding, Body, Ctx, Program
from agentgraph.runtime.journal import error_of
from agentgraph.state import append, merge, schema_of, union
from agentgraph.state.declaration import reducers_of
from agentgraph.verify.facts import Facts
from agentgraph.workflow.signature import signature_of

Functions: TypeAlias = Mapping[str, Callable[..., object]]
Agents: TypeAlias = (
    Functions | Callable[[Callable[..., object]], Callable[..., object]] | Literal["real"] | None
)
"""Which agents are kept: all ("real"), these in place of the fakes of these names, or what a function
makes of each."""
Labels: TypeAlias = Literal["any", "real"]
Writes: TypeAlias = Mapping[str, object]
"""What an agent writes in one visit, by field; what the function of an `each` gives, under ``""``."""
RARE: Final = 0.7
"""How often a lot takes what was never answered yet, where there is some."""
FAULTS: Final = ("before", "after", "hang")


@dataclass(frozen=True)
class Trial:
    """All that a simulated run depends on: the same trial gives the same run, on every machine."""

    state: Any
    """What it begins with; in a script plain data, like all that is written."""
    writes: Mapping[str, Sequence[Writes]] = field(default_factory=dict[str, Sequence[Writes]])
    """What each agent writes, by its path: in its first visit, in its second, and so on around."""
    labels: Mapping[str, str | None] = field(default_factory=dict[str, str | None])
    """What each choice answers, by its visit (`support#1/triage#2`); None abstains."""
    lot: str | None = None
    """What decides all other choices by lot; None: each takes its first label, `last`: its last."""
    known: frozenset[tuple[str, str | None]] = frozenset()
    """What was answered in some run already, by visit: the lot likes what was not."""
    deviations: Mapping[int, int] = field(default_factory=dict[int, int])
    """Where the schedule does not take what came first (`Schedule`)."""
    shuffle: str | None = None
    """The seed of a schedule that is all by lot."""
    fault: tuple[str, str] | None = None
    """The visit whose first attempt fails, and how: `before` it does anything, `after` it has done
    all, or it does not come to an end (`hang`). The name of an exception fails all attempts."""
    stray: str | None = None
    """The visit of a classifier that sees every text in capitals and with spaces around."""
    crash: int | None = None
    """The process dies when so many facts are recorded; the run goes on in another."""
    cancel: int | None = None
    """The run is cancelled when so many facts are recorded."""


class Fake(NamedTuple):
    """What stands in for one agent."""

    shape: Any
    """The class of the state that it writes; where it gives one value, the type of that."""
    fields: Mapping[str, bool]
    """Which fields it writes, and whether always; one value goes by the name ""."""


class Stage:
    """The fakes of one workflow; `trial` is what they play."""

    def __init__(self, program: Program, agents: Agents, labels: Labels) -> None:
        """Make the program in which they stand. Raises `InvalidInput` for an agent that nobody has."""
        self.trial: Trial
        self.answered: dict[str, str | None] = {}
        """What choices have answered, by visit."""
        self.deaf: str = ""
        """Who went on when it was cancelled."""
        self.fakes: dict[str, Fake] = {}
        """By the paths of those for whom they stand in."""
        self.caught: dict[str, str] = {}
        """The nodes that stand in a `catch` flow, each with an error that it catches."""
        self._answers: dict[str, dict[str, object]] = {}
        kinds = {"agents": agents, "labels": labels}
        self.real: tuple[Any, ...] = tuple(kind for kind, each in kinds.items() if each == "real")
        self._agents: Functions = agents if isinstance(agents, Mapping) else {}
        self._made_of = None if isinstance(agents, str | Mapping) else agents
        self._known: set[str] = set()
        self.program: Program = self._staged(program, "")
        for name in self._agents:
            if name not in self._known:
                what = f"there is no agent {name!r} to stand in for"
                where = f"agents= of a check of {program.graph.name!r}"
                fix = suggest(name, self._known, f"agents are {', '.join(sorted(self._known))}")
                raise InvalidInput(what, where=where, fix=fix)

    def begin(self, trial: Trial) -> None:
        """Play another trial."""
        self.trial, self.answered, self.deaf = trial, {}, ""

    def label(self, visit: str, options: Sequence[str | None]) -> str | None:
        """Say what a choice answers in a visit."""
        trial = self.trial
        if visit in trial.labels and trial.labels[visit] in options:
            found = trial.labels[visit]
        elif trial.lot is None:
            found = options[0]
        elif trial.lot == "last":
            found = [label for label in options if label is not None][-1]
        else:
            chance = Random(f"{trial.lot}/{visit}")  # noqa: S311 - a lot
            rare = [label for label in options if (visit, label) not in trial.known]
            found = chance.choice(rare if rare and chance.random() < RARE else list(options))
        self.answered[visit] = found
        return found

    def answer(self, path: str, label: str) -> Any:
        """Return the answer of a question as the user writes it."""
        return self._answers[path].get(label, label)

    def form(self, path: str, visit: str) -> Any:
        """Return the form that a person sends."""
        number = visit.rsplit("#", 1)[-1].split("~", maxsplit=1)[0]
        return self._writes(path, int(number)).get("")

    # Making the program.

    def _staged(self, program: Program, path: str) -> Program:
        graph, bindings = program.graph, dict(program.bindings)
        facts = Facts.found(graph)
        for vertex, fact in zip(graph.vertices, facts.of, strict=True):
            if vertex.name in bindings:
                sure = {*facts.names(fact.sure), *(vertex.writes or ())}
                fake = Fake(program.model, {name: name in sure for name in facts.names(fact.some)})
                own, full = bindings[vertex.name], path + vertex.name
                bindings[vertex.name] = self._bound(vertex, full, own, graph, fake)
        for region in graph.regions:
            for error in region.catches[:1]:
                self.caught |= dict.fromkeys([path + name for name in region.members], error)
        return replace(program, bindings=bindings)

    def _bound(
        self, vertex: Vertex, path: str, binding: Binding, graph: FrozenGraph, fake: Fake
    ) -> Binding:
        changed: dict[str, Any] = {}
        if binding.child is not None:
            changed["child"] = self._staged(binding.child, f"{path}/")
        if binding.undo is not None and "agents" not in self.real:
            changed["undo"] = Body(_nothing, is_async=True)
        match vertex.kind:
            case "node":
                own = self._agent(path, binding.body or Body(_nothing), fake)
                changed["body"] = self._tried(vertex, path, own)
            case "classifier" if "labels" in self.real:
                changed["body"] = self._tried(vertex, path, binding.body or Body(_nothing))
            case "classifier":
                changed["body"] = self._choice(graph, vertex, binding)
            case "consensus" if "labels" not in self.real:
                changed["voters"] = (self._choice(graph, vertex, binding),) * len(vertex.voters)
            case "human":
                self._answers[path] = {label: answer for answer, label in binding.labels.items()}
            case "form":
                self.fakes[path] = Fake(binding.form, {"": True})
            case "each" if binding.do is not None:
                changed["do"] = self._agent(path, binding.do, Fake(binding.result, {"": True}))
            case _:
                pass
        return replace(binding, **changed)

    def _agent(self, path: str, own: Body, fake: Fake) -> Body:
        """Return what the user gave for an agent, by its path or its name; or its own, or a fake."""
        name = path.rsplit("/", 1)[-1]
        self._known |= {path, name}
        given = self._agents.get(path) or self._agents.get(name)
        if self._made_of is not None:
            given = self._made_of(own.fn)
        if given is not None:
            return signature_of(given).body
        if "agents" in self.real or fake.shape is object:
            return own
        self.fakes[path] = fake
        is_value = "" in fake.fields
        reducers: Mapping[str, object] = {} if is_value else reducers_of(fake.shape)

        async def play(state: Any, ctx: Ctx[Any]) -> object:
            await asyncio.sleep(0)
            if is_value:
                return self._writes(path, int(ctx.path.rsplit("/", 1)[-1]) + 1).get("")
            for name, value in self._writes(path, ctx.visit).items():
                _edit(state, name, value, reducers.get(name))
                await asyncio.sleep(0)
            return None

        return Body(play, "ctx", is_async=True)

    def _tried(self, vertex: Vertex, path: str, own: Body) -> Body:
        """Let a function be called as the trial says: it fails, it hangs, it reads a stray text."""

        async def attempt(state: Any, ctx: Ctx[Any]) -> object:
            fault = self._fault(ctx)
            if fault == "hang":
                await asyncio.sleep(1e9)
            elif fault and fault != "after":
                raise _error_for(vertex, fault)
            if self.trial.stray == visit_of(ctx):
                state = strayed(state, vertex.labels)
            result = await called(own, state, ctx)
            if (task := asyncio.current_task()) is not None and task.cancelling():
                self.deaf = path
            if fault == "after":
                raise _error_for(vertex, fault)
            return result

        return Body(attempt, "ctx", is_async=True)

    def _fault(self, ctx: Ctx[Any]) -> str:
        visit, kind = self.trial.fault or ("", "")
        is_due = visit == visit_of(ctx) and (ctx.attempt == 1 or kind not in FAULTS)
        return kind if is_due else ""

    def _writes(self, path: str, visit: int) -> Writes:
        variants = self.trial.writes.get(path) or ({},)
        return variants[(visit - 1) % len(variants)]

    def _choice(self, graph: FrozenGraph, vertex: Vertex, binding: Binding) -> Body:
        answers: dict[str, object] = {label: answer for answer, label in binding.labels.items()}
        edges = graph.outs[vertex.name]
        options: list[str | None] = list(answers or [e.label for e in edges if e.label])
        if vertex.kind == "classifier" and vertex.abstains and any(e.unsure for e in edges):
            options.append(None)

        async def fake(_: Any, ctx: Ctx[Any]) -> object:
            await asyncio.sleep(0)
            label = self.label(visit_of(ctx), options)
            return None if label is None else answers.get(label, label)

        return Body(fake, "ctx", is_async=True)


def visit_of(ctx: Ctx[Any]) -> str:
    """Return the visit that a context stands in, whatever run it is."""
    return ctx.idempotency_key.removeprefix(f"{ctx.run_id}/")


def _edit(state: Any, name: str, value: Any, reduce: object) -> None:
    """Write a field as its reducer wants: what is there already stays where that is the rule."""
    if reduce is append:
        value = getattr(state, name) + value
    elif reduce in {union, merge}:
        value = value | getattr(state, name)
    setattr(state, name, value)


def repaired(vertex: Vertex) -> Sequence[str]:
    """Return the faults of a node that its policy repairs."""
    policy = vertex.policy
    if policy.attempts < 2:
        return ()
    hangs = policy.timeout_s is not None and (
        policy.retry_on is None
        or {"builtins.TimeoutError", "builtins.OSError", "builtins.Exception"} & {*policy.retry_on}
    )
    return FAULTS if hangs else FAULTS[:2]


def _error_for(vertex: Vertex, kind: str) -> Exception:
    """Make the error of a fault; one without a name is one that the policy of the vertex repeats."""
    names = vertex.policy.retry_on or ("builtins.ConnectionError",)
    return error_of(names[0] if kind in FAULTS else kind, "as the script says")


async def called(body: Body, state: Any, ctx: Ctx[Any]) -> object:
    """Call a function of the user's with what it takes, and await what it gives."""
    extra = {"state": (), "ctx": (ctx,), "error": (ctx.error,)}[body.wants]
    result = body.fn(state, *extra)
    return await result if inspect.isawaitable(result) else result


def strayed(state: BaseModel, labels: Collection[str]) -> BaseModel | None:
    """Return a copy of a state in which texts that are labels are as a model may write them."""
    kind, values = schema_of(type(state)).model, vars(state)
    texts = {
        name: f" {values[name].upper()} "
        for name, info in kind.__pydantic_fields__.items()
        if info.annotation is str and values.get(name) in labels
    }
    return kind.model_construct(None, **{**values, **texts}) if texts else None


async def _nothing(*_: object) -> None:
    """Do nothing."""
