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
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

from errorneurons.analysis.mapping import Mapping, MappingError, load_mapping, parse_mapping
from errorneurons.analysis.nwb_export.writer import write_nwb
from errorneurons.analysis.readers.beside import events_beside, likely_events, with_tables_beside
from errorneurons.analysis.readers.named import sessions_beside
from errorneurons.analysis.readers.nwb.electrodes import NwbSites
from errorneurons.analysis.readers.nwb.file import (
    about,
    check_ragged,
    interval_tables,
    invalid_times,
    open_nwb,
    ragged,
    raw_table,
)
from errorneurons.analysis.readers.nwb.lasers import light_tables, nwb_lights
from errorneurons.analysis.readers.nwb.rois import Rois, readable, rois_of
from errorneurons.analysis.readers.nwb.series import event_series
from errorneurons.analysis.session.contract import DoorError
from errorneurons.analysis.session.links import linked_files
from errorneurons.analysis.sources.content import FileContent, content_of
from errorneurons.analysis.sources.recording import RawRecording, RawTable, RowNumbers, Signal
from errorneurons.analysis.sources.sessions import read_sessions
from errorneurons.analysis.sources.spikes import Spikes
from errorneurons.analysis.sources.template import template_of
from errorneurons.analysis.sources.traces import Traces

__all__ = [
    "Mapping",
    "MappingError",
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
    return read_sessions(Path(path), mapping, opened_nwb)


@contextmanager
def opened_nwb(path: Path, mapping: Mapping) -> Iterator[RawRecording]:
    """Yield what an NWB file holds, open as long as the block runs."""
    with open_nwb(path) as file:
        if mapping.signal is not None:
            raise DoorError(
                "NWB says itself where activity is; leave [signal] out, and name `rois` for "
                "responses of ROIs"
            )
        rois = rois_of(file, mapping.rois) if mapping.rois else None
        held = _recording(file, rois)
        beside = sessions_beside(path, mapping.sessions)
        whole = replace(
            held,
            tables={**held.tables, **events_beside(path, mapping.events)},
            metadata={**held.metadata, **beside},
            origin={**held.origin, **_linked(path)},
        )
        yield with_tables_beside(whole, path, mapping)


def _linked(path: Path) -> dict[str, str]:
    """Return the hash of each file that a recording links to, by name."""
    found = {}
    for other in linked_files(path):
        with other.open("rb") as stream:
            found[f"sha256 of {other.name}"] = hashlib.file_digest(stream, "sha256").hexdigest()
    return found


def _recording(file: Any, rois: Rois | None) -> RawRecording:
    units = file.units if rois is None else rois.table
    if units is None or len(units) == 0:
        raise DoorError(
            "the file holds no units; a recording needs sorted units, or `rois` in the mapping file"
        )
    if rois is None and "spike_times" not in units.colnames:
        raise DoorError("the units have no spike_times; give a file with sorted spikes")
    return RawRecording(
        tables=_tables(file),
        units=raw_table(units.name, units),
        signal=_spikes(units) if rois is None else _traces(rois),
        metadata=about(file),
        sites=None if file.electrodes is None else NwbSites(file.electrodes, units),
        invalid=lambda: invalid_times(file),
        lights=lambda trials: nwb_lights(file, trials.name),
        origin={"source_identifier": file.identifier, "source_notes": file.notes or ""},
    )


def _tables(file: Any) -> dict[str, RawTable]:
    """Return tables of events, and series that are such, by name."""
    tables = {name: raw_table(name, table) for name, table in interval_tables(file).items()}
    return light_tables(file) | event_series(file) | tables


def _spikes(units: Any) -> Signal:
    observed = "obs_intervals" in units.colnames

    def times(row: int) -> Any:
        return ragged(units, "spike_times", row)

    def intervals(row: int) -> Any:
        return ragged(units, "obs_intervals", row) if observed else None

    def ready() -> None:
        check_ragged(units, *(["spike_times", "obs_intervals"] if observed else ["spike_times"]))

    return Spikes(times, intervals, ready)


def _traces(rois: Rois) -> Signal:
    def microscope(rows: RowNumbers) -> dict[str, str | float]:
        """Return frame rate and indicator of some ROIs, as far as all have the same."""
        about: dict[str, str | float] = {}
        for name, given in (("frame_rate", "imaging_rate"), ("indicator", "indicator")):
            found = np.unique(np.asarray(rois.table[given].data)[rows]).tolist()
            if len(found) == 1 and found[0] == found[0] and found[0] != "":
                about[name] = found[0]
        return about

    return Traces(rois.series, len(rois.table), rois.units, microscope=microscope)


def describe_nwb(path: str | Path) -> FileContent:
    """Say what is in an NWB file.

    Raises
    ------
    DoorError
        If there is no such file, or it is damaged or no NWB file.
    """
    path = Path(path)
    with open_nwb(path) as file:
        rois = readable(file)
        units = file.units
        if units is None and rois:
            units = rois_of(file, rois[0]).table
        beside = {}
        tables = _tables(file)
        if not tables.keys() - light_tables(file).keys():
            beside = {table.name: (name, table) for name, table in likely_events(path)}
            tables = {name: table for name, (_, table) in beside.items()} | tables
        return FileContent(
            name=path.name,
            about=_described(file),
            units=None if units is None else content_of(raw_table(units.name, units)),
            electrodes=None
            if file.electrodes is None
            else content_of(raw_table("electrodes", file.electrodes)),
            intervals=tuple(content_of(table) for table in tables.values()),
            other=tuple(
                name
                for name in (*file.acquisition, *file.processing, *file.stimulus)
                if name not in tables
            ),
            rois=rois,
            beside={name: where for name, (where, _) in beside.items()},
        )


def _described(file: Any) -> dict[str, str]:
    described = {name: getattr(file, name) for name in ("identifier", "session_id", "institution")}
    described["session_start_time"] = file.session_start_time
    described["description"] = file.session_description
    for name in ("subject_id", "species", "sex", "age", "genotype", "description"):
        described[f"subject.{name}"] = getattr(file.subject, name, None)
    return {name: str(value) for name, value in described.items() if value is not None}


def mapping_template(path: str | Path) -> str:
    """Return the text of a mapping file to start from.

    A file written by `write_nwb` gets a complete mapping; of others, what the names tell.

    Parameters
    ----------
    path
        An NWB file.

    Returns
    -------
    str
        TOML with comments.

    Raises
    ------
    DoorError
        If there is no such file, or it is damaged or no NWB file.
    """
    return template_of(describe_nwb(path))
