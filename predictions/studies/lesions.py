"""Simulates ablations, each in a process of its own, and keeps what is done on disk.

The networks of a theory are trained intact first: lesions are made in their synapses, and all
effects are differences from them, network by network.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import xarray as xr

from errorneurons import __version__
from errorneurons.simulate.ablations.effects import effects_of_ablations, trained, transplanted
from errorneurons.simulate.ablations.registry import Ablation, ablation
from errorneurons.simulate.circuit import Circuit
from errorneurons.simulate.engine.plans import compile_ahead
from errorneurons.simulate.store.files import NETCDF
from errorneurons.simulate.store.keys import key
from errorneurons.simulate.store.shelf import Piece, Shelf, provide
from errorneurons.simulate.store.work import Labour, Progress
from errorneurons.simulate.tasks.registry import epochs_of, intact
from errorneurons.simulate.tasks.task import TaskDesign
from errorneurons.simulate.theories.registry import REGISTRY
from errorneurons.simulate.trials.run import synapses

INTACT_NAME = "intact"
SYNAPSES = "synapses "
"""How the names of trained synapses begin, in the file of the intact networks."""
_LEFT_OUT = (*REGISTRY, "errorneurons.simulate.ablations.registry")
"""Not followed by keys: the circuits are part of the key, so that entries may be added."""
Pairs = tuple[tuple[str, Ablation], ...]


def simulate_pairs(
    pairs: Pairs, design: TaskDesign, folder: Path, progress: Progress, labour: Labour | None = None
) -> xr.Dataset:
    """Simulate ablations of theories, taking from `folder` what is there already.

    Returns
    -------
    Dataset
        The variables of `effects_of_ablations` with the dims theory and ablation besides,
        ``"intact"`` first; NaN where an ablation makes no sense for a theory.
    """
    design = replace(design, epochs=epochs_of(design))
    theories = list(dict.fromkeys(name for name, _ in pairs))
    shelf = Shelf(folder / "networks" / design.task, NETCDF)
    whole = {_name(t, INTACT_NAME): _whole(t, design) for t in theories}
    found = provide(whole, shelf, progress, labour, compile_ahead)
    parts = {
        _name(t, a.name): _part(
            t, a, design, found[_name(t, INTACT_NAME)], whole[_name(t, INTACT_NAME)].key
        )
        for t, a in pairs
    }
    found |= provide(parts, shelf, progress, labour, compile_ahead)
    return _collected(pairs, found, design)


def _name(theory: str, name: str) -> str:
    return f"{theory}/{name}"


def _whole(theory: str, design: TaskDesign) -> Piece:
    rests_on = key(_intact, (intact(theory, design.task), design), _LEFT_OUT)
    return Piece(_intact, (theory, design), rests_on, f"{theory}: {INTACT_NAME}")


def _part(theory: str, chosen: Ablation, design: TaskDesign, path: Path, whole: str) -> Piece:
    circuit = chosen.apply(intact(theory, design.task))
    rests_on = key(_ablated, (circuit, chosen.acute, design, whole), _LEFT_OUT)
    arguments = (theory, chosen.name, design, path)
    return Piece(_ablated, arguments, rests_on, f"{theory}: {chosen.name}")


def _intact(theory: str, design: TaskDesign) -> xr.Dataset:
    """Return what intact networks do, and the synapses that lesions are made in."""
    circuit = intact(theory, design.task)
    learnt = trained(circuit, design)
    found = effects_of_ablations(circuit, learnt, learnt.weights, design)
    own = {} if learnt.weights is None else synapses(learnt.weights)
    return found.assign({f"{SYNAPSES}{name}": _variable(name, own[name]) for name in own})


def _variable(name: str, value: npt.NDArray[np.float64]) -> xr.Variable:
    return xr.Variable([f"{SYNAPSES}{name} {k}" for k in range(value.ndim)], value)


def _ablated(theory: str, name: str, design: TaskDesign, path: Path) -> xr.Dataset:
    """Return what ablated networks do; the intact ones lie in a file."""
    chosen = ablation(name)
    circuit: Circuit[Any, Any] = chosen.apply(intact(theory, design.task))
    learnt = trained(circuit, design)
    tested = learnt.weights
    if tested is not None and chosen.acute:
        whole = NETCDF.read(path)
        own = {
            str(n).removeprefix(SYNAPSES): whole[n].values
            for n in whole.data_vars
            if str(n).startswith(SYNAPSES)
        }
        tested = transplanted(circuit, own, design)
    return effects_of_ablations(circuit, learnt, tested, design)


def _collected(pairs: Pairs, found: Mapping[str, Path], design: TaskDesign) -> xr.Dataset:
    theories = list(dict.fromkeys(theory for theory, _ in pairs))
    names = [INTACT_NAME, *dict.fromkeys(a.name for _, a in pairs)]
    every = [
        _joined(
            [_placed(t, n, found[_name(t, n)]) for n in names if _name(t, n) in found], "ablation"
        )
        for t in theories
    ]
    return _described(_joined([part.reindex(ablation=names) for part in every], "theory"), design)


def _joined(parts: list[xr.Dataset], dim: str) -> xr.Dataset:
    return xr.concat(parts, dim, data_vars="all", coords="minimal", compat="equals", join="exact")


def _placed(theory: str, name: str, path: Path) -> xr.Dataset:
    known = NETCDF.read(path)
    own = [n for n in known.variables if str(n).startswith(SYNAPSES)]
    part = known.drop_vars(own).drop_attrs().astype(float)
    placed: xr.Dataset = part.expand_dims(ablation=[name]).expand_dims(theory=[theory])
    return placed


def _described(data: xr.Dataset, design: TaskDesign) -> xr.Dataset:
    for name in data.data_vars:
        data[name].attrs["units"] = (
            "deg" if name in ("angle", "feedback", "feedback_start") else "1"
        )
    return data.assign_attrs(errorneurons=__version__, design=json.dumps(asdict(design)))
