"""Two plain edges into one node after a fork: the node would run twice.

agentgraph check examples/faulty/twice.py --svg pictures
"""

from typing import Annotated

from agentgraph import END, START, Graph, State, append


class Notes(State):
    topic: str
    found: Annotated[list[str], append] = []


def plan(s: Notes) -> None: ...


def history(s: Notes) -> None:
    s.found.append(f"history of {s.topic}")


def prices(s: Notes) -> None:
    s.found.append(f"prices of {s.topic}")


def report(s: Notes) -> None:
    s.found.append("report")


g = Graph("notes", Notes)
g.add_edge(START, plan)
g.add_edge(plan, [history, prices])
g.add_edge(history, report)
g.add_edge(prices, report)
g.add_edge(report, END)
notes = g.compile()
