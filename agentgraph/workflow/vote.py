"""`consensus`: several voters, one decision; how votes are counted is the machine's."""

from collections.abc import Awaitable, Callable
from typing import overload

from pydantic import BaseModel

from agentgraph.errors import InvalidAgent
from agentgraph.graph import Vertex
from agentgraph.runtime.program import Binding
from agentgraph.workflow.access import in_turn
from agentgraph.workflow.choice import Classifier
from agentgraph.workflow.flow import Unfinished
from agentgraph.workflow.labels import answers_of
from agentgraph.workflow.naming import Names
from agentgraph.workflow.signature import Signature, signature_of
from agentgraph.workflow.variables import L, S
from agentgraph.workflow.work import Settled, Work, without_error


@overload
def consensus(*voters: Callable[[S], Awaitable[L]], need: int) -> Classifier[S, L]: ...
@overload
def consensus(*voters: Callable[[S], L], need: int) -> Classifier[S, L]: ...
def consensus(*voters: object, need: int) -> object:
    """Ask all voters at once: the label that `need` of them answer is the decision.

    A voter that fails or abstains votes for nothing. `need` counts all voters and must
    exceed half of them, so that two labels can never both win.
    """
    if len(voters) < 2:
        what = f"a consensus has {len(voters)} voter" + "s" * (not voters)
        fix = "give at least two: `consensus(tone, facts, policy, need=2)`"
        raise InvalidAgent(what, where="consensus", fix=fix)
    if not len(voters) // 2 < need <= len(voters):
        doubt = "which can never come" if need > len(voters) else "so two labels could win"
        what = f"a consensus of {len(voters)} voters needs {need} votes, {doubt}"
        fix = f"take a number from {len(voters) // 2 + 1} to {len(voters)}"
        raise InvalidAgent(what, where="consensus", fix=fix)
    signatures = tuple(_voter(voter) for voter in voters)
    work = Work("consensus", signatures, lambda: _settled(signatures, need), is_numbered=True)
    return Classifier[BaseModel, bool](work)


def _voter(voter: object) -> Signature:
    if isinstance(voter, Unfinished):
        fix = "give the function itself, without the decorator"
        raise InvalidAgent(f"{voter!r} is no voter", where="consensus", fix=fix)
    return signature_of(voter)


def _settled(voters: tuple[Signature, ...], need: int) -> Settled:
    answers = [answers_of(voter) for voter in voters]
    labels = answers[0].labels
    for voter, answer in zip(voters, answers, strict=True):
        if answer.is_open:
            fix = "annotate its answer with a `Literal`, an `Enum` or a `bool`"
            raise voter.fault(f"the voter {voter.name!r} may answer any text", fix)
        if dict(answer.labels) != dict(labels):
            what = f"the voters {voters[0].name!r} and {voter.name!r} answer different labels"
            fix = f"let all voters of one consensus answer {', '.join(labels.values())}"
            raise voter.fault(what, fix)
    names = Names(())
    may_abstain = any(answer.abstains for answer in answers)
    vertex = Vertex(
        "consensus",
        "consensus",
        labels=tuple(labels.values()),
        # Even when nobody abstains, the votes may part so that no label has enough.
        abstains=may_abstain or len(voters) <= len(labels) * (need - 1),
        need=need,
        voters=tuple(names.new(voter.name or "voter") for voter in voters),
        access=in_turn(voter.access for voter in voters),
    )
    bodies = tuple(without_error(voter, "a voter") for voter in voters)
    return Settled(vertex, Binding(labels=labels, voters=bodies), voters, is_verdict=False)
