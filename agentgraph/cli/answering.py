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
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from select import select
from typing import Final, cast

import click
from pydantic import BaseModel, ValidationError

from agentgraph.cli.exits import safe
from agentgraph.cli.inputs import is_text, pairs_of, typed, value_of
from agentgraph.cli.telling import readable
from agentgraph.errors import AnswerRefused, UnknownQuestion, suggest
from agentgraph.events import OpenQuestion
from agentgraph.render.overlay import home_of
from agentgraph.runtime import Binding, Program, Run
from agentgraph.state.field import faults_of

POLL_S: Final = 0.05
"""How often it is looked whether something was typed."""


class Unanswered(Exception):
    """Nobody answers: the question stays open."""


class TooLate(Exception):
    """The time of a question was over before a person had answered."""


@dataclass(slots=True)
class Answers:
    """What `--answer` says: for each question the answers for its first visit, its second, ..."""

    given: Mapping[str, Sequence[object]]

    def next(self, question: OpenQuestion, used: Counter[str]) -> Sequence[object]:
        """Return the next answer to a question; nothing, when none is left."""
        key = question.node if question.node in self.given else question.node.rpartition("/")[2]
        used[question.node] += 1
        return self.given.get(key, ())[used[question.node] - 1 : used[question.node]]


def answers_of(settings: Iterable[str], program: Program) -> Answers:
    """Read `question=answer`; refuse an answer to no question, and one that it does not allow."""
    given: dict[str, list[object]] = {}
    questions = dict(_questions(program))
    short = {path.rpartition("/")[2]: path for path in questions}
    for name, text in pairs_of(settings, "question=answer", "--answer"):
        path = name if name in questions else short.get(name)
        if path is None:
            fix = suggest(name, questions, f"it asks: {', '.join(questions) or 'nothing'}")
            raise click.BadParameter(f"there is no question {name!r}: {fix}", param_hint="--answer")
        given.setdefault(name, []).append(_value(questions[path], path, text))
    return Answers(given)


def _questions(program: Program, prefix: str = "") -> Iterator[tuple[str, Binding]]:
    """Yield what each question is bound to, by its path."""
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


async def ask(run: Run[BaseModel], program: Program, question: OpenQuestion) -> None:
    """Ask the person at the terminal. Raises `Unanswered`."""
    questions = dict(_questions(program))
    binding = questions[home_of(question.node, questions)]
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
    lines = readable(show, indent=2).splitlines() or ["(nothing to show)"]
    return "\n".join(f"  {line}" for line in lines)


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
            if not info.is_required():
                default = info.get_default(call_default_factory=True, validated_data={})
                title = f"{title} [{readable(default)}]"
            text = await _typed(title, run, id)
            if text:
                given[name] = text if is_text(form, name) else value_of(text)
        try:
            return form.model_validate_json(json.dumps(given))
        except ValidationError as error:
            for fault in faults_of(error, form.__name__):
                click.echo(f"  {fault}", err=True)


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
