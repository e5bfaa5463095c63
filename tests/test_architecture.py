"""The house rules: who imports whom, what is where, and how long a function may be."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache
from importlib import import_module
from inspect import isclass
from pathlib import Path

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


@cache
def nodes(path: Path) -> tuple[ast.AST, ...]:
    return tuple(ast.walk(ast.parse(path.read_text(encoding="utf-8"))))


def may_import(path: Path) -> tuple[str, ...]:
    return MAY_IMPORT[path.relative_to(ROOT).parts[0]]


def imports(path: Path) -> Iterator[str]:
    """Yield every module that a file imports, `from a import b` as ``a.b``."""
    for node in nodes(path):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def importers(*packages: str) -> set[str]:
    return {name(p) for p in FILES if any(m.split(".")[0] in packages for m in imports(p))}


def test_imports_point_in_one_direction() -> None:
    wrong = [
        f"{name(path)} imports {module}"
        for path in FILES
        for module in imports(path)
        if module.split(".")[0] == "errorneurons" and module != "errorneurons.__version__"
        if not any(f"{module}.".startswith(f"{prefix}.") for prefix in may_import(path))
    ]
    assert not wrong


def test_imports_are_absolute() -> None:
    relative = [
        f"{name(path)}:{node.lineno}"
        for path in FILES
        for node in nodes(path)
        if isinstance(node, ast.ImportFrom) and node.level
    ]
    assert not relative


def test_only_the_engine_knows_the_compiler() -> None:
    assert importers("numba", "llvmlite") == {"simulate/engine/kernels.py"}


def test_only_plots_know_how_to_plot() -> None:
    others = [p for p in importers("matplotlib", "seaborn") if "analysis/figures/" not in p]
    assert not others


def test_nothing_is_pickled() -> None:
    assert not importers("pickle", "dill", "cloudpickle", "joblib", "shelve", "marshal")


def test_the_library_neither_prints_nor_runs_text() -> None:
    forbidden = {"print", "eval", "exec", "breakpoint", "input"}
    calls = [
        f"{name(path)}:{node.lineno} calls {node.func.id}"
        for path in FILES
        for node in nodes(path)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
        if node.func.id in forbidden
    ]
    assert not calls


def test_functions_are_short() -> None:
    """Kernels in `kernels.py` are longer where splitting would cost speed."""
    long = [
        f"{name(path)}: {node.name} has {lines_of_code(node)} lines"
        for path in FILES
        if path.name != "kernels.py"
        for node in nodes(path)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        if lines_of_code(node) > LONGEST
    ]
    assert not long


def lines_of_code(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Return the lines of a function without its docstring."""
    text = ast.get_docstring(function, clean=False)
    documented = len(text.splitlines()) if text else 0
    return (function.end_lineno or 0) - function.lineno + 1 - documented


def modules(folder: str, but: set[str]) -> list[str]:
    return sorted({p.stem for p in (ROOT / folder).glob("*.py")} - but - {"__init__"})


def test_a_file_of_claims_holds_one_claim_and_the_registry_has_it() -> None:
    found = [
        import_module(f"errorneurons.predictions.claims.{stem}").CLAIM
        for stem in modules("predictions/claims", NO_CLAIM)
    ]
    assert sorted(c.key for c in found) == sorted(c.key for c in CLAIMS)
    assert len({c.key for c in CLAIMS}) == len(CLAIMS)


def test_a_file_of_models_holds_one_theory_with_all_that_a_circuit_needs() -> None:
    wrong = [
        stem for stem in modules("simulate/theories", NO_THEORY) if not holds_one_circuit(stem)
    ]
    assert not wrong


def holds_one_circuit(stem: str) -> bool:
    module = import_module(f"errorneurons.simulate.theories.{stem}")
    circuits = [
        c for c in vars(module).values()
        if isclass(c) and c.__module__ == module.__name__ and hasattr(c, "initial_weights")
    ]  # fmt: skip
    needed = ("rest", "step", "learn", "populations")
    return len(circuits) == 1 and all(hasattr(circuits[0], part) for part in needed)


def test_the_registry_names_theories_by_their_files() -> None:
    for theory in THEORIES:
        assert theory.name.startswith(theory.circuit.theory)
        assert type(theory.circuit).__module__.startswith("errorneurons.simulate.theories.")
