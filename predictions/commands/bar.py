"""Shows how far a command has come: a bar on a terminal, plain lines elsewhere."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from errorneurons.predictions.commands.shared import say
from errorneurons.simulate.store.counting import Done
from errorneurons.simulate.store.work import Progress


@contextmanager
def showing() -> Iterator[Progress]:
    """Give what progress is told to, while the command works.

    On a terminal a bar at its foot counts pieces, with the time that has passed and that is left;
    what else is said stands above it. Elsewhere each is a line on stderr.
    """
    from rich.console import Console

    console = Console(stderr=True, highlight=False)
    if not console.is_terminal:
        yield say
        return
    from rich import progress

    with progress.Progress(
        progress.SpinnerColumn(), progress.TextColumn("{task.description}"), progress.BarColumn(),
        progress.MofNCompleteColumn(), progress.TimeElapsedColumn(), progress.TextColumn("left:"),
        progress.TimeRemainingColumn(), console=console, transient=True,
    ) as bar:  # fmt: skip
        task = bar.add_task("simulating", total=None)

        def tell(text: str) -> None:
            if isinstance(text, Done):
                bar.update(task, completed=text.done, total=text.total)
            console.print(text.piece if isinstance(text, Done) else text, markup=False)

        yield tell
