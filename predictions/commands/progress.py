"""How commands say what they are at: with the time that has passed, or not at all."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from errorneurons.predictions.commands.shared import say

if TYPE_CHECKING:
    from rich.console import Console
    from rich.progress import Progress


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
        self._shown: Progress | None = None

    def __call__(self, text: str) -> None:
        """Say what has been done, with the time since the beginning."""
        if self.quiet:
            return
        if self._shown is None:
            say(f"[{_clocked(self.clock() - self.began)}] {text}")
        else:
            self._shown.console.print(text, markup=False, highlight=False)

    @contextmanager
    def at_work(self, console: Console) -> Iterator[Callable[[], None]]:
        """Yield what shows that something goes on, if there is a terminal, until the block ends.

        Parameters
        ----------
        console
            Where progress is told.
        """
        from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

        columns = SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn()
        shown = Progress(*columns, console=console, transient=True,
                         redirect_stdout=False, refresh_per_second=2)  # fmt: skip

        def begin() -> None:
            if console.is_terminal and not self.quiet:
                shown.add_task("weighing the theories", total=None)
                shown.start()
                self._shown = shown

        try:
            yield begin
        finally:
            shown.stop()
            self._shown = None


def _clocked(seconds: float) -> str:
    return f"{int(seconds) // 60}:{int(seconds) % 60:02d}"
