"""Cells within animals: a hierarchical bootstrap and a mixed model, both secondary.

The primary test takes one number an animal (`errorneurons.analysis.statistics`). What is here
uses the cells as well, and leans on many animals: the bootstrap draws animals from those recorded,
and the mixed model takes its estimate for normal. With few animals both are too sure, so neither
is put behind a verdict below 20 animals; `Nested.for_verdict` enforces it.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from errorneurons.analysis.statistics import LEVEL, Interval

Array = npt.NDArray[np.float64]

FEWEST_ANIMALS = 20
OPTIMISERS = ("powell", "nm", "bfgs", "cg")
AGREEMENT = 1e-3
"""Two optimisers agree if their log-likelihoods differ by less."""


@dataclass(frozen=True)
class Nested:
    """A secondary estimate of a population mean.

    Attributes
    ----------
    interval
        The mean and its 95 % interval, in the units of the values.
    animals
        How many animals it rests on.
    method
        In words.
    animal_variance, cell_variance
        Variance between animals, and between cells of an animal, in squared units of the values;
        NaN where the method does not estimate them.
    """

    interval: Interval
    animals: int
    method: str
    animal_variance: float = float("nan")
    cell_variance: float = float("nan")

    def for_verdict(self) -> Interval:
        """Return the interval for use in a verdict.

        Raises
        ------
        ValueError
            With fewer than 20 animals.
        """
        if self.animals < FEWEST_ANIMALS:
            raise ValueError(
                f"a {self.method} is not put behind a verdict below {FEWEST_ANIMALS} animals, and "
                f"this has {self.animals}: use Student's t on one number an animal"
            )
        return self.interval


def hierarchical_bootstrap(
    values: Sequence[npt.ArrayLike], seed: np.random.SeedSequence, draws: int = 2000
) -> Nested:
    """Return the mean over animals with the interval of a hierarchical bootstrap.

    Animals are drawn with replacement, then cells within each animal drawn, then trials within each
    cell if there are any. Leave trials out for cross-validated energies: a trial drawn twice would
    be multiplied with itself, and its noise would count as response.

    Parameters
    ----------
    values
        One array an animal: (cell,) or (cell, trial).
    seed
        Of the draws.
    draws
        How many.

    Raises
    ------
    ValueError
        With fewer than 2 animals, or an animal without cells.

    References
    ----------
    Saravanan, Berman & Sober 2020, arXiv:2007.07797
    """
    tables = [np.asarray(v, dtype=float) for v in values]
    _refuse(tables)
    rng = np.random.default_rng(seed)
    count = len(tables)
    chosen = rng.integers(count, size=(draws, count))
    means = np.empty(chosen.shape)
    for animal, table in enumerate(tables):
        here = chosen == animal
        means[here] = _resampled_means(table, int(here.sum()), rng)
    low, high = np.quantile(means.mean(axis=1), [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    value = float(np.mean([t.mean() for t in tables]))
    nested = "animals and cells" if tables[0].ndim == 1 else "animals, cells and trials"
    level = f"95 % hierarchical bootstrap over {nested}"
    return Nested(Interval(value, float(low), float(high), level), count, "hierarchical bootstrap")


def _resampled_means(table: Array, times: int, rng: np.random.Generator) -> Array:
    """Draw the cells of one animal, and the trials of each cell drawn, many times: (times,)."""
    cells = rng.integers(len(table), size=(times, len(table)))
    if table.ndim == 1:
        return np.asarray(table[cells].mean(axis=1))
    trials = rng.integers(table.shape[1], size=(*cells.shape, table.shape[1]))
    return np.asarray(table[cells[..., None], trials].mean(axis=(1, 2)))


def mixed_model(values: Sequence[npt.ArrayLike]) -> Nested:
    """Return the mean over animals of a mixed model: animals random, and cells if there are trials.

    The interval takes the estimate for normal, as statsmodels does; it is too narrow for few
    animals. Optimisers are tried in turn until two that converged agree; else the one of the
    highest likelihood counts, and if none converges, none is believed.

    Parameters
    ----------
    values
        One array an animal: (cell,) or (cell, trial).

    Raises
    ------
    ValueError
        With fewer than 2 animals, an animal without cells, cells that do not differ, or if no
        optimiser converges.
    """
    tables = [np.asarray(v, dtype=float) for v in values]
    _refuse(tables)
    if np.ptp(np.concatenate([t.ravel() for t in tables])) == 0:
        raise ValueError("a mixed model needs cells that differ, and all values here are equal")
    fit, scale = _converged(tables)
    low, high = np.asarray(fit.conf_int(1 - LEVEL))[0] * scale
    value = float(fit.fe_params.iloc[0]) * scale
    trials = tables[0].ndim == 2
    residual = float(fit.scale) if not trials else float(fit.vcomp[0])
    return Nested(
        Interval(value, float(low), float(high), "95 % mixed-model interval (normal)"),
        len(tables), "mixed model",
        float(fit.cov_re.iloc[0, 0]) * scale**2, residual * scale**2,
    )  # fmt: skip


def _converged(tables: Sequence[Array]) -> tuple[Any, float]:
    """Return the best fit that converged, and the scale that its values were divided by."""
    from statsmodels.regression.mixed_linear_model import MixedLM

    scale = float(np.concatenate([t.ravel() for t in tables]).std())
    trials = tables[0].ndim == 2
    # without re_formula, vc_formula would silently replace the intercept of the animals
    model = MixedLM.from_formula(
        "value ~ 1", _long(tables, scale), groups="animal", re_formula="1",
        vc_formula={"cell": "0 + C(cell)"} if trials else None,
    )  # fmt: skip
    fits: list[Any] = []
    for optimiser in OPTIMISERS:
        fit = _fit(model, optimiser)
        if fit is None:
            continue
        fits.append(fit)
        if len(fits) > 1 and abs(fits[-1].llf - fits[-2].llf) < AGREEMENT:
            break
    if fits:
        return max(fits, key=lambda fit: float(fit.llf)), scale
    raise ValueError(
        f"the mixed model did not converge with any of {', '.join(OPTIMISERS)}: use Student's t on "
        "one number an animal"
    )


def _fit(model: Any, optimiser: str) -> Any | None:
    """Return the fit of one optimiser if it can be believed.

    That it converged does not suffice: from a singular covariance statsmodels may return all zeros
    with an infinite likelihood and call it converged, as its L-BFGS does for a single intercept.
    """
    with warnings.catch_warnings():  # what they say is looked at here, or is a variance of 0
        warnings.simplefilter("ignore")
        try:
            fit = model.fit(method=optimiser)
        except np.linalg.LinAlgError:
            return None
    finite = np.isfinite([fit.llf, *np.asarray(fit.conf_int())[0]]).all()
    return fit if fit.converged and finite else None


def _long(tables: Sequence[Array], scale: float) -> pd.DataFrame:
    """Return one row a value, in units of the scale."""
    frames = []
    for animal, table in enumerate(tables):
        cell = np.broadcast_to(np.arange(len(table)).reshape(-1, *[1] * (table.ndim - 1)),
                               table.shape)  # fmt: skip
        rows = {"animal": animal, "cell": cell.ravel(), "value": table.ravel() / scale}
        frames.append(pd.DataFrame(rows))
    return pd.concat(frames, ignore_index=True)


def _refuse(tables: Sequence[Array]) -> None:
    if len(tables) < 2:
        raise ValueError(f"an estimate over animals needs 2 or more, not {len(tables)}")
    empty = [k for k, table in enumerate(tables) if not table.size]
    if empty:
        raise ValueError(f"animal {empty[0]} has no cells: leave it out")
    if len({t.ndim for t in tables}) > 1 or tables[0].ndim not in (1, 2):
        raise ValueError("give every animal as (cell,), or every animal as (cell, trial)")
