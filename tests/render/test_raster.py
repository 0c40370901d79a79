"""PNG and PDF, by packages that may not be there: what they hold, and what is said without them."""

import re
import struct
import sys
import zlib
from importlib.util import find_spec
from pathlib import Path

import pytest

from agentgraph.errors import NotAvailable
from agentgraph.render import drawn, raster, save, to_svg
from tests.render.drawings import DESK, ESSAY

try:
    import cairosvg
except (ImportError, OSError):
    cairosvg = None

needs_resvg = pytest.mark.skipif(find_spec("resvg_py") is None, reason="resvg_py is not installed")
needs_cairo = pytest.mark.skipif(cairosvg is None, reason="CairoSVG or Cairo is not installed")


def size_of(svg: str) -> tuple[float, float]:
    found = re.search(r'width="([\d.]+)" height="([\d.]+)"', svg)
    assert found
    return float(found[1]), float(found[2])


def pixels(png: bytes) -> tuple[int, int, bytes]:
    """Return the width, the height, and the first line of a PNG of eight bits and four channels."""
    assert png[:8] == b"\x89PNG\r\n\x1a\n"
    wide, high, depth, colour = struct.unpack(">IIBB", png[16:26])
    assert (depth, colour) == (8, 6)
    data, at = b"", 8
    while at < len(png):
        length, kind = struct.unpack(">I4s", png[at : at + 8])
        data += png[at + 8 : at + 8 + length] if kind == b"IDAT" else b""
        at += length + 12
    return wide, high, zlib.decompress(data)


@needs_resvg
@pytest.mark.parametrize(("theme", "canvas"), [("auto", "ffffff"), ("dark", "10151c")])
def test_a_png_has_twice_the_pixels_of_the_svg_and_one_theme(theme: str, canvas: str) -> None:
    png = drawn(DESK, "png", theme=theme, engine="builtin")  # type: ignore[arg-type]

    wide, high, data = pixels(png)
    sides = size_of(to_svg(DESK, engine="builtin"))
    assert wide == pytest.approx(2 * sides[0], abs=2)
    assert high == pytest.approx(2 * sides[1], abs=2)
    assert data[1:4].hex() == canvas
    assert len(set(data)) > 40  # Something is drawn, in many colours.


@needs_resvg
def test_a_huge_png_has_fewer_pixels(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(raster, "PIXELS_MAX", 1e4)

    wide, high, _ = pixels(drawn(ESSAY, "png", engine="builtin"))

    assert wide * high < 1.1e4


@needs_cairo
def test_a_pdf_holds_a_page_of_lines_and_letters(tmp_path: Path) -> None:
    path = save(ESSAY, tmp_path / "essay.pdf", engine="builtin")

    pdf = path.read_bytes()
    assert pdf.startswith(b"%PDF-")
    streams = [
        zlib.decompress(part) for part in re.findall(rb"FlateDecode[^>]*>>\s*stream\r?\n(.*?)\r?\nendstream", pdf, re.DOTALL)
    ]  # fmt: skip
    drawing = b"\n".join(streams)
    assert len(re.findall(rb"\s[lc]\s", drawing)) > 10
    assert len(re.findall(rb"\bBT\b", drawing)) > 5


@pytest.mark.parametrize(("kind", "package"), [("png", "resvg_py"), ("pdf", "cairosvg")])
def test_without_its_package_the_extra_is_named(
    kind: str, package: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, package, None)

    with pytest.raises(NotAvailable, match=f"needs the package {package}") as caught:
        drawn(ESSAY, kind, engine="builtin")

    assert "agentgraph[image]" in caught.value.fix
