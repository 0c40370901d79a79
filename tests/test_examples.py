"""Each example prints what its docstring says that it prints.

The docstring of an example ends with the line `Prints:`, and below it, indented, stands
all that `main()` writes to stdout; `...` stands for any text.
"""

import ast
import doctest
import importlib.util
import sys
import textwrap
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
EXAMPLES = sorted((ROOT / "examples").glob("*.py"))
PROMISE = "\nPrints:\n"


def promised(path: Path) -> str:
    """Read what the docstring of an example says that it prints."""
    docstring = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or ""
    _, found, text = f"{docstring}\n".partition(PROMISE)
    assert found, f"the docstring of {path.name} has no part `Prints:`"
    return textwrap.dedent(text).strip("\n") + "\n"


def differences(wanted: str, printed: str) -> str:
    """Return "" when `printed` is what was wanted, else a diff."""
    checker = doctest.OutputChecker()
    if checker.check_output(wanted, printed, doctest.ELLIPSIS):
        return ""
    options = doctest.ELLIPSIS | doctest.REPORT_NDIFF
    return checker.output_difference(doctest.Example("", wanted), printed, options)


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_an_example_prints_what_it_promises(
    path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    name = f"example_{path.stem}"
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, name, module)

    spec.loader.exec_module(module)
    module.main()

    assert differences(promised(path), capsys.readouterr().out) == ""


def test_there_are_examples() -> None:
    assert len(EXAMPLES) >= 6


def test_another_output_than_the_promised_one_is_refused() -> None:
    assert differences("a ... c\n", "a b c\n") == ""
    assert differences("a\n", "a\nb\n") != ""
    assert differences("a\nb\n", "a\n") != ""
