"""A program whose graph and callables do not fit, and options that no run has."""

import pytest

from agentgraph import State, workflow
from agentgraph.errors import InvalidAgent, InvalidInput
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


def test_an_option_that_no_run_has_is_refused_with_the_nearest_one() -> None:
    made = workflow("notes", Notes, write)

    with pytest.raises(InvalidInput, match="a run has no option 'bugdet'") as caught:
        made.run_sync(Notes(), bugdet=3)  # pyright: ignore[reportCallIssue] - the mistake

    assert "did you mean 'budget'?" in str(caught.value)
