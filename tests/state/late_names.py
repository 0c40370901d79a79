"""A state whose annotation names what is defined after it."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel

from agentgraph import State, append


class Basket(State):
    items: Annotated[list[Item], append] = []


class Item(BaseModel):
    price: int = 0
