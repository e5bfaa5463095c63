"""Recordings in Neurodata Without Borders (NWB): read, look into, write.

=================== ===================================================================
`load_mapping`      the mapping file that says what the fields of a recording mean
`read_nwb`          NWB file + mapping -> a checked collection of sessions
`describe_nwb`      what is in an NWB file
`mapping_template`  a mapping file to start from, filled in as far as names tell
`write_nwb`         a collection of sessions -> an NWB file
=================== ===================================================================
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import xarray as xr

from errorneurons import __version__
from errorneurons.analysis.mapping import (
    Mapping,
    MappingError,
    did_you_mean,
    load_mapping,
    parse_mapping,
)
from errorneurons.analysis.measures.labelling import labelled_by_localiser
from errorneurons.analysis.nwb_export.writer import write_nwb
from errorneurons.analysis.readers.nwb.describe import NwbContent, describe_nwb
from errorneurons.analysis.readers.nwb.electrodes import disagreeing
from errorneurons.analysis.readers.nwb.file import RawColumn, column, open_nwb
from errorneurons.analysis.readers.nwb.lasers import check_laser_columns, check_lasers
from errorneurons.analysis.readers.nwb.rois import Rois, binned_responses
from errorneurons.analysis.readers.nwb.source import (
    Tables,
    as_kind,
    contract_columns,
    kept,
    label_interval,
    read_tables,
    session_columns,
    targeted,
    unit_sessions,
)
from errorneurons.analysis.readers.nwb.template import mapping_template
from errorneurons.analysis.readers.nwb.units import binned_rates, samples_per_second
from errorneurons.analysis.readers.nwb.when import gaps_in_words, invalid_times, touched
from errorneurons.analysis.session.contract import ContractError, DoorError, check
from errorneurons.analysis.session.schema import FIELDS
from errorneurons.analysis.session.session import collect, session

__all__ = [
    "Mapping",
    "MappingError",
    "NwbContent",
    "describe_nwb",
    "load_mapping",
    "mapping_template",
    "parse_mapping",
    "read_nwb",
    "write_nwb",
]


def read_nwb(path: str | Path, mapping: Mapping) -> xr.DataTree:
    """Read a recording: spikes are counted, or frames averaged, in bins around each trial.

    Several animals in one file become several sessions, and so do several sessions of an animal,
    if the mapping names the columns of trials and units that tell them apart.

    Parameters
    ----------
    path
        An NWB file with sorted units, or responses of ROIs, and a table of trials.
    mapping
        What its fields mean.

    Returns
    -------
    xr.DataTree
        One child a session, ``rate`` in Hz, of ROIs in dF/F, float32.

    Raises
    ------
    DoorError
        If the file is damaged, or has not what the mapping names.
    ContractError
        If the sessions break the contract.
    """
    path = Path(path)
    with open_nwb(path) as file:
        try:
            return _read(file, mapping, _provenance(path, file, mapping))
        except ContractError as error:
            raise ContractError(*(f"{path.name}: {breach}" for breach in error.breaches)) from error
        except DoorError as error:
            raise DoorError(f"{path.name}: {error}") from error


def _read(file: Any, mapping: Mapping, provenance: str) -> xr.DataTree:
    found = read_tables(file, mapping)
    kept_trials = kept(found.trials, mapping.keep_trials)
    kept_units = kept(found.units, mapping.keep_units)
    zero = _time_zero(found, mapping, kept_trials)
    columns = _trial_columns(found, mapping, zero) | _unit_columns(found, mapping)
    _check_lasers(found, mapping, columns, zero)
    about = session_columns(mapping, found)
    owners = unit_sessions(mapping, found)
    keys = zip(about["animal"][kept_trials], about["session_id"][kept_trials], strict=True)
    parts = []
    for animal, session_id in dict.fromkeys(keys):
        key = {"animal": str(animal), "session_id": str(session_id)}
        trials = np.flatnonzero(_matches(about, key, len(zero)) & np.isfinite(zero))
        units = np.flatnonzero(_matches(owners, key, len(kept_units)) & kept_units)
        attrs = _attributes(mapping, {name: about[name][trials] for name in about}) | key
        attrs["provenance"] = provenance
        parts.append(_Part(trials, units, zero[trials], attrs))
    nothing = [_session(found, mapping, columns, part, read=False) for part in parts]
    collect(nothing)  # refuses before anything is counted
    sessions: list[xr.Dataset] = []
    for part in parts:
        made = _session(found, mapping, columns, part, read=True)
        sessions += _localised(made) if mapping.labels == "localiser" else [made]
    return collect(sessions)


def _localised(made: xr.Dataset) -> tuple[xr.Dataset, ...]:
    """Return the session with error cells found by a localiser; its name decides the draws."""
    name = f"{made.attrs['animal']}/{made.attrs['session_id']}"
    digest = hashlib.sha256(name.encode()).digest()
    rng = np.random.default_rng(np.random.SeedSequence(int.from_bytes(digest)))
    try:
        return labelled_by_localiser(made, rng)
    except ValueError as error:
        raise DoorError(f'labels = "localiser" in session {name}: {error}') from error


@dataclass(frozen=True)
class _Part:
    """Rows of the trials and units of a session, time zero of each trial [s], and attributes."""

    trials: npt.NDArray[np.intp]
    units: npt.NDArray[np.intp]
    zero: npt.NDArray[np.float64]
    attrs: dict[str, str | int | float]


def _session(
    found: Tables, mapping: Mapping, columns: dict[str, RawColumn], part: _Part, *, read: bool
) -> xr.Dataset:
    """Return a session; with zeros for its activity if that is not to be read yet."""
    trials, units, attrs = part.trials, part.units, part.attrs
    edges = _edges(part.zero, mapping, trials)
    own = {
        name: values[trials if FIELDS[name].dims == ("trial",) else units]
        for name, values in columns.items()
    }
    own["time"] = _edges(np.zeros(1), mapping, np.arange(1))[0, :-1] + mapping.events.bin_width / 2
    if "targeted" in mapping.trial:
        own["targeted"] = targeted(mapping.trial["targeted"], found, trials, units)
    rate = np.broadcast_to(np.float32(0), (len(trials), edges.shape[1] - 1, len(units)))
    invalid = touched(invalid_times(found.file), edges)
    if read:
        rate = _activity(found, units, edges)
        rate[invalid] = np.nan
        if cautions := [*gaps_in_words(rate, invalid), *_areas_in_words(found, mapping, units)]:
            attrs = {**attrs, "cautions": "; ".join(cautions)}
    about = {} if found.rois is None else {"signal": "calcium", "units": found.rois.units}
    per_second = samples_per_second(edges)
    dataset = session({"rate": rate}, own, attrs, sampling_rate=per_second, **about)
    if found.rois is not None:
        dataset["rate"].attrs |= _microscope(found.rois, units)
    if "label_error" in mapping.unit:
        dataset["label_error"].attrs |= label_interval(mapping.unit["label_error"], found, units)
    return check(dataset, activity=False)


def _areas_in_words(
    found: Tables, mapping: Mapping, units: npt.NDArray[np.intp]
) -> tuple[str, ...]:
    """Say of how many units the electrodes lie in several areas."""
    name = mapping.unit["area"].electrodes
    unlike = 0 if name is None else disagreeing(found.file, found.units, name, units)
    said = f"{unlike} of {len(units)} units have electrodes in several areas, the first counts"
    return (said,) if unlike else ()


def _activity(
    found: Tables, units: npt.NDArray[np.intp], edges: npt.NDArray[np.float64]
) -> npt.NDArray[np.float32]:
    if found.rois is None:
        return binned_rates(found.units, units, edges)
    return binned_responses(found.rois, units, edges)


def _microscope(rois: Rois, rows: npt.NDArray[np.intp]) -> dict[str, str | float]:
    """Return frame rate and indicator of some ROIs, as far as all have the same."""
    about: dict[str, str | float] = {}
    for name, given in (("frame_rate", "imaging_rate"), ("indicator", "indicator")):
        found = np.unique(np.asarray(rois.table[given].data)[rows]).tolist()
        if len(found) == 1 and found[0] == found[0] and found[0] != "":
            about[name] = found[0]
    return about


def _time_zero(
    found: Tables, mapping: Mapping, keep: npt.NDArray[np.bool_]
) -> npt.NDArray[np.float64]:
    """Return time zero of each trial [s], NaN in trials that are left out."""
    name = mapping.events.time_zero
    zero = as_kind(column(found.trials, name), "number", name)
    missing = ~np.isfinite(zero) & keep
    if missing[keep].all() or (missing.any() and not mapping.events.drop_missing):
        raise DoorError(
            f"column `{name}` is NaN in {missing.sum()} of {keep.sum()} trials; choose another "
            "time_zero, or set drop_missing = true under [events] to leave these trials out"
        )
    zero = np.where(keep, zero, np.nan)
    _check_order(found, name, zero)
    return zero


def _check_order(found: Tables, name: str, zero: npt.NDArray[np.float64]) -> None:
    """Refuse times that do not follow one another as the trials do."""
    start = as_kind(column(found.trials, "start_time"), "number", "start_time")
    rows = np.flatnonzero(np.isfinite(zero) & np.isfinite(start))
    order = rows[np.argsort(start[rows], kind="stable")]
    back = (np.diff(zero[order]) < 0) & (np.diff(start[order]) > 0)
    if back.any():
        first, second = order[:-1][back][0], order[1:][back][0]
        raise DoorError(
            f"column `{name}` goes back from {zero[first]:g} to {zero[second]:g} s between trials "
            f"{first} and {second}, of which the latter starts later; mend the clock of either"
        )


def _check_lasers(
    found: Tables,
    mapping: Mapping,
    columns: dict[str, RawColumn],
    zero: npt.NDArray[np.float64],
) -> None:
    nothing = np.full(len(zero), "none")
    read = np.isfinite(zero)
    windows = zero[read, None] + np.array([mapping.events.start, mapping.events.stop])
    acted = columns.get("manipulation", nothing)[read] != "none"
    if "manipulation" not in mapping.trial:
        used = {source.column or "" for source in mapping.trial.values()}
        check_laser_columns(found.trials, used | {*mapping.keep_trials}, mapping.ignored)
    check_lasers(found.file, found.trials, windows, acted, mapping.ignored)


def _edges(
    zero: npt.NDArray[np.float64], mapping: Mapping, rows: npt.NDArray[np.intp]
) -> npt.NDArray[np.float64]:
    """Return the edges of the bins of each trial [s], (trial, bin + 1).

    The same spikes in two trials would make the trials dependent, so windows may not overlap.
    """
    events = mapping.events
    order = np.argsort(zero)
    overlap = (events.stop - events.start) - np.diff(zero[order])
    if len(overlap) and overlap.max() > 1e-9:
        worst = int(np.argmax(overlap))
        first, second = rows[order[worst]], rows[order[worst + 1]]
        raise DoorError(
            f"the windows of trials {first} and {second} of the file overlap by "
            f"{overlap.max():.3g} s and the same spikes would count twice; shorten start to stop "
            "under [events]"
        )
    edges: npt.NDArray[np.float64] = zero[:, None] + (
        events.start + events.bin_width * np.arange(events.bins + 1)
    )
    return edges


def _trial_columns(
    found: Tables, mapping: Mapping, zero: npt.NDArray[np.float64]
) -> dict[str, RawColumn]:
    columns = contract_columns(mapping.trial, found.trials, found)
    for name, source in mapping.trial.items():
        if FIELDS[name].units == ("s",) and source.constant is None:
            columns[name] = columns[name] - zero
    return columns | {"trial_start": zero}


def _unit_columns(found: Tables, mapping: Mapping) -> dict[str, RawColumn]:
    columns = contract_columns(mapping.unit, found.units, found)
    if "unit_id" not in columns:
        columns["unit_id"] = np.asarray(found.units.id[:]).astype(str)
    if "level" not in columns:
        level = {area: float(k) for k, area in enumerate(mapping.areas, start=1)}
        strange = sorted(set(level) - set(columns["area"].tolist()))
        if strange:
            raise DoorError(
                f"`areas` names {strange[0]!r}, where no unit is; "
                f"{did_you_mean(strange[0], tuple(np.unique(columns['area']).tolist()))}"
            )
        columns["level"] = np.array([level.get(str(area), np.nan) for area in columns["area"]])
    return columns


def _matches(
    columns: dict[str, RawColumn], key: dict[str, str], rows: int
) -> npt.NDArray[np.bool_]:
    """Return which of the rows belong to a session, as far as `columns` say."""
    match = np.ones(rows, dtype=bool)
    for name, value in key.items():
        if name in columns:
            match &= columns[name] == value
    return match


def _attributes(mapping: Mapping, about: dict[str, RawColumn]) -> dict[str, str | int | float]:
    attrs: dict[str, str | int | float] = {}
    for name, values in about.items():
        found = np.unique(values).tolist()
        if len(found) > 1:
            raise DoorError(
                f"`{name}` is {found[0]!r} and {found[1]!r} in one session; it must be one value"
            )
        if found and found[0] != "" and found[0] == found[0]:
            attrs[name] = found[0]
    if mapping.confirmatory:
        attrs["confirmatory"] = " ".join(mapping.confirmatory)
    return attrs | ({"notes": mapping.notes.strip()} if mapping.notes else {})


def _provenance(path: Path, file: Any, mapping: Mapping) -> str:
    with path.open("rb") as stream:
        digest = hashlib.file_digest(stream, "sha256").hexdigest()
    return json.dumps(
        {
            "package": f"errorneurons {__version__}",
            "created": datetime.now(UTC).isoformat(timespec="seconds"),
            "source_file": path.name,
            "source_sha256": digest,
            "source_identifier": file.identifier,
            "source_notes": file.notes or "",
            "mapping_sha256": mapping.digest,
            "mapping": mapping.model_dump(exclude_none=True),
        }
    )
