"""The graphs of the gallery that no example has: each kind of vertex and edge, and hard cases.

It draws nothing; `tools.gallery` does.
"""

from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

from agentgraph.events import Moved, Recording, Step
from agentgraph.graph import END, START, Bound, Edge, FrozenGraph, Policy, Region, Vertex
from agentgraph.render.marks import Key, Mark, Marks


@dataclass(frozen=True)
class Plate:
    """One picture: what it shows, in words, and how it is drawn."""

    name: str
    says: str
    graph: FrozenGraph
    options: dict[str, Any] = field(default_factory=dict)


def _graph(
    name: str, vertices: list[Vertex], edges: list[Edge], regions: tuple[Region, ...] = ()
) -> FrozenGraph:
    both = (Vertex(START, "start"), *vertices, Vertex(END, "end"))
    return FrozenGraph(name, both, tuple(edges), regions)


def _chain(*names: str) -> list[Edge]:
    return [Edge(a, b) for a, b in pairwise((START, *names, END))]


def _kinds() -> FrozenGraph:
    inner = _graph(
        "summary", [Vertex("shorten"), Vertex("translate")], _chain("shorten", "translate")
    )
    vertices = [
        Vertex(
            "triage",
            "classifier",
            doc="Sort a ticket by what it asks for.\n\nUnsure below 0.7.",
            agent="desk:triage",
            reads=("text",),
            labels=("billing", "tech", "other"),
            at_least=0.7,
        ),
        Vertex("billing", policy=Policy(attempts=3, timeout_s=30.0), writes=("reply",)),
        Vertex("tech", undo="desk:reopen", reads=("text",), writes=("reply", "steps")),
        Vertex("apologise", doc="Say sorry in words of one syllable."),
        Vertex("draft", bound=Bound(3, then="clerk", loop="redo")),
        Vertex("check", "gateway"),
        Vertex("facts"),
        Vertex("tone"),
        Vertex("checked", "join"),
        Vertex("review", "consensus", need=2, voters=("desk:kind", "desk:true", "desk:legal")),
        Vertex("pages", "each", child=inner, limit=4),
        Vertex("letters", "each", agent="desk:letter", limit=8),
        Vertex("archive", "subgraph", child=FrozenGraph("archive", (), ())),
        Vertex("approve", "human", labels=("send", "redo", "drop")),
        Vertex("clerk", "form", doc="A clerk writes the reply by hand."),
    ]
    edges = [
        Edge(START, "triage"),
        Edge("triage", "billing", "billing"),
        Edge("triage", "tech", "tech"),
        Edge("triage", "clerk", "other"),
        Edge("triage", "clerk", unsure=True),
        Edge("billing", "draft"),
        Edge("tech", "draft"),
        Edge("draft", "check"),
        Edge("check", "facts"),
        Edge("check", "tone"),
        Edge("facts", "checked"),
        Edge("tone", "checked"),
        Edge("checked", "review"),
        Edge("review", "pages", "True"),
        Edge("review", "draft", "False"),
        Edge("pages", "letters"),
        Edge("letters", "approve"),
        Edge("approve", "archive", "send"),
        Edge("approve", "clerk", "redo"),
        Edge("approve", END, "drop"),
        Edge("archive", END),
        Edge("clerk", END),
        Edge("apologise", END),
    ]
    regions = (
        Region("redo", "loop", ("draft", "check", "facts", "tone", "checked", "review")),
        Region("desks", "catch", ("billing", "tech"), "apologise", ("builtins:ConnectionError",)),
    )
    return _graph("every kind", vertices, edges, regions)


def _race() -> FrozenGraph:
    models = ["small", "large", "cached"]
    vertices = [
        Vertex("ask", "gateway"),
        *(Vertex(name, doc=f"Ask the {name} model.") for name in models),
        Vertex("first", "join", need=2),
        Vertex("pick", "classifier", labels=("same", "different")),
        Vertex("judge", "human", labels=("left", "right")),
    ]
    edges = [
        Edge(START, "ask"),
        *(Edge("ask", name) for name in models),
        *(Edge(name, "first") for name in models),
        Edge("first", "pick"),
        Edge("pick", END, "same"),
        Edge("pick", "judge", "different"),
        Edge("judge", END, "left"),
        Edge("judge", END, "right"),
    ]
    return _graph("race", vertices, edges, (Region("r", "quorum", ("ask", *models, "first")),))


def _nested(depth: int = 3) -> FrozenGraph:
    child = _graph("leaf", [Vertex("read"), Vertex("note")], _chain("read", "note"))
    for level in range(depth, 0, -1):
        name = ("company", "team", "agent")[level - 1]
        split = Vertex("more", "classifier", bound=Bound(level + 1))
        inner = Vertex(f"one {('team', 'agent', 'task')[level - 1]}", "subgraph", child=child)
        edges = [
            Edge(START, "more"),
            Edge("more", inner.name, "True"),
            Edge(inner.name, "more"),
            Edge("more", END, "False"),
        ]
        child = _graph(name, [split, inner], edges)
    return child


def _long() -> FrozenGraph:
    vertices = [
        Vertex("summarise_the_conversation_so_far_for_the_next_shift_of_the_night_team"),
        Vertex("decide whether the customer would rather be called back tomorrow", "classifier"),
        Vertex("Donaudampfschifffahrtsgesellschaftskapitaensmuetze"),
        Vertex("x"),
    ]
    long, choice, word, x = (vertex.name for vertex in vertices)
    edges = [
        Edge(START, long),
        Edge(long, choice),
        Edge(choice, word, "yes, but only if it is before noon and in their own language"),
        Edge(choice, x, "no"),
        Edge(choice, END, "the customer did not answer any of the questions that were asked"),
        Edge(word, END),
        Edge(x, END),
    ]
    return _graph("names that are longer than a line", vertices, edges)


def _scripts() -> FrozenGraph:
    names = {
        "受付": "classifier",
        "请求退款": "node",
        "техническая поддержка": "node",
        "مراجعة الرد": "human",
        "אישור": "consensus",
        "🧾 ✅ 🚀": "node",
        "ตอบกลับ": "node",
        "किसान सहायता": "each",
        "Ünïcödé ñandú": "form",
    }
    vertices = [Vertex(name, kind, limit=4) for name, kind in names.items()]  # type: ignore[arg-type]  # kinds
    desk, refund, support, check, vote, bill, answer, farm, form = names
    edges = [
        Edge(START, desk),
        Edge(desk, refund, "払い戻し"),
        Edge(desk, support, "техника"),
        Edge(desk, farm, "किसान"),
        Edge(desk, bill, "💸"),
        Edge(refund, check),
        Edge(support, check),
        Edge(farm, check),
        Edge(bill, check),
        Edge(check, vote, "موافق"),
        Edge(check, form, "تعديل"),
        Edge(vote, answer, "כן"),
        Edge(vote, form, "לא"),
        Edge(form, answer),
        Edge(answer, END),
    ]
    return _graph("語 لغة שפה भाषा 🌍", vertices, edges)


def _fork(width: int) -> FrozenGraph:
    names = [f"source {number}" for number in range(1, width + 1)]
    vertices = [Vertex("ask all", "gateway"), *map(Vertex, names), Vertex("all", "join")]
    edges = [Edge(START, "ask all"), *(Edge("ask all", name) for name in names)]
    edges += [*(Edge(name, "all") for name in names), Edge("all", "merge"), Edge("merge", END)]
    return _graph("wide fork", [*vertices, Vertex("merge")], edges)


def _router() -> FrozenGraph:
    labels = ["account", "billing", "card", "delivery", "exchange", "fraud", "gift", "help"]
    ways = [Edge("route", label, label) for label in labels]
    vertices = [Vertex("route", "classifier", labels=tuple(labels)), *map(Vertex, labels)]
    back = [Edge(label, "route" if label in {"gift", "card"} else END) for label in labels]
    return _graph("router", [*vertices], [Edge(START, "route"), *ways, *back])


def _loops() -> FrozenGraph:
    vertices = [
        Vertex("plan", bound=Bound(4, then="give up", loop="plans")),
        Vertex("code", bound=Bound(6, loop="tries")),
        Vertex("run tests", "classifier", labels=("pass", "fail", "flaky")),
        Vertex("review", "classifier", labels=("ok", "rework", "again")),
        Vertex("give up"),
    ]
    edges = [
        Edge(START, "plan"),
        Edge("plan", "code"),
        Edge("code", "run tests"),
        Edge("run tests", "run tests", "flaky"),
        Edge("run tests", "code", "fail"),
        Edge("run tests", "review", "pass"),
        Edge("review", "plan", "rework"),
        Edge("review", "review", "again"),
        Edge("review", "review", unsure=True),
        Edge("review", END, "ok"),
        Edge("give up", END),
    ]
    regions = (
        Region("plans", "loop", ("plan", "code", "run tests", "review")),
        Region("tries", "loop", ("code", "run tests")),
    )
    return _graph("loops", vertices, edges, regions)


def _saga() -> FrozenGraph:
    steps = ("book flight", "book hotel", "book car", "pay")
    undo = ("cancel_flight", "cancel_hotel", "cancel_car", "")
    vertices = [
        *(
            Vertex(name, undo=f"trip:{way}" if way else "")
            for name, way in zip(steps, undo, strict=True)
        ),
        Vertex("apologise"),
        Vertex("call a person", "human", labels=("retry", "stop")),
    ]
    edges = [
        *_chain(*steps),
        Edge("apologise", END),
        Edge("call a person", steps[0], "retry"),
        Edge("call a person", END, "stop"),
    ]
    regions = (
        Region("money", "catch", ("book hotel", "book car"), "apologise", ("trip:SoldOut",)),
        Region("trip", "catch", steps, "call a person", ("trip:CardRefused", "builtins:OSError")),
    )
    return _graph("trip", vertices, edges, regions)


def _faulty() -> FrozenGraph:
    vertices = [Vertex("draft"), Vertex("critic", "classifier"), Vertex("unreached")]
    edges = [
        Edge(START, "draft"),
        Edge("draft", "critic"),
        Edge("critic", "reviwer", "good"),
        Edge("critic", "draft", "bad"),
        Edge("unreached", END),
    ]
    return _graph("faulty", vertices, edges)


def _large(size: int) -> FrozenGraph:
    """A pipeline in which each fifth step chooses, and each tenth forks; the same each time."""
    vertices: list[Vertex] = []
    edges: list[Edge] = []
    last, count = [START], 0
    while len(vertices) < size - 4:
        kind = count % 4
        names = [f"{('read', 'sort', 'ask', 'write')[kind]} {count + 1}.{n}" for n in range(4)]
        head = Vertex(names[0], "classifier" if kind == 1 else "node")
        vertices.append(head)
        edges += [Edge(one, head.name) for one in last]
        if kind == 0:
            last = [head.name]
        elif kind == 2:
            join = Vertex(f"all {count + 1}", "join")
            vertices += [*map(Vertex, names[1:]), join]
            edges += [Edge(head.name, name) for name in names[1:]]
            edges += [Edge(name, join.name) for name in names[1:]]
            last = [join.name]
        else:
            vertices += map(Vertex, names[1:])
            notes = ("left", "middle", "right") if kind == 1 else (None,) * 3
            others = names[1:] if kind == 1 else names[1:2]
            if kind == 3:
                vertices = vertices[:-2]
            edges += [Edge(head.name, one, note) for one, note in zip(others, notes, strict=False)]
            last = others
        count += 1
    edges += [Edge(one, END) for one in last]
    return _graph("200 nodes", vertices, edges)


def _step(at: float, kind: str, node: str = "", *ways: Key, **data: object) -> Step:
    return Step(at, kind, node, data, tuple(Moved(at, way) for way in ways))


def _essay() -> FrozenGraph:
    vertices = [
        Vertex("outline"),
        Vertex("write", bound=Bound(5, then="hand over", loop="again"), agent="essay:write"),
        Vertex("critic", "classifier", labels=("OK", "REVISE")),
        Vertex("hand over", "human", labels=("done",)),
    ]
    edges = [
        Edge(START, "outline"),
        Edge("outline", "write"),
        Edge("write", "critic"),
        Edge("critic", END, "OK"),
        Edge("critic", "write", "REVISE"),
        Edge("hand over", END, "done"),
    ]
    return _graph("essay", vertices, edges, (Region("again", "loop", ("write", "critic")),))


def _write(at: float, visit: int, *, again: bool) -> list[Step]:
    way = ("critic", "write", "REVISE") if again else ("critic", END, "OK")
    return [
        _step(at, "NodeStarted", "write", attempt=1, visit=visit),
        _step(at + 1, "Charged", "write", tokens=800 * visit, usd=0.02 * visit),
        _step(at + 8, "NodeDone", "write", ("write", "critic", None), attempt=1, visit=visit),
        _step(at + 9.5, "Decided", "critic", way, label=way[2]),
    ]


_BEGIN = [
    _step(0, "RunStarted", "", (START, "outline", None)),
    _step(0, "NodeStarted", "outline", attempt=1, visit=1),
    _step(2.5, "NodeDone", "outline", ("outline", "write", None), attempt=1, visit=1),
]
_DONE = [
    *_BEGIN,
    *_write(3, 1, again=True),
    *_write(13, 2, again=True),
    *_write(23, 3, again=False),
    _step(33, "RunEnded", status="done"),
]
_FAILED = [
    *_BEGIN,
    *_write(3, 1, again=True),
    _step(13, "NodeStarted", "write", attempt=1, visit=2),
    _step(15, "NodeFailed", "write", attempt=1, visit=2, error="ConnectionError: no line"),
    _step(16, "NodeStarted", "write", attempt=2, visit=2),
    _step(19, "NodeFailed", "write", attempt=2, visit=2, error="ConnectionError: no line"),
    _step(19, "RunEnded", status="failed"),
]
_UNDONE = [
    _step(0, "RunStarted", "", (START, "book flight", None)),
    _step(0, "NodeStarted", "book flight", attempt=1, visit=1),
    _step(4, "NodeDone", "book flight", ("book flight", "book hotel", None), attempt=1, visit=1),
    _step(4, "NodeStarted", "book hotel", attempt=1, visit=1),
    _step(6, "NodeDone", "book hotel", ("book hotel", "book car", None), attempt=1, visit=1),
    _step(6, "NodeStarted", "book car", attempt=1, visit=1),
    _step(8, "NodeFailed", "book car", attempt=1, visit=1, error="SoldOut: no car is left"),
    _step(8, "UndoStarted", "book hotel", visit=1),
    _step(
        9, "UndoDone", "book hotel", ("money", "apologise", "catch"), visit=1, changed={"hotel": ""}
    ),
    _step(9, "NodeStarted", "apologise", attempt=1, visit=1),
    _step(11, "NodeDone", "apologise", ("apologise", END, None), attempt=1, visit=1),
    _step(11, "RunEnded", status="done"),
]
_STUCK = Marks(
    {START: Mark("path", "1"), "ask": Mark("path", "2"), "first": Mark("waits", "waits")}
    | {"small": Mark("path", "3"), "large": Mark("fault", "4")},
    {
        (START, "ask", None): Mark("path"),
        ("ask", "small", None): Mark("path"),
        ("ask", "large", None): Mark("path"),
        ("small", "first", None): Mark("path"),
    },
    "not on the path",
)


def plates() -> list[Plate]:
    """Return the pictures of the gallery, in its order."""
    return [
        Plate("kinds", "every kind of vertex, edge and frame", _kinds()),
        Plate("kinds-left-to-right", "the same, from left to right", _kinds(), {"direction": "LR"}),
        Plate(
            "kinds-built-in", "the same, by the built-in layout", _kinds(), {"engine": "builtin"}
        ),
        Plate("race", "a fork, and a join that takes the first two of three", _race()),
        Plate("nested", "workflows inside workflows, three deep", _nested()),
        Plate("long-names", "names and labels longer than a line", _long()),
        Plate("scripts", "names in many scripts, right to left and emoji", _scripts()),
        Plate("wide-fork", "twenty branches at once", _fork(20)),
        Plate("router", "a choice among eight, two of which lead back", _router()),
        Plate(
            "loops", "loops inside loops, their bounds, and nodes that lead to themselves", _loops()
        ),
        Plate("compensation", "what takes each step back, and what catches which error", _saga()),
        Plate("faulty", "a graph that verification refuses: a name that nothing has", _faulty()),
        Plate("large", "two hundred nodes", _large(200)),
        Plate(
            "run",
            "a run that is done",
            _essay(),
            {"run": Recording("r-1", "essay", "", tuple(_DONE))},
        ),
        Plate(
            "failing-run",
            "a run that failed after a retry",
            _essay(),
            {"run": Recording("r-2", "essay", "", tuple(_FAILED))},
        ),
        Plate(
            "undone-run",
            "a run in which something failed, and a step before it was taken back",
            _saga(),
            {"run": Recording("r-3", "trip", "", tuple(_UNDONE))},
        ),
        Plate(
            "failing-path", "how a finding shows a path that goes wrong", _race(), {"marks": _STUCK}
        ),
    ]
