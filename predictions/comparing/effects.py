"""Effect vectors: what an experiment, virtual or not, gives the evidence between theories.

For each effect of a claim, its secondary effects too, a bounded index of how N compares with M; and
for each claim a bit that says whether there is a response M to compare with. Without one the index
is noise over noise. A virtual experiment draws as many virtual animals of one world as the
recording has animals; they share a discrepancy on every index, which stands for what no theory of
ours contains.

A recording may be less certain than virtual ones: rates are lower, animals differ more. An index
lies nearer to 0 the less certain N and M are, so that a theory would be left out for nothing but
that. Virtual experiments of a theory, of which hardly any is as uncertain, are given as much noise
as the recording has.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import scipy  # `scipy.stats` takes long to load, and is loaded when it is used
import xarray as xr

from errorneurons.analysis.evidence.experiments import Experiments, bounded_index
from errorneurons.predictions.claims.registry import CLAIMS, EFFECTS
from errorneurons.predictions.comparing.animals import Table
from errorneurons.predictions.comparing.design import Design
from errorneurons.predictions.judging.measured import (
    FEWEST_ANIMALS,
    TRIAL_GROUPS,
    Measured,
    measure,
)
from errorneurons.simulate.arrays import Array, generator

EXPERIMENTS = 1000
DISCREPANCY = 0.07
"""Standard deviation of the discrepancy of a world on each bounded index."""
CLEAR = 2.0
"""Standard errors over animals by which M is above 0 where there is a response."""
RARELY = 0.95
"""Share of a theory's experiments that are more certain than a recording to which it is an odd one.
"""
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
        Effect vectors, (experiment, feature), as in `RecordedEffects.values`.
    ratios
        N/M of the means over animals, corrected for false labels, (experiment, claim); NaN = not
        testable.
    world
        (experiment,), the world of each; experiments of one world share what was drawn for it.
    chance
        The one-sided p that M is above 0, (experiment, claim); NaN = not testable. With few animals
        a recording tests it over groups of trials, of which virtual animals keep no record: how
        much the animals of a world differ, which is more, stands for how uncertain these are.
    scatter
        Effect -> (experiment,), how uncertain N - M is over animals, as in `RecordedEffects`.
    """

    values: Array
    ratios: Array
    world: npt.NDArray[np.int64]
    chance: Array
    scatter: Mapping[str, Array]


def features_of(claims: Sequence[str]) -> tuple[str, ...]:
    """Return the features of some claims, in the order of the vector."""
    own = {name for key in claims for name in (*EFFECTS[key], BITS[key])}
    return tuple(name for name in FEATURES if name in own)


def _vectors(known: Mapping[str, _Summary], count: int) -> Array:
    """Return the effect vectors of as many experiments, from what their animals say together."""
    said = {name: known[name] if name in known else _summary(None, count) for name in INDICES}
    indices = [bounded_index(s.n, s.m, CLEAR * s.error) for s in said.values()]
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

    @property
    def error(self) -> Array:
        """(experiment,), the standard error of N - M."""
        return np.hypot(self.error_n, self.error_m)

    @property
    def scatter(self) -> Array:
        """(experiment,), that error in units of |N| + |M|; 0 if both are 0."""
        size = np.abs(self.n) + np.abs(self.m)
        return np.asarray(self.error / np.where(size > 0, size, np.inf))

    def with_errors(self, error_n: npt.ArrayLike, error_m: npt.ArrayLike) -> _Summary:
        """Return the same with errors as large at least; those that are NaN are not known."""
        n, m = np.fmax(self.error_n, error_n), np.fmax(self.error_m, error_m)
        return replace(self, error_n=n, error_m=m)

    def as_uncertain_as(self, scatter: float, rng: np.random.Generator) -> _Summary:
        """Return experiments of a theory with as much noise as one that is less certain than most.

        Parameters
        ----------
        scatter
            Of that one; NaN if it has no answer.
        rng
            Draws the noise.
        """
        own = self.scatter
        if not np.isfinite(own).any() or not scatter > np.nanquantile(own, RARELY):
            return self
        size = np.abs(self.n) + np.abs(self.m)
        more = size * np.sqrt(np.maximum(scatter**2 - own**2, 0.0) / 2)  # N and M alike
        n, m = (x + more * rng.normal(size=len(x)) for x in (self.n, self.m))
        return _Summary(n, m, self.n_r, np.hypot(self.error_n, more), np.hypot(self.error_m, more))


def _summary(energies: Array | None, count: int) -> _Summary:
    """Return what the animals of each experiment say together; NaN where none can answer."""
    rows = np.empty((count, 0, 3)) if energies is None else energies[..., :3]
    there = np.isfinite(rows).all(axis=2, keepdims=True)
    number = there.sum(axis=1)
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = np.where(there, rows, 0.0).sum(axis=1) / number
        off = np.where(there, rows - mean[:, None], 0.0)
        # the standard error of a mean over animals, 0 for a single one
        error = np.sqrt((off**2).sum(axis=1) / np.maximum(number - 1, 1) / number)
    return _Summary(*mean.T, *error.T[:2])


@dataclass(frozen=True)
class RecordedEffects:
    """What a recording gives the evidence.

    Attributes
    ----------
    values
        Feature -> its value: for each effect (N - M) / (|N| + |M| + 2 s) of the means over animals,
        s their standard error, in [-1, 1]; for each claim whether M is 2 standard errors or more
        above 0, as 1 or 0. NaN where no animal can answer.
    scatter
        Effect -> how uncertain N - M is, as a share of |N| + |M|.
    """

    values: Mapping[str, float]
    scatter: Mapping[str, float]


def recorded(sessions: Sequence[xr.Dataset], measured: Mapping[str, Measured]) -> RecordedEffects:
    """Return what a recording gives the evidence.

    Errors are those over animals; with few of them, those over trials if they are larger.

    Parameters
    ----------
    sessions
        Sessions that obey the dataset contract.
    measured
        Claim key -> what they say to the claim.
    """
    said = {}
    for own in EFFECTS.values():
        for name, effect in own.items():
            found = measured[name] if name in measured else measure(effect, sessions, True)
            said[name] = _summary(found.energies[None], 1).with_errors(*found.errors_over_trials)
    values = dict(zip(FEATURES, _vectors(said, 1)[0].tolist(), strict=True))
    return RecordedEffects(values, {name: float(own.scatter[0]) for name, own in said.items()})


def draw(
    table: Table,
    theory: str,
    design: Design,
    seed: int,
    count: int = EXPERIMENTS,
    scatter: Mapping[str, float] | None = None,
) -> Drawn:
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
    scatter
        How uncertain the recording is, see `RecordedEffects`, if they stand for one.

    Raises
    ------
    ValueError
        If there is no virtual animal.
    """
    worlds = np.unique(table.world)
    if not len(worlds):
        raise ValueError(f"no virtual animal of {theory} is left; narrow its nuisance")
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
    said = {name: _summary(own, count) for name, own in energies.items()}
    own_scatter = {name: found.scatter for name, found in said.items()}
    for name in said.keys() & (scatter or {}).keys():
        noise = generator(seed, "as uncertain", theory, name)
        said[name] = said[name].as_uncertain_as((scatter or {})[name], noise)
    values = _shifted(_vectors(said, count), theory, seed, chosen)
    ratios = [_ratio(said.get(c.key), count, design.label_error[0]) for c in CLAIMS]
    return Drawn(values, np.column_stack(ratios), np.array(chosen),
                 _chances(table, energies, chosen), own_scatter)  # fmt: skip


def _chances(table: Table, energies: Mapping[str, Array], worlds: Sequence[int]) -> Array:
    """Return the p that M is above 0, (experiment, claim), from the energies of the animals."""
    found = np.full((len(worlds), len(BITS)), np.nan)
    for at, key in enumerate(BITS):
        if key in energies:
            m = table.energies[:, table.effects.index(key), 1]
            spread = {w: _spread(m[table.world == w]) for w in {*worlds}}
            own = np.array([spread[w] for w in worlds])
            found[:, at] = _chance(energies[key][..., 1], own)
    return found


def _spread(m: Array) -> float:
    """Return the standard deviation over those animals that can answer, 0 if fewer than two can."""
    known = m[np.isfinite(m)]
    return float(known.std(ddof=1)) if len(known) > 1 else 0.0


def _chance(m: Array, spread: Array) -> Array:
    """Return the p that the mean of M over animals is above 0, (experiment,), see `Drawn`."""
    there = np.isfinite(m)
    number = there.sum(axis=1)
    few = number < FEWEST_ANIMALS
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = np.where(there, m, 0.0).sum(axis=1) / number
        off = np.where(there, m - mean[:, None], 0.0)
        error = np.where(few, spread, np.sqrt((off**2).sum(axis=1) / (number - 1)))
        t = mean * np.sqrt(number) / error
    return np.asarray(scipy.stats.t.sf(t, np.where(few, TRIAL_GROUPS, number) - 1))


def _shifted(values: Array, theory: str, seed: int, worlds: Sequence[int]) -> Array:
    """Return effect vectors with the discrepancy of their worlds on every index."""
    shift = {w: generator(seed, "discrepancy", theory, w).normal(0, DISCREPANCY, len(INDICES))
             for w in dict.fromkeys(worlds)}  # fmt: skip
    indices = values[:, : len(INDICES)] + np.array([shift[world] for world in worlds])
    return np.hstack([np.clip(indices, -1, 1), values[:, len(INDICES) :]])


def _ratio(said: _Summary | None, count: int, label_error: float) -> Array:
    if said is None:
        return np.full(count, np.nan)
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
