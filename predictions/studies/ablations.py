"""What ablations do: effects against the intact networks, and what the equations demand."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
import xarray as xr

from errorneurons.analysis.statistics import mean_interval
from errorneurons.predictions.studies.lesions import INTACT_NAME, Pairs
from errorneurons.simulate.ablations.registry import Ablation

WHOLE_NETWORK = ("learning", "score", "inference")
RATIOS = ("error", "change")
BY_AREA = (*RATIOS, "angle", "feedback_start", "feedback")
MEASURES = (*WHOLE_NETWORK, *BY_AREA)
TO_ROUNDING = 1e-6


@dataclass(frozen=True)
class AblationEffect:
    """What an ablation does to one measure of one theory.

    Attributes
    ----------
    theory, ablation, measure, area
        Of what; the area is empty for learning and inference.
    points
        The effect in each network.
    value, low, high
        Mean over networks and 95 % interval; NaN where the measure does not exist.
    ablated, intact
        The measure itself, mean over networks.
    demand
        What the equations demand of the effect, or of learning itself; None if nothing exact.
    off
        The largest distance of a network from it; NaN if nothing is demanded.
    """

    theory: str
    ablation: str
    measure: str
    area: str
    points: tuple[float, ...]
    value: float
    low: float
    high: float
    ablated: float
    intact: float
    demand: float | None
    off: float

    @property
    def networks(self) -> int:
        """Networks in which the measure exists."""
        return sum(math.isfinite(p) for p in self.points)

    @property
    def holds(self) -> bool | None:
        """Whether what is demanded is there, to rounding; None if nothing is demanded."""
        return None if self.demand is None else self.off <= TO_ROUNDING


def effects_of(data: xr.Dataset, pairs: Pairs) -> tuple[AblationEffect, ...]:
    """Return the effect of every ablation on every measure, against the intact networks."""
    areas = tuple(data["area"].values.tolist())
    kinds = [(m, area) for m in MEASURES for area in (areas if m in BY_AREA else ("",))]
    found: list[AblationEffect] = []
    for theory, a in pairs:
        whole = data.sel(theory=theory, ablation=INTACT_NAME)
        cut = data.sel(theory=theory, ablation=a.name)
        found += [_effect(theory, a, measure, area, whole, cut) for measure, area in kinds]
    return tuple(found)


def _effect(
    theory: str, a: Ablation, measure: str, area: str, whole: xr.Dataset, cut: xr.Dataset
) -> AblationEffect:
    before, after = (_values(measure, area, part, whole) for part in (whole, cut))
    with np.errstate(divide="ignore", invalid="ignore"):
        change = after / before if measure in RATIOS else after - before
    if measure == "inference" and not a.acute:
        change = np.full(change.shape, np.nan)
    change = np.where(np.isfinite(change), change, np.nan)
    interval = mean_interval(change)
    areas = [str(name) for name in whole["area"].values]
    own = [d for d in a.demands if theory in d.theories and d.concerns(measure, area, areas)]
    demand = own[0] if own else None
    seen = after if measure == "learning" else change
    off = np.nan if demand is None else float(np.max(np.abs(seen - demand.value)))
    if demand is not None and np.isnan(before).all():
        demand = None  # the theory carries no error there
    return AblationEffect(
        theory, a.name, measure, area, tuple(change.tolist()), interval.value, interval.low,
        interval.high, _mean(after), _mean(before), demand.value if demand else None, off,
    )  # fmt: skip


def _values(
    measure: str, area: str, part: xr.Dataset, whole: xr.Dataset
) -> npt.NDArray[np.float64]:
    name = "output" if measure == "inference" else measure
    if name == "learning":
        return part["removed"].values
    if name not in part:
        return np.full(part.sizes["network"], np.nan)
    if name == "score":
        return part["score"].values
    if measure == "inference":
        over = ("stimulus", "output_neuron")
        shift = part["output"] - whole["output"]
        tuned = whole["output"] - whole["output"].mean("stimulus")
        energies = [(x**2).sum(over, skipna=False) for x in (shift, tuned)]
        return np.asarray((energies[0] / energies[1]).values)
    return np.asarray(part[measure].sel(area=area).values)


def _mean(values: npt.NDArray[np.float64]) -> float:
    finite = values[np.isfinite(values)]
    return float(finite.mean()) if len(finite) else float("nan")


def effects_table(found: tuple[AblationEffect, ...]) -> pd.DataFrame:
    """Return one row a theory, ablation, measure and area."""
    columns = ("theory", "ablation", "measure", "area", "value", "low", "high", "networks",
               "ablated", "intact", "demand", "off", "holds")  # fmt: skip
    rows = [{name: getattr(e, name) for name in columns} for e in found]
    return pd.DataFrame(rows, columns=list(columns)).rename(columns={"value": "effect"})
