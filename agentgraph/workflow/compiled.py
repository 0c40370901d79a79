"""A compiled workflow: what a user runs, draws and puts into others; not how it was written."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Generic, Never, overload

from typing_extensions import TypedDict, Unpack

from agentgraph import runtime
from agentgraph.graph import FrozenGraph, Requirement, Vertex, to_json
from agentgraph.runtime import Program, RunOptions
from agentgraph.runtime.program import Binding
from agentgraph.workflow.access import in_turn
from agentgraph.workflow.drawing import draw
from agentgraph.workflow.elsewhere import IN_A_WORKFLOW, unknown
from agentgraph.workflow.flow import Node, Step, Unfinished, tree_of
from agentgraph.workflow.places import spot_of_caller
from agentgraph.workflow.signature import pair_of, signature_of
from agentgraph.workflow.tree import Mention
from agentgraph.workflow.variables import DG, S2, D, S
from agentgraph.workflow.work import Settled, Work, without_error

if TYPE_CHECKING:
    from agentgraph.events import Result
    from agentgraph.render import Options, PageOptions, SvgOptions, TextOptions, View
    from agentgraph.runtime import Run
    from agentgraph.verify import Report


class Workflow(Unfinished, Generic[S, D]):
    """A graph together with the callables behind its vertices: verified, immutable, ready to run."""

    advice = "let it run inside: `.as_node(enter=..., leave=...)`"

    def __init__(self, program: Program) -> None:
        """Made by `workflow(...)` and `Graph.compile()`."""
        self.program = program

    @property
    def name(self) -> str:
        """The name of the workflow."""
        return self.program.graph.name

    @property
    def graph(self) -> FrozenGraph:
        """The frozen graph: plain data."""
        return self.program.graph

    @overload
    async def run(
        self: "Workflow[S, None]", state: S, **options: Unpack[RunOptions]
    ) -> "Result[S]": ...
    @overload
    async def run(self, state: S, *, deps: D, **options: Unpack[RunOptions]) -> "Result[S]": ...
    async def run(
        self, state: S, *, deps: object = None, **options: Unpack[RunOptions]
    ) -> "Result[S]":
        """Run to the end, or until only a person can go on. Raises `RunFailed`.

        `concurrency` limits how many nodes run at once; `clock` and `seed` stand for time
        and chance, so that a test can hold both.
        """
        return await runtime.run(self.program, state, deps=deps, **options)

    @overload
    def run_sync(
        self: "Workflow[S, None]", state: S, **options: Unpack[RunOptions]
    ) -> "Result[S]": ...
    @overload
    def run_sync(self, state: S, *, deps: D, **options: Unpack[RunOptions]) -> "Result[S]": ...
    def run_sync(
        self, state: S, *, deps: object = None, **options: Unpack[RunOptions]
    ) -> "Result[S]":
        """Run as `run` does, without an event loop of one's own; in a notebook too."""
        return runtime.run_sync(self.program, state, deps=deps, **options)

    @overload
    def start(self: "Workflow[S, None]", state: S, **options: Unpack[RunOptions]) -> "Run[S]": ...
    @overload
    def start(self, state: S, *, deps: D, **options: Unpack[RunOptions]) -> "Run[S]": ...
    def start(self, state: S, *, deps: object = None, **options: Unpack[RunOptions]) -> "Run[S]":
        """Start a run that goes on by itself in the running event loop, and return its handle."""
        return runtime.start(self.program, state, deps=deps, **options)

    def as_node(
        self,
        outer: type[S2] | None = None,
        /,
        *,
        enter: Callable[[S2], S],
        leave: Callable[[S2, S], None],
    ) -> Node[S2]:
        """Return this workflow as a node of another.

        `enter` makes its state from the outer one, `leave` puts its result back. `outer`
        only tells a type checker which state that is.
        """
        entered = signature_of(enter)
        left = pair_of(leave, "the outer state and the final state of this workflow")

        def settle() -> Settled:
            agent, access = entered.about[0], in_turn((entered.access, left.access))
            vertex = Vertex(self.name, "subgraph", agent, child=self.graph, access=access)
            binding = Binding(without_error(entered, "`enter`"), child=self.program, into=left.fn)
            return Settled(vertex, binding, (entered, left))

        work = Work(self.name, self.program, settle)
        return Node(Mention(work if outer is None else work.on(outer), object()))

    def verify(self) -> "Report":
        """Say all that can be said of the graph before it runs."""
        from agentgraph.verify import verify  # noqa: PLC0415 - only who asks for it needs it

        return verify(self.graph)

    def to_svg(self, **options: Unpack["SvgOptions"]) -> str:
        """Draw the graph as SVG; `run` is a `Result`, a `Recording`, or a list of these.

        `at_step` shows a recorded run as it stood after so many events, `view` a part of
        the graph.
        """
        from agentgraph.render import to_svg  # noqa: PLC0415 - only who draws needs it

        return to_svg(self.graph, **options)

    def to_html(self, **options: Unpack["PageOptions"]) -> str:
        """Write a page, one file, to look around in and to replay recorded runs step by step.

        `run` is a `Recording` or a list of these; `redact` names fields of the state whose
        values are left out.
        """
        from agentgraph.render import to_html  # noqa: PLC0415 - only who draws needs it

        return to_html(self.graph, **options)

    def to_text(self, **options: Unpack["TextOptions"]) -> str:
        """Draw the graph in box characters; where it does not fit the `width`, list it."""
        from agentgraph.render import to_text  # noqa: PLC0415 - only who draws needs it

        return to_text(self.graph, **options)

    def to_dot(self, *, view: "View | None" = None) -> str:
        """Write the graph, or the part of it that `view` shows, in the language of Graphviz."""
        from agentgraph.render import to_dot  # noqa: PLC0415 - only who draws needs it

        return to_dot(self.graph, view=view)

    def to_mermaid(self, *, view: "View | None" = None) -> str:
        """Write the graph, or the part of it that `view` shows, as a Mermaid flowchart."""
        from agentgraph.render import to_mermaid  # noqa: PLC0415 - only who draws needs it

        return to_mermaid(self.graph, view=view)

    def to_json(self) -> str:
        """Write the graph as JSON; `agentgraph.graph.from_json` reads it."""
        return to_json(self.graph)

    def save(self, path: str | Path, **options: Unpack["Options"]) -> None:
        """Write the graph to a file; its suffix says how: .svg, .html, .txt, .dot, .mmd, .json.

        The options are those of the methods above.
        """
        from agentgraph.render import save  # noqa: PLC0415 - only who draws needs it

        save(self.graph, path, **options)

    def _repr_mimebundle_(self, **_: object) -> dict[str, str]:
        """Show the graph in a notebook; nothing is fetched."""
        return {"image/svg+xml": self.to_svg(), "text/plain": self.to_text()}

    if not TYPE_CHECKING:  # A type checker marks what is not there by itself.

        def __getattr__(self, name: str) -> Never:
            raise unknown("Workflow", name, IN_A_WORKFLOW)

    def __repr__(self) -> str:
        return f"Workflow({self.name!r})"


class Making(TypedDict, total=False):
    """What a workflow may be given beside its flow."""

    version: int
    """The version of the graph: another one is another graph."""
    require: Sequence[Requirement]
    """What must hold in every run (`agentgraph.requirements`)."""


@overload
def workflow(
    name: str, state: type[S], flow: Step[S], *, deps: None = None, **making: Unpack[Making]
) -> Workflow[S]: ...
@overload
def workflow(
    name: str, state: type[S], flow: Step[S], *, deps: type[DG], **making: Unpack[Making]
) -> Workflow[S, DG]: ...
def workflow(
    name: str,
    state: type[S],
    flow: Step[S],
    *,
    deps: type[object] | None = None,
    **making: Unpack[Making],
) -> object:
    """Compile a flow: freeze its graph and verify it.

    `deps` is the class of the services that nodes take with `Ctx[Services]`; `require`
    is what must hold in every run (`agentgraph.requirements`). Raises `InvalidGraph` with all that is wrong, each with the line of your source.
    """
    spot = spot_of_caller()
    sketch = draw(tree_of(flow, spot), spot)
    from agentgraph.workflow.assembly import assemble  # noqa: PLC0415 - a program that builds nothing is spared it

    return Workflow[S, None](assemble(sketch, name, state, deps=deps, spot=spot, **making))
