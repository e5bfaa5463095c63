"""What to record next."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd


@dataclass(frozen=True)
class Step:
    """A design that could be recorded next.

    Attributes
    ----------
    title
        What it adds to what is there.
    sentence
        What it consists of, and how often its verdict would be right.
    right, low, high
        Probability of the right verdict and its 95 % interval.
    cost
        Of what it adds, in animals that are recorded on one day with nothing done to them.
    """

    title: str
    sentence: str
    right: float
    low: float
    high: float
    cost: float


@dataclass(frozen=True)
class NextSteps:
    """What to record next.

    Attributes
    ----------
    summary
        The advice in a sentence.
    designs
        Three designs at most, the one that brings most for its cost first.
    points
        Probability of the right verdict at each design, see `analysis.power.probability_right`,
        with the columns ``claims`` and ``cost``.
    """

    summary: str
    designs: tuple[Step, ...]
    points: pd.DataFrame
