"""The builder, callables of every kind, `each`, `catch`, `undo`, `loop`: correct, and so typed."""

from functools import partial
from typing import Literal, assert_type

from agentgraph import (
    END,
    NEXT,
    START,
    Classifier,
    Ctx,
    Flow,
    Graph,
    ItemFailed,
    Node,
    Par,
    Retry,
    State,
    Workflow,
    classifier,
    each,
    node,
    workflow,
)


class HasText(State):
    text: str


class Ticket(HasText):
    reply: str = ""
    tags: list[str] = []


class Essay(State):
    draft: str = ""


def intake(s: Ticket) -> None: ...
async def tone(s: Ticket) -> None: ...
def facts(s: HasText) -> None: ...
def with_ctx(s: Ticket, ctx: Ctx) -> None:
    ctx.emit(s.reply)


def with_level(s: Ticket, level: int) -> None: ...
def level_first(level: int, s: Ticket) -> None: ...


class Bot:
    def __init__(self, name: str) -> None:
        self.name = name

    async def __call__(self, s: Ticket) -> None: ...
    def answer(self, s: Ticket) -> None: ...
    @staticmethod
    def close(s: Ticket) -> None: ...
    @classmethod
    def opens(cls, s: Ticket) -> None: ...


bot = Bot("x")


@node
def tech(s: Ticket) -> None: ...


@node(retry=Retry(attempts=2), timeout=3, limit=4)
async def billing(s: Ticket, ctx: Ctx) -> None: ...


@node
def shout(s: HasText) -> None: ...


@classifier
def triage(s: Ticket) -> Literal["billing", "tech"]:
    return "tech"


@classifier
def lang(s: HasText) -> Literal["en", "de"]:
    return "en"


g = Graph("support", Ticket)
assert_type(g, Graph[Ticket, None])
first = g.add_node(intake)
assert_type(first, Node[Ticket])
second = g.add_node(
    tech, name="tech_2", timeout=5, max_visits=3, then=tone, reads={"text"}, writes={"reply"}
)
g.add_node(lambda s: s.tags.append("x"), name="lam")
g.add_node(partial(with_level, level=3), name="part")
g.add_node(partial(level_first, 3), name="part_2")
g.add_node(bot, name="bot")
g.add_node(bot.answer)
g.add_node(Bot.close)
g.add_node(Bot.opens)
g.add_node(with_ctx)
g.add_node(shout)
g.add_node(facts)
g.add_node(billing)
g.add_edge(START, intake)
g.add_edge(intake, [tone, facts, second])
g.add_join([tone, facts, second], billing, need=2)
g.add_edge(billing, END)
g.add_conditional_edge(billing, triage, {"billing": tone, "tech": END}, unsure=first, at_least=0.5)
g.add_conditional_edge(intake, triage, {"billing": billing, "tech": tech})
g.add_conditional_edge(second, lang, {"en": first, "de": tech})
g.add_catch([tone, facts], (ConnectionError, TimeoutError), billing)


def compiled() -> None:
    assert_type(g.compile(), Workflow[Ticket, None])


assert_type(intake >> tech, Flow[Ticket])
assert_type(tech >> intake, Flow[Ticket])
assert_type(intake | tech, Par[Ticket])
assert_type(tech | bot, Par[Ticket])
assert_type(tech >> with_ctx, Flow[Ticket])
assert_type(with_ctx >> tech, Flow[Ticket])
assert_type(tech >> node(intake), Flow[Ticket])
assert_type(tech >> partial(with_level, level=3), Flow[Ticket])
assert_type(tech >> bot.answer, Flow[Ticket])
assert_type(bot >> tech >> END, Flow[Ticket])
assert_type((tech | billing | tone) >> facts, Flow[Ticket])
assert_type(intake >> (tech | tone).join(1) >> shout, Flow[Ticket])
assert_type(shout >> tech, Flow[Ticket])
assert_type(shout | tech, Par[Ticket])
assert_type(shout.on(Ticket) >> tech, Flow[Ticket])
assert_type(triage.route({"billing": intake, "tech": bot.answer}, unsure=with_ctx), Flow[Ticket])
assert_type(triage.route({"billing": lambda s: s.tags.clear(), "tech": NEXT}), Flow[Ticket])
assert_type(lang.on(Ticket).route({"en": tech, "de": intake}), Flow[Ticket])


def pick(kind: Literal["billing", "tech"]) -> Flow[Ticket]:
    match kind:
        case "billing":
            return billing
        case "tech":
            return tech


assert_type(triage.choose(pick), Flow[Ticket])


class Corpus(State):
    urls: list[str]
    notes: list[int] = []
    tickets: list[Ticket] = []


async def fetch(url: str) -> int:
    return len(url)


def fetch_now(url: str) -> int:
    return len(url)


def urls(s: Corpus) -> list[str]:
    return s.urls


def keep(s: Corpus, out: list[int]) -> None:
    s.notes = out


def keep_some(s: Corpus, out: list[int | ItemFailed]) -> None: ...
def tickets(s: Corpus) -> list[Ticket]:
    return s.tickets


def keep_tickets(s: Corpus, out: list[Ticket]) -> None:
    s.tickets = out


alone = workflow("alone", Ticket, intake)
assert_type(alone, Workflow[Ticket, None])
assert_type(each(urls, fetch, into=keep, limit=4), Node[Corpus])
assert_type(each(urls, fetch_now, into=keep), Node[Corpus])
assert_type(each(urls, fetch, into=keep_some, on_error="collect"), Node[Corpus])
assert_type(each(tickets, alone, into=keep_tickets), Node[Corpus])
assert_type(each(tickets, tech, into=keep_tickets), Node[Corpus])
assert_type(each(urls, fetch, into=lambda s, out: s.notes.extend(out)), Node[Corpus])
workflow("c", Corpus, each(lambda s: s.urls, fetch, into=lambda s, out: s.notes.extend(out)))


def sorry(s: Ticket, error: ConnectionError) -> None:
    s.reply = str(error.errno)


def sorry_both(s: Ticket, error: ConnectionError | TimeoutError) -> None: ...


g.add_catch([tech], ConnectionError, sorry)
g.add_catch([billing], (ConnectionError, TimeoutError), sorry_both)
assert_type(tech.undo(billing), Node[Ticket])
assert_type((intake >> tech.undo(intake)).catch(ConnectionError, sorry), Flow[Ticket])
assert_type(tech.catch((ConnectionError, TimeoutError), sorry_both), Flow[Ticket])
assert_type(tech.catch(ConnectionError, billing), Flow[Ticket])
assert_type(tech.catch(ConnectionError, intake), Flow[Ticket])
assert_type(tech.catch(ConnectionError, lambda s: s.tags.clear()), Flow[Ticket])
again = tech >> triage.route({"billing": tech, "tech": END})
assert_type(again.loop(at_most=5, then=billing), Flow[Ticket])


def enter(s: Essay) -> Ticket:
    return Ticket(text=s.draft)


def leave(s: Essay, sub: Ticket) -> None:
    s.draft = sub.reply


assert_type(alone.as_node(enter=enter, leave=leave), Node[Essay])
typed = alone.as_node(Essay, enter=lambda s: Ticket(text=s.draft), leave=leave)
assert_type(workflow("w", Essay, typed), Workflow[Essay, None])
assert_type(workflow("w", Ticket, tech), Workflow[Ticket, None])
assert_type(workflow("w", Ticket, shout), Workflow[Ticket, None])


def use(c: Classifier[Ticket, Literal["en", "de"]]) -> None: ...


use(lang)


async def alone_too() -> None:
    assert_type(await tech.apply(Ticket(text="x")), Ticket)
    found = await triage.decide(Ticket(text="x"))
    assert_type(found.label, Literal["billing", "tech"])
