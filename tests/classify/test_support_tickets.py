"""The triage of the support desk, measured on tickets that it has never seen.

The tickets whose id begins with `h` were written and committed before the first exemplar,
and are used for nothing but this measurement.
"""

import json
from collections import Counter
from pathlib import Path

from agentgraph.classify import Exemplars
from agentgraph.classify.words import words

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
AT_LEAST = 0.7
SHOWN: dict[str, list[str]] = json.loads(
    (EXAMPLES / "support_exemplars.json").read_text(encoding="utf-8")
)
EXPECTED: dict[str, list[str]] = json.loads(
    (EXAMPLES / "tickets_expected.json").read_text(encoding="utf-8")
)
TICKETS: dict[str, str] = {
    ticket["id"]: ticket["text"]
    for line in (EXAMPLES / "tickets.jsonl").read_text(encoding="utf-8").splitlines()
    if (ticket := json.loads(line))
}


def outcomes(kind: str) -> Counter[str]:
    """Count which tickets are routed right or wrong, or left to the clerk as unsure."""
    desk = Exemplars(SHOWN)
    counts: Counter[str] = Counter()
    for ticket_id, text in TICKETS.items():
        if ticket_id.startswith(kind):
            verdict = desk.classify(text)
            if verdict is None or verdict.confidence < AT_LEAST:
                counts["unsure"] += 1
            else:
                counts["right" if verdict.label in EXPECTED[ticket_id] else "wrong"] += 1
    return counts


def test_of_the_held_out_tickets_few_are_routed_wrongly_and_most_are_routed() -> None:
    counts = outcomes("h")

    assert counts.total() == 20
    assert counts["right"] + counts["unsure"] >= 16
    assert counts["wrong"] <= 2
    # To be unsure of everything would satisfy the two above.
    assert counts["right"] >= 10


def test_the_other_tickets_are_routed_too() -> None:
    counts = outcomes("t")

    assert counts.total() >= 60
    assert counts["wrong"] <= 3
    assert counts["right"] >= 40


def test_no_ticket_is_an_exemplar() -> None:
    shown = {tuple(words(text)) for texts in SHOWN.values() for text in texts}

    assert [ticket_id for ticket_id, text in TICKETS.items() if tuple(words(text)) in shown] == []


def test_every_ticket_says_where_it_belongs() -> None:
    assert EXPECTED.keys() == TICKETS.keys()
    assert {label for labels in EXPECTED.values() for label in labels} == set(SHOWN)


def test_every_label_is_shown_by_many_texts_once_each() -> None:
    for label, texts in SHOWN.items():
        assert len(texts) >= 20, label
        assert len({tuple(words(text)) for text in texts}) == len(texts), label
