"""Activity that has been cut out already: trial x time x unit arrays, whatever their axes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from errorneurons.analysis.session.contract import DoorError
from errorneurons.analysis.signals import SignalSource, place_in
from errorneurons.analysis.sources.recording import CutOut, LazyArray, RowNumbers
from errorneurons.analysis.sources.when import Times

_AXES = ("trial", "time", "unit")
_BLOCK = 2**25
"""Bytes of an array that are read together."""


@dataclass(frozen=True)
class CutArray:
    """An array of activity, and what its axes are.

    Attributes
    ----------
    name
        As in the file.
    data
        The array, not yet read.
    dims
        What its axes are, the slowest first; two that run in one axis have ``*`` between them.
    bins
        Bins of a trial, where trials and bins run in one axis.
    """

    name: str
    data: LazyArray
    dims: tuple[str, ...]
    bins: int = 1

    def __post_init__(self) -> None:
        """Refuse an array of another shape."""
        if len(self.data.shape) != len(self.dims):
            raise DoorError(
                f"array `{self.name}` has shape {self.data.shape}, dims are {list(self.dims)}; "
                "name one for each axis"
            )
        for axis, length in zip(self.dims, self.data.shape, strict=True):
            if "*" in axis and length % self.bins:
                raise DoorError(
                    f"array `{self.name}` is {length} long in {axis}, no whole number of trials of "
                    f"{self.bins} bins; mend `bins`"
                )
        if self.data.dtype.kind not in "biuf":
            raise DoorError(
                f"array `{self.name}` holds {self.data.dtype}, no numbers; name another"
            )

    @classmethod
    def of(cls, name: str, data: LazyArray, source: SignalSource) -> CutArray:
        """Return an array, of axes that are not read whole the one place that is.

        Raises
        ------
        DoorError
            If it has another shape.
        """
        dims = source.dims
        fixed = [place_in(axis) for axis in dims]
        if any(fixed) and len(data.shape) == len(dims):
            data = _checked_places(name, data, dims)
            dims = tuple(axis for axis, place in zip(dims, fixed, strict=True) if not place)
        return cls(name, data, dims, source.bins or 1)

    @property
    def axes_of_trials(self) -> dict[str, RowNumbers]:
        """Name of each of several axes of trials -> where in it a trial is, (trial,)."""
        split = (self._split(*own) for own in zip(self.dims, self.data.shape, strict=True))
        lengths = {
            name.removeprefix("trial:"): length
            for axes in split
            for name, length in axes.items()
            if name.startswith("trial:")
        }
        places = np.indices(tuple(lengths.values()), np.intp)
        return {name: places[k].ravel() for k, name in enumerate(lengths)}

    @property
    def sizes(self) -> dict[str, int]:
        """Trials, bins and units; 1 of what has no axis."""
        sizes = dict.fromkeys(_AXES, 1)
        for axis, length in zip(self.dims, self.data.shape, strict=True):
            for name, own in self._split(axis, length).items():
                sizes[name.partition(":")[0]] *= own
        return sizes

    def _split(self, axis: str, length: int) -> dict[str, int]:
        names = axis.split("*")
        if len(names) == 1:
            return {axis: length}
        return {n: self.bins if n == "time" else length // self.bins for n in names}

    def read(self, units: slice) -> npt.NDArray[np.float64]:
        """Return some of the units, (trial, time, unit), reading no others."""
        index = tuple(units if axis == "unit" else slice(None) for axis in self.dims)
        found = np.asarray(self.data[index])
        lengths: dict[str, int] = {}
        for axis, length in zip(self.dims, found.shape, strict=True):
            lengths |= self._split(axis, length)
        order = [*lengths]
        apart = found.reshape([*lengths.values()])
        # axes of trials keep their order, the last runs fastest
        by_kind = sorted(order, key=lambda name: _AXES.index(name.partition(":")[0]))
        apart = apart.transpose([order.index(name) for name in by_kind])
        sizes = self.sizes | {
            "unit": found.shape[self.dims.index("unit")] if "unit" in order else 1
        }
        return apart.reshape([sizes[name] for name in _AXES])

    def blocks(self) -> Sequence[slice]:
        """Return which units are read together, so that memory is bounded."""
        sizes = self.sizes
        one = sizes["trial"] * sizes["time"] * self.data.dtype.itemsize
        many = max(1, _BLOCK // max(one, 1)) if "unit" in self.dims else 1
        return [slice(k, min(k + many, sizes["unit"])) for k in range(0, sizes["unit"], many)]


def _checked_places(name: str, data: LazyArray, dims: tuple[str, ...]) -> LazyArray:
    """Return an array without the axes of which one place is read."""
    for axis, length in zip(dims, data.shape, strict=True):
        if axis == "1" and length != 1:
            raise DoorError(
                f'array `{name}` has shape {data.shape}; an axis of {length} is named "1" in dims, '
                'say which place is read, e.g. "plane=0"'
            )
        if place_in(axis) and int(place_in(axis)) >= length:
            raise DoorError(
                f"array `{name}` has shape {data.shape}; `{axis}` in dims is beyond its {length} "
                "places, which count from 0"
            )
    return _Placed(data, tuple(int(place_in(axis) or -1) for axis in dims))


@dataclass(frozen=True)
class _Placed:
    """An array of which some axes are at one place; of the others that is -1."""

    data: LazyArray
    places: tuple[int, ...]

    @property
    def shape(self) -> tuple[int, ...]:
        return tuple(n for n, k in zip(self.data.shape, self.places, strict=True) if k < 0)

    @property
    def dtype(self) -> np.dtype[Any]:
        return self.data.dtype

    def __getitem__(self, index: Any) -> Any:
        own = iter(index if isinstance(index, tuple) else (index,))
        full = tuple(next(own, slice(None)) if k < 0 else k for k in self.places)
        return self.data[full]


@dataclass(frozen=True)
class Cut:
    """Activity of units in bins of trials, as the recording has them.

    Attributes
    ----------
    blocks
        Arrays; several of different units.
    own_window
        The bins.
    kind, units
        What activity is, and its units, in words of the contract.
    scale
        What is stored times `scale` is activity in these units.
    first
        Which of the bins of the arrays is the first of the window.
    counts
        Whether they hold counts, which are whole numbers.
    """

    blocks: tuple[CutArray, ...]
    own_window: CutOut
    kind: str
    units: str
    scale: float = 1.0
    first: int = 0
    counts: bool = False

    def about(self, units: RowNumbers) -> dict[str, str | float]:
        """Return nothing: arrays do not say how they were recorded."""
        del units
        return {}

    def binned(
        self, units: RowNumbers, trials: RowNumbers, edges: Times
    ) -> npt.NDArray[np.float32]:
        """Return activity, (trial, bin, unit), as it is in the arrays.

        Parameters
        ----------
        units, trials
            Rows of units and trials.
        edges
            Edges of the bins, which are those of the window.

        Raises
        ------
        DoorError
            If counts are no whole numbers.
        """
        bins = slice(self.first, self.first + edges.shape[1] - 1)
        place = np.full(sum(block.sizes["unit"] for block in self.blocks), -1)
        place[units] = np.arange(len(units))
        rate = np.empty((len(trials), edges.shape[1] - 1, len(units)), dtype=np.float32)
        start = 0
        for block in self.blocks:
            for part in block.blocks():
                to = place[start + part.start : start + part.stop]
                if (to >= 0).any():
                    data = block.read(part)[:, bins]
                    if self.counts:
                        _check_whole(block.name, data)
                    for k in np.flatnonzero(to >= 0):
                        rate[:, :, to[k]] = data[trials, :, k] * self.scale
            start += block.sizes["unit"]
        return rate


def _check_whole(name: str, data: npt.NDArray[np.float64]) -> None:
    """Refuse counts that are none."""
    if data.dtype.kind == "f" and (broken := np.isfinite(data) & (data != np.rint(data))).any():
        raise DoorError(
            f"`{name}` holds {data[broken][0]:.3g}, no count; if it holds rates, write "
            'units = "Hz" under [signal]'
        )
