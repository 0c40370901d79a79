"""Reports of classifiers: what they answer, what must not matter, what two versions do differently."""

import asyncio
from enum import Enum
from typing import Literal

import pytest

from agentgraph import END, State, Verdict, classifier, node, workflow
from agentgraph.errors import UnknownLabel
from agentgraph.events import recorded
from agentgraph.testing import (
    Changed,
    classifier_report,
    decided_states,
    drift,
    metamorphic,
)


class Kind(Enum):
    BILLING = 1
    OTHER = 2


class Ticket(State):
    text: str
    seen: int = 0


@classifier
def triage(s: Ticket) -> Literal["billing", "other", "spam"]:
    return "billing" if "charged" in s.text else "other"


@classifier
async def careful(s: Ticket) -> Verdict[Literal["billing", "other"]] | None:
    return None if s.text == "?" else Verdict("billing" if "charge" in s.text else "other")


def kind(s: Ticket) -> Kind:
    return Kind.BILLING if "charged" in s.text.casefold() else Kind.OTHER


async def kind_later(s: Ticket) -> Kind:
    return kind(s)


CASES = [
    (Ticket(text="charged twice"), "billing"),
    (Ticket(text="Charged once"), "billing"),
    (Ticket(text="hello"), "other"),
    (Ticket(text="win a prize"), "spam"),
]


def test_a_report_counts_what_was_answered_to_what_was_expected() -> None:
    report = classifier_report(triage, CASES)

    assert report.counts == {
        ("billing", "billing"): 1,
        ("billing", "other"): 1,
        ("other", "other"): 1,
        ("spam", "other"): 1,
    }
    assert report.recall == {"billing": 0.5, "other": 1.0, "spam": 0.0}
    assert (report.never, report.abstained) == (("spam",), 0.0)


def test_a_report_prints_as_a_table() -> None:
    assert str(classifier_report(triage, CASES)).splitlines() == [
        "expected  billing  other  spam  (nothing)  recall",
        " billing        1      1     0          0     50%",
        "   other        0      1     0          0    100%",
        "    spam        0      1     0          0      0%",
        "never answered: spam",
    ]


def test_who_abstains_is_counted_apart() -> None:
    report = classifier_report(
        careful, [(Ticket(text="?"), "billing"), (Ticket(text="a charge"), "billing")]
    )

    assert report.abstained == 0.5
    assert report.recall == {"billing": 0.5}
    assert report.never == ("other",)


@pytest.mark.parametrize("fn", [kind, kind_later])
def test_plain_functions_and_labels_of_an_enum_will_do(fn) -> None:
    report = classifier_report(
        fn, [(Ticket(text="CHARGED"), Kind.BILLING), (Ticket(text=""), "OTHER")]
    )

    assert report.recall == {"BILLING": 1.0, "OTHER": 1.0}


def test_it_works_where_a_loop_is_running() -> None:
    async def inside() -> float:
        return classifier_report(careful, [(Ticket(text="?"), "other")]).abstained

    assert asyncio.run(inside()) == 1.0


def test_an_answer_that_is_no_label_is_an_error() -> None:
    @classifier
    def wrong(s: Ticket) -> Literal["a"]:
        return "b"  # pyright: ignore[reportReturnType]

    with pytest.raises(UnknownLabel):
        classifier_report(wrong, CASES)


def test_a_change_that_must_not_matter_is_shown_with_the_case_where_it_does() -> None:
    states = [state for state, _ in CASES]

    assert metamorphic(triage, states, [str.casefold, str.strip]) == [
        Changed(Ticket(text="charged once"), "other", "billing", "casefold")
    ]
    assert metamorphic(kind, states, [str.upper, str.strip, lambda text: f" {text}\n"]) == []


def test_only_the_fields_that_are_named_are_changed() -> None:
    assert metamorphic(triage, [Ticket(text="Charged")], [str.casefold], fields=["note"]) == []


def test_a_function_of_a_text_is_asked_about_texts() -> None:
    assert metamorphic(str.istitle, ["Ab", "ab"], [str.lower]) == [
        Changed("ab", "True", "False", "lower")
    ]


def test_what_two_versions_decide_differently_is_shown() -> None:
    states = [state for state, _ in CASES]

    assert drift(triage, careful, states) == []
    assert drift(triage, kind, states[:1]) == [Changed(states[0], "billing", "BILLING")]
    assert drift(careful, triage, [Ticket(text="?")]) == [Changed(Ticket(text="?"), None, "other")]


def test_recorded_runs_give_the_states_that_were_decided() -> None:
    @node
    def read(s: Ticket) -> None:
        s.text, s.seen = f"{s.text}!", s.seen + 1

    desk = workflow(
        "desk", Ticket, read >> triage.route({"billing": END, "other": END, "spam": END})
    )
    lines: list[str] = []

    async def runs() -> None:
        for text in ("charged", "hello"):
            run = desk.start(Ticket(text=text))
            run.record(lines.append)
            await run.result()

    asyncio.run(runs())

    cases = decided_states(recorded(lines), "triage", Ticket)
    assert cases == [
        (Ticket(text="charged!", seen=1), "billing"),
        (Ticket(text="hello!", seen=1), "other"),
    ]
    assert classifier_report(triage, cases).recall == {"billing": 1.0, "other": 1.0}
    assert decided_states(recorded(lines), "nobody", Ticket) == []
