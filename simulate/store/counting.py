"""Says of pieces of work how many are done, and how long the others will take as it goes."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection


class Done(str):
    """What is said when a piece of work is done, with the count for who shows it as a bar.

    Attributes
    ----------
    piece
        What is said of the piece itself.
    done, total
        How many pieces are done, of how many.
    words
        The same in words, with how long the others will take.
    """

    __slots__ = ("done", "piece", "total", "words")

    piece: str
    done: int
    total: int
    words: str


def _done(piece: str, done: int, total: int, passed: float) -> Done:
    """Return what is said of a piece when `done` of `total` have taken so long [s]."""
    left = passed / done * (total - done)
    words = f"{done} of {total}" + f", about {in_minutes(left)} left" * (done < total)
    said = Done(f"{piece} ({words})" if total > 1 else piece)
    said.piece, said.done, said.total, said.words = piece, done, total, words
    return said


def counting(
    progress: Callable[[str], None],
    pieces: Collection[str],
    clock: Callable[[], float] = time.monotonic,
) -> Callable[[str], None]:
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
        progress(_done(text, total - len(left), total, clock() - began))

    return say


def in_minutes(seconds: float) -> str:
    """Return a time in words.

    Examples
    --------
    >>> in_minutes(41.7), in_minutes(200)
    ('42 s', '3 min')
    """
    return f"{seconds:.0f} s" if seconds < 100 else f"{seconds / 60:.0f} min"
