"""What is read and written is found in the source of a function, which is never called."""

# pyright: basic, reportAttributeAccessIssue=false

import functools
from collections.abc import Callable
from typing import Annotated, Any

import pytest

from agentgraph import END, START, Graph, State, append, each, node, unset, workflow
from agentgraph.errors import Finding, InvalidGraph
from agentgraph.graph import Access, from_json
from agentgraph.verify import verify
from agentgraph.workflow.signature import signature_of


class Desk(State):
    text: str
    reply: str = unset()
    note: str = ""
    log: list[str] = []
    kept: Annotated[list[str], append] = []

    @property
    def shout(self) -> str:
        return self.text.upper()


def plainly(s: Any) -> None:
    s.reply = s.text.strip()
    s.note += "x"
    s.log.append(s.reply)
    del s.kept[0]


def sometimes(s: Any) -> None:
    if s.note:
        s.reply = "yes"
        s.note = ""
    else:
        s.reply = "no"
    for each_line in s.log:
        s.kept = [each_line]


def early(s: Any) -> None:
    if not s.text:
        return
    s.reply = s.note


def failing(s: Any) -> None:
    if not s.text:
        raise ValueError
    s.reply = "x"


def shortcut(s: Any) -> None:
    s.note = s.text and s.reply
    s.log = [line for line in s.kept if line != s.note]


def guarded(s: Any) -> None:
    try:
        s.note = s.reply
    except AttributeError:
        s.note = "none"
    finally:
        s.log.clear()


def alias(s: Any) -> None:
    log = s.log
    log.append("x")


def matching(s: Any) -> None:
    match s.text:
        case "a":
            s.note = "a"
        case _:
            s.note = "b"


async def managed(s: Any, ctx: Any) -> None:
    async with ctx.deps:
        s.note = s.reply
    with ctx.deps:
        s.log = list(s.text)


def leaking(s: Any) -> None:
    plainly(s)
    s.note = "x"


def closing(s: Any) -> None:
    s.log.sort(key=lambda line: s.text)


def bound_anew(s: Any) -> None:
    s = Desk(text="x")
    s.note = "x"


class Agent:
    def __call__(self, s: Any) -> None:
        s.note = self.text

    def method(self, s: Any) -> None:
        s.reply = s.text

    text = ""


lambdas: list[Callable[[Any], object]] = [lambda s: s.text, lambda s: (
    s.note or s.reply)]  # fmt: skip


def access(fn: Callable[..., object]) -> Access | None:
    return signature_of(fn).access


@pytest.mark.parametrize(
    ("fn", "found"),
    [
        (plainly, Access(("kept", "log", "note", "text"), ("kept", "log", "note", "reply"))),
        (sometimes, Access(("log", "note"), ("reply",), (), ("kept", "note"))),
        (early, Access(("text",), (), ("note",), ("reply",))),
        (failing, Access(("text",), ("reply",))),
        (shortcut, Access(("kept", "text"), ("log", "note"), ("reply",))),
        (guarded, Access(("log",), ("note",), ("reply",), ("log",))),
        (alias, Access(("log",), (), (), ("log",))),
        (matching, Access(("text",), (), (), ("note",))),
        (managed, Access((), (), ("reply", "text"), ("log", "note"))),
        (leaking, Access((), ("note",), is_whole=False)),
        (closing, Access(("log",), (), (), ("log",), is_whole=False)),
        (Agent(), Access((), ("note",))),
        (Agent().method, Access(("text",), ("reply",))),
        (lambdas[0], Access(("text",))),
        (lambdas[1], Access(("note",), (), ("reply",))),
        (bound_anew, None),
        (functools.partial(lambda a, s: None, 1), None),
        (print, None),
    ],
)
def test_a_function_reads_and_writes_what_its_source_says(
    fn: Callable[..., object], found: Access | None
) -> None:
    assert access(fn) == found


def test_what_a_decorator_does_is_not_known() -> None:
    @functools.wraps(plainly)
    def traced(s: Desk) -> None:
        plainly(s)

    found = access(traced)

    assert found is not None
    assert (found.writes, found.is_whole) == ((), False)
    assert "reply" in found.may_write


def test_a_source_that_cannot_be_read_is_unknown_and_no_finding() -> None:
    names: dict[str, Any] = {"Desk": Desk}
    exec("def typed(s: Desk) -> None:\n    s.nothing = s.reply\n", names)

    built = workflow("desk", Desk, node(names["typed"]))

    assert built.graph.vertex["typed"].access is None
    assert built.verify().findings == ()


def test_a_source_that_has_changed_since_is_not_believed(tmp_path, monkeypatch) -> None:
    path = tmp_path / "changing.py"
    path.write_text("def work(s):\n    s.note = s.text\n")
    names: dict[str, Any] = {}
    exec(compile(path.read_text(), str(path), "exec"), names)
    path.write_text("def work(s):\n    s.other = s.text\n")

    assert access(names["work"]) is None


def faults(*nodes: Callable[[Desk], object]) -> list[Finding]:
    """Build a chain of these nodes and return what is found."""
    g = Graph("desk", Desk)
    handles = [g.add_node(fn, name=f"n{at}") for at, fn in enumerate(nodes)]  # type: ignore[arg-type]
    for source, target in zip([START, *handles], [*handles, END], strict=True):
        g.add_edge(source, target)  # type: ignore[arg-type]
    try:
        return list(g.compile().verify().findings)
    except InvalidGraph as error:
        return list(error.findings)


def test_a_field_that_the_state_lacks_is_found_where_it_is_named() -> None:
    def wrong(s: Desk) -> None:
        s.rpely = s.text + s.shout  # type: ignore[attr-defined]
        s.model_copy()

    (finding,) = faults(wrong)

    first = wrong.__code__.co_firstlineno
    assert str(finding).splitlines() == [
        "[AG403] 'n0' writes 'rpely', and Desk has no such field",
        f"  where: node 'n0' ({__file__}:{first + 1})",
        "  fix:   did you mean 'reply'?",
    ]
    assert (finding.severity, finding.claim) == ("error", "proved")


def test_who_asks_whether_there_is_a_field_may_name_it() -> None:
    def careful(s: Desk) -> None:
        if hasattr(s, "extra"):
            s.note = s.extra  # type: ignore[attr-defined]

    assert faults(careful) == []


def test_a_declared_field_that_the_state_lacks_is_a_declared_finding() -> None:
    with pytest.raises(InvalidGraph) as caught:
        workflow("desk", Desk, node(writes={"relpy"})(plainly))

    (finding,) = caught.value.findings
    assert (finding.code, finding.claim) == ("AG403", "declared")
    assert finding.what == "'plainly' says that it writes 'relpy', and Desk has no such field"


def test_a_read_before_any_write_is_found_with_the_way_that_lacks_it() -> None:
    def show(s: Desk) -> None:
        s.note = s.reply

    (finding,) = faults(lambda s: None, show)

    assert str(finding).splitlines() == [
        "[AG401] 'n1' reads 'reply', and nothing has written it on the way",
        f"  where: node 'n1' ({finding.place})",
        "  path:  START -> n0 -> n1",
        (
            "  fix:   let a node on this way write 'reply', or give the field a default instead of "
            "`unset()`"
        ),
    ]
    assert faults(failing, show) == []
    assert [finding.claim for finding in faults(early, show)] == ["heuristic"]
    assert faults(leaking, show) == []
    assert [f.code for f in faults(show, failing)] == ["AG401"]


def test_parallel_writes_without_a_reducer_are_found_with_both_nodes() -> None:
    def left(s: Desk) -> None:
        s.note = "left"
        s.kept.append("left")

    def right(s: Desk) -> None:
        s.note = "right"
        s.kept.append("right")

    with pytest.raises(InvalidGraph) as caught:
        workflow("desk", Desk, (node(left) | node(right)) >> node(plainly))

    (finding,) = caught.value.findings
    assert str(finding).splitlines() == [
        "[AG402] 'left' and 'right' write 'note' in parallel, and it has no reducer",
        f"  where: field 'note' ({finding.place})",
        "  path:  START -> right",
        (
            "  fix:   give it one, `note: Annotated[str, latest_declared]`, or let one branch "
            "alone write it"
        ),
    ]
    assert (finding.severity, finding.claim) == ("error", "proved")


@pytest.mark.parametrize(
    ("options", "claim"), [({}, "heuristic"), ({"writes": {"note"}}, "declared")]
)
def test_parallel_writes_that_are_not_proved_are_a_warning(options, claim) -> None:
    def left(s: Desk) -> None:
        s.note = "left"

    def right(s: Desk) -> None:
        if s.text:
            s.note = "right"
        if options:
            plainly(s)

    built = workflow("desk", Desk, node(left) | node(**options)(right))

    (finding,) = built.verify().findings
    assert (finding.code, finding.severity, finding.claim) == ("AG402", "warning", claim)


def test_the_winner_of_a_race_is_the_only_writer() -> None:
    def left(s: Desk) -> None:
        s.note = "left"

    def right(s: Desk) -> None:
        s.note = "right"

    built = workflow("desk", Desk, (node(left) | node(right)).join(1))

    assert built.verify().findings == ()


def test_what_was_found_in_the_source_is_kept_with_the_graph() -> None:
    built = workflow("desk", Desk, node(failing))

    read = from_json(built.to_json())

    assert read.vertex["failing"].access == built.graph.vertex["failing"].access
    assert (read.unset, read.reduced) == (("reply",), ("kept",))
    assert read.digest == built.graph.digest
    assert verify(read) == built.verify()


def test_a_graph_whose_every_function_raises_is_built_and_verified() -> None:
    def work(s: Desk) -> None:
        raise AssertionError

    def items(s: Desk) -> list[str]:
        raise AssertionError

    def done(item: str) -> str:
        raise AssertionError

    def kept(s: Desk, out: list[str]) -> None:
        raise AssertionError

    def enter(s: Desk) -> Desk:
        raise AssertionError

    def leave(s: Desk, inner: Desk) -> None:
        raise AssertionError

    inner = workflow("inner", Desk, node(work))
    built = workflow(
        "desk",
        Desk,
        node(work) >> each(items, done, into=kept) >> inner.as_node(enter=enter, leave=leave),
    )

    assert built.verify().findings == ()
