"""Pieces of work for tests of the store: functions of a module that other processes find."""

from __future__ import annotations

import os
import signal
import time
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

from errorneurons.simulate.store.work import Labour, run_all

HELD: list[Any] = []


def square(number: float) -> dict[str, float]:
    return {"square": number * number}


def arrays(seed: int) -> xr.Dataset:
    rng = np.random.default_rng(seed)
    return xr.Dataset({"x": (("a", "b"), rng.normal(size=(100, 200)))}, attrs={"seed": seed})


def slow(seconds: float) -> dict[str, float]:
    time.sleep(seconds)
    return {"pid": os.getpid()}


def shared(count: int) -> dict[str, int]:
    """Let workers do a piece of work that was given to one."""
    tasks = {str(n): (square, (n,)) for n in range(count)}
    return {"squares": len(run_all(tasks, str, Labour(workers=2)))}


def unsendable() -> object:
    return lambda: None


def refuse(text: str) -> None:
    raise ValueError(text)


def die_once(note: Path) -> dict[str, bool]:
    if not note.exists():
        note.touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return {"done": True}


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def threads() -> dict[str, str]:
    return {name: os.environ[name] for name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS")}


def note_pid(folder: Path) -> None:
    """Say who works, and work for so long that another one has a piece too."""
    (folder / str(os.getpid())).touch()
    time.sleep(0.3)


def leave_pid(folder: Path) -> None:
    """Say who works, and work for a minute."""
    (folder / str(os.getpid())).touch()
    time.sleep(60)


def lock() -> None:
    """Hold a lock as libraries do that were imported: for as long as the process is there."""
    HELD.append(get_context("spawn").Lock())
