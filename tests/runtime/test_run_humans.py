"""Questions and their answers."""

import asyncio
from datetime import timedelta
from enum import Enum
from typing import Any

import pytest
from pydantic import BaseModel

from agentgraph.errors import (
    AnswerRefused,
    InvalidAgent,
    NotAvailable,
    QuestionExpired,
    RunFailed,
    UnknownQuestion,
)
from agentgraph.events import Asked, Decided, NodeDone, RunEnded
from agentgraph.runtime import Ask, Binding, Budget, Question, run, start
from tests.runtime.kit import Notes, VirtualClock, body, play, program, settle

ONE = "START -> a\na -> q\nhuman q: send -> b, drop -> END\nb -> END"
TWO = "START -> q\nhuman q: yes -> r, no -> END\nhuman r: yes -> b, no -> END\nb -> END"
LOOP = """
START -> q
human q: redo -> w, send -> b
w -> q
bound q 3 loop l
loop l: q w
b -> END
"""
BESIDE = """
START -> go
gateway go -> q, r
human q: x -> a, y -> a
human r: x -> b, y -> b
join j: a, b -> END
"""


class Named(Question[Any]):
    def __init__(self, name: str, labels: dict[Any, str], ask: Ask[Any] | None = None) -> None:
        self.name = name
        self.bound = Binding(body(lambda s: ask or Ask(show=name)), labels=labels, question=self)


def test_a_question_may_name_the_type_of_its_answer_where_it_is_made() -> None:
    assert Ask[str](show="send it?") == Ask(show="send it?")


def test_a_question_pauses_the_run_and_an_answer_lets_it_go_on() -> None:
    async def main() -> None:
        going = start(program(ONE, q=lambda s: Ask(show=f"send {s.notes}?")), Notes())
        paused = await going.result()

        (question,) = paused.questions
        assert (paused.status, paused.state.notes) == ("paused", ["a"])
        assert (question.id, question.node, question.show) == ("q#1", "q", "send ['a']?")
        assert question.answers == ("send", "drop")

        await going.answer("send")
        done = await going.result()
        assert (done.status, done.state.notes, done.path) == ("done", ["a", "b"], ("a", "q", "b"))
        assert [(each.classifier, each.label) for each in done.decisions] == [("q", "send")]

    play(main)


def test_what_ran_before_a_question_does_not_run_again() -> None:
    asked = []

    async def main() -> None:
        made = program(ONE, q=lambda s: asked.append(1) or Ask(show="?"))
        going = start(made, Notes())
        await going.result()
        await going.answer("send")
        assert (await going.result()).state.notes == ["a", "b"]

    play(main)
    assert asked == [1]


def test_run_returns_when_only_a_person_can_go_on_and_leaves_no_alarm() -> None:
    async def main() -> None:
        clock = VirtualClock()
        made = program(ONE, q=lambda s: Ask(show="?", timeout=timedelta(hours=1)))
        assert (await run(made, Notes(), clock=clock)).status == "paused"
        assert clock.set == []

    play(main)


class Kind(Enum):
    LOW = 1
    HIGH = 2


@pytest.mark.parametrize(
    ("labels", "answer"),
    [({True: "True", False: "False"}, False), ({Kind.LOW: "LOW", Kind.HIGH: "HIGH"}, Kind.HIGH)],
)
def test_any_declared_value_is_an_answer(labels: dict[Any, str], answer: Any) -> None:
    first, second = labels.values()
    text = f"START -> q\nhuman q: {first} -> a, {second} -> b\na -> END\nb -> END"

    async def main() -> None:
        going = start(program(text, bind={"q": Named("q", labels).bound}), Notes())
        await going.result()
        await going.answer(answer)
        assert (await going.result()).state.notes == ["b"]

    play(main)


@pytest.mark.parametrize("answer", ["sent", 1, None, [], {}])
def test_what_is_no_answer_is_refused_and_the_question_stays_open(answer: Any) -> None:
    async def main() -> None:
        going = start(program(ONE), Notes())
        await going.result()
        with pytest.raises(AnswerRefused, match="is no answer to 'q'"):
            await going.answer(answer)
        assert [each.id for each in going.questions] == ["q#1"]
        assert going.status == "paused"
        await going.cancel()

    play(main)


def test_an_answer_that_is_given_twice_never_goes_to_the_next_question() -> None:
    async def main() -> None:
        going = start(program(TWO), Notes())
        await going.result()
        await going.answer("yes")
        with pytest.raises(AnswerRefused, match="an answer without an address"):
            await going.answer("yes")
        await settle()
        assert going.status == "paused"
        with pytest.raises(AnswerRefused, match="was not shown by this handle yet"):
            await going.answer("yes")

        assert [each.id for each in going.questions] == ["r#1"]
        await going.answer("yes")
        assert (await going.result()).state.notes == ["b"]

    play(main)


def test_an_answer_by_its_question_that_is_given_twice_does_not_answer_the_next_visit() -> None:
    q = Named("q", {"redo": "redo", "send": "send"})

    async def main() -> None:
        going = start(program(LOOP, bind={"q": q.bound}), Notes())
        await settle()
        await going.answer(q, "redo")
        await settle()
        with pytest.raises(AnswerRefused, match="'q' was answered already"):
            await going.answer(q, "redo")
        assert [each.id for each in going.questions] == ["q#2"]
        await going.answer(q, "send")
        assert (await going.result()).state.notes == ["w", "b"]

    play(main)


def test_by_id_the_same_answer_again_is_nothing_and_another_is_refused() -> None:
    async def main() -> None:
        going = start(program(TWO), Notes())
        await going.result()
        await going.answer("yes", id="q#1")
        await settle()
        await going.answer("yes", id="q#1")
        with pytest.raises(AnswerRefused, match="answered already, with 'yes'"):
            await going.answer("no", id="q#1")
        with pytest.raises(UnknownQuestion, match="no open question 'q#7'"):
            await going.answer("yes", id="q#7")
        assert [each.id for each in going.questions] == ["r#1"]
        await going.cancel()
        with pytest.raises(UnknownQuestion):
            await going.answer("yes", id="r#1")

    play(main)


def test_an_answer_names_a_question_that_is_open() -> None:
    q, r, other = (Named(name, {"x": "x", "y": "y"}) for name in ("q", "r", "other"))

    async def main() -> None:
        going = start(program(BESIDE, bind={"q": q.bound, "r": r.bound}), Notes())
        await going.result()
        with pytest.raises(AnswerRefused, match="2 questions are open"):
            await going.answer("x")
        with pytest.raises(UnknownQuestion, match="'other' is not open"):
            await going.answer(other, "x")
        with pytest.raises(AnswerRefused, match="not a question of 'r'"):
            await going.answer(r, "x", id="q#1")
        await going.answer(r, "x")
        await going.answer(q, "y", id="q#1")
        result = await going.result()
        assert (result.status, result.state.notes) == ("done", ["a", "b"])

    play(main)


def test_one_question_that_is_open_twice_is_answered_by_id() -> None:
    q = Named("q", {"x": "x", "y": "y"})

    async def main() -> None:
        going = start(program(BESIDE, bind={"q": q.bound, "r": q.bound}), Notes())
        await going.result()
        with pytest.raises(AnswerRefused, match="open 2 times"):
            await going.answer(q, "x")
        await going.cancel()

    play(main)


def test_two_answers_at_once_both_count() -> None:
    async def main() -> None:
        going = start(program(BESIDE), Notes())
        await going.result()
        await going.answer("x", id="q#1")
        await going.answer("x", id="r#1")
        assert going.status == "running"
        result = await going.result()
        assert (result.status, result.state.notes) == ("done", ["a", "b"])
        assert result.visits == {"go": 0, "q": 1, "r": 1, "a": 1, "b": 1} or result.visits["a"] == 1

    play(main)


def test_an_answer_and_a_cancellation_at_once_cancel_the_run() -> None:
    ran = []

    async def main() -> None:
        going = start(program(ONE, b=lambda s: ran.append(1)), Notes())
        await going.result()
        await going.answer("send")
        await going.cancel()
        assert (await going.result()).status == "cancelled"

    play(main)
    assert ran == []


def test_a_question_in_one_branch_leaves_the_other_running() -> None:
    text = "START -> go\ngateway go -> q, b\nhuman q: x -> a, y -> a\njoin j: a, b -> END"

    async def main() -> None:
        gate = asyncio.Event()

        async def b(s: Notes) -> None:
            await gate.wait()
            s.notes.append("b")

        going = start(program(text, b=b), Notes())
        await settle()
        assert going.status == "running"
        await going.answer("x", id="q#1")
        await settle()
        gate.set()
        assert (await going.result()).state.notes == ["a", "b"]

        going = start(program(text, b=b), Notes())
        assert (await going.result()).status == "paused"
        await going.answer("x")
        assert (await going.result()).state.notes == ["a", "b"]

    play(main)


def test_edits_change_the_state_along_with_the_answer() -> None:
    async def main() -> None:
        going = start(program(ONE), Notes())
        events = [event async for event in going]
        await going.answer("send", edits={"text": "better"})
        events += [event async for event in going]

        assert (await going.result()).state.text == "better"
        changed = [dict(e.changed) for e in events if isinstance(e, NodeDone) and e.node == "q"]
        assert changed == [{"text": "better"}]

    play(main)


@pytest.mark.parametrize("edits", [{"txt": "x"}, {"number": "many"}])
def test_edits_that_do_not_fit_are_refused_and_the_question_stays_open(
    edits: dict[str, object],
) -> None:
    async def main() -> None:
        going = start(program(ONE), Notes())
        await going.result()
        with pytest.raises(AnswerRefused, match="edits that came with the answer to 'q'"):
            await going.answer("send", edits=edits)
        await going.answer("send")
        assert (await going.result()).status == "done"

    play(main)


@pytest.mark.parametrize("held", [True, False])
def test_when_nobody_answers_in_time_the_question_says_what_stands(held: bool) -> None:
    ask = Ask(show="?", timeout=timedelta(hours=4), on_timeout="drop")

    async def main() -> None:
        clock = VirtualClock()
        going = start(program(ONE, q=lambda s: ask), Notes(), clock=clock)
        events = [event async for event in going] if held else []
        await going.result()
        await clock.advance(4 * 3600 - 1)
        assert going.status == "paused"
        await clock.advance(2)
        result = await going.result()

        assert (result.status, result.path) == ("done", ("a", "q"))
        assert [each.label for each in result.decisions] == ["drop"]
        with pytest.raises(AnswerRefused, match="answered already, with 'drop'"):
            await going.answer("send", id="q#1")
        if held:
            events += [event async for event in going]
            assert any(isinstance(each, Decided) for each in events)

    play(main)


def test_without_on_timeout_the_question_fails_and_the_error_can_be_caught() -> None:
    ask = Ask(show="?", timeout=timedelta(seconds=5))

    async def main() -> None:
        clock = VirtualClock()
        going = start(program(ONE, q=lambda s: ask), Notes(), clock=clock)
        await going.result()
        await clock.advance(5)
        with pytest.raises(RunFailed) as caught:
            await going.result()
        assert isinstance(caught.value.__cause__, QuestionExpired)

    play(main)


def test_a_deadline_that_was_met_does_not_ring() -> None:
    ask = Ask(show="?", timeout=timedelta(seconds=5), on_timeout="drop")

    async def main() -> None:
        clock = VirtualClock()
        going = start(program(ONE, q=lambda s: ask), Notes(), clock=clock)
        await going.result()
        await going.answer("send")
        assert (await going.result()).state.notes == ["a", "b"]
        assert clock.set == []

    play(main)


@pytest.mark.parametrize("timeout", [5, timedelta(0), timedelta(seconds=-1)])
def test_a_timeout_that_could_not_be_meant_is_refused(timeout: Any) -> None:
    with pytest.raises(InvalidAgent, match="timeout"):
        Ask(show="?", timeout=timeout)


def test_a_question_that_gives_no_ask_fails() -> None:
    with pytest.raises(RunFailed, match="question 'q' gave 'hm'"):
        play(lambda: run(program(ONE, q=lambda s: "hm"), Notes()))


class Address(BaseModel):
    street: str
    number: int = 1


def filled(s: Notes, form: Address) -> None:
    s.text = f"{form.street} {form.number}"


FORM = "START -> f\nform f -> b\nb -> END"


def form(save: Any = filled, ask: Ask[Any] | None = None) -> Any:
    asked = body(lambda s: ask or Ask(show="where?"))
    return program(FORM, bind={"f": Binding(asked, form=Address, into=save)})


def test_a_form_is_validated_and_saved() -> None:
    async def main() -> None:
        going = start(form(), Notes())
        await going.result()
        with pytest.raises(AnswerRefused, match="is no Address"):
            await going.answer({"street": 5})  # type: ignore[arg-type]
        with pytest.raises(AnswerRefused):
            await going.answer("somewhere")
        await going.answer(Address(street="Elm", number=3))
        result = await going.result()
        assert (result.state.text, result.path) == ("Elm 3", ("f", "b"))

    play(main)


def test_the_save_of_a_form_that_fails_leaves_the_run_as_it_was() -> None:
    def broken(s: Notes, form: Address) -> None:
        s.text = "lost"
        raise ValueError("broken")

    async def later(s: Notes, form: Address) -> None:
        s.text = "lost"

    async def main() -> None:
        going = start(form(broken), Notes())
        await going.result()
        with pytest.raises(ValueError, match="broken"):
            await going.answer(Address(street="Elm"))
        assert (await going.result()).state == Notes()
        await going.cancel()

        going = start(form(lambda s, form: 5), Notes())
        await going.result()
        with pytest.raises(Exception, match="`save` of 'f' returned 5"):
            await going.answer(Address(street="Elm"))
        await going.cancel()

    play(main)


def test_a_form_that_nobody_fills_in_is_filled_in_as_the_question_says() -> None:
    ask: Ask[Any] = Ask(show="?", timeout=timedelta(seconds=5), on_timeout=Address(street="Oak"))

    def broken(s: Notes, form: Address) -> None:
        raise ValueError("broken")

    async def main() -> None:
        clock = VirtualClock()
        going = start(form(ask=ask), Notes(), clock=clock)
        await going.result()
        await clock.advance(5)
        assert (await going.result()).state.text == "Oak 1"

        going = start(form(broken, ask), Notes(), clock=clock)
        await going.result()
        await clock.advance(5)
        with pytest.raises(RunFailed, match="ValueError: broken"):
            await going.result()

    play(main)


def test_what_a_handle_has_not_read_yet_does_not_count_as_shown() -> None:
    async def main() -> None:
        going = start(program(TWO), Notes())
        events = aiter(going)
        while not isinstance(event := await anext(events), Asked):
            pass
        assert event.id == "q#1"
        await settle()
        await going.answer("yes", id="q#1")
        await settle()
        with pytest.raises(AnswerRefused, match="was not shown"):
            await going.answer("yes")
        while not isinstance(event, RunEnded):
            event = await anext(events)
        await going.cancel()

    play(main)


def test_a_run_is_answered_in_the_loop_that_it_belongs_to() -> None:
    async def begin() -> Any:
        going = start(program(ONE), Notes())
        await going.result()
        return going

    going = asyncio.run(begin())

    async def answer() -> None:
        for call in (lambda: going.answer("send"), going.cancel, going.result):
            with pytest.raises(NotAvailable, match="another event loop"):
                await call()
        with pytest.raises(NotAvailable, match="another event loop"):
            aiter(going)

    asyncio.run(answer())
    assert going.status == "paused"


def test_the_time_of_a_budget_that_ends_while_a_person_thinks_counts_afterwards() -> None:
    async def main() -> None:
        clock = VirtualClock()
        going = start(program(ONE), Notes(), clock=clock, budget=Budget(seconds=10))
        await going.result()
        await clock.advance(11)
        assert going.status == "paused"
        await going.answer("send")
        assert (await going.result()).status == "exhausted"

    play(main)
