"""Work in processes and on Dask: dead workers are replaced, none outlives who asked."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from errorneurons.simulate.store import workers
from errorneurons.simulate.store.files import NETCDF
from errorneurons.simulate.store.shelf import Piece, Shelf, provide
from errorneurons.simulate.store.work import Labour, WorkerError, run_all

TWO = Labour(workers=2)


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


def test_results_that_cannot_be_sent_are_an_error_and_no_dead_worker(chores: Any) -> None:
    said: list[str] = []
    with pytest.raises(AttributeError, match="unsendable"):
        run_all(dict.fromkeys("ab", (chores.unsendable, ())), said.append, TWO)
    assert not said


def test_work_within_work_is_done_by_the_same_worker(chores: Any) -> None:
    found = run_all(dict.fromkeys("ab", (chores.shared, (3,))), str, TWO)
    assert [f["squares"] for f in found.values()] == [3, 3]


def test_workers_do_not_run_the_script_of_who_asks(tmp_path: Path) -> None:
    script = "from math import sqrt\n" + UNGUARDED
    (tmp_path / "script.py").write_text(script)
    command = [sys.executable, str(tmp_path / "script.py")]
    for how in ({"args": command}, {"args": [sys.executable], "input": script}):
        done = subprocess.run(**how, capture_output=True, text=True, check=True)  # type: ignore[call-overload]
        assert done.stdout == "{'a': 3.0, 'b': 4.0}\n"


UNGUARDED = """
from errorneurons.simulate.store.work import Labour, run_all
print(run_all({"a": (sqrt, (9,)), "b": (sqrt, (16,))}, str, Labour(workers=2)))
"""


def test_workers_that_a_thread_started_are_not_used_by_another(chores: Any) -> None:
    # they end with their thread, and a piece that they are at would have to be done again
    with ThreadPoolExecutor(1) as other:
        assert not other.submit(pids, chores).result() & pids(chores)


def test_the_piece_of_a_dead_worker_is_named_and_done_again(chores: Any, tmp_path: Path) -> None:
    said: list[str] = []
    tasks = {"a": (chores.die_once, (tmp_path / "note",)), "b": (chores.square, (2,))}
    assert run_all(tasks, said.append, TWO)["a"] == {"done": True}
    how = "ended by SIGKILL, as when memory runs out"
    assert sorted(said) == ["a", "b", f"the worker of 'a' died ({how}); it is done again"]


def test_a_piece_whose_workers_die_again_and_again_is_given_up(chores: Any) -> None:
    tasks = {"a": (chores.die, ()), "b": (chores.square, (2,))}
    with pytest.raises(
        WorkerError, match=r"the worker of 'a' died 3 times \(ended by SIGKILL.*kept"
    ):
        run_all(tasks, str, TWO)


def test_workers_with_other_sources_are_refused(
    chores: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("installation", "installed_now"):
        monkeypatch.setattr(workers, name, lambda: "edited")
    with pytest.raises(ValueError, match="a worker has other sources of errorneurons than the"):
        run_all(dict.fromkeys("ab", (chores.square, (2,))), str, TWO)


def pids(chores: Any) -> set[int]:
    """Return which processes work, of two that have a piece each for a while."""
    return {
        f["pid"] for f in run_all(dict.fromkeys("ab", (chores.slow, (0.3,))), str, TWO).values()
    }


def test_a_later_call_has_the_same_workers(chores: Any) -> None:
    first = pids(chores)
    assert len(first) == 2
    assert pids(chores) == first
    assert os.getpid() not in first


def test_a_worker_that_died_at_rest_is_replaced_without_a_word(chores: Any) -> None:
    first, said = pids(chores), list[str]()
    os.kill(killed := min(first), signal.SIGKILL)
    assert run_all(dict.fromkeys("ab", (chores.square, (2,))), said.append, TWO)
    assert sorted(said) == ["a", "b"]
    assert killed not in pids(chores)


def test_workers_that_rest_long_end_by_themselves(
    chores: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(workers, "REST", 0.0)
    first = pids(chores)
    assert until(lambda: not any(alive(Path(str(pid))) for pid in first))
    assert not pids(chores) & first


def test_workers_that_started_in_other_surroundings_are_not_used(
    chores: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    known = [pids(chores)]
    for change in (
        lambda: monkeypatch.setenv("WHATEVER", "else"),
        lambda: monkeypatch.chdir(tmp_path),
        lambda: monkeypatch.syspath_prepend(tmp_path),
    ):
        change()
        known.append(pids(chores))
    assert len(set.union(*known)) == 8


def test_sources_edited_between_two_calls_are_noticed(
    chores: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    pids(chores)
    for name in ("installation", "installed_now"):
        monkeypatch.setattr(workers, name, lambda: "edited")
    with pytest.raises(ValueError, match="if they were edited meanwhile, start again"):
        pids(chores)


def test_workers_that_were_stopped_by_an_error_are_not_used_again(chores: Any) -> None:
    first = pids(chores)
    with pytest.raises(ValueError, match="no area 7"):
        run_all({"a": (chores.refuse, ("no area 7",)), "b": (chores.slow, (60,))}, str, TWO)
    assert until(lambda: not any(alive(Path(str(pid))) for pid in first))


SCRIPT = """
import sys
import time
from pathlib import Path
sys.path[:0] = {path!r}
import chores
from errorneurons.simulate.store.work import Labour, run_all
if __name__ == "__main__":
    run_all({{n: (chores.{chore}, (Path({folder!r}),)) for n in "ab"}}, str, Labour(2))
    time.sleep(60)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="no signals")
@pytest.mark.parametrize("chore", ["leave_pid", "note_pid"], ids=["at work", "at rest"])
@pytest.mark.parametrize("name", ["SIGTERM", "SIGKILL", "SIGINT"])
def test_workers_end_with_their_parent(tmp_path: Path, name: str, chore: str) -> None:
    path, pids = [str(Path(__file__).parent), *sys.path], tmp_path / "pids"
    pids.mkdir()
    script = tmp_path / "script.py"
    text = SCRIPT.format(path=path, folder=str(pids), chore=chore)
    script.write_text(text, encoding="utf-8")
    parent = subprocess.Popen([sys.executable, str(script)], stderr=subprocess.PIPE)
    assert until(lambda: len(list(pids.iterdir())) == 2)
    parent.send_signal(signal.Signals[name])
    parent.communicate()
    assert until(lambda: not any(map(alive, pids.iterdir())))


QUIET = """
import sys
sys.path[:0] = {path!r}
import chores
from errorneurons.simulate.store.work import Labour, run_all
if __name__ == "__main__":
    run_all({{n: (chores.lock, ()) for n in "ab"}}, str, Labour(2))
"""


@pytest.mark.skipif(sys.platform == "win32", reason="no semaphores with names")
def test_workers_that_are_done_tidy_up(tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    path = [str(Path(__file__).parent), *sys.path]
    script.write_text(QUIET.format(path=path), encoding="utf-8")
    done = subprocess.run([sys.executable, str(script)], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")


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
def test_what_is_no_address_is_refused_at_once(chores: Any) -> None:
    pytest.importorskip("distributed")
    with pytest.raises(ValueError, match="'nonsense' is no address of a Dask scheduler; give"):
        run_all({"a": (chores.square, (2,))}, str, Labour(scheduler="nonsense"))


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
    here = provide(piece, shelves[0], str)["one"]
    there = provide(piece, shelves[1], str, Labour(scheduler=cluster.scheduler_address))["one"]
    assert here.read_bytes() == there.read_bytes()


def test_what_workers_would_each_do_is_done_once_and_only_if_there_are_some(
    chores: Any, tmp_path: Path
) -> None:
    tasks, said = {f"{n}": (chores.square, (n,)) for n in range(3)}, list[str]()
    ahead = partial(chores.note_pid, tmp_path)
    for labour in (Labour(workers=1), TWO):
        run_all(tasks, said.append, labour, ahead)
    run_all({}, str, TWO, ahead)
    (done,) = tmp_path.iterdir()
    assert done.name != str(os.getpid())
    assert sorted(said) == sorted([*tasks, *tasks])


def test_a_worker_that_dies_ahead_of_the_work_is_named(chores: Any) -> None:
    tasks = dict.fromkeys("ab", (chores.square, (2,)))
    with pytest.raises(WorkerError, match="the worker of 'preparation' died 3 times"):
        run_all(tasks, str, TWO, chores.die)
