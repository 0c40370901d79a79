"""What happened in a run is told the same each time, whatever the addresses of its parts."""

from agentgraph import END, START, Graph, State
from agentgraph.testing.fakes import Stage, Trial
from agentgraph.testing.playing import play


class Note(State):
    n: int = 0


def nothing(s: Note) -> None:
    """Nothing to do."""


def test_the_ways_of_one_step_are_told_in_the_order_in_which_they_were_taken() -> None:
    graph = Graph("wide", Note)
    branches = [graph.add_node(nothing, name=f"b{number}") for number in range(30)]
    last = graph.add_node(nothing, name="last")
    graph.add_edge(START, branches)
    graph.add_join(branches, last)
    graph.add_edge(last, END)

    start, *_ = play(Stage(graph.compile().program, None, "any"), Trial(Note())).told

    assert [way[1] for way in start.ways if way[1] in {f"b{n}" for n in range(30)}] == [
        f"b{number}" for number in range(30)
    ]
