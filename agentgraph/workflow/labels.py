"""Which labels a classifier, a voter or a person may answer, by the annotation; no answer is judged here."""

from collections.abc import Awaitable, Coroutine, Iterator, Mapping
from enum import Enum
from types import NoneType
from typing import (
    Final,
    Literal,
    NamedTuple,
    TypeGuard,
    get_args,
    get_origin,
)

from pydantic import BaseModel

from agentgraph.errors import InvalidAgent
from agentgraph.events.verdict import Verdict
from agentgraph.runtime.question import Ask
from agentgraph.state.kinds import bare
from agentgraph.workflow.signature import MISSING, Signature, Unread, is_model, options_of

_CLOSED: Final = (
    "annotate the answer with a `Literal` of texts, an `Enum`, a `bool`, or a `Verdict` of one"
)


class Answers(NamedTuple):
    """The closed set of labels, in declared order; or that it is open."""

    labels: Mapping[object, str]
    """From the answer as the user writes it to the label of the edge; empty when open."""
    is_open: bool = False
    is_verdict: bool = False
    abstains: bool = False
    form: type[BaseModel] | None = None


def key_of(answer: object) -> str:
    """Return the label of the edge that `answer` takes."""
    return answer.name if isinstance(answer, Enum) else str(answer)


def answers_of(signature: Signature) -> Answers:
    """Read the labels of a classifier or voter. Raises `InvalidAgent` when there are none."""
    hint = _awaited(_given(signature))
    options = options_of(hint)
    rest = [each for each in options if each is not NoneType]
    verdicts = [each for each in rest if (get_origin(each) or each) is Verdict]
    abstains = len(rest) < len(options)
    if not verdicts:
        if abstains:
            what = f"{signature.name!r} returns a label or None, so its labels cannot be checked"
            fix = (
                "a classifier that may abstain returns a verdict or None: `-> Verdict[Kind] | None`"
            )
            raise signature.fault(what, fix)
        return _labels(signature, hint)
    if len(verdicts) < len(rest) or len(verdicts) > 1:
        raise _unclear(signature, hint)
    label, *_ = *get_args(verdicts[0]), MISSING
    return _labels(signature, label)._replace(is_verdict=True, abstains=abstains)


def asked_by(signature: Signature) -> Answers:
    """Read what a question may be answered: labels, or a form."""
    hint = _awaited(_given(signature))
    if (get_origin(hint) or hint) is not Ask or not get_args(hint):
        what = f"{signature.name!r} does not say what may be answered"
        fix = 'annotate what it returns: `-> Ask[Literal["send", "drop"]]`, or `-> Ask[Address]`'
        raise signature.fault(what, fix)
    (answer,) = get_args(hint)
    if is_model(answer):
        return Answers({}, form=answer)
    found = _labels(signature, answer)
    if found.is_open:
        fix = "name the answers with a `Literal` or an `Enum`; for free text ask with a model"
        raise signature.fault(f"{signature.name!r} may be answered by any text", fix)
    return found


def _given(signature: Signature) -> object:
    hint = signature.read_again().returns
    if isinstance(hint, Unread):
        what = (
            f"the labels of {signature.name!r} cannot be read: nothing is called {hint.text!r} here"
        )
        fix = "define it before the workflow is built, where the function can see it"
        raise signature.fault(what, fix)
    if hint is MISSING or hint is NoneType:
        what = f"{signature.name or 'a function'!r} does not say which labels it answers"
        raise signature.fault(what, _CLOSED)
    return bare(hint)


def _labels(signature: Signature, hint: object) -> Answers:
    labels: dict[object, str] = {}
    values = list(_values(signature, hint))
    if values == [str]:
        return Answers({}, is_open=True)
    for value in values:
        key = key_of(value)
        if key in labels.values() and value not in labels:
            what = f"two answers of {signature.name!r} have the label {key!r}"
            raise signature.fault(what, "give one of them another name")
        labels[value] = key
    return Answers(labels)


def _values(signature: Signature, hint: object) -> Iterator[object]:
    option: object
    for option in map(bare, options_of(bare(hint))):
        if get_origin(option) is Literal:
            for value in get_args(option):
                if not isinstance(value, str | bool | Enum):
                    raise _unclear(signature, option)
                yield value
        elif option is bool:
            yield from (True, False)
        elif option is str:
            yield str
        elif _is_enum(option):
            yield from option
        else:
            raise _unclear(signature, option)


def _is_enum(hint: object) -> TypeGuard[type[Enum]]:
    return isinstance(hint, type) and issubclass(hint, Enum)


def _awaited(hint: object) -> object:
    """Look behind the awaitable that a sync function may say it returns."""
    origin = get_origin(hint)
    if isinstance(origin, type) and issubclass(origin, Awaitable) and get_args(hint):
        return bare(get_args(hint)[2 if origin is Coroutine else 0])
    return hint


def _unclear(signature: Signature, hint: object) -> InvalidAgent:
    named = hint if get_args(hint) else getattr(hint, "__name__", hint)
    shown = "a verdict of nothing" if hint is MISSING else repr(str(named).replace("typing.", ""))
    what = f"{signature.name!r} answers {shown}, which is no closed set of labels"
    return signature.fault(what, _CLOSED)
