"""Names of a package that are loaded when somebody asks for them (PEP 562); not what they are."""

import sys
from collections.abc import Callable, Mapping
from importlib import import_module


def late(package: str, homes: Mapping[str, tuple[str, ...]]) -> Callable[[str], object]:
    """Return the `__getattr__` of a package: `homes` says which module has which names."""
    home_of = {name: module for module, names in homes.items() for name in names}

    def load(name: str) -> object:
        if name not in home_of:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        found: object = getattr(import_module(f"{package}.{home_of[name]}"), name)
        # Kept in the package, so that this is asked once for each name.
        setattr(sys.modules[package], name, found)
        return found

    return load
