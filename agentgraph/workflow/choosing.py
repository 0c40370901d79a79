"""`classifier` and `human`: turn a function into a choice by its annotation; routes are made elsewhere."""

from collections.abc import Awaitable
from typing import overload

from pydantic import BaseModel

from agentgraph.events.verdict import Verdict
from agentgraph.graph import VertexKind
from agentgraph.runtime.program import Binding
from agentgraph.runtime.question import Ask
from agentgraph.workflow.access import in_turn
from agentgraph.workflow.choice import Abstaining, Choice, Classifier, Form
from agentgraph.workflow.flow import Method, Soon, With
from agentgraph.workflow.labels import Answers, answers_of, asked_by
from agentgraph.workflow.methods import OnInstance, undecorated
from agentgraph.workflow.signature import (
    Signature,
    Unread,
    is_method,
    signature_of,
)
from agentgraph.workflow.variables import F, L, S, X
from agentgraph.workflow.work import Settled, Work, changed, without_error

_ADVICE = "a method is a classifier on an instance: `desk = Desk()`, then `desk.triage.route(...)`"


@overload
def classifier(fn: With[S, Soon[Verdict[L]]], /) -> Classifier[S, L]: ...
@overload
def classifier(fn: With[S, Soon[Verdict[L] | None]], /) -> Abstaining[S, L]: ...
@overload
def classifier(fn: With[S, Awaitable[L]], /) -> Classifier[S, L]: ...
@overload
def classifier(fn: With[S, L], /) -> Classifier[S, L]: ...
@overload
def classifier(fn: Method[X, S, Soon[Verdict[L]]], /) -> OnInstance[X, Classifier[S, L]]: ...
@overload
def classifier(fn: Method[X, S, Soon[Verdict[L] | None]], /) -> OnInstance[X, Abstaining[S, L]]: ...
@overload
def classifier(fn: Method[X, S, Awaitable[L]], /) -> OnInstance[X, Classifier[S, L]]: ...
@overload
def classifier(fn: Method[X, S, L], /) -> OnInstance[X, Classifier[S, L]]: ...
def classifier(fn: object, /) -> object:
    """Make a function a classifier. Its annotation says which labels it may answer.

    It reads the state and returns a label (`Literal`, `Enum`, `bool`) or a `Verdict` of
    one. To abstain it returns None, annotated `-> Verdict[Kind] | None`.
    """
    if is_method(fn):
        return OnInstance[object, object](fn, _classifier, _ADVICE)
    return _classifier(fn)


@overload
def human(fn: With[S, Soon[Ask[L]]], /) -> Choice[S, L]: ...
@overload
def human(fn: With[S, Soon[Ask[F]]], /) -> Form[S, F]: ...
def human(fn: object, /) -> object:
    """Make a function a question to a person; it reads the state and returns an `Ask`.

    Its annotation says what may be answered: labels, or a model, which is a form.
    """
    signature = signature_of(undecorated(fn, "a decorator"))
    if isinstance(signature.returns, Unread):
        unknown = f"nothing is called {signature.returns.text!r} here"
        what = f"what {signature.name!r} asks cannot be read: {unknown}"
        raise signature.fault(what, "define the answer before the question")
    answers = asked_by(signature)
    if answers.form is not None:
        return _form(signature, answers.form)
    asked: Choice[BaseModel, str] = Choice(
        Work(signature.name, fn, lambda: _settled(signature, "human", answers, asked))
    )
    return asked


def _classifier(fn: object) -> object:
    signature = signature_of(undecorated(fn, "a decorator"))
    # What can be read now is checked now: the traceback then points at the function.
    known = None if isinstance(signature.returns, Unread) else answers_of(signature)

    def settle() -> Settled:
        return _settled(signature, "classifier", known or answers_of(signature), None)

    work = Work(signature.name, fn, settle)
    if known is not None and known.abstains:
        return Abstaining[BaseModel, str](work)
    return Classifier[BaseModel, str](work)


def _settled(signature: Signature, kind: VertexKind, answers: Answers, question: object) -> Settled:
    labels = answers.labels
    chosen = {"labels": tuple(labels.values()), "abstains": answers.abstains}
    vertex = changed(signature.vertex(kind), chosen)
    binding = Binding(without_error(signature, "a classifier"), labels=labels, question=question)
    return Settled(vertex, binding, (signature,), (), answers.is_verdict, answers.is_open)


def _form(asking: Signature, model: type[BaseModel]) -> Form[BaseModel, BaseModel]:
    def work(save: Signature) -> Work:
        def settle() -> Settled:
            body = without_error(asking, "a question")
            binding = Binding(body, form=model, into=save.fn, question=form)
            access = in_turn((asking.access, save.access))
            vertex = changed(asking.vertex("form"), {"access": access})
            return Settled(vertex, binding, (asking, save))

        return Work(asking.name, asking.fn, settle)

    form: Form[BaseModel, BaseModel] = Form(asking.name, work)
    return form
