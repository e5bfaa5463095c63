"""How commands say what they are at: with the time that has passed, or not at all."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING

from errorneurons.predictions.commands.shared import say

if TYPE_CHECKING:
    from rich.console import Console

Telling = Callable[[str], None]
"""What progress is told to."""


class Teller:
    """Says what is being done, and how long it has taken so far.

    On a terminal the last thing said stays at the foot of the screen while it is worked on;
    elsewhere each is a plain line.

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
        """Say what is done, with the time since the beginning."""
        if not self.quiet:
            say(f"[{clocked(self.clock() - self.began)}] {text}")

    def working(self, console: Console, text: str) -> AbstractContextManager[object]:
        """Show that something is going on, on a terminal; nothing elsewhere."""
        if self.quiet or not console.is_terminal:
            return nullcontext()
        from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

        columns = SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn()
        shown = Progress(*columns, console=console, transient=True)
        shown.add_task(text, total=None)
        return shown


def clocked(seconds: float) -> str:
    """Return a time in minutes and seconds.

    Examples
    --------
    >>> clocked(83.4)
    '1:23'
    """
    return f"{int(seconds) // 60}:{int(seconds) % 60:02d}"
