"""NWB in Zarr, as `hdmf-zarr` writes it: read without that package, which needs an older zarr.

Tables of intervals have their own names, as in HDF5: ``trials`` for ``intervals/trials``. Spike
times are a list ``spike_times``, one array a unit. Arrays of references are not read.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from errorneurons.analysis.named.arrays import NamedArrays
from errorneurons.analysis.readers.codecs import check_inside, described_arrays, strange_codec
from errorneurons.analysis.session.contract import DoorError
from errorneurons.analysis.signals import SignalSource
from errorneurons.analysis.sources.limits import check_count, check_size, damage_told
from errorneurons.analysis.sources.recording import LazyArray

_SHORTER = (("intervals.", ""), ("general.extracellular_ephys.electrodes.", "electrodes."))
_SAID = ("session_id", "lab", "institution")
_OF_SUBJECT = ("subject_id", "species", "strain", "genotype", "sex")


@contextmanager
def hold_nwb_zarr(store: Path) -> Iterator[NamedArrays]:
    """Yield the arrays of NWB in Zarr.

    Raises
    ------
    DoorError
        If the store is damaged, or leads elsewhere.
    """
    with damage_told(store):
        check_inside(store)
        arrays: dict[str, LazyArray] = {}
        refused: dict[str, str] = {}
        for folder, described in described_arrays(store):
            check_count(store, len(arrays) + len(refused))
            name = _name(".".join(folder.relative_to(store).parts))
            if name.startswith("specifications."):
                continue  # of the format, not of the recording
            found = _opened(folder, described)
            if isinstance(found, str):
                refused[name] = found
            else:
                arrays[name] = found
        metadata = _metadata(arrays)
        ragged = ("spike_times", "obs_intervals")
        lists = {name: _pieces(arrays, name) for name in ragged if f"units.{name}" in arrays}
        arrays |= _first_electrodes(arrays)
        signal = SignalSource(
            spike_times="spike_times",
            table="units",
            electrodes="electrodes" if "units.first_electrode" in arrays else "",
            channels="first_electrode" if "units.first_electrode" in arrays else "",
        )
        yield NamedArrays(
            arrays, lists, metadata, signal if "spike_times" in lists else None, refused
        )


def _name(path: str) -> str:
    for start, short in _SHORTER:
        path = path.replace(start, short, 1) if path.startswith(start) else path
    return path


def _opened(folder: Path, described: Any) -> LazyArray | str:
    """Return an array of numbers or text, not yet read, or why it is not read."""
    import zarr

    if codec := strange_codec(described):
        return f"is packed with {codec!r}, which could run code"
    try:
        array = zarr.open_array(store=str(folder), mode="r")
    except (ValueError, TypeError, KeyError, NotImplementedError) as error:
        return f"cannot be read: {' '.join(str(error).split())[:100]}"
    if array.nchunks_initialized < array.nchunks:
        return "has blocks that are missing and would be read as zeros; copy the store again"
    if array.dtype.kind in "biuf":
        return array
    if array.dtype.kind in "OTU":
        return _Text(array)
    return f"holds {array.dtype}, neither numbers nor text"


@dataclass(frozen=True)
class _Text:
    """An array of text."""

    stored: Any

    @property
    def shape(self) -> tuple[int, ...]:
        shape: tuple[int, ...] = self.stored.shape
        return shape

    @property
    def dtype(self) -> np.dtype[Any]:
        return np.dtype(str)

    def __getitem__(self, index: Any) -> Any:
        check_size("text", self.shape, 8)
        return np.asarray([str(value) for value in np.ravel(self.stored[...])])[index]


def _metadata(arrays: dict[str, LazyArray]) -> dict[str, object]:
    """Return what the file says of itself and its subject."""
    given = {"identifier": "identifier", **{name: f"general.{name}" for name in _SAID}}
    given |= {f"subject.{name}": f"general.subject.{name}" for name in _OF_SUBJECT}
    said: dict[str, object] = {}
    for name, path in given.items():
        array = arrays.get(path)
        said[name] = None if array is None else str(np.ravel(array[...])[0])
    return said


def _pieces(arrays: dict[str, LazyArray], name: str) -> tuple[LazyArray, ...]:
    """Return a ragged column of the units, one array a unit, not yet read."""
    values = arrays[f"units.{name}"]
    ends = _ends(arrays, f"units.{name}_index", values.shape[0])
    starts = np.r_[0, ends[:-1]]
    return tuple(_Piece(values, int(a), int(b)) for a, b in zip(starts, ends, strict=True))


def _ends(arrays: dict[str, LazyArray], name: str, length: int) -> np.ndarray[Any, Any]:
    """Return where each row of a ragged column ends."""
    if name not in arrays:
        raise DoorError(f"`{name}` is missing, which says which values are whose; copy it again")
    ends = np.asarray(arrays[name][...]).astype(np.int64)
    if (np.diff(ends, prepend=0) < 0).any() or (len(ends) and ends[-1] != length):
        raise DoorError(f"`{name}` goes back, or does not end at {length}; the file is damaged")
    return ends


@dataclass(frozen=True)
class _Piece:
    """A part of an array of one axis."""

    whole: LazyArray
    start: int
    stop: int

    @property
    def shape(self) -> tuple[int, ...]:
        return (self.stop - self.start, *self.whole.shape[1:])

    @property
    def dtype(self) -> np.dtype[Any]:
        return self.whole.dtype

    def __getitem__(self, index: Any) -> Any:
        return np.asarray(self.whole[self.start : self.stop])[index]


def _first_electrodes(arrays: dict[str, LazyArray]) -> dict[str, LazyArray]:
    """Return the row of the first electrode of each unit, if each has one."""
    if "units.electrodes" not in arrays or "electrodes.location" not in arrays:
        return {}
    rows = np.asarray(arrays["units.electrodes"][...])
    if "units.electrodes_index" in arrays:
        ends = _ends(arrays, "units.electrodes_index", len(rows))
        starts = np.r_[0, ends[:-1]]
        if (ends <= starts).any():
            return {}
        rows = rows[starts]
    return {"units.first_electrode": rows}
