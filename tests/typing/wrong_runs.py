"""Mistakes in runs and answers, each marked: both checkers report that line and no other."""

from agentgraph import Budget, Ctx, Retry, node
from agentgraph.events import NodeStarted
from tests.typing.programs import SEEN, Essay, Ticket, approve, support
from tests.typing.right_runs import Address, Db, address, served, sure


@node
async def look(s: Ticket, ctx: Ctx[Db]) -> None:
    ctx.deps.fnd("x")  # E a misspelt service
    await ctx.effect(lambda: 1)  # E an effect without a key


async def main() -> None:
    await support.run(Essay(topic="x"))  # E a state of another class
    await served.run(Ticket(text="x"))  # E no services
    await served.run(Ticket(text="x"), deps="db")  # E other services
    await support.run(Ticket(text="x"), budget=Budget(dollars=1))  # E an unknown budget
    await support.run(Ticket(text="x"), bugdet=Budget(usd=1))  # E a misspelt option
    await support.run(Ticket(text="x"), seed="1")  # E a wrong type of an option
    run = support.start(Ticket(text="x"))
    await run.answer(approve, "sned")  # E a misspelt answer
    await run.answer(sure, "yes")  # E a label where a bool is due
    await run.answer(address, "send")  # E a label for a form
    await run.answer(approve, Address(street="x"))  # E a form for a label
    done = await run.result()
    SEEN.append(done.state.replly)  # E a misspelt field of the result
    if done.status == "finished":  # E a status that is none
        pass
    async for event in run:
        match event:
            case NodeStarted(nod=name):  # E a misspelt field of an event
                SEEN.append(name)
            case _:
                pass
    Retry(attempts="3")  # E a wrong type in a policy
