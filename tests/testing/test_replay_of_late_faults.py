"""What no run comes to, since it ends before: the finding says so, and the replay agrees."""

from agentgraph.graph import Vertex
from agentgraph.testing import replay
from agentgraph.verify import verify
from tests.verify.drafting import bounded, graph


def test_a_graph_inside_is_over_with_the_first_token_at_its_end() -> None:
    inner = graph("START -> a\na -> END, b\nb -> c", name="inner")
    faulty = graph("START -> s\ns -> END", Vertex("s", "subgraph", child=inner))

    dead = next(each for each in verify(faulty).findings if each.code == "AG111")

    assert dead.script is not None
    assert (
        dead.script.outcome == "never"
    )  # No run of the whole comes to `c`, as one of `inner` does.
    assert replay(faulty, dead).occurred


def test_a_bound_that_no_run_meets_because_of_another_fault_has_no_script() -> None:
    bounds = bounded("a", 1, then="c"), bounded("b", 1)
    faulty = graph("START -> a\na -> b\nb -> c\nc -> a", *bounds)

    findings = verify(faulty).findings

    scripts = {finding.code: finding.script for finding in findings}
    assert set(scripts) == {"AG112", "AG305", "AG307"}
    assert scripts.pop("AG307") is None
    assert all(replay(faulty, each).occurred for each in findings if each.script)
