"""The documentation: it builds strictly, needs no other host, and leaves nothing out."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from harness.cli import app
from tests.support.verbs import VERBS

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
OUTSIDE = re.compile(r"<(?:script|link|img|iframe)\b[^>]*\b(?:src|href)=\"?(?:https?:)?//[^>]*>")


def nav_pages() -> set[str]:
    """Every page that the navigation names."""
    text = (ROOT / "mkdocs.yml").read_text(encoding="utf-8")

    def walk(node: Any) -> set[str]:
        if isinstance(node, str):
            return {node}
        nodes = node.values() if isinstance(node, dict) else node
        return set().union(*map(walk, nodes))

    # Its default loader takes the tags for Python as they come.
    return walk(YAML().load(text)["nav"])


def options(verb: str) -> list[tuple[str, ...]]:
    """The options of a verb, each by all its names but those that only negate."""
    place = app
    for word in verb.split():
        place = place[word]
    arguments = place.assemble_argument_collection()
    return [
        tuple(name for name in argument.names if name.startswith("-"))
        for argument in arguments
        if argument.parse and any(name.startswith("-") for name in argument.names)
    ]


def page_of(verb: str) -> str:
    """The page of a verb: that of two words has a hyphen between them."""
    return f"{verb.replace(' ', '-')}.md"


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The site, built strictly."""
    folder = tmp_path_factory.mktemp("site")
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet", "-d", str(folder)]
    built = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert built.returncode == 0, built.stdout + built.stderr
    return folder


def test_the_site_asks_no_other_host(site: Path) -> None:
    pages = sorted(site.rglob("*.html"))
    assert len(pages) > 20
    found = [
        f"{page.name}: {tag[:120]}"
        for page in pages
        for tag in OUTSIDE.findall(page.read_text(encoding="utf-8"))
        if 'rel="canonical"' not in tag
    ]
    assert found == []


def test_the_site_is_searched_from_disk(site: Path) -> None:
    index = (site / "search/search_index.js").read_text(encoding="utf-8")
    assert "backlog_wait_time" in index
    assert "IFrameWorker" in (site / "assets/iframe-worker.js").read_text(encoding="utf-8")
    assert "assets/iframe-worker.js" in (site / "index.html").read_text(encoding="utf-8")


def test_pages_outside_docs_are_linked_within_the_site(site: Path) -> None:
    start = (site / "index.html").read_text(encoding="utf-8")
    assert 'href="repo/ARCHITECTURE.html"' in start
    overview = (site / "repo/index.html").read_text(encoding="utf-8")
    assert 'href="../run.html"' in overview


def test_the_picture_of_the_readme_suits_both_grounds(site: Path) -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    images = re.findall(r'(?:srcset|src)="([^"]+)"', readme)
    assert len(images) == 2
    assert [image for image in images if not (ROOT / image).is_file()] == []
    overview = (site / "repo/index.html").read_text(encoding="utf-8")
    for image, ground in zip(images, ("dark", "light"), strict=True):
        name = Path(image).name
        assert f'src="../images/{name}#only-{ground}"' in overview
        assert (site / "images" / name).is_file()


def test_every_page_is_in_the_navigation() -> None:
    pages = {
        path.relative_to(DOCS).as_posix()
        for path in DOCS.rglob("*.md")
        if not path.is_relative_to(DOCS / "examples")
    }
    assert pages - nav_pages() == set()


def test_links_of_the_readme_and_the_docs_lead_somewhere() -> None:
    """As the repository is browsed; the build sees to the site."""
    pages = [*ROOT.glob("*.md"), *DOCS.rglob("*.md")]
    broken = [
        f"{page.relative_to(ROOT)}: {link}"
        for page in pages
        for link in re.findall(r"\]\(([^)#\s]+)", page.read_text(encoding="utf-8"))
        if ":" not in link and not (page.parent / link).exists()
    ]
    assert broken == []


WITHOUT_QUESTION = {"completion"}


@pytest.mark.parametrize("verb", VERBS)
def test_a_verb_has_a_page_in_the_navigation(verb: str) -> None:
    page = page_of(verb)
    assert page in nav_pages()
    assert re.search(rf"auditbench {verb}\b", (DOCS / page).read_text(encoding="utf-8"))
    index = (DOCS / "index.md").read_text(encoding="utf-8")
    assert f"]({page})" in index
    # The way in for who knows the question and not the verb.
    questions = index.partition("## By question")[2].partition("\n## ")[0]
    assert f"]({page}" in questions or verb in WITHOUT_QUESTION


@pytest.mark.parametrize("verb", VERBS)
def test_the_page_of_a_verb_tells_every_option(verb: str) -> None:
    text = (DOCS / page_of(verb)).read_text(encoding="utf-8")
    said = set(re.findall(r"(?<![\w-])--?[a-z][a-z-]*", text))
    missing = [names for names in options(verb) if not said & set(names)]
    assert missing == []
