"""Write sessions as an NWB file: what a laboratory would have handed over.

All sessions stand in one file, laid end to end in time. Columns ``animal`` and ``session_id`` of
both trials and units tell them apart. Everything the contract knows of a session stands in columns
that `mapping_template` finds again; nothing is hidden in extensions.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import xarray as xr

from errorneurons.analysis.nwb_export.columns import (
    laser_epochs,
    subject_fields,
    trials_columns,
    units_columns,
)
from errorneurons.analysis.nwb_export.imaging import add_imaging
from errorneurons.analysis.nwb_export.spikes import TICKS_A_SECOND, Part, lay_out
from errorneurons.analysis.session.contract import DoorError, check, collect
from errorneurons.analysis.session.files import beside, import_pynwb

START = datetime(2020, 1, 1, tzinfo=UTC)
"""A virtual recording has no date, NWB wants one."""


def write_nwb(recording: xr.DataTree | xr.Dataset, path: str | Path, *, seed: int = 0) -> Path:
    """Write a collection of sessions of spikes or of calcium, or one session, as one NWB file.

    Spike times are drawn uniformly within their bin, on a clock of 32768 Hz: counted in the same
    bins they give exactly the same rates. What was not recorded (NaN) is left out of
    ``obs_intervals``. Of calcium (dF/F), the frames stand at the centres of their bins, one
    response series a session and area, float32. Columns that the contract does not know are left
    out.

    Parameters
    ----------
    recording
        A collection, one child a session, all with the same columns, bins and signal; or a session.
    path
        Where to; ends in ``.nwb``. The file is written beside its place and renamed.
    seed
        Of the spike times within their bins.

    Returns
    -------
    Path
        Where it was written.

    Raises
    ------
    ContractError
        If the collection breaks the contract.
    DoorError
        If it holds anything but spikes or dF/F, if the sessions differ in signal, columns or
        bins, or if the file cannot be written.
    """
    path = Path(path)
    if path.suffix != ".nwb":
        raise DoorError(f"cannot write NWB as {path.name}: give a name that ends in .nwb")
    recording = collect([recording]) if isinstance(recording, xr.Dataset) else recording
    check(recording)
    sessions = [node.to_dataset(inherit=False) for node in recording.children.values()]
    _check_alike(sessions)
    import_pynwb()
    file = _nwbfile(lay_out(sessions, seed), seed)
    _write(file, path)
    return path


def _check_alike(sessions: Sequence[xr.Dataset]) -> None:
    first = sessions[0]
    for session in sessions:
        name = f"session {session.attrs['session_id']} of {session.attrs['animal']}"
        what = _what(session)
        if what not in ("spikes in Hz", "calcium in dF/F"):
            raise DoorError(
                f"{name} holds {what}, neither spikes nor dF/F; make a virtual recording of spikes "
                "or of calcium, or save as .nc"
            )
        if what != _what(first):
            raise DoorError(
                f"{name} holds {what}, the first session {_what(first)}; write a file of each"
            )
        carriers = set(session.data_vars) - {"rate"}
        if carriers:
            raise DoorError(
                f"{name} holds `{min(map(str, carriers))}`, for which the file has no place; "
                "leave it out with drop_vars"
            )
        differing = set(session.coords) ^ set(first.coords)
        if differing:
            raise DoorError(
                f"`{min(map(str, differing))}` is in some sessions and not in others; "
                "give all sessions of a file the same columns"
            )
        if not session["time"].equals(first["time"]):
            raise DoorError(f"{name} has other bins; give all sessions of a file the same `time`")


def _what(session: xr.Dataset) -> str:
    attrs = session["rate"].attrs
    return f"{attrs['signal']} in {attrs['units']}"


def _nwbfile(parts: Sequence[Part], seed: int) -> Any:
    from pynwb import NWBFile
    from pynwb.file import Subject

    names = ", ".join(f"{part.animal}/{part.session_id}" for part in parts)
    spikes = sum(len(part.spikes) for part in parts)
    file = NWBFile(
        session_description=f"Virtual recording of {len(parts)} sessions laid end to end: {names}",
        identifier=str(uuid.uuid5(uuid.NAMESPACE_OID, f"{names} {spikes} {seed}")),
        session_start_time=START,
        experimenter=["errorneurons, Virtual"],
        institution="none (simulated)",
        keywords=["simulation", "error neurons"],
        experiment_description="Simulated activity seen through a virtual recording.",
        notes=_notes(parts),
        subject=Subject(**subject_fields(parts)),
    )
    if _what(parts[0].session).startswith("calcium"):
        add_imaging(file, parts)
    else:
        electrodes = _add_electrodes(file, parts)
        file.units = _table("units", units_columns(parts, electrodes, file.electrodes))
    file.trials = _table("trials", trials_columns(parts))
    epochs = laser_epochs(parts)
    if epochs:
        file.add_time_intervals(_table("laser_epochs", epochs))
    return file


def _notes(parts: Sequence[Part]) -> str:
    """Return the provenance of each session as text; a reader hands it on unread."""
    lines = [
        f"{part.animal}/{part.session_id}: {part.session.attrs['provenance']}"
        for part in parts
        if "provenance" in part.session.attrs
    ]
    return "\n".join(lines) or "no provenance was given"


def _add_electrodes(file: Any, parts: Sequence[Part]) -> dict[str, int]:
    """Add one virtual electrode for each area; return its row in the table of electrodes."""
    device = file.create_device(
        name="virtual_probe",
        description="Reads the spikes of simulated neurons.",
    )
    areas = sorted({str(area) for part in parts for area in part.session["area"].values})
    for row, area in enumerate(areas):
        group = file.create_electrode_group(
            name=f"area{row}",
            description=f"virtual electrode in {area}",
            location=area,
            device=device,
        )
        file.add_electrode(location=area, group=group)
    return {area: row for row, area in enumerate(areas)}


def _table(name: str, columns: list[Any]) -> Any:
    from pynwb.epoch import TimeIntervals
    from pynwb.misc import Units

    names = [column.name for column in columns if not column.name.endswith("_index")]
    about = {"name": name, "description": DESCRIPTIONS[name]}
    if name == "units":
        return Units(**about, columns=columns, colnames=names, resolution=1 / TICKS_A_SECOND)
    return TimeIntervals(**about, columns=columns, colnames=names)


DESCRIPTIONS = {
    "units": "simulated neurons as a recording would show them",
    "trials": "trials of all sessions, laid end to end",
    "laser_epochs": "when cells were silenced or driven",
}


def _write(file: Any, path: Path) -> None:
    import h5py
    from pynwb import NWBHDF5IO

    # made in memory: HDF5 that meets a full disk half way may bring the process down later
    with h5py.File(path.name, "w", driver="core", backing_store=False) as made:
        NWBHDF5IO(file=made, mode="w").write(file)
        made.flush()
        content = made.id.get_file_image()
    with beside(path) as part:
        part.write_bytes(content)
