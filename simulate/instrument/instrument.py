"""The parameters of a virtual recording, and three that are often made."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any, Literal, get_args

import numpy as np

from errorneurons.simulate.circuit import Circuit
from errorneurons.simulate.instrument.calcium import GCAMP6F, Imaging, Indicator
from errorneurons.simulate.refusing import entry, known

Coding = Literal["paired", "baseline"]
Spiking = Literal["poisson", "sub_poisson", "none"]
Compartment = Literal["soma", "apical"]


@dataclass(frozen=True)
class Instrument:
    """How a network is recorded.

    Attributes
    ----------
    cells
        Sampled cells of each role in each area.
    label_error
        Share of the cells labelled as error cells that are representation cells.
    label_error_interval
        What the experimenter knows of that share.
    baseline
        Mean firing rate without any signal [Hz].
    peak
        Change of the firing rate at the 99th percentile of a role's signal in the first block
        [Hz].
    spread
        Standard deviation of the logarithm of baseline and gain over cells.
    coding
        ``"paired"``: half of the error cells fire more for positive, half for negative errors.
        ``"baseline"``: all error cells fire more for positive errors.
    spiking
        ``"poisson"``; ``"sub_poisson"`` for more regular spikes; or ``"none"`` for what the same
        cells show on average, without the randomness of spikes and frames.
    fano
        Variance over mean of sub-Poisson counts in a long window.
    passing
        Share of the sampled cells that pass quality control; the others are not in the session.
    areas
        Areas that are recorded; empty for all.
    cells_in
        Areas in which another number of cells is sampled, e.g. ``(("area 1", 60),)``.
    bin
        Width of the session's bins [s], a whole number of those in which activity was simulated;
        None for the same.
    compartment
        ``"soma"``, or ``"apical"``: what is labelled error are apical tufts of representation
        cells, imaged in a plane of their own beside the somata of representation cells.
    imaging
        How calcium is imaged; None for spikes, in tufts dendritic spikes.

    Raises
    ------
    ValueError
        If a parameter is impossible: the message names it, its value and the mend.
    """

    cells: int = 24
    label_error: float = 0.05
    label_error_interval: tuple[float, float] = (0.0, 0.1)
    baseline: float = 10.0
    peak: float = 30.0
    spread: float = 0.3
    coding: Coding = "paired"
    spiking: Spiking = "poisson"
    fano: float = 0.5
    passing: float = 1.0
    areas: tuple[str, ...] = ()
    cells_in: tuple[tuple[str, int], ...] = ()
    bin: float | None = None
    compartment: Compartment = "soma"
    imaging: Imaging | None = None

    def __post_init__(self) -> None:
        known("Instrument.spiking", self.spiking, get_args(Spiking))
        known("Instrument.compartment", self.compartment, get_args(Compartment))
        for where, count in (("cells", self.cells), *self.cells_in):
            if count < 2:
                name = "Instrument.cells" if where == "cells" else f"Instrument.cells_in {where!r}"
                raise ValueError(f"{name} is {count}; record 2 or more of each role")
        low, high = self.label_error_interval
        if not 0 <= low <= self.label_error <= high < 1:
            raise ValueError(
                f"Instrument.label_error is {self.label_error} with interval [{low}, {high}]; "
                "give shares between 0 and 1, the interval around the value"
            )
        if not 0 < self.fano < 1:
            raise ValueError(
                f"Instrument.fano is {self.fano}; give a number between 0 and 1, or spiking "
                "'poisson' for 1"
            )
        if not 0 < self.passing <= 1:
            raise ValueError(
                f"Instrument.passing is {self.passing}; give a share above 0 and up to 1"
            )

    @property
    def signal(self) -> Literal["spikes", "calcium", "model"]:
        """What its sessions hold, in the words of the dataset contract."""
        if self.imaging:
            return "calcium"
        return "model" if self.spiking == "none" else "spikes"

    @property
    def units(self) -> Literal["dF/F", "Hz"]:
        """In which units its sessions hold it."""
        return "dF/F" if self.imaging else "Hz"

    def cells_of(self, area: str) -> int:
        """Return how many cells of each role are sampled in an area."""
        return dict(self.cells_in).get(area, self.cells)

    def check_areas(self, there: Iterable[str]) -> None:
        """Refuse an instrument that names an area which is not `there`.

        Raises
        ------
        ValueError
            If there is no such area, with the nearest.
        """
        names = tuple(dict.fromkeys(there))
        for area in self.areas:
            known("an area of Instrument.areas", area, names)
        for area, _ in self.cells_in:
            known("an area of Instrument.cells_in", area, names)

    def sees(self, circuit: Circuit[Any, Any]) -> bool:
        """Return whether it sees what carries the error in a circuit.

        Tufts show apical potentials, and the plateaus that make bursts.
        """
        if self.compartment == "soma":
            return circuit.carrier == "error"
        return circuit.carrier in ("apical", "burst_probability")


def where_errors_are(instrument: Instrument, circuit: Circuit[Any, Any]) -> Instrument:
    """Return the instrument in the compartment that carries a circuit's errors, if one does."""
    if circuit.carrier in ("apical", "burst_probability"):
        return replace(instrument, compartment="apical")
    return instrument


EXPECTED_RATES = "rates"


def recorded_by(name: str | None, circuit: Circuit[Any, Any]) -> Instrument:
    """Return an instrument by its name, ``rates``, ``spikes``, ``calcium`` or ``tufts``.

    Rates are those that cells are expected to have, without noise and with true labels, in the
    compartment that carries the circuit's errors. Without a name it is spikes there.

    Raises
    ------
    ValueError
        If there is none of that name.
    """
    if name in (None, EXPECTED_RATES):
        return where_errors_are(
            Instrument() if name is None else BY_SIGNAL[EXPECTED_RATES], circuit
        )
    return entry("instrument", str(name), BY_SIGNAL)


def snr_at(noise: float, frame_rate: float, indicator: Indicator) -> float:
    """Return the peak of a transient over the noise of a frame, from a standardised noise level.

    Parameters
    ----------
    noise
        Median size of the difference of two frames over the square root of the frame rate [dF/F
        per square root of Hz]; about 0.02 in good, 0.08 in poor recordings of populations.
    frame_rate
        Frames a second [Hz].
    indicator
        The calcium indicator.

    Notes
    -----
    Rupprecht et al. 2021, doi:10.1038/s41593-021-00895-5. The median size of the difference of two
    normal numbers is 0.6745 sqrt(2) standard deviations.
    """
    deviation = noise * np.sqrt(frame_rate) / (0.6745 * np.sqrt(2))
    return float(indicator.peak / deviation)


NEUROPIXELS = Instrument(cells=60, passing=0.4)
"""Spikes from Neuropixels probes.

OpenScope sessions hold 1,000 to 2,700 units that pass quality control on 5 to 6 probes, about 200
to 450 a probe, of which a cortical area has its part; 60 sampled and about 24 passed cells of each
role in an area leave room for units of neither role. 40,010 of the 99,180 sorted units of the Allen
Institute's survey pass its default criteria (Siegle et al. 2021, doi:10.1038/s41586-020-03171-x).
Simulate in bins of 1 ms (`Clock.bin`) for spikes in bins of 1 ms.
"""

TWO_PHOTON_SOMATA = Instrument(
    cells=40, bin=0.1, imaging=Imaging(GCAMP6F, 11.0, snr_at(0.02, 11.0, GCAMP6F))
)
"""Calcium in somata with a mesoscope that images several planes in turn.

11 frames a second and plane as in OpenScope, so that a bin of 0.1 s holds a frame; noise of a good
recording (Rupprecht et al. 2021). The number of cells and the neuropil are assumptions.
"""

TWO_PHOTON_TUFTS = Instrument(
    cells=20, bin=0.05, compartment="apical",
    imaging=Imaging(GCAMP6F, 30.0, snr_at(0.04, 30.0, GCAMP6F)),
)  # fmt: skip
"""Calcium in apical tufts with one plane at a time.

30 frames a second, as resonant scanners have; a tuft is dim and small, so twice the noise of a good
recording of somata. The number of tufts, the noise and the neuropil are assumptions.
"""

BY_SIGNAL = {
    EXPECTED_RATES: Instrument(spiking="none", label_error=0.0, label_error_interval=(0.0, 0.0)),
    "spikes": Instrument(),
    "calcium": TWO_PHOTON_SOMATA,
    "tufts": TWO_PHOTON_TUFTS,
}
"""What may be recorded, by name."""
