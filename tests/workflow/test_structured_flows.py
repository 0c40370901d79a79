"""Whatever is put together from operators and methods is sound: it builds, and it runs to its end."""

from typing import Annotated, Literal

from hypothesis import given
from hypothesis import strategies as st

from agentgraph import NEXT, Flow, Node, State, classifier, node, total, workflow


class Steps(State):
    taken: Annotated[int, total] = 0


@node
def step(s: Steps) -> None:
    s.taken += 1


@classifier
def pick(s: Steps) -> Literal["x", "y"]:
    return "x" if s.taken % 2 else "y"


@classifier
def enough(s: Steps) -> bool:
    return s.taken % 3 == 0


def fails(s: Steps) -> None:
    raise KeyError


def fresh() -> Node[Steps]:
    """Make a node that is no other one, so that it is the way back of one loop only."""
    return step.named("step")


def back_to_a_node(body: Flow[Steps], then: Flow[Steps]) -> Flow[Steps]:
    first = fresh()
    return (first >> body >> enough.route({True: NEXT, False: first})).loop(at_most=3, then=then)


def back_to_all_of_it(body: Flow[Steps]) -> Flow[Steps]:
    return (body >> enough.route({True: NEXT, False: body})).loop(at_most=2, then=NEXT)


def caught(body: Flow[Steps], handler: Flow[Steps]) -> Flow[Steps]:
    return (body >> node(fails)).catch(KeyError, handler)


def larger(parts: st.SearchStrategy[Flow[Steps]]) -> st.SearchStrategy[Flow[Steps]]:
    return st.one_of(
        st.builds(lambda left, right: left >> right, parts, parts),
        st.builds(lambda left, right: left | right, parts, parts),
        st.builds(lambda left, right: (left | right).join(1), parts, parts),
        st.builds(lambda x, y: pick.route({"x": x, "y": y}), parts, parts),
        st.builds(lambda x: pick.route({"x": x, "y": NEXT}), parts),
        st.builds(back_to_a_node, parts, parts),
        st.builds(back_to_all_of_it, parts),
        st.builds(caught, parts, parts),
    )


FLOWS: st.SearchStrategy[Flow[Steps]] = st.recursive(st.builds(fresh), larger, max_leaves=8)


@given(FLOWS)
def test_every_flow_builds_and_runs_to_its_end(flow: Flow[Steps]) -> None:
    done = workflow("w", Steps, flow).run_sync(Steps())

    assert done.status == "done"
    assert done.usage.steps > 0
