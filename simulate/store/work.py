"""Runs independent pieces of work: in local processes, or on a cluster by Dask.

Workers end with the process that started them, however that ends. A worker that dies is named
with its piece of work, which another one does again.
"""

from __future__ import annotations

import os
import signal
import sys
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from multiprocessing import current_process
from multiprocessing.connection import wait
from typing import Any

from errorneurons.simulate.store.keys import installation
from errorneurons.simulate.store.places import compiler_cache
from errorneurons.simulate.store.workers import (
    OTHER_SOURCES,
    Failure,
    Work,
    Worker,
    dismiss,
    end,
    give_back,
    hire,
    result_of,
)

Progress = Callable[[str], None]
Ahead = Callable[[], object]


def silently(_: str) -> None:
    """Say nothing."""


PREPARATION = "preparation"
"""What is done ahead, should its worker die."""
TRIES = 3
"""How often a piece is tried whose workers die."""
NO_DASK = 'running on a cluster needs dask: pip install "errorneurons[distributed]"'


class WorkerError(OSError):
    """A piece of work whose workers die: which, how often, and what can be done about it."""


@dataclass(frozen=True)
class Labour:
    """Who does the work.

    Attributes
    ----------
    workers
        Local processes; by default as many as there are cores, at most one a piece. With one,
        or within a worker, the work is done in this process.
    scheduler
        Address of a Dask scheduler, e.g. ``tcp://10.0.0.1:8786``; its workers are used instead.
    """

    workers: int | None = None
    scheduler: str | None = None


def run_all(
    tasks: Mapping[str, Work],
    progress: Progress,
    labour: Labour | None = None,
    ahead: Ahead | None = None,
) -> dict[str, Any]:
    """Do pieces of work, as many at a time as there are workers, and return what they return.

    Parameters
    ----------
    tasks
        What to say when a piece is done -> the piece.
    progress
        Called with what to say.
    labour
        Who does it; local processes, one a core, if not given.
    ahead
        Called once, by one of several local processes, before they begin: what each of them would
        have to do. A function of a module.

    Raises
    ------
    WorkerError
        If the workers of a piece die again and again.
    """
    labour = labour or Labour()
    if labour.scheduler:
        return _on_dask(tasks, progress, labour.scheduler)
    count = min(labour.workers or _cores(), len(tasks))
    if count > 1 and not current_process().daemon:  # workers may not have workers of their own
        return _Pool(tasks, progress, count, ahead).run()
    done = {}
    for name, (work, arguments) in tasks.items():
        done[name] = work(*arguments)
        give_back()
        progress(name)
    return done


def _cores() -> int:
    """Return the cores that this process may use."""
    if sys.platform == "linux":
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


@dataclass
class _Pool:
    """Local processes, each with a pipe of its own, so that it is known what a dead one was at."""

    tasks: Mapping[str, Work]
    progress: Progress
    count: int
    ahead: Ahead | None = None
    at_hand: Mapping[str, Work] = field(default_factory=dict)
    open: deque[str] = field(default_factory=deque)
    workers: list[Worker] = field(default_factory=list)
    done: dict[str, Any] = field(default_factory=dict)
    deaths: dict[str, int] = field(default_factory=dict)

    def run(self) -> dict[str, Any]:
        """Do all pieces."""
        try:
            self._hire(self.count)
            if self.ahead is not None:  # the others start meanwhile
                self._do({PREPARATION: (self.ahead, ())})
            self._hire(self.count - len(self.workers))
            self._do(self.tasks)
        finally:
            self._part()
        return {name: self.done[name] for name in self.tasks}

    def _hire(self, count: int) -> None:
        self.workers += [hire() for _ in range(count)]

    def _do(self, tasks: Mapping[str, Work]) -> None:
        """Do these pieces."""
        self.at_hand = tasks
        self.open.extend(tasks)
        for worker in self.workers:
            if worker.ready:
                self._give(worker)
        while not all(name in self.done for name in tasks):
            ready = wait([worker.pipe for worker in self.workers])
            for worker in [w for w in self.workers if w.pipe in ready]:
                self._hear(worker)

    def _hear(self, worker: Worker) -> None:
        try:
            result, failure = worker.pipe.recv()
        except (EOFError, OSError):
            self._bury(worker)
            return
        if failure:
            failure.again()
        worker.ready = True
        if worker.piece is not None:
            self.done[worker.piece] = result
            if worker.piece in self.tasks:
                self.progress(worker.piece)
        self._give(worker)

    def _give(self, worker: Worker) -> None:
        worker.piece = self.open.popleft() if self.open else None
        if worker.piece is not None:
            try:
                worker.pipe.send(self.at_hand[worker.piece])
            except OSError:  # it has died since; its end is heard next
                return

    def _bury(self, worker: Worker) -> None:
        """Give the piece of a dead worker to a new one, after all others."""
        worker.process.join()
        worker.pipe.close()
        self.workers.remove(worker)
        how = _how(worker.process.exitcode)
        if not worker.ready and not worker.again:
            raise WorkerError(
                f"a worker process could not start ({how}); start again, or do the work in one "
                "process"
            )
        if worker.piece is not None:
            self._again(worker.piece, how)
        if self.open:
            self._hire(1)

    def _again(self, piece: str, how: str) -> None:
        self.deaths[piece] = self.deaths.get(piece, 0) + 1
        if self.deaths[piece] == TRIES:
            raise WorkerError(
                f"the worker of '{piece}' died {TRIES} times ({how}); if memory is short, use "
                "fewer workers or a larger machine; what is done is kept"
            )
        self.progress(f"the worker of '{piece}' died ({how}); it is done again")
        self.open.append(piece)

    def _part(self) -> None:
        """Let workers rest that wait for work, and end the others, as after an error."""
        waiting = [w for w in self.workers if w.ready and w.piece is None]
        end([w for w in self.workers if w not in waiting])
        for worker in waiting:
            dismiss(worker)


def _how(code: int | None) -> str:
    """Return how a process ended, in words."""
    if code is None or code >= 0:
        return f"exit status {code}"
    name = signal.Signals(-code).name
    return f"ended by {name}" + (", as when memory runs out" if name == "SIGKILL" else "")


def _on_dask(tasks: Mapping[str, Work], progress: Progress, scheduler: str) -> dict[str, Any]:
    try:
        from distributed import Client
    except ModuleNotFoundError as error:
        raise ValueError(NO_DASK) from error
    with _client(Client, scheduler) as client:
        done, lost = _submitted(client, tasks, progress)
        for name in lost:  # alone, so that what kills workers takes nothing else with it
            progress(f"the workers of '{name}' died; it is done again")
            again, dead = _submitted(client, {name: tasks[name]}, progress)
            done |= again
            if dead:
                raise WorkerError(
                    f"the workers of '{name}' died again and again; if memory is short, give "
                    "each worker more; what is done is kept"
                )
    return {name: done[name] for name in tasks}


def _submitted(
    client: Any, tasks: Mapping[str, Work], progress: Progress
) -> tuple[dict[str, Any], list[str]]:
    """Return what pieces return, and those that were with workers that died."""
    from distributed import as_completed
    from distributed.scheduler import KilledWorker

    completed: Callable[..., Any] = as_completed
    own = installation()
    futures = {client.submit(_remote, *t, own, pure=False): name for name, t in tasks.items()}
    done: dict[str, Any] = {}
    lost = []
    try:
        for future in completed(futures, loop=client.loop):
            name = futures[future]
            try:
                result, failure = future.result()
            except KilledWorker:
                lost.append(name)
                continue
            if failure:
                failure.again()
            done[name] = result
            progress(name)
    finally:
        client.cancel(list(futures), force=True)
    return done, lost


def _client(make: Callable[..., Any], scheduler: str) -> Any:
    if not scheduler.rpartition(":")[2].strip("/").isdigit():  # it would be waited for in vain
        raise ValueError(
            f"'{scheduler}' is no address of a Dask scheduler; give --scheduler one with its "
            "port, e.g. tcp://10.0.0.1:8786"
        )
    try:
        return make(scheduler, set_as_default=False, timeout="30s")
    except (OSError, ValueError) as error:
        raise ValueError(
            f"no Dask scheduler answers at {scheduler}: {error}; give another --scheduler"
        ) from error


def _remote(
    work: Callable[..., Any], arguments: tuple[Any, ...], expected: str
) -> tuple[Any, Failure | None]:
    """Do a piece of work on a worker of Dask."""
    if installation() != expected:
        return None, Failure(ValueError(OTHER_SOURCES))
    import dask

    compiler_cache()
    with dask.config.set(scheduler="synchronous"):  # else files are locked across the cluster
        return result_of(work, arguments)
