"""The pictures of README and docs: what they say is what the kept run says."""

from __future__ import annotations

import re
import runpy
from xml.etree import ElementTree as ET

from tests.support.command import ROOT

IMAGES = ROOT / "docs/images"
SVG = "{http://www.w3.org/2000/svg}"


def texts(picture: bytes) -> list[str]:
    return ["".join(text.itertext()) for text in ET.fromstring(picture).iter(f"{SVG}text")]


def test_the_pictures_are_those_of_the_kept_run() -> None:
    drawn = runpy.run_path(str(IMAGES / "draw.py"))["pictures"]()
    assert {path.name for path in IMAGES.glob("*.svg")} == set(drawn)
    for name, picture in drawn.items():
        said = texts((IMAGES / name).read_bytes())
        assert len(said) > 5, name
        assert said == texts(picture), f"{name} is of another run: python docs/images/draw.py"


def test_the_pages_show_them_all() -> None:
    pages = [ROOT / "README.md", ROOT / "docs/index.md", ROOT / "docs/reading.md"]
    shown = "".join(page.read_text(encoding="utf-8") for page in pages)
    assert [
        path.name
        for path in IMAGES.glob("*.svg")
        if not re.search(rf'images/{path.name}[)"]', shown)
    ] == []


def test_the_picture_of_kernels_has_those_of_its_table() -> None:
    """Its run is not kept: what is on its axis must at least be what the page tells."""
    text = (ROOT / "docs/count.md").read_text(encoding="utf-8")
    page = text[text.index("## The price of a rule over kernels") :]
    told = re.findall(r"^\| (\d+\.\d+\.\d+)\S* (?:\| \d+ ){5}\|$", page, re.MULTILINE)
    assert len(told) == 11
    for name in ("kernels.svg", "kernels-dark.svg"):
        assert f"images/counted/{name}" in text
        said = texts((IMAGES / "counted" / name).read_bytes())
        assert [text for text in said if re.fullmatch(r"\d+\.\d+\.\d+", text)] == told
