"""Plays runs again in two processes that hash differently: nothing of that may show in a state."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import redirect_stdout
from dataclasses import replace
from functools import partial
from pkgutil import resolve_name
from typing import Any, Final

from agentgraph.errors import InvalidInput
from agentgraph.state.codec import dumped, loaded
from agentgraph.testing.failing import Script
from agentgraph.testing.playing import Outcome
from agentgraph.testing.properties import Checker, Counterexample, How
from agentgraph.workflow.compiled import Workflow

_SEEDS: Final = ("1", "2")


def target_of(value: object) -> str:
    """Return where something is found, as on the command line; empty when it has no name there."""
    for name, module in [*sys.modules.items()]:
        for key, each in [*getattr(module, "__dict__", {}).items()]:
            if each is value and name != "__main__":
                return f"{name}:{key}"
    return ""


def differing(
    workflow: Workflow[Any, Any], checker: Checker, bases: Sequence[Outcome], how: How
) -> Counterexample | None:
    """Return a run that ends differently where hashes are others; None: none, or nobody can tell."""
    target, services = target_of(workflow), how.get("services")
    deps = target_of(services) if services else ""
    if not (target and bases and checker.stage.real) or bool(deps) != bool(services):
        return None
    shown = [Counterexample("hashes", "", base.trial, ()) for base in bases]
    scripts = [Script.of(each, checker.stage, target, deps).model_dump_json() for each in shown]
    with ThreadPoolExecutor() as pool:
        ends = pool.map(partial(_ends, "\n".join(scripts), target), _SEEDS)
        for base, one, other in zip(bases, *ends, strict=False):
            found = checker.judge("hashes", _ended(base, one), _ended(base, other))
            if found is not None:
                return found
    return None


def _ended(base: Outcome, state: dict[str, Any]) -> Outcome:
    """Return what came of a run, with another state at its end."""
    made = base.program.model.model_construct(**loaded(base.program.model, state))
    return replace(base, result=base.result and replace(base.result, state=made))


def _ends(scripts: str, target: str, seed: str) -> Iterator[dict[str, Any]]:
    """Let another process play scripts, and return the state at the end of each, as plain data."""
    done = subprocess.run(
        [sys.executable, "-m", "agentgraph.testing.twins"], input=scripts, text=True, check=False,
        env={**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
    )  # fmt: skip
    if done.returncode:
        what = f"{target} cannot be run in another process: {done.stderr.strip().splitlines()[-1]}"
        fix = "let it be imported by that name, or leave the property out (properties=)"
        raise InvalidInput(what, where="the property 'hashes'", fix=fix)
    return map(json.loads, done.stdout.splitlines())


def main() -> None:
    """Play the scripts that another process hands over."""
    scripts = [Script.model_validate_json(line) for line in sys.stdin]
    out = sys.stdout
    with redirect_stdout(sys.stderr):  # What agents print is not for us.
        how: Any = dict.fromkeys(scripts[0].real, "real")
        try:
            workflow = resolve_name(scripts[0].target)
            how["services"] = resolve_name(scripts[0].deps) if scripts[0].deps else None
        except (ImportError, AttributeError):  # Here it has no name: nobody can tell.
            return
        checker = Checker(workflow.program, how)
        for script in scripts:
            result = checker.play(script.read_for(checker.stage)).result
            state: object = result.state if result else None
            out.write(json.dumps(dumped(type(state), vars(state)) if state else {}) + "\n")


if __name__ == "__main__":
    main()
