"""The page for those who come from LangGraph: each mistake has exactly the text that it shows."""

import io
import re
import sys
import types
from contextlib import redirect_stdout
from pathlib import Path

import pytest

PAGE = Path(__file__).resolve().parent.parent / "docs" / "coming-from-langgraph.md"
BLOCK = re.compile(r"^```(python|text)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def blocks() -> list[tuple[str, str, int]]:
    """Each block with its language and the line of the page on which it begins."""
    text = PAGE.read_text(encoding="utf-8")
    return [(one[1], one[2], text[: one.start(2)].count("\n")) for one in BLOCK.finditer(text)]


def printed(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, str]]:
    """What each block prints that a text follows, and that text."""
    module = types.ModuleType("page")
    monkeypatch.setitem(sys.modules, "page", module)
    found: list[tuple[str, str]] = []
    said = ""
    for language, text, line in blocks():
        if language == "text":
            found.append((said, text))
            said = ""
            continue
        assert said == "", f"what the block before line {line} of the page prints stands nowhere"
        out = io.StringIO()
        with redirect_stdout(out):
            exec(compile("\n" * line + text, str(PAGE), "exec"), vars(module))
        said = out.getvalue()
    return found


def test_each_mistake_is_told_in_exactly_these_words(monkeypatch: pytest.MonkeyPatch) -> None:
    pairs = printed(monkeypatch)

    assert len(pairs) > 15
    for said, shown in pairs:
        assert said == shown


def test_the_ten_mistakes_are_all_there() -> None:
    titles = re.findall(r"^## (\d+)\.", PAGE.read_text(encoding="utf-8"), re.MULTILINE)

    assert titles == [str(number) for number in range(1, 11)]


def test_each_message_says_what_to_type(monkeypatch: pytest.MonkeyPatch) -> None:
    for said, _ in printed(monkeypatch):
        assert "fix:   " in said or "here it is " in said
