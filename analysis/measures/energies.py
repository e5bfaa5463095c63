"""Measures of one session: response patterns and their cross-validated energies.

A response is the mean of a window minus the mean of a baseline before the event, per unit,
stimulus and trial. The energy of a response pattern x is estimated without the trials' noise:

    E(x) = (|sum_t x_t|^2 - sum_t |x_t|^2) / (T (T - 1))

averaged over units and stimuli. It is unbiased, so it may be negative. The energy of a difference
of two conditions is the sum of both energies minus twice their inner product, and the overlap of
two conditions is the product of their means. Units, gain and baseline cancel in a ratio of two
energies of the same cells.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import numpy.typing as npt
import xarray as xr

from errorneurons.analysis.measures import gaps
from errorneurons.analysis.measures.answers import Effect as Effect
from errorneurons.analysis.measures.answers import Missing as Missing
from errorneurons.analysis.measures.asking import once, once_alike
from errorneurons.analysis.measures.windows import Cells as Cells
from errorneurons.analysis.measures.windows import Trials as Trials
from errorneurons.analysis.measures.windows import Window as Window
from errorneurons.analysis.measures.windows import window_mean
from errorneurons.analysis.statistics import Floats

Factors = Mapping[str, str | bool]


Response = Mapping[str, Floats]
"""Stimulus -> responses of the trials with that stimulus, (trial, unit)."""


def trials(session: xr.Dataset, factors: Factors) -> npt.NDArray[np.int64]:
    """Return the numbers of the trials that have all `factors`; none if one was not recorded.

    Trials that served to label the units are never among them: they may not test what they chose.
    """
    key = ("trials", *factors.items())
    return once_alike(session, key, lambda: _trials(session, factors))


def _trials(session: xr.Dataset, factors: Factors) -> npt.NDArray[np.int64]:
    chosen = np.ones(session.sizes["trial"], dtype=bool)
    if "localiser" in session.coords:
        chosen &= ~session.variables["localiser"].values
    for name, value in factors.items():
        if name not in session.coords:
            return np.array([], dtype=np.int64)
        chosen &= session.variables[name].values == value
    return np.flatnonzero(chosen)


def units(
    session: xr.Dataset, role: str, keep: Callable[[Floats], npt.NDArray[np.bool_]] | None = None
) -> npt.NDArray[np.int64]:
    """Return the numbers of the units of a role, of all levels or of those that `keep` picks.

    ``"unlabelled"`` stands for every role but ``"error"``.
    """
    return once_alike(session, ("units", role, keep), lambda: _units(session, role, keep))


def _units(
    session: xr.Dataset, role: str, keep: Callable[[Floats], npt.NDArray[np.bool_]] | None
) -> npt.NDArray[np.int64]:
    roles = session.variables["role"].values
    chosen = roles != "error" if role == "unlabelled" else roles == role
    if keep is not None:
        chosen = chosen & keep(session.variables["level"].values.astype(float))
    return np.flatnonzero(chosen)


def level_of(session: xr.Dataset, area: str) -> float:
    """Return the level of an area, NaN if it has no unit."""
    return once_alike(session, ("level", area), lambda: _level_of(session, area))


def _level_of(session: xr.Dataset, area: str) -> float:
    levels = session.variables["level"].values[session.variables["area"].values == area]
    return float(levels[0]) if len(levels) else float("nan")


def false_labels(session: xr.Dataset) -> tuple[float, float, float] | None:
    """Return the mean share of false labels over the error cells, and its interval.

    None if there are no error cells or the session does not say.
    """
    return once(session, "false labels", lambda: _false_labels(session))


def _false_labels(session: xr.Dataset) -> tuple[float, float, float] | None:
    error = units(session, "error")
    if "label_error" not in session.coords:
        return None
    shares = session.variables["label_error"].values[error]
    if not np.isfinite(shares).any():
        return None
    value = float(np.nanmean(shares))
    attrs = session.variables["label_error"].attrs
    return value, attrs.get("low", value), attrs.get("high", value)


def responses(
    session: xr.Dataset,
    chosen: npt.NDArray[np.int64],
    cells: npt.NDArray[np.int64],
    event: str,
    window: Window,
    baseline: Window,
) -> Response:
    """Return window mean minus baseline mean, by stimulus.

    Parameters
    ----------
    session
        One session.
    chosen, cells
        Numbers of the trials and of the units.
    event
        Trial column with the time that both windows are relative to [s].
    window, baseline
        From and to, relative to the event [s].

    Returns
    -------
    Response
        Stimulus -> (trial, unit). NaN where a unit has a gap in either window; trials in which
        all of them have are left out.
    """
    key = (chosen.tobytes(), event, window, baseline)
    found = once(session, key, lambda: _pattern(session, chosen, event, window, baseline))
    if found.complete:
        return Picked(found, cells)
    own = found.difference[:, cells]
    there = np.asarray(np.isfinite(own).any(axis=1))
    stimuli = {name: rows[there[rows]] for name, rows in found.stimuli.rows.items()}
    return {name: own[rows] for name, rows in stimuli.items() if len(rows)}


@dataclass(frozen=True, eq=False)
class ByStimulus:
    """Trials by their stimulus.

    Attributes
    ----------
    names
        The stimuli, in order.
    rows
        Stimulus -> its trials.
    together
        The trials, (stimulus, trial), where all stimuli have as many.
    repeated
        Whether every stimulus has two trials or more.
    """

    names: tuple[str, ...]
    rows: Mapping[str, Trials]
    together: Trials | None
    repeated: bool


@dataclass(frozen=True, eq=False)
class AllCells:
    """The responses of all units of a session, which the claims read cell by cell.

    Attributes
    ----------
    difference
        Window minus baseline, (trial, unit).
    stimuli
        Its trials.
    complete
        Whether no unit has a gap in any trial.
    overlaps
        The mean over stimuli of the product of the means with those of other responses, (unit,),
        where it was asked for.
    """

    difference: Floats
    stimuli: ByStimulus
    complete: bool
    overlaps: dict[AllCells, Floats] = field(default_factory=dict)

    @cached_property
    def means(self) -> Floats:
        """Mean of each stimulus, (stimulus, unit)."""
        return self._summed[0]

    @cached_property
    def energies(self) -> Floats:
        """Energy of each unit, averaged over stimuli with two trials or more, (unit,)."""
        own = self._summed[1]
        return _mean(own) if len(own) else np.empty(0)

    @cached_property
    def _summed(self) -> tuple[Floats, Floats]:
        """Means of stimuli, and energies of those with two trials or more, (stimulus, unit)."""
        if self.stimuli.together is not None and self.stimuli.repeated:
            x = self.difference[self.stimuli.together]
            return _mean(x, axis=1), _energies(x, axis=1)
        each = [self.difference[rows] for rows in self.stimuli.rows.values()]
        energies = np.array([_energies(x) for x in each if len(x) >= 2])
        return np.array([*map(_mean, each)]), energies

    def overlap(self, other: AllCells) -> Floats:
        """Return the product of the means, averaged over the stimuli of both, (unit,)."""
        if other not in self.overlaps:
            self.overlaps[other] = _mean(self.means * other.means)
        return self.overlaps[other]


@dataclass(frozen=True, eq=False)
class Picked(Mapping[str, Floats]):
    """The responses of some cells; what is the same for all cells is computed once for all."""

    pattern: AllCells
    cells: Cells

    def __getitem__(self, name: str) -> Floats:
        """Return the responses to a stimulus, (trial, unit)."""
        return self.pattern.difference[self.pattern.stimuli.rows[name]][:, self.cells]

    def __iter__(self) -> Iterator[str]:
        """Go through the stimuli."""
        return iter(self.pattern.stimuli.rows)

    def __len__(self) -> int:
        """Return how many stimuli there are."""
        return len(self.pattern.stimuli.rows)


def _pattern(
    session: xr.Dataset, chosen: Trials, event: str, window: Window, baseline: Window
) -> AllCells:
    """Return window minus baseline of all units, and the rows of each stimulus."""
    inside, before = (window_mean(session, chosen, event, own) for own in (window, baseline))
    key = ("stimuli", chosen.tobytes())
    stimuli = once_alike(session, key, lambda: _by_stimulus(session, chosen))
    difference = inside - before
    return AllCells(difference, stimuli, bool(np.isfinite(difference).all()))


def _by_stimulus(session: xr.Dataset, chosen: Trials) -> ByStimulus:
    names, numbers = np.unique(session.variables["stimulus"].values[chosen], return_inverse=True)
    rows = {str(name): np.flatnonzero(numbers == k) for k, name in enumerate(names)}
    counts = {len(own) for own in rows.values()}
    together = np.array([*rows.values()]) if len(counts) == 1 else None
    return ByStimulus(tuple(rows), rows, together, min(counts, default=2) >= 2)


def energy(response: Response) -> float:
    """Return the cross-validated energy, averaged over units and stimuli; NaN without two trials.

    Examples
    --------
    >>> import numpy as np
    >>> energy({"a": np.array([[1.0, 2.0], [1.0, 2.0], [1.0, 2.0]])})
    2.5
    """
    if not isinstance(response, Picked) and gaps.has_gaps(response):
        return gaps.mean_of_all([gaps.unit_energies_there(response)])
    energies = unit_energies(response)
    return float(_mean(energies)) if len(energies) else float("nan")


def unit_energies(response: Response) -> Floats:
    """Return the energy of each unit, averaged over stimuli with two trials or more, (unit,)."""
    if isinstance(response, Picked):
        energies = response.pattern.energies
        return energies[response.cells] if len(energies) else energies
    if gaps.has_gaps(response):
        return gaps.unit_energies_there(response)
    values = [_energies(x) for x in response.values() if len(x) >= 2]
    return np.asarray(np.add.reduce(values) / len(values)) if values else np.empty(0)


def _energies(x: Floats, axis: int = 0) -> Floats:
    """Energy of one pattern, or more, in each unit; trials go along an axis."""
    t = x.shape[axis]
    total, squares = np.add.reduce(x, axis=axis), np.add.reduce(x * x, axis=axis)
    return np.asarray((total**2 - squares) / (t * (t - 1)))


def _mean(x: Floats, axis: int = 0) -> Floats:
    """Mean along an axis; `x.mean` takes longer to find out what it is asked for."""
    return np.asarray(np.add.reduce(x, axis=axis) / x.shape[axis])


def overlap(first: Response, second: Response) -> float:
    """Return the product of the means of two sets of trials, averaged over units and stimuli.

    The two sets must share no trial. Stimuli that only one of them has are left out.
    """
    whole = _of_the_same(first, second)
    if whole:
        a, b = whole
        return float(_mean(a.pattern.overlap(b.pattern)[a.cells]))
    if gaps.has_gaps(first, second):
        return gaps.overlap_there(first, second)
    shared = [name for name in first if name in second and len(first[name]) and len(second[name])]
    values = [float(_mean(_mean(first[s]) * _mean(second[s]))) for s in shared]
    return float(np.mean(values)) if values else float("nan")


def _of_the_same(first: Response, second: Response) -> tuple[Picked, Picked] | None:
    """Return two responses if they are of the same cells and stimuli, and have no gap."""
    if isinstance(first, Picked) and isinstance(second, Picked) and len(first):
        same = first.cells is second.cells or np.array_equal(first.cells, second.cells)
        if same and first.pattern.stimuli.names == second.pattern.stimuli.names:
            return first, second
    return None


def energy_of_difference(first: Response, second: Response) -> float:
    """Return the energy of the difference of two conditions, over the stimuli that both have."""
    whole = _of_the_same(first, second)
    if whole and all(part.pattern.stimuli.repeated for part in whole):
        return energy(first) + energy(second) - 2 * overlap(first, second)
    if gaps.has_gaps(first, second):
        return gaps.energy_of_difference_there(first, second)
    shared = [
        name for name in first if name in second and min(len(first[name]), len(second[name])) >= 2
    ]
    a, b = ({name: part[name] for name in shared} for part in (first, second))
    return energy(a) + energy(b) - 2 * overlap(a, b)


def overlap_of_contrasts(
    contrast: tuple[Response, Response], other: tuple[Response, Response]
) -> float:
    """Return the overlap of two contrasts of two conditions each: (a - b) with (c - d)."""
    (a, b), (c, d) = contrast, other
    parts = [part for part in (a, b, c, d) if not isinstance(part, Picked)]
    if gaps.has_gaps(*parts):
        return gaps.overlap_of_contrasts_there(contrast, other)
    return overlap(a, c) - overlap(a, d) - overlap(b, c) + overlap(b, d)


def tuning_energy(response: Response) -> float:
    """Return the energy of the tuning: the variance of the pattern over stimuli.

    It is half of the energy of the difference of two stimuli, averaged over all pairs.
    """
    if not isinstance(response, Picked) and gaps.has_gaps(response):
        response = gaps.with_all(response)
    each = [x for x in response.values() if len(x) >= 2]
    if len(each) < 2 or not each[0].shape[1]:
        return float("nan")
    energies, means = np.array([_energies(x).mean() for x in each]), np.array([*map(_mean, each)])
    first, second = np.triu_indices(len(each), 1)
    overlaps = (means @ means.T / means.shape[1])[first, second]
    return float(((energies[first] + energies[second]) / 2 - overlaps).mean())
