"""The plugin for pytest: workflows checked without a test file, fixtures, and what was never taken.

It is loaded into every session of pytest where agentgraph is installed, so it imports the rest only
when it is used.
"""

import pickle
from collections.abc import Callable, Coroutine
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeVar, cast

import pytest

from agentgraph.errors import AgentGraphError
from agentgraph.testing.defaults import defaults

if TYPE_CHECKING:
    from agentgraph.testing import Cassette, Checked, Coverage
    from agentgraph.testing.doubles import Agent

T = TypeVar("T")
_TAKEN: Final = pytest.StashKey[dict[str, "Coverage"]]()
"""What all checks of the session have taken, by the digest of the graph."""
_FOUND: Final = pytest.StashKey[dict[str, Any]]()
"""The workflows of the setting, by their targets."""


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options and the setting."""
    group = parser.getgroup("agentgraph")
    group.addoption("--agentgraph-seed", type=int, default=0, help="where the lots begin")
    group.addoption("--agentgraph-budget", type=int, default=10, help="examples for each workflow")
    group.addoption("--agentgraph-replay", metavar="FILE", help="do a script again, nothing else")
    group.addoption("--agentgraph-svg", metavar="DIR", help="where failures and coverage are drawn")
    group.addoption("--agentgraph-record", action="store_true", help="ask real agents on cassettes")
    group.addoption("--agentgraph-mutant", default="", help="as `agentgraph mutate` says it")
    parser.addini("agentgraph_graphs", "workflows to check: module:name", "linelist", [])


def pytest_load_initial_conftests(early_config: pytest.Config) -> None:
    """Put a mutant in place, before anybody makes a workflow."""
    which = early_config.known_args_namespace.agentgraph_mutant
    if which:
        from agentgraph.testing.mutation import put_in_place  # noqa: PLC0415 - see the top

        put_in_place(which)


def pytest_configure(config: pytest.Config) -> None:
    """Hand the options on to every check of this session, and hear of what it has taken."""
    taken = config.stash[_TAKEN] = dict[str, "Coverage"]()

    def watch(done: "Checked") -> None:
        _include(taken, done.coverage)

    seed, budget = config.option.agentgraph_seed, config.option.agentgraph_budget
    defaults.update(seed=seed, examples=budget, watch=watch)
    if config.option.agentgraph_svg is not None:
        defaults["folder"] = Path(config.option.agentgraph_svg)
    # Another session of this process is left alone.
    config.add_cleanup(defaults.clear)


def _include(taken: "dict[str, Coverage]", more: "Coverage") -> None:
    taken.setdefault(more.graph.digest, type(more)(more.graph)).include(more)


def pytest_sessionstart(session: pytest.Session) -> None:
    """Find the workflows of the setting, before any worker does. Raises `UsageError`."""
    found = session.stash[_FOUND] = dict[str, Any]()
    for target in cast("list[str]", session.config.getini("agentgraph_graphs")):
        from agentgraph.cli.target import load  # noqa: PLC0415 - see the top

        try:
            found[target] = load(target)
        except AgentGraphError as error:
            raise pytest.UsageError(f"agentgraph_graphs: {error}") from error


def pytest_collection_modifyitems(session: pytest.Session, items: list[pytest.Item]) -> None:
    """Add a test for each property of each workflow of the setting."""
    script: str | None = session.config.option.agentgraph_replay
    if script is not None:
        from agentgraph.cli.trying import again  # noqa: PLC0415 - see the top

        items[:] = [_test(session, f"replay {script}", partial(again, Path(script)))]
        return
    for target, made in session.stash[_FOUND].items():
        from agentgraph.testing import check  # noqa: PLC0415 - see the top
        from agentgraph.testing.properties import PROPERTIES  # noqa: PLC0415 - see the top

        for name in PROPERTIES:
            one = partial(check, made, target=target, properties=[name])
            items.append(_test(session, f"{target} {name}", one))


def _test(session: pytest.Session, name: str, work: Callable[[], object]) -> pytest.Item:
    def test() -> None:
        __tracebackhide__ = True  # The story says it all.
        work()

    kind: Any = pytest.Function
    return cast("pytest.Item", kind.from_parent(session, name=name, callobj=test))


@pytest.fixture
def simulate() -> Callable[[Coroutine[Any, Any, T]], T]:
    """Return a function that runs a coroutine in simulation: virtual time, no real I/O."""
    from agentgraph.testing import SimulatedLoop  # noqa: PLC0415 - see the top

    return lambda work: SimulatedLoop().run(work)


@pytest.fixture
def faults() -> "Callable[..., Agent]":
    """Return what makes an agent go wrong as it is told: `faults(agent, ConnectionError(), "hang")`."""
    from agentgraph.testing import faulty  # noqa: PLC0415 - see the top

    return faulty


@pytest.fixture
def cassette(request: pytest.FixtureRequest) -> "Cassette":
    """Return the cassette of a test: `cassettes/<test>.json` beside its file."""
    from agentgraph.testing import Cassette  # noqa: PLC0415 - see the top

    path = request.path.parent / "cassettes" / f"{request.node.name}.json"
    return Cassette(path, record=request.config.option.agentgraph_record)


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Hand on what a worker of pytest-xdist has taken."""
    output: dict[str, Any] = getattr(session.config, "workeroutput", {})
    output["agentgraph"] = pickle.dumps(session.config.stash[_TAKEN])


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    """Take over what a worker of pytest-xdist has taken; one that has crashed hands nothing on."""
    handed: bytes = getattr(node, "workeroutput", {}).get("agentgraph", pickle.dumps({}))
    for coverage in pickle.loads(handed).values():  # noqa: S301 - from a process of this session
        _include(node.config.stash[_TAKEN], coverage)


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    """Say which edges the checks of this session have never taken, and draw it where asked."""
    for coverage in config.stash[_TAKEN].values():
        name, folder = coverage.graph.name, config.option.agentgraph_svg
        terminalreporter.write_line(f"agentgraph: {name}: {coverage}")
        if folder is not None:
            Path(folder).mkdir(parents=True, exist_ok=True)
            Path(folder, f"{name}-coverage.svg").write_text(coverage.to_svg(), "utf-8")
