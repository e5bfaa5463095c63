"""Virtual experiments: what a recording's design would have shown in the worlds of a theory.

The animals of a world are recorded with the recording's own cells and trials, and measured by the
claims' own code. A virtual experiment draws as many of them as the recording has animals; they
share the nuisance of their world, its instrument, and a discrepancy on every effect, which stands
for what no theory of ours contains.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import xarray as xr

from errorneurons.analysis.virtual_experiments import Experiments, bounded_index
from errorneurons.predictions.design import COLUMNS, USUAL, Design
from errorneurons.predictions.judge import Measured, measure
from errorneurons.predictions.prediction import Prediction
from errorneurons.predictions.registry import CLAIMS
from errorneurons.simulate.calcium import GCAMP6F, Imaging
from errorneurons.simulate.circuit import Array, Circuit, generator, of_networks
from errorneurons.simulate.experiments.outcome_error import OUTCOME_ERROR
from errorneurons.simulate.instrument import snr_at
from errorneurons.simulate.observe import Instrument, observe
from errorneurons.simulate.run import Activity
from errorneurons.simulate.worlds import Animals

EXPERIMENTS = 1000
DISCREPANCY = 0.07
"""Standard deviation of the discrepancy of a world on each bounded index."""
CLASS_FOUND = "class found"
SPARE = 1.5
"""Virtual animals of a world for each animal of an experiment, so that experiments differ."""
MOST_ANIMALS = 12
"""The most virtual animals of a world. Larger experiments draw some twice, which errs to caution:
it leaves the scatter of twelve where there would be more to average over."""
CLEAR = 2.0
"""Standard errors over animals by which M is above 0 where a class of error cells was found."""

#: Somata in a single plane: coarse bins hold at least a frame.
IMAGED = Instrument(imaging=Imaging(GCAMP6F, 30.0, snr_at(0.02, 30.0, GCAMP6F)))

#: Instrument of a world: baseline and peak rate [Hz], and the share of worlds with paired coding.
BASELINES = (4.0, 20.0)
PEAKS = (10.0, 40.0)
PAIRED = 0.5


@dataclass(frozen=True)
class Table:
    """What virtual animals say to the claims under one design.

    Attributes
    ----------
    world
        World of each virtual animal, (animal,).
    energies
        N, M and N_R of each claim, (animal, claim, 3); NaN where it cannot answer.
    claims
        Keys of the claims.
    """

    world: npt.NDArray[np.int64]
    energies: Array
    claims: tuple[str, ...]


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


FEATURES = (*(c.key for c in CLAIMS), CLASS_FOUND)
"""What an effect vector consists of."""


def instrument_of(design: Design, seed: int, theory: str, world: int) -> Instrument:
    """Return the instrument of a world: the design's, with baseline, coding and labels drawn."""
    rng = generator(seed, "instrument", theory, world)
    baseline, peak = (low * (high / low) ** rng.uniform() for low, high in (BASELINES, PEAKS))
    _, low, high = design.label_error
    return replace(
        IMAGED if design.signal == "calcium" else Instrument(),
        cells=max(2, *design.cells.values()) if design.cells else 2,
        label_error=float(rng.uniform(low, high)),
        label_error_interval=(low, high),
        baseline=float(baseline),
        peak=float(peak),
        coding="paired" if rng.uniform() < PAIRED else "baseline",
    )


def record(
    animals: Animals, index: int, design: Design, instrument: Instrument, seed: int
) -> xr.Dataset:
    """Record one network as one session of a design.

    Parameters
    ----------
    animals
        Networks of some worlds.
    index
        Which of them.
    design
        Cells and trials.
    instrument
        How it is recorded.
    seed
        Decides cells and noise.
    """
    one = of_networks(animals.blocks, [index], len(animals.number))
    kinds, learning = one
    blocks = [_presented(kinds, design), learning]
    number = int(animals.number[index])
    seen = observe(animals.circuit, blocks, number, 0, seed, instrument)
    return seen.isel(unit=_chosen(seen, design, animals.circuit))


def _presented(kinds: Activity, design: Design) -> Activity:
    """Return the kinds of trials, each as often as the design has it."""
    table = kinds.table
    repeats = np.zeros(len(table), dtype=int)
    for factors, count in zip(OUTCOME_ERROR, design.trials, strict=True):
        full = {**USUAL, **factors}
        same = np.logical_and.reduce([(table[name] == full[name]).to_numpy() for name in COLUMNS])
        repeats[same & (table["pattern"] < design.stimuli).to_numpy()] = count
    rows = np.repeat(np.arange(len(table)), repeats)
    return Activity(
        {role: rates[:, rows] for role, rates in kinds.rates.items()}, kinds.output[:, rows],
        kinds.target[:, rows], table.iloc[rows], kinds.clock, kinds.labelled,
    )  # fmt: skip


def _chosen(
    session: xr.Dataset, design: Design, circuit: Circuit[Any, Any]
) -> npt.NDArray[np.int64]:
    """Return the units that the design has; the output outside the areas goes with the top."""
    areas = session.variables["area"].values
    error = session.variables["role"].values == "error"
    level = session.variables["level"].values.astype(int)
    level = np.where(areas == circuit.output_area, level.max(), level)
    chosen = []
    for area in np.unique(areas):
        for role in ("error", "representation"):
            here = np.flatnonzero((areas == area) & (error == (role == "error")))
            if len(here):
                chosen.append(here[: design.cells.get((int(level[here[0]]), role), 0)])
    return np.sort(np.concatenate(chosen))


def measured(animals: Animals, theory: str, design: Design, seed: int) -> Table:
    """Record and measure the virtual animals of some worlds.

    Where an experiment needs more animals than a world has networks, networks are recorded again
    with other cells and noise.

    Parameters
    ----------
    animals
        Networks of some worlds.
    theory
        Name of the theory.
    design
        The recording to be imitated.
    seed
        Seed of everything random.
    """
    claims = [c for c in CLAIMS if c.key in design.claims]
    worlds: list[int] = []
    rows: list[Array] = []
    for world in np.unique(animals.world):
        instrument = instrument_of(design, seed, theory, int(world))
        networks = np.flatnonzero(animals.world == world)
        needed = max(len(networks), min(int(np.ceil(SPARE * design.animals)), MOST_ANIMALS))
        for k in range(needed):
            again, index = divmod(k, len(networks))
            sessions = list(_sessions(animals, int(networks[index]), design, instrument,
                                      (seed, theory, again)))  # fmt: skip
            found = [measure(c, sessions, trial_level=False).energies for c in claims]
            rows.append(np.array([e[0] if len(e) else np.full(3, np.nan) for e in found]))
            worlds.append(int(world))
    energies = np.array(rows, dtype=float).reshape(len(worlds), len(claims), 3)
    return Table(np.array(worlds, dtype=np.int64), energies, tuple(c.key for c in claims))


def _sessions(
    animals: Animals, index: int, design: Design, instrument: Instrument,
    purpose: tuple[int, str, int],
) -> Iterator[xr.Dataset]:  # fmt: skip
    seed, theory, again = purpose
    for session in range(design.sessions):
        rng = generator(seed, "recording", theory, again, session)
        yield record(animals, index, design, instrument, int(rng.integers(2**31)))


def effects(energies: Mapping[str, Array], claims: Sequence[Prediction] = CLAIMS) -> Array:
    """Return the effect vector of an experiment, virtual or not.

    Parameters
    ----------
    energies
        Claim key -> N, M and N_R of each animal, (animal, 3), as in `Measured`.
    claims
        Claims, in the order of the features.

    Returns
    -------
    Array
        For each claim (N - M) / (|N| + |M|) of the means over animals, in [-1, 1], NaN if no
        animal can answer; then 1 if a class of error cells was found, 0 if not, NaN if no claim
        that is read in error cells has an answer. A class was found if the response that such
        claims compare with, M, is 2 standard errors or more above 0 over animals in one of them.
    """
    values = [_bounded(_complete(energies.get(c.key))) for c in claims]
    compared = [_complete(energies.get(c.key))[:, 1] for c in claims if _in_error_cells(c)]
    answers = [_clear(m) for m in compared if len(m)]
    return np.array([*values, float(max(answers)) if answers else np.nan])


def recorded(measured_claims: Mapping[str, Measured]) -> Array:
    """Return the effect vector of a recording from what it says to the claims."""
    return effects({key: m.energies for key, m in measured_claims.items()})


def _complete(energies: Array | None) -> Array:
    rows = np.empty((0, 3)) if energies is None else energies
    return np.asarray(rows[np.isfinite(rows).all(axis=1)])


def _bounded(energies: Array) -> float:
    return float(bounded_index(*energies[:, :2].mean(axis=0))) if len(energies) else float("nan")


def _in_error_cells(claim: Prediction) -> bool:
    return claim.drawing is not None and any(role == "error" for role, _ in claim.drawing.read)


def _clear(m: Array) -> bool:
    spread = m.std(ddof=1) / np.sqrt(len(m)) if len(m) > 1 else 0.0
    return bool(m.mean() > CLEAR * spread)


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
        0, DISCREPANCY, len(CLAIMS)) for w in worlds}  # fmt: skip
    here = {int(w): np.flatnonzero(table.world == w) for w in worlds}
    chosen = [int(worlds[i % len(worlds)]) for i in range(count)]
    values, ratios = np.empty((count, len(FEATURES))), np.empty((count, len(CLAIMS)))
    for i, world in enumerate(chosen):
        rng = generator(seed, "experiment", theory, i)
        few = len(here[world]) < design.animals
        rows = rng.choice(here[world], design.animals, replace=few)
        energies = {k: table.energies[rows, j] for j, k in enumerate(table.claims)}
        values[i] = effects(energies)
        values[i, :-1] = np.clip(values[i, :-1] + shift[world], -1, 1)
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
