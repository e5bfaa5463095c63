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
from errorneurons.predictions.judging.judge import Measured, measure
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
    complete = {name: _complete(energies.get(name)) for name in INDICES}
    return np.array([*map(_index, complete.values()), *(_response(complete[key]) for key in BITS)])


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


def _complete(energies: Array | None) -> Array:
    rows = np.empty((0, 3)) if energies is None else energies
    return np.asarray(rows[np.isfinite(rows).all(axis=1)])


def _index(energies: Array) -> float:
    if not len(energies):
        return float("nan")
    n, m, _ = energies.mean(axis=0)
    noise = float(np.hypot(_error(energies[:, 0]), _error(energies[:, 1])))
    return float(bounded_index(n, m, CLEAR * noise))


def _response(energies: Array) -> float:
    m = energies[:, 1]
    return float(m.mean() > CLEAR * _error(m)) if len(m) else float("nan")


def _error(values: Array) -> float:
    """Return the standard error of a mean over animals, 0 for a single one."""
    return float(values.std(ddof=1) / np.sqrt(len(values))) if len(values) > 1 else 0.0


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
    values, ratios = np.empty((count, len(FEATURES))), np.empty((count, len(CLAIMS)))
    for i, world in enumerate(chosen):
        rng = generator(seed, "experiment", theory, i)
        few = len(here[world]) < design.animals
        rows = rng.choice(here[world], design.animals, replace=few)
        energies = {k: table.energies[rows, j] for j, k in enumerate(table.effects)}
        values[i] = effects(energies)
        indices = values[i, : len(INDICES)]
        indices[:] = np.clip(indices + shift[world], -1, 1)
        ratios[i] = [_ratio(_complete(energies.get(c.key)), design.label_error[0]) for c in CLAIMS]
    return Drawn(values, ratios, np.array(chosen))


def _ratio(energies: Array, label_error: float) -> float:
    if not len(energies):
        return float("nan")
    n, m, n_r = energies.mean(axis=0)
    return float((n - label_error * n_r) / m) if m > 0 else float("nan")


def together(drawn: Mapping[str, Drawn]) -> Experiments:
    """Return the virtual experiments of several theories side by side."""
    return Experiments(
        FEATURES,
        np.concatenate([d.values for d in drawn.values()]),
        tuple(name for name, d in drawn.items() for _ in d.world),
        np.concatenate([d.world for d in drawn.values()]),
    )
