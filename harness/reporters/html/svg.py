"""A matplotlib figure as SVG inside the page: no style of its own, light and dark in one drawing.

The page forbids inline styles, so those that matplotlib writes become attributes. The figure is
drawn twice, light and dark; where the two differ in colour only, the colour becomes a variable of
the page. What is not on the lists below does not get into the page.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING
from xml.etree import ElementTree

from markupsafe import Markup, escape

from harness.plain import plain
from harness.reporters.plots.picture import svg_text

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Element = ElementTree.Element

_ELEMENTS = """
    svg g defs path use clipPath rect circle ellipse line polyline polygon text tspan linearGradient
    stop pattern
"""
_ATTRIBUTES = """
    viewBox d x y x1 x2 y1 y2 cx cy r rx ry points width height transform id href clip-path fill
    fill-opacity fill-rule stroke stroke-width stroke-opacity stroke-dasharray stroke-dashoffset
    stroke-linecap stroke-linejoin stroke-miterlimit opacity font-size font-weight font-style
    text-anchor offset stop-color stop-opacity gradientUnits patternUnits
"""
ELEMENTS, ATTRIBUTES = frozenset(_ELEMENTS.split()), frozenset(_ATTRIBUTES.split())
COLOURS = ("fill", "stroke", "stop-color")
_NUMBER = re.compile(r"-?\d+\.\d{3,}")
_SIZE = re.compile(r"([\d.]+)px")
_WEIGHT = re.compile(r"\b(bold|[5-9]00)\b")
_LOCAL = re.compile(r"url\(#([^)]+)\)")
_PLACES = frozenset(("d", "x", "y", "x1", "x2", "y1", "y2", "cx", "cy", "width", "height"))


class Palette:
    """The colours of all figures of a page that differ between light and dark."""

    def __init__(self) -> None:
        self._pairs: dict[tuple[str, str], int] = {}

    def variable(self, light: str, dark: str) -> str:
        """The name of the colour that is `light` on white and `dark` on black."""
        return f"k{self._pairs.setdefault((light, dark), len(self._pairs))}"

    def css(self) -> tuple[str, str, str]:
        """The variables for light, those for dark, and the classes that use them."""
        pairs = list(self._pairs)
        light = "".join(f"--k{i}:{pair[0]};" for i, pair in enumerate(pairs))
        dark = "".join(f"--k{i}:{pair[1]};" for i, pair in enumerate(pairs))
        classes = "".join(
            f".k{i}-{name}{{{name}:var(--k{i})}}" for i in range(len(pairs)) for name in COLOURS
        )
        return light, dark, classes


def inline_svg(
    draw: Callable[[bool], Figure], *, prefix: str, title: str, palette: Palette
) -> Markup:
    """The figure that `draw(dark)` makes, as one `svg` element whose ids begin with `prefix`.

    `title` is what a screen reader says of it.
    """
    light, dark = (_tree(draw(theme)) for theme in (False, True))
    if _paint(light, dark, palette):
        return _element(light, prefix, title, "")
    drawings = (light, "light-only"), (dark, "dark-only")
    return Markup().join(_element(tree, prefix + name[0], title, name) for tree, name in drawings)


def _tree(figure: Figure) -> Element:
    """The figure as SVG, with text as text and without what is not allowed in the page."""
    figure.set_facecolor("none")
    # A control character in some label would not be XML.
    text = "\n".join(map(plain, svg_text(figure).split("\n")))
    # matplotlib wrote it a moment ago, with everything escaped that came from outside.
    found = _allowed(ElementTree.fromstring(text))  # noqa: S314
    if found is None:
        raise ValueError("matplotlib wrote something that is no SVG")
    return found


def _allowed(element: Element) -> Element | None:
    name = element.tag.rpartition("}")[2] if isinstance(element.tag, str) else ""
    if name not in ELEMENTS:
        return None
    clean = ElementTree.Element(name, dict(_attributes(element)))
    clean.text = element.text if name in ("text", "tspan") else None
    for child in element:
        kept = _allowed(child)
        if kept is not None:
            kept.tail = child.tail if name in ("text", "tspan") else None
            clean.append(kept)
    return clean


def _attributes(element: Element) -> Iterator[tuple[str, str]]:
    given = {name.rpartition("}")[2]: value for name, value in element.attrib.items()}
    for entry in given.pop("style", "").split(";"):
        name, _, value = entry.partition(":")
        given.update(_presentation(name.strip(), value.strip()))
    for name, value in given.items():
        if name not in ATTRIBUTES or (name == "href" and not value.startswith("#")):
            continue
        yield name, " ".join(_NUMBER.sub(_shorter, value).split()) if name in _PLACES else value


def _presentation(name: str, value: str) -> Iterator[tuple[str, str]]:
    """One declaration of a style as attributes. The page chooses the font."""
    if name in ("font", "font-size"):
        if size := _SIZE.search(value):
            yield "font-size", size[1]
        if weight := _WEIGHT.search(value):
            yield "font-weight", weight[1]
    elif name != "font-family":
        yield name, value


def _shorter(number: re.Match[str]) -> str:
    return f"{float(number[0]):.2f}".rstrip("0").rstrip(".")


def _paint(light: Element, dark: Element, palette: Palette) -> bool:
    """Make colours that differ variables of the page; False where more than colours differ."""
    pairs = list(zip(light.iter(), dark.iter(), strict=False))
    if len(pairs) != sum(1 for _ in dark.iter()) or len(pairs) != sum(1 for _ in light.iter()):
        return False
    if any(_shape(one) != _shape(other) for one, other in pairs):
        return False
    for one, other in pairs:
        classes = []
        for name in COLOURS:
            light_value, dark_value = one.get(name, ""), other.get(name, "")
            # A pattern is named, not shown: its own colours are among those of its elements.
            if light_value != dark_value and not _LOCAL.match(light_value):
                classes.append(f"{palette.variable(light_value, dark_value)}-{name}")
                del one.attrib[name]
        if classes:
            one.set("class", " ".join(classes))
    return True


def _shape(element: Element) -> tuple[object, ...]:
    """All of an element but its colours, and the ids, which hang together with them."""
    rest = {
        name: value
        for name, value in element.attrib.items()
        if name not in COLOURS and name not in ("id", "href", "clip-path")
    }
    kinds = [(name, bool(_LOCAL.match(element.get(name, "none")))) for name in COLOURS]
    return element.tag, element.text, rest, kinds, [name in element.attrib for name in COLOURS]


def _element(tree: Element, prefix: str, title: str, class_name: str) -> Markup:
    used = {value[1:] for element in tree.iter() if (value := element.get("href"))}
    used |= {found for element in tree.iter() for found in _LOCAL.findall(_values(element))}
    for element in tree.iter():
        if element.get("id") not in used:
            element.attrib.pop("id", None)
        for name, value in element.attrib.items():
            element.set(name, _own_id(name, value, prefix))
    tree.attrib.pop("width", None)
    tree.attrib.pop("height", None)
    tree.set("role", "img")
    tree.set("aria-label", title)
    if class_name:
        tree.set("class", class_name)
    return Markup("".join(_written(tree)))  # noqa: S704 - _written escapes


def _values(element: Element) -> str:
    return " ".join(element.attrib.values())


def _own_id(name: str, value: str, prefix: str) -> str:
    """Ids are one space for the whole page, so every drawing has a prefix."""
    if name == "id":
        return f"{prefix}-{value}"
    if name == "href":
        return f"#{prefix}-{value[1:]}"
    return _LOCAL.sub(rf"url(#{prefix}-\1)", value)


def _written(element: Element) -> Iterator[str]:
    attributes = "".join(
        f' {name}="{escape(plain(value))}"' for name, value in element.attrib.items()
    )
    yield f"<{element.tag}{attributes}>"
    yield str(escape(plain(element.text or "")))
    for child in element:
        yield from _written(child)
        yield str(escape(plain(child.tail or "")))
    yield f"</{element.tag}>"
