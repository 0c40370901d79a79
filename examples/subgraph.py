"""Use a whole workflow as one node of another, with states of their own.

The inner workflow answers one letter and knows nothing of the inbox. `enter` makes its
state from the outer one, `leave` puts what came out back. The loop goes on until the
inbox is empty, and the budget of the outer run counts the steps of the inner one too.

Prints:
    done: 3 letters answered in 16 steps
      Ada: Dear Ada, thank you.
      Bob: Dear Bob, thank you.
      Cem: Dear Cem, thank you.
    with 10 steps only: exhausted, 2 letters answered
"""

from agentgraph import END, Budget, State, classifier, node, workflow


class Letter(State):
    sender: str
    greeting: str = ""
    body: str = ""
    reply: str = ""


@node
def greet(s: Letter) -> None:
    """Write the greeting."""
    s.greeting = f"Dear {s.sender},"


@node
def thank(s: Letter) -> None:
    """Write the body, while somebody else greets."""
    s.body = "thank you."


@node
def sign(s: Letter) -> None:
    """Put both together."""
    s.reply = f"{s.greeting} {s.body}"


@node
def read(s: Letter) -> None:
    """Read the letter."""


answer = workflow("answer", Letter, read >> (greet | thank) >> sign)


class Inbox(State):
    senders: list[str]
    replies: dict[str, str] = {}


def enter(s: Inbox) -> Letter:
    return Letter(sender=s.senders[0])


def leave(s: Inbox, letter: Letter) -> None:
    s.replies[letter.sender] = letter.reply
    s.senders.pop(0)


@node
def sort(s: Inbox) -> None:
    """Answer in the order of names."""
    s.senders.sort()


@classifier
def more(s: Inbox) -> bool:
    """Say whether a letter is left."""
    return bool(s.senders)


reply = answer.as_node(enter=enter, leave=leave)
inbox = workflow(
    "inbox", Inbox, sort >> (reply >> more.route({True: reply, False: END})).loop(at_most=50)
)


def main() -> None:
    """Answer three letters, then try it with a small budget."""
    letters = Inbox(senders=["Cem", "Ada", "Bob"])
    done = inbox.run_sync(letters)
    print(f"{done.status}: {len(done.state.replies)} letters answered in {done.usage.steps} steps")
    for name, text in done.state.replies.items():
        print(f"  {name}: {text}")
    short = inbox.run_sync(letters, budget=Budget(steps=10))
    print(f"with 10 steps only: {short.status}, {len(short.state.replies)} letters answered")


if __name__ == "__main__":
    main()
