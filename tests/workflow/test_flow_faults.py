"""What has no meaning in a flow is refused where it is written, or when it is compiled."""

from typing import Literal

import pytest

from agentgraph import END, NEXT, Flow, Node, State, classifier, human, node, workflow
from agentgraph.errors import InvalidFlow, InvalidGraph
from agentgraph.graph import FrozenGraph
from agentgraph.runtime import Ask
from tests.workflow.shape import shape


class Draft(State):
    text: str = ""


@node
def a(s: Draft) -> None: ...


@node
def b(s: Draft) -> None: ...


@node
def c(s: Draft) -> None: ...


@node
def d(s: Draft) -> None: ...


def plain(s: Draft) -> None: ...


@classifier
def pick(s: Draft) -> Literal["x", "y"]:
    return "x"


@classifier
def check(s: Draft) -> bool:
    return True


def graph(flow: Flow[Draft]) -> FrozenGraph:
    return workflow("w", Draft, flow).graph


def drawn(flow: Flow[Draft]) -> str:
    return shape(graph(flow))


def test_nothing_can_follow_what_is_closed() -> None:
    with pytest.raises(InvalidFlow, match=r"every end of the left side of `>>` is closed"):
        _ = a >> END >> b
    with pytest.raises(InvalidFlow, match="END stands on the left"):
        _ = END >> a  # pyright: ignore[reportOperatorIssue]


def test_nothing_can_follow_a_loop_whose_only_other_end_is_closed() -> None:
    loop = (a >> check.route({True: END, False: a})).loop(at_most=3)

    with pytest.raises(InvalidFlow, match="closed, so nothing can follow"):
        _ = loop >> b


def test_a_loop_without_a_way_back_is_refused() -> None:
    with pytest.raises(InvalidFlow, match=r"a loop has no way back\n.*test_flow_faults.py:\d+"):
        graph((a >> b).loop(at_most=3))


def test_a_way_back_to_one_of_two_places_is_refused() -> None:
    with pytest.raises(InvalidFlow, match=r"way back to 'a' could lead to 2 places"):
        graph((a >> b >> a >> check.route({True: NEXT, False: a})).loop(at_most=3))


@pytest.mark.parametrize("bad", [0, -1, 2.0, True, None])
def test_a_bound_is_a_whole_number_from_1_up(bad: int) -> None:
    with pytest.raises(InvalidFlow, match="`at_most` is"):
        a.loop(at_most=bad)


@pytest.mark.parametrize("need", [0, 3])
def test_a_join_cannot_wait_for_more_branches_than_there_are(need: int) -> None:
    with pytest.raises(InvalidFlow, match=f"cannot wait for {need} of 2 branches"):
        (a | b).join(need)


def test_branches_are_joined_once() -> None:
    with pytest.raises(InvalidFlow, match="joined already"):
        (a | b).join(1).join(1)


def test_a_choice_without_its_route_is_no_part_of_a_flow() -> None:
    @human
    def ask(s: Draft) -> Ask[bool]:
        return Ask(show=s.text)

    for part in (pick, ask):
        with pytest.raises(InvalidFlow, match=r"no part of a flow\n.*\n.*route\("):
            _ = a >> part  # pyright: ignore[reportOperatorIssue]


@pytest.mark.parametrize("part", ["b", 3, None, {"x": a}])
def test_what_cannot_be_called_is_no_part_of_a_flow(part: object) -> None:
    with pytest.raises(InvalidFlow, match="is no part of a flow"):
        _ = a >> part  # pyright: ignore[reportOperatorIssue]


def test_a_workflow_is_no_part_of_another_without_its_mapping() -> None:
    with pytest.raises(InvalidFlow, match=r"as_node\(enter="):
        _ = a >> workflow("w", Draft, b)  # pyright: ignore[reportOperatorIssue]


def test_two_agents_of_one_name_are_refused() -> None:
    def twin(name: str) -> Node[Draft]:
        def write(s: Draft) -> None:
            s.text = name

        return node(write)

    with pytest.raises(InvalidGraph, match=r"\[AG103\] two different agents have the name 'write'"):
        graph(twin("x") >> twin("y"))


def test_what_has_no_name_is_refused() -> None:
    with pytest.raises(InvalidGraph, match=r"no name that a graph could show(.|\n)*name="):
        graph(a >> node(lambda s: None))


@pytest.mark.parametrize("errors", [(), "KeyError", KeyboardInterrupt, (KeyError, 3)])
def test_a_catch_names_types_of_errors(errors: type[Exception]) -> None:
    with pytest.raises(InvalidFlow, match=r"no kind of error|names no errors"):
        a.catch(errors, b)
