"""The published JSON Schema: it is what the code says, and every graph keeps to it."""

import json
from importlib import import_module

import pytest
from hypothesis import given, settings

from agentgraph.graph import FrozenGraph, from_json, to_json
from tests.render.drawings import DESK, graphs
from tools.schema import PATH, text

SCHEMA = json.loads(PATH.read_text(encoding="utf-8"))
DRAFT = import_module("jsonschema").Draft202012Validator
VALIDATOR = DRAFT(SCHEMA)


def test_the_schema_is_what_the_code_says() -> None:
    assert PATH.read_text(encoding="utf-8") == text(), "if this is meant: python -m tools.schema"


def test_the_schema_is_one() -> None:
    DRAFT.check_schema(SCHEMA)


@settings(max_examples=50, deadline=None)
@given(graphs())
def test_every_graph_keeps_to_the_schema_and_comes_back_equal(graph: FrozenGraph) -> None:
    written = to_json(graph)

    VALIDATOR.validate(json.loads(written))
    assert from_json(written) == graph


@pytest.mark.parametrize(
    "change",
    [
        {"format": "agentgraph/graph/0"},
        {"name": 3},
        {"edges": [{"source": "a"}]},
        {"vertices": [{"name": "a", "kind": "robot"}]},
        {"colour": "red"},
    ],
)
def test_what_is_no_graph_is_refused_by_the_schema(change: dict[str, object]) -> None:
    data = {**json.loads(to_json(DESK)), **change}

    assert not VALIDATOR.is_valid(data)
