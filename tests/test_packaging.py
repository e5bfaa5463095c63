"""What is in the folders is in the package: setuptools drops what is not listed without a word."""

from __future__ import annotations

import re
import tomllib
from fnmatch import fnmatch
from pathlib import Path

import pytest

import errorneurons

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
SETUPTOOLS = PROJECT["tool"]["setuptools"]
FOLDERS = {
    "src/errorneurons": "errorneurons",
    "simulate": "errorneurons.simulate",
    "analysis": "errorneurons.analysis",
    "predictions": "errorneurons.predictions",
}
EXTRAS = PROJECT["project"]["optional-dependencies"]
REQUIREMENTS = [*PROJECT["project"]["dependencies"], *(r for e in EXTRAS.values() for r in e)]


def files() -> list[tuple[str, str, Path]]:
    """Return top package, path inside it, and path of every file of the package."""
    return [
        (package, path.relative_to(ROOT / folder).as_posix(), path)
        for folder, package in FOLDERS.items()
        for path in sorted((ROOT / folder).rglob("*"))
        if path.is_file() and "__pycache__" not in path.parts and ".egg-info" not in str(path)
    ]


def test_every_folder_with_python_files_is_a_listed_package() -> None:
    found = {
        ".".join([package, *inside.split("/")[:-1]])
        for package, inside, path in files()
        if path.suffix == ".py"
    }
    assert found == set(SETUPTOOLS["packages"])


def test_every_data_file_is_listed() -> None:
    listed = SETUPTOOLS["package-data"]
    dropped = [
        f"{package}: {inside}"
        for package, inside, path in files()
        if path.suffix != ".py" and not any(fnmatch(inside, p) for p in listed.get(package, ()))
    ]
    assert not dropped


def test_the_version_is_one_everywhere() -> None:
    version = PROJECT["project"]["version"]
    assert version == errorneurons.__version__
    assert f"## [{version}]" in (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    assert f"version: {version}\n" in (ROOT / "CITATION.cff").read_text(encoding="utf-8")


@pytest.mark.parametrize("requirement", REQUIREMENTS)
def test_every_requirement_has_a_floor(requirement: str) -> None:
    assert re.search(r">=\d", requirement)


@pytest.mark.parametrize("name", ["uv.lock", "poetry.lock", "pdm.lock", ".python-version"])
def test_there_is_no_lock_file(name: str) -> None:
    assert not list(ROOT.glob(name))
