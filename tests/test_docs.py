"""Every python block of the pages runs, top to bottom, and so does every `>>>` of the package.

The blocks of one page share one namespace. A block may `await`: the page has a loop of
its own. A block that begins with `>>>` is compared with the output that it shows.
"""

import ast
import asyncio
import doctest
import importlib
import inspect
import re
import sys
import traceback
import types
from collections.abc import Iterator
from pathlib import Path

import pytest
from sybil import Example, Region
from sybil.document import Document
from sybil.evaluators.doctest import DocTestEvaluator
from sybil.parsers.abstract.doctest import DocTestStringParser
from sybil.parsers.markdown import CodeBlockParser

ROOT = Path(__file__).resolve().parent.parent
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
MODULES = sorted((ROOT / "agentgraph").rglob("*.py"))
OPTIONS = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE

# Another spelling of `python` would be a block that nobody runs. (`graph`: docs/semantics.md.)
LANGUAGES = {
    "bash",
    "console",
    "dot",
    "graph",
    "json",
    "markdown",
    "mermaid",
    "python",
    "text",
    "toml",
}
FENCE = re.compile(r"^ *```+ *([^\s`]*)[^`\n]*$", re.MULTILINE)


def languages_of(page: Path) -> set[str]:
    """Name the languages of the fenced blocks; each second fence closes a block."""
    return set(FENCE.findall(page.read_text(encoding="utf-8"))[::2])


class PythonBlocks:
    """Finds the python blocks of a page; `>>>` lines in them are compared one by one."""

    def __init__(self, loop: asyncio.Runner) -> None:
        self.loop = loop
        self.blocks = CodeBlockParser("python", self.evaluate)
        self.sessions = DocTestStringParser(DocTestEvaluator(OPTIONS))

    def __call__(self, page: Document) -> Iterator[Region]:
        for block in self.blocks(page):
            if not block.parsed.startswith(">>>"):
                yield block
                continue
            for session in self.sessions(block.parsed, page.path):
                session.adjust(block, block.parsed)
                yield session

    def evaluate(self, example: Example) -> None:
        # Padded, so that a traceback, and `inspect.getsource`, find the line in the page.
        source = "\n" * (example.line + example.parsed.line_offset) + example.parsed
        code = compile(source, example.path, "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
        waiting = eval(code, example.namespace)
        if inspect.iscoroutine(waiting):
            self.loop.run(waiting)


def run_page(path: Path, module: types.ModuleType) -> int:
    """Run all examples of a page in the namespace of `module`; return how many there were."""
    with asyncio.Runner() as loop:
        page = Document.parse(str(path), PythonBlocks(loop))
        page.namespace = vars(module)
        examples = list(page.examples())
        for example in examples:
            example.evaluate()
    return len(examples)


@pytest.fixture
def page_module(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> types.ModuleType:
    """A module for a page to run in, in an empty folder: annotations are resolved there."""
    module = types.ModuleType("page")
    monkeypatch.setitem(sys.modules, "page", module)
    monkeypatch.chdir(tmp_path)
    return module


@pytest.mark.parametrize(
    "page",
    [page for page in PAGES if "python" in languages_of(page)],
    ids=lambda page: page.relative_to(ROOT).as_posix(),
)
def test_the_python_blocks_of_a_page_run(page: Path, page_module: types.ModuleType) -> None:
    assert run_page(page, page_module) > 0


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_the_blocks_of_a_page_name_languages_that_are_known(page: Path) -> None:
    assert languages_of(page) <= LANGUAGES


@pytest.mark.parametrize(
    "block",
    [
        "assert 1 == 2",
        ">>> 1 + 1\n3",
        "x = 1\n```\n\nThen:\n\n```python\n>>> x\n2",
        "import asyncio\nassert await asyncio.sleep(0, False)",
    ],
)
def test_a_page_that_is_wrong_is_refused(
    block: str, page_module: types.ModuleType, tmp_path: Path
) -> None:
    page = tmp_path / "page.md"
    page.write_text(f"# Page\n\n```python\n{block}\n```\n")

    with pytest.raises(AssertionError):
        run_page(page, page_module)


def test_an_error_in_a_page_is_shown_with_its_line(
    page_module: types.ModuleType, tmp_path: Path
) -> None:
    page = tmp_path / "page.md"
    page.write_text("# Page\n\n```python\nx = 1\n1 / 0\n```\n")

    with pytest.raises(ZeroDivisionError) as caught:
        run_page(page, page_module)

    last = traceback.extract_tb(caught.tb)[-1]
    assert (last.filename, last.lineno) == (str(page), 5)


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_the_examples_in_a_docstring_hold(path: Path) -> None:
    parts = path.relative_to(ROOT).with_suffix("").parts
    module = importlib.import_module(".".join(part for part in parts if part != "__init__"))

    assert doctest.testmod(module, optionflags=OPTIONS).failed == 0
