"""Keys of the store: results rest on what sources mean, and on the configuration."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import Enum
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from errorneurons.simulate.store import keys


@dataclass(frozen=True)
class Settings:
    rate: float
    name: str = "a"


class Side(Enum):
    ABOVE = 1


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., str]]:
    """Return what writes modules of a package and returns the hash of the first."""
    root = tmp_path / "errorneurons"
    root.mkdir()
    monkeypatch.setattr(keys, "_file", lambda name: found(root, name))

    def hash_of(leave_out: tuple[str, ...] = (), **modules: str) -> str:
        for name, text in modules.items():
            (root / f"{name}.py").write_text(textwrap.dedent(text), encoding="utf-8")
        clear()
        return keys.source_hash(("errorneurons.a",), leave_out)

    yield hash_of
    clear()


def found(root: Path, name: str) -> Path | None:
    path = root.joinpath(*name.split(".")[1:])
    path = path / "__init__.py" if name == "errorneurons" else path.with_suffix(".py")
    return path if path.exists() or name == "errorneurons" else None


def clear() -> None:
    keys.source_hash.cache_clear()
    keys._read.cache_clear()


def test_an_edited_docstring_or_comment_changes_no_key(package: Callable[..., str]) -> None:
    plain = package(a="def f(x):\n    return 2 * x\n")
    assert package(a='"""New."""\n\ndef f(x):\n    """Do."""\n    return 2 * x  # twice\n') == plain
    assert package(a="def f(x):\n    return 3 * x\n") != plain


@pytest.mark.parametrize(
    "line",
    ["from errorneurons.b import c", "from errorneurons import b", "import errorneurons.b",
     "def f():\n    from errorneurons.b import c"],
)  # fmt: skip
def test_keys_follow_imports_also_within_functions(package: Callable[..., str], line: str) -> None:
    first = package(a=line, b="c = 1")
    assert package(b="c = 2") != first


def test_keys_follow_imports_of_imports_and_not_those_for_types(
    package: Callable[..., str],
) -> None:
    typed = "from errorneurons.b import x\nif TYPE_CHECKING:\n    from errorneurons.d import y"
    first = package(a=typed, b="from errorneurons.c import x", c="x = 1", d="y = 1")
    assert package(d="y = 2") == first
    assert package(c="x = 2") != first


def test_registries_can_be_left_out(package: Callable[..., str]) -> None:
    registry = ("errorneurons.b",)
    first = package(registry, a="from errorneurons.b import x", b="x = 1")
    assert package(registry, b="x = 2") == first


def test_data_files_that_a_module_opens_are_sources(
    package: Callable[..., str], tmp_path: Path
) -> None:
    table = tmp_path / "errorneurons" / "table.csv"
    table.write_text("1", encoding="utf-8")
    opens = "from importlib import resources\nresources.files('errorneurons')"
    first, apart = package(a=opens), package(a="")
    table.write_text("2", encoding="utf-8")
    assert package(a="") == apart
    assert package(a=opens) != first


def test_configurations_are_told_apart_to_the_last_bit() -> None:
    large = np.arange(5000.0)
    other = large.copy()
    other[2500] += 1e-9
    values: list[object] = [
        Settings(1.0),
        Settings(np.nextafter(1.0, 2)),
        Settings(1.0, "b"),
        large,
        other,
    ]
    values += [Side, Side.ABOVE, partial(found, Path()), found, {"a": 1}, {"a": 1.0}, (1,)]
    assert len({keys.canonical(v) for v in values}) == len(values)
    assert keys.canonical({"a": 1, "b": [2]}) == keys.canonical({"b": [2], "a": 1})
    assert keys.canonical(np.float64(0.1)) == keys.canonical(0.1)


def test_what_has_no_text_of_its_own_is_refused() -> None:
    with pytest.raises(TypeError, match="a object cannot be part of a key; give a dataclass of"):
        keys.canonical((1, object()))


def test_a_key_rests_on_the_sources_of_the_classes_in_its_configuration() -> None:
    from errorneurons.simulate.theories.registry import SUBJECTS

    for subject in SUBJECTS:
        used = keys.modules_of(subject.circuit)
        assert type(subject.circuit).__module__ in used
    assert len({keys.key(found, s.rests_on) for s in SUBJECTS}) == len(SUBJECTS)


def test_keys_are_the_same_in_another_process() -> None:
    text = "from errorneurons.simulate.store.keys import key, source_hash; print(key(source_hash, {1, 2, 'a'}))"  # noqa: E501
    seeds = ("1", "2")
    told = {
        subprocess.run(
            [sys.executable, "-c", text], capture_output=True, text=True, check=True,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), "PYTHONHASHSEED": seed},
        ).stdout
        for seed in seeds
    }  # fmt: skip
    assert told == {f"{keys.key(keys.source_hash, {1, 2, 'a'})}\n"}
