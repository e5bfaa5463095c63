"""Activity that has been cut out already: trial x time x unit arrays, whatever their axes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from errorneurons.analysis.session.contract import DoorError
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

    @property
    def sizes(self) -> dict[str, int]:
        """Trials, bins and units; 1 of what has no axis."""
        sizes = dict.fromkeys(_AXES, 1)
        for axis, length in zip(self.dims, self.data.shape, strict=True):
            sizes |= self._split(axis, length)
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
        missing = [name for name in _AXES if name not in lengths]
        apart = apart.reshape([*apart.shape, *(1 for _ in missing)])
        return apart.transpose([[*order, *missing].index(name) for name in _AXES])

    def blocks(self) -> Sequence[slice]:
        """Return which units are read together, so that memory is bounded."""
        sizes = self.sizes
        one = sizes["trial"] * sizes["time"] * self.data.dtype.itemsize
        many = max(1, _BLOCK // max(one, 1)) if "unit" in self.dims else 1
        return [slice(k, min(k + many, sizes["unit"])) for k in range(0, sizes["unit"], many)]


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
