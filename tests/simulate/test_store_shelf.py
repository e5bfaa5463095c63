"""What is there is taken and the rest is made, whoever runs at the same time or is killed."""

from __future__ import annotations

import random
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from errorneurons.simulate.store import files
from errorneurons.simulate.store.counting import counting
from errorneurons.simulate.store.files import NETCDF, is_intact
from errorneurons.simulate.store.shelf import Piece, Shelf, provide


@pytest.fixture
def library(tmp_path: Path) -> tuple[Shelf, list[str]]:
    return Shelf(tmp_path / "kept", NETCDF), []


def until(happens: Callable[[], bool]) -> bool:
    for _ in range(600):
        if happens():
            return True
        time.sleep(0.05)
    return False


def of_arrays(chores: ModuleType, seeds: range, key: str = "") -> dict[str, Piece]:
    return {
        f"worlds/{s:03d}": Piece(chores.arrays, (s,), f"{key}{s:064d}"[:64], f"{s} simulated")
        for s in seeds
    }


def test_what_is_there_is_taken_and_the_rest_is_made(
    chores: Any, library: tuple[Shelf, list[str]]
) -> None:
    shelf, said = library
    provide(of_arrays(chores, range(2)), shelf, said.append)
    assert sorted(text.partition(" (")[0] for text in said) == ["0 simulated", "1 simulated"]
    assert [text.partition(" (")[2][:6] for text in said] == ["1 of 2", "2 of 2"]
    said.clear()
    paths = provide(of_arrays(chores, range(3)), shelf, said.append)
    assert said == ["2 of 3 taken from an earlier run", "2 simulated"]
    said.clear()
    provide(of_arrays(chores, range(3)), shelf, said.append)
    assert said == ["all 3 taken from an earlier run"]
    assert shelf.form.read(paths["worlds/002"]).identical(chores.arrays(2))


def test_a_damaged_file_is_made_again_and_said(
    chores: Any, library: tuple[Shelf, list[str]]
) -> None:
    shelf, said = library
    path = provide(of_arrays(chores, range(1)), shelf, str)["worlds/000"]
    path.write_bytes(path.read_bytes()[:500])
    provide(of_arrays(chores, range(1)), shelf, said.append)
    assert said == [f"{path} cannot be read and is made again", "0 simulated"]
    assert is_intact(path)


def test_other_keys_and_old_layouts_are_left_alone(
    chores: Any, library: tuple[Shelf, list[str]]
) -> None:
    shelf, _ = library
    old = shelf.folder / "worlds" / "000.nc"
    old.parent.mkdir(parents=True)
    old.write_bytes(b"of an earlier version")
    first = provide(of_arrays(chores, range(1), "a"), shelf, str)["worlds/000"]
    second = provide(of_arrays(chores, range(1), "b"), shelf, str)["worlds/000"]
    assert first != second
    assert is_intact(first)
    assert old.read_bytes() == b"of an earlier version"


RUN = """
import sys
from pathlib import Path
sys.path[:0] = {path!r}
import chores
from errorneurons.simulate.store.files import NETCDF
from errorneurons.simulate.store.shelf import Piece, Shelf, provide
from errorneurons.simulate.store.work import Labour
if __name__ == "__main__":
    key = sys.argv[1]
    pieces = {{str(s): Piece(chores.arrays, (s,), key + f"{{s:063d}}") for s in range(6)}}
    provide(pieces, Shelf(Path({folder!r}), NETCDF), str, Labour(int(sys.argv[2])))
"""


@pytest.fixture
def start(tmp_path: Path) -> Callable[..., subprocess.Popen[bytes]]:
    """Return what starts a run on a folder of its own, with a key and a number of workers."""
    script = tmp_path / "run.py"
    path = [str(Path(__file__).parent), *sys.path]
    script.write_text(RUN.format(path=path, folder=str(tmp_path / "kept")), encoding="utf-8")
    return lambda *words: subprocess.Popen([sys.executable, str(script), *words])


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_runs_that_overlap_leave_what_one_leaves(
    start: Callable[..., subprocess.Popen[bytes]], tmp_path: Path
) -> None:
    assert [start(key, "1").wait() for key in "ab"] == [0, 0]
    alone = contents(tmp_path / "kept")
    assert len(alone) == 12
    for path in (tmp_path / "kept").iterdir():
        path.unlink()
    runs = [start(key, workers) for key, workers in ("a1", "a2", "b1", "b1")]
    assert [run.wait() for run in runs] == [0] * 4
    assert contents(tmp_path / "kept") == alone


@pytest.mark.skipif(sys.platform == "win32", reason="no signals")
def test_kills_at_random_moments_lose_nothing_and_change_no_bit(
    start: Callable[..., subprocess.Popen[bytes]], tmp_path: Path
) -> None:
    assert start("a", "1").wait() == 0
    alone = contents(tmp_path / "kept")
    for path in (tmp_path / "kept").iterdir():
        path.unlink()
    moments = random.Random(1)
    for workers in "1212":
        run, before = start("a", workers), len(list((tmp_path / "kept").glob("[!.]*")))
        until(lambda run=run, n=before: run.poll() is not None  # type: ignore[misc]
              or len(list((tmp_path / "kept").glob("[!.]*"))) > n)  # fmt: skip
        time.sleep(moments.uniform(0, 0.05))
        run.kill()
        run.wait()
        left = [p for p in (tmp_path / "kept").iterdir() if not p.name.startswith(".")]
        assert all(p.read_bytes() == alone[p.name] for p in left)
        assert len(left) >= before
    assert start("a", "2").wait() == 0
    files.remove_abandoned(tmp_path / "kept", 0.0)
    assert contents(tmp_path / "kept") == alone


def test_only_what_is_done_counts_in_the_time_that_is_left() -> None:
    said: list[str] = []
    seconds = iter((0.0, 10.0, 30.0))
    say = counting(said.append, ["a", "b"], clock=lambda: next(seconds))
    for text in ("the worker of 'a' died; it is done again", "b", "a"):
        say(text)
    assert said == [
        "the worker of 'a' died; it is done again", "b (1 of 2, about 10 s left)", "a (2 of 2)",
    ]  # fmt: skip
