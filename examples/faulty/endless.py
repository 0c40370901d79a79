"""A writer and a critic without a bound: nothing ever stops them.

agentgraph check examples/faulty/endless.py --svg pictures
"""

from typing import Literal

from agentgraph import END, START, Graph, State, classifier


class Essay(State):
    text: str = ""


def write(s: Essay) -> None:
    s.text += "x"


@classifier
def critic(s: Essay) -> Literal["good", "short"]:
    return "good" if len(s.text) > 40 else "short"


g = Graph("essay", Essay)
g.add_edge(START, write)
g.add_conditional_edge(write, critic, {"good": END, "short": write})
essay = g.compile()
