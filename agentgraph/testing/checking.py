"""Checks a workflow in one line: `check(support, inputs=states(Ticket))`; how is said elsewhere."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar, cast

from pydantic import BaseModel
from typing_extensions import Unpack

from agentgraph.errors import InvalidInput, NotAvailable
from agentgraph.testing.coverage import Coverage
from agentgraph.testing.defaults import defaults
from agentgraph.testing.failing import Script, WorkflowFailure, keep, picture, simpler, story
from agentgraph.testing.fakes import Stage
from agentgraph.testing.properties import PROPERTIES, Checker, Counterexample, How, Property, Unfit
from agentgraph.testing.twins import differing, target_of
from agentgraph.workflow.compiled import Workflow

if TYPE_CHECKING:
    from hypothesis.strategies import SearchStrategy

S = TypeVar("S", bound=BaseModel)


@dataclass(frozen=True)
class Checked:
    """What a check that found nothing has done."""

    workflow: str
    trials: int
    coverage: Coverage
    properties: tuple[Property, ...]

    def __str__(self) -> str:
        words = ", ".join(self.properties)
        return f"{self.workflow}: {self.trials} runs, nothing found ({words})\n{self.coverage}"


def check(
    workflow: Workflow[S, Any],
    *,
    inputs: "SearchStrategy[S] | Sequence[S] | None" = None,
    **how: Unpack[How],
) -> Checked:
    """Run a workflow in simulation, with many inputs, labels, orders, faults and crashes.

    `inputs` are states to begin with, or a strategy of them; None: any state that the class
    allows. Raises `WorkflowFailure` with the first counterexample, made as simple as it
    goes, and `InvalidInput` for what cannot be checked.
    """
    __tracebackhide__ = True  # In pytest the story says it all.
    how = cast("How", {**defaults, **how})
    checker = Checker(workflow.program, how)
    found = _explore(workflow, checker, inputs, how)
    if found is None and "hashes" in checker.properties:
        found = differing(workflow, checker, checker.bases, how)
    if found is not None:
        raise _failure(workflow, checker, simpler(checker, found), how)
    for what in checker.needed:
        raise WorkflowFailure(f"{workflow.name}: no run of {checker.trials} fulfils: {what}")
    checked = Checked(workflow.name, checker.trials, checker.coverage, checker.properties)
    if "watch" in how:
        how["watch"](checked)
    coverage, least = checker.coverage, how.get("min_edges", 0.0)
    if coverage.share < least:
        share = f"{coverage.share:.0%} of the edges were taken, not {least:.0%}"
        raise WorkflowFailure(f"{workflow.name}: {share}: {coverage}")
    return checked


def recheck(script: Script, workflow: Workflow[Any, Any], **how: Unpack[How]) -> None:
    """Do what a script says again. Raises `WorkflowFailure` while the property is still broken.

    What was the user's own when it was written is so again, where `how` says nothing else.
    """
    __tracebackhide__ = True  # As above.
    real = cast("How", dict.fromkeys(script.real, "real"))
    checker = Checker(workflow.program, {**real, **how, "properties": [script.property]})
    trial = script.read_for(checker.stage)
    if script.property == "hashes":
        found = differing(workflow, checker, [checker.play(trial)], how)
    else:
        found = checker.tried(script.property, trial)
    if found is not None:
        raise _failure(workflow, checker, found, {"folder": None, **how})


def make_tests(
    workflow: Workflow[S, Any],
    *,
    inputs: "SearchStrategy[S] | Sequence[S] | None" = None,
    **how: Unpack[How],
) -> type:
    """Make a class of tests for pytest: one for each property, and one for the edges, all by default."""

    def test_of(**alone: Unpack[How]) -> Callable[[object], None]:
        def test(_: object) -> None:
            __tracebackhide__ = True  # As above.
            both: How = {**how, **alone}
            check(workflow, inputs=inputs, **both)

        return test

    least: float = how.pop("min_edges", 1.0)
    tests = {
        f"test_{name}": test_of(properties=[name]) for name in how.get("properties", PROPERTIES)
    }
    tests["test_edges"] = test_of(properties=["runs"], min_edges=least)
    return type(f"Test{workflow.name.title()}", (), dict[str, object](tests))


def _explore(
    workflow: Workflow[S, Any],
    checker: Checker,
    inputs: "SearchStrategy[S] | Sequence[S] | None",
    how: How,
) -> Counterexample | None:
    """Let hypothesis make states and outputs, and shrink those that show something."""
    try:
        from hypothesis import HealthCheck, Phase, Verbosity, given, reject, seed, settings  # noqa: PLC0415 - not at import
        from hypothesis import strategies as st  # noqa: PLC0415 - only who makes data
        from hypothesis.errors import Unsatisfiable  # noqa: PLC0415 - as above

        from agentgraph.testing.strategies import states  # noqa: PLC0415 - as above
    except ImportError as error:
        what, fix = "hypothesis is not installed", "pip install 'agentgraph[test]'"
        raise NotAvailable(what, where="the check of a workflow", fix=fix) from error
    if inputs is None:
        inputs = states(cast("type[S]", workflow.program.model))
    elif isinstance(inputs, Sequence):
        inputs = st.sampled_from(inputs)

    def example(state: S, writes: Any) -> None:
        try:
            checker.examine(state, writes)
        except Unfit:
            reject()

    # The database of hypothesis keeps failures by this name.
    example.__qualname__ = f"check.{workflow.graph.digest}"
    # What an example takes is known here, and some may say nothing.
    slow = [HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much]
    phases = (Phase.explicit, Phase.reuse, Phase.generate, Phase.shrink)
    limits = settings(
        max_examples=how.get("examples", 10), deadline=None, phases=phases, print_blob=False,
        suppress_health_check=slow, verbosity=Verbosity.quiet,
        report_multiple_bugs=False,
    )  # fmt: skip
    try:
        seed(how.get("seed", 0))(limits(given(inputs, outputs(checker.stage))(example)))()
    except Counterexample as found:
        return found
    except Unsatisfiable as error:
        raise InvalidInput(
            f"no example of {workflow.name!r} could be run: what the fakes write, or the labels that "
            "were drawn, do not fit together",
            where="the check",
            fix='keep what decides (labels="real"), or the agents that depend on each other (agents=)',
        ) from error
    return None


def outputs(stage: Stage) -> Any:
    """Return a strategy of what each fake writes: two variants, which its visits take in turn."""
    from hypothesis import strategies as st  # noqa: PLC0415 - only who makes data

    from agentgraph.testing.strategies import field, values  # noqa: PLC0415 - as above

    found: dict[str, Any] = {}
    for path, (shape, fields) in stage.fakes.items():
        made = {name: field(shape, name) if name else values(shape) for name in fields}
        sure = {name: made.pop(name) for name, is_sure in fields.items() if is_sure}
        written = st.fixed_dictionaries(sure, optional=made)
        found[path] = st.lists(written, min_size=1, max_size=2)
    return st.fixed_dictionaries(found)


def _failure(
    workflow: Workflow[Any, Any], checker: Checker, found: Counterexample, how: How
) -> WorkflowFailure:
    program, folder = checker.stage.program, how.get("folder", Path(".agentgraph"))
    target = how.get("target") or target_of(workflow)
    script = Script.of(found, checker.stage, target, how.get("deps", ""))
    drawn = picture(found, program)
    files = [] if folder is None else keep(folder, script, drawn)
    return WorkflowFailure(story(found, program, how.get("seed", 0), files), script, drawn)
