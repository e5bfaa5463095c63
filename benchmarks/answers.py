"""Counts what is said of claims over many recordings, which are made one by one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TypeVar

import numpy as np
import xarray as xr

from errorneurons.predictions.claims.claim import Claim, Outcome
from errorneurons.predictions.judging.verdicts import on_recording

DECIDED = (Outcome.SUPPORTED, Outcome.CONTRADICTED)

SaidT = TypeVar("SaidT")


def counted(
    recordings: Iterable[Sequence[xr.Dataset]],
    said: Callable[[Sequence[xr.Dataset]], Mapping[str, SaidT]],
) -> dict[str, Counter[SaidT]]:
    """Return how often what is said of each claim, from what is said of a recording by claim."""
    found: dict[str, Counter[SaidT]] = {}
    for sessions in recordings:
        for key, answer in said(sessions).items():
            found.setdefault(key, Counter())[answer] += 1
    return found


def outcomes_by(
    claims: Sequence[Claim],
) -> Callable[[Sequence[xr.Dataset]], Mapping[str, Outcome]]:
    """Return what judges claims on the sessions of a recording."""
    return lambda own: {v.claim: v.outcome for v in on_recording(own, "recording", claims)[0]}


def some_animals(sessions: Sequence[xr.Dataset], count: int, rng: np.random.Generator) -> list[str]:
    """Return the names of as many animals, drawn anew."""
    names = sorted({str(s.attrs["animal"]) for s in sessions})
    return [str(name) for name in rng.permutation(names)[:count]]
