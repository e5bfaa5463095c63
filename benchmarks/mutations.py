"""Damage recordings of every kind in many ways, and count what the door makes of them.

Run ``python benchmarks/mutations.py 2000``: so many mutations of each kind, each kind in a process
of its own that may take 4 GiB. A line says how many were refused in a sentence, how many came in
(a changed value is still a value), and how many raised anything else, hung, or killed the process.
"""

from __future__ import annotations

import argparse
import multiprocessing
import resource
import shutil
import signal
import sys
import tempfile
import time
import warnings
from collections import Counter
from collections.abc import Callable
from functools import cache
from pathlib import Path
from queue import Empty

import h5py
import numpy as np
import pandas as pd
import scipy.io
import xarray as xr
import zarr

from errorneurons.analysis.door import describe_recording, open_recording
from errorneurons.analysis.session.contract import DoorError, check
from errorneurons.analysis.session.storage import save
from errorneurons.analysis.sources.template import template_of

MOST_MEMORY = 2**32
_FEW = 5
LONGEST = 20
"""Seconds that a mutation may take."""
TRIALS, BINS, UNITS = 8, 6, 4
ONSETS = np.arange(TRIALS) * 4.0 + 2
REST = """
[session]
animal = { constant = "m1" }
session_id = { constant = "s1" }
[trial]
stimulus = "kind"
input_onset = { constant = 0.0 }
[unit]
area = { constant = "V1" }
role = { constant = "unknown" }
"""
WINDOW = 'time_zero = "onset"\nstart = 0.0\nstop = 1.0\nbin_width = 0.5\n'
CUT = '[signal]\nvalues = "x"\ndims = ["trial", "time", "unit"]\nunits = "count"\n[events]\n'
CUT += "start = 0.0\nbin_width = 0.1\n"
OWNED = '[signal]\nspike_times = "spike_times"\nspike_units = "owners"\n[events]\n'
BESIDE = '[events]\nfile = "trials.csv"\n' + WINDOW
STRANGE = (
    "nan",
    "-1",
    "1e999",
    "9" * 400,
    "<script>alert(1)</script>",
    '"',
    "\0",
    "../../x",
    "",
    "é",
)


def spikes() -> tuple[np.ndarray, np.ndarray]:
    """Return spike times [s] and whose they are."""
    rng = np.random.default_rng(5)
    return np.sort(rng.uniform(0, 40, 800)), rng.integers(0, UNITS, 800)


def cut() -> dict[str, np.ndarray]:
    """Return a recording that has been cut out."""
    counts = np.random.default_rng(6).poisson(2, (TRIALS, BINS, UNITS)).astype(float)
    return {"x": counts, "kind": np.array(["a", "b"] * (TRIALS // 2)), "onset": ONSETS}


def trials(folder: Path) -> None:
    """Write a table of trials beside a recording."""
    frame = pd.DataFrame({"onset": ONSETS, "kind": ["a", "b"] * (TRIALS // 2)})
    frame.to_csv(folder / "trials.csv", index=False)


def npz(folder: Path) -> tuple[Path, str]:
    """Write an ``.npz`` file."""
    np.savez_compressed(folder / "x.npz", **cut())
    return folder / "x.npz", CUT + REST


def npy(folder: Path) -> tuple[Path, str]:
    """Write an ``.npy`` file."""
    np.save(folder / "x.npy", cut()["x"])
    return folder / "x.npy", (CUT + REST).replace('"kind"', '{ constant = "a" }')


def mat5(folder: Path) -> tuple[Path, str]:
    """Write a MATLAB file of version 5, as it is without compression."""
    return _mat5(folder, packed=False)


def mat5_packed(folder: Path) -> tuple[Path, str]:
    """Write a MATLAB file of version 5, packed."""
    return _mat5(folder, packed=True)


def _mat5(folder: Path, *, packed: bool) -> tuple[Path, str]:
    held = cut()
    cells = held["kind"].astype(object)[:, None]
    about = {"name": "m", "inner": {"deep": np.eye(2), "cells": cells}}
    everything = {**held, "kind": cells, "about": about}
    scipy.io.savemat(folder / "x.mat", everything, do_compression=packed)
    return folder / "x.mat", CUT + REST


def mat73(folder: Path) -> tuple[Path, str]:
    """Write what MATLAB would as version 7.3."""
    with h5py.File(folder / "x.mat", "w", userblock_size=512) as file:
        for name, array in cut().items():
            numbers = array if array.dtype.kind == "f" else np.arange(TRIALS) % 2
            file.create_dataset(name, data=numbers.T, chunks=True, compression="gzip")
            file[name].attrs["MATLAB_class"] = np.bytes_("double")
    with (folder / "x.mat").open("r+b") as stream:
        stream.write(b"MATLAB 7.3 MAT-file".ljust(128))
    return folder / "x.mat", CUT + REST


def hdf5(folder: Path) -> tuple[Path, str]:
    """Write HDF5 of no known kind."""
    with h5py.File(folder / "x.h5", "w") as file:
        for name, array in cut().items():
            plain = array.astype(object) if array.dtype.kind == "U" else array
            file[name] = plain
    return folder / "x.h5", CUT + REST


def mat73_by_trial(folder: Path) -> tuple[Path, str]:
    """Write what MATLAB would as version 7.3 of spikes in cells of trials, in cells of units."""
    rng = np.random.default_rng(7)
    with h5py.File(folder / "x.mat", "w", userblock_size=512) as file:
        outer = []
        for unit in range(UNITS):
            trains = [
                file.create_dataset(f"#refs#/{unit}_{t}", data=rng.uniform(0, 1, (9, 1))).ref
                for t in range(TRIALS)
            ]
            inner = np.array(trains, dtype=h5py.ref_dtype)[:, None]
            outer.append(file.create_dataset(f"#refs#/{unit}", data=inner).ref)
        file.create_dataset("spikes", data=np.array(outer, dtype=h5py.ref_dtype)[:, None])
        file["kind"] = np.arange(TRIALS)[None] % 2.0
    with (folder / "x.mat").open("r+b") as stream:
        stream.write(b"MATLAB 7.3 MAT-file".ljust(128))
    said = '[signal]\nspike_times = "spikes"\ndims = ["unit", "trial"]\n[events]\n'
    return folder / "x.mat", f"{said}start = 0.0\nstop = 1.0\nbin_width = 0.25\n{REST}"


def rows(folder: Path) -> tuple[Path, str]:
    """Write a table in which each row is the value of a bin."""
    trial, time, unit = np.indices((TRIALS, BINS, UNITS)).reshape(3, -1)
    kinds = np.array(["a", "b"])[trial % 2]
    table = {"trial": trial, "time": time / 10, "unit": unit, "n": cut()["x"].ravel()}
    pd.DataFrame(table | {"kind": kinds}).to_csv(folder / "x.csv", index=False)
    named = 'columns = { trial = "trial", time = "time", unit = "unit" }'
    said = f'[signal]\nvalues = "n"\n{named}\nunits = "count"\n[events]\n'
    return folder / "x.csv", said + REST


def csv(folder: Path) -> tuple[Path, str]:
    """Write spikes as text."""
    trials(folder)
    times, owners = spikes()
    table = pd.DataFrame({"spike_times": times, "owners": owners})
    table.to_csv(folder / "x.csv", index=False)
    return folder / "x.csv", OWNED + 'file = "trials.csv"\n' + WINDOW + REST


def parquet(folder: Path) -> tuple[Path, str]:
    """Write spikes as Parquet."""
    trials(folder)
    times, owners = spikes()
    pd.DataFrame({"spike_times": times, "owners": owners}).to_parquet(folder / "x.parquet")
    return folder / "x.parquet", OWNED + 'file = "trials.csv"\n' + WINDOW + REST


def suite2p(folder: Path) -> tuple[Path, str]:
    """Write a folder of Suite2p."""
    trials(folder)
    plane = folder / "suite2p" / "plane0"
    plane.mkdir(parents=True)
    for name in ("F", "spks"):
        np.save(plane / f"{name}.npy", np.random.default_rng(1).normal(size=(UNITS, 400)))
    np.save(plane / "iscell.npy", np.ones((UNITS, 2)))
    return folder / "suite2p", "[signal]\nrate = 10\n" + BESIDE + REST


def phy(folder: Path) -> tuple[Path, str]:
    """Write a folder of Phy."""
    trials(folder)
    made = folder / "phy"
    made.mkdir()
    times, owners = spikes()
    np.save(made / "spike_times.npy", (times * 30000).astype("u8"))
    np.save(made / "spike_clusters.npy", owners.astype("i4"))
    (made / "params.py").write_text("dat_path = 'x.dat'\nsample_rate = 30000.\n")
    (made / "cluster_group.tsv").write_text(
        "cluster_id\tgroup\n0\tgood\n1\tgood\n2\tmua\n3\tgood\n"
    )
    return made, BESIDE + REST


def alf(folder: Path) -> tuple[Path, str]:
    """Write a folder in the naming of ALF."""
    made = folder / "alf"
    made.mkdir()
    times, owners = spikes()
    np.save(made / "spikes.times.npy", times)
    np.save(made / "spikes.clusters.npy", owners)
    np.save(made / "clusters.channels.npy", np.arange(UNITS))
    np.save(made / "channels.localCoordinates.npy", np.zeros((UNITS, 2)))
    np.save(made / "_ibl_trials.onset.npy", ONSETS)
    np.save(made / "_ibl_trials.kind.npy", np.arange(TRIALS) % 2)
    return made, '[events]\ntable = "trials"\n' + WINDOW + REST


def nwb(folder: Path) -> tuple[Path, str]:
    """Write an NWB file, as `write_nwb` does."""
    from errorneurons.analysis.readers.nwb.reader import mapping_template, write_nwb

    path = write_nwb(_collection(folder), folder / "x.nwb", seed=1)
    (folder / "x.npz").unlink()
    return path, mapping_template(path)


def nwb_zarr(folder: Path) -> tuple[Path, str]:
    """Write NWB in Zarr, as hdmf-zarr lays it out."""
    root = zarr.open_group(str(folder / "x.zarr"), mode="w", zarr_format=2)
    root.attrs["nwb_version"] = "2.9.0"
    times, owners = spikes()
    order = np.argsort(owners, kind="stable")
    arrays = {
        "units/spike_times": times[order],
        "units/spike_times_index": np.cumsum(np.bincount(owners)),
        "units/electrodes": np.arange(UNITS),
        "general/extracellular_ephys/electrodes/location": np.arange(UNITS),
        "intervals/trials/start_time": ONSETS,
        "intervals/trials/kind": np.arange(TRIALS) % 2,
    }
    for name, array in arrays.items():
        root.create_array(name, data=array)
    window = WINDOW.replace("onset", "start_time")
    return folder / "x.zarr", '[events]\ntable = "trials"\n' + window + REST


def nc(folder: Path) -> tuple[Path, str]:
    """Write a netCDF file of the contract."""
    path = save(_collection(folder), folder / "x.nc")
    (folder / "x.npz").unlink()
    return path, ""


def contract_zarr(folder: Path) -> tuple[Path, str]:
    """Write a Zarr store of the contract."""
    with zarr.config.set({"array.write_empty_chunks": True}):
        _collection(folder).to_zarr(folder / "x.zarr", zarr_format=2, consolidated=False)
    (folder / "x.npz").unlink()
    return folder / "x.zarr", ""


def _collection(folder: Path) -> xr.DataTree:
    path, mapping = npz(folder)
    (folder / "m.toml").write_text(mapping)
    made = open_recording(path, folder / "m.toml")
    (folder / "m.toml").unlink()
    return made


KINDS: dict[str, Callable[[Path], tuple[Path, str]]] = {
    "npz": npz, "npy": npy, "mat5": mat5, "mat5_packed": mat5_packed, "mat73": mat73,
    "mat73_by_trial": mat73_by_trial, "hdf5": hdf5, "rows": rows, "csv": csv,
    "parquet": parquet, "suite2p": suite2p, "phy": phy, "alf": alf, "nwb": nwb,
    "nwb_zarr": nwb_zarr, "nc": nc, "zarr": contract_zarr,
}  # fmt: skip
"""Makers of small recordings: a folder -> the recording in it, and its mapping."""


def mutate(path: Path, mapping: str, rng: np.random.Generator) -> str:
    """Damage one file of a recording, or its mapping, which is returned."""
    if mapping.strip() and rng.random() < 0.1:
        return mutated_text(mapping, rng)
    files = [p for p in sorted(path.parent.rglob("*")) if p.is_file()]
    victim = files[rng.integers(len(files))]
    described = victim.name.startswith(".z") or victim.suffix in (".csv", ".tsv", ".py")
    if described and rng.random() < 0.7:
        text = victim.read_text(encoding="utf-8", errors="replace")
        victim.write_text(mutated_text(text, rng), encoding="utf-8")
    elif victim.suffix == ".npy" and rng.random() < 0.5:
        _other_header(victim, rng)
    elif h5py.is_hdf5(victim) and rng.random() < 0.6:
        _other_structure(victim, rng)
    elif victim.suffix == ".npz" and rng.random() < 0.4:
        _other_members(victim, rng)
    else:
        victim.write_bytes(mutated_bytes(victim.read_bytes(), rng))
    return mapping


def mutated_bytes(data: bytes, rng: np.random.Generator) -> bytes:
    """Return bytes with bits turned, a piece lost, doubled, or filled."""
    array = bytearray(data)
    way = rng.integers(5)
    at = int(rng.integers(max(len(array), 1)))
    length = int(rng.integers(1, 65))
    if way == 0 or not array:
        for _ in range(int(rng.integers(1, 9))):
            place = int(rng.integers(len(array))) if array else 0
            array[place : place + 1] = bytes([int(rng.integers(256))])
    elif way == 1:
        del array[at:]
    elif way == 2:
        del array[at : at + length]
    elif way == 3:
        array[at:at] = array[at : at + length]
    else:
        array[at : at + 8] = (b"\xff" if rng.random() < 0.5 else b"\x00") * 8
    return bytes(array)


def mutated_text(text: str, rng: np.random.Generator) -> str:
    """Return a text in which a word is another, or a line is lost or doubled."""
    lines = text.split("\n")
    row = int(rng.integers(len(lines)))
    way = rng.integers(4)
    if way == 0:
        del lines[row]
    elif way == 1:
        lines.insert(row, lines[int(rng.integers(len(lines)))])
    else:
        separator = next((s for s in (",", "\t", '"', " ") if s in lines[row]), " ")
        words = lines[row].split(separator)
        words[int(rng.integers(len(words)))] = STRANGE[int(rng.integers(len(STRANGE)))]
        lines[row] = separator.join(words)
    return "\n".join(lines)


def _other_header(path: Path, rng: np.random.Generator) -> None:
    """Write another header before the data of an ``.npy`` file."""
    data = path.read_bytes()
    shapes = (
        "(2**60,)",
        "(-1,)",
        "(99999999999, 9)",
        "()",
        "(3,)",
        "(0, 5)",
        "(" + "1, " * 40 + ")",
    )
    kinds = ("'|O'", "'<f8'", "'<U9'", "'|V8'", "'<M8[s]'", "[('a', '<f8')]", "'<c16'", "'x'")
    shape = shapes[int(rng.integers(len(shapes)))]
    kind = kinds[int(rng.integers(len(kinds)))]
    head = f"{{'descr': {kind}, 'fortran_order': False, 'shape': {shape}, }}".ljust(117) + "\n"
    path.write_bytes(
        b"\x93NUMPY\x01\x00" + np.uint16(len(head)).tobytes() + head.encode() + data[128:]
    )


def _other_members(path: Path, rng: np.random.Generator) -> None:
    """Write the members of an archive under other names, of other kinds, or twice."""
    import zipfile

    with zipfile.ZipFile(path) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    names = list(members)
    chosen = names[int(rng.integers(len(names)))]
    way = rng.integers(5)
    extra = {0: ("../x.npy", members[chosen]), 1: (chosen, members[chosen]), 2: ("y.txt", b"x"),
             3: (chosen, mutated_bytes(members[chosen], rng)), 4: ("/etc/x.npy", b"")}  # fmt: skip
    name, data = extra[int(way)]
    with warnings.catch_warnings(), zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        warnings.simplefilter("ignore")
        for kept in members.items():
            if way != 3 or kept[0] != chosen:
                archive.writestr(*kept)
        archive.writestr(name, data)


def _other_structure(path: Path, rng: np.random.Generator) -> None:
    """Change what stands in an HDF5 file."""
    with h5py.File(path, "r+") as file:
        names: list[str] = []
        file.visititems(lambda n, node: names.append(n) if isinstance(node, h5py.Dataset) else None)
        name = names[int(rng.integers(len(names)))]
        old = file[name][()]
        del file[name]
        way = rng.integers(9)
        if way == 0:
            file[name] = h5py.ExternalLink("/etc/passwd", "/x")
        elif way == 1:
            file[name] = h5py.SoftLink("/nowhere")
        elif way == 2:
            file.create_dataset(name, shape=(2**40, 2**10), chunks=(1, 1024), dtype="f8")
        elif way == 3:
            file[name] = np.atleast_1d(old)[: max(np.size(old) // 2, 1)]
        elif way == 4:
            file.create_group(name)["inner"] = old
        elif way == 5:
            file[name] = np.full(np.shape(old), np.inf)
        elif way == 6:
            file[name] = np.array([b"x"] * np.size(old))
        elif way == 7:
            file[name] = np.array([file.ref] * np.size(old), dtype=h5py.ref_dtype)
            file[name].attrs["MATLAB_class"] = np.bytes_("cell")


def answer(path: Path, mapping: str) -> str:
    """Return what the door makes of a recording: ``refused``, ``came in``, or what it raised."""
    said = path.parent / "mapping.toml"
    said.write_text(mapping, encoding="utf-8")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            opened = open_recording(path, said if mapping.strip() else None)
            check(opened)
            opened.close()
            if mapping.strip():
                template_of(describe_recording(path))
    except DoorError as error:
        return "refused" if str(error).strip() else "refused without a word"
    except Exception as error:  # what else there is, is what is counted
        return f"{type(error).__name__}: {str(error)[:120]}"
    return "came in"


@cache
def _made(kind: str, folder: Path) -> tuple[Path, str]:
    """Make a recording once, and its mapping: every mutation damages a copy."""
    folder.mkdir()
    return KINDS[kind](folder)


def one(kind: str, seed: int, folder: Path) -> str:
    """Return the answer to one mutation, made in a folder of its own."""
    whole, mapping = _made(kind, folder.with_name(f"{folder.name}_{kind}"))
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(whole.parent, folder)
    path = folder / whole.name
    rng = np.random.default_rng(np.random.SeedSequence([seed, len(kind)]))
    return answer(path, mutate(path, mapping, rng))


def _hung(*_: object) -> None:
    raise TimeoutError("hangs")


def _many(kind: str, seeds: range, found: multiprocessing.Queue) -> None:
    resource.setrlimit(resource.RLIMIT_AS, (MOST_MEMORY, MOST_MEMORY))
    signal.signal(signal.SIGALRM, _hung)
    with tempfile.TemporaryDirectory() as base:
        for seed in seeds:
            found.put((seed, None))
            signal.alarm(LONGEST)
            found.put((seed, one(kind, seed, Path(base) / "m")))
            signal.alarm(0)


def count(kind: str, mutations: int, first: int) -> Counter[str]:
    """Return the answers to many mutations; a process that dies is one answer, and goes on."""
    answers: Counter[str] = Counter()
    seed, end = first, first + mutations
    while seed < end:
        found: multiprocessing.Queue = multiprocessing.Queue()
        process = multiprocessing.Process(target=_many, args=(kind, range(seed, end), found))
        process.start()
        while process.is_alive() or not found.empty():
            try:
                at, said = found.get(timeout=1)
            except Empty:
                continue
            if said is not None:
                answers[said] += 1
                if said not in ("refused", "came in") and answers[said] < _FEW:
                    sys.stdout.write(f"{kind} {at}: {said}\n")
                seed = at + 1
        process.join()
        if seed < end:
            answers["killed"] += 1
            sys.stdout.write(f"{kind} {seed}: killed the process\n")
            seed += 1
    return answers


def main() -> None:
    """Count the answers for each kind."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("mutations", type=int, nargs="?", default=200)
    parser.add_argument("--kind", action="append", choices=list(KINDS))
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    for kind in given.kind or KINDS:
        start = time.process_time()
        answers = count(kind, given.mutations, given.seed)
        said = ", ".join(f"{n} {what}" for what, n in answers.most_common())
        sys.stdout.write(f"{kind}: {said} ({time.process_time() - start:.0f} s here)\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
