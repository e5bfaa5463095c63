"""How commands say what they are at: with the time that has passed, or not at all."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from errorneurons.predictions.commands.shared import say

if TYPE_CHECKING:
    from rich.console import Console


class Teller:
    """Says what has been done, and how long it has taken so far.

    Parameters
    ----------
    quiet
        Whether to say nothing.
    clock
        Tells the time [s].
    """

    def __init__(self, *, quiet: bool = False, clock: Callable[[], float] = time.monotonic) -> None:
        self.quiet, self.clock, self.began = quiet, clock, clock()

    def __call__(self, text: str) -> None:
        """Say what has been done, with the time since the beginning."""
        if not self.quiet:
            say(f"[{_clocked(self.clock() - self.began)}] {text}")

    @contextmanager
    def at_work(self, console: Console) -> Iterator[None]:
        """Show while the block lasts that something is going on, if there is a terminal.

        Parameters
        ----------
        console
            Where progress is told.
        """
        if self.quiet or not console.is_terminal:
            yield
            return
        from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

        columns = SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn()
        with Progress(*columns, console=console, transient=True, redirect_stdout=False) as shown:
            shown.add_task("working", total=None)
            yield


def _clocked(seconds: float) -> str:
    return f"{int(seconds) // 60}:{int(seconds) % 60:02d}"
