"""Both type checkers: correct programs are clean, and each planted mistake is reported on its line."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
FILES = sorted(path for path in HERE.glob("*.py") if not path.name.startswith("test_"))
MARK = re.compile(r"# E(?P<only> \(pyright only\))? \S")
# What strict mode says of a line on which a mistake was planted, and of a result that is not used.
STYLE = {"reportUnusedExpression", "reportUnusedCallResult", "reportUnusedClass"}

Lines = set[tuple[str, int]]


def planted(*, pyright: bool) -> Lines:
    """Return the lines that bear a mark for a checker."""
    return {
        (path.name, number)
        for path in FILES
        for number, line in enumerate(path.read_text("utf-8").splitlines(), 1)
        if (mark := MARK.search(line)) and (pyright or not mark["only"])
    }


def by_mypy(version: str, _: Path) -> Lines:
    """Run mypy in strict mode and return the lines that it reports."""
    done = run(
        "mypy", "--strict", "--config-file=", "--explicit-package-bases", "--no-pretty",
        "--python-version", version, *map(str, FILES),
    )  # fmt: skip
    found = re.findall(r"^(\S+?\.py):(\d+): error", done, re.MULTILINE)
    return {(Path(name).name, int(line)) for name, line in found if is_here(name)}


def by_pyright(version: str, folder: Path) -> Lines:
    """Run pyright in strict mode and return the lines that it reports."""
    settings = folder / "pyrightconfig.json"
    text: dict[str, object] = {
        "typeCheckingMode": "strict",
        "pythonVersion": version,
        "extraPaths": [str(ROOT)],
    }
    text |= {"include": [os.path.relpath(HERE, folder)], "exclude": ["**/test_*"]}
    settings.write_text(json.dumps(text), encoding="utf-8")
    done = run(
        "pyright", "--outputjson", "--pythonpath", sys.executable, "--project", str(settings)
    )
    return {
        (Path(one["file"]).name, one["range"]["start"]["line"] + 1)
        for one in json.loads(done)["generalDiagnostics"]
        if one["severity"] == "error" and one.get("rule") not in STYLE and is_here(one["file"])
    }


def is_here(name: str) -> bool:
    """Leave the library out: it has checks of its own."""
    return (ROOT / name).parent == HERE


def run(*arguments: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", *arguments], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert not done.stderr, done.stderr
    return done.stdout


@pytest.mark.slow
@pytest.mark.parametrize("version", ["3.11", "3.13"])
@pytest.mark.parametrize("checker", [by_mypy, by_pyright])
def test_each_planted_mistake_is_reported_and_nothing_else(
    checker: Callable[[str, Path], Lines], version: str, tmp_path: Path
) -> None:
    expected = planted(pyright=checker is by_pyright)

    reported = checker(version, tmp_path)

    assert len(expected) > 40
    assert sorted(expected - reported) == [], "planted, and not reported"
    assert sorted(reported - expected) == [], "reported, and not planted"
