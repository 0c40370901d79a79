"""A letter that a person approves, sends back, or drops.

`agentgraph run examples/human_approval.py --set "text=charged twice"` asks at the terminal;
`--answer approve=send` answers beforehand. Here the program answers.

Prints:
    approve shows: Dear customer, about 'charged twice': we are looking into it.
    approve shows: Dear customer, about 'charged twice': we are looking into it. Sorry!
    sent after 2 drafts
"""

import asyncio
from typing import Literal

from agentgraph import END, Ask, State, human, node, workflow


class Letter(State):
    """A question, and the letter that answers it."""

    text: str
    reply: str = ""
    drafts: int = 0
    sent: bool = False


@node
def write(s: Letter) -> None:
    s.drafts += 1
    sorry = " Sorry!" if s.drafts > 1 else ""
    s.reply = f"Dear customer, about {s.text!r}: we are looking into it.{sorry}"


@human
def approve(s: Letter) -> Ask[Literal["send", "redo", "drop"]]:
    """Show the letter to a person, who picks one of three answers."""
    return Ask(show=s.reply)


@node
def send(s: Letter) -> None:
    s.sent = True


approval = workflow(
    "approval",
    Letter,
    (write >> approve.route({"send": send, "redo": write, "drop": END})).loop(at_most=3),
)


async def answered() -> None:
    """Answer what the run asks: first to write it again, then to send it."""
    run = approval.start(Letter(text="charged twice"))
    for answer in ("redo", "send"):
        paused = await run.result()
        print(f"approve shows: {paused.questions[0].show}")
        await run.answer(approve, answer)
    done = await run.result()
    print(f"{'sent' if done.state.sent else 'dropped'} after {done.state.drafts} drafts")


def main() -> None:
    asyncio.run(answered())


if __name__ == "__main__":
    main()
