"""A program whose graph and callables do not fit."""

import pytest

from agentgraph import State, workflow
from agentgraph.errors import InvalidAgent
from agentgraph.graph import from_json
from agentgraph.runtime import Program, run_sync


class Notes(State):
    text: str = ""


def write(s: Notes) -> None:
    s.text = "written"


def test_a_vertex_that_was_renamed_is_never_a_silent_success() -> None:
    made = workflow("notes", Notes, write)
    renamed = from_json(made.to_json().replace('"write"', '"wrote"'))
    program = Program(renamed, Notes, made.program.bindings)

    with pytest.raises(InvalidAgent, match="no callable for 'wrote'") as caught:
        run_sync(program, Notes())
    assert "did you mean 'write'?" in str(caught.value)
