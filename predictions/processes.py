"""Runs independent pieces of work, each in a process of its own."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor, as_completed
from contextlib import contextmanager
from multiprocessing import active_children, get_context
from typing import Any

Progress = Callable[[str], None]


def run_all(
    work: Callable[..., None],
    tasks: Mapping[str, tuple[Any, ...]],
    progress: Progress,
    workers: int | None = None,
) -> None:
    """Do pieces of work, as many at a time as there are cores.

    Parameters
    ----------
    work
        What to do; it leaves its result on disk. A function of a module, so that another process
        finds it.
    tasks
        What to say when a piece is done -> the arguments of `work`.
    progress
        Called with what to say.
    workers
        Processes; by default as many as there are cores, at most one a piece. One piece at a time
        is done in this process.
    """
    count = min(workers or os.cpu_count() or 1, len(tasks))
    if count <= 1:
        for name, arguments in tasks.items():
            work(*arguments)
            progress(name)
        return
    with _one_thread_each(), ProcessPoolExecutor(count, mp_context=get_context("spawn")) as pool:
        running = {pool.submit(work, *arguments): name for name, arguments in tasks.items()}
        try:
            for future in as_completed(running):
                future.result()
                progress(running[future])
        except BaseException as error:
            pool.shutdown(wait=False, cancel_futures=True)
            if isinstance(error, KeyboardInterrupt):
                for child in active_children():
                    child.terminate()
            raise


@contextmanager
def _one_thread_each() -> Iterator[None]:
    # each worker has one core; without this every one of them would start a thread a core
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
