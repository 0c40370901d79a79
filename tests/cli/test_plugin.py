"""The plugin for pytest, in sessions of its own: it is off in ours, which measures coverage."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.test_trying import FLOW

ROOT = Path(__file__).parents[2]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "flows.py").write_text(FLOW, "utf-8")
    (tmp_path / "pytest.ini").write_text("[pytest]\nagentgraph_graphs =\n    flows:flow\n", "utf-8")
    return tmp_path


def run(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    plugin = ("-p", "agentgraph.cli.plugin")
    return subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:agentgraph",
         "-p", "no:randomly", *plugin, *arguments],
        cwd=folder, check=False, capture_output=True, text=True,
        # What is asked of the session that runs these tests is not asked of theirs.
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), str(folder)]),
             "PYTEST_ADDOPTS": ""},
    )  # fmt: skip


def test_workflows_are_checked_without_a_test_file(folder: Path) -> None:
    done = run(folder, "--agentgraph-svg", "drawn", "--agentgraph-budget", "2")

    assert done.returncode == 0, done.stdout
    assert "8 passed" in done.stdout
    assert "agentgraph: flow: 5 of 5 edges" in done.stdout
    assert (folder / "drawn" / "flow-coverage.svg").read_text("utf-8").startswith("<")


def test_workers_hand_on_what_they_have_taken(folder: Path) -> None:
    done = run(folder, "-p", "xdist", "-n", "2", "--agentgraph-svg", "drawn")

    assert done.returncode == 0, done.stdout
    assert "8 passed" in done.stdout
    assert "agentgraph: flow: 5 of 5 edges" in done.stdout
    assert (folder / "drawn" / "flow-coverage.svg").exists()


def test_a_failure_is_a_story_and_can_be_replayed(folder: Path) -> None:
    source = FLOW.replace("s.n = 2", "s.n = 2; raise KeyError(s.n)")
    (folder / "flows.py").write_text(source, "utf-8")
    (folder / "test_flow.py").write_text(
        "from agentgraph.testing import check\nfrom flows import flow, large\n"
        "def test_it():\n    check(flow, agents={'large': large}, target='flows:flow')\n",
        "utf-8",
    )

    done = run(folder, "--agentgraph-svg", "drawn", "test_flow.py")

    assert done.returncode == 1
    assert "flow: the run fails: KeyError: 2" in done.stdout
    again = run(folder, "--agentgraph-replay", "drawn/flow-runs.json")
    assert "1 passed" in again.stdout, again.stdout  # With a fake in place of `large`.


def test_a_script_of_real_agents_is_replayed_with_them_by_its_file(folder: Path) -> None:
    (folder / "flows.py").write_text(FLOW.replace("s.n = 2", "raise KeyError(s.n)"), "utf-8")
    check = [sys.executable, "-m", "agentgraph", "test", "flows.py", "--agents", "real"]
    subprocess.run(check, cwd=folder, check=False, env={**os.environ, "PYTHONPATH": str(ROOT)})

    broken = run(folder, "--agentgraph-replay", ".agentgraph/flow-runs.json")
    (folder / "flows.py").write_text(FLOW, "utf-8")
    mended = run(folder, "--agentgraph-replay", ".agentgraph/flow-runs.json")

    assert "flow: the run fails: KeyError" in broken.stdout
    assert (mended.returncode, "1 passed" in mended.stdout) == (0, True)


def test_a_fixture_makes_agents_go_wrong(folder: Path) -> None:
    (folder / "test_flow.py").write_text(
        "import pytest\nfrom agentgraph import RunFailed, node, workflow\n"
        "from flows import Note, small\n"
        "def test_it(simulate, faults):\n"
        "    risky = node(name='small')(faults(small, ConnectionError('gone')))\n"
        "    flow = workflow('w', Note, risky)\n"
        "    with pytest.raises(RunFailed, match='gone'):\n        simulate(flow.run(Note()))\n"
        "    assert simulate(flow.run(Note())).state.n == 1\n",
        "utf-8",
    )
    (folder / "pytest.ini").write_text("[pytest]\n", "utf-8")

    assert "1 passed" in run(folder).stdout


def test_fixtures_give_virtual_time_and_a_cassette(folder: Path) -> None:
    (folder / "test_flow.py").write_text(
        "import asyncio\nfrom flows import Note, flow\n"
        "def test_time(simulate):\n    assert simulate(asyncio.sleep(86400, 'done')) == 'done'\n"
        "def test_tape(simulate, cassette):\n"
        "    from agentgraph.testing import check\n"
        "    check(flow, agents=cassette, inputs=[Note(n=0), Note(n=9)],\n"
        "          labels='real', properties=['runs'], folder=None)\n",
        "utf-8",
    )
    (folder / "pytest.ini").write_text("[pytest]\n", "utf-8")

    assert "1 failed, 1 passed" in run(folder).stdout  # Nothing is on the cassette.
    assert "2 passed" in run(folder, "--agentgraph-record").stdout
    assert "2 passed" in run(folder).stdout
    assert (folder / "cassettes" / "test_tape.json").exists()


@pytest.mark.parametrize("workers", [(), ("-p", "xdist", "-n", "2")], ids=["alone", "xdist"])
def test_a_setting_that_names_nothing_is_told(folder: Path, workers: tuple[str, ...]) -> None:
    (folder / "pytest.ini").write_text("[pytest]\nagentgraph_graphs = flow:flow\n", "utf-8")

    done = run(folder, *workers)

    assert done.returncode == pytest.ExitCode.USAGE_ERROR
    assert "agentgraph_graphs: [AG130] there is no module 'flow'" in done.stderr
    assert "did you mean 'flows'" in done.stderr


def test_a_session_that_checks_nothing_does_not_load_hypothesis(folder: Path) -> None:
    (folder / "test_flow.py").write_text(
        "import sys\n"
        "def test_it():\n"
        "    assert 'hypothesis' not in sys.modules\n"
        "    assert 'agentgraph.testing.checking' not in sys.modules\n"
        "    assert 'networkx' not in sys.modules\n",
        "utf-8",
    )
    (folder / "pytest.ini").write_text("[pytest]\n", "utf-8")

    done = run(folder)

    assert "1 passed" in done.stdout
    assert "agentgraph:" not in done.stdout
