"""Simulates ablations, each in a process of its own, and keeps what is done on disk.

The networks of a theory are trained intact first: lesions are made in their synapses, and all
effects are differences from them, network by network.
"""

from __future__ import annotations

import hashlib
import json
import math
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import xarray as xr

from errorneurons import __version__
from errorneurons.analysis.statistics import mean_interval
from errorneurons.predictions.processes import Progress, run_all
from errorneurons.simulate.ablations.effects import effects, trained, transplanted
from errorneurons.simulate.ablations.registry import Ablation, ablation
from errorneurons.simulate.circuit import Circuit
from errorneurons.simulate.tasks.registry import epochs_of, intact, task
from errorneurons.simulate.tasks.task import Design
from errorneurons.simulate.trials.run import synapses

INTACT = "intact"
WHOLE_NETWORK = ("learning", "score", "inference")
RATIOS = ("error", "change")
BY_AREA = (*RATIOS, "angle", "feedback_start", "feedback")
MEASURES = (*WHOLE_NETWORK, *BY_AREA)
TO_ROUNDING = 1e-6
Pairs = tuple[tuple[str, Ablation], ...]


@dataclass(frozen=True)
class Effect:
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


def simulate_pairs(pairs: Pairs, design: Design, folder: Path, progress: Progress) -> xr.Dataset:
    """Simulate ablations of theories, taking from `folder` what is there already.

    Returns
    -------
    Dataset
        The variables of `effects` with the dims theory and ablation besides, ``"intact"`` first;
        NaN where an ablation makes no sense for a theory.
    """
    design = replace(design, epochs=epochs_of(design))
    theories = list(dict.fromkeys(name for name, _ in pairs))
    whole = [(theory, INTACT) for theory in theories]
    parts = [(theory, a.name) for theory, a in pairs]
    for wanted in (whole, parts):
        open_ones = [pair for pair in wanted if not _done(folder, *pair, design)]
        if len(open_ones) < len(wanted):
            progress(f"{len(wanted) - len(open_ones)} of {len(wanted)} taken from an earlier run")
        tasks = {f"{t}: {a}": (t, a, design, folder) for t, a in open_ones}
        run_all(_simulate, tasks, _counting(progress, len(tasks)))
    return _collected(theories, list(dict.fromkeys(a.name for _, a in pairs)), design, folder)


def _counting(progress: Progress, count: int) -> Progress:
    """Return what says how many of all pieces are done besides."""
    numbers = iter(range(1, count + 1))

    def say(text: str) -> None:
        progress(f"{next(numbers)} of {count}: {text}")

    return say


def _circuit(theory: str, name: str, design: Design) -> Circuit[Any, Any]:
    whole = intact(theory, design.task)
    changed: Circuit[Any, Any] = whole if name == INTACT else ablation(name).apply(whole)
    return changed


def _simulate(theory: str, name: str, design: Design, folder: Path) -> None:
    circuit = _circuit(theory, name, design)
    learnt = trained(circuit, design)
    tested, path = learnt.weights, _path(folder, theory, name, design)
    if tested is not None and name == INTACT:
        _save_synapses(path, tested)
    elif tested is not None and ablation(name).acute:
        own = _saved_synapses(_path(folder, theory, INTACT, design))
        tested = transplanted(circuit, own, design)
    found = effects(circuit, learnt, tested, design)
    save_netcdf(found.assign_attrs(key=_key(theory, name, design)), path)


def save_netcdf(data: xr.Dataset, path: Path) -> None:
    """Write a file beside its name and rename it, so that it is there whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_suffix(".partial")
    data.to_netcdf(beside, engine="h5netcdf")
    beside.replace(path)


def _save_synapses(path: Path, weights: Any) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    np.savez(path.with_suffix(".npz"), allow_pickle=False, **synapses(weights))


def _saved_synapses(path: Path) -> dict[str, npt.NDArray[np.float64]]:
    with np.load(path.with_suffix(".npz"), allow_pickle=False) as saved:
        return {name: saved[name] for name in saved.files}


def _path(folder: Path, theory: str, name: str, design: Design) -> Path:
    return folder / "networks" / design.task / theory / f"{name}.nc"


def _key(theory: str, name: str, design: Design) -> str:
    """Return the hash of everything that the result of a pair rests on."""
    circuits = [repr(_circuit(theory, part, design)) for part in (INTACT, name)]
    rests_on = [__version__, json.dumps(asdict(design)), *circuits]
    return hashlib.sha256("\n".join(rests_on).encode()).hexdigest()


def _done(folder: Path, theory: str, name: str, design: Design) -> bool:
    path = _path(folder, theory, name, design)
    handed_out = task(design.task).shown is not None
    if name == INTACT and handed_out and not path.with_suffix(".npz").exists():
        return False
    try:
        with xr.open_dataset(path, engine="h5netcdf") as known:
            return bool(known.attrs.get("key") == _key(theory, name, design))
    except (OSError, ValueError):
        return False


def _collected(theories: list[str], names: list[str], design: Design, folder: Path) -> xr.Dataset:
    every = [
        _joined(
            [_read(folder, theory, name, design) for name in _present(theory, names, design)],
            "ablation",
        )
        for theory in theories
    ]
    whole = _joined([part.reindex(ablation=[INTACT, *names]) for part in every], "theory")
    return _described(whole, design)


def _joined(parts: list[xr.Dataset], dim: str) -> xr.Dataset:
    return xr.concat(parts, dim, data_vars="all", coords="minimal", compat="equals", join="exact")


def _present(theory: str, names: list[str], design: Design) -> list[str]:
    fitting = [name for name in names if ablation(name).why_not(theory, design.task) is None]
    return [INTACT, *fitting]


def _read(folder: Path, theory: str, name: str, design: Design) -> xr.Dataset:
    with xr.open_dataset(_path(folder, theory, name, design), engine="h5netcdf") as known:
        part = known.load().drop_attrs().astype(float)
    placed: xr.Dataset = part.expand_dims(ablation=[name]).expand_dims(theory=[theory])
    return placed


def _described(data: xr.Dataset, design: Design) -> xr.Dataset:
    for name in data.data_vars:
        data[name].attrs["units"] = (
            "deg" if name in ("angle", "feedback", "feedback_start") else "1"
        )
    return data.assign_attrs(errorneurons=__version__, design=json.dumps(asdict(design)))


def effects_of(data: xr.Dataset, pairs: Pairs) -> tuple[Effect, ...]:
    """Return the effect of every ablation on every measure, against the intact networks."""
    areas = tuple(data["area"].values.tolist())
    kinds = [(m, area) for m in MEASURES for area in (areas if m in BY_AREA else ("",))]
    found: list[Effect] = []
    for theory, a in pairs:
        whole = data.sel(theory=theory, ablation=INTACT)
        cut = data.sel(theory=theory, ablation=a.name)
        found += [_effect(theory, a, measure, area, whole, cut) for measure, area in kinds]
    return tuple(found)


def _effect(
    theory: str, a: Ablation, measure: str, area: str, whole: xr.Dataset, cut: xr.Dataset
) -> Effect:
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
    return Effect(
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


def table(found: tuple[Effect, ...]) -> pd.DataFrame:
    """Return one row a theory, ablation, measure and area."""
    columns = ("theory", "ablation", "measure", "area", "value", "low", "high", "networks",
               "ablated", "intact", "demand", "off", "holds")  # fmt: skip
    rows = [{name: getattr(e, name) for name in columns} for e in found]
    return pd.DataFrame(rows, columns=list(columns)).rename(columns={"value": "effect"})
