"""Obtains published results again: every case a piece of work, kept on disk.

An interrupted run takes up where it stopped; an edited theory or task makes those cases again that
rest on it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import xarray as xr

from errorneurons.simulate.engine.plans import compile_ahead
from errorneurons.simulate.published.registry import PUBLISHED_RESULTS, published_result
from errorneurons.simulate.published.result import Case, Effort, Figure, PublishedResult
from errorneurons.simulate.store.files import NETCDF
from errorneurons.simulate.store.keys import key
from errorneurons.simulate.store.shelf import Piece, Shelf, provide
from errorneurons.simulate.store.work import Labour, Progress, silently
from errorneurons.simulate.theories.from_file import rests_on_file
from errorneurons.simulate.theories.registry import REGISTRY, THEORIES

_NOT_FOLLOWED = (*REGISTRY, "errorneurons.simulate.published.registry")


@dataclass(frozen=True)
class Obtained:
    """A published result as it was obtained.

    Attributes
    ----------
    result, effort
        What, and how much was done.
    found
        Name of a case -> its dataset.
    """

    result: PublishedResult
    effort: Effort
    found: Mapping[str, xr.Dataset]

    @property
    def cases(self) -> tuple[Case, ...]:
        """The cases that were run."""
        return self.result.cases(self.effort)


@dataclass(frozen=True)
class Compared:
    """A published number beside the one obtained.

    Attributes
    ----------
    case, figure
        Of what.
    median, low, high
        Median over networks, and its quartiles; with several teachers, the median of their
        medians, and the least and the largest of these.
    within
        Whether the published number lies between.
    """

    case: Case
    figure: Figure
    median: float
    low: float
    high: float

    @property
    def within(self) -> bool:
        """Whether the published number lies in the range obtained."""
        return self.low <= self.figure.value <= self.high


def asked_of(
    name: str, quick: bool, networks: int | None = None, theory_files: Sequence[str | Path] = ()
) -> tuple[PublishedResult, Effort]:
    """Return a published result and how much is done for it.

    Parameters
    ----------
    name, quick, networks, theory_files
        As in `obtained_again`.

    Raises
    ------
    ValueError
        If there is no such result, no such number of networks, or no theory in a file.
    """
    result = published_result(name).joined_by(theory_files)
    effort = result.quick if quick else result.published
    return result, effort if networks is None else replace(effort, networks=networks)


def obtain(
    asked: Sequence[tuple[PublishedResult, Effort]],
    seed: int,
    folder: Path,
    progress: Progress,
    labour: Labour | None = None,
) -> tuple[Obtained, ...]:
    """Obtain published results, taking from `folder` the cases that are there already.

    Parameters
    ----------
    asked
        What, and how much is done, from `asked_of`.
    seed
        Seed of everything random.
    folder
        Where cases go, ``published/<result>/<case>-<key>.nc``.
    progress
        Called with a sentence whenever a case is done.
    labour
        Who does the work; local processes, one a core, if not given.
    """
    shelf = Shelf(folder / "published", NETCDF)
    pieces = {
        f"{result.name}/{case.name}": _piece(result, case, effort, seed)
        for result, effort in asked
        for case in result.cases(effort)
    }
    paths = provide(pieces, shelf, progress, labour, compile_ahead)
    return tuple(
        Obtained(
            result, effort,
            {c.name: NETCDF.read(paths[f"{result.name}/{c.name}"]) for c in result.cases(effort)},
        )
        for result, effort in asked
    )  # fmt: skip


def _piece(result: PublishedResult, case: Case, effort: Effort, seed: int) -> Piece:
    rests_on = key(result.work, (case, effort, seed, _entered(case)), _NOT_FOLLOWED)
    return Piece(result.work, (case, effort, seed), rests_on, f"{result.name}: {case.name}")


def _entered(case: Case) -> tuple[object, ...]:
    """Return what a case rests on of the entry of its theory, if it has one."""
    if case.file:
        return rests_on_file(case.file)
    entry = next((t for t in THEORIES if t.name == case.theory), None)
    return (entry.rests_on, entry.paces) if entry else ()


def compared(obtained: Obtained) -> tuple[Compared, ...]:
    """Return each published number beside the one obtained, for the cases that were run."""
    cases = {c.name: c for c in obtained.cases}
    rows = []
    for figure in obtained.result.figures:
        if figure.case in cases:
            own = values_of(obtained.found[figure.case], figure.variable, figure.at)
            if own is not None:
                rows.append(Compared(cases[figure.case], figure, *_range(own)))
    return tuple(rows)


def values_of(
    found: xr.Dataset, variable: str, at: Mapping[str, str | int | float], along: str = ""
) -> xr.DataArray | None:
    """Return a variable, (network,) or (network, along), other dims averaged; None if not run."""
    values = found[variable]
    here = {dim: where for dim, where in at.items() if dim in values.dims}
    if any(where not in values[dim].values for dim, where in here.items()):
        return None
    values = values.sel(here)
    return values.mean([d for d in values.dims if d not in ("network", along)])


def _range(values: xr.DataArray) -> tuple[float, float, float]:
    """Return the median and the range, see `Compared`."""
    teachers = values.coords.get("teacher")
    if teachers is not None and len(np.unique(teachers.values)) > 1:
        medians = [float(values[teachers.values == k].median()) for k in np.unique(teachers)]
        return float(np.median(medians)), min(medians), max(medians)
    low, median, high = np.percentile(values.values, [25, 50, 75])
    return float(median), float(low), float(high)


def obtained_again(
    name: str,
    *,
    quick: bool = False,
    networks: int | None = None,
    theory_files: Sequence[str | Path] = (),
    seed: int = 0,
    folder: str | Path | None = None,
    progress: Progress = silently,
) -> xr.Dataset:
    """Obtain a published result again.

    Parameters
    ----------
    name
        Of the result (`errorneurons list published`).
    quick
        Whether to do so in a minute or less, with fewer networks and epochs than published.
    networks
        Networks of each case; as many as published if not given.
    theory_files
        Python files of theories of one's own that take part where others can; each is run, and ends
        in ``THEORY = Theory(...)``.
    seed
        Seed of everything random.
    folder
        Keeps what was simulated, to go on after an interruption; nothing is kept if not given.
    progress
        Called with a sentence whenever something is done.

    Returns
    -------
    Dataset
        What the cases measured, along the dim case with the coordinates theory and condition.

    Raises
    ------
    ValueError
        If there is no such result, no such number of networks, or no theory in a file.

    Examples
    --------
    >>> import errorneurons as en
    >>> found = en.reproduce("slope_transfer", quick=True)
    >>> found.sizes["case"], float(abs(found["bias"]).max()) < 0.1
    (6, True)
    """
    asked = asked_of(name, quick, networks, theory_files)
    if folder is not None:
        (obtained,) = obtain([asked], seed, Path(folder), progress)
        return as_one_dataset(obtained)
    with TemporaryDirectory() as place:
        (obtained,) = obtain([asked], seed, Path(place), progress)
        return as_one_dataset(obtained).load()


def as_one_dataset(obtained: Obtained) -> xr.Dataset:
    """Return the cases of a result as one dataset, along the dim case."""
    cases = obtained.cases
    parts = [obtained.found[c.name] for c in cases]
    joined: xr.Dataset = xr.concat(parts, "case", data_vars="all", coords="all", join="outer")
    return joined.assign_coords(
        case=[c.name for c in cases],
        theory=("case", [c.theory for c in cases]),
        condition=("case", [c.condition for c in cases]),
    ).assign_attrs(result=obtained.result.name, source=obtained.result.source)


def results_named(names: Sequence[str]) -> tuple[str, ...]:
    """Return names of published results, each once; all if none is given."""
    return tuple(dict.fromkeys(names)) or tuple(r.name for r in PUBLISHED_RESULTS)
