"""Effect vectors: what an experiment, virtual or not, gives the evidence between theories.

For each effect of a claim, its secondary effects too, a bounded index of how N compares with M; and
for each claim a bit that says whether there is a response M to compare with. Without one the index
is noise over noise; that there is none is evidence, too. A virtual experiment draws as many virtual
animals of one world as the recording has animals; they share a discrepancy on every index, which
stands for what no theory of ours contains.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import xarray as xr

from errorneurons.analysis.evidence.experiments import Experiments, bounded_index
from errorneurons.predictions.claims.registry import CLAIMS, EFFECTS
from errorneurons.predictions.comparing.animals import Table
from errorneurons.predictions.comparing.design import Design
from errorneurons.predictions.judging.measured import Measured, measure
from errorneurons.simulate.arrays import Array, generator

EXPERIMENTS = 1000
DISCREPANCY = 0.07
"""Standard deviation of the discrepancy of a world on each bounded index."""
CLEAR = 2.0
"""Standard errors over animals by which M is above 0 where there is a response."""
BITS = {c.key: f"{c.key} response" for c in CLAIMS}
"""Claim -> the bit that says whether there is a response to compare with."""
INDICES = tuple(name for own in EFFECTS.values() for name in own)
"""The effects of all claims, each claim's own first."""
FEATURES = (*INDICES, *BITS.values())
"""What an effect vector consists of."""


@dataclass(frozen=True)
class Drawn:
    """Virtual experiments of one theory.

    Attributes
    ----------
    values
        Effect vectors, (experiment, feature), see `effects`.
    ratios
        N/M of the means over animals, corrected for false labels, (experiment, claim); NaN = not
        testable.
    world
        (experiment,), the world of each; experiments of one world share what was drawn for it.
    """

    values: Array
    ratios: Array
    world: npt.NDArray[np.int64]


def features_of(claims: Sequence[str]) -> tuple[str, ...]:
    """Return the features of some claims, in the order of the vector."""
    own = {name for key in claims for name in (*EFFECTS[key], BITS[key])}
    return tuple(name for name in FEATURES if name in own)


def effects(energies: Mapping[str, Array]) -> Array:
    """Return the effect vector of an experiment, virtual or not.

    Parameters
    ----------
    energies
        Name of an effect -> N, M and N_R of each animal, (animal, 3), as in `Measured`.

    Returns
    -------
    Array
        For each effect (N - M) / (|N| + |M| + 2 s) of the means over animals, s their standard
        error, in [-1, 1]; then for each claim whether M is 2 standard errors or more above 0, as 1
        or 0. NaN where no animal can answer.
    """
    vector: Array = _vectors({name: own[None] for name, own in energies.items()}, 1)[0]
    return vector


def _vectors(energies: Mapping[str, Array], count: int) -> Array:
    """Return the effect vectors of as many experiments, from (experiment, animal, 3)."""
    said = {name: _summary(energies.get(name), count) for name in INDICES}
    indices = [
        bounded_index(s.n, s.m, CLEAR * np.hypot(s.error_n, s.error_m)) for s in said.values()
    ]
    bits = [
        np.where(np.isnan(said[key].m), np.nan, said[key].m > CLEAR * said[key].error_m)
        for key in BITS
    ]
    return np.column_stack([*indices, *bits])


@dataclass(frozen=True)
class _Summary:
    """N, M and N_R, means over the animals that can answer, and standard errors; (experiment,)."""

    n: Array
    m: Array
    n_r: Array
    error_n: Array
    error_m: Array


def _summary(energies: Array | None, count: int) -> _Summary:
    """Return what the animals of each experiment say together; NaN where none can answer."""
    rows = np.empty((count, 0, 3)) if energies is None else energies
    there = np.isfinite(rows).all(axis=2, keepdims=True)
    number = there.sum(axis=1)
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = np.where(there, rows, 0.0).sum(axis=1) / number
        off = np.where(there, rows - mean[:, None], 0.0)
        # the standard error of a mean over animals, 0 for a single one
        error = np.sqrt((off**2).sum(axis=1) / np.maximum(number - 1, 1) / number)
    return _Summary(*mean.T, *error.T[:2])


def recorded(sessions: Sequence[xr.Dataset], measured: Mapping[str, Measured]) -> Array:
    """Return the effect vector of a recording.

    Parameters
    ----------
    sessions
        Sessions that obey the dataset contract.
    measured
        Claim key -> what they say to the claim.
    """
    energies = {key: one.energies for key, one in measured.items()}
    return effects(
        {
            name: energies[name] if name in energies else measure(effect, sessions, False).energies
            for own in EFFECTS.values()
            for name, effect in own.items()
        }
    )


def draw(table: Table, theory: str, design: Design, seed: int, count: int = EXPERIMENTS) -> Drawn:
    """Draw virtual experiments from measured virtual animals.

    Parameters
    ----------
    table
        All virtual animals of a theory under a design.
    theory, design
        Whose they are.
    seed
        Seed of everything random.
    count
        How many experiments, dealt to the worlds in turn.

    Raises
    ------
    ValueError
        If there is no virtual animal.
    """
    worlds = np.unique(table.world)
    if not len(worlds):
        raise ValueError(f"no virtual animal of {theory} is left; narrow its nuisance")
    shift = {int(w): generator(seed, "discrepancy", theory, int(w)).normal(
        0, DISCREPANCY, len(INDICES)) for w in worlds}  # fmt: skip
    here = {int(w): np.flatnonzero(table.world == w) for w in worlds}
    chosen = [int(worlds[i % len(worlds)]) for i in range(count)]
    rows = np.array([
        generator(seed, "experiment", theory, i).choice(
            here[world], design.animals, replace=len(here[world]) < design.animals
        )
        for i, world in enumerate(chosen)
    ])  # fmt: skip
    energies = {name: table.energies[rows, j] for j, name in enumerate(table.effects)}
    for key, share in design.answering.items():
        able = max(1, round(share * design.animals))
        for name in EFFECTS[key].keys() & energies.keys():
            energies[name] = energies[name].copy()
            energies[name][:, able:] = np.nan  # animals are in no order, so any will do
    values = _vectors(energies, count)
    indices = slice(0, len(INDICES))
    shifts = np.array([shift[world] for world in chosen])
    values[:, indices] = np.clip(values[:, indices] + shifts, -1, 1)
    ratios = [_ratio(energies.get(c.key), count, design.label_error[0]) for c in CLAIMS]
    return Drawn(values, np.column_stack(ratios), np.array(chosen))


def _ratio(energies: Array | None, count: int, label_error: float) -> Array:
    said = _summary(energies, count)
    known = np.where(said.m > 0, said.m, np.nan)
    return np.asarray((said.n - label_error * said.n_r) / known)


def together(drawn: Mapping[str, Drawn]) -> Experiments:
    """Return the virtual experiments of several theories side by side."""
    return Experiments(
        FEATURES,
        np.concatenate([d.values for d in drawn.values()]),
        tuple(name for name, d in drawn.items() for _ in d.world),
        np.concatenate([d.world for d in drawn.values()]),
        tuple(BITS),
    )
