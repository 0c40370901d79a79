"""Whether a function hands on a part of its state that may then be changed unseen.

A helper, a container or a second name that gets hold of something which can be edited may change
it. Then the account of what the function writes is not whole, and nothing is proved of it.
"""

import ast
from collections.abc import Collection, Iterable, Mapping
from typing import Any, Final, NamedTuple, TypeAlias, cast, get_args

from agentgraph.state.kinds import flat_container, is_immutable

_LOOKS: Final = frozenset(
    ["len", "str", "repr", "bool", "isinstance", "print", "sum", "any", "all", "hash", "format"]
)
_COPIES: Final = frozenset(
    ["sorted", "list", "tuple", "set", "dict", "frozenset", "enumerate", "zip", "min", "max"]
)
"""Builtins that only look at what they are given, and those that give its parts on."""
_METHODS: Final = frozenset(
    name for kind in (list, dict, set, str) for name in dir(kind) if name[0] != "_"
)
_HOLDS: Final = (ast.BoolOp, ast.List, ast.Tuple, ast.Set, ast.Dict)
_PARTS: Final = (ast.BinOp, ast.Starred)
_USES: Final = (
    ast.Compare, ast.UnaryOp, ast.FormattedValue, ast.Expr, ast.Assert, ast.Return, ast.AugAssign,
    ast.If, ast.While, ast.Delete, ast.Subscript, *_PARTS,
)  # fmt: skip


Use: TypeAlias = tuple[ast.Attribute | ast.Name, str, bool]
"""A place where a function names a field, or, if the last is true, one item of it after the other."""


class Trail(NamedTuple):
    """Follows the values of fields through one function."""

    state: str
    """The name of the state."""
    aliases: Collection[str]
    """The names that stand for a field, or in a loop for an item of one."""
    above: Mapping[ast.AST, ast.AST]
    """What each part of the function is a part of."""

    def hands_on(self, state: object, used: Iterable[Use]) -> bool:
        """Say whether a part that can be edited goes where it may be; in doubt, yes."""
        fields: Mapping[str, Any] = getattr(state, "__pydantic_fields__", {})
        for node, name, is_item in used:
            if name not in fields or type(node.ctx) is ast.Store:
                continue
            hint: object = fields[name].annotation
            if not is_immutable(hint) and self._goes_on(node, _item(hint) if is_item else hint):
                return True
        return False

    def _goes_on(self, node: ast.AST, hint: object) -> bool:
        """Follow a value to where it is used."""
        parent = self.above.get(node)
        while isinstance(parent, ast.Attribute | ast.Subscript) and parent.value is node:
            parts = cast("Mapping[str, object]", getattr(hint, "__annotations__", {}))
            name = parent.attr if isinstance(parent, ast.Attribute) else ""
            hint = parts.get(name, object) if name else _item(hint)
            node, parent = parent, self.above.get(parent)
            if name in _METHODS and isinstance(parent, ast.Call) and parent.func is node:
                node, parent = parent, self.above.get(parent)
        is_flat = flat_container(hint) is not None
        while isinstance(parent, _HOLDS) or (isinstance(parent, _PARTS) and not is_flat):
            is_flat = is_flat and not isinstance(parent, _HOLDS)
            node, parent = parent, self.above.get(parent)
        return not (parent is None or self._is_used(node, parent, is_flat) or is_immutable(hint))

    def _is_used(self, node: ast.AST, parent: ast.AST, is_flat: bool) -> bool:
        """Say whether a value is only looked at there, or goes where the state keeps it."""
        match parent:
            case ast.Assign(targets=[target]):
                while isinstance(target, ast.Attribute | ast.Subscript):
                    target = target.value
                kept = (self.state, *self.aliases)
                return isinstance(target, ast.Name) and target.id in kept
            case ast.Call(func=ast.Name(name)):
                return name in _LOOKS or (is_flat and name in _COPIES)
            case ast.For(target=ast.Name(name)) if name in self.aliases:
                return True
            case ast.Call(func=ast.Attribute(value=ast.Constant())):
                return True  # Such as `", ".join(s.notes)`.
            case ast.For() | ast.AsyncFor() | ast.comprehension():
                return is_flat
            case _:
                is_asked = isinstance(parent, ast.IfExp) and parent.test is node
                return is_asked or isinstance(parent, _USES)


def _item(hint: object) -> object:
    return (get_args(hint) or (object,))[-1]
