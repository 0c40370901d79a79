"""`classifier` and `human`: turn a function into a choice by its annotation; routes are made elsewhere."""

from collections.abc import Awaitable, Callable
from enum import Enum
from types import FunctionType, MethodType
from typing import Generic, Never, Self, TypeAlias, overload

from pydantic import BaseModel
from typing_extensions import TypeVar

from agentgraph.errors import InvalidAgent
from agentgraph.events.verdict import Verdict
from agentgraph.graph import Vertex, VertexKind
from agentgraph.runtime.context import Ctx
from agentgraph.runtime.program import Binding
from agentgraph.runtime.question import Ask
from agentgraph.workflow.access import in_turn
from agentgraph.workflow.choice import Abstaining, Choice, Classifier, Form
from agentgraph.workflow.flow import Flow, Unfinished
from agentgraph.workflow.labels import Answers, answers_of, asked_by
from agentgraph.workflow.signature import Signature, Unread, is_method, signature_of
from agentgraph.workflow.work import Made, Settled, Work, without_error

S = TypeVar("S", bound=BaseModel)
S_contra = TypeVar("S_contra", bound=BaseModel, contravariant=True)
L = TypeVar("L", bound="str | bool | Enum")
F = TypeVar("F", bound=BaseModel)
X = TypeVar("X")
X_contra = TypeVar("X_contra", contravariant=True)
R = TypeVar("R")

With: TypeAlias = Callable[[S], R] | Callable[[S, Ctx[Never]], R]
"""A function of the state, or of state and context, that returns R."""
Method: TypeAlias = Callable[[X, S], R] | Callable[[X, S, Ctx[Never]], R]
"""The same in a class body."""


class AbstainingMethod(Unfinished, Generic[X_contra, S_contra, L]):
    """A classifier written in a class body that may abstain; on an instance it is `Abstaining`."""

    advice = (
        "a method is a classifier on an instance: `desk = Desk()`, then `desk.triage.route(...)`"
    )

    def __init__(self, fn: FunctionType) -> None:
        """Made by the decorator `classifier`."""
        self._fn = fn

    @overload
    def __get__(self, obj: None, owner: type[object]) -> Self: ...
    @overload
    def __get__(
        self: "AbstainingMethod[X, S, L]", obj: X, owner: type[object]
    ) -> Abstaining[S, L]: ...
    def __get__(self, obj: object, owner: type[object]) -> object:
        """Return the classifier of this instance."""
        return self if obj is None else self.bound_to(obj)

    def bound_to(self, obj: object) -> object:
        """Make the classifier of an instance."""
        return _classifier(MethodType(self._fn, obj))

    def __repr__(self) -> str:
        return self._fn.__qualname__


class ClassifierMethod(AbstainingMethod[X_contra, S_contra, L]):
    """A classifier written in a class body; on an instance it is a `Classifier`."""

    @overload
    def __get__(self, obj: None, owner: type[object]) -> Self: ...
    @overload
    def __get__(
        self: "ClassifierMethod[X, S, L]", obj: X, owner: type[object]
    ) -> Classifier[S, L]: ...
    def __get__(self, obj: object, owner: type[object]) -> object:
        """Return the classifier of this instance."""
        return self if obj is None else self.bound_to(obj)


@overload
def classifier(fn: With[S, Awaitable[Verdict[L]]], /) -> Classifier[S, L]: ...
@overload
def classifier(fn: With[S, Verdict[L]], /) -> Classifier[S, L]: ...
@overload
def classifier(fn: With[S, Awaitable[Verdict[L] | None]], /) -> Abstaining[S, L]: ...
@overload
def classifier(fn: With[S, Verdict[L] | None], /) -> Abstaining[S, L]: ...
@overload
def classifier(fn: With[S, Awaitable[L]], /) -> Classifier[S, L]: ...
@overload
def classifier(fn: With[S, L], /) -> Classifier[S, L]: ...
@overload
def classifier(fn: Method[X, S, Awaitable[Verdict[L]]], /) -> ClassifierMethod[X, S, L]: ...
@overload
def classifier(fn: Method[X, S, Verdict[L]], /) -> ClassifierMethod[X, S, L]: ...
@overload
def classifier(fn: Method[X, S, Awaitable[Verdict[L] | None]], /) -> AbstainingMethod[X, S, L]: ...
@overload
def classifier(fn: Method[X, S, Verdict[L] | None], /) -> AbstainingMethod[X, S, L]: ...
@overload
def classifier(fn: Method[X, S, Awaitable[L]], /) -> ClassifierMethod[X, S, L]: ...
@overload
def classifier(fn: Method[X, S, L], /) -> ClassifierMethod[X, S, L]: ...
def classifier(fn: object, /) -> object:
    """Make a function a classifier. Its annotation says which labels it may answer.

    It reads the state and returns a label (`Literal`, `Enum`, `bool`) or a `Verdict` of
    one. To abstain it returns None, annotated `-> Verdict[Kind] | None`.
    """
    if is_method(fn):
        return ClassifierMethod[object, BaseModel, str](fn)
    return _classifier(fn)


@overload
def human(fn: With[S, Ask[L]], /) -> Choice[S, L]: ...
@overload
def human(fn: With[S, Ask[F]], /) -> Form[S, F]: ...
@overload
def human(fn: With[S, Awaitable[Ask[L]]], /) -> Choice[S, L]: ...
@overload
def human(fn: With[S, Awaitable[Ask[F]]], /) -> Form[S, F]: ...
def human(fn: object, /) -> object:
    """Make a function a question to a person; it reads the state and returns an `Ask`.

    Its annotation says what may be answered: labels, or a model, which is a form.
    """
    signature = _read(fn)
    if isinstance(signature.returns, Unread):
        raise InvalidAgent(
            f"what {signature.name!r} asks cannot be read: nothing is called "
            f"{signature.returns.text!r} here",
            where=signature.where,
            fix="define the answer before the question",
        )
    answers = asked_by(signature)
    if answers.form is not None:
        return _form(signature, answers.form)
    asked: Choice[BaseModel, str] = Choice(
        Made(signature.name, fn, lambda: _settled(signature, "human", answers, asked))
    )
    return asked


def _classifier(fn: object) -> object:
    signature = _read(fn)
    work = Made(
        signature.name, fn, lambda: _settled(signature, "classifier", answers_of(signature), None)
    )
    # What can be read now is checked now: the traceback then points at the function.
    if not isinstance(signature.returns, Unread) and answers_of(signature).abstains:
        return Abstaining[BaseModel, str](work)
    return Classifier[BaseModel, str](work)


def _read(fn: object) -> Signature:
    if isinstance(fn, Flow | Unfinished):
        what = f"{fn!r} is no function any more"
        raise InvalidAgent(what, where="a decorator", fix="decorate the function once")
    return signature_of(fn)


def _settled(signature: Signature, kind: VertexKind, answers: Answers, question: object) -> Settled:
    vertex = Vertex(
        signature.name,
        kind,
        *signature.about,
        labels=tuple(answers.labels.values()),
        abstains=answers.abstains,
        access=signature.access,
    )
    body = without_error(signature, "a classifier")
    return Settled(
        vertex,
        Binding(body, labels=answers.labels, question=question),
        (signature,),
        is_verdict=answers.is_verdict,
        is_open=answers.is_open,
    )


def _form(asking: Signature, model: type[BaseModel]) -> Form[BaseModel, BaseModel]:
    def work(save: Signature) -> Work:
        def settle() -> Settled:
            binding = Binding(
                without_error(asking, "a question"), form=model, into=save.fn, question=form
            )
            access = in_turn((asking.access, save.access))
            vertex = Vertex(asking.name, "form", *asking.about, access=access)
            return Settled(vertex, binding, (asking, save))

        return Made(asking.name, asking.fn, settle)

    form: Form[BaseModel, BaseModel] = Form(asking.name, work)
    return form
