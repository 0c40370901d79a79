"""Effects that a retry would repeat, and classifiers that look past their state."""

# pyright: basic, reportAttributeAccessIssue=false

import os
import random
import smtplib
import time as clock
from datetime import UTC, datetime
from pathlib import Path
from random import choice
from typing import Any, Literal

import pytest

from agentgraph import END, START, Ctx, Graph, Retry, State, classifier, each, node, workflow
from agentgraph.errors import Finding, InvalidGraph
from agentgraph.graph import from_json


class Desk(State):
    text: str = ""


Size = Literal["big", "small"]
AGAIN = Retry(attempts=3)


def now(s: Desk) -> Size:
    return "big" if datetime.now(UTC).hour > 12 else "small"


def chance(s: Desk) -> Size:
    return choice(["big", "small"])


def module_chance(s: Desk) -> Size:
    return "big" if random.random() > 0.5 else "small"  # noqa: TID251 - that is the fault


def environment(s: Desk) -> Size:
    return "big" if os.environ["SIZE"] else "small"


def reading(s: Desk) -> Size:
    with open(s.text) as file:  # noqa: PTH123 - that is the fault
        return "big" if file.read() else "small"


def ticks() -> float:
    return clock.monotonic()


def twice() -> float:
    return ticks()


def by_helper(s: Desk) -> Size:
    return "big" if twice() > 1 else "small"


def shadowed(s: Desk) -> Size:
    time = open = s.text  # noqa: A001 - a name is what it stands for
    return "big" if time + open else "small"


def pathlike(s: Desk) -> Size:
    return "big" if Path(s.text).name else "small"


def findings(flow: Any) -> list[Finding]:
    try:
        return list(workflow("desk", Desk, flow).verify().findings)
    except InvalidGraph as error:
        return list(error.findings)


@pytest.mark.parametrize(
    ("fn", "what", "claim"),
    [
        (now, "the clock with `datetime.datetime.now`", "proved"),
        (chance, "chance with `random.Random.choice`", "proved"),
        (module_chance, "chance with `random.random`", "proved"),
        (environment, "the environment with `os.environ`", "proved"),
        (reading, "a file with `io.open`", "proved"),
        (by_helper, "the clock with `time.monotonic`", "heuristic"),
    ],
)
def test_a_classifier_that_reads_past_its_state_is_warned_of(fn, what, claim) -> None:
    (finding,) = findings(classifier(fn).route({"big": END, "small": END}))

    assert (finding.code, finding.severity, finding.claim) == ("AG502", "warning", claim)
    assert finding.what == (
        f"{fn.__name__!r} reads {what}, so the same state may be answered twice"
    )


@pytest.mark.parametrize("fn", [shadowed, pathlike])
def test_a_name_is_what_it_stands_for(fn) -> None:
    assert findings(classifier(fn).route({"big": END, "small": END})) == []


def mail(s: Desk) -> None:
    smtplib.SMTP("host").sendmail("a", "b", s.text)


async def keyed(s: Desk, ctx: Ctx) -> None:
    await ctx.effect("mail", lambda: smtplib.SMTP("host"))


def plain(s: Desk) -> None: ...


@pytest.mark.parametrize(
    ("options", "fn", "expected"),
    [
        ({"retry": AGAIN}, mail, [("AG501", "warning", "heuristic")]),
        ({"retry": AGAIN, "effects": True}, plain, [("AG501", "error", "declared")]),
        ({"retry": AGAIN, "effects": True}, keyed, []),
        ({"retry": AGAIN}, keyed, []),
        ({"retry": AGAIN}, plain, []),
        ({"effects": True}, plain, []),
        ({}, mail, []),
    ],
)
def test_an_effect_that_a_retry_repeats_needs_a_key(options, fn, expected) -> None:
    found = findings(node(**options)(fn))

    assert [(f.code, f.severity, f.claim) for f in found] == expected


def test_an_effect_that_a_retry_repeats_is_told_like_this() -> None:
    (finding,) = findings(node(retry=AGAIN)(mail))

    assert str(finding).splitlines() == [
        ("[AG501] 'mail' has effects (`smtplib.SMTP`) and is retried, and uses no idempotency key"),
        f"  where: node 'mail' ({__file__}:{mail.__code__.co_firstlineno + 1})",
        (
            "  fix:   take the context and do it once: `await ctx.effect('send', fn)`, or hand "
            "`ctx.idempotency_key` to what is called"
        ),
    ]


def test_what_is_done_for_each_item_is_looked_at_too() -> None:
    def send(item: str) -> str:
        smtplib.SMTP(item)
        return item

    many = each(lambda s: [s.text], send, into=lambda s, out: None, retry=AGAIN)

    assert [finding.code for finding in findings(many)] == ["AG501"]


def test_the_builder_can_say_that_a_node_has_effects() -> None:
    g = Graph("desk", Desk)
    handle = g.add_node(plain, effects=True)
    g.add_edge(handle, END)
    g.add_edge(START, handle)
    built = g.compile().graph

    assert built.vertex["plain"].effects
    assert (
        from_json(workflow("d", Desk, node(effects=True)(plain)).to_json()).vertex["plain"].effects
    )
