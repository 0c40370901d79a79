"""A classifier that may answer any text."""

import pytest

from agentgraph import END, RunFailed, State, classifier, node, workflow


class Ticket(State):
    text: str
    reply: str = ""


@classifier
def kind(s: Ticket) -> str:
    return s.text


@classifier
async def kind_with_number(s: Ticket) -> str:
    return s.text if s.text != "number" else 3  # type: ignore[return-value]  # a mistake


@node
def billing(s: Ticket) -> None:
    s.reply = "billing"


@node
def clerk(s: Ticket) -> None:
    s.reply = "clerk"


@pytest.mark.parametrize("source", [kind, kind_with_number])
@pytest.mark.parametrize(("text", "reply"), [("billing", "billing"), ("anything", "clerk")])
def test_a_text_without_an_edge_takes_the_way_of_unsure_answers(
    source: object, text: str, reply: str
) -> None:
    assert source in (kind, kind_with_number)
    route = (kind if source is kind else kind_with_number).route(
        {"billing": billing, "end": END}, unsure=clerk
    )

    assert workflow("w", Ticket, route).run_sync(Ticket(text=text)).state.reply == reply


def test_what_is_no_text_is_an_unknown_label_all_the_same() -> None:
    made = workflow("w", Ticket, kind_with_number.route({"billing": billing}, unsure=clerk))

    with pytest.raises(RunFailed, match="answered 3"):
        made.run_sync(Ticket(text="number"))
