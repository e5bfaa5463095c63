"""The house rules: who imports whom, what is where, and how long a function may be."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from importlib import import_module
from inspect import isclass
from pathlib import Path

import pytest

from errorneurons.predictions.claims.registry import CLAIMS
from errorneurons.simulate.theories.registry import THEORIES

ROOT = Path(__file__).parents[1]
LIBRARY = ("src", "simulate", "analysis", "predictions")
FILES = sorted(path for folder in LIBRARY for path in (ROOT / folder).rglob("*.py"))
LONGEST = 60
NO_THEORY = {"counter_circuits", "error_parameters", "nuisance", "registry"}
"""Files of `simulate/theories` that are no theory."""

NO_CLAIM = {"claim", "registry", "requirements"}
"""Files of `predictions/claims` that are no claim."""

MAY_IMPORT = {
    "simulate": ("errorneurons.analysis.session", "errorneurons.simulate"),
    "analysis": ("errorneurons.analysis",),
    "predictions": ("errorneurons",),
    "src": (),
}


def name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def nodes(path: Path) -> Iterator[ast.AST]:
    return ast.walk(ast.parse(path.read_text(encoding="utf-8")))


def imports(path: Path) -> Iterator[str]:
    """Yield every module that a file imports, `from a import b` as ``a.b``."""
    for node in nodes(path):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def importers(*packages: str) -> set[str]:
    return {name(p) for p in FILES if any(m.split(".")[0] in packages for m in imports(p))}


@pytest.mark.parametrize("path", FILES, ids=name)
def test_imports_point_in_one_direction(path: Path) -> None:
    allowed = MAY_IMPORT[path.relative_to(ROOT).parts[0]]
    ours = [m for m in imports(path) if m.split(".")[0] == "errorneurons"]
    wrong = [
        module
        for module in ours
        if module != "errorneurons.__version__"
        and not any(f"{module}.".startswith(f"{prefix}.") for prefix in allowed)
    ]
    assert not wrong


@pytest.mark.parametrize("path", FILES, ids=name)
def test_imports_are_absolute(path: Path) -> None:
    assert not [n for n in nodes(path) if isinstance(n, ast.ImportFrom) and n.level]


def test_only_the_engine_knows_the_compiler() -> None:
    assert importers("numba", "llvmlite") == {"simulate/engine/kernels.py"}


def test_only_plots_know_how_to_plot() -> None:
    others = [p for p in importers("matplotlib", "seaborn") if "analysis/figures/" not in p]
    assert not others


def test_nothing_is_pickled() -> None:
    assert not importers("pickle", "dill", "cloudpickle", "joblib", "shelve", "marshal")


@pytest.mark.parametrize("path", FILES, ids=name)
def test_the_library_neither_prints_nor_runs_text(path: Path) -> None:
    called = {
        node.func.id
        for node in nodes(path)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
    }
    assert not called & {"print", "eval", "exec", "breakpoint", "input"}


@pytest.mark.parametrize("path", FILES, ids=name)
def test_functions_are_short(path: Path) -> None:
    """Kernels are longer where splitting would cost speed."""
    if path.name == "kernels.py":
        return
    functions = [n for n in nodes(path) if isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef)]
    assert not [f.name for f in functions if lines_of_code(f) > LONGEST]


def lines_of_code(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Return the lines of a function without its docstring."""
    text = ast.get_docstring(function, clean=False)
    documented = len(text.splitlines()) if text else 0
    return (function.end_lineno or 0) - function.lineno + 1 - documented


def modules(folder: str) -> list[str]:
    return [p.stem for p in sorted((ROOT / folder).glob("*.py")) if p.stem != "__init__"]


def test_a_file_of_claims_holds_one_claim_and_the_registry_has_it() -> None:
    found = [
        import_module(f"errorneurons.predictions.claims.{stem}").CLAIM
        for stem in modules("predictions/claims")
        if stem not in NO_CLAIM
    ]
    assert sorted(c.key for c in found) == sorted(c.key for c in CLAIMS)
    assert len({c.key for c in CLAIMS}) == len(CLAIMS)


@pytest.mark.parametrize("stem", [m for m in modules("simulate/theories") if m not in NO_THEORY])
def test_a_file_of_models_holds_one_theory_with_all_that_a_circuit_needs(stem: str) -> None:
    module = import_module(f"errorneurons.simulate.theories.{stem}")
    circuits = [
        c for c in vars(module).values()
        if isclass(c) and c.__module__ == module.__name__ and hasattr(c, "initial_weights")
    ]  # fmt: skip
    assert len(circuits) == 1
    assert all(hasattr(circuits[0], part) for part in ("rest", "step", "learn", "populations"))


def test_the_registry_names_theories_by_their_files() -> None:
    for theory in THEORIES:
        assert theory.name.startswith(theory.circuit.theory)
        assert type(theory.circuit).__module__.startswith("errorneurons.simulate.theories.")
