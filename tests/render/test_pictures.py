"""Saving pictures, choosing engines, and the same bytes each time."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from agentgraph.errors import NotAvailable
from agentgraph.graph import FrozenGraph
from agentgraph.render import engines, save, to_dot, to_mermaid, to_svg
from agentgraph.render.engines import candidates
from tests.render.drawings import DESK, ESSAY, parsed

ROOT = Path(__file__).parents[2]
GOLDEN = Path(__file__).parent / "golden"
PROGRAM = """
import hashlib
from agentgraph.render import to_dot, to_mermaid, to_svg
from tests.render.drawings import DESK
texts = [to_svg(DESK), to_svg(DESK, engine="builtin"), to_dot(DESK), to_mermaid(DESK)]
print(hashlib.sha256("".join(texts).encode()).hexdigest())
"""
LOOK = """
from agentgraph.render import engines, to_svg
from tests.render.drawings import DESK
print([one.name for one in engines() if one.found], to_svg(DESK) == to_svg(DESK, engine="builtin"))
"""


def started(program: str, **environment: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT), **environment},
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.strip()


def test_pictures_have_the_same_bytes_whatever_the_hash_seed_the_language_and_the_fonts() -> None:
    places = [{"PYTHONHASHSEED": seed} for seed in ("0", "1", "7", "42", "4711")]
    places += [{"LC_ALL": "C"}, {"LC_ALL": "de_DE.UTF-8", "LANGUAGE": "de"}]
    places += [{"FONTCONFIG_FILE": os.devnull, "HOME": os.devnull}]

    assert len({started(PROGRAM, **place) for place in places}) == 1


def test_the_drawing_of_a_small_graph_is_the_golden_one() -> None:
    drawn = to_svg(
        ESSAY, engine="builtin", visits={"write": 3}, taken={("START", "write", None): 1}
    )

    assert drawn == (GOLDEN / "essay.svg").read_text(encoding="utf-8")


def test_a_picture_needs_no_program_at_all(tmp_path: Path) -> None:
    # All packages of this environment but the one that brings a program, and nothing on the PATH.
    for path in {Path(entry) for entry in sys.path if "site-packages" in entry}:
        for package in path.iterdir():
            link = tmp_path / package.name
            if not package.name.startswith("graphviz_pure") and not link.exists():
                link.symlink_to(package)
    program = f"import sys; sys.path[:0] = [{str(ROOT)!r}, {str(tmp_path)!r}]\n{LOOK}"

    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", program],
        env={"PATH": ""},
        capture_output=True,
        text=True,
        check=True,
    )

    assert done.stdout.strip() == "['builtin'] True"


@pytest.mark.parametrize(
    ("name", "start"), [("a.svg", "<svg "), ("a.DOT", "digraph "), ("a.mmd", "---")]
)
def test_the_suffix_says_which_picture_is_saved(tmp_path: Path, name: str, start: str) -> None:
    path = save(DESK, tmp_path / name)

    assert path.read_text(encoding="utf-8").startswith(start)


def test_saving_writes_what_the_functions_return(tmp_path: Path) -> None:
    saved = [save(ESSAY, tmp_path / f"a{end}").read_bytes() for end in (".svg", ".dot", ".mmd")]

    assert saved == [text.encode() for text in (to_svg(ESSAY), to_dot(ESSAY), to_mermaid(ESSAY))]


def test_options_reach_the_saved_drawing(tmp_path: Path) -> None:
    path = save(ESSAY, tmp_path / "a.svg", visits={"write": 3}, theme="dark", engine="builtin")

    drawn = path.read_text(encoding="utf-8")
    assert drawn == to_svg(ESSAY, visits={"write": 3}, theme="dark", engine="builtin")


@pytest.mark.parametrize("name", ["a.bmp", "a", ".svg.bak"])
def test_another_suffix_is_refused_and_nothing_is_written(tmp_path: Path, name: str) -> None:
    with pytest.raises(NotAvailable, match=r"end the path in \.svg, \.dot"):
        save(ESSAY, tmp_path / name)

    assert list(tmp_path.iterdir()) == []


def test_the_engines_are_listed_in_the_order_in_which_they_are_tried() -> None:
    assert [engine.name for engine in engines()] == ["bundled", "system", "builtin"]
    assert engines()[2].found


def test_an_unknown_engine_is_refused_with_the_nearest_name() -> None:
    with pytest.raises(NotAvailable, match="did you mean 'bundled'"):
        list(candidates("bundeld"))


def test_the_environment_chooses_the_engine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AGENTGRAPH_ENGINE", "builtin")

    assert to_svg(DESK) == to_svg(DESK, engine="builtin")


def test_a_wrong_engine_in_the_environment_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AGENTGRAPH_ENGINE", "dot")

    with pytest.raises(NotAvailable, match="AGENTGRAPH_ENGINE"):
        to_svg(ESSAY)


def test_an_engine_that_is_not_installed_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")

    with pytest.raises(NotAvailable, match="'system' is not installed"):
        to_svg(ESSAY, engine="system")


@pytest.mark.skipif(not engines()[0].found, reason="graphviz-pure has no wheel for this platform")
def test_a_dot_on_the_path_is_used_when_it_is_asked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "dot").symlink_to(engines()[0].path)
    monkeypatch.setenv("PATH", str(tmp_path))

    assert engines()[1].found
    assert to_svg(DESK, engine="system") == to_svg(DESK, engine="bundled")


@pytest.mark.skipif(sys.platform == "win32", reason="a script is no program there")
@pytest.mark.parametrize("answer", ["exit 1", "echo nonsense", "echo {}"])
def test_a_broken_program_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, answer: str
) -> None:
    script = tmp_path / "dot"
    script.write_text(f"#!/bin/sh\n{answer}\n")
    script.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")

    with pytest.raises(NotAvailable, match="the engine 'system' gave no picture"):
        to_svg(DESK, engine="system")


def test_an_empty_graph_is_a_picture() -> None:
    assert parsed(to_svg(FrozenGraph("nothing", (), ()))).tag.endswith("svg")


def test_importing_the_renderer_imports_no_heavy_library() -> None:
    program = "import sys, agentgraph.render; print({'graphviz', 'networkx'} & {*sys.modules})"

    assert started(program) == "set()"
