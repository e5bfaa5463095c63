"""Virtual animals are recorded: with the cells and trials of a design, for the claims alone.

Claims ask for mean rates in windows. Which these are depends on the trials and on the areas and
roles of the units, not on what was recorded; so a session without a spike is asked first, and of
the others no more is drawn than what was asked for. A claim that asks for more is an error.
"""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass, replace
from typing import Any, cast

import numpy as np
import numpy.typing as npt
import pandas as pd
import xarray as xr

from errorneurons.analysis.measures.asking import Remembered, asked_often
from errorneurons.analysis.measures.labelling import Rule, cross_fitted
from errorneurons.analysis.measures.windows import windows_asked
from errorneurons.predictions.claims.registry import EFFECTS, claims_shown_by
from errorneurons.predictions.comparing.design import Design
from errorneurons.simulate.animals.day import presented
from errorneurons.simulate.animals.performed import Performed
from errorneurons.simulate.arrays import of_networks
from errorneurons.simulate.circuit import Circuit
from errorneurons.simulate.instrument.displayed import Displayed, shown_in
from errorneurons.simulate.instrument.instrument import Instrument
from errorneurons.simulate.instrument.instrumented import Instrumented
from errorneurons.simulate.instrument.observe import observe
from errorneurons.simulate.instrument.plainly import (
    drawn_means,
    plain_session,
    simulated_bins,
    sums_suffice,
)
from errorneurons.simulate.instrument.sums import Sums, sums_of
from errorneurons.simulate.instrument.units import Units

LOCALISER = Rule(permutations=999)
"""The localiser's own rule, with as many permutations as finding five cells among a hundred takes.
"""


@dataclass(frozen=True)
class Presented:
    """The trials of a design on a day.

    Attributes
    ----------
    rows
        For each block, which of the trials that were simulated each one is, (trial,).
    tables
        The trials of each block.
    shown
        All of them, as sessions hold them.
    """

    rows: tuple[npt.NDArray[np.int64], ...]
    tables: tuple[pd.DataFrame, ...]
    shown: Displayed


@dataclass(frozen=True, eq=False)
class Seen:
    """A session, and what is known of it before it is asked: of it alone, and of all alike."""

    session: xr.Dataset
    own: Remembered
    alike: Remembered


@dataclass(frozen=True, eq=False)
class Alike:
    """What sessions with the same trials, and units of the same areas and roles, have in common.

    Attributes
    ----------
    chosen
        Which of the units the design has.
    memory
        What claims found out of trials and units.
    sums
        What is drawn; None if all bins are.
    """

    chosen: npt.NDArray[np.int64]
    memory: Remembered
    sums: Sums | None


Known = dict[Hashable, Alike]
"""Areas, roles and levels of units -> what their sessions have in common; empty at first.

It is for sessions with the same trials, of one theory under one design."""


def presentation(animals: Performed, design: Design) -> Presented:
    """Return the trials of a design, each kind as often as the design has it, and no learning less.

    Claims of the outcome-error experiment ask for columns of the contract only.
    """
    told, day = design.conditions, animals.day
    kinds = [block.table for block in animals.activity]
    rows = tuple(told.rows(table, day, design.trials, design.stimuli) for table in kinds)
    tables = tuple(table.iloc[own] for table, own in zip(kinds, rows, strict=True))
    shown = shown_in(tables)
    return Presented(rows, tables, replace(shown, others={}) if told.learning else shown)


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
    own = of_networks(animals.activity, [index], len(animals.number))
    blocks = [presented(*one) for one in zip(own, given.rows, given.tables, strict=True)]
    number = int(animals.number[index])
    seen = observe(animals.theory.circuit, blocks, number, 0, seed, instrument, given.shown)
    area, role, level = (seen.variables[name].values for name in ("area", "role", "level"))
    chosen = _chosen(area, role, level, design, animals.theory.circuit)
    return seen if len(chosen) == seen.sizes["unit"] else seen.isel(unit=chosen)


def localised(session: xr.Dataset, rng: np.random.Generator) -> tuple[xr.Dataset, ...]:
    """Return a session labelled by the localiser, once a fold; as it is if there is no choosing."""
    try:
        return cross_fitted(session, rng, rule=LOCALISER)
    except ValueError:  # too few trials to choose by: nothing is labelled
        return (session.assign_coords(role=("unit", ["unknown"] * session.sizes["unit"])),)


def subject_of(
    animals: Performed, index: int, instrument: Instrument, presented_as: Presented
) -> Instrumented:
    """Return one network as `recorded_plainly` takes it."""
    return Instrumented(
        animals.theory.circuit, animals.activity, presented_as.rows, int(animals.number[index]),
        index, instrument, presented_as.shown,
    )  # fmt: skip


def recorded_plainly(subject: Instrumented, design: Design, seed: int, known: Known) -> Seen:
    """Record as `record` does, for the claims alone.

    Spikes have the same distribution, but are other ones: fewer are drawn.

    Parameters
    ----------
    subject
        The network and its instrument, from `subject_of`.
    design
        Cells and trials.
    seed
        Decides cells and noise.
    known
        What is known of sessions with these trials; this one's is added.
    """
    units = subject.units(seed)
    kind = tuple(column.tobytes() for column in (units.area, units.label, units.level))
    if kind not in known:
        known[kind] = _alike(subject, units, design)
    alike = known[kind]
    if alike.sums is None:
        seen = plain_session(subject, units, subject.rates(units, seed))
        return Seen(seen.of_units(alike.chosen).as_session(), {}, alike.memory)
    own = units.of(alike.chosen)
    means = drawn_means(subject, own, alike.sums, seed)
    session = plain_session(subject, own).undrawn().as_session()
    return Seen(session, cast("Remembered", means), alike.memory)


def _alike(subject: Instrumented, units: Units, design: Design) -> Alike:
    """Return what is in common, from asking a session without a spike for every effect."""
    chosen = _chosen(units.area, units.label, units.level, design, subject.circuit)
    memory: Remembered = {}
    if not sums_suffice(subject):
        return Alike(chosen, memory, None)
    own = units.of(chosen)
    asked = plain_session(subject, own).without("targeted").as_session()  # no cell is left out
    with asked_often([asked], [({}, memory)]):
        for claim in claims_shown_by(design.experiment):
            for effect in EFFECTS[claim.key].values():
                effect(asked)
    return Alike(
        chosen, memory, sums_of(windows_asked(memory), subject.kinds, simulated_bins(subject))
    )


def _chosen(
    areas: npt.NDArray[np.str_],
    roles: npt.NDArray[np.str_],
    levels: npt.NDArray[np.float64],
    design: Design,
    circuit: Circuit[Any, Any],
) -> npt.NDArray[np.int64]:
    """Return the units that the design has; the output outside the areas goes with the top."""
    error, level = roles == "error", levels.astype(int)
    level = np.where(areas == circuit.output_area, level.max(), level)
    chosen = []
    for area in np.unique(areas):
        for role in ("error", "representation"):
            here = np.flatnonzero((areas == area) & (error == (role == "error")))
            if len(here):
                chosen.append(here[: design.cells.get((int(level[here[0]]), role), 0)])
    return np.sort(np.concatenate(chosen))
