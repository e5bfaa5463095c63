"""From a recording of any kind to checked sessions, as a mapping says.

What was recorded and what is not believed is the same for all kinds: times that go back, windows
that overlap, light that a mapping does not know of, and what was not recorded.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from collections.abc import Mapping as Dict
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import xarray as xr

from errorneurons import __version__
from errorneurons.analysis.called import called_by
from errorneurons.analysis.mapping import Mapping, did_you_mean
from errorneurons.analysis.measures.labelling import labelled_by_localiser
from errorneurons.analysis.session.contract import ContractError, DoorError, check
from errorneurons.analysis.session.schema import FIELDS
from errorneurons.analysis.session.session import collect, session
from errorneurons.analysis.signals import Events
from errorneurons.analysis.sources.apart import not_overlapping
from errorneurons.analysis.sources.columns import (
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
from errorneurons.analysis.sources.lasers import check_laser_columns, check_lasers
from errorneurons.analysis.sources.recording import CutOut, RawRecording, RawValues, RowNumbers
from errorneurons.analysis.sources.spikes import samples_per_second
from errorneurons.analysis.sources.when import (
    Times,
    check_precision,
    check_times,
    gaps_in_words,
    touched,
)

Opened = Callable[[Path, Mapping], AbstractContextManager[RawRecording]]
"""How files of a kind are opened: yields what one holds, open as long as a block runs."""


def read_sessions(path: Path, mapping: Mapping, opened: Opened) -> xr.DataTree:
    """Return the checked collection of sessions that a mapping makes of a file.

    Parameters
    ----------
    path
        The file, or folder.
    mapping
        What its fields mean.
    opened
        How files of this kind are opened.

    Raises
    ------
    DoorError
        If the file is damaged, or has not what the mapping names.
    ContractError
        If the sessions break the contract.
    """
    with ExitStack() as stack:
        try:
            made = []
            for one in mapping.spelled_out():
                recording = _with_names(stack.enter_context(opened(path, one)), path)
                where = provenance_of(path, recording, mapping)
                made += sessions_of(recording, one, where)
            return collect(_together(made))
        except ContractError as error:
            raise ContractError(*(_named(path, breach) for breach in error.breaches)) from error
        except DoorError as error:
            raise DoorError(_named(path, str(error))) from error


def _with_names(recording: RawRecording, path: Path) -> RawRecording:
    """Return a recording that knows the names of its file and folders."""
    return replace(recording, metadata={**recording.metadata, **called_by(path)})


def _together(sessions: list[xr.Dataset]) -> list[xr.Dataset]:
    """Put what is the same session together, trial after trial."""
    same: dict[tuple[str, str], list[xr.Dataset]] = {}
    for made in sessions:
        same.setdefault((made.attrs["animal"], made.attrs["session_id"]), []).append(made)
    return [parts[0] if len(parts) == 1 else _joined(parts) for parts in same.values()]


def _joined(parts: list[xr.Dataset]) -> xr.Dataset:
    first = parts[0]
    for part in parts:
        alike = part["time"].equals(first["time"]) and part["unit_id"].equals(first["unit_id"])
        if not alike or set(part.variables) != set(first.variables):
            raise DoorError(
                "what `each` makes of one session has not the same units, bins and columns; give "
                "each its own session_id"
            )
    joined = xr.concat(
        parts, dim="trial", data_vars="minimal", coords="minimal", compat="override",
        join="override", combine_attrs="override",
    )  # fmt: skip
    return check(joined, activity=False)


def _named(path: Path, text: str) -> str:
    """Return a sentence with the name of the file before it, if it does not begin with it."""
    return text if text.startswith(path.name) else f"{path.name}: {text}"


def sessions_of(
    recording: RawRecording, mapping: Mapping, provenance: Dict[str, Any]
) -> list[xr.Dataset]:
    """Return the sessions that a mapping makes of a recording.

    Spikes are counted, and frames averaged, in bins around each trial; trial x time x unit arrays
    come as they are. Several animals become several sessions, and so do several sessions of an
    animal, if the mapping names the columns of trials and units that tell them apart.

    Parameters
    ----------
    recording
        What the file holds.
    mapping
        What its fields mean.
    provenance
        Where it comes from, see `provenance_of`.

    Raises
    ------
    DoorError
        If the recording has not what the mapping names.
    ContractError
        If the sessions break the contract.
    """
    found = read_tables(recording, mapping)
    cut = recording.signal.own_window or cut_out(mapping.events)
    kept_trials = kept(found.trials, mapping.keep_trials)
    kept_units = kept(found.units, mapping.keep_units)
    zero = _time_zero(found, mapping, kept_trials)
    columns = _trial_columns(found, mapping, zero) | _unit_columns(found, mapping)
    _check_lasers(found, mapping, columns, zero, cut)
    about = session_columns(mapping, found)
    owners = unit_sessions(mapping, found)
    keys = zip(about["animal"][kept_trials], about["session_id"][kept_trials], strict=True)
    parts = []
    for animal, session_id in dict.fromkeys(keys):
        key = {"animal": str(animal), "session_id": str(session_id)}
        trials = np.flatnonzero(_matches(about, key, len(zero)) & np.isfinite(zero))
        said = ""
        if mapping.events.zero:
            apart, said = not_overlapping(zero[trials], cut, trials, mapping.events.overlap)
            trials = trials[apart]
        units = np.flatnonzero(_matches(owners, key, len(kept_units)) & kept_units)
        attrs = _attributes(mapping, {name: about[name][trials] for name in about}) | key
        attrs["provenance"] = json.dumps(provenance)
        parts.append(_Part(trials, units, zero[trials], attrs, (said,) if said else ()))
    nothing = [_session(found, mapping, columns, part, cut, read=False) for part in parts]
    collect(nothing)  # refuses before anything is counted
    sessions: list[xr.Dataset] = []
    for part in parts:
        made = _session(found, mapping, columns, part, cut, read=True)
        sessions += _localised(made) if mapping.labels == "localiser" else [made]
    return sessions


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
    """Rows of the trials and units of a session, time zero of each trial [s], and attributes.

    `said` is what must be known of how trials were chosen.
    """

    trials: RowNumbers
    units: RowNumbers
    zero: Times
    attrs: dict[str, str | int | float]
    said: tuple[str, ...] = ()


def _session(
    found: Tables,
    mapping: Mapping,
    columns: dict[str, RawValues],
    part: _Part,
    cut: CutOut,
    *,
    read: bool,
) -> xr.Dataset:
    """Return a session; with zeros for its activity if that is not to be read yet."""
    trials, units, attrs = part.trials, part.units, part.attrs
    signal = found.recording.signal
    edges = cut.edges(part.zero)
    own = {
        name: values[trials if FIELDS[name].dims == ("trial",) else units]
        for name, values in columns.items()
    }
    own["time"] = cut.centres
    if "targeted" in mapping.trial:
        own["targeted"] = targeted(mapping.trial["targeted"], found, trials, units)
    rate = np.broadcast_to(np.float32(0), (len(trials), edges.shape[1] - 1, len(units)))
    invalid = touched(found.recording.invalid(), edges)
    if read:
        rate = signal.binned(units, trials, edges)
        rate[invalid] = np.nan
        doubts = dict.fromkeys((*found.trials.doubts, *found.units.doubts))
        seen = [*doubts, *gaps_in_words(rate, invalid), *_areas_in_words(found, mapping, units)]
        if cautions := [*mapping.cautions, *part.said, *seen]:
            attrs = {**attrs, "cautions": "; ".join(cautions)}
    per_second = samples_per_second(edges)
    about = {"signal": signal.kind, "units": signal.units}
    dataset = session({"rate": rate}, own, attrs, sampling_rate=per_second, **about)
    dataset["rate"].attrs |= signal.about(units)
    if "label_error" in mapping.unit:
        dataset["label_error"].attrs |= label_interval(mapping.unit["label_error"], found, units)
    return check(dataset, activity=False)


def _areas_in_words(found: Tables, mapping: Mapping, units: RowNumbers) -> tuple[str, ...]:
    """Say of how many units the electrodes lie in several areas."""
    name, sites = mapping.unit["area"].electrodes, found.recording.sites
    unlike = 0 if name is None or sites is None else sites.unlike(name, units)
    said = f"{unlike} of {len(units)} units have electrodes in several areas, the first counts"
    return (said,) if unlike else ()


def _time_zero(found: Tables, mapping: Mapping, keep: npt.NDArray[np.bool_]) -> Times:
    """Return time zero of each trial [s], NaN in trials that are left out."""
    name = mapping.events.zero
    if not name:
        return np.where(keep, 0.0, np.nan)  # trials that were cut out before have their own axis
    given = found.trials.plain(name)
    check_precision(given, f"times in column `{name}`", mapping.events.rate)
    zero = as_kind(given, "number", name)
    missing = ~np.isfinite(zero) & keep
    if missing[keep].all() or (missing.any() and not mapping.events.drop_missing):
        raise DoorError(
            f"column `{name}` is NaN in {missing.sum()} of {keep.sum()} trials; choose another "
            "time_zero, or set drop_missing = true under [events] to leave these trials out"
        )
    zero = np.where(keep, zero / mapping.events.rate, np.nan)
    _check_order(found, name, zero)
    return zero


def _check_order(found: Tables, name: str, zero: Times) -> None:
    """Refuse times that do not follow one another as the trials do."""
    if "start_time" not in found.trials.names:
        return
    start = as_kind(found.trials.plain("start_time"), "number", "start_time")
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
    found: Tables, mapping: Mapping, columns: dict[str, RawValues], zero: Times, cut: CutOut
) -> None:
    nothing = np.full(len(zero), "none")
    read = np.isfinite(zero)
    windows = zero[read, None] + np.array([cut.start, cut.stop])
    acted = columns.get("manipulation", nothing)[read] != "none"
    if "manipulation" not in mapping.trial:
        used = {name for source in mapping.trial.values() for name in source.named}
        check_laser_columns(found.trials, used | {*mapping.keep_trials}, mapping.ignored)
    lights = found.recording.lights(found.trials)
    check_lasers(lights, windows, acted, mapping.ignored)


def _trial_columns(found: Tables, mapping: Mapping, zero: Times) -> dict[str, RawValues]:
    columns = contract_columns(mapping.trial, found.trials, found)
    for name, source in mapping.trial.items():
        if FIELDS[name].units == ("s",) and source.constant is None:
            times = columns[name] / mapping.events.rate
            if mapping.events.zero:
                check_times(name, times, zero)
            columns[name] = times - zero
    return columns | ({"trial_start": zero} if mapping.events.zero else {})


def _unit_columns(found: Tables, mapping: Mapping) -> dict[str, RawValues]:
    columns = contract_columns(mapping.unit, found.units, found)
    if "unit_id" not in columns:
        columns["unit_id"] = found.units.keys.astype(str)
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
    columns: dict[str, RawValues], key: dict[str, str], rows: int
) -> npt.NDArray[np.bool_]:
    """Return which of the rows belong to a session, as far as `columns` say."""
    match = np.ones(rows, dtype=bool)
    for name, value in key.items():
        if name in columns:
            match &= columns[name] == value
    return match


def _attributes(mapping: Mapping, about: dict[str, RawValues]) -> dict[str, str | int | float]:
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


def cut_out(events: Events) -> CutOut:
    """Return what is cut out around each event.

    Raises
    ------
    DoorError
        If the mapping does not say.
    """
    missing = [n for n in ("start", "stop", "bin_width") if getattr(events, n) is None]
    if missing or not events.zero:
        raise DoorError(
            f"[events] `{[*missing, 'time_zero'][0]}` is missing; activity is cut out around events"
        )
    start, stop, width = (float(x or 0) for x in (events.start, events.stop, events.bin_width))
    return CutOut(start, stop, width)


def provenance_of(path: Path, recording: RawRecording, mapping: Mapping) -> dict[str, Any]:
    """Return where a session comes from: the file, its hash, and the mapping."""
    return {
        "package": f"errorneurons {__version__}",
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
        "source_file": path.name,
        "source_sha256": _digest(path) if path.exists() else "",
        **recording.origin,
        "mapping_sha256": mapping.digest,
        "mapping": mapping.model_dump(exclude_none=True),
    }


def _digest(path: Path) -> str:
    """Return the SHA-256 of a file, or of the names and contents of all files of a folder."""
    if path.is_file():
        with path.open("rb") as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest()
    every = hashlib.sha256()
    for inner in sorted(p for p in path.rglob("*") if p.is_file()):
        every.update(f"{inner.relative_to(path)}\0{_digest(inner)}\0".encode())
    return every.hexdigest()
