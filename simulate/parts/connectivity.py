"""Which areas project to which, and how strongly.

A connectivity is a table (target area, input or source area) of strengths. Only ascending
projections are listed: feedback is their transpose. The input feeds the lowest area only.

Sources: Markov et al. 2014, Cereb. Cortex 24:17 and J. Comp. Neurol. 522:225 (fractions of
labelled neurons, FLN); the binned table is the one of doi:10.1371/journal.pcbi.1014164.
"""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterable, Mapping, Sequence
from importlib import resources
from itertools import pairwise
from pathlib import Path

import numpy as np

from errorneurons.simulate.arrays import Array
from errorneurons.simulate.refusing import entry, known

Strengths = tuple[tuple[float, ...], ...]

#: Areas of the binned table, lowest first; the names are a match against FLN, not published.
BINNED_AREAS = ("V1", "V2", "V4", "TEO", "MT", "TEpd", "DP")

#: Anatomical level of the visual areas of the macaque, lowest first.
LEVELS: Mapping[str, float] = {
    "V1": 0.0, "V2": 0.546, "V4": 1.309, "DP": 1.820, "MT": 1.889, "8m": 2.036, "8l": 2.190,
    "TEO": 2.193, "STPc": 2.344, "7A": 2.402, "TEpd": 2.625,
}  # fmt: skip


Routes = tuple[tuple[str, str], ...]


def ascending_routes(strengths: Strengths | Array) -> Routes:
    """Return (source area, target area) of every projection between areas in a table.

    Parameters
    ----------
    strengths
        (..., target area, input or source area).
    """
    exists = (np.asarray(strengths) != 0).reshape(-1, *np.shape(strengths)[-2:]).any(axis=0)
    return tuple(
        (f"area {source}", f"area {target + 1}")
        for target, source in np.argwhere(exists).tolist()
        if source > 0
    )


def backwards(routes: Routes) -> Routes:
    """Return the routes from target to source."""
    return tuple((target, source) for source, target in routes)


def chain(areas: int) -> Strengths:
    """Return the strengths of a strict hierarchy: each area projects to the next one only.

    Returns
    -------
    Strengths
        (target area, source), the input being source 0 and area k source k.
    """
    return tuple(tuple(float(s == t) for s in range(areas + 1)) for t in range(areas))


def loosened(areas: int, share: float | Array) -> Strengths | Array:
    """Return a chain and beside it the routes by which areas of the macaque skip areas.

    Parameters
    ----------
    areas
        How many of `BINNED_AREAS`, lowest first.
    share
        Strength of the routes that skip, as a share of what `macaque_binned` says, which is graded
        by the fraction of labelled neurons; or one share a network, (network, 1, 1).
    """
    if not np.any(share):
        return chain(areas)
    adjacent = np.asarray(chain(areas))
    return np.asarray(adjacent + share * np.where(adjacent > 0, 0.0, macaque_binned(areas)))


def dense(areas: int) -> Strengths:
    """Return the strengths of a hierarchy in which each area projects to all higher ones.

    Returns
    -------
    Strengths
        (target area, source), the input being source 0 and area k source k.
    """
    ascending = np.tril(np.ones((areas, areas)), -1)
    return _with_input(ascending)


def macaque_binned(areas: int) -> Strengths:
    """Return the strengths of macaque visual areas in half-decade bins of FLN.

    Parameters
    ----------
    areas
        How many of `BINNED_AREAS`, lowest first.

    Raises
    ------
    ValueError
        If there are not so many areas.
    """
    names = _first(BINNED_AREAS, areas, "macaque_binned")
    table = {
        (row["source"], row["target"]): float(row["strength"]) for row in _data("macaque_binned")
    }
    return _ascending(table, names)


def macaque_fln(areas: int | Sequence[str], exponent: float = 1.0) -> Strengths:
    """Return strengths (FLN / strongest FLN) ** exponent of macaque visual areas.

    Parameters
    ----------
    areas
        Names of areas, lowest first, or how many of `LEVELS` in the order of their level.
    exponent
        1 keeps the measured decades, 0 makes all projections that exist equal.

    Raises
    ------
    ValueError
        If an area is unknown, areas are not in ascending order, or none of them is linked.
    """
    names = _first(tuple(LEVELS), areas, "macaque_fln") if isinstance(areas, int) else tuple(areas)
    for name in names:
        known("area", name, LEVELS)
    for lower, higher in pairwise(names):
        if LEVELS[lower] >= LEVELS[higher]:
            raise ValueError(
                f"area {higher} (level {LEVELS[higher]}) follows {lower} (level {LEVELS[lower]}); "
                "give areas from low to high, each once"
            )
    if len(names) == 1:
        return chain(1)
    labelled = {
        (row["source"], row["target"]): 10.0 ** float(row["log10_fln"])
        for row in _data("macaque_fln")
        if row["source"] in names and row["target"] in names
        and LEVELS[row["source"]] < LEVELS[row["target"]]
    }  # fmt: skip
    if not labelled:
        raise ValueError(f"no projection ascends between {', '.join(names)}; choose other areas")
    strongest = max(labelled.values())
    return _ascending({k: (fln / strongest) ** exponent for k, fln in labelled.items()}, names)


def from_csv(path: str | Path, areas: Sequence[str]) -> Strengths:
    """Read strengths from a table with the columns source, target and strength.

    Parameters
    ----------
    path
        A CSV file with a header.
    areas
        Names of the areas, lowest first, each once. The input feeds the first of them.

    Raises
    ------
    ValueError
        If the file is not text, a column is missing, there are no rows, or one is impossible;
        the message names the row as a text editor numbers it.
    OSError
        If there is no such file.
    """
    names = tuple(areas)
    if len(set(names)) < len(names):
        raise ValueError(f"the areas {', '.join(names)} are not all different; name each once")
    try:
        text = Path(path).read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        raise ValueError(f"{path} is not a text file; save the table as CSV, in UTF-8") from None
    reader = csv.DictReader(text.splitlines())
    missing = {"source", "target", "strength"} - set(reader.fieldnames or ())
    if missing:
        raise ValueError(
            f"{path} lacks the column {', '.join(sorted(missing))}; "
            "give a header source,target,strength"
        )
    table: dict[tuple[str, str], float] = {}
    for row in reader:
        where = f"row {reader.line_num} of {path}"
        pair, strength = _row(where, row, names)
        if pair in table:
            raise ValueError(f"{where} gives {pair[0]} -> {pair[1]} a second time; remove it")
        table[pair] = strength
    if not table:
        raise ValueError(f"{path} holds no projection; give one row a projection below its header")
    return _ascending(table, names)


def strengths_of(connectivity: str, areas: int) -> Strengths:
    """Return the strengths of a connectivity by its name, or those in a CSV file.

    Parameters
    ----------
    connectivity
        A name of `CONNECTIVITY`, or the path of a table as `from_csv` reads it, ending in
        ``.csv``. Its areas are ``area 1``, ``area 2``, ..., or have names of their own and stand
        in the order in which the table first names them, lowest first.
    areas
        How many areas.

    Raises
    ------
    ValueError
        If there is no such connectivity, or it has not so many areas.
    """
    if str(connectivity).endswith(".csv"):
        return from_csv(connectivity, _areas_in(connectivity, areas))
    return entry("connectivity", connectivity, _BY_NAME)(areas)


def _areas_in(path: str, count: int) -> tuple[str, ...]:
    """Return the areas of a table, lowest first."""
    ours = tuple(f"area {level}" for level in range(1, count + 1))
    if not Path(path).is_file():
        raise ValueError(f"there is no file {path}; give a CSV file with source,target,strength")
    rows = csv.DictReader(Path(path).read_text("utf-8-sig", errors="replace").splitlines())
    columns = ("source", "target")
    names = dict.fromkeys(str(row.get(c) or "").strip() for row in rows for c in columns)
    if {*names} <= {*ours, ""}:
        return ours
    if len(names) != count:
        raise ValueError(
            f"{path} names {len(names)} areas ({', '.join(names)}) for a circuit of {count}; name "
            f"{count}, or call them {ours[0]} to {ours[-1]}"
        )
    return tuple(names)


def spread(
    strengths: Strengths | Array, post: Sequence[int], pre: Sequence[int]
) -> Array:  # fmt: skip
    """Return strengths from neuron to neuron, (..., post, pre), from strengths of areas."""
    return np.repeat(np.repeat(np.asarray(strengths, float), post, axis=-2), pre, axis=-1)


def _row(
    where: str, row: Mapping[str, str | None], areas: Sequence[str]
) -> tuple[tuple[str, str], float]:
    if None in row:  # where the reader puts what stands beyond the columns
        raise ValueError(f"{where} has more entries than there are columns; remove them")
    source, target = (str(row[column] or "").strip() for column in ("source", "target"))
    for column, name in (("source", source), ("target", target)):
        known(f"{column} in {where}", name, areas)
    if areas.index(source) >= areas.index(target):
        raise ValueError(
            f"{where} lets {source} project to {target}, which is not above it; list ascending "
            "projections only, feedback is their transpose"
        )
    try:
        strength = float(row["strength"] or "")
    except ValueError:
        raise ValueError(
            f"strength in {where} is {row['strength']!r}; give a number of 0 or more"
        ) from None
    if not 0 <= strength < float("inf"):
        raise ValueError(f"strength in {where} is {strength}; give a number of 0 or more")
    return (source, target), strength


def _data(name: str) -> Iterable[dict[str, str]]:
    text = resources.files("errorneurons.simulate.parts").joinpath(f"{name}.csv").read_text("utf-8")
    return csv.DictReader(text.splitlines())


def _first(names: tuple[str, ...], areas: int, what: str) -> tuple[str, ...]:
    if not 1 <= areas <= len(names):
        raise ValueError(f"{what} has {len(names)} areas, not {areas}; give 1 to {len(names)}")
    return names[:areas]


def _ascending(table: Mapping[tuple[str, str], float], names: tuple[str, ...]) -> Strengths:
    strengths = np.zeros((len(names), len(names)))
    for (source, target), strength in table.items():
        if source in names and target in names and names.index(source) < names.index(target):
            strengths[names.index(target), names.index(source)] = strength
    return _with_input(strengths)


def _with_input(ascending: Array) -> Strengths:
    whole = np.hstack([np.eye(len(ascending), 1), ascending])
    return tuple(tuple(float(x) for x in row) for row in whole)


CONNECTIVITY: tuple[tuple[str, str], ...] = (
    ("chain", "each area projects to the next one only"),
    ("dense", "each area projects to all higher ones, all equally"),
    ("macaque_binned", "visual areas, strengths in half-decade bins as published"),
    ("macaque_fln", "visual areas, strengths by the measured fraction of labelled neurons"),
)
"""The variants that come with the package, and what they are."""

_BY_NAME: Mapping[str, Callable[[int], Strengths]] = {
    "chain": chain,
    "dense": dense,
    "macaque_binned": macaque_binned,
    "macaque_fln": macaque_fln,
}
