"""The questions of runs, answered by `--answer` or on the terminal; not when a run asks.

Rules of this file:

1. A person is asked when nothing else can go on, one question at a time, in the order of the
   inputs. While they think, nothing waits for the event loop but the deadlines.
2. Who ends the input (Ctrl-D) leaves the question open; Ctrl-C ends the command.
"""

import json
import signal
from collections.abc import Generator, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import cast

import click
from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import to_json

from agentgraph.cli.exits import safe
from agentgraph.cli.inputs import value_of
from agentgraph.errors import AnswerRefused, UnknownQuestion, suggest
from agentgraph.events import OpenQuestion
from agentgraph.runtime import Binding, Program, Run

_SWITCH = {"True", "False"}


class Unanswered(Exception):
    """Nobody answers: the question stays open."""


class Interrupted(Exception):
    """Ctrl-C at a prompt: a KeyboardInterrupt would tear down the event loop."""


@dataclass(slots=True)
class Answers:
    """What `--answer` says: for each question the answers for its first visit, its second, ..."""

    given: Mapping[str, list[str]] = field(default_factory=dict[str, list[str]])

    def next(self, question: OpenQuestion, used: dict[str, int]) -> str | None:
        """Return the next answer to a question, or None when none is left."""
        key = question.node if question.node in self.given else question.node.rpartition("/")[2]
        given = self.given.get(key, [])
        used[question.node] = used.get(question.node, 0) + 1
        return given[used[question.node] - 1] if used[question.node] <= len(given) else None


def answers_of(settings: Iterable[str]) -> Answers:
    """Read `question=answer`."""
    given: dict[str, list[str]] = {}
    for setting in settings:
        name, found, text = setting.partition("=")
        if not found or not name:
            raise click.BadParameter(f"{setting!r} is not question=answer", param_hint="--answer")
        given.setdefault(name, []).append(text)
    return Answers(given)


def check(answers: Answers, program: Program) -> None:
    """Refuse an answer to no question, and one that its question does not allow."""
    questions = dict(_questions(program))
    for name, texts in answers.given.items():
        short = {path.rpartition("/")[2]: path for path in questions}
        path = name if name in questions else short.get(name)
        if path is None:
            fix = suggest(name, questions, f"it asks: {', '.join(questions) or 'nothing'}")
            raise click.BadParameter(f"there is no question {name!r}: {fix}", param_hint="--answer")
        for text in texts:
            _value(questions[path], path, text)


def _questions(program: Program, prefix: str = "") -> Iterator[tuple[str, Binding]]:
    for vertex in program.graph.vertices:
        binding = program.bindings.get(vertex.name, Binding())
        if vertex.kind in {"human", "form"}:
            yield prefix + vertex.name, binding
        if binding.child is not None:
            yield from _questions(binding.child, f"{prefix}{vertex.name}/")


def _value(binding: Binding, path: str, text: str) -> object:
    """Return the answer that was typed, as the user's code knows it."""
    if binding.form is not None:
        try:
            return binding.form.model_validate_json(text)
        except ValidationError as error:
            name = binding.form.__name__
            raise click.BadParameter(
                f"the answer to {path!r} is no {name}: {error}", param_hint="--answer"
            ) from None
    values = {label: value for value, label in binding.labels.items()}
    if text not in values:
        fix = suggest(text, values, f"it may be {', '.join(values)}")
        raise click.BadParameter(f"{text!r} is no answer to {path!r}: {fix}", param_hint="--answer")
    return values[text]


def _binding(program: Program, question: OpenQuestion) -> Binding:
    """Find what the vertex of a question is bound to, down through subgraphs and items."""
    *above, name = question.node.split("/")
    for part in above:
        inner = program.bindings.get(part)
        # The items of an `each` are numbered on the way; they have no binding of their own.
        if inner is not None and inner.child is not None:
            program = inner.child
    return program.bindings[name]


async def give(run: Run[BaseModel], program: Program, question: OpenQuestion, text: str) -> None:
    """Answer a question with what was typed after `--answer`. Raises `AnswerRefused`."""
    value = _value(_binding(program, question), question.node, text)
    await run.answer(cast("str", value), id=question.id)


async def ask(run: Run[BaseModel], program: Program, question: OpenQuestion) -> None:
    """Ask the person at the terminal. Raises `Unanswered`."""
    binding = _binding(program, question)
    click.echo(f"\n{question.node} asks:\n{_shown(question.show)}", err=True)
    with _interruptible():
        if binding.form is not None:
            value: object = _filled(binding.form)
        else:
            value = _chosen({label: value for value, label in binding.labels.items()})
    try:
        await run.answer(cast("str", value), id=question.id)
    except (AnswerRefused, UnknownQuestion) as error:
        # Its time ran out while the person was thinking.
        click.echo(str(error), err=True)


def _shown(show: object) -> str:
    text = show if isinstance(show, str) else to_json(show, indent=2, fallback=str).decode()
    return "\n".join(f"  {line}" for line in safe(text).splitlines() or ["(nothing to show)"])


def _chosen(values: Mapping[str, object]) -> object:
    if set(values) == _SWITCH:
        return click.confirm("answer", err=True)
    kind = click.Choice(list(values), case_sensitive=False)
    answer: str = click.prompt("answer", type=kind, err=True)
    return values[answer]


def _filled(form: type[BaseModel]) -> BaseModel:
    """Ask for each field until the form validates."""
    while True:
        given: dict[str, object] = {}
        for name, info in form.model_fields.items():
            typed: str = click.prompt(info.title or name, default=_default(info), err=True)
            given[name] = _fitting(form, name, typed)
        try:
            return form.model_validate_json(json.dumps(given))
        except ValidationError as error:
            for fault in error.errors(include_url=False):
                place = ".".join(map(str, fault["loc"])) or form.__name__
                click.echo(f"  {place}: {fault['msg']}", err=True)


def _default(info: FieldInfo) -> str | None:
    if info.is_required():
        return None
    value = cast("object", info.get_default(call_default_factory=True, validated_data={}))
    return value if isinstance(value, str) else to_json(value).decode()


def _fitting(form: type[BaseModel], name: str, typed: str) -> object:
    """A text stays a text where the field is one, also when it looks like a number."""
    return typed if form.model_fields[name].annotation is str else value_of(typed)


@contextmanager
def _interruptible() -> Generator[None]:
    """Let Ctrl-C end a prompt: the event loop's own handler would wait for the next line."""
    try:
        before = signal.signal(signal.SIGINT, signal.default_int_handler)
    except ValueError:  # Not in the main thread, where no signal arrives anyway.
        before = None
    try:
        yield
    except (EOFError, click.Abort) as error:
        if isinstance(error.__context__, KeyboardInterrupt):
            raise Interrupted from error
        raise Unanswered from error
    finally:
        if before is not None:
            signal.signal(signal.SIGINT, before)
