"""The type variables of the public face, declared once; not the types that are made of them."""

from enum import Enum

from pydantic import BaseModel
from typing_extensions import TypeVar

S = TypeVar("S", bound=BaseModel)
S2 = TypeVar("S2", bound=BaseModel)
S_contra = TypeVar("S_contra", bound=BaseModel, contravariant=True)
W = TypeVar("W", bound=BaseModel)
F = TypeVar("F", bound=BaseModel)
X = TypeVar("X")
X_contra = TypeVar("X_contra", contravariant=True)
R = TypeVar("R")
P = TypeVar("P")
P_co = TypeVar("P_co", covariant=True)
L = TypeVar("L", bound=str | bool | Enum)
E = TypeVar("E", bound=Exception)
E2 = TypeVar("E2", bound=Exception)
D = TypeVar("D", default=None)
D_contra = TypeVar("D_contra", contravariant=True)
DG = TypeVar("DG")
