"""Folders of Suite2p: traces of all planes; its pickles (``ops.npy``, ``stat.npy``) are not read.

Deconvolved activity is read unless the mapping names other arrays: the surround is taken away from
it. How many frames a second there are stands in a pickle, so the mapping says it: ``rate``.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from errorneurons.analysis.named.arrays import NamedArrays
from errorneurons.analysis.readers.numpy_files import mapped_npy
from errorneurons.analysis.session.contract import DoorError
from errorneurons.analysis.signals import SignalSource
from errorneurons.analysis.sources.limits import PICKLED, damage_told
from errorneurons.analysis.sources.recording import LazyArray

_TRACES = ("F", "Fneu", "spks")


def is_suite2p(folder: Path) -> bool:
    """Whether a folder is one that Suite2p wrote, or holds the one it wrote."""
    return bool(_planes(folder))


def _planes(folder: Path) -> list[Path]:
    """Return the folders of planes, in order."""
    for place in (folder, folder / "suite2p"):
        if (place / "F.npy").is_file():
            return [place]
        found = [p for p in place.glob("plane*") if (p / "F.npy").is_file()]
        if found:
            return sorted(found, key=lambda p: (len(p.name), p.name))
    return []


@contextmanager
def hold_suite2p(folder: Path) -> Iterator[NamedArrays]:
    """Yield the traces of a folder of Suite2p, and a table ``rois``.

    Raises
    ------
    DoorError
        If a file is missing, damaged, or of other ROIs than the rest.
    """
    with damage_told(folder):
        arrays: dict[str, LazyArray] = {}
        counts: dict[str, int] = {}
        frames: dict[str, int] = {}
        cells: list[np.ndarray] = []
        for plane in _planes(folder):
            found = {n: mapped_npy(p) for n in _TRACES if (p := plane / f"{n}.npy").is_file()}
            arrays |= {f"{plane.name}.{name}": array for name, array in found.items()}
            counts[plane.name], frames[plane.name] = _shape(plane, found)
            cells += _cells(plane, counts[plane.name])
        names = [*counts]
        if max(frames.values()) - min(frames.values()) > _UNLIKE * max(frames.values()) + 1:
            raise DoorError(f"planes have {frames} frames; give those of one recording")
        if len(cells) == len(names):
            every = np.concatenate(cells)
            arrays["rois.iscell"] = every[:, 0] > 0
            arrays["rois.probability"] = every[:, 1]
        arrays["rois.plane"] = np.repeat(names, [*counts.values()])
        kind = "spks" if all(f"{name}.spks" in arrays for name in names) else "F"
        signal = SignalSource(
            values=tuple(f"{name}.{kind}" for name in names),
            dims=("unit", "time"),
            table="rois",
            units="a.u.",
            kind="event" if kind == "spks" else "calcium",
        )
        yield NamedArrays(arrays, signal=signal, refused=dict.fromkeys(("ops", "stat"), PICKLED))


_UNLIKE = 0.01
"""A share of frames that a plane may have more than another."""


def _shape(plane: Path, found: dict[str, LazyArray]) -> tuple[int, int]:
    """Return how many ROIs and frames all files of a plane have."""
    shapes = {name: array.shape for name, array in found.items()}
    rois = {name: shape[0] for name, shape in shapes.items() if len(shape) == 2}
    if len(set(rois.values())) != 1 or len(rois) < len(found):
        raise DoorError(f"{plane.name}: {rois} ROIs; all files of a plane must have the same")
    frames = {name: shape[1] for name, shape in shapes.items()}
    if len(set(frames.values())) != 1:
        raise DoorError(f"{plane.name}: {frames} frames; all files of a plane must have the same")
    return rois.popitem()[1], frames.popitem()[1]


def _cells(plane: Path, count: int) -> list[np.ndarray]:
    """Return whether each ROI is a cell, and how likely, (roi, 2); nothing if nobody has said."""
    path = plane / "iscell.npy"
    if not path.is_file():
        return []
    given = np.asarray(mapped_npy(path))
    if given.shape != (count, 2):
        raise DoorError(f"{plane.name}/iscell.npy has shape {given.shape} for {count} ROIs")
    return [given]
