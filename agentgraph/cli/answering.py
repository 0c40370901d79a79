"""The questions of runs, answered by `--answer` or on the terminal; not when a run asks.

Rules of this file:

1. A person is asked when nothing else can go on, one question at a time, in the order of the
   inputs. While they think the event loop goes on: when the time of a question is over, it is over.
2. Who ends the input (Ctrl-D) leaves the question open; Ctrl-C ends the command.
3. An answer is typed in full, or what is plainly short for it; an empty line is none.
"""

import asyncio
import json
import os
import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from select import select
from typing import Final, cast

import click
from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo

from agentgraph.cli.exits import safe
from agentgraph.cli.inputs import is_text, typed, value_of
from agentgraph.errors import AnswerRefused, UnknownQuestion, suggest
from agentgraph.events import OpenQuestion
from agentgraph.events.recording import as_json
from agentgraph.runtime import Binding, Program, Run

POLL_S: Final = 0.05
"""How often it is looked whether something was typed."""


class Unanswered(Exception):
    """Nobody answers: the question stays open."""


class TooLate(Exception):
    """The time of a question was over before a person had answered."""


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
        given.setdefault(name, []).append(typed(text))
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
    try:
        if binding.form is not None:
            value: object = await _filled(binding.form, run, question.id)
        else:
            value = await _chosen(binding.labels, run, question.id)
        await run.answer(cast("str", value), id=question.id)
    except (AnswerRefused, TooLate, UnknownQuestion):
        # Its time ran out while the person was thinking.
        click.echo(f"\nthe time to answer {question.node!r} is over", err=True)


def _shown(show: object) -> str:
    text = show if isinstance(show, str) else as_json(show, indent=2, ascii=False)
    return "\n".join(f"  {line}" for line in safe(text).splitlines() or ["(nothing to show)"])


async def _chosen(labels: Mapping[object, str], run: Run[BaseModel], id: str) -> object:
    values = {label: value for value, label in labels.items()}
    known = {label.casefold(): label for label in values}
    if known.keys() == {"true", "false"}:
        known |= {"y": "True", "yes": "True", "n": "False", "no": "False"}
    while True:
        text = await _typed(f"answer ({', '.join(values)})", run, id)
        label = text if text in values else known.get(text.casefold())
        if label is not None:
            return values[label]
        click.echo(f"Error: {safe(text)!r} is no answer", err=True)


async def _filled(form: type[BaseModel], run: Run[BaseModel], id: str) -> BaseModel:
    """Ask for each field until the form validates; what is left empty keeps its default."""
    while True:
        given: dict[str, object] = {}
        for name, info in form.model_fields.items():
            title = info.title or name
            text = await _typed(
                title if info.is_required() else f"{title} [{_default(info)}]", run, id
            )
            if text:
                given[name] = text if is_text(form, name) else value_of(text)
        try:
            return form.model_validate_json(json.dumps(given))
        except ValidationError as error:
            for fault in error.errors(include_url=False):
                place = ".".join(map(str, fault["loc"])) or form.__name__
                click.echo(f"  {place}: {fault['msg']}", err=True)


def _default(info: FieldInfo) -> str:
    value = cast("object", info.get_default(call_default_factory=True, validated_data={}))
    return safe(value if isinstance(value, str) else as_json(value, ascii=False))


async def _typed(prompt: str, run: Run[BaseModel], id: str) -> str:
    """Wait for a line while the event loop goes on. Raises `TooLate` when it is of no use."""
    click.echo(f"{prompt}: ", nl=False, err=True)
    while os.name == "posix" and not select([sys.stdin], [], [], 0)[0]:
        await asyncio.sleep(POLL_S)
        if all(question.id != id for question in run.questions):
            raise TooLate
    line = sys.stdin.readline()
    if not line:
        raise Unanswered
    return typed(line.strip())
