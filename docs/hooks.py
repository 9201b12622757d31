"""What the site needs beyond docs/: the pages elsewhere in the repository that its pages link to.

Links are written for the repository, so that they work where it is browsed. A file outside docs/
that a page links to becomes part of the site under `repo/`, and the links are turned accordingly.
A link to nothing stays as it is, and a strict build fails on it.
"""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any

from mkdocs.structure.files import File, Files, InclusionLevel

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
PLACE = "repo"
"""Where files from outside docs/ stand in the site."""
ALWAYS = (
    "README.md", "ARCHITECTURE.md", "CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md",
    "consumer/README.md",
)  # fmt: skip
LINK = re.compile(r"(!?\[[^\]]*\]\()([^)\s#]+)((?:#[^)\s]*)?\))")
ROW = re.compile(r"^\|.*$", re.M)
PICTURE = re.compile(
    r'<picture>\s*<source media="\(prefers-color-scheme: dark\)" srcset="([^"]+)">\s*'
    r'<img alt="([^"]*)" src="([^"]+)">\s*</picture>'
)
"""An image for light and for dark ground, as GitHub shows one of the two."""
CODE = re.compile(r"(^```.*?^```)", re.S | re.M)


def on_files(files: Files, *, config: Any) -> Files:
    """Add what is linked to from docs/, and from what was added."""
    waiting = [ROOT / name for name in ALWAYS]
    waiting += [path for page in DOCS.rglob("*.md") for path in outside(page)]
    known: set[Path] = set()
    while waiting:
        path = waiting.pop()
        if path in known:
            continue
        known.add(path)
        files.append(taken_along(path, config))
        waiting += outside(path) if path.suffix == ".md" else []
    return files


def on_page_markdown(markdown: str, *, page: Any, **_: Any) -> str:
    """Turn the links of one page."""
    source = page.file.src_uri
    path = ROOT / source.removeprefix(f"{PLACE}/") if is_outside(source) else DOCS / source
    parts = CODE.split(PICTURE.sub(both_images, markdown))
    parts[::2] = [LINK.sub(lambda match: turned(match, path, source), part) for part in parts[::2]]
    # GitHub needs the backslash before a bar in a table's code, and Markdown here would show it.
    parts[::2] = [ROW.sub(bars_in_code, part) for part in parts[::2]]
    return "".join(parts)


def both_images(picture: re.Match[str]) -> str:
    """Both images, of which the theme shows the one for the ground that the reader has chosen."""
    dark, alt, light = picture.groups()
    return f"![{alt}]({light}#only-light)\n![{alt}]({dark}#only-dark)"


def bars_in_code(row: re.Match[str]) -> str:
    """A row of a table with the bars in its code as they are meant."""
    return re.sub(r"`[^`]*`", lambda code: code[0].replace("\\|", "|"), row[0])


def is_outside(source: str) -> bool:
    """Whether a page of the site stands outside docs/."""
    return source.startswith(f"{PLACE}/")


def outside(page: Path) -> list[Path]:
    """The files outside docs/ that a page links to."""
    text = PICTURE.sub(both_images, page.read_text(encoding="utf-8"))
    prose = "".join(CODE.split(text)[::2])
    targets = [target_of(page, match[2]) for match in LINK.finditer(prose)]
    return [path for path in targets if path is not None and not path.is_relative_to(DOCS)]


def target_of(page: Path, link: str) -> Path | None:
    """The file of the repository that a link means."""
    if ":" in link:
        return None
    path = Path(os.path.normpath(page.parent / link))
    return path if path.is_file() and path.is_relative_to(ROOT) else None


def taken_along(path: Path, config: Any) -> File:
    """A file of the repository as one of the site."""
    named = path.relative_to(ROOT).as_posix()
    file = File.generated(config, f"{PLACE}/{named}", abs_src_path=str(path))
    if named not in ALWAYS:
        file.inclusion = InclusionLevel.NOT_IN_NAV
    return file


def turned(match: re.Match[str], page: Path, source: str) -> str:
    """A link of the repository as one of the site."""
    path = target_of(page, match[2])
    if path is None:
        return match[0]
    inside = path.is_relative_to(DOCS)
    place = path.relative_to(DOCS) if inside else Path(PLACE) / path.relative_to(ROOT)
    link = os.path.relpath(place, Path(source).parent)
    return f"{match[1]}{Path(link).as_posix()}{match[3]}"
