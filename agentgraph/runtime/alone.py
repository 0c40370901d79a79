"""One node or classifier run alone, for unit tests and evaluation; no graph, no run."""

from collections.abc import Mapping
from typing import TypeVar, cast

from pydantic import BaseModel

from agentgraph.errors import NotAvailable
from agentgraph.events.verdict import Verdict
from agentgraph.runtime.call import call, refuse
from agentgraph.runtime.program import Body, by_type
from agentgraph.runtime.work import key_of, verdict_of
from agentgraph.state import schema_of

S = TypeVar("S", bound=BaseModel)


async def apply(body: Body, state: S) -> S:
    """Run an agent once on a copy of `state`, and return the copy."""
    _needs_no_run(body)
    schema = schema_of(type(state))
    draft = schema.draft(schema.begin(state))
    try:
        result = await call(body, [draft])
        if result is not None:
            refuse(result, "the agent", "Node.apply")
        return schema.final(schema.commit(draft, None))
    except BaseException:
        schema.discard(draft)
        raise


async def decide(body: Body, labels: Mapping[object, str], state: BaseModel) -> Verdict[str] | None:
    """Ask a classifier once about a copy of `state`; None: it abstained. Raises `UnknownLabel`."""
    _needs_no_run(body)
    schema = schema_of(type(state))
    view = schema.view(schema.begin(state))
    answer = await call(body, [view])
    schema.unchanged(view)
    if answer is None:
        return None
    verdict = verdict_of(answer) or Verdict(cast("str", answer))
    if labels:
        key_of(by_type(labels), getattr(body.fn, "__name__", "classifier"), verdict.label)
    return verdict


def _needs_no_run(body: Body) -> None:
    if body.wants != "state":
        what = "this function takes a context or an error, which only a run can give"
        fix = "call it inside a workflow, or test the function itself"
        raise NotAvailable(what, where="Node.apply or Classifier.decide", fix=fix)
