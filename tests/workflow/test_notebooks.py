"""What a notebook shows of a workflow: its picture and its text, and nothing is fetched for them."""

import socket
from typing import Never

import pytest

from agentgraph import State, node, workflow


class Letter(State):
    text: str = ""


@node
def write(s: Letter) -> None:
    s.text = "Dear all"


def test_a_notebook_shows_the_picture_and_the_text_without_the_network(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def refuse(*_: object) -> Never:
        raise AssertionError("the network was asked")

    monkeypatch.setattr(socket, "socket", refuse)

    shown = workflow("letter", Letter, write)._repr_mimebundle_(include=None, exclude=None)

    assert set(shown) == {"image/svg+xml", "text/plain"}
    assert shown["image/svg+xml"].startswith("<svg")
    assert "\u2502 write \u2502" in shown["text/plain"]
