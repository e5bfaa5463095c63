"""A theory from a file of one's own, which the package need not know.

The file is a Python module that ends in ``THEORY``, an entry as those of the registry. It is
imported as any module is, so it is run: name only files that you would run.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from functools import cache
from hashlib import sha256
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import FunctionType, ModuleType
from typing import Any

import numpy as np

from errorneurons.simulate.circuit import Circuit, Population, World, neurons
from errorneurons.simulate.theories.registry import theory
from errorneurons.simulate.theories.theory import Theory

_ENTRY = "THEORY"
_ENDING = ".py"
_PACKAGE = "errorneurons."
_WRONG = (
    ArithmeticError, AssertionError, AttributeError, LookupError, OSError, RuntimeError, TypeError,
    ValueError,
)  # fmt: skip
"""What equations raise that do not fit their arrays, or read files that are not there."""


def theory_named(name: str) -> Theory:
    """Return a theory of the registry, or the one in a Python file.

    Parameters
    ----------
    name
        Name, or path of a file that ends in ``.py``.

    Raises
    ------
    ValueError
        If there is none, or its circuit is not what a circuit must be.
    """
    return theory_from(name) if is_file(name) else theory(name)


def is_file(name: object) -> bool:
    """Return whether a theory is named by a Python file."""
    return isinstance(name, str | Path) and str(name).endswith(_ENDING)


def theory_from(path: str | Path) -> Theory:
    """Return the theory in a Python file, whose circuit has gone through a step and learnt.

    Parameters
    ----------
    path
        A file whose ``THEORY`` is a `Theory`, of a name that the registry does not have.

    Raises
    ------
    ValueError
        If there is no such file or entry, or its circuit is not what a circuit must be.
    """
    file = Path(path)
    if not file.is_file():
        raise ValueError(f"there is no file {file}; give the Python file of a theory")
    found = getattr(_imported(file.resolve(), _hash(file)), _ENTRY, None)
    if not isinstance(found, Theory):
        has = "no" if found is None else f"as {_ENTRY} a {type(found).__name__}, no entry of a"
        raise ValueError(
            f"{file.name} has {has} {_ENTRY}; let it end in {_ENTRY} = Theory(name, label, "
            '"theory", description, circuit)'
        )
    if _is_taken(found.name):
        raise ValueError(f"{file.name} calls its theory {found.name}, as another one; rename it")
    _check(file.name, found.circuit)
    return found


def rests_on_file(path: str | Path) -> tuple[str, tuple[str, ...]]:
    """Return the hash of a theory's file, and the modules of this package that it imports from."""
    file = Path(path)
    module = _imported(file.resolve(), _hash(file))
    own = {v.__module__ for v in vars(module).values() if isinstance(v, type | FunctionType)}
    return _hash(file), tuple(sorted(name for name in own if name.startswith(_PACKAGE)))


def _hash(file: Path) -> str:
    return sha256(file.read_bytes()).hexdigest()


@cache
def _imported(file: Path, content: str) -> ModuleType:
    """Import a file, once for each content of it; its classes find their module by its name."""
    name = f"theory_file_{file.stem}_{content[:8]}"
    spec = spec_from_file_location(name, file)
    if spec is None or spec.loader is None:
        raise ValueError(f"{file.name} cannot be imported; give a Python file")
    module = module_from_spec(spec)
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except (ImportError, NameError, SyntaxError, *_WRONG) as error:
        del sys.modules[name]
        said = f"{type(error).__name__}: {error}".replace("\n", " ")
        raise ValueError(f"{file.name} cannot be imported: {said}") from error
    return module


def _is_taken(name: str) -> bool:
    try:
        theory(name)
    except ValueError:
        return False
    return True


def _check(file: str, circuit: Circuit[Any, Any]) -> None:
    """Refuse a circuit that lacks a part, or whose equations do not fit together."""
    needed = [name for name in vars(Circuit) if not name.startswith("_")]
    missing = [name for name in needed if not hasattr(circuit, name)]
    if missing:
        raise ValueError(
            f"the circuit of {file}, a {type(circuit).__name__}, lacks {', '.join(missing)}; "
            "docs/adding.md says what a circuit has"
        )
    tried = "be set up"
    try:
        weights = circuit.initial_weights(1, [0])
        state = circuit.rest(weights, 1)
        tried = "go through a step"
        after = circuit.step(weights, state, _world(circuit))
        tried = "learn"
        circuit.learn(weights, state, after)
        tried = "show its rates"
        found = {role: np.shape(rates)[-1] for role, rates in after.rates.items()}
    except _WRONG as error:
        said = f"{type(error).__name__}: {error}".replace("\n", " ")
        raise ValueError(f"the circuit of {file} cannot {tried}: {said}") from error
    _check_rates(file, circuit, found)


def _world(circuit: Circuit[Any, Any]) -> World:
    """Return a step in which an input is on and something is taught."""
    shape = (1, 1, circuit.layers[0]), (1, 1, circuit.layers[-1])
    return World(np.full(shape[0], 0.5), np.full(shape[1], 0.5), np.ones((1, 1, 1), dtype=bool))


def _check_rates(file: str, circuit: Circuit[Any, Any], found: Mapping[Any, int]) -> None:
    own = circuit.populations
    if not own or not all(isinstance(p, Population) for p in own):
        raise ValueError(f"the circuit of {file} has no populations; name them, lowest area first")
    for role in dict.fromkeys(p.role for p in own):
        wanted = neurons(circuit, role).stop
        if found.get(role) != wanted:
            raise ValueError(
                f"the circuit of {file} has {wanted} {role} neurons in its populations and "
                f"{found.get(role, 'no')} in the rates of its state; let both say the same"
            )
