"""The sources of the library, read for the house rules: modules, definitions and references."""

from __future__ import annotations

import ast
import doctest
import re
from collections import defaultdict
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[1]
TOP = "errorneurons"
LIBRARY = ("src", "simulate", "analysis", "predictions")
FILES = sorted(path for folder in LIBRARY for path in (ROOT / folder).rglob("*.py"))
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")])

Definition = tuple[str, str]
"""Module and name."""


def name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def module_of(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    parts = parts[1:] if parts[0] == "src" else (TOP, *parts)
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


MODULES = {module_of(path): path for path in FILES}


@cache
def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


@cache
def nodes(path: Path) -> tuple[ast.AST, ...]:
    return tuple(ast.walk(tree(path)))


def imports(path: Path) -> Iterator[str]:
    """Yield every module that a file imports, `from a import b` as ``a.b``."""
    for node in nodes(path):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def importers(*packages: str) -> set[str]:
    return {name(p) for p in FILES if any(m.split(".")[0] in packages for m in imports(p))}


def needs(path: Path) -> set[str]:
    """Return the modules of ours that a file imports."""
    found = set()
    for given in imports(path):
        known = [given, given.rpartition(".")[0]]
        found |= {next(m for m in known if m in MODULES)} if set(known) & set(MODULES) else set()
    return found - {TOP}


def named(statement: ast.stmt) -> set[str]:
    """Return the names that a statement at the top of a module defines."""
    if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        return {statement.name}
    targets = (
        statement.targets
        if isinstance(statement, ast.Assign)
        else [statement.target]
        if isinstance(statement, ast.AnnAssign)
        else []
    )
    return {n.id for target in targets for n in ast.walk(target) if isinstance(n, ast.Name)}


@cache
def definitions() -> dict[Definition, ast.stmt]:
    """Return what every module defines at its top."""
    return {
        (module, defined): statement
        for module, path in MODULES.items()
        for statement in tree(path).body
        for defined in named(statement)
    }


def imported(code: ast.AST) -> dict[str, set[str]]:
    """Return what imports bind, as ``module`` or ``module.name``, anywhere in some code."""
    found: dict[str, set[str]] = defaultdict(set)
    for node in ast.walk(code):
        if isinstance(node, ast.Import | ast.ImportFrom):
            home = f"{node.module}." if isinstance(node, ast.ImportFrom) else ""
            for alias in node.names:
                found[alias.asname or alias.name].add(home + alias.name)
    return dict(found)


def resolved(given: str, seen: frozenset[str] = frozenset()) -> set[Definition]:
    """Return what a dotted name means: all of a module, or a definition, through what hands on."""
    if given in MODULES:
        return {d for d in definitions() if d[0] == given}
    module, _, last = given.rpartition(".")
    if (module, last) in definitions():
        return {(module, last)}
    if module not in MODULES or given in seen:
        return set()
    onwards = imported(tree(MODULES[module])).get(last, set())
    return {d for there in onwards for d in resolved(there, seen | {given})}


def references(code: ast.AST, module: str, bound: dict[str, set[str]]) -> set[Definition]:
    """Return the definitions that some code of a module speaks of."""
    found: set[Definition] = set()
    owners = {
        id(n.value): n.attr
        for n in ast.walk(code)
        if isinstance(n, ast.Attribute) and isinstance(n.value, ast.Name)
    }
    for node in ast.walk(code):
        if not isinstance(node, ast.Name):
            continue
        if (module, node.id) in definitions():
            found.add((module, node.id))
        for meant in bound.get(node.id, set()):
            part = f".{owners[id(node)]}" if meant in MODULES and id(node) in owners else ""
            found |= resolved(meant + part)
    return found


def examples(page: Path) -> ast.Module:
    """Return the code of a page of the documentation: what doctest runs, and blocks of Python."""
    text = page.read_text(encoding="utf-8")
    code = [e.source for e in doctest.DocTestParser().get_examples(text)]
    blocks = [b for b in re.findall(r"```python\n(.*?)```", text, re.DOTALL) if ">>>" not in b]
    return ast.parse("\n".join([*code, *blocks]))


def reached() -> set[Definition]:
    """Return every definition that a command, the face, or the documentation leads to."""
    bound = {module: imported(tree(path)) for module, path in MODULES.items()}
    every = definitions()
    found = {d for d in every if d[0] == TOP or d[0].startswith(f"{TOP}.predictions.commands.")}
    for module, path in MODULES.items():
        for statement in tree(path).body:
            if not named(statement) and not isinstance(statement, ast.Import | ast.ImportFrom):
                found |= references(statement, module, bound[module])
    for given in imports(MODULES[TOP]):
        found |= resolved(given)
    for page in PAGES:
        code = examples(page)
        found |= references(code, "", imported(code))
    fresh = set(found)
    while fresh:
        new = {r for d in fresh for r in references(every[d], d[0], bound[d[0]])}
        fresh = new - found
        found |= fresh
    return found
