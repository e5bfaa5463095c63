"""Files of the store are whole and intact or not there; folders that cannot be used are refused."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from errorneurons.analysis.session.files import part_of
from errorneurons.simulate.store import files, places
from errorneurons.simulate.store.files import (
    ARRAYS,
    JSON,
    NETCDF,
    WriteError,
    is_intact,
    keep,
    replacing,
)

ROOT = os.geteuid() == 0 if sys.platform != "win32" else False


def test_arrays_and_summaries_come_back_as_they_were(chores: Any, tmp_path: Path) -> None:
    data, summary = chores.arrays(3), {"a": [0.1, None, "b"], "c": 1e-300}
    keep(data, tmp_path / "a.nc", NETCDF)
    keep(summary, tmp_path / "b.json", JSON)
    assert NETCDF.read(tmp_path / "a.nc").identical(data)
    assert JSON.read(tmp_path / "b.json") == summary
    assert {p.name for p in tmp_path.iterdir()} == {"a.nc", "b.json"}


def test_arrays_come_back_and_make_the_same_file_each_time(tmp_path: Path) -> None:
    data = {
        "rates of a role": np.arange(6, dtype=np.float32).reshape(2, 3),
        "left_out": np.array(2),
        "effect": np.array(["N", "M"]),
        "empty": np.empty((0, 3)),
    }
    for name in "ab":
        keep(data, tmp_path / f"{name}.npz", ARRAYS)
    found = ARRAYS.read(tmp_path / "a.npz")
    assert list(found) == list(data)
    for name, values in data.items():
        np.testing.assert_array_equal(found[name], values, strict=True)
    assert (tmp_path / "a.npz").read_bytes() == (tmp_path / "b.npz").read_bytes()


def test_objects_are_not_kept_as_arrays(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="Object arrays cannot be saved when allow_pickle=False"):
        keep({"a": np.array([None])}, tmp_path / "a.npz", ARRAYS)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("damage", ["cut", "flip", "empty", "end", "gone"])
def test_a_damaged_file_is_recognised(chores: Any, tmp_path: Path, damage: str) -> None:
    path = tmp_path / "a.nc"
    keep(chores.arrays(3), path, NETCDF)
    assert is_intact(path)
    whole = path.read_bytes()
    middle = len(whole) // 2
    flipped = whole[:middle] + bytes([whole[middle] ^ 1]) + whole[middle + 1 :]
    path.write_bytes({"cut": whole[:middle], "flip": flipped, "empty": b"", "end": whole + b"\n",
                      "gone": whole[: -files.TRAILER]}[damage])  # fmt: skip
    assert not is_intact(path)


def full(result: object, path: Path) -> None:
    path.write_bytes(b"half")
    raise OSError(errno.ENOSPC, "No space left on device")


def test_a_full_disk_is_one_sentence_and_leaves_no_half_file(tmp_path: Path) -> None:
    form = files.Format(".nc", full, NETCDF.read)
    with pytest.raises(WriteError, match=r"cannot write .*a\.nc: the disk is full; make room, or"):
        keep(0, tmp_path / "a.nc", form, "--library")
    assert not list(tmp_path.iterdir())


def test_what_is_written_over_stays_if_writing_fails(tmp_path: Path) -> None:
    path = tmp_path / "page.html"
    path.write_text("old", encoding="utf-8")
    with suppress(KeyError), replacing(path) as part:
        part.write_text("new", encoding="utf-8")
        raise KeyError
    assert [p.read_text("utf-8") for p in tmp_path.iterdir()] == ["old"]


def test_what_dead_processes_left_half_written_is_swept(tmp_path: Path) -> None:
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    mine, dead = (part_of(tmp_path / n) for n in ("a.nc", "b.nc"))
    dead = dead.with_name(dead.name.replace(f"-{os.getpid()}-", f"-{ended.pid}-"))
    folder = dead.with_suffix(".zarr")
    (folder / "group").mkdir(parents=True)
    for path in (mine, dead, tmp_path / "old.partial"):
        path.touch()
    files.remove_abandoned(tmp_path)
    assert dead.exists()
    files.remove_abandoned(tmp_path, 0.0)
    assert {p.name for p in tmp_path.iterdir()} == {mine.name, "old.partial"}


def test_a_folder_takes_the_place_of_another_as_a_whole(tmp_path: Path) -> None:
    for text in ("old", "new"):
        with files.replacing_folder(tmp_path / "a") as part:
            part.mkdir()
            (part / text).touch()
    with suppress(KeyError), files.replacing_folder(tmp_path / "a") as part:
        part.mkdir()
        raise KeyError
    with files.replacing_folder(tmp_path / "a"):
        pass
    assert [str(p.relative_to(tmp_path)) for p in tmp_path.rglob("*")] == ["a", "a/new"]


def test_a_folder_that_cannot_be_made_is_refused_with_its_option(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(ValueError, match=r"cannot make the folder .*: Not a directory; give "
                       "another --library"):  # fmt: skip
        places.check_writable(tmp_path / "file" / "folder", "--library")


def test_a_folder_that_cannot_be_written_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    read_only(tmp_path, monkeypatch)
    with pytest.raises(ValueError, match="may not be written to; give another --out"):
        places.check_writable(tmp_path)


def read_only(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let no file be made in a folder; root may write everywhere."""
    if not ROOT:
        folder.chmod(0o500)
        return

    def refused(dir: Path) -> None:  # noqa: A002
        raise OSError(errno.EROFS, "Read-only file system", str(dir))

    monkeypatch.setattr(places.tempfile, "TemporaryFile", refused)


def test_who_has_no_home_is_told_what_to_set(monkeypatch: pytest.MonkeyPatch) -> None:
    def homeless() -> Path:
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    monkeypatch.setattr(places.Path, "home", homeless)
    with pytest.raises(ValueError, match=r"there is no home folder .* give --library or set \$LIB"):
        places.cache_folder("errorneurons-library", "LIB", "--library")


def test_compiled_code_goes_to_a_temporary_folder_of_ones_own_if_need_be(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(places.tempfile, "tempdir", str(tmp_path))
    monkeypatch.setattr(places, "_usable", lambda _: False)
    monkeypatch.setenv(places.COMPILED, "/nowhere")
    monkeypatch.delitem(sys.modules, "numba", raising=False)
    assert places.compiler_cache()
    folder = Path(os.environ[places.COMPILED])
    assert folder.parent == tmp_path
    assert folder.stat().st_mode & 0o777 == 0o700
    folder.chmod(0o777)  # others may write there: what they put would be run
    assert places.compiler_cache()
    assert Path(os.environ[places.COMPILED]) != folder


def test_compiled_code_stays_where_it_is_if_it_can(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(places.COMPILED, raising=False)
    assert places.compiler_cache()
    assert places.COMPILED not in os.environ
