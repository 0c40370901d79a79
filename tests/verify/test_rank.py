"""Two methods, one verdict: the token game of a level and the rank theorem, on random levels."""

from collections import Counter

from agentgraph.errors import InternalError
from agentgraph.graph import CHOICES, FrozenGraph, to_json
from agentgraph.verify.game import Search
from agentgraph.verify.net import Net, Way
from tests.strategies import Seeded, mutant, sketched
from tests.verify.rank import is_proper

PLAIN = ("sequence", "parallel", "choice", "loop", "crossing", "maze")


def level_of(graph: FrozenGraph) -> Net:
    """The whole graph as one level, without its regions and bounds."""
    net = Net()
    number = {vertex.name: net.add(vertex.name) for vertex in graph.vertices}
    for vertex in graph.vertices:
        at = number[vertex.name]
        net.fork[at] = vertex.kind not in CHOICES
        net.both[at] = vertex.kind == "join"
        net.outs[at] = [Way(number[edge.target], 1) for edge in graph.outs[vertex.name]]
    return net


def is_fit(graph: FrozenGraph) -> bool:
    """Every vertex is reached and goes on, by one edge to each; END alone is an exit."""
    net = level_of(graph)
    if len({(edge.source, edge.target) for edge in graph.edges}) < len(graph.edges):
        return False
    seen, stack = {0}, [0]
    while stack:
        fresh = {way.target for way in net.outs[stack.pop()]} - seen
        seen |= fresh
        stack += fresh
    return len(seen) == len(net.outs) and sum(not ways for ways in net.outs) == 1


def compared(seed: int) -> str:
    """Hold the two methods against each other. Raises `InternalError` where they differ."""
    dice = Seeded(seed)
    sketch = sketched(dice, size=1 + dice.pick(12), kinds=PLAIN)
    graph = mutant(dice, sketch) if dice.pick(5) else sketch.frozen()
    if not is_fit(graph) or any(vertex.need is not None for vertex in graph.vertices):
        return "no level"
    net = level_of(graph)
    by_game = Search(net, 100_000).fault() is None
    if by_game != is_proper(net):
        raise InternalError(
            f"the token game says {by_game}, the rank theorem does not",
            where=f"seed {seed}",
            fix=f"report this with the graph: {to_json(graph, indent=None)}",
        )
    return "proper" if by_game else "not proper"


def test_the_rank_theorem_agrees_with_the_token_game() -> None:
    found = Counter(compared(seed) for seed in range(1_000))

    assert found["proper"] > 150
    assert found["not proper"] > 150
