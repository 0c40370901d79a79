"""Names of a package that are loaded when somebody asks for them (PEP 562); not what they are."""

import sys
from collections.abc import Callable
from importlib import import_module


def late(package: str, *modules: str) -> Callable[[str], object]:
    """Return the `__getattr__` of a package: the names of `__all__` are looked for in `modules`.

    They are loaded in this order, as far as a name needs it: the cheap ones come first.
    """

    def load(name: str) -> object:
        if name not in sys.modules[package].__all__:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        homes = (import_module(f"{package}.{module}") for module in modules)
        found: object = next(getattr(home, name) for home in homes if hasattr(home, name))
        # Kept in the package, so that this is asked once for each name.
        setattr(sys.modules[package], name, found)
        return found

    return load
