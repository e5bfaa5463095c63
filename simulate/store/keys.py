"""What a result rests on, as one hash: sources, configuration, version and data files.

Sources count by their meaning: an edited docstring or comment changes no key, an edited equation,
claim or threshold changes the keys of all that reaches it by `import`, inside functions too.
"""

from __future__ import annotations

import ast
import gc
import hashlib
import math
from collections.abc import Callable, Iterator, Mapping, Set
from contextlib import contextmanager
from dataclasses import dataclass, field, fields, is_dataclass
from enum import Enum
from functools import cache, partial
from importlib.util import find_spec
from pathlib import Path
from types import BuiltinFunctionType, FunctionType, MethodType
from typing import Any

import numpy as np

from errorneurons import __version__

PACKAGE = "errorneurons"
DATA = (".csv", ".json", ".toml")
"""Endings of files that count as sources where a module opens the folder that they are in."""


def key(
    work: Callable[..., Any],
    configuration: object,
    leave_out: tuple[str, ...] = (),
    also: tuple[str, ...] = (),
) -> str:
    """Return the hash of everything that the result of a piece of work rests on.

    That is the version, the configuration, and the sources of the function, of the classes and
    functions in the configuration, and of all that they import from this package.

    Parameters
    ----------
    work
        The function.
    configuration
        Anything made of numbers, text, arrays, tuples, lists, sets, mappings, dataclasses, classes
        and functions.
    leave_out
        Modules and packages that are not followed: registries, whose chosen entry is part of the
        configuration, so that another entry does not make this result again.
    also
        Modules that are reached in no other way.
    """
    text, used = canonical(configuration), modules_of(configuration)
    sources = source_hash((*sorted({work.__module__, *used, *also}),), leave_out)
    return hashed(__version__, f"{work.__module__}.{work.__qualname__}", text, sources)


def hashed(*texts: str) -> str:
    """Return the SHA-256 of texts, as 64 hexadecimal digits."""
    return hashlib.sha256("\0".join(texts).encode()).hexdigest()


def canonical(value: object) -> str:
    """Return a text that is the same for equal values, in every process.

    Raises
    ------
    TypeError
        If a part of the value has no such text.
    """
    if value is None or isinstance(value, bool | int | str | bytes | complex):
        return repr(value)
    if isinstance(value, float):
        return "nan" if math.isnan(value) else repr(float(value))
    if isinstance(value, np.generic):
        return canonical(value.item())
    if isinstance(value, np.ndarray):
        return _of_array(value)
    if isinstance(value, Enum):
        return f"{_named(type(value))}.{value.name}"
    if isinstance(value, Path):
        return f"path {value.as_posix()!r}"
    if isinstance(value, type | FunctionType):
        return _of_function(value)
    if isinstance(value, np.ufunc | BuiltinFunctionType):
        return f"function {value.__name__}"
    if isinstance(value, Mapping):
        return f"{{{','.join(sorted(f'{canonical(k)}:{canonical(v)}' for k, v in value.items()))}}}"
    if isinstance(value, Set):
        return f"set({','.join(sorted(map(canonical, value)))})"
    if is_dataclass(value) or isinstance(value, tuple | list | range | partial | MethodType):
        name = "" if isinstance(value, tuple | list | range) else _named(type(value))
        return f"{name}({','.join(map(canonical, _parts(value)))})"
    raise TypeError(
        f"a {type(value).__name__} cannot be part of a key; give a dataclass of numbers"
    )


def _of_array(value: np.ndarray[Any, Any]) -> str:
    if value.dtype.hasobject:
        return f"array{value.shape}{canonical(value.tolist())}"
    content = hashlib.sha256(np.ascontiguousarray(value).tobytes()).hexdigest()
    return f"array({value.dtype.str},{value.shape},{content})"


def _of_function(value: type | FunctionType) -> str:
    if isinstance(value, type):
        return _named(value)
    held = [canonical(part) for part in _parts(value)]
    code = value.__code__
    if value.__name__ == "<lambda>":  # many functions of a module have this name
        held += [code.co_code.hex(), repr(code.co_names), repr(code.co_consts)]
    return f"{_named(value)}[{','.join(held)}]"


def _named(value: type | FunctionType) -> str:
    return f"{value.__module__}.{value.__qualname__}"


def _parts(value: object) -> Iterator[object]:
    """Yield what a value is made of."""
    if isinstance(value, Mapping):
        yield from (part for item in value.items() for part in item)
    elif isinstance(value, tuple | list | range | Set):
        yield from value
    elif isinstance(value, partial):
        yield from (value.func, value.args, value.keywords)
    elif isinstance(value, MethodType):
        yield from (value.__func__, value.__self__)
    elif isinstance(value, FunctionType):
        yield from (cell.cell_contents for cell in value.__closure__ or ())
    elif is_dataclass(value) and not isinstance(value, type):
        yield from (part for f in fields(value) for part in (f.name, getattr(value, f.name)))


def modules_of(value: object) -> frozenset[str]:
    """Return the modules of this package whose classes and functions a value is made of."""
    own = value if isinstance(value, type | FunctionType) else type(value)
    found = {own.__module__} if own.__module__.startswith(f"{PACKAGE}.") else set()
    return frozenset(found).union(*map(modules_of, _parts(value)))


@cache
def source_hash(modules: tuple[str, ...], leave_out: tuple[str, ...] = ()) -> str:
    """Return the hash of what modules, and all that they import from this package, mean.

    Parameters
    ----------
    modules
        Names of modules.
    leave_out
        Modules that are not followed, and packages of which none is.
    """
    reached = _reached(modules, leave_out)
    return hashed(*(f"{name}\n{meaning}" for name, meaning in sorted(reached.items())))


def _reached(modules: tuple[str, ...], leave_out: tuple[str, ...]) -> dict[str, str]:
    found: dict[str, str] = {}
    waiting = list(modules)
    while waiting:
        name = waiting.pop()
        left = any(f"{name}.".startswith(f"{other}.") for other in leave_out)
        if name in found or left or not name.startswith(f"{PACKAGE}."):
            continue
        path = _file(name)
        if path is not None:
            found[name], imported = _read(name, path)
            waiting += imported
    return found


@cache
def _read(name: str, path: Path) -> tuple[str, tuple[str, ...]]:
    """Return the hash of what a module means, its data files included, and what it imports."""
    meaning = _Meaning(name)
    with _nothing_collected():
        meaning.take(ast.parse(path.read_text(encoding="utf-8")))
    return hashed(*meaning.words, *meaning.data), tuple(meaning.imported)


@contextmanager
def _nothing_collected() -> Iterator[None]:
    """Let no garbage be searched for while a tree grows, which would take thrice as long."""
    before = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if before:
            gc.enable()


@dataclass
class _Meaning:
    """What a module means, in words, without docstrings, comments and imports for types alone.

    Attributes
    ----------
    module
        Its name.
    words
        Kinds of nodes and their contents, one after the other, so that no two trees have the same.
    imported
        Names of what is imported, anywhere in it.
    data
        Data files that it opens, and their hashes.
    """

    module: str
    words: list[str] = field(default_factory=list)
    imported: list[str] = field(default_factory=list)
    data: list[str] = field(default_factory=list)

    def take(self, value: object) -> None:
        """Add a node and all within it, or a list, or what a node holds."""
        if isinstance(value, ast.AST):
            if not self._passed_over(value):
                self.words.append(type(value).__name__)
                for name in value._fields:
                    self.take(getattr(value, name, None))
        elif isinstance(value, list):
            self.words.append("[")
            for part in value:
                self.take(part)
            self.words.append("]")
        else:
            self.words.append(repr(value))

    def _passed_over(self, node: ast.AST) -> bool:
        """Return whether a node means nothing by itself; note what is imported and opened."""
        if isinstance(node, ast.Expr):
            return isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)
        if isinstance(node, ast.Import):
            self.imported += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            self.imported += [node.module, *(f"{node.module}.{a.name}" for a in node.names)]
        elif isinstance(node, ast.Call):
            self.data += _opened(node, self.module)
        elif isinstance(node, ast.If) and getattr(node.test, "id", "") == "TYPE_CHECKING":
            for part in node.orelse:
                self.take(part)
            return True
        return False


def _opened(call: ast.Call, module: str) -> list[str]:
    """Return the data files of a package that `importlib.resources.files` opens, and hashes."""
    called = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", 0)
    if called != "files" or not call.args:
        return []
    given = call.args[0]
    package = given.value if isinstance(given, ast.Constant) else module.rpartition(".")[0]
    root = _file(str(package))
    if root is None:
        return []
    found = sorted(path for path in root.parent.iterdir() if path.suffix in DATA)
    return [f"{path.name} {_digest(path)}" for path in found]


@cache
def _file(name: str) -> Path | None:
    """Return the file of a module, None if the name is that of something within one."""
    try:
        spec = find_spec(name)
    except ModuleNotFoundError:
        return None
    return Path(spec.origin) if spec and spec.origin and spec.has_location else None


@cache
def installation() -> str:
    """Return the hash of every byte of this package, as it was when this process first asked."""
    return installed_now()


def installed_now() -> str:
    """Return the hash of every byte of this package as it is on disk."""
    parts = [PACKAGE, *(f"{PACKAGE}.{name}" for name in ("simulate", "analysis", "predictions"))]
    texts: list[str] = []
    for part in parts:
        folder = Path(str(_file(part))).parent
        # an installed package holds the other three, a checkout does not: the hash is the same
        files = folder.glob("*") if part == PACKAGE else folder.rglob("*")
        texts += [
            f"{part} {path.relative_to(folder).as_posix()} {_digest(path)}"
            for path in sorted(files)
            if path.suffix in (".py", *DATA)
        ]
    return hashed(*texts)


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
