"""Names that are defined and that nothing uses; read from the source, not by importing.

vulture takes a name as used wherever the same word stands, and reads no Cython. Here a function, a
class or a constant is used only where its own module reads it or another one takes it from there.
Methods go by their name alone. Tests are no use: what only a test calls is dead.
"""

from __future__ import annotations

import ast
import importlib
import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from functools import cached_property
from pathlib import Path

PACKAGES = ("auditbench", "consumer", "workloads", "harness")
USERS = ("benchmarks", "packaging", "results", "notebooks")
"""Programs of the tree beside the packages."""
PUBLIC = ("harness.api", "harness.pytest_plugin")
"""What programs of others import. A name in there is used if a page or a notebook shows it."""
FOUND_BY_NAME = {
    "auditbench.plugin": re.compile(r"pytest_\w+"),  # by pytest
    "harness.pytest_plugin": re.compile(r"pytest_\w+"),  # by pytest
    "harness.cli": re.compile(r"_shared"),  # by cyclopts, which reads its parameters
    # By harness.cli, from GROUPS; by cyclopts, of a formatter.
    "harness.verbs": re.compile(r"\w+_verb|render_usage"),
    "workloads": re.compile(r"build"),  # by the supervisor, from the catalog
}
SPECIAL = re.compile(r"__\w+__|_repr_\w+_")
"""Called by Python, and by IPython."""
TAKES = re.compile(r"^[ \t]*from ([\w.]+) c?import (\([^)]*\)|[^\n]+)", re.M)
BY_TEXT = {"getattr", "attrgetter", "methodcaller"}
Function = ast.FunctionDef | ast.AsyncFunctionDef


class Module:
    """One module: its syntax tree, and what its imports are called in it."""

    def __init__(self, name: str, source: str) -> None:
        self.name = name
        self.tree = ast.parse(source)
        self.nodes = list(ast.walk(self.tree))
        self.imported = dict(self._imports())

    def _imports(self) -> Iterator[tuple[str, str]]:
        for node in self.nodes:
            if isinstance(node, ast.ImportFrom):
                for alias in node.names:
                    yield alias.asname or alias.name, f"{node.module}.{alias.name}"
            elif isinstance(node, ast.Import):
                for alias in node.names:
                    yield alias.asname or alias.name, alias.name

    def takes(self) -> Iterator[str]:
        """The dotted names that it imports, or reads from a module that it imports."""
        yield from self.imported.values()
        for node in self.nodes:
            if isinstance(node, ast.Attribute):
                base = ast.unparse(node.value)
                yield f"{self.imported.get(base, base)}.{node.attr}"

    def definitions(self) -> Iterator[tuple[str, ast.stmt]]:
        """Every name that its top level defines."""
        for node in self.tree.body:
            match node:
                case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
                    yield node.name, node
                case ast.Assign(targets=targets):
                    for target in targets:
                        yield from ((name.id, node) for name in _names(target))
                case ast.AnnAssign(target=ast.Name(id=name)):
                    yield name, node

    def reads(self, name: str, definition: ast.stmt) -> bool:
        """Whether a name is read outside its own definition."""
        own = sum(1 for node in _names(definition) if node.id == name and _is_read(node))
        return self._names_read[name] > own

    @cached_property
    def _names_read(self) -> Counter[str]:
        return Counter(
            node.id for node in self.nodes if isinstance(node, ast.Name) and _is_read(node)
        )

    def methods(self) -> Iterator[tuple[ast.ClassDef, Function]]:
        """Every method with its class."""
        for node in self.nodes:
            if isinstance(node, ast.ClassDef):
                yield from ((node, item) for item in node.body if isinstance(item, Function))

    def overrides(self, owner: ast.ClassDef, method: str) -> bool:
        """Whether a class from outside the tree, which that one builds on, has such a method."""
        for base in owner.bases:
            head, _, rest = ast.unparse(base).partition(".")
            dotted = ".".join(filter(None, (self.imported.get(head, head), rest)))
            module, _, name = dotted.rpartition(".")
            if (
                module
                and module.split(".")[0] not in PACKAGES
                and hasattr(getattr(importlib.import_module(module), name), method)
            ):
                return True
        return False


class Tree:
    """The sources below a folder, and the names that are dead in there."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.modules = [self._module(path) for path in self._files(PACKAGES, "py")]
        self.stubs = [self._module(path) for path in self._files(PACKAGES, "pyi")]
        self.compiled = {
            path: path.read_text(encoding="utf-8")
            for suffix in ("pyx", "pxd")
            for path in self._files(PACKAGES, suffix)
        }
        self.programs = [
            *self.modules,
            *(self._module(path) for path in self._files(USERS, "py")),
            *(Module(path.stem, _code_of(path)) for path in self._files(USERS, "ipynb")),
        ]
        self.taken = {name for module in self.programs for name in module.takes()}
        self.taken |= {name for source in self.compiled.values() for name in _cython_takes(source)}

    def _files(self, folders: Iterable[str], suffix: str) -> list[Path]:
        return sorted(path for name in folders for path in (self.root / name).rglob(f"*.{suffix}"))

    def _module(self, path: Path) -> Module:
        parts = path.relative_to(self.root).with_suffix("").parts
        name = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
        return Module(name, path.read_text(encoding="utf-8"))

    @cached_property
    def _read_from_objects(self) -> Counter[str]:
        """How often each name is read from an object: in Python, Cython and the templates."""
        counted = Counter(name for module in self.programs for name in _attributes(module.tree))
        others = [*self.compiled.values(), *_texts(self._files(["harness"], "j2"))]
        counted.update(re.findall(r"(?<=\.)\w+", "\n".join(others)))
        return counted

    @cached_property
    def _read_by_tests(self) -> set[str]:
        return set(re.findall(r"(?<=\.)\w+", "\n".join(_texts(self._files(["tests"], "py")))))

    @cached_property
    def _shown(self) -> set[str]:
        """Every word of the pages, the README and the notebooks."""
        pages = [*self._files(["docs"], "md"), *self._files(["notebooks"], "ipynb")]
        pages += self.root.glob("README.md")
        return set(re.findall(r"\w+", "\n".join(_texts(pages))))

    def _is_called_from_outside(self, module: str, name: str) -> bool:
        if SPECIAL.fullmatch(name):
            return True
        if any(module.startswith(at) and how.fullmatch(name) for at, how in FOUND_BY_NAME.items()):
            return True
        return module.startswith(PUBLIC) and not name.startswith("_") and name in self._shown

    def dead(self) -> list[str]:
        """Each dead name as `module.name` or `module.Class.name`."""
        return sorted({*self._dead_definitions(), *self._dead_in_cython(), *self._dead_methods()})

    def _dead_definitions(self) -> Iterator[str]:
        for module in self.modules:
            for name, node in module.definitions():
                dotted = f"{module.name}.{name}"
                if not (
                    dotted in self.taken
                    or module.reads(name, node)
                    or self._is_called_from_outside(module.name, name)
                ):
                    yield dotted

    def _dead_in_cython(self) -> Iterator[str]:
        for stub in self.stubs:
            source = self.compiled[self.root.joinpath(*stub.name.split(".")).with_suffix(".pyx")]
            for name, _ in stub.definitions():
                dotted = f"{stub.name}.{name}"
                if not (
                    dotted in self.taken
                    or re.search(rf"(?<!def )(?<!class )\b{name}\b", source)
                    or self._is_called_from_outside(stub.name, name)
                ):
                    yield dotted

    def _dead_methods(self) -> Iterator[str]:
        """Methods of compiled classes may be there for tests, which reach no C otherwise."""
        for module in [*self.modules, *self.stubs]:
            for owner, method in module.methods():
                name = method.name
                own = sum(read == name for read in _attributes(method))
                if not (
                    self._read_from_objects[name] > own
                    or (module in self.stubs and name in self._read_by_tests)
                    or self._is_called_from_outside(module.name, name)
                    or module.overrides(owner, name)
                ):
                    yield f"{module.name}.{owner.name}.{name}"


def _names(tree: ast.AST) -> Iterator[ast.Name]:
    return (node for node in ast.walk(tree) if isinstance(node, ast.Name))


def _is_read(node: ast.Name | ast.Attribute) -> bool:
    return isinstance(node.ctx, ast.Load)


def _attributes(tree: ast.AST) -> Iterator[str]:
    """Names read from objects; where names are read by text, every text that may be one."""
    nodes = list(ast.walk(tree))
    by_text = any(isinstance(node, ast.Name) and node.id in BY_TEXT for node in nodes)
    for node in nodes:
        if isinstance(node, ast.Attribute) and _is_read(node):
            yield node.attr
        elif by_text and isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value


def _cython_takes(source: str) -> Iterator[str]:
    """The dotted names that a Cython source imports, or reads from a module that it imports."""
    for module, names in TAKES.findall(source):
        for entry in names.strip("()").split(","):
            name, *renamed = entry.split() or [""]
            yield f"{module}.{name}"
            for read in re.findall(rf"\b{(renamed or [name])[-1]}\.(\w+)", source):
                yield f"{module}.{name}.{read}"


def _texts(paths: Iterable[Path]) -> list[str]:
    return [path.read_text(encoding="utf-8") for path in paths]


def _code_of(notebook: Path) -> str:
    """The code of a notebook, without the lines that are IPython's alone."""
    cells = json.loads(notebook.read_text(encoding="utf-8"))["cells"]
    lines = [
        line.rstrip("\n")
        for cell in cells
        if cell["cell_type"] == "code"
        for line in cell["source"]
    ]
    return "\n".join(line for line in lines if not line.startswith(("%", "!")))
