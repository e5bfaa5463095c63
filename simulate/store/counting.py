"""Says of pieces of work how many are done, and how long the others will take as it goes."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection

from errorneurons.simulate.store.work import Progress


class Done(str):
    """What is said when a piece of work is done, with the count for who shows it as a bar.

    Attributes
    ----------
    piece
        What is said of the piece itself.
    done, total
        How many pieces are done, of how many.
    """

    __slots__ = ("done", "piece", "total")

    piece: str
    done: int
    total: int


def counting(
    progress: Progress, pieces: Collection[str], clock: Callable[[], float] = time.monotonic
) -> Progress:
    """Return what says, with each piece that is done, how many are and how long the others take.

    Parameters
    ----------
    progress
        Called with what is said, a `Done` for each piece.
    pieces
        What is said of each piece when it is done.
    clock
        Tells the time [s].
    """
    began, left = clock(), [*pieces]
    total = len(left)

    def say(text: str) -> None:
        if text not in left:
            progress(text)
            return
        left.remove(text)
        done = total - len(left)
        passed = clock() - began
        rest = passed / done * len(left)
        said = Done(
            f"{text} ({done} of {total} after {in_minutes(passed)}"
            + f", about {in_minutes(rest)} left" * bool(left)
            + ")"
        )
        said.piece, said.done, said.total = text, done, total
        progress(said)

    return say


def numbered(progress: Progress, pieces: Collection[str]) -> Progress:
    """Return what says, with each piece that is done, how many are.

    Parameters
    ----------
    progress
        Called with what is said.
    pieces
        What is said of each piece when it is done.
    """
    left = {*pieces}
    numbers = iter(range(1, len(left) + 1))

    def say(text: str) -> None:
        progress(f"{next(numbers)} of {len(left)}: {text}" if text in left else text)

    return say


def in_minutes(seconds: float) -> str:
    """Return a time in words.

    Examples
    --------
    >>> in_minutes(41.7), in_minutes(200)
    ('42 s', '3 min')
    """
    return f"{seconds:.0f} s" if seconds < 100 else f"{seconds / 60:.0f} min"
