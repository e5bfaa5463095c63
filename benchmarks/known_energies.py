"""Virtual data sets: responses of cells in animals whose energies are known.

They are made to measure how often a test is wrong. An animal has labelled cells, some of them
falsely labelled, and unlabelled cells; each cell answers every stimulus with a pattern of its own
plus the noise of the trial. Patterns are normal with a variance that is the cell's energy:

    N_a = N g_a,  M_a = M h_a,   g, h of mean 1 and a variance that follows from the ICC

The ICC is the correlation between cells, rightly labelled, of one animal in what each adds to
D = N - pi N_R - q0 M. Falsely labelled cells respond to the input as the unlabelled ones do. N is
set so that D has mean `effect` * q0 M exactly, M taken over all labelled cells: 0 stands for the
threshold.

`responses` makes every trial and `measured` takes the energies; `drawn` draws the same energies at
once from their distribution. With T trials of noise variance s, v = s / T and S stimuli it is, for
a cell of energy E,

    N: ((E + v)  chi2(S) - v chi2(S (T - 1))   / (T - 1)) / S
    M: ((E + 2v) chi2(S) - v chi2(2 S (T - 1)) / (T - 1)) / S

for mean and scatter of normal trials are independent. Sums of chi2 over the cells of an animal are
chi2 again: `drawn_animals` draws only those, where single cells do not matter.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]
Shape = Literal["symmetric", "skewed", "log-normal", "one in ten", "heavy tails"]
ONE_SIDED = ("skewed", "log-normal", "one in ten")
"""Shapes in which only N varies between animals."""

M, M_UNLABELLED = 1.0, 0.5
N_UNLABELLED = 1.0
"""Energies of rightly labelled and of unlabelled cells, in units of M."""
RARE, WIDER = 0.1, 3.0
"""Heavy tails: the share of animals with a wider spread, and how much wider."""


@dataclass(frozen=True)
class Design:
    """What a virtual data set consists of.

    Attributes
    ----------
    animals, cells, stimuli, trials
        Counts: labelled cells (and as many unlabelled ones) an animal, trials a stimulus and
        condition.
    icc
        Intra-class correlation of D over rightly labelled cells, 0 to below 1.
    label_error
        pi, the probability that a labelled cell is falsely labelled.
    effect
        Mean of D in units of q0 M: 0 at the threshold, -1 if N is 0, 1 at twice the threshold.
    threshold
        q0.
    shape
        How animals differ: ``"symmetric"`` (N and M vary alike, by a gamma distribution, so that
        N - q0 M is symmetric), ``"skewed"`` (only N varies), ``"log-normal"`` (as skewed, by that
        distribution), ``"one in ten"`` (as skewed, but a tenth of the animals, alike, have more
        than the others, which are alike), ``"heavy tails"`` (as symmetric, but a tenth of the
        animals vary three times as much).
    noise
        Variance of a trial's response of one cell, in units of M.
    """

    animals: int
    cells: int
    icc: float
    label_error: float = 0.0
    effect: float = 0.0
    threshold: float = 1 / 9
    shape: Shape = "symmetric"
    stimuli: int = 6
    trials: int = 3
    noise: float = 0.15


@dataclass(frozen=True)
class Cells:
    """Cross-validated energies of single cells, each averaged over stimuli, in units of M.

    Attributes
    ----------
    numerator, denominator
        N and M of the labelled cells, (..., animal, cell).
    false_label
        N_R of the unlabelled cells, (..., animal, cell).
    """

    numerator: Array
    denominator: Array
    false_label: Array

    def energies(self) -> Array:
        """Return N, M and N_R of each animal, (..., animal, 3)."""
        parts = (self.numerator, self.denominator, self.false_label)
        return np.stack([p.mean(axis=-1) for p in parts], axis=-1)

    def difference(self, threshold: float, label_error: float) -> Array:
        """Return what each labelled cell adds to D of its animal, (..., animal, cell)."""
        false = self.false_label.mean(axis=-1, keepdims=True)
        return np.asarray(self.numerator - label_error * false - threshold * self.denominator)


def numerator(design: Design) -> float:
    """Return N of rightly labelled cells, in units of M, that gives D its mean.

    From (1 - pi) N = q0 (1 + effect) ((1 - pi) M + pi M_R): falsely labelled cells are in M, too.
    """
    pi = design.label_error
    return design.threshold * (1 + design.effect) * (M + pi / (1 - pi) * M_UNLABELLED)


def animal_variance(design: Design) -> float:
    """Return the variance of g and h, the relative energies of animals, from the ICC.

    Between animals D varies by V (N^2 + q0^2 M^2), whatever the shape; between cells by the
    variance of each cell's energy estimate, which itself grows with V.

    Raises
    ------
    ValueError
        If no variance gives this ICC, because cells then differ as much as animals do; or if only N
        is to vary and is 0.
    """
    n, m = numerator(design), design.threshold * M
    if design.shape in ONE_SIDED and n == 0:
        raise ValueError("only N is to vary, and an effect of -1 makes it 0: take a larger effect")
    v, t = design.noise / design.trials, design.trials
    # var of a cross-validated energy E over cells: (2 (E + v)^2 + 2 v^2 / (t - 1)) / stimuli
    constant = 2 * (n + v) ** 2 + 2 * v**2 / (t - 1)
    constant += design.threshold**2 * (2 * (M + 2 * v) ** 2 + 4 * v**2 / (t - 1))
    within, growth = constant / design.stimuli, 2 * (n**2 + m**2) / design.stimuli
    between = (n**2 + m**2) * (1 - design.icc) - growth * design.icc
    if between <= 0:
        raise ValueError(
            f"an ICC of {design.icc:g} cannot be had with {design.stimuli} stimuli: cells differ "
            "as much as animals; take more stimuli"
        )
    return design.icc * within / between


def responses(design: Design, rng: np.random.Generator) -> dict[str, Array]:
    """Return one data set, (animal, cell, stimulus, trial), in units of the square root of M.

    ``"input"``, ``"unexpected"`` and ``"expected"`` of the labelled cells, and ``"unlabelled"``,
    the response of the unlabelled cells to the input.
    """
    n, m, unlabelled = _energies(design, rng, 1)
    sizes = {"input": n[0], "unexpected": m[0], "expected": 0 * m[0], "unlabelled": unlabelled[0]}
    return {name: _noisy(energy, design, rng) for name, energy in sizes.items()}


def drawn(design: Design, rng: np.random.Generator, data_sets: int) -> Cells:
    """Return the energies of the cells of many data sets, (data set, animal, cell)."""
    n, m, unlabelled = _energies(design, rng, data_sets)
    found = [_estimated(e, design, k, rng) for e, k in ((n, 1), (m, 2), (unlabelled, 1))]
    return Cells(*found)


def drawn_animals(design: Design, rng: np.random.Generator, data_sets: int) -> Array:
    """Return N, M and N_R of the animals of many data sets, (data set, animal, 3)."""
    shape = (data_sets, design.animals)
    g, h = (_relative(design, part, rng, shape) for part in "NM")
    false = rng.binomial(design.cells, design.label_error, shape)
    right, none = design.cells - false, np.zeros(shape, dtype=np.int64)
    parts = (
        ((right, numerator(design) * g), (false, N_UNLABELLED * g), 1),
        ((right, M * h), (false, M_UNLABELLED * h), 2),
        ((none + design.cells, N_UNLABELLED * g), (none, g), 1),
    )
    v, scatter = design.noise / design.trials, design.trials - 1
    found = []
    for first, second, conditions in parts:
        sums = sum(
            (energy + conditions * v) * 2 * rng.standard_gamma(design.stimuli * cells / 2)
            for cells, energy in (first, second)
        )
        freedom = conditions * design.stimuli * scatter * design.cells
        sums = sums - v / scatter * rng.chisquare(freedom, shape)
        found.append(sums / (design.stimuli * design.cells))
    return np.stack(found, axis=-1)


def _estimated(energy: Array, design: Design, conditions: int, rng: np.random.Generator) -> Array:
    """Draw estimates of cells' energies, of the difference of two conditions or of one."""
    v, scatter = design.noise / design.trials, design.trials - 1
    estimate = (energy + conditions * v) * rng.chisquare(design.stimuli, energy.shape)
    freedom = conditions * design.stimuli * scatter
    estimate -= v / scatter * rng.chisquare(freedom, energy.shape)
    return np.asarray(estimate / design.stimuli)


def _energies(
    design: Design, rng: np.random.Generator, data_sets: int
) -> tuple[Array, Array, Array]:
    """Draw N and M of the labelled and N of the unlabelled cells, (data set, animal, cell)."""
    shape = (data_sets, design.animals, design.cells)
    g, h = (_relative(design, part, rng, shape[:2])[..., None] for part in "NM")
    false = rng.random(shape) < design.label_error
    n = np.where(false, N_UNLABELLED, numerator(design)) * g
    m = np.where(false, M_UNLABELLED, M) * h
    return n, m, np.broadcast_to(N_UNLABELLED * g, shape)


def _relative(design: Design, part: str, rng: np.random.Generator, shape: tuple[int, ...]) -> Array:
    """Draw relative energies of animals: mean 1, and a variance that the shape distributes."""
    variance = np.full(shape, animal_variance(design))
    if design.shape in ONE_SIDED:
        n, m = numerator(design), design.threshold * M
        variance *= (n**2 + m**2) / n**2 if part == "N" else 0.0
    elif design.shape == "heavy tails":
        wide = rng.random(shape) < RARE
        variance *= np.where(wide, WIDER**2, 1.0) / (1 + RARE * (WIDER**2 - 1))
    varied = variance > 0
    if design.shape == "log-normal":
        sigma = np.sqrt(np.log1p(variance))
        relative = rng.lognormal(-(sigma**2) / 2, sigma)
    elif design.shape == "one in ten":
        odds = RARE / (1 - RARE)
        rare = rng.random(shape) < RARE
        relative = 1 + np.sqrt(variance) * np.where(rare, odds**-0.5, -(odds**0.5))
    else:
        relative = rng.gamma(1 / np.where(varied, variance, 1.0)) * variance
    return np.where(varied, relative, 1.0)


def _noisy(energy: Array, design: Design, rng: np.random.Generator) -> Array:
    pattern = np.sqrt(energy)[..., None] * rng.standard_normal((*energy.shape, design.stimuli))
    noise = rng.standard_normal((*pattern.shape, design.trials)) * np.sqrt(design.noise)
    return np.asarray(pattern[..., None] + noise)


def measured(data: dict[str, Array]) -> Cells:
    """Return the cross-validated energies of every cell of a data set.

    As `energy` and `energy_of_difference` of `errorneurons.analysis.measures.energies`, for all
    cells at once.
    """
    mean = {name: x.mean(axis=-1) for name, x in data.items()}
    contrast = _energy(data["unexpected"]) + _energy(data["expected"])
    contrast -= 2 * mean["unexpected"] * mean["expected"]
    found = (_energy(data["input"]), contrast, _energy(data["unlabelled"]))
    return Cells(*(x.mean(axis=-1) for x in found))


def _energy(x: Array) -> Array:
    """Return the energy of each cell and stimulus; the last dimension is trials."""
    count = x.shape[-1]
    squares = np.einsum("...t,...t->...", x, x)
    return np.asarray((x.sum(axis=-1) ** 2 - squares) / (count * (count - 1)))
