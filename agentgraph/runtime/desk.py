"""The questions of one run that wait for an answer; what an answer leads to is the machine's."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, cast

from pydantic import BaseModel, ValidationError

from agentgraph.errors import AnswerRefused, RunError, UnknownQuestion, suggest
from agentgraph.events import OpenQuestion
from agentgraph.machine import Answered, Task
from agentgraph.runtime.call import refuse
from agentgraph.runtime.clock import Alarm
from agentgraph.runtime.program import Job, label_for
from agentgraph.runtime.question import Ask
from agentgraph.state import Revision

_NOTHING: Final[Mapping[str, Ask[Any]]] = {}
"""One for all desks: there may be many thousands of them."""


@dataclass(slots=True)
class Waiting:
    """One open question: the task that waits, what was asked, and the alarm of its deadline."""

    id: str
    path: str
    task: Task
    ask: Ask[Any]
    alarm: Alarm | None = None
    is_shown: bool = False
    """The caller has seen that it is open."""

    @property
    def job(self) -> Job:
        """What the vertex of the question is bound to."""
        return cast("Job", self.task.site.handle)

    def as_open(self) -> OpenQuestion:
        """Return what the outside may know."""
        labels, ask = self.job.binding.labels.values(), self.ask
        return OpenQuestion(self.id, self.path, ask.show, tuple(labels), ask.timeout)

    def set_off(self) -> None:
        """Forget the alarm."""
        if self.alarm is not None:
            self.alarm.cancel()
            self.alarm = None

    def unfit(self, what: str, fix: str) -> AnswerRefused:
        """Make the error of an answer to this question that does not fit it."""
        return AnswerRefused(what, where=f"question {self.id!r}", fix=fix)


class Desk:
    """The open questions by id, those answered, and the one that was shown last."""

    __slots__ = ("_answered", "_shown", "asked", "waiting")

    def __init__(self) -> None:
        """Begin without questions."""
        self.waiting: tuple[Waiting, ...] = ()
        """The open questions, the oldest first; there are few, and a tuple is small."""
        self.asked: Mapping[str, Ask[Any]] = _NOTHING
        """What the questions show that are open next, by their ids: between the two nothing happens."""
        self._answered: dict[str, tuple[object, object]] | None = None
        """The question (as `run.answer` names it) and the answer, by id."""
        self._shown: str | None = None
        """The question that the caller saw last and has not answered yet."""

    def open(self, id: str, path: str, task: Task) -> Waiting:
        """Lay out the question that was asked just now."""
        waiting = Waiting(id, path, task, self.asked[id])
        self.waiting += (waiting,)
        self.asked = {each: ask for each, ask in self.asked.items() if each != id} or _NOTHING
        return waiting

    def listed(self) -> tuple[OpenQuestion, ...]:
        """Return what the outside may know of the open questions."""
        return tuple([waiting.as_open() for waiting in self.waiting])

    def show(self, ids: list[str]) -> None:
        """Note that the caller has seen these questions, the last one last."""
        for waiting in self.waiting:
            waiting.is_shown = waiting.is_shown or waiting.id in ids
        self._shown = ids[-1]

    def drop(self, ticket: int) -> bool:
        """Forget the question of a ticket; False when there is none."""
        found = [waiting for waiting in self.waiting if waiting.task.ticket == ticket]
        for waiting in found:
            self.forget(waiting)
        return bool(found)

    def forget(self, waiting: Waiting) -> None:
        """Take a question off the desk."""
        self.waiting = tuple(each for each in self.waiting if each is not waiting)
        waiting.set_off()

    def close(self, waiting: Waiting, value: object) -> None:
        """Take an answered question off the desk; its answer stands."""
        self.forget(waiting)
        if self._answered is None:
            self._answered = {}
        self._answered[waiting.id] = waiting.job.binding.question, value
        if self._shown == waiting.id:
            self._shown = None

    def _ids(self) -> str:
        return ", ".join(waiting.id for waiting in self.waiting) or "none"

    def find(self, question: object, id: str | None, value: object) -> Waiting | None:
        """Return the question that an answer is meant for; None: it was given before.

        Raises `UnknownQuestion` and `AnswerRefused`.
        """
        if id is not None:
            return self._by_id(question, id, value)
        if question is not None:
            return self._by_question(question, value)
        return self._shown_last(value)

    def _by_id(self, question: object, id: str, value: object) -> Waiting | None:
        for waiting in self.waiting:
            if waiting.id == id:
                asked = waiting.job.binding.question
                if question is not None and asked is not None and asked is not question:
                    fix = "give the question that the id belongs to, or the id alone"
                    raise _refused(value, f"{id!r} is not a question of {_name(question)!r}", fix)
                return waiting
        answered = self._answered or {}
        if id in answered:
            _, before = answered[id]
            if type(before) is type(value) and before == value:
                return None
            fix = "the first answer stands; ask again in the workflow to change it"
            raise _refused(value, f"question {id!r} was answered already, with {before!r}", fix)
        known = [*(waiting.id for waiting in self.waiting), *answered]
        fix = suggest(id, known, f"open are: {self._ids()}")
        raise _refused(value, f"this run has no open question {id!r}", fix, UnknownQuestion)

    def _by_question(self, question: object, value: object) -> Waiting:
        found = [each for each in self.waiting if each.job.binding.question is question]
        before = [key for key, (asked, _) in (self._answered or {}).items() if asked is question]
        name = _name(question)
        if not found and not before:
            fix = f"open are: {self._ids()}"
            raise _refused(value, f"{name!r} is not open in this run", fix, UnknownQuestion)
        if len(found) > 1:
            fix = f"say which: id= one of {', '.join(each.id for each in found)}"
            raise _refused(value, f"{name!r} is open {len(found)} times", fix)
        if before and not (found and found[0].is_shown):
            # An answer that is given twice must not become the answer to the next question.
            fix = "look at `run.questions` first, or name the open one by its id="
            raise _refused(value, f"{name!r} was answered already, as {before[-1]!r}", fix)
        return found[0]

    def _shown_last(self, value: object) -> Waiting:
        match self.waiting:
            case ():
                what = "no question is open"
            case (waiting,) if waiting.id == self._shown:
                return waiting
            case (_,):
                what = "the question that is open now was not shown by this handle yet"
            case several:
                what = f"{len(several)} questions are open"
        fix = "name the question, or its id= (run.questions lists the open ones)"
        raise _refused(value, f"an answer without an address is not clear: {what}", fix)


def _refused(value: object, what: str, fix: str, kind: type[RunError] = AnswerRefused) -> RunError:
    return kind(what, where=f"the answer {value!r}", fix=fix)


def _name(question: object) -> str:
    return str(getattr(question, "name", "that question"))


def fact_of(waiting: Waiting, value: object, edits: Mapping[str, object] | None = None) -> Answered:
    """Turn an answer into the fact that the machine is told. Raises `AnswerRefused`."""
    job = waiting.job
    task = waiting.task
    payload = _edited(waiting, edits) if edits else cast("Revision", task.payload)
    form = job.binding.form
    if form is not None:
        return Answered(task.ticket, None, _filled(waiting, form, payload, value))
    label = label_for(job.labels, value)
    if label is None:
        names = ", ".join(repr(each) for each in job.binding.labels)
        fix = suggest(str(value), job.binding.labels.values(), f"answer one of {names}")
        raise waiting.unfit(f"{value!r} is no answer to {waiting.path!r}", fix)
    return Answered(task.ticket, label, payload)


def _edited(waiting: Waiting, edits: Mapping[str, object]) -> Revision:
    payload = cast("Revision", waiting.task.payload)
    try:
        return waiting.job.schema.edited(payload, edits, waiting.task.line)
    except (RunError, ValidationError, AttributeError) as error:
        what, fix = str(error), "give values that validate"
        if isinstance(error, RunError):
            what, fix = error.what, error.fix
        what = f"the edits that came with the answer to {waiting.path!r} do not fit: {what}"
        raise waiting.unfit(what, fix) from error


def _filled(waiting: Waiting, form: type[BaseModel], payload: Revision, value: object) -> Revision:
    """Validate a form and let its `save` edit the state."""
    job = waiting.job
    try:
        filled = form.model_validate(value.model_dump() if isinstance(value, BaseModel) else value)
    except ValidationError as error:
        what = f"the answer to {waiting.path!r} is no {form.__name__}: {error}"
        raise waiting.unfit(what, "answer with a value that validates") from error
    draft = job.schema.draft(payload)
    try:
        save = job.binding.into
        result = None if save is None else save(draft, filled)
        if result is not None:
            fix = "let it be a plain function that edits the state and returns nothing"
            refuse(result, f"the `save` of {waiting.path!r}", f"question {waiting.id!r}", fix)
        return job.schema.commit(draft, waiting.task.line)
    except BaseException:
        job.schema.discard(draft)
        raise
