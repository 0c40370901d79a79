"""The public face: flows with `>>` and `|`, decorators, the builder, workflows; not what runs them."""

from agentgraph.workflow.builder import Graph
from agentgraph.workflow.choice import Abstaining, Choice, Classifier, Form
from agentgraph.workflow.choosing import classifier, human
from agentgraph.workflow.compiled import Workflow, workflow
from agentgraph.workflow.decorators import node
from agentgraph.workflow.flow import END, NEXT, START, Flow, Node, Par, Start
from agentgraph.workflow.items import each
from agentgraph.workflow.tree import End
from agentgraph.workflow.vote import consensus

__all__ = [
    "END",
    "NEXT",
    "START",
    "Abstaining",
    "Choice",
    "Classifier",
    "End",
    "Flow",
    "Form",
    "Graph",
    "Node",
    "Par",
    "Start",
    "Workflow",
    "classifier",
    "consensus",
    "each",
    "human",
    "node",
    "workflow",
]
