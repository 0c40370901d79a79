"""Each kind of event, told once: what the machine wants then, and where the run stands."""

from dataclasses import replace

from agentgraph.errors import QuestionExpired
from agentgraph.machine import (
    Answered,
    Asked,
    Broke,
    Cancel,
    Cancelled,
    Chosen,
    Command,
    Decided,
    Entered,
    Event,
    Expired,
    Failed,
    Finished,
    Funded,
    Limits,
    Listed,
    Marking,
    Spent,
    Started,
    Stopped,
    TimedOut,
    kinds_of,
    make_plan,
    step,
)
from tests.machine.notation import Reader

ERROR = KeyError("no such thing")
KINDS = kinds_of(ERROR)


def run_of(text: str) -> tuple[Marking, list[str]]:
    """Begin a run of a graph; return its marking and what it wants done first."""
    plan = make_plan(Reader("g", CHILDREN).read(text))
    return wanted(Marking(plan), Started("s0"))


CHILDREN = {"child": Reader("child", {}).read("START -> p\np -> END")}


def wanted(marking: Marking, *events: Event) -> tuple[Marking, list[str]]:
    """Tell events; return the marking and, in words, what the last of them asks for."""
    commands: list[Command] = []
    for event in events:
        marking, commands = step(marking, event)
    return marking, [_said(each) for each in commands]


def _said(command: Command) -> str:
    if isinstance(command, Cancel):
        return f"cancel {command.ticket}"
    if isinstance(command, Broke):
        return f"broke {command.path}"
    if isinstance(command, Chosen):
        return f"chosen {command.label}"
    return f"{command.verb} {command.site.path} {command.ticket}"


def test_started_sends_the_first_token_out() -> None:
    marking, commands = run_of("START -> a\na -> END")

    assert commands == ["run a 2"]
    assert (marking.status, marking.steps, marking.live[2].payload) == ("running", 1, "s0")


def test_finished_carries_its_revision_on() -> None:
    marking, _ = run_of("START -> a\na -> b\nb -> END")

    marking, commands = wanted(marking, Finished(2, "s1"))

    assert commands == ["run b 3"]
    assert marking.live[3].payload == "s1"


def test_decided_takes_the_edge_of_its_label_with_the_revision_that_was_shown() -> None:
    marking, _ = run_of("START -> k\nclassifier k: x -> a, y -> b\na -> END\nb -> END")

    marking, commands = wanted(marking, Decided(2, "y"))

    assert commands == ["run b 3"]
    assert marking.live[3].payload == "s0"


def test_asked_opens_the_question_and_the_run_pauses() -> None:
    marking, commands = run_of("START -> q\nhuman q: yes -> a, no -> END\na -> END")
    assert commands == ["ask q 2"]

    marking, commands = wanted(marking, Asked(2, "no"))

    assert commands == ["wait q 3"]
    assert (marking.status, marking.waiting) == ("paused", 1)


def test_answered_goes_on_with_the_label_and_the_edits() -> None:
    marking, _ = run_of("START -> q\nhuman q: yes -> a, no -> END\na -> END")

    marking, commands = wanted(marking, Asked(2), Answered(3, "yes", "edited"))

    assert commands == ["run a 4"]
    assert (marking.status, marking.live[4].payload) == ("running", "edited")


def test_expired_goes_on_with_the_label_for_silence() -> None:
    marking, _ = run_of("START -> q\nhuman q: yes -> a, no -> END\na -> END")

    marking, commands = wanted(marking, Asked(2, "no"), Expired(3))

    assert (marking.status, commands) == ("done", [])


def test_expired_without_a_label_for_silence_fails() -> None:
    marking, _ = run_of("START -> q\nhuman q: yes -> END, no -> END")

    marking, _ = wanted(marking, Asked(2), Expired(3))

    assert marking.status == "failed"
    assert isinstance(marking.troubles[0].error, QuestionExpired)


def test_listed_begins_as_many_items_as_the_limit_allows() -> None:
    marking, commands = run_of("START -> e\neach e 2 -> END")
    assert commands == ["list e 2"]

    marking, commands = wanted(marking, Listed(2, ("x", "y", "z")))

    assert commands == ["item e 4", "item e 5"]
    assert [marking.live[ticket].payload for ticket in (4, 5)] == ["x", "y"]


def test_entered_begins_the_graph_inside() -> None:
    marking, commands = run_of("START -> s\nsubgraph s child -> END")
    assert commands == ["enter s 2"]

    marking, commands = wanted(marking, Entered(2, "inner"))

    assert commands == ["run s/p 5"]
    assert [frame.path for frame in marking.frames.values()] == ["", "s/"]


def test_failed_ends_a_run_that_nobody_catches() -> None:
    marking, _ = run_of("START -> a\na -> END")

    marking, commands = wanted(marking, Failed(2, ERROR, KINDS))

    assert (marking.status, commands) == ("failed", [])
    assert [each.error for each in marking.troubles] == [ERROR]


def test_failed_is_repeated_by_the_policy() -> None:
    marking, _ = run_of("START -> a\na -> END\nretry a 2")
    again = ConnectionError()

    marking, commands = wanted(marking, Failed(2, again, kinds_of(again)))

    assert commands == ["run a 3"]
    assert (marking.live[3].attempt, marking.steps) == (2, 1)


def test_stopped_is_awaited_of_every_branch() -> None:
    marking, _ = run_of("START -> a, b\njoin j: a, b -> END")
    marking, commands = wanted(marking, Failed(2, ERROR, KINDS))
    assert (marking.status, commands) == ("running", ["cancel 3"])

    marking, _ = wanted(marking, Stopped(3))

    assert marking.status == "failed"


def test_cancelled_stops_everything_and_undoes_only_when_asked_to() -> None:
    began, _ = run_of("START -> a\na -> b\nb -> END\nundo a")

    marking, commands = wanted(began, Finished(2, "s1"), Cancelled(undo=False))
    assert commands == ["cancel 3"]
    assert wanted(marking, Stopped(3))[0].status == "cancelled"

    marking, _ = wanted(began, Finished(2, "s1"), Cancelled(undo=True))
    assert wanted(marking, Stopped(3))[1] == ["undo a 5"]


def test_spent_holds_the_next_step_when_the_money_is_gone() -> None:
    plan = make_plan(Reader("g", {}).read("START -> a\na -> b\nb -> END"))

    marking, commands = wanted(
        Marking(plan), Started("s0", Limits(usd=1.0)), Spent(5, 1.0), Finished(2, "s1")
    )

    assert (marking.status, commands) == ("exhausted", [])
    assert [task.site.name for task in marking.held] == ["b"]


def test_timed_out_holds_the_next_step() -> None:
    marking, _ = run_of("START -> a\na -> b\nb -> END")

    marking, commands = wanted(marking, TimedOut(), Finished(2, "s1"))

    assert (marking.status, commands) == ("exhausted", [])


def test_funded_begins_what_was_held() -> None:
    marking, _ = run_of("START -> a\na -> b\nb -> END")

    marking, commands = wanted(marking, TimedOut(), Finished(2, "s1"), Funded(Limits(steps=2)))

    assert (marking.status, commands) == ("running", ["run b 3"])


def test_a_consensus_that_does_not_say_how_many_needs_all_votes() -> None:
    graph = Reader("g", {}).read("START -> v\nconsensus v 2 p q: yes -> END, no -> END")
    vertices = tuple(replace(each, need=None) for each in graph.vertices)
    marking, begun = wanted(Marking(make_plan(replace(graph, vertices=vertices))), Started("s0"))

    marking, said = wanted(marking, Decided(4, "yes"))
    _, decided = wanted(marking, Decided(5, "yes"))

    assert begun == ["poll v 4", "poll v 5"]
    assert said == []
    assert decided == ["chosen yes"]
