"""Both type checkers know the labels of a classifier: no cast in user code, no mistake unseen."""

import re
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PROGRAM = """
import re
from collections.abc import Mapping, Sequence
from enum import Enum
from typing import Literal

from agentgraph.classify import Exemplars, Keywords, Rules, TotalRules, keywords, mentions, rules
from agentgraph.events.verdict import Verdict

Kind = Literal["billing", "tech"]


class Colour(Enum):
    RED = 1
    BLUE = 2


SHOWN: Mapping[Kind, Sequence[str]] = {"billing": ["refund"], "tech": ["crash"]}
inline = Exemplars[Kind]({"billing": ["refund"], "tech": ["crash"]})
named = Exemplars(SHOWN)
colours = Exemplars({Colour.RED: ["rose"], Colour.BLUE: ["sky"]})
words: Keywords[Kind] = keywords({"billing": ["refund"], "tech": ["crash"]})
partial: Rules[Kind] = rules(
    [(mentions("refund"), "billing"), (re.compile("err").search, "tech")], default=None
)
total: TotalRules[Kind] = rules([(mentions("refund"), "billing")], default="tech")


def right(text: str) -> Sequence[Verdict[Kind] | None]:
    found = [inline.classify(text), named.classify(text), words.classify(text)]
    return [*found, partial.classify(text)]


def colour(text: str) -> Verdict[Colour] | None:
    return colours.classify(text)


def certain(text: str) -> Verdict[Kind]:
    return total.classify(text)


misspelt = Exemplars[Kind]({"biling": ["refund"], "tech": ["crash"]})  # red
wrong_words: Keywords[Kind] = keywords({"tecch": ["crash"]})  # red
wrong_rule: Rules[Kind] = rules([(mentions("refund"), "bill")], default=None)  # red
wrong_default: TotalRules[Kind] = rules([(mentions("refund"), "tech")], default="clerk")  # red
wrong_label: Verdict[Kind] = Verdict("clerk")  # red


def forgets_none(text: str) -> Verdict[Kind]:
    return inline.classify(text)  # red


def other_labels(text: str) -> Verdict[Colour] | None:
    return inline.classify(text)  # red
"""
MYPY = ("mypy", "--strict", "--explicit-package-bases", "--config-file=")
PYRIGHT = ("pyright", "--project")


@pytest.mark.slow
@pytest.mark.parametrize("checker", [MYPY, PYRIGHT], ids=["mypy", "pyright"])
def test_each_planted_mistake_and_nothing_else_is_reported(
    checker: Sequence[str], tmp_path: Path
) -> None:
    program = tmp_path / "program.py"
    program.write_text(PROGRAM, encoding="utf-8")
    settings = tmp_path / "pyrightconfig.json"
    settings.write_text(
        f'{{"typeCheckingMode": "strict", "extraPaths": ["{ROOT.as_posix()}"]}}', encoding="utf-8"
    )
    target = settings if checker is PYRIGHT else program

    done = subprocess.run(
        [sys.executable, "-m", *checker, str(target)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )

    planted = {n for n, line in enumerate(PROGRAM.splitlines(), 1) if line.endswith("# red")}
    reported = re.findall(r"program\.py:(\d+):.*\berror\b", done.stdout)
    assert {int(line) for line in reported} == planted, done.stdout + done.stderr
