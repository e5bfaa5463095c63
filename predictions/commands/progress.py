"""How long commands say what they are at: a bar on a terminal, a few plain lines elsewhere.

Either says how many pieces are done, how long it has taken, and how long the others will take.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from errorneurons.predictions.commands.shared import say
from errorneurons.simulate.store.counting import Done
from errorneurons.simulate.store.work import Progress, silently

if TYPE_CHECKING:
    from rich.console import Console

SELDOM = 30.0
"""Of pieces that are done, the last of a series has its line, and one in so long a time [s]."""


@contextmanager
def showing(*, quiet: bool = False) -> Iterator[Progress]:
    """Give what progress is told to, while a command works.

    Parameters
    ----------
    quiet
        Whether to show nothing.
    """
    if quiet:
        yield silently
        return
    from rich.console import Console

    console = Console(stderr=True, highlight=False)
    if not console.is_terminal:
        yield lines()
        return
    with _bar(console) as tell:
        yield tell


def lines(clock: Callable[[], float] = time.monotonic) -> Progress:
    """Return what says on stderr what is done, each line with the time since the beginning.

    Parameters
    ----------
    clock
        Tells the time [s].
    """
    began, spoke = clock(), -math.inf

    def tell(text: str) -> None:
        nonlocal spoke
        now = clock()
        if isinstance(text, Done) and text.done < text.total and now - spoke < SELDOM:
            return
        spoke = now
        passed = int(now - began)
        say(f"[{passed // 60}:{passed % 60:02d}] {text}")

    return tell


@contextmanager
def _bar(console: Console) -> Iterator[Progress]:
    """Give what moves a bar at the foot of a terminal; it is there from the first that is told."""
    from rich import progress

    shown = progress.Progress(
        progress.SpinnerColumn(), progress.TextColumn("{task.description}"), progress.BarColumn(),
        progress.TextColumn("{task.fields[count]}"), progress.TimeElapsedColumn(),
        console=console, transient=True, redirect_stdout=False, refresh_per_second=2,
    )  # fmt: skip
    task = shown.add_task("working", total=None, count="")

    def tell(text: str) -> None:
        shown.start()
        if isinstance(text, Done):
            shown.update(task, description=text.piece, completed=text.done, total=text.total,
                         count=text.words)  # fmt: skip
        else:
            shown.update(task, description="working", total=None, count="")
            console.print(text, markup=False)

    try:
        yield tell
    finally:
        shown.stop()
