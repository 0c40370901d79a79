"""What `--help` says: a text for each option, and no text for what is not there."""

import json
from pathlib import Path

import click
import pytest

from agentgraph.cli import commands

TEXTS = json.loads(Path(commands.__file__).with_name("help.json").read_text(encoding="utf-8"))
ALL: dict[str, click.Command] = {"agentgraph": commands.agentgraph, **commands.agentgraph.commands}


def test_there_are_texts_for_each_command_and_no_other() -> None:
    assert TEXTS.keys() == {"every command", *ALL}


@pytest.mark.parametrize("name", ALL)
def test_each_text_is_that_of_an_option(name: str) -> None:
    options = {one.opts[0] for one in ALL[name].params if isinstance(one, click.Option)}

    assert TEXTS[name].keys() - {"epilog"} == options - TEXTS["every command"].keys()


def test_what_is_said_of_every_target_stands_below_a_command() -> None:
    epilog = commands.agentgraph.commands["run"].epilog

    assert epilog == "TARGET is path.py with one workflow in it, path.py:name or module:name."
