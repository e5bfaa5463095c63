"""Virtual animals: what a recording's design would have shown in the worlds of a theory.

The animals of a world are recorded with the recording's own cells and trials, and measured by the
claims' own code. They share the nuisance of their world and its instrument; `effect_vector` draws
virtual experiments from them.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Hashable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import xarray as xr

from errorneurons.analysis.measures.asking import Remembered, asked_often
from errorneurons.analysis.measures.labelling import Rule, cross_fitted
from errorneurons.predictions.claims.claim import Measure
from errorneurons.predictions.claims.registry import CLAIMS, EFFECTS
from errorneurons.predictions.comparing.design import COLUMNS, USUAL, Design
from errorneurons.predictions.judging.judge import energies_of_animal
from errorneurons.simulate.animals.day import presented
from errorneurons.simulate.animals.performed import Performed
from errorneurons.simulate.arrays import Array, generator, of_networks
from errorneurons.simulate.circuit import Circuit
from errorneurons.simulate.experiments.outcome import OUTCOME_ERROR
from errorneurons.simulate.instrument.calcium import GCAMP6F, Imaging
from errorneurons.simulate.instrument.instrument import snr_at
from errorneurons.simulate.instrument.observe import (
    Displayed,
    Instrument,
    observe,
    shown_in,
)
from errorneurons.simulate.instrument.plainly import observe_plainly

SPARE = 1.5
"""Virtual animals of a world for each animal of an experiment, so that experiments differ."""
MOST_ANIMALS = 12
"""The most virtual animals of a world. Larger experiments draw some twice, which errs to caution:
it leaves the scatter of twelve where there would be more to average over."""
_STRAINED = 3
"""Of the worlds, one in so many is recorded with more false labels than are stated."""
ERROR_CELLS = (0.1, 0.5)
"""Share of error cells, of a world, among the cells that a localiser is to find them in."""
LOCALISER = Rule(permutations=999)
"""The localiser's own rule, with as many permutations as finding five cells among a hundred takes.
"""

#: Somata in a single plane: coarse bins hold at least a frame.
IMAGED = Instrument(imaging=Imaging(GCAMP6F, 30.0, snr_at(0.02, 30.0, GCAMP6F)))

#: Instrument of a world: baseline and peak rate [Hz], and the share of worlds with paired coding.
BASELINES = (4.0, 20.0)
PEAKS = (10.0, 40.0)
PAIRED = 0.5


@dataclass(frozen=True)
class Presented:
    """The trials of a design.

    Attributes
    ----------
    rows
        Which of the kinds of trials each one is, (trial,).
    table
        The trials.
    shown
        These and the trials of learning, as sessions hold them.
    """

    rows: npt.NDArray[np.int64]
    table: pd.DataFrame
    shown: Displayed


@dataclass(frozen=True)
class Table:
    """What virtual animals say to the claims under one design.

    Attributes
    ----------
    world
        World of each virtual animal, (animal,).
    energies
        N, M and N_R of each effect, (animal, effect, 3); NaN where it cannot answer.
    effects
        Names of the effects, see `registry.EFFECTS`.
    """

    world: npt.NDArray[np.int64]
    energies: Array
    effects: tuple[str, ...]


def instrument_of(design: Design, seed: int, theory: str, world: int) -> Instrument:
    """Return the instrument of a world: the design's, with baseline, coding and labels drawn."""
    rng = generator(seed, "instrument", theory, world)
    baseline, peak = (low * (high / low) ** rng.uniform() for low, high in (BASELINES, PEAKS))
    _, low, high = design.label_error
    return replace(
        IMAGED if design.signal == "calcium" else Instrument(),
        cells=max(2, *design.cells.values()) if design.cells else 2,
        label_error=float(rng.uniform(low, high)) + design.unstated,
        label_error_interval=(low, high + design.unstated),
        baseline=float(baseline),
        peak=float(peak),
        coding="paired" if rng.uniform() < PAIRED else "baseline",
    )


def composed(design: Design, seed: int, theory: str, world: int) -> Design:
    """Return a design with the cells of a world: a localiser is not told how many signal errors."""
    if design.labels == "stated":
        return design
    low, high = ERROR_CELLS
    share = generator(seed, "error cells", theory, world).uniform(low, high)
    cells: dict[tuple[int, str], int] = {}
    for level in sorted({level for level, _ in design.cells}):
        there = sum(count for (own, _), count in design.cells.items() if own == level)
        cells[level, "error"] = round(share * there)
        cells[level, "representation"] = there - cells[level, "error"]
    return replace(design, cells=cells)


def stocked(design: Design) -> Design:
    """Return a design with as many animals as one of its worlds has virtual ones.

    Designs that differ only in animals often share them, and what was recorded.
    """
    spare = 1.0 if design.unstated else SPARE
    return replace(design, animals=min(math.ceil(spare * design.animals), MOST_ANIMALS))


def record(
    animals: Performed,
    index: int,
    design: Design,
    instrument: Instrument,
    seed: int,
    presented_as: Presented | None = None,
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
    presented_as
        What `presentation` returns for them, where many are recorded.
    """
    given = presented_as or presentation(animals, design)
    kinds, *learning = of_networks(animals.activity, [index], len(animals.number))
    blocks = [presented(kinds, given.rows, given.table), *learning]
    number = int(animals.number[index])
    seen = observe(animals.theory.circuit, blocks, number, 0, seed, instrument, given.shown)
    chosen = _chosen(seen, design, animals.theory.circuit)
    return seen if len(chosen) == seen.sizes["unit"] else seen.isel(unit=chosen)


def _record_plainly(
    animals: Performed, index: int, design: Design, instrument: Instrument, given: Presented,
    seed: int,
) -> xr.Dataset:  # fmt: skip
    """Record as `record` does, for the claims alone."""
    rows = (given.rows, *(np.arange(len(b.table)) for b in animals.activity[1:]))
    seen = observe_plainly(
        animals.theory.circuit, animals.activity, rows, int(animals.number[index]), index, seed,
        instrument, given.shown,
    )  # fmt: skip
    chosen = _chosen(seen.as_session(), design, animals.theory.circuit)
    own = seen if len(chosen) == seen.sizes["unit"] else seen.of_units(chosen)
    return own.as_session()


def presentation(animals: Performed, design: Design) -> Presented:
    """Return the trials of a design, each kind as often as the design has it."""
    table = animals.activity[0].table
    columns = {name: table[name].to_numpy() for name in COLUMNS}
    repeats = np.zeros(len(table), dtype=int)
    for factors, count in zip(OUTCOME_ERROR, design.trials, strict=True):
        full = {**USUAL, **factors}
        same = np.logical_and.reduce([columns[name] == full[name] for name in COLUMNS])
        repeats[same & (table["pattern"] < design.stimuli).to_numpy()] = count
    rows = np.repeat(np.arange(len(table)), repeats)
    repeated = table.iloc[rows]
    shown = shown_in([repeated, *(block.table for block in animals.activity[1:])])
    # claims ask for columns of the contract only
    return Presented(rows, repeated, replace(shown, others={}))


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


def measured(animals: Performed, theory: str, design: Design, seed: int) -> Table:
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
        The recording to be imitated, `stocked` with animals for experiments to differ.
    seed
        Seed of everything random.
    """
    effects = effects_under(design)
    worlds: list[int] = []
    rows: list[Array] = []
    every = _STRAINED if design.unstated else 1
    if not len(animals.number):
        return Table(np.empty(0, np.int64), np.empty((0, len(effects), 3)), tuple(effects))
    given = presentation(animals, design)
    known: dict[Hashable, Remembered] = {}
    for world in np.unique(animals.world[animals.world % every == 0]):
        own = composed(design, seed, theory, int(world))
        instrument = instrument_of(own, seed, theory, int(world))
        networks = np.flatnonzero(animals.world == world)
        for k in range(max(len(networks), design.animals)):
            again, index = divmod(k, len(networks))
            recorded: Callable[[int], xr.Dataset]
            if own.labels == "localiser":
                recorded = partial(record, animals, int(networks[index]), own, instrument,
                                   presented_as=given)  # fmt: skip
            else:
                recorded = partial(
                    _record_plainly, animals, int(networks[index]), own, instrument, given
                )
            sessions = list(_sessions(recorded, own, (seed, theory, again)))
            with asked_often(sessions, _memory(sessions, known, own)):
                rows.append(np.array([energies_of_animal(e, sessions) for e in effects.values()]))
            worlds.append(int(world))
    energies = np.array(rows, dtype=float).reshape(len(worlds), len(effects), 3)
    return Table(np.array(worlds, dtype=np.int64), energies, tuple(effects))


def _memory(
    sessions: Sequence[xr.Dataset], known: dict[Hashable, Remembered], design: Design
) -> Remembered | None:
    """Return what is known of sessions with the same trials, and units of the same kinds."""
    if design.labels == "localiser":  # which trials test, and which units, differs from all others
        return None
    kinds = {
        tuple(s.variables[name].values.tobytes() for name in ("area", "role", "level"))
        for s in sessions
    }
    return known.setdefault(next(iter(kinds)), {}) if len(kinds) == 1 else None


def effects_under(design: Design) -> dict[str, Measure]:
    """Return the effects of the claims that a design can test, by name."""
    own = (EFFECTS[c.key] for c in CLAIMS if c.key in design.claims)
    return {name: effect for found in own for name, effect in found.items()}


def _sessions(
    recorded: Callable[[int], xr.Dataset], design: Design, purpose: tuple[int, str, int]
) -> Iterator[xr.Dataset]:
    """Yield the sessions of an animal, each `recorded` with a seed of its own."""
    seed, theory, again = purpose
    for session in range(design.sessions):
        rng = generator(seed, "recording", theory, again, session)
        seen = recorded(int(rng.integers(2**31)))
        yield from _labelled(seen, rng) if design.labels == "localiser" else (seen,)


def _labelled(session: xr.Dataset, rng: np.random.Generator) -> tuple[xr.Dataset, ...]:
    """Return a session labelled by the localiser, once a fold; as it is if there is no choosing."""
    try:
        return cross_fitted(session, rng, rule=LOCALISER)
    except ValueError:  # too few trials to choose by: nothing is labelled
        return (session.assign_coords(role=("unit", ["unknown"] * session.sizes["unit"])),)
