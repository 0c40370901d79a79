"""Choices: classifiers, people, and the route from each of their labels; not what they answer."""

from collections.abc import Callable, Mapping
from typing import Generic, Self, cast

from pydantic import BaseModel

from agentgraph.errors import InvalidFlow
from agentgraph.events.verdict import Verdict
from agentgraph.runtime.question import Question
from agentgraph.workflow.flow import Flow, Node, Target, Unfinished, tree_of
from agentgraph.workflow.places import Spot, invalid, spot_of_caller
from agentgraph.workflow.signature import Signature, pair_of
from agentgraph.workflow.tree import End, Fan, Mention
from agentgraph.workflow.variables import S2, F, L, S, S_contra
from agentgraph.workflow.work import Work


class Abstaining(Unfinished, Generic[S_contra, L]):
    """A classifier that may abstain (`-> Verdict[L] | None`), so that `unsure=` must be given."""

    advice = 'lead its labels somewhere: `classifier.route({"label": part})`'

    def __init__(self, work: Work) -> None:
        """Made by the decorators."""
        self.work = work

    @property
    def name(self) -> str:
        """The name that the choice asks for; a second mention of it gets a number."""
        return self.work.name

    def route(
        self: "Abstaining[S, L]",
        to: Mapping[L, Target[S]],
        *,
        unsure: Target[S],
        at_least: float = 0.0,
    ) -> Flow[S]:
        """Lead each label to its part; an abstention, or less confidence than `at_least`, to `unsure`."""
        return Flow(fan(self.work, to, unsure, at_least, spot_of_caller()))

    def choose(
        self: "Abstaining[S, L]",
        to: Callable[[L], Flow[S] | End],
        *,
        unsure: Target[S],
        at_least: float = 0.0,
    ) -> Flow[S]:
        """Do as `route` does, by a function of the label: the editor sees a label that is missing."""
        return Flow(fan(self.work, chosen(self.work, to), unsure, at_least, spot_of_caller()))

    async def decide(self: "Abstaining[S, L]", state: S) -> "Verdict[L] | None":
        """Ask once about a copy of `state`: for unit tests and evaluation."""
        return cast("Verdict[L] | None", await _decided(self.work, state))

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.name!r})"


class Classifier(Abstaining[S_contra, L]):
    """A function of the state that answers one of a closed set of labels."""

    def route(
        self: "Classifier[S, L]",
        to: Mapping[L, Target[S]],
        *,
        unsure: Target[S] | None = None,
        at_least: float = 0.0,
    ) -> Flow[S]:
        """Lead each label to its part; less confidence than `at_least` leads to `unsure`."""
        return Flow(fan(self.work, to, unsure, at_least, spot_of_caller()))

    def choose(
        self: "Classifier[S, L]",
        to: Callable[[L], Flow[S] | End],
        *,
        unsure: Target[S] | None = None,
        at_least: float = 0.0,
    ) -> Flow[S]:
        """Do as `route` does, by a function of the label: the editor sees a label that is missing."""
        return Flow(fan(self.work, chosen(self.work, to), unsure, at_least, spot_of_caller()))

    async def decide(self: "Classifier[S, L]", state: S) -> Verdict[L]:
        """Ask once about a copy of `state`: for unit tests and evaluation."""
        found = await _decided(self.work, state)
        assert found is not None, "a classifier that does not say so never abstains"
        return cast("Verdict[L]", found)

    def on(self, state: type[S2]) -> "Classifier[S2, L]":
        """Use this for a state that extends its own (checked when the workflow is built)."""
        return Classifier(self.work.on(state))

    def named(self, name: str) -> Self:
        """Return this classifier under another name."""
        return type(self)(self.work.named(name))


class Choice(Classifier[S_contra, L], Question[L]):
    """A person picks a label."""

    def on(self, state: type[S2]) -> "Choice[S2, L]":
        """Ask this of a state that extends its own (checked when the workflow is built)."""
        return Choice(self.work.on(state))


class Form(Unfinished, Question[F], Generic[S_contra, F]):
    """A person fills in a form."""

    advice = "say what becomes of the answer: `@form.save`, a function of the state and the form"

    def __init__(self, name: str, work: "Callable[[Signature], Work]") -> None:
        """Made by the decorator `human`."""
        self.name = name
        self._work = work

    def save(self: "Form[S, F]", fn: Callable[[S, F], None]) -> Node[S]:
        """Make a node of the question and of `fn`, which puts the answer into the state."""
        save = pair_of(fn, "the state and the form that was filled in")
        return Node(Mention(self._work(save), object()))

    def __repr__(self) -> str:
        return f"Form({self.name!r})"


def fan(work: Work, to: object, unsure: object, at_least: float, spot: Spot | None) -> Fan:
    """Return the tree of a choice. Raises `InvalidFlow` when it makes no sense by itself."""
    targets = cast("Mapping[object, object]", to if isinstance(to, Mapping) else {})
    if not targets:
        what = f"{work.name!r} leads nowhere"
        fix = 'give a dict of labels and parts: `.route({"yes": a, "no": END})`'
        raise invalid(what, fix, spot, f"route of {work.name!r}")
    confident(at_least, f"route of {work.name!r}", spot)
    ways = tuple((label, tree_of(target, spot)) for label, target in targets.items())
    other = None if unsure is None else tree_of(unsure, spot)
    is_open = any(part.is_open for _, part in ways) or (other is not None and other.is_open)
    return Fan(work, ways, other, at_least, spot, is_open)


def confident(at_least: float, where: str, spot: Spot | None) -> None:
    """Refuse a least confidence that no answer can be compared with."""
    if not 0.0 <= at_least <= 1.0:
        fix = "a confidence is a number from 0 to 1"
        raise invalid(f"`at_least` is {at_least!r}", fix, spot, where)


def chosen(work: Work, to: Callable[[L], object]) -> dict[L, object]:
    """Ask a function of the label where each label of a closed set leads."""
    settled = work.settled
    if settled.is_open:
        what = f"{work.name!r} may answer any text, so its labels cannot be gone through"
        fix = "annotate it with a `Literal` or an `Enum`, or use `.route({...}, unsure=part)`"
        raise InvalidFlow(what, where=f"choose of {work.name!r}", fix=fix)
    labels = cast("Mapping[L, str]", settled.binding.labels)
    return {label: to(label) for label in labels}


async def _decided(work: Work, state: BaseModel) -> Verdict[str] | None:
    from agentgraph.runtime.alone import decide  # noqa: PLC0415 - only tests need it

    binding = work.settled.binding
    if binding.body is None or work.settled.vertex.kind != "classifier":
        what = f"{work.name!r} is a {work.settled.vertex.kind}, which nobody can ask by one call"
        raise InvalidFlow(what, where=f"{work.name!r}.decide", fix="run a workflow of it")
    return await decide(binding.body, binding.labels, state)
