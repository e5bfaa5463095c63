"""The library of worlds on disk: simulated once, recorded once a design, taken from there after.

Each theory has a folder. A shard holds the networks of one batch of worlds, another file what they
say under one design. Every file carries the hash of everything it rests on and is made again when
that changes; files are written beside and renamed, so an interrupted run takes up where it stopped.
"""

from __future__ import annotations

import ast
import hashlib
import json
import os
from collections.abc import Sequence
from functools import cache
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import xarray as xr

from errorneurons import __version__
from errorneurons.predictions.comparing.animals import Table, effects_under, measured, stocked
from errorneurons.predictions.comparing.design import Design
from errorneurons.predictions.comparing.effects import EXPERIMENTS, Drawn, draw
from errorneurons.predictions.processes import Progress, run_all
from errorneurons.simulate.animals.worlds import (
    COARSE,
    Animals,
    WorldPlan,
    batches,
    labelled,
    simulate,
    tables,
)
from errorneurons.simulate.theories.registry import Theory, theory
from errorneurons.simulate.trials.run import Activity

FOLDER = "ERRORNEURONS_LIBRARY"
"""The environment variable that says where the library is."""
SECONDS_PER_NETWORK = 0.5
"""Time to train a network and put it through the experiment, on one core, measured [s]."""
BLOCKS = ("frozen", "learning")
REGISTRIES = ("errorneurons.simulate.theories.registry", "errorneurons.simulate.instrument.observe")
"""What simulated activity does not rest on: the entry's own text is hashed, other entries not."""


def default_folder() -> Path:
    """Return where the library is: $ERRORNEURONS_LIBRARY, or in the user's cache folder."""
    if chosen := os.environ.get(FOLDER):
        return Path(chosen)
    cache = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(cache) / "errorneurons-library"


def virtual_experiments(
    names: Sequence[str],
    design: Design,
    plan: WorldPlan,
    folder: Path,
    progress: Progress,
    count: int = EXPERIMENTS,
    workers: int | None = None,
) -> dict[str, Drawn]:
    """Return virtual experiments of theories under a design, simulating what is not there yet.

    Parameters
    ----------
    names, design, plan, folder, progress, workers
        As in `virtual_animals`.
    count
        Experiments of each theory.
    """
    found = virtual_animals(names, design, plan, folder, progress, workers)
    return {n: draw(table, n, design, plan.seed, count) for n, table in found.items()}


def virtual_animals(
    names: Sequence[str],
    design: Design,
    plan: WorldPlan,
    folder: Path,
    progress: Progress,
    workers: int | None = None,
) -> dict[str, Table]:
    """Return what the virtual animals of theories say under a design, simulated where need be.

    Experiments with fewer animals than the design has can be drawn from them too.

    Parameters
    ----------
    names
        Theories by name.
    design
        The recording to be imitated.
    plan
        How many worlds and networks, and the seed.
    folder
        The library, e.g. `default_folder()`.
    progress
        Called with a sentence beforehand and whenever something is done.
    workers
        Processes; by default as many as there are cores.
    """
    simulate_worlds(names, plan, folder, progress, workers)
    design = stocked(design)
    stale = [
        n for n in names if _key_of(_table_path(folder, n, design)) != _table_key(n, design, plan)
    ]
    tasks = {f"{n}: recorded": (n, design, plan, folder) for n in stale}
    run_all(_record, tasks, progress, workers)
    return {n: _read_table(folder, n, design) for n in names}


def simulate_worlds(
    names: Sequence[str],
    plan: WorldPlan,
    folder: Path,
    progress: Progress,
    workers: int | None = None,
) -> None:
    """Simulate the worlds of theories that are not in the library yet.

    Parameters
    ----------
    names, plan, folder, progress, workers
        As in `virtual_animals`.
    """
    tasks: dict[str, tuple[str, WorldPlan, tuple[int, ...], Path]] = {}
    for name in names:
        (folder / name).mkdir(parents=True, exist_ok=True)
        key = _worlds_key(theory(name), plan)
        for worlds in batches(theory(name), plan):
            if _key_of(_shard(folder, name, worlds)) != key:
                said = f"{name}: worlds {', '.join(map(str, worlds))} simulated"
                tasks[said] = (name, plan, worlds, folder)
    if tasks:
        networks = plan.networks * sum(len(worlds) for _, _, worlds, _ in tasks.values())
        minutes = networks * SECONDS_PER_NETWORK / 60
        progress(
            f"simulating {networks} networks in {len(tasks)} batches, about {minutes:.0f} minutes "
            f"of one core; they are kept in {folder}"
        )
    run_all(_simulate, tasks, progress, workers)
    for name in names:
        _summarise(folder, name, plan)


def _simulate(name: str, plan: WorldPlan, worlds: tuple[int, ...], folder: Path) -> None:
    entry = theory(name)
    key = _worlds_key(entry, plan)  # of the source as it is now, not as it is when this is done
    _write(_packed(simulate(entry, plan, worlds)), key, _shard(folder, name, worlds))


def _record(name: str, design: Design, plan: WorldPlan, folder: Path) -> None:
    key = _table_key(name, design, plan)
    parts = [
        measured(animals, name, design, plan.seed)
        for worlds in batches(theory(name), plan)
        if len((animals := read_worlds(folder, name, plan, worlds)).number)
    ]
    effects = effects_under(design)
    empty = np.empty((0, len(effects), 3))
    found = xr.Dataset(
        {
            "energy": (
                ("animal", "effect", "part"),
                np.concatenate([empty, *(p.energies for p in parts)]),
            ),
            "world": ("animal", np.concatenate([np.empty(0, int), *(p.world for p in parts)])),
        },
        {"effect": list(effects), "part": ["N", "M", "N_R"]},
        {"design": repr(design)},
    )
    _write(found, key, _table_path(folder, name, design))


def _read_table(folder: Path, name: str, design: Design) -> Table:
    with xr.open_dataset(_table_path(folder, name, design), engine="h5netcdf") as known:
        effects = tuple(str(name) for name in known["effect"].values)
        return Table(known["world"].values, known["energy"].values, effects)


def _packed(animals: Animals) -> xr.Dataset:
    """Return animals as a Dataset; tables of trials follow from the plan and are not kept."""
    data: dict[str, tuple[tuple[str, ...], object]] = {
        "world": (("network",), animals.world),
        "number": (("network",), animals.number),
        "removed": (("network",), animals.removed),
    }
    for name, value in animals.nuisance.items():
        data[f"nuisance {name}"] = ("network",), value
    for block, activity in zip(BLOCKS, animals.blocks, strict=False):
        trial = ("network", f"{block} trial")
        data[f"{block} output"] = (*trial, "output"), activity.output
        data[f"{block} target"] = (*trial, "output"), activity.target
        for role, rates in activity.rates.items():
            data[f"{block} rates {role}"] = (*trial, "time", role), rates
    return xr.Dataset(data, attrs={"left_out": animals.left_out})


def read_worlds(folder: Path, name: str, plan: WorldPlan, worlds: tuple[int, ...]) -> Animals:
    """Return the networks of a batch of worlds from the library.

    Parameters
    ----------
    folder, name, plan
        As in `virtual_experiments`.
    worlds
        One of the batches.
    """
    with xr.open_dataset(_shard(folder, name, worlds), engine="h5netcdf") as opened:
        known = opened.load()
    circuit, blocks = theory(name).circuit, []
    chosen = labelled(circuit, plan, known["number"].values.tolist())
    for block, table in zip(BLOCKS, tables(plan), strict=True):
        start = f"{block} rates "
        rates = {str(n).removeprefix(start): known[n].values
                 for n in known.data_vars if str(n).startswith(start)}  # fmt: skip
        if rates:
            output, target = (known[f"{block} {part}"].values for part in ("output", "target"))
            blocks.append(
                Activity(rates, output, target, table, COARSE, chosen)  # type: ignore[arg-type]
            )
    nuisance = {str(n).removeprefix("nuisance "): known[n].values
                for n in known.data_vars if str(n).startswith("nuisance ")}  # fmt: skip
    return Animals(
        circuit, known["world"].values, known["number"].values, nuisance,
        known["removed"].values, tuple(blocks), int(known.attrs["left_out"]),
    )  # fmt: skip


def _write(data: xr.Dataset, key: str, path: Path) -> None:
    beside = path.with_suffix(".partial")
    encoding = {name: {"zlib": True, "complevel": 1} for name in data.data_vars}
    data.assign_attrs(key=key, package=f"errorneurons {__version__}").to_netcdf(
        beside, engine="h5netcdf", encoding=encoding
    )
    beside.replace(path)


def _summarise(folder: Path, name: str, plan: WorldPlan) -> None:
    """Write what the shards of a theory are, for people."""
    shards = {}
    for worlds in batches(theory(name), plan):
        path = _shard(folder, name, worlds)
        with xr.open_dataset(path, engine="h5netcdf") as known:
            shards[path.name] = {
                "worlds": worlds,
                "networks": known.sizes["network"],
                "left_out": int(known.attrs["left_out"]),
                "median share of the loss removed": float(known["removed"].median()),
            }
    entry = theory(name)
    summary = {
        "package": f"errorneurons {__version__}",
        "key": _worlds_key(entry, plan),
        "circuit": repr(entry.circuit),
        "nuisance": [repr(n) for n in entry.nuisance],
        "plan": repr(plan),
        "shards": shards,
    }
    beside = folder / name / "summary.partial"
    beside.write_text(json.dumps(summary, indent=1), encoding="utf-8")
    beside.replace(folder / name / "summary.json")


def _shard(folder: Path, name: str, worlds: tuple[int, ...]) -> Path:
    return folder / name / f"worlds-{worlds[0]:03d}-{len(worlds)}.nc"


def _table_path(folder: Path, name: str, design: Design) -> Path:
    return folder / name / f"measured-{_hash(repr(design))[:12]}.nc"


def _key_of(path: Path) -> str:
    """Return the key of a file, empty if it is not there or cannot be read."""
    try:
        with xr.open_dataset(path, engine="h5netcdf") as known:
            return str(known.attrs.get("key", ""))
    except (OSError, ValueError):
        return ""


def _worlds_key(entry: Theory, plan: WorldPlan) -> str:
    circuits = [repr(entry.circuit), repr(entry.trained), *map(repr, entry.nuisance)]
    modules = ("errorneurons.simulate.animals.worlds", type(entry.circuit).__module__)
    return _hash(__version__, entry.name, repr(plan), *circuits, source_hash(modules, REGISTRIES))


def _table_key(name: str, design: Design, plan: WorldPlan) -> str:
    effects = {n: e.__module__ for n, e in effects_under(design).items()}
    modules = ("errorneurons.predictions.comparing.animals", *effects.values())
    names = [f"{effect} {module}" for effect, module in effects.items()]
    return _hash(_worlds_key(theory(name), plan), repr(design), *names,
                 source_hash(modules, REGISTRIES[:1]))  # fmt: skip


def _hash(*texts: str) -> str:
    return hashlib.sha256("\n".join(texts).encode()).hexdigest()


@cache
def source_hash(modules: tuple[str, ...], leave_out: tuple[str, ...] = ()) -> str:
    """Return the hash of the source of modules and of all that they import from this package.

    Parameters
    ----------
    modules
        Names of modules.
    leave_out
        Modules that are not followed.
    """
    found: dict[str, str] = {}
    waiting = list(modules)
    while waiting:
        name = waiting.pop()
        if name in found or name in leave_out or not name.startswith("errorneurons."):
            continue
        spec = _module(name)
        if spec is None:
            continue
        found[name] = Path(spec).read_text(encoding="utf-8")
        for node in ast.walk(ast.parse(found[name])):
            if isinstance(node, ast.ImportFrom) and node.module:
                waiting += [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
    return _hash(*(f"{name}\n{text}" for name, text in sorted(found.items())))


def _module(name: str) -> str | None:
    """Return the file of a module, None if the name is that of something within one."""
    try:
        spec = find_spec(name)
    except ModuleNotFoundError:
        return None
    return spec.origin if spec else None
