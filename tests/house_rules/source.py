"""Our own source files, parsed once for all rules."""

import ast
import functools
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("crm_core", "crm_desktop", "crm_server")


@dataclass(frozen=True)
class Source:
    """One Python file; `name` is its path from the root, with slashes."""

    name: str
    tree: ast.Module

    def at(self, node: ast.AST) -> str:
        return f"{self.name}:{getattr(node, 'lineno', 1)}"

    def is_in(self, *places: str) -> bool:
        """Is this file one of these modules, or inside one of these packages?"""
        return any(self.name == f"{place}.py" or f"{place}/" in self.name for place in places)

    def strings(self) -> Iterator[ast.Constant]:
        """Every string in the code, docstrings left out."""
        docstrings = {id(node.value) for node in ast.walk(self.tree) if isinstance(node, ast.Expr)}
        for node in ast.walk(self.tree):
            match node:
                case ast.Constant(value=str()) if id(node) not in docstrings:
                    yield node

    def imports(self) -> Iterator[tuple[str, ast.stmt]]:
        """Every imported name in full, wherever in the file it is imported."""
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Import):
                yield from ((alias.name, node) for alias in node.names)
            elif isinstance(node, ast.ImportFrom):
                yield from ((f"{node.module}.{alias.name}", node) for alias in node.names)

    def method_calls(self, *methods: str) -> Iterator[ast.Call]:
        """Every call written `something.method(…)`."""
        for node in ast.walk(self.tree):
            match node:
                case ast.Call(func=ast.Attribute(attr=name)) if name in methods:
                    yield node


@functools.cache
def sources(*packages: str) -> tuple[Source, ...]:
    """The Python files of these packages, or of all three."""
    return tuple(
        parsed(path)
        for package in packages or PACKAGES
        for path in sorted((ROOT / package).rglob("*.py"))
    )


@functools.cache
def parsed(path: Path) -> Source:
    """One file, which most rules look at and which takes longer to parse than to look at."""
    return Source(path.relative_to(ROOT).as_posix(), ast.parse(path.read_text("utf-8")))


@functools.cache
def repository_texts() -> tuple[tuple[str, str], ...]:
    """Name and text of every file that belongs to the repository; pictures and the like left out.

    Found by walking: a machine that runs the tests need not have git.
    """
    texts = ((path.relative_to(ROOT).as_posix(), path.read_bytes()) for path in repository_files())
    return tuple(
        (name, data.decode("utf-8", "replace")) for name, data in texts if b"\0" not in data
    )


def repository_files() -> Iterator[Path]:
    for folder, folders, files in os.walk(ROOT):
        folders[:] = sorted(name for name in folders if not is_made_by_a_tool(name))
        yield from (Path(folder) / name for name in sorted(files))


def is_made_by_a_tool(folder: str) -> bool:
    """What .gitignore says to git."""
    if folder in {"build", "dist", "__pycache__"}:
        return True
    return folder.startswith(".") and folder != ".ci"
