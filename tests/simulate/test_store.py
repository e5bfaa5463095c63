"""The store: keys follow sources, files are whole or not there, workers end and are replaced."""

from __future__ import annotations

import errno
import os
import random
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from enum import Enum
from functools import partial
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from errorneurons.simulate.store import files, keys, places, work
from errorneurons.simulate.store.files import JSON, NETCDF, WriteError, is_intact, keep, replacing
from errorneurons.simulate.store.kept import Piece, Shelf, kept
from errorneurons.simulate.store.work import Labour, WorkerError, run_all

TWO = Labour(workers=2)
ROOT = os.geteuid() == 0 if sys.platform != "win32" else False


@pytest.fixture
def chores(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Return pieces of work that other processes find too."""
    monkeypatch.syspath_prepend(Path(__file__).parent)
    import chores

    return chores


@pytest.fixture
def library(tmp_path: Path) -> tuple[Shelf, list[str]]:
    return Shelf(tmp_path / "kept", NETCDF), []


# keys


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
    assert len({keys.key(found, s.circuit) for s in SUBJECTS}) == len(SUBJECTS)


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


# files


def test_arrays_and_summaries_come_back_as_they_were(chores: Any, tmp_path: Path) -> None:
    data, summary = chores.arrays(3), {"a": [0.1, None, "b"], "c": 1e-300}
    keep(data, tmp_path / "a.nc", NETCDF)
    keep(summary, tmp_path / "b.json", JSON)
    assert NETCDF.read(tmp_path / "a.nc").identical(data)
    assert JSON.read(tmp_path / "b.json") == summary
    assert {p.name for p in tmp_path.iterdir()} == {"a.nc", "b.json"}


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
    form = files.Form(".nc", full, NETCDF.read)
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
    mine, dead = (files._beside(tmp_path / n) for n in ("a.nc", "b.nc"))
    dead = dead.with_name(dead.name.replace(f"-{os.getpid()}-", f"-{ended.pid}-"))
    for path in (mine, dead, tmp_path / "old.partial"):
        path.touch()
    files.sweep(tmp_path)
    assert dead.exists()
    files.sweep(tmp_path, 0.0)
    assert {p.name for p in tmp_path.iterdir()} == {mine.name, "old.partial"}


# places


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


# work


def test_results_come_back_and_are_said(chores: Any) -> None:
    said: list[str] = []
    tasks = {f"{n} squared": (chores.square, (n,)) for n in range(5)}
    for labour in (TWO, Labour(workers=1)):
        found = run_all(tasks, said.append, labour)
        assert [found[name]["square"] for name in tasks] == [0, 1, 4, 9, 16]
        assert sorted(said) == sorted(tasks)
        said.clear()


def test_workers_have_one_thread_each_and_this_process_as_before(chores: Any) -> None:
    before = os.environ.get("OMP_NUM_THREADS")
    found = run_all(dict.fromkeys("ab", (chores.threads, ())), str, TWO)
    assert {tuple(f.values()) for f in found.values()} == {("1", "1")}
    assert os.environ.get("OMP_NUM_THREADS") == before


def test_errors_of_work_come_back_as_they_are(chores: Any) -> None:
    tasks = dict.fromkeys("ab", (chores.refuse, ("there is no area 7",)))
    with pytest.raises(ValueError, match=r"^there is no area 7$"):
        run_all(tasks, str, TWO)


def test_the_piece_of_a_dead_worker_is_named_and_done_again(chores: Any, tmp_path: Path) -> None:
    said: list[str] = []
    tasks = {"a": (chores.die_once, (tmp_path / "note",)), "b": (chores.square, (2,))}
    assert run_all(tasks, said.append, TWO)["a"] == {"done": True}
    assert (
        "the worker of 'a' died (ended by SIGKILL, as when memory runs out); it is done" in said[0]
    )


def test_a_piece_whose_workers_die_again_and_again_is_given_up(chores: Any) -> None:
    tasks = {"a": (chores.die, ()), "b": (chores.square, (2,))}
    with pytest.raises(
        WorkerError, match=r"the worker of 'a' died 3 times \(ended by SIGKILL.*kept"
    ):
        run_all(tasks, str, TWO)


def test_workers_with_other_sources_are_refused(
    chores: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(work, "installation", lambda: "edited")
    with pytest.raises(ValueError, match="a worker has other sources of errorneurons than the"):
        run_all(dict.fromkeys("ab", (chores.square, (2,))), str, TWO)


SCRIPT = """
import sys
from pathlib import Path
sys.path[:0] = {path!r}
import chores
from errorneurons.simulate.store.work import Labour, run_all
if __name__ == "__main__":
    run_all({{n: (chores.leave_pid, (Path({folder!r}),)) for n in "ab"}}, str, Labour(2))
"""


@pytest.mark.skipif(sys.platform == "win32", reason="no signals")
@pytest.mark.parametrize("name", ["SIGTERM", "SIGKILL", "SIGINT"])
def test_workers_end_with_their_parent(tmp_path: Path, name: str) -> None:
    path, pids = [str(Path(__file__).parent), *sys.path], tmp_path / "pids"
    pids.mkdir()
    script = tmp_path / "script.py"
    script.write_text(SCRIPT.format(path=path, folder=str(pids)), encoding="utf-8")
    parent = subprocess.Popen([sys.executable, str(script)], stderr=subprocess.PIPE)
    assert until(lambda: len(list(pids.iterdir())) == 2)
    parent.send_signal(signal.Signals[name])
    parent.communicate()
    assert until(lambda: not any(map(alive, pids.iterdir())))


def until(happens: Callable[[], bool]) -> bool:
    for _ in range(600):
        if happens():
            return True
        time.sleep(0.05)
    return False


def alive(path: Path) -> bool:
    """Return whether a process runs; one that has ended may wait for its parent to notice."""
    status = Path("/proc") / path.name / "stat"
    try:
        return status.read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


# on a cluster


def test_who_lacks_dask_is_told_how_to_get_it(monkeypatch: pytest.MonkeyPatch, chores: Any) -> None:
    monkeypatch.setitem(sys.modules, "distributed", None)
    message = r'running on a cluster needs dask: pip install "errorneurons\[distributed\]"'
    with pytest.raises(ValueError, match=message):
        run_all({"a": (chores.square, (1,))}, str, Labour(scheduler="tcp://nowhere:1"))


@pytest.fixture(scope="module")
def cluster() -> Iterator[Any]:
    distributed = pytest.importorskip("distributed", reason="needs errorneurons[distributed]")
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(Path(__file__).parent)
        with distributed.LocalCluster(
            n_workers=2, threads_per_worker=1, dashboard_address=None
        ) as known:
            yield known


@pytest.mark.filterwarnings("default")
def test_work_is_done_on_dask_and_what_a_lost_worker_was_at_again(
    cluster: Any, chores: Any, tmp_path: Path
) -> None:
    scheduled = Labour(scheduler=cluster.scheduler_address)
    tasks = {"a": (chores.die_once, (tmp_path / "note",)), "b": (chores.square, (2,))}
    found = run_all(tasks, str, scheduled)
    assert found == {"a": {"done": True}, "b": {"square": 4}}
    with pytest.raises(ValueError, match=r"^there is no area 7$"):
        run_all({"a": (chores.refuse, ("there is no area 7",))}, str, scheduled)


@pytest.mark.filterwarnings("default")
def test_a_cluster_writes_the_same_files(cluster: Any, chores: Any, tmp_path: Path) -> None:
    piece = {"one": Piece(chores.arrays, (1,), "k" * 64)}
    shelves = [Shelf(tmp_path / n, NETCDF) for n in ("here", "there")]
    here = kept(piece, shelves[0], str)["one"]
    there = kept(piece, shelves[1], str, Labour(scheduler=cluster.scheduler_address))["one"]
    assert here.read_bytes() == there.read_bytes()


# kept


def of_arrays(chores: ModuleType, seeds: range, key: str = "") -> dict[str, Piece]:
    return {
        f"worlds/{s:03d}": Piece(chores.arrays, (s,), f"{key}{s:064d}"[:64], f"{s} simulated")
        for s in seeds
    }


def test_what_is_there_is_taken_and_the_rest_is_made(
    chores: Any, library: tuple[Shelf, list[str]]
) -> None:
    shelf, said = library
    kept(of_arrays(chores, range(2)), shelf, said.append)
    assert sorted(said) == ["0 simulated", "1 simulated"]
    said.clear()
    paths = kept(of_arrays(chores, range(3)), shelf, said.append)
    assert said == ["2 of 3 taken from an earlier run", "2 simulated"]
    said.clear()
    kept(of_arrays(chores, range(3)), shelf, said.append)
    assert said == ["all 3 taken from an earlier run"]
    assert shelf.form.read(paths["worlds/002"]).identical(chores.arrays(2))


def test_a_damaged_file_is_made_again_and_said(
    chores: Any, library: tuple[Shelf, list[str]]
) -> None:
    shelf, said = library
    path = kept(of_arrays(chores, range(1)), shelf, str)["worlds/000"]
    path.write_bytes(path.read_bytes()[:500])
    kept(of_arrays(chores, range(1)), shelf, said.append)
    assert said == [f"{path} cannot be read and is made again", "0 simulated"]
    assert is_intact(path)


def test_other_keys_and_old_layouts_are_left_alone(
    chores: Any, library: tuple[Shelf, list[str]]
) -> None:
    shelf, _ = library
    old = shelf.folder / "worlds" / "000.nc"
    old.parent.mkdir(parents=True)
    old.write_bytes(b"of an earlier version")
    first = kept(of_arrays(chores, range(1), "a"), shelf, str)["worlds/000"]
    second = kept(of_arrays(chores, range(1), "b"), shelf, str)["worlds/000"]
    assert first != second
    assert is_intact(first)
    assert old.read_bytes() == b"of an earlier version"


RUN = """
import sys
from pathlib import Path
sys.path[:0] = {path!r}
import chores
from errorneurons.simulate.store.files import NETCDF
from errorneurons.simulate.store.kept import Piece, Shelf, kept
from errorneurons.simulate.store.work import Labour
if __name__ == "__main__":
    key = sys.argv[1]
    pieces = {{str(s): Piece(chores.arrays, (s,), key + f"{{s:063d}}") for s in range(8)}}
    kept(pieces, Shelf(Path({folder!r}), NETCDF), str, Labour(int(sys.argv[2])))
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
    assert len(alone) == 16
    for path in (tmp_path / "kept").iterdir():
        path.unlink()
    runs = [start(key, workers) for key, workers in (*["a1"] * 3, "b1", "b2", "a2")]
    assert [run.wait() for run in runs] == [0] * 6
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
    for workers in "121212":
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
    files.sweep(tmp_path / "kept", 0.0)
    assert contents(tmp_path / "kept") == alone
