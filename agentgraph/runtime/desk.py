"""The questions of one run that wait for an answer; what an answer leads to is the machine's."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import cast

from pydantic import BaseModel, ValidationError

from agentgraph.errors import AnswerRefused, UnknownQuestion, suggest
from agentgraph.events import Asked, OpenQuestion
from agentgraph.machine import Answered, Task
from agentgraph.runtime.clock import Alarm
from agentgraph.runtime.program import Job
from agentgraph.runtime.question import Ask
from agentgraph.state import Revision


@dataclass(slots=True)
class Waiting:
    """One open question: the task that waits, what was asked, and the alarm of its deadline."""

    id: str
    path: str
    task: Task
    ask: Ask[str]
    alarm: Alarm | None = None

    @property
    def job(self) -> Job:
        """What the vertex of the question is bound to."""
        return cast("Job", self.task.site.handle)

    def as_open(self) -> OpenQuestion:
        """Return what the outside may know."""
        labels = self.job.binding.labels
        return OpenQuestion(self.id, self.path, self.ask.show, tuple(labels.values()))


class Desk:
    """The open questions by id, those answered, and the one that was shown last."""

    __slots__ = ("answered", "asked", "open", "shown")

    def __init__(self) -> None:
        """Begin without questions."""
        self.open: dict[str, Waiting] = {}
        self.asked: dict[str, Ask[str]] = {}
        """What each question showed, by its id, until the wait for it begins."""
        self.answered: dict[str, object] = {}
        self.shown: str | None = None
        """The question that the caller saw last and has not answered yet."""

    def show(self) -> tuple[OpenQuestion, ...]:
        """Return the open questions; the caller has now seen them."""
        if self.open:
            self.shown = next(reversed(self.open))
        return tuple(waiting.as_open() for waiting in self.open.values())

    def see(self, event: object) -> None:
        """Note that the caller has seen an event: a question that it showed, perhaps."""
        if isinstance(event, Asked):
            self.shown = event.id

    def close(self, ticket: int) -> bool:
        """Forget the question of a ticket; False when there is none."""
        for waiting in self.open.values():
            if waiting.task.ticket == ticket:
                self.forget(waiting)
                return True
        return False

    def forget(self, waiting: Waiting) -> None:
        """Take a question off the desk."""
        del self.open[waiting.id]
        if waiting.alarm is not None:
            waiting.alarm.cancel()

    def find(self, question: object, id: str | None, value: object) -> Waiting | None:
        """Return the question that an answer is meant for; None: it was given before.

        Raises `UnknownQuestion` and `AnswerRefused`.
        """
        if id is not None:
            return self._by_id(id, value)
        if question is not None:
            return self._by_question(question)
        return self._shown_last()

    def _by_id(self, id: str, value: object) -> Waiting | None:
        if id in self.open:
            return self.open[id]
        if id in self.answered:
            if type(self.answered[id]) is type(value) and self.answered[id] == value:
                return None
            raise AnswerRefused(
                f"question {id!r} was answered already, with {self.answered[id]!r}",
                where=f"the answer {value!r}",
                fix="the first answer stands; ask again in the workflow to change it",
            )
        known = [*self.open, *self.answered]
        raise UnknownQuestion(
            f"this run has asked no question {id!r}",
            where=f"the answer {value!r}",
            fix=suggest(id, known, "look at `run.questions` for the open ones"),
        )

    def _by_question(self, question: object) -> Waiting:
        found = [each for each in self.open.values() if each.job.binding.question is question]
        if len(found) == 1:
            return found[0]
        name = getattr(question, "name", "that question")
        if not found:
            raise UnknownQuestion(
                f"{name!r} is not open in this run",
                where="run.answer",
                fix=f"open are: {', '.join(self.open) or 'none'}",
            )
        raise AnswerRefused(
            f"{name!r} is open {len(found)} times",
            where="run.answer",
            fix=f"say which: id= one of {', '.join(each.id for each in found)}",
        )

    def _shown_last(self) -> Waiting:
        if self.shown is not None and len(self.open) == 1 and self.shown in self.open:
            return self.open[self.shown]
        if len(self.open) > 1:
            what = f"{len(self.open)} questions are open"
        elif not self.open:
            what = "no question is open"
        else:
            what = "the question that is open now was not shown by this handle yet"
        raise AnswerRefused(
            f"an answer without an address is ambiguous: {what}",
            where="run.answer",
            fix="name the question, or its id= (run.questions lists the open ones)",
        )


def fact_of(waiting: Waiting, value: object, edits: Mapping[str, object] | None) -> Answered:
    """Turn an answer into the fact that the machine is told. Raises `AnswerRefused`."""
    job = waiting.job
    task = waiting.task
    payload = cast("Revision", task.payload)
    if edits:
        payload = job.schema.edited(payload, edits, task.line)
    form = job.binding.form
    if form is not None:
        return Answered(task.ticket, None, _filled(waiting, form, payload, value))
    label = _label(job, value)
    if label is None:
        names = ", ".join(repr(each) for each in job.binding.labels)
        raise AnswerRefused(
            f"{value!r} is no answer to {waiting.path!r}",
            where=f"question {waiting.id!r}",
            fix=suggest(str(value), job.binding.labels.values(), f"answer one of {names}"),
        )
    return Answered(task.ticket, label, payload)


def _label(job: Job, value: object) -> str | None:
    try:
        return job.labels.get((type(value), value))
    except TypeError:  # The answer cannot be hashed, so it is none of the labels.
        return None


def _filled(waiting: Waiting, form: type[BaseModel], payload: Revision, value: object) -> Revision:
    """Validate a form and let its `save` edit the state."""
    job = waiting.job
    try:
        filled = form.model_validate(value.model_dump() if isinstance(value, BaseModel) else value)
    except ValidationError as error:
        raise AnswerRefused(
            f"the answer to {waiting.path!r} is no {form.__name__}: {error}",
            where=f"question {waiting.id!r}",
            fix="answer with a value that validates",
        ) from error
    draft = job.schema.draft(payload)
    save = job.binding.into
    try:
        if save is not None:
            save(draft, filled)
        return job.schema.commit(draft, waiting.task.line)
    except BaseException:
        job.schema.discard(draft)
        raise
