"""What every check of this process begins with (`How`); the plugin for pytest puts its options here."""

from typing import Any

defaults: dict[str, Any] = {}
