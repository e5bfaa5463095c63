"""The columns of the NWB tables that sessions are written as."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from errorneurons.analysis.nwb_export.spikes import Part
from errorneurons.analysis.session.schema import ATTRIBUTES, FIELDS, TRIAL, UNIT

SESSION_COLUMNS = ("animal", "session_id", "day", "opsin", "teaching_area", "output_area")
"""Attributes of a session that stand in columns of the trials."""

LABEL_ERROR = {
    "low": "least share of false labels",
    "high": "greatest share of false labels",
    "source": "where the share of false labels was measured",
}


MAMMAL = "http://purl.obolibrary.org/obo/NCBITaxon_40674"
"""A simulated cortex is that of no species; NWB wants a taxon."""


def subject_fields(parts: Sequence[Part]) -> dict[str, str]:
    """Return the fields of the subject; several animals become one virtual cohort."""
    animals = list(dict.fromkeys(part.animal for part in parts))
    names = ", ".join(animals)
    return {
        "subject_id": (animals[0] if len(animals) == 1 else "virtual-cohort").replace("/", "-"),
        "description": f"virtual subjects, nobody was recorded: {names}",
        "species": str(parts[0].session.attrs.get("species", MAMMAL)),
        "sex": "U",
        "age": "P0D/",
    }


def trials_columns(parts: Sequence[Part]) -> list[Any]:
    """Return the columns of the trials of all sessions; times are those of the file [s]."""
    columns = [
        _column("start_time", "start of what is cut out [s]", [p.edges[:, 0] for p in parts]),
        _column("stop_time", "end of what is cut out [s]", [p.edges[:, -1] for p in parts]),
        _column("time_zero", "time zero of the trial [s]", [p.zero for p in parts]),
        _column("bin_width", "width of a bin [s]", [_same(p, "trial", p.bin_width) for p in parts]),
    ]
    meanings = {attribute.name: attribute for attribute in ATTRIBUTES}
    for name in SESSION_COLUMNS:
        if any(name in part.session.attrs for part in parts):
            empty: str | float = "" if meanings[name].kind == "text" else float("nan")
            values = [_same(p, "trial", p.session.attrs.get(name, empty)) for p in parts]
            columns.append(_column(name, meanings[name].meaning, values))
    for field in TRIAL:
        if field.name in parts[0].session and field.name not in ("targeted", "trial_start"):
            own = [part.session[field.name].values for part in parts]
            if field.units == ("s",):
                own = [part.zero + onset for part, onset in zip(parts, own, strict=True)]
            columns.append(_column(field.name, _description(field.name, parts), own))
    if "targeted" in parts[0].session:
        columns += _targeted(parts)
    return columns


def _targeted(parts: Sequence[Part]) -> list[Any]:
    ids, lengths, first = [], [], 0
    for part in parts:
        aimed = part.session["targeted"].values
        ids.append(first + np.nonzero(aimed)[1])
        lengths.append(aimed.sum(axis=1))
        first += part.session.sizes["unit"]
    text = "ids of the units that the manipulation aims at"
    return _ragged("targeted", text, np.concatenate(ids), np.cumsum(np.concatenate(lengths)))


def units_columns(parts: Sequence[Part], electrodes: dict[str, int], table: Any) -> list[Any]:
    """Return the columns of the units of all sessions.

    Parameters
    ----------
    parts
        The sessions.
    electrodes
        Row of each area's electrode.
    table
        The table of electrodes.
    """
    from hdmf.common import DynamicTableRegion, VectorIndex

    area = np.concatenate([part.session["area"].values for part in parts])
    rows = np.array([electrodes[str(name)] for name in area])
    region = DynamicTableRegion(
        name="electrodes", data=rows, description="the unit's electrode", table=table
    )
    ends = VectorIndex(name="electrodes_index", data=np.arange(1, len(rows) + 1), target=region)
    return [region, ends, *_spikes(parts), *described(parts)]


def described(parts: Sequence[Part], rows: npt.NDArray[np.int64] | None = None) -> list[Any]:
    """Return the columns that say what units are, of all units or of some rows."""
    columns = []
    for name in ("animal", "session_id"):
        values = [_same(part, "unit", part.session.attrs[name]) for part in parts]
        columns.append(_column(name, name.replace("_id", ""), values, rows))
    for field in UNIT:
        if field.name in parts[0].session:
            own = [part.session[field.name].values for part in parts]
            columns.append(_column(field.name, field.long_name, own, rows))
    return columns + _label_error(parts, rows)


def _spikes(parts: Sequence[Part]) -> list[Any]:
    spikes = np.concatenate([part.spikes for part in parts])
    intervals = np.concatenate([part.intervals for part in parts])
    times = _ragged(
        "spike_times", "spike times [s]", spikes, _joined([p.spikes_end for p in parts])
    )
    observed = "when the unit was observed [s]"
    ends = _joined([p.intervals_end for p in parts])
    return [*times, *_ragged("obs_intervals", observed, intervals, ends)]


def _joined(ends: Sequence[npt.NDArray[np.int64]]) -> npt.NDArray[np.int64]:
    """Return where rows end once several ragged columns are joined."""
    lengths = [np.diff(own, prepend=0) for own in ends]
    joined: npt.NDArray[np.int64] = np.cumsum(np.concatenate(lengths))
    return joined


def _label_error(parts: Sequence[Part], rows: npt.NDArray[np.int64] | None) -> list[Any]:
    if "label_error" not in parts[0].session:
        return []
    columns = []
    for name, meaning in LABEL_ERROR.items():
        given = [part.session["label_error"].attrs.get(name) for part in parts]
        if None not in given:
            own = [_same(p, "unit", value) for p, value in zip(parts, given, strict=True)]
            columns.append(_column(f"label_error_{name}", meaning, own, rows))
    return columns


def laser_epochs(parts: Sequence[Part]) -> list[Any]:
    """Return the columns of the table of manipulations, nothing if there were none."""
    if "manipulation" not in parts[0].session:
        return []
    names = ("manipulation", "manipulated_role", "manipulated_area")
    values: dict[str, list[Any]] = {name: [] for name in ("start_time", "stop_time", *names)}
    for part in parts:
        session = part.session
        acted = session["manipulation"].values != "none"
        if acted.any():
            for name in names:
                values[name].append(session[name].values[acted])
            for name, edge in (("start_time", "onset"), ("stop_time", "offset")):
                onset = session[f"manipulation_{edge}"].values[acted]
                values[name].append(part.zero[acted] + onset)
    if not values["start_time"]:
        return []
    return [_column(name, name.replace("_", " "), own) for name, own in values.items()]


def _description(name: str, parts: Sequence[Part]) -> str:
    units = parts[0].session[name].attrs.get("units")
    text = FIELDS[name].long_name
    return f"{text} [{units}]" if units else text


def _same(part: Part, dim: str, value: object) -> npt.NDArray[Any]:
    return np.full(part.session.sizes[dim], value)


def _column(
    name: str,
    description: str,
    values: Sequence[npt.NDArray[Any]],
    rows: npt.NDArray[np.int64] | None = None,
) -> Any:
    from hdmf.common import VectorData

    data = np.concatenate(values)
    data = data if rows is None else data[rows]
    return VectorData(name=name, description=description, data=_plain(data))


def _plain(data: npt.NDArray[Any]) -> Any:
    return data.tolist() if data.dtype.kind in "UTO" else data


def _ragged(
    name: str, description: str, data: npt.NDArray[Any], ends: npt.NDArray[np.int64]
) -> list[Any]:
    from hdmf.common import VectorData, VectorIndex
    from pynwb import H5DataIO

    packed = H5DataIO(data, compression="gzip", compression_opts=1, shuffle=True)
    column = VectorData(name=name, description=description, data=packed)
    return [column, VectorIndex(name=f"{name}_index", data=ends, target=column)]
