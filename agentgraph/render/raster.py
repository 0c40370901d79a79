"""An SVG as PNG or PDF, offline, by packages of the extra `image`; not how the SVG comes about."""

import re
from importlib import import_module
from math import sqrt
from typing import Any, Final

from agentgraph.errors import NotAvailable

SCALE: Final = 2.0
"""Pixels of a PNG for each pixel of the SVG."""
PIXELS_MAX: Final = 1e8
"""A larger PNG is made with fewer: a viewer would not open it."""
_SIZE: Final = re.compile(r'<svg [^>]*?width="([\d.]+)" height="([\d.]+)"')


def to_png(svg: str) -> bytes:
    """Make a PNG of an SVG in one theme. Raises `NotAvailable` without its package."""
    found = _SIZE.search(svg)
    assert found is not None
    zoom = min(SCALE, sqrt(PIXELS_MAX / (float(found[1]) * float(found[2]))))
    return bytes(_package("resvg_py", "a PNG").svg_to_bytes(svg_string=svg, zoom=zoom))


def to_pdf(svg: str) -> bytes:
    """Make a PDF of an SVG in one theme. Raises `NotAvailable` without its package."""
    # Cairo takes the rule by which a browser fits a picture into a page for a height of nothing.
    svg = svg.replace("max-width:100%;height:auto;", "")
    return bytes(_package("cairosvg", "a PDF").svg2pdf(bytestring=svg.encode()))


def _package(name: str, picture: str) -> Any:
    try:
        return import_module(name)
    except (ImportError, OSError) as error:
        lacks, where = f"the package {name}", "the extra `image`"
        fix = "pip install 'agentgraph[image]', or take .svg"
        if isinstance(error, OSError):
            lacks, where = "the library Cairo", f"the package {name}"
            fix = "install it (Debian: libcairo2, macOS: `brew install cairo`), or take .svg"
        what = f"{picture} needs {lacks}, which is not installed"
        raise NotAvailable(what, where=where, fix=fix) from error
