"""A picture of its own says what it shows, where and when, to people and to programs."""

from __future__ import annotations

import io
import re
from pathlib import Path
from xml.etree import ElementTree as ET

from PIL import Image

from harness.answers.result import make_result
from harness.cli import run_command
from harness.reporters.parts.origin import minute, origin
from harness.reporters.plots.caption import Caption
from harness.reporters.plots.catalog import PLOTS
from harness.reporters.plots.picture import FORMATS, picture_bytes
from harness.store import load_run
from tests.support.command import ROOT
from tests.support.reports.plot_views import made_up_view

RUN = next((ROOT / "results/reference").glob("overhead-*"))
SVG = "{http://www.w3.org/2000/svg}"


def texts(svg: bytes) -> str:
    found = ("".join(text.itertext()) for text in ET.fromstring(svg).iter(f"{SVG}text"))
    return " ".join(found)


def drawn(target: Path, *words: str) -> bytes:
    assert run_command(["plot", str(RUN), "-o", str(target), *words]) == 0
    return target.read_bytes()


def test_title_host_kernel_and_date_are_on_the_picture(tmp_path: Path) -> None:
    parts = origin(make_result(load_run(RUN)))
    assert any(part.startswith("kernel ") for part in parts)
    assert any(re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d UTC", part) for part in parts)
    shown = texts(drawn(tmp_path / "p.svg"))
    assert "Ratio to the reference" in shown
    assert "".join(" · ".join(parts).split()) in "".join(shown.split())
    bare = texts(drawn(tmp_path / "b.svg", "--bare"))
    assert "Ratio to the reference" not in bare
    assert "UTC" not in bare


def test_they_are_in_the_metadata_too(tmp_path: Path) -> None:
    with Image.open(io.BytesIO(drawn(tmp_path / "p.png"))) as picture:
        assert picture.info["Title"] == "Ratio to the reference"
        assert "kernel " in picture.info["Description"]
        assert "UTC" in picture.info["Description"]
    assert b"Ratio to the reference" in drawn(tmp_path / "p.pdf")
    assert drawn(tmp_path / "q.png") == drawn(tmp_path / "p.png")


def test_a_caption_makes_room_and_covers_nothing() -> None:
    view, plot = made_up_view(), PLOTS["cpu"]
    sizes = []
    for caption in (None, Caption("a title", ("host", "kernel 6"))):
        with Image.open(io.BytesIO(picture_bytes(plot.draw(view), "png", caption))) as picture:
            sizes.append(picture.size)
            corner = picture.getpixel((2, picture.size[1] - 2))
            assert corner[:3] == (255, 255, 255)
    assert sizes[0][0] == sizes[1][0]
    assert sizes[1][1] > sizes[0][1] + 60


def test_a_caption_is_text_and_nothing_else() -> None:
    caption = Caption("$^_{ <b>\x1b[31m", ("host\u202e$$", "<script>" * 40))
    for form in FORMATS:
        picture = picture_bytes(PLOTS["forest"].draw(made_up_view()), form, caption, dark=True)
        assert picture
        if form == "svg":
            assert not any(code in picture.decode() for code in "\x1b\u202e")
            assert r"$^_{ <b>\x1b[31m" in texts(picture)


def test_a_stamp_of_another_form_stays() -> None:
    assert minute("2026-01-02T04:04:05+01:00") == "2026-01-02 03:04 UTC"
    assert minute("yesterday") == "yesterday"
