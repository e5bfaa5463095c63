"""The house rules, one test a rule: each names all offenders.

Where a rule does not hold everywhere yet, `house_offenders.toml` lists who may still break it. The
list only shrinks: whoever is on it and breaks the rule no longer must be taken off.
"""

from __future__ import annotations

import ast
import re
import tomllib
from collections import Counter, defaultdict
from collections.abc import Iterable
from importlib import import_module
from inspect import isclass
from pathlib import Path

from sources import (
    FILES,
    MODULES,
    ROOT,
    definitions,
    importers,
    imports,
    module_of,
    name,
    needs,
    nodes,
    reached,
)  # fmt: skip

from errorneurons.predictions.claims.registry import CLAIMS
from errorneurons.simulate.theories.registry import THEORIES

OFFENDERS = tomllib.loads((ROOT / "tests" / "house_offenders.toml").read_text(encoding="utf-8"))
LONGEST_FUNCTION = 60
LONGEST_MODULE = 400
FULLEST_FOLDER = 15
ONE_OF_A_KIND_A_FILE = ("simulate/theories", "predictions/claims")
"""Folders that grow with what is added, and are no harder to find one's way in for it."""
NO_THEORY = {
    "broken",
    "cannot",
    "counter_circuits",
    "error_parameters",
    "error_axons",
    "error_parts",
    "error_places",
    "error_synapses",
    "from_file",
    "left_open",
    "nuisance",
    "paces",
    "papers",
    "ranges",
    "registry",
    "synonyms",
    "theory",
}
"""Files of `simulate/theories` that are no theory."""
NO_CLAIM = {
    "meant",
    "dated",
    "claim",
    "cursor",
    "ending",
    "lasers",
    "registry",
    "requirements",
    "taught",
    "violations",
}
"""Files of `predictions/claims` that are no claim."""
LONG_MODULES = {
    "simulate/kernels/kernels.py": "kernels, longer where splitting would cost speed",
    "simulate/engine/loop.py": "the compiled loop, which dispatches on every operation",
}
COMMON_NAMES = {"CLAIM", "EXPERIMENTS", "RESULT", "TASK", "State", "Weights", "effect"}
"""Names that many modules define, because each holds one of a kind."""
MAY_IMPORT = {
    "simulate": ("errorneurons.analysis.session", "errorneurons.simulate"),
    "analysis": ("errorneurons.analysis",),
    "predictions": ("errorneurons",),
    "src": ("errorneurons",),
}
FLOORS = (
    "analysis.session", "analysis.statistics", "analysis.measures", "analysis.signals",
    "analysis.filters", "analysis.origins", "analysis.mapping", "analysis.called",
    "analysis.sources", "analysis.named", "analysis.readers", "analysis.nwb_export",
    "analysis.readers.nwb", "analysis.folders", "analysis.door", "analysis.kinds",
    "analysis.evidence", "analysis.figures", "analysis",
    "simulate.store", "simulate.arrays", "simulate.refusing", "simulate.feedforward",
    "simulate.circuit", "simulate.parts", "simulate.experiments", "simulate.theories",
    "simulate.engine", "simulate.trials", "simulate.kernels", "simulate.instrument",
    "simulate.animals", "simulate.tasks", "simulate.published", "simulate.ablations",
    "simulate.variants",
    "simulate.catalogue", "simulate",
    "predictions.words", "predictions.texts", "predictions.claims",
    "predictions.judging", "predictions.comparing", "predictions.studies", "predictions.pages",
    "predictions.commands", "predictions",
)  # fmt: skip
"""Rooms from the ground up: a room imports only what stands before it."""
IMPORTED_AS = {"scikit-learn": "sklearn"}


def is_as_listed(rule: str, found: Iterable[str]) -> None:
    """Check that those break a rule who are listed, as often as is listed, and nobody else."""
    all_found = sorted(found)
    broken = Counter(one.split(":")[0] for one in all_found)
    listed = Counter(OFFENDERS.get(rule, []))
    new = [one for one in all_found if one.split(":")[0] in broken - listed]
    assert not new, f"{rule}: these, or some of them, are new"
    assert not listed - broken, f"{rule}: some are mended; lower or drop their entries in the list"


def room_of(module: str) -> str:
    """Return the sub-package of a module; a module beside sub-packages is a room of its own."""
    parts = module.split(".")[1:]
    alone = MODULES[module].name == "__init__.py" or len(parts) < 3
    return ".".join(parts if alone else parts[:-1])


# Who imports whom


def test_imports_point_in_one_direction() -> None:
    wrong = [
        f"{name(path)} imports {module}"
        for path in FILES
        for module in imports(path)
        if module.split(".")[0] == "errorneurons" and module != "errorneurons.__version__"
        if not f"{module}.".startswith(
            tuple(f"{prefix}." for prefix in MAY_IMPORT[path.relative_to(ROOT).parts[0]])
        )
    ]
    assert not wrong


def test_rooms_import_what_stands_below_them() -> None:
    homeless = {room_of(module) for module in MODULES} - {"", *FLOORS}
    assert not homeless, "give each room its place in FLOORS"
    upwards = [
        f"{name(path)} imports {module}"
        for path in FILES
        for module in needs(path)
        if (room := room_of(module_of(path))) and room_of(module) != room
        if room_of(module) not in FLOORS[: FLOORS.index(room)]
    ]
    assert not upwards


def test_imports_are_absolute() -> None:
    relative = [
        f"{name(path)}:{node.lineno}"
        for path in FILES
        for node in nodes(path)
        if isinstance(node, ast.ImportFrom) and node.level
    ]
    assert not relative


def test_only_the_engine_knows_the_compiler() -> None:
    assert importers("numba", "llvmlite") <= {*LONG_MODULES, "simulate/engine/counts.py"}


def test_only_figures_know_how_to_plot() -> None:
    plots = importers("matplotlib", "seaborn")
    assert not [file for file in plots if not file.startswith("analysis/figures/")]


def test_nothing_is_pickled() -> None:
    assert not importers("pickle", "dill", "cloudpickle", "joblib", "shelve", "marshal")


def test_every_required_distribution_is_imported() -> None:
    """An engine of xarray is imported by its name."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    required = [*project["dependencies"], *project["optional-dependencies"]["distributed"]]
    distributions = {re.split(r"[^\w-]", r)[0] for r in required}
    used = {module.split(".")[0] for path in FILES for module in imports(path)}
    engines = {
        keyword.value.value
        for path in FILES
        for keyword in nodes(path)
        if isinstance(keyword, ast.keyword) and keyword.arg == "engine"
        if isinstance(keyword.value, ast.Constant)
    }
    unused = {d for d in distributions if IMPORTED_AS.get(d, d) not in used | engines}
    is_as_listed("required and never imported", unused)


# What is where, and how much


def test_folders_hold_few_modules() -> None:
    held = Counter(path.parent for path in FILES if path.name != "__init__.py")
    full = [name(folder) for folder, count in held.items() if count > FULLEST_FOLDER]
    full = [folder for folder in full if folder not in ONE_OF_A_KIND_A_FILE]
    is_as_listed("folders of more than 15 modules", full)


def test_modules_are_short() -> None:
    long = [
        name(path)
        for path in FILES
        if len(path.read_text(encoding="utf-8").splitlines()) > LONGEST_MODULE
        if name(path) not in LONG_MODULES
    ]
    is_as_listed("modules of more than 400 lines", long)


def test_functions_are_short() -> None:
    long = [
        f"{name(path)}: {node.name} has {lines_of_code(node)} lines"
        for path in FILES
        if name(path) not in LONG_MODULES
        for node in nodes(path)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        if lines_of_code(node) > LONGEST_FUNCTION
    ]
    assert not long


def lines_of_code(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Return the lines of a function without its docstring."""
    text = ast.get_docstring(function, clean=False)
    documented = len(text.splitlines()) if text else 0
    return (function.end_lineno or 0) - function.lineno + 1 - documented


def test_no_public_name_is_defined_twice() -> None:
    homes = defaultdict(set)
    for module, defined in definitions():
        if not defined.startswith("_"):
            homes[defined].add(module)
    twice = [n for n, modules in homes.items() if len(modules) > 1 and n not in COMMON_NAMES]
    is_as_listed("public names of two modules", twice)


def test_every_public_function_is_reached() -> None:
    """From a command, from the face, or from an example of the documentation."""
    used = reached()
    idle = [
        f"{module.removeprefix('errorneurons.')}.{defined}"
        for (module, defined), statement in definitions().items()
        if isinstance(statement, ast.FunctionDef) and not defined.startswith("_")
        if (module, defined) not in used
    ]
    is_as_listed("functions that nothing reaches", idle)


# What is said in one place


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


def test_only_theories_ask_which_circuit_it_is() -> None:
    concrete = circuits()
    asked = [
        f"{name(path)}:{node.lineno} asks for {known.id}"
        for path in FILES
        if path.parent.name != "theories"
        for node in nodes(path)
        if isinstance(node, ast.Call) and ast.unparse(node.func) in ("isinstance", "issubclass")
        for known in ast.walk(node.args[1])
        if isinstance(known, ast.Name) and known.id in concrete
    ]
    is_as_listed("isinstance of a circuit", asked)


def circuits() -> set[str]:
    """Return the classes of circuits."""
    return {
        statement.name
        for (module, _), statement in definitions().items()
        if module.startswith("errorneurons.simulate.theories.")
        if isinstance(statement, ast.ClassDef)
        if any("initial_weights" in ast.unparse(part) for part in statement.body)
    }


def test_only_the_registry_knows_theories_by_name() -> None:
    """A theory's own file says its name, and a claim names the circuit that contradicts it."""
    names = {theory.name for theory in THEORIES}
    said = [
        f"{name(path)}:{node.lineno} says {node.value}"
        for path in FILES
        if path.parent.name != "theories"
        for node in nodes(path)
        if isinstance(node, ast.Constant) and node.value in names
        if node not in counter_circuits(path)
    ]
    is_as_listed("names of theories", said)


def counter_circuits(path: Path) -> list[ast.expr]:
    return [
        node.value
        for node in nodes(path)
        if isinstance(node, ast.keyword) and node.arg == "counter_circuit"
    ]


# One of a kind a file


def modules(folder: str, but: set[str]) -> list[str]:
    return sorted({p.stem for p in (ROOT / folder).glob("*.py")} - but - {"__init__"})


def test_a_file_of_claims_holds_one_claim_and_the_registry_has_it() -> None:
    found = [
        import_module(f"errorneurons.predictions.claims.{stem}").CLAIM
        for stem in modules("predictions/claims", NO_CLAIM)
    ]
    assert sorted(c.key for c in found) == sorted(c.key for c in CLAIMS)
    assert len({c.key for c in CLAIMS}) == len(CLAIMS)


def test_a_file_of_theories_holds_one_theory_with_all_that_a_circuit_needs() -> None:
    stems = modules("simulate/theories", NO_THEORY)
    assert not [stem for stem in stems if not holds_one_circuit(stem)]


def holds_one_circuit(stem: str) -> bool:
    module = import_module(f"errorneurons.simulate.theories.{stem}")
    found = [
        c for c in vars(module).values()
        if isclass(c) and c.__module__ == module.__name__ and hasattr(c, "initial_weights")
    ]  # fmt: skip
    needed = ("rest", "step", "learn", "populations")
    return len(found) == 1 and all(hasattr(found[0], part) for part in needed)


def test_the_registry_names_theories_by_their_files() -> None:
    for theory in THEORIES:
        assert theory.name.startswith(theory.circuit.theory)
        assert type(theory.circuit).__module__.startswith("errorneurons.simulate.theories.")
