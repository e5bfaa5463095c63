"""Virtual animals: what a recording's design would have shown in the worlds of a theory.

The animals of a world are recorded with the recording's own cells and trials, and measured by the
claims' own code. They share the nuisance of their world and its instrument; `effects.draw` draws
virtual experiments from them.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np
import numpy.typing as npt

from errorneurons.analysis.measures.asking import asked_often
from errorneurons.predictions.claims.claim import Measure
from errorneurons.predictions.claims.registry import CLAIMS, EFFECTS
from errorneurons.predictions.comparing.design import Design
from errorneurons.predictions.comparing.recording import (
    Known,
    Presented,
    Seen,
    localised,
    presentation,
    record,
    recorded_plainly,
    subject_of,
)
from errorneurons.predictions.judging.measured import energies_of_animal
from errorneurons.simulate.animals.performed import Performed
from errorneurons.simulate.arrays import Array, generator
from errorneurons.simulate.instrument.calcium import GCAMP6F, Imaging
from errorneurons.simulate.instrument.instrument import Instrument, snr_at
from errorneurons.simulate.instrument.instrumented import Instrumented

SPARE = 1.5
"""Virtual animals of a world for each animal of an experiment, so that experiments differ."""
MOST_ANIMALS = 12
"""The most virtual animals of a world. Larger experiments draw some twice, which errs to caution:
it leaves the scatter of twelve where there would be more to average over."""
_STRAINED = 3
"""Of the worlds, one in so many is recorded with more false labels than are stated."""
ERROR_CELLS = (0.1, 0.5)
"""Share of error cells, of a world, among the cells that a localiser is to find them in."""

#: Somata in a single plane: coarse bins hold at least a frame.
IMAGED = Instrument(imaging=Imaging(GCAMP6F, 30.0, snr_at(0.02, 30.0, GCAMP6F)))

#: Instrument of a world: baseline and peak rate [Hz], and the share of worlds with paired coding.
BASELINES = (4.0, 20.0)
PEAKS = (10.0, 40.0)
PAIRED = 0.5
_AGAIN = 10**7
"""More than the number of any network."""


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
    animal
        Which virtual animal each is, the same whatever it was put through, (animal,); empty where
        nothing is set beside it.
    """

    world: npt.NDArray[np.int64]
    energies: Array
    effects: tuple[str, ...]
    animal: npt.NDArray[np.int64] = field(default_factory=lambda: np.empty(0, np.int64))


def joined_tables(tables: Sequence[Table]) -> Table:
    """Return what the same virtual animals say in several experiments; those that are in all."""
    if len(tables) == 1:
        return tables[0]
    common = set.intersection(*({*t.animal.tolist()} for t in tables))
    rows = [[k for k, n in enumerate(t.animal.tolist()) if n in common] for t in tables]
    first = tables[0]
    return Table(
        first.world[rows[0]],
        np.concatenate([t.energies[own] for t, own in zip(tables, rows, strict=True)], axis=1),
        tuple(name for t in tables for name in t.effects),
        first.animal[rows[0]],
    )


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


def measured(
    animals: Performed | Sequence[Performed],
    theory: str,
    design: Design,
    seed: int,
    known: Known | None = None,
) -> Table:
    """Record and measure the virtual animals of some worlds.

    Where an experiment needs more animals than a world has networks, networks are recorded again
    with other cells and noise.

    Parameters
    ----------
    animals
        Networks of some worlds, after each day of the experiment that the design is of.
    theory
        Name of the theory.
    design
        The recording to be imitated, `stocked` with animals for experiments to differ.
    seed
        Seed of everything random.
    known
        What is known of sessions with these trials, where other networks were recorded before.
    """
    days = [animals] if isinstance(animals, Performed) else [*animals]
    first, effects = days[0], effects_under(design)
    worlds: list[int] = []
    whose: list[int] = []
    rows: list[Array] = []
    every = _STRAINED if design.unstated else 1
    if not len(first.number):
        return Table(np.empty(0, np.int64), np.empty((0, len(effects), 3)), tuple(effects))
    given = [presentation(day, design) for day in days]
    known = {} if known is None else known
    for world in np.unique(first.world[first.world % every == 0]):
        own = composed(design, seed, theory, int(world))
        instrument = instrument_of(own, seed, theory, int(world))
        networks = np.flatnonzero(first.world == world)
        subjects = [_Days(days, given, int(k), instrument) for k in networks]
        for k in range(max(len(networks), design.animals)):
            again, index = divmod(k, len(networks))
            rngs = [generator(seed, "recording", theory, again, n) for n in range(design.sessions)]
            rows.append(subjects[index].energies(own, [*effects.values()], rngs, known))
            worlds.append(int(world))
            whose.append(int(first.number[networks[index]]) + _AGAIN * again)
    energies = np.array(rows, dtype=float).reshape(len(worlds), len(effects), 3)
    return Table(np.array(worlds, np.int64), energies, tuple(effects), np.array(whose, np.int64))


@dataclass(frozen=True, eq=False)
class _Days:
    """A network on the days of an experiment, before its instrument."""

    days: Sequence[Performed]
    given: Sequence[Presented]
    index: int
    instrument: Instrument

    @cached_property
    def plainly(self) -> Instrumented:
        """The network as `recorded_plainly` takes it."""
        return subject_of(self.days[0], self.index, self.instrument, self.given[0])

    def energies(
        self,
        design: Design,
        effects: Sequence[Measure],
        rngs: Sequence[np.random.Generator],
        known: Known,
    ) -> Array:
        """Record it once with each generator; return N, M and N_R in all of it, (effect, 3)."""
        seen = [one for rng in rngs for one in self.recorded(design, rng, known)]
        sessions = [one.session for one in seen]
        with asked_often(sessions, [(one.own, one.alike) for one in seen]):
            return np.array([energies_of_animal(effect, sessions) for effect in effects])

    def recorded(self, design: Design, rng: np.random.Generator, known: Known) -> Sequence[Seen]:
        """Record it once, day by day; a localiser makes a session of each fold."""
        seed = int(rng.integers(2**31))
        if design.labels == "stated" and design.conditions.learning:
            return (recorded_plainly(self.plainly, design, seed, known),)
        # claims of other experiments may ask for any bin; cells and their labels stay the same
        whole = [
            record(day, self.index, design, self.instrument, seed, shown)
            for day, shown in zip(self.days, self.given, strict=True)
            if shown.shown.count
        ]
        if design.labels == "stated":
            return [Seen(one, {}, {}) for one in whole]
        # which trials test, and which units, differs from all others
        return [Seen(fold, {}, {}) for one in whole for fold in localised(one, rng)]


def effects_under(design: Design) -> dict[str, Measure]:
    """Return the effects of the claims that a design can test, by name."""
    own = (EFFECTS[c.key] for c in CLAIMS if c.key in design.claims)
    return {name: effect for found in own for name, effect in found.items()}
