"""Local processes that do pieces of work, and are used again as long as the command runs.

Starting one takes seconds, most of them imports. One whose work is done therefore lets go of what
it holds and rests until it is called again; it ends by itself if that takes long, and with the
process that started it, however that ends.
"""

from __future__ import annotations

import atexit
import gc
import os
import signal
import sys
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from ctypes import CDLL
from dataclasses import dataclass, field
from multiprocessing import get_context, parent_process
from multiprocessing.connection import Connection
from multiprocessing.context import SpawnProcess
from multiprocessing.reduction import ForkingPickler
from pathlib import Path
from threading import Lock, Thread, get_ident
from types import ModuleType
from typing import Any, NoReturn

from errorneurons.simulate.store.keys import installation, installed_now
from errorneurons.simulate.store.places import compiler_cache

Work = tuple[Callable[..., Any], tuple[Any, ...]]
"""A function of a module, so that another process finds it, and its arguments."""

GRACE = 5.0
"""Seconds that a worker without work has to end."""
REST = 120.0
"""Seconds that a worker rests, after which it ends, and its memory is free."""
OTHER_SOURCES = (
    "a worker has other sources of errorneurons than the process that asks it; install the same "
    "version there, or, if they were edited meanwhile, start again"
)
END_WITH_PARENT = 1
"""`PR_SET_PDEATHSIG` of Linux."""


def _surroundings() -> tuple[object, ...]:
    """Return what a worker takes from its parent when it starts; Linux ends it with the thread."""
    return get_ident(), Path.cwd(), dict(os.environ), tuple(sys.path), installed_now()


@dataclass
class Worker:
    """A process, how to talk to it, and the piece that it is at.

    Attributes
    ----------
    process, pipe
        The process, and our end of the pipe to it.
    surroundings
        What it took from this process when it started.
    piece
        Name of the piece that it is at.
    ready
        Whether it has said, since it was started or called, that it waits for work.
    again
        Whether it had work before it was called.
    """

    process: SpawnProcess
    pipe: Connection[Any, Any]
    surroundings: tuple[object, ...]
    piece: str | None = None
    ready: bool = False
    again: bool = False


@dataclass
class _Resting:
    """Workers that rest until they are called, and the lock of who calls or starts one."""

    workers: list[Worker] = field(default_factory=list)
    calling: Lock = field(default_factory=Lock)

    def end(self) -> None:
        """End all of them."""
        workers, self.workers = self.workers, []
        end(workers)

    def forget(self) -> None:
        """Leave them to the parent of this process."""
        self.workers, self.calling = [], Lock()


_RESTING = _Resting()
# registered after those of multiprocessing, and thus called before, which would kill them
atexit.register(_RESTING.end)
if sys.platform != "win32":
    os.register_at_fork(after_in_child=_RESTING.forget)


def hire() -> Worker:
    """Return a worker, one that rests if there is one; it says by its pipe when it is ready.

    A worker that took other surroundings from this process than it has now is ended: another
    thread, other variables, another folder, or sources that were edited since.
    """
    with _RESTING.calling, _one_thread_each():
        now = _surroundings()
        while _RESTING.workers:
            worker = _RESTING.workers.pop()
            if worker.surroundings == now and _called(worker):
                return worker
            end([worker])
        return _started(now)


def _called(worker: Worker) -> bool:
    """Return whether a resting worker could be told that there is work."""
    if not worker.process.is_alive():
        return False
    with suppress(OSError):
        worker.pipe.send(None)
        worker.piece, worker.ready, worker.again = None, False, True
        return True
    return False


def _started(surroundings: tuple[object, ...]) -> Worker:
    context = get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(
        target=_serve, args=(theirs, os.getpid(), installation(), REST), daemon=True
    )
    with _no_script():
        process.start()
    theirs.close()  # else the end of the worker would not be heard
    return Worker(process, ours, surroundings)


@contextmanager
def _no_script() -> Iterator[None]:
    """Let what starts meanwhile not run the script of the user again: no work is defined there."""
    script = sys.modules["__main__"]
    sys.modules["__main__"] = ModuleType("__main__")
    try:
        yield
    finally:
        sys.modules["__main__"] = script


def dismiss(worker: Worker) -> None:
    """Let a worker that waits for work rest."""
    with suppress(OSError):  # if it has ended meanwhile, another one is started when it is called
        worker.pipe.send(None)
    _RESTING.workers.append(worker)


def end(workers: list[Worker]) -> None:
    """End workers: those that wait for work by closing their pipe, so that they can tidy up."""
    for worker in workers:
        worker.pipe.close()
        if worker.piece is not None or not worker.ready:
            worker.process.kill()
    for worker in workers:
        worker.process.join(GRACE)
        worker.process.kill()
        worker.process.join()


def _serve(pipe: Connection[Any, Any], parent: int, expected: str, rest: float) -> None:
    """Do the pieces of work that come through a pipe, until it is closed or a rest is long."""
    _end_with(parent)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent hears it, and ends its workers
    if "numba" not in sys.modules:
        os.environ["NUMBA_NUM_THREADS"] = "1"
    compiler_cache()
    same = installation() == expected
    pipe.send((None, None if same else Failure(ValueError(OTHER_SOURCES))))
    with suppress(EOFError):
        while True:
            asked = pipe.recv()
            if asked is not None:
                pipe.send_bytes(_answer(*asked))
                del asked
                give_back()
                continue
            gc.collect()
            give_back()
            if not pipe.poll(rest):
                return
            pipe.recv()
            pipe.send((None, None))


def _answer(work: Callable[..., Any], arguments: tuple[Any, ...]) -> memoryview:
    """Return what is sent of a piece: what it returns, its error, or why neither can be sent."""
    try:
        return ForkingPickler.dumps(result_of(work, arguments))
    except Exception as error:
        return ForkingPickler.dumps((None, Failure(_sendable(error))))


def give_back() -> None:
    """Give memory that is not in use back to the system."""
    if sys.platform == "linux":
        with suppress(AttributeError):  # other C libraries than that of GNU do so by themselves
            CDLL(None).malloc_trim(0)


@dataclass(frozen=True)
class Failure:
    """An error of a piece of work on its way to who asked for it, and where it was raised."""

    error: Exception
    where: str = ""

    def again(self) -> NoReturn:
        """Raise the error."""
        raise self.error from RuntimeError(f"in a worker:\n{self.where}")


def result_of(work: Callable[..., Any], arguments: tuple[Any, ...]) -> tuple[Any, Failure | None]:
    """Return what a piece returns, or the error that it raises."""
    try:
        return work(*arguments), None
    except Exception as error:  # whatever it is, it is raised where the work was asked for
        return None, Failure(_sendable(error), "".join(traceback.format_tb(error.__traceback__)))


def _sendable(error: Exception) -> Exception:
    """Return an error that arrives: some cannot be put together again from what they say."""
    try:
        ForkingPickler.loads(ForkingPickler.dumps(error))
    except Exception:
        kind = ValueError if isinstance(error, ValueError) else RuntimeError
        return kind(str(error))
    return error


def _end_with(parent: int) -> None:
    """End this process when its parent ends, be that by a signal that nobody can answer."""

    def watch() -> None:
        known = parent_process()
        if known is not None:
            known.join()
        os._exit(1)

    Thread(target=watch, daemon=True).start()
    if sys.platform == "linux":  # also while a long calculation lets no other thread run
        CDLL(None).prctl(END_WITH_PARENT, signal.SIGKILL)
        if os.getppid() != parent:
            os._exit(1)


@contextmanager
def _one_thread_each() -> Iterator[None]:
    """Let the processes that are started meanwhile have one thread each: each has one core."""
    limits = {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}
    before = {name: os.environ.get(name) for name in limits}
    os.environ.update(limits)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value
