"""The plugin for pytest: workflows checked without a test file, fixtures, and what was never taken.

It is loaded into every session of pytest where agentgraph is installed, so it imports the rest only
when it is used.
"""

from collections.abc import Callable, Coroutine
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeVar, cast

import pytest

from agentgraph.errors import AgentGraphError

if TYPE_CHECKING:
    from agentgraph.testing import Cassette, Checked
    from agentgraph.testing.doubles import Agent

T = TypeVar("T")
_TAKEN: Final = pytest.StashKey[dict[str, Any]]()
"""What all checks of the session have taken, by the digest of the graph."""


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
    from agentgraph.testing import Coverage, checking  # noqa: PLC0415 - see the top

    taken = config.stash[_TAKEN] = dict[str, Any]()

    def watch(done: "Checked") -> None:
        graph = done.coverage.graph
        taken.setdefault(graph.digest, Coverage(graph)).include(done.coverage)

    seed, budget = config.option.agentgraph_seed, config.option.agentgraph_budget
    checking.defaults = {"seed": seed, "examples": budget, "watch": watch}
    if config.option.agentgraph_svg is not None:
        checking.defaults["folder"] = Path(config.option.agentgraph_svg)
    # Another session of this process is left alone.
    config.add_cleanup(lambda: setattr(checking, "defaults", {}))


def pytest_collection_modifyitems(
    session: pytest.Session, config: pytest.Config, items: list[pytest.Item]
) -> None:
    """Add a test for each property of each workflow of the setting."""
    from agentgraph.cli.target import load  # noqa: PLC0415 - see the top
    from agentgraph.cli.trying import again  # noqa: PLC0415 - see the top
    from agentgraph.testing import check  # noqa: PLC0415 - see the top
    from agentgraph.testing.properties import PROPERTIES  # noqa: PLC0415 - see the top

    script: str | None = config.option.agentgraph_replay
    if script is not None:
        items[:] = [_test(session, f"replay {script}", partial(again, Path(script)))]
        return
    for target in cast("list[str]", config.getini("agentgraph_graphs")):
        try:
            work = partial(check, load(target), target=target)
        except AgentGraphError as error:
            raise pytest.UsageError(f"agentgraph_graphs: {error}") from error
        for name in PROPERTIES:
            one = partial(work, properties=[name])
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
