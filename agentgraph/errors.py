"""Every error that agentgraph raises; not the place where any of them is decided.

Rules of this file:

1. The tree is split by who must act: `GraphError` (mend the definition), `RunError`
   (look at the run), `JournalError` (look at the storage), `InternalError` (report it).
2. Each message says what happened, where, and what to do. The parts are fields too,
   so that no program needs to parse text.
3. Standard library only, and nothing of agentgraph: every layer raises from here.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar, Literal, NamedTuple, Self, TypeAlias, cast

Severity = Literal["error", "warning"]
Claim = Literal["proved", "declared", "heuristic", "observed"]


@dataclass(frozen=True, slots=True)
class Place:
    """A line of the user's source."""

    file: str
    line: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}"


Outcome = Literal["waits", "twice", "left", "shared", "trapped", "endless", "exhausted", "never",
                  "unset", "clash", "skipped", "together", "often"]  # fmt: skip
Move: TypeAlias = tuple[str, str, str | None]
"""An edge that a token took: source, target and label, as `Result.taken` has them."""


class Step(NamedTuple):
    """What completes next in a script: a vertex by its path, such as `inbox/support/billing`."""

    vertex: str
    label: str | None = None
    """What a choice answers; None is an abstention there, and nothing elsewhere."""
    error: str = ""
    """The qualified name of the exception that it fails with, if it does."""


class Resting(NamedTuple):
    """A token at the end of a script: a vertex at work, or the place of a join for one edge."""

    vertex: str
    source: str | None = None
    """From where it came to the join; None: the vertex is at work, or it is END."""


@dataclass(frozen=True, slots=True)
class Script:
    """A run that shows a fault: what completes, one after the other, and what has then happened.

    `waits`: a join at `culprits` holds tokens, and nothing can bring what it lacks. `twice`: a
    second token came to one of them. `left`: a token left the graph or a region (`region`) while
    others stay. `shared`: two tokens are in one region. `trapped`: no way leads from a token to
    END. `endless`: the steps from `again` on can be repeated for ever. `exhausted`: a bound ends
    the run. `unset`: who is at work reads a `field` that nothing wrote. `clash`: two at work write
    it. `together`: both are at work. `skipped`: the first has begun, the second never completed.
    `often`: it was visited `number` times. `never`: no run shows it; a search confirms it.
    """

    outcome: Outcome
    culprits: tuple[str, ...]
    steps: tuple[Step, ...] = ()
    moves: tuple[Move, ...] = ()
    """The edges that tokens take meanwhile, in this order."""
    tokens: tuple[Resting, ...] = ()
    """Where all tokens are at the end."""
    region: str = ""
    again: int | None = None
    field: str = ""
    number: int = 0
    mended: tuple[tuple[str, ...], ...] = ()
    """Parts, by their first and last vertex, that have other faults and are taken as mended."""
    within: str = ""
    """The path of the graph that is played alone, since the one around it can have no run."""

    def renamed(self, name: Callable[[str], str], at: Callable[[str], str]) -> "Script":
        """Return it with other names: `at` gives those of its steps, `name` all others."""
        return replace(
            self,
            culprits=tuple(map(name, self.culprits)),
            steps=tuple(step._replace(vertex=at(step.vertex)) for step in self.steps),
            moves=tuple((name(source), name(to), by) for source, to, by in self.moves),
            tokens=tuple(Resting(name(on), by and name(by)) for on, by in self.tokens),
            mended=tuple(tuple(map(name, part)) for part in self.mended),
        )

    def followed_by(self, script: "Script", at: str, path: str) -> "Script":
        """Go on with the script of a graph inside: `at` its run, `path` where it stands."""
        inner = script.renamed(lambda name: path + name, lambda name: at + name)
        again = None if script.again is None else len(self.steps) + script.again
        steps, moves = self.steps + inner.steps, self.moves + inner.moves
        tokens = self.tokens + inner.tokens
        return replace(inner, steps=steps, moves=moves, tokens=tokens, again=again)


@dataclass(frozen=True, slots=True)
class Finding:
    """One fault of a graph: what it is, where it stands, the path that shows it, how to mend it."""

    code: str
    what: str
    where: str
    fix: str
    place: Place | None = None
    path: tuple[str, ...] = ()
    severity: Severity = "error"
    claim: Claim = "proved"
    labels: tuple[str | None, ...] = ()
    """The label of each edge along the path, where any has one."""
    script: Script | None = None
    """The run that shows it; `agentgraph.testing` can replay it."""

    def __str__(self) -> str:
        where = f"{self.where} ({self.place})" if self.place else self.where
        lines = [f"[{self.code}] {self.what}", f"  where: {where}"]
        if self.path:
            lines.append(f"  path:  {self.route}")
        return "\n".join([*lines, f"  fix:   {self.fix}"])

    @property
    def route(self) -> str:
        """The path in one line: `START -> triage -[other]-> clerk`; ` ... ` is a part taken as mended."""
        labels = self.labels or (None,) * len(self.path)
        parts = {part[-2:] for part in self.script.mended} if self.script else ()
        words = list(self.path[:1])
        for source, name, label in zip(self.path, self.path[1:], labels, strict=False):
            words += ["-> ..."] if (source, name) in parts else []
            words.append(f"-[{label}]-> {name}" if label else f"-> {name}")
        return " ".join(words)


def text_of(error: BaseException) -> str:
    """Return the text of an error; of one whose own text fails, that."""
    try:
        return str(error)
    except Exception as other:  # noqa: BLE001 - a class of the user's may do anything
        return f"(its text raises {type(other).__name__})"


def nearest(name: str, known: Iterable[str]) -> str | None:
    """Return the known name that is most like `name`, or None when none is near."""
    from difflib import get_close_matches  # noqa: PLC0415 - spares those who only import

    close = get_close_matches(name, list(known), n=1, cutoff=0.6)
    return close[0] if close else None


def suggest(name: str, known: Iterable[str], otherwise: str) -> str:
    """Say which known name was probably meant; `otherwise` is the advice when none is near."""
    near = nearest(name, known)
    return f"did you mean {near!r}?" if near is not None else otherwise


UNREPEATABLE: frozenset[str] = frozenset({
    "agentgraph.errors.AgentGraphError",
    "builtins.ArithmeticError", "builtins.AssertionError", "builtins.AttributeError",
    "builtins.BufferError", "builtins.EOFError", "builtins.ImportError", "builtins.LookupError",
    "builtins.MemoryError", "builtins.NameError", "builtins.NotImplementedError",
    "builtins.RecursionError", "builtins.ReferenceError", "builtins.SyntaxError",
    "builtins.TypeError", "builtins.UnicodeError", "builtins.ValueError",
})  # fmt: skip
"""Programming errors, and our own: another attempt would fail alike."""

Kinds: TypeAlias = tuple[frozenset[str], ...]
"""The qualified names of the classes of an error; of a group, a set for each error in it."""


def kinds_of(error: BaseException) -> Kinds:
    """Return the qualified names of the classes of an error.

    For a group there is one set for each error in it, with the classes of the group
    added: so what names a class in every set catches the group.
    """
    names = frozenset(f"{kind.__module__}.{kind.__qualname__}" for kind in type(error).__mro__)
    if not isinstance(error, BaseExceptionGroup):
        return (names,)
    group = cast("BaseExceptionGroup[BaseException]", error)
    return tuple(kinds | names for member in group.exceptions for kinds in kinds_of(member))


def is_repeatable(names: frozenset[str]) -> bool:
    """Say whether an error of these classes may go away by itself; a timeout of a node may."""
    return "agentgraph.errors.NodeTimeout" in names or UNREPEATABLE.isdisjoint(names)


def catches(names: Iterable[str], kinds: Kinds) -> bool:
    """Say whether `names` holds a class of every error that `kinds` stands for."""
    wanted = frozenset(names)
    return all(not wanted.isdisjoint(each) for each in kinds)


class AgentGraphError(Exception):
    """The root of the tree: `what` happened, `where`, and the `fix`."""

    code: ClassVar[str] = "AG000"

    def __init_subclass__(cls, *, code: str = "") -> None:
        """Give a class of errors the code by which `docs/errors.md` tells of it."""
        super().__init_subclass__()
        cls.code = code or cls.code

    def __init__(self, what: str, *, where: str, fix: str) -> None:
        """Keep the three parts as fields; `str()` joins them under the code."""
        super().__init__(what, where, fix)
        self.what = what
        self.where = where
        self.fix = fix

    def __str__(self) -> str:
        return f"[{self.code}] {self.what}\n  where: {self.where}\n  fix:   {self.fix}"

    def __reduce__(self) -> tuple[object, ...]:
        # Past the `__init__` of its class, which takes other arguments.
        return type(self).__new__, (type(self), *self.args), self.__dict__


class GraphError(AgentGraphError, code="AG100"):
    """The definition of a workflow is wrong: mend the source."""


class InvalidGraph(GraphError, code="AG109"):
    """A graph has faults; `findings` lists all of them, not only the first."""

    def __init__(self, name: str, findings: Sequence[Finding], *, report: object = None) -> None:
        """Take the name of the graph, everything that was found, and the `Report` of it."""
        count = f"{len(findings)} fault" + ("" if len(findings) == 1 else "s")
        what, where = f"workflow {name!r} has {count}", f"workflow {name!r}"
        super().__init__(what, where=where, fix="mend each finding below")
        self.name = name
        self.findings: tuple[Finding, ...] = tuple(findings)
        self.report: Any = report
        """The `Report` with the graph and its warnings; it lies in a layer above this one."""

    def __str__(self) -> str:
        return "\n".join([f"{self.what}", *(str(finding) for finding in self.findings)])


class InvalidFlow(GraphError, code="AG120"):
    """Two parts cannot be put together the way it was written."""


class InvalidAgent(GraphError, code="AG121"):
    """A callable cannot be a node, a classifier, a voter or a question."""


class InvalidState(GraphError, code="AG410"):
    """A state class declares something that no run could carry out."""


class UnknownTarget(GraphError, code="AG130"):
    """A command line target, or the thing that it names, does not exist."""


class InvalidGraphFile(GraphError, code="AG131"):
    """A JSON text or a networkx graph does not describe a graph of this version."""


class RunError(AgentGraphError, code="AG600"):
    """Something went wrong while a run was under way, or with what it was given."""


class InvalidInput(RunError, code="AG601"):
    """The state or the services given to a run do not fit the workflow."""


class RunFailed(RunError, code="AG602"):
    """A run ended `failed`; `result` holds all that is known, the cause is chained."""

    def __init__(self, what: str, *, where: str, fix: str, result: object) -> None:
        """Take the parts of the message and the `Result` of the run."""
        super().__init__(what, where=where, fix=fix)
        self.result: Any = result
        """The `Result`; it lies in a layer above this one."""


class InvalidEdit(RunError, code="AG610"):
    """A node left its state in a form that does not validate; nothing of it was kept."""

    left: "dict[str, object] | None" = None
    """The values that it left, for a report."""


class InvalidReturn(RunError, code="AG611"):
    """A node returned a value; nodes edit their state and return None."""


class ReadOnlyState(RunError, code="AG612"):
    """A function that may only read its state edited it."""


class ClosedDraft(RunError, code="AG613"):
    """A draft was used after the attempt that it belonged to had ended."""


class UnsetField(RunError, code="AG614"):
    """A field was read that nothing has written yet."""


class MergeConflict(RunError, code="AG620"):
    """Parallel branches wrote one field, and nothing says how to merge their values."""

    def __init__(
        self, what: str, *, where: str, fix: str, field: str = "", branches: tuple[str, ...] = ()
    ) -> None:
        """Take the parts of the message, the field, and the names of the branches."""
        super().__init__(what, where=where, fix=fix)
        self.field = field
        self.branches = branches


class UnknownLabel(RunError, code="AG630"):
    """A classifier, voter or person answered something that is not one of the labels."""


class Abstained(RunError, code="AG631"):
    """A classifier gave no label, or too little confidence, and has no `unsure` edge."""

    @classmethod
    def by(cls, path: str, visit: int) -> Self:
        """Say that the classifier at `path` was not sure."""
        what = f"classifier {path!r} gave no label that it was sure of"
        where = f"classifier {path!r}, visit {visit}"
        return cls(what, where=where, fix="give its route an `unsure=`")


class NoConsensus(RunError, code="AG632"):
    """No label can reach the votes that a consensus needs, and it has no `unsure` edge."""

    @classmethod
    def at(cls, path: str, need: int, errors: Sequence[Exception]) -> "Self | ExceptionGroup":
        """Say that no label can win at `path`; the errors of voters go before."""
        what = f"no label can get the {need} votes that {path!r} needs"
        if errors:
            return ExceptionGroup(what, errors)
        return cls(what, where=f"consensus {path!r}", fix="give its route an `unsure=`")


class Exhausted(RunError, code="AG640"):
    """A workflow met the bound of one of its loops, and the loop has no `then`."""

    @classmethod
    def at(cls, path: str, at_most: int | None, workflow: str) -> Self:
        """Say that the loop at `path` met its bound."""
        what = f"the loop at {path!r} ran {at_most} times, which is its bound"
        fix = "raise `at_most`, give the loop a `then=`, or catch Exhausted in the parent"
        return cls(what, where=f"workflow {workflow!r}", fix=fix)


class NodeTimeout(RunError, TimeoutError, code="AG650"):
    """An attempt took longer than the timeout of its node; it wrote nothing."""


class QuestionExpired(RunError, TimeoutError, code="AG651"):
    """Nobody answered in time, and the question has no `on_timeout`."""

    @classmethod
    def at(cls, path: str, visit: int) -> Self:
        """Say that nobody answered the question at `path`."""
        what, where = f"nobody answered {path!r} in time", f"question {path!r}, visit {visit}"
        return cls(what, where=where, fix="give its Ask an `on_timeout`, or catch TimeoutError")


class UndoStopped(RunError, code="AG652"):
    """The task of an undo was cancelled from outside the run; what it had done may be half done."""

    @classmethod
    def at(cls, path: str, visit: int) -> Self:
        """Say that the undo of the node at `path` was stopped."""
        what = f"the undo of {path!r} was cancelled before it had ended"
        fix = "cancel the run and not its tasks: then an undo is awaited; see what it left"
        return cls(what, where=f"node {path!r}, visit {visit}", fix=fix)


class UnknownQuestion(RunError, code="AG660"):
    """An answer names no question that this run has asked."""


class AnswerRefused(RunError, code="AG661"):
    """An answer cannot be taken: it is ambiguous, late, or the question was answered already."""


class NotAvailable(RunError, code="AG670"):
    """Something was asked for that this installation or this run cannot do."""


class JournalError(AgentGraphError, code="AG700"):
    """A journal cannot be read, or does not belong to this graph."""


class JournalDiffers(JournalError, code="AG701"):
    """A journal holds an event that the graph, replayed so far, does not allow."""

    @classmethod
    def at(cls, index: int, where: str, what: str) -> Self:
        """Say which event of the journal does not fit, and why."""
        what = f"event {index} of the journal does not fit: {what}"
        fix = "replay it on the graph that wrote it (compare the digests)"
        return cls(what, where=where, fix=fix)


class InternalError(AgentGraphError, code="AG900"):
    """Our own fault: the message asks for a report."""


class IllegalEvent(InternalError, code="AG901"):
    """The machine was told something that cannot have happened."""

    @classmethod
    def told(cls, what: str) -> Self:
        """Say what the machine was told."""
        fix = "report this with the journal of the run"
        return cls(what, where="the machine", fix=fix)


class Stuck(InternalError, code="AG902"):
    """A token rests on a place and nothing can move it: the graph should never have been built."""

    @classmethod
    def at(cls, graph: str, what: str) -> Self:
        """Say what stands in the graph."""
        fix = "report this with the graph (Workflow.to_json()): verification let it through"
        return cls(what, where=f"graph {graph!r}", fix=fix)
