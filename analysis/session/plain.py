"""A session without its labels: the arrays that claims ask for, and nothing that takes time.

A virtual animal is recorded to be measured once. What it says does not need a checked Dataset; it
answers the claims as the Dataset of the same arrays would.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, NoReturn, cast

import numpy as np
import numpy.typing as npt
import xarray as xr

from errorneurons.analysis.session.schema import FIELDS


@dataclass(frozen=True, eq=False)
class PlainColumn:
    """An array of a session, see `schema.FIELDS` for its dims and units."""

    values: npt.NDArray[Any]
    attrs: Mapping[str, Any] = field(default_factory=dict)

    @property
    def shape(self) -> tuple[int, ...]:
        """Length along each dim."""
        return self.values.shape


@dataclass(frozen=True, eq=False)
class Undrawn:
    """Activity of which no more was drawn than some means; who reads it would find what is not.

    Attributes
    ----------
    shape, attrs
        Those of the activity.
    """

    shape: tuple[int, ...]
    attrs: Mapping[str, Any]

    @property
    def values(self) -> npt.NDArray[Any]:
        """Refuse to be read.

        Raises
        ------
        RuntimeError
            Always.
        """
        raise RuntimeError(
            "a claim asked a virtual animal for activity that was not drawn; let effects read "
            "activity by `window_means` alone, and their windows depend on trials and on areas and "
            "roles of units alone"
        )


@dataclass(frozen=True, eq=False)
class Averaged:
    """Bins of trials of which a mean is asked for.

    Attributes
    ----------
    trials
        Numbers of the trials.
    bins
        From which bin to which a mean goes in any of them.
    inside
        Which of these it is of in each, (trial, bin).
    """

    trials: npt.NDArray[np.int64]
    bins: slice
    inside: npt.NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Plain:
    """Arrays of a session by their names in the contract.

    Attributes
    ----------
    variables
        All arrays, ``rate`` too.
    attrs
        Attributes of the session.
    """

    variables: Mapping[str, PlainColumn | Undrawn]
    attrs: Mapping[str, Any]

    @property
    def coords(self) -> Mapping[str, PlainColumn | Undrawn]:
        """Columns of trials and units."""
        return self.variables

    @property
    def sizes(self) -> dict[str, int]:
        """Trials, bins and units."""
        return dict(zip(FIELDS["rate"].dims, self.variables["rate"].shape, strict=True))

    def __getattr__(self, name: str) -> NoReturn:
        """Refuse what a claim need not ask."""
        raise AttributeError(
            f"a claim asked a virtual animal for `{name}`; let effects ask sessions for "
            "`variables`, `coords`, `sizes` and `attrs` alone"
        )

    def __contains__(self, name: str) -> bool:
        """Whether there is an array of that name."""
        return name in self.variables

    def __getitem__(self, name: str) -> PlainColumn | Undrawn:
        """Return an array with its attributes."""
        return self.variables[name]

    def of_units(self, chosen: npt.NDArray[np.int64]) -> Plain:
        """Return the session with some of its units."""
        own = {
            name: replace(column, values=column.values[..., chosen])
            if isinstance(column, PlainColumn) and FIELDS[name].dims[-1] == "unit"
            else column
            for name, column in self.variables.items()
        }
        return replace(self, variables=own)

    def without(self, name: str) -> Plain:
        """Return the session without one of its columns."""
        return replace(self, variables={n: x for n, x in self.variables.items() if n != name})

    def undrawn(self) -> Plain:
        """Return the session with activity that refuses to be read."""
        rate = self.variables["rate"]
        return replace(self, variables={**self.variables, "rate": Undrawn(rate.shape, rate.attrs)})

    def as_session(self) -> xr.Dataset:
        """Return it for the claims, which ask a session for no more than this can answer."""
        return cast("xr.Dataset", self)
