"""`agentgraph new --from flow.mmd`: a flowchart becomes a project that runs, or says what is missing."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result

from agentgraph.cli.flowchart import read
from agentgraph.cli.skeleton import parts
from agentgraph.errors import InvalidGraphFile
from agentgraph.render import to_mermaid
from tests.render.drawings import ESSAY

Call = Callable[..., Result]
Write = Callable[..., str]

SUPPORT = """\
---
title: Support
---
flowchart TD
  %% a desk
  A([Start]) --> B[Read the letter]
  B --> C{What kind?}
  C -->|billing| D[Look up bookings]
  C -- tech --> E["Restart (it)"]
  C -->|other| F[Ask a clerk]
  D & E --> G[Write a reply]
  subgraph checks [Checks]
    G --> H(Check the tone) & I(Check the law)
    H --> J{{Good enough?}}
    I --> J
  end
  J -->|no| G
  J ==>|yes| K[Send]:::hot
  F --> K
  K --> L(((End)))
  classDef hot fill:#f96
"""


KINDS = '{"billing": look_up_bookings, "tech": restart_it, "other": ask_a_clerk}'


def edges(text: str) -> list[str]:
    return parts(read(text, "flow.mmd"))["edges"].splitlines()


def test_a_flowchart_becomes_a_project_that_is_clean_and_passes_its_test(
    call: Call, write: Write, folder: Path
) -> None:
    done = call("new", "my_flow", "--from", write("flow.mmd", SUPPORT))

    assert done.exit_code == 0
    assert done.stdout == "cd my_flow && agentgraph run my_flow.py --input inputs.jsonl\n"
    source = (folder / "my_flow" / "my_flow.py").read_text(encoding="utf-8")
    assert 'def what_kind(s: Work) -> Literal["billing", "tech", "other"]:' in source
    assert "# Checks\ndef check_the_tone" in source
    assert call("check", "my_flow/my_flow.py").exit_code == 0
    ran = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"],
        cwd=folder / "my_flow",
        capture_output=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stdout


def test_decisions_forks_joins_and_loops_become_what_the_builder_calls_so() -> None:
    assert edges(SUPPORT) == [
        "g.add_node(write_a_reply, max_visits=3)",
        "g.add_edge(START, read_the_letter)",
        f"g.add_conditional_edge(read_the_letter, what_kind, {KINDS})",
        "g.add_edge(look_up_bookings, write_a_reply)",
        "g.add_edge(restart_it, write_a_reply)",
        "g.add_edge(ask_a_clerk, send)",
        "g.add_edge(write_a_reply, [check_the_tone, check_the_law])",
        "g.add_edge(send, END)",
        'g.add_conditional_edge(to_good_enough, good_enough, {"no": write_a_reply, "yes": send})',
        "g.add_join([check_the_tone, check_the_law], to_good_enough)",
    ]


@pytest.mark.parametrize(
    "text",
    [
        "graph TD\nA[Draft] --> B{Ok?}\nB -->|no| A\nB -->|yes| C[Send]",
        "flowchart LR\nA{One} -->|x| B{Two}\nA -->|y| C\nB -->|p| C\nB -->|q| D",
        "flowchart LR\nA --> B & C",
        "flowchart\nA{Go?}-->|yes|B\nA-->|no|E(((end)))",
        "graph TD\nA --> B\nA --> C\nB --> C",
        "graph TD\nS((start)) --> A\nA --> Q{ok}\nQ -->|yes| E((end))\nQ -->|no| R{again}\nR -->|yes| A\nR -->|no| E",
        "graph TD\nA[\u5ba1\u6838] --> B[1. fix: it's #quot;q#quot;]",
        "graph TD\nA --> B{x}\nB -->|a| B\nB -->|b| C",
        "graph TD\nA --> C\nB --> C",
        "graph TD\nA[list] --> B[class] --> C[g] --> D[list]",
        to_mermaid(ESSAY),
    ],
    ids=range(11),
)  # fmt: skip
def test_what_comes_of_it_runs(text: str, call: Call, write: Write, folder: Path) -> None:
    made = call("new", "my_flow", "--from", write("flow.mmd", text))
    ran = call("run", "my_flow/my_flow.py", "--set", "text=x")

    assert made.exit_code == 0, made.stderr
    assert ran.exit_code == 0, ran.stderr


@pytest.mark.parametrize(
    ("text", "what", "line"),
    [
        ("sequenceDiagram\nA->>B: x", "no beginning of a flowchart", "line 1"),
        ("graph TD\nA --- B", "' --- B' is not understood", "line 2"),
        ("graph TD\nA --> B\n\nB ~~~ C", "' ~~~ C' is not understood", "line 4"),
        ("graph TD\nA -->", "is no box", "line 2"),
        ("graph TD\nA[x --> B", "'[x --> B' is not understood", "line 2"),
        ("graph TD\nA -->|x| B\nA --> C", "the labels 'x', ''", "line 3"),
        ("graph TD\n", "there is no box", "flow.mmd"),
    ],
)
def test_what_is_not_understood_is_named_with_its_line(text: str, what: str, line: str) -> None:
    with pytest.raises(InvalidGraphFile) as caught:
        parts(read(text, "flow.mmd"))

    assert what in caught.value.what
    assert line in caught.value.where


def test_what_the_flowchart_leaves_open_is_told(call: Call, write: Write, folder: Path) -> None:
    # One way is parallel to the others and one is not: no join can be right.
    text = "graph TD\nA{k} -->|x| B\nA -->|y| C\nB --> D & E\nD --> F\nE --> F\nC --> F\nF --> G & H\nG --> I\nC --> I"

    done = call("new", "my_flow", "--from", write("flow.mmd", text))

    assert done.exit_code == 3
    assert "AG" in done.stderr
    assert (folder / "my_flow" / "my_flow.py").exists()


def test_a_flowchart_that_is_not_there_writes_nothing(call: Call, folder: Path) -> None:
    done = call("new", "my_flow", "--from", "none.mmd")

    assert done.exit_code == 2
    assert not (folder / "my_flow").exists()


def test_a_flowchart_that_cannot_be_read_writes_nothing(
    call: Call, write: Write, folder: Path
) -> None:
    done = call("new", "my_flow", "--from", write("flow.mmd", "pie\n"))

    assert done.exit_code == 2
    assert "line 1" in done.stderr
    assert not (folder / "my_flow").exists()
