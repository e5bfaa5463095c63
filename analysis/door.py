"""The door: a file of any kind comes in here, and leaves as a checked collection of sessions."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING

import xarray as xr

from errorneurons.analysis.readers.stores import open_netcdf, open_zarr
from errorneurons.analysis.session.contract import ContractError, DoorError, check, collect, told
from errorneurons.analysis.session.files import check_hdf5
from errorneurons.analysis.session.links import linked_files, refuse_links
from errorneurons.analysis.session.schema import ACTIVITY, FIELDS
from errorneurons.analysis.session.storage import APART, unstacked
from errorneurons.analysis.sources.limits import BROKEN, check_text

if TYPE_CHECKING:
    from errorneurons.analysis.readers.named import Hold
    from errorneurons.analysis.sources.content import FileContent


def open_recording(
    path: str | Path | Mapping[str, object], mapping: str | Path | None = None
) -> xr.DataTree:
    """Open a recording of any kind that can be read, checked against the contract.

    netCDF (``.nc``) and Zarr (``.zarr``) are opened lazily: activity is read when it is used.

    Parameters
    ----------
    path
        The recording: a file, a folder of Suite2p, Phy or in the naming of ALF, or a folder of
        recordings. In Python also objects by name: those of pynapple, arrays, data frames.
    mapping
        The mapping file (TOML) that says what its fields mean; netCDF and Zarr of the contract
        need none.

    Returns
    -------
    xr.DataTree
        One child a session.

    Raises
    ------
    DoorError
        If there is no such file, or it is damaged or of another kind.
    ContractError
        If the recording breaks the contract.
    """
    if isinstance(path, Mapping):
        return check(_read_objects(path, mapping), activity=False)
    for what, given in {"recording": path, "mapping": "" if mapping is None else mapping}.items():
        if not isinstance(given, str | PathLike):
            kind = type(given).__name__
            raise DoorError(f"the {what} is of type {kind}; give the path of its file, as text")
    path = Path(path)
    if path.suffix not in READERS or _is_other_folder(path):
        return _open_folder(path, mapping)
    if not _exists(path):
        raise DoorError(f"there is no file {path}")
    if not path.is_dir() and not path.is_file():
        raise DoorError(f"{path} is neither a file nor a folder; give another")
    if path.is_dir() != (path.suffix == ".zarr"):
        kind = "a folder" if path.is_dir() else "a file"
        raise DoorError(f"{path} is {kind}; give {'a folder' if path.is_file() else 'a file'}")
    return _told(path, READERS[path.suffix], mapping)


def open_recordings(paths: Sequence[Path], mapping: Path | None = None) -> list[xr.Dataset]:
    """Open several recordings of any kinds, and return their sessions.

    Parameters
    ----------
    paths
        Files and folders.
    mapping
        The mapping file of those that need one.

    Raises
    ------
    DoorError
        As `open_recording`.
    """
    alone = len(paths) == 1
    opened = [open_recording(p, mapping if alone or needs_mapping(p) else None) for p in paths]
    return [node.to_dataset() for tree in opened for node in tree.children.values()]


def _told(path: Path, read: Reader, mapping: str | Path | None) -> xr.DataTree:
    """Return what a reader makes of a file, if it obeys the contract."""
    try:
        return check(read(path, mapping), activity=False)
    except OSError as error:
        raise DoorError(f"{path.name} is damaged: {told(error)}; copy it again") from error


def _is_other_folder(path: Path) -> bool:
    """Whether a folder's ending says nothing of it, as that of ``mouse.npz`` does not."""
    return _exists(path) and path.is_dir() and path.suffix not in (".zarr", ".nwb", ".nc")


def _open_folder(path: Path, mapping: str | Path | None) -> xr.DataTree:
    """Open a folder of a known program, or all recordings in a folder."""
    if not (_exists(path) and path.is_dir()):
        raise DoorError(_why_no_recording(path))
    if is_known_folder(path):
        return _told(path, _read_arrays, mapping)
    from errorneurons.analysis.folders import tables_with_activity, without_files_beside

    inside = without_files_beside(_whole(_inside(path, _DEEPEST)), mapping)
    inside = inside or tables_with_activity(path, _DEEPEST, mapping)
    if not inside:
        raise DoorError(f"{path} is a folder; give one of the files in it, {', '.join(READERS)}")
    opened = []
    for one in inside:
        with _in_folder(one.parent.relative_to(path)):
            opened.append(open_recording(one, mapping if needs_mapping(one) else None))
    return collect(node.to_dataset() for tree in opened for node in tree.children.values())


@contextmanager
def _in_folder(folder: Path) -> Iterator[None]:
    """Say in which of several folders a recording is that is refused."""
    try:
        yield
    except ContractError as error:
        where = f"{folder}: " if folder.name else ""
        raise ContractError(*(f"{where}{breach}" for breach in error.breaches)) from error
    except DoorError as error:
        raise DoorError(f"{folder}: {error}" if folder.name else str(error)) from error


def recordings_in(paths: Sequence[Path]) -> list[Path]:
    """Return the recordings that files and folders are, those in folders in the order of names.

    Folders may stand in folders, as one of sessions in that of an animal.

    Raises
    ------
    DoorError
        If a path cannot be looked at.
    """
    from errorneurons.analysis.folders import tables_with_activity

    every: list[Path] = []
    for path in paths:
        if not _exists(path) or not _is_other_folder(path) or is_known_folder(path):
            every.append(path)
        else:
            found = _whole(_inside(path, _DEEPEST)) or tables_with_activity(path, _DEEPEST, None)
            every += found or [path]
    return every


def _inside(folder: Path, deep: int) -> list[Path]:
    """Return the recordings in a folder and the folders in it, but for hidden ones."""
    found: list[Path] = []
    for path in sorted(folder.iterdir()):
        if path.name.startswith("."):
            continue
        if path.suffix in _ALONE or is_known_folder(path):
            found.append(path)
        elif deep and path.is_dir() and path.suffix not in READERS:
            found += _inside(path, deep - 1)
    return found


def _whole(found: list[Path]) -> list[Path]:
    """Return recordings without NWB files that others link to, which are parts of these."""
    parts: set[Path] = set()
    for path in found:
        if path.suffix == ".nwb" and path.is_file():
            # what is wrong with a link is said where the file is opened
            with suppress(DoorError, *BROKEN):
                parts |= {*linked_files(path)}
    return [path for path in found if path not in parts] or found


_DEEPEST = 4
"""Folders in folders are looked into no further."""


def _why_no_recording(path: Path) -> str:
    """Say why a path leads to no recording."""
    if not _exists(path):
        quoted = any(letter in path.name for letter in "*?")
        return f"there is no file or folder {path}" + "; give it without quotes" * quoted
    if path.suffix == ".toml":
        return f"{path.name} is a mapping file, and no recording; write --mapping {path.name}"
    if path.suffix.lower() in READERS:
        small = path.suffix.lower()
        return f"{path.name} ends in {path.suffix}; rename it, so that it ends in {small}"
    return f"cannot read {path.name}: its ending is none of {', '.join(READERS)}"


def is_known_folder(path: Path) -> bool:
    """Whether a path is a folder of Suite2p, of Phy, or in the naming of ALF."""
    from errorneurons.analysis.readers.named import holding

    return path.is_dir() and path.suffix not in READERS and holding(path) is not None


def needs_mapping(path: Path) -> bool:
    """Whether a path is no file of the contract."""
    return path.suffix not in _OWN or is_nwb_zarr(path)


_OWN = (".nc", ".zarr")
"""Endings of files of the contract, which need no mapping."""
_ALONE = (*_OWN, ".nwb", ".mat", ".npz", ".h5", ".hdf5")
"""Endings of files that are recordings; a table is read where a mapping names it."""


def _exists(path: Path) -> bool:
    try:
        return path.exists()
    except OSError as error:
        raise DoorError(f"cannot look for {path}: {told(error)}; give another path") from error


def _read_netcdf(path: Path, mapping: str | Path | None) -> xr.DataTree:
    _refuse_mapping(path, mapping)
    check_hdf5(path)
    try:
        refuse_links(path)
        return _as_text(open_netcdf(path))
    except DoorError:
        raise
    except BROKEN as error:
        raise DoorError(
            f"{path.name} is damaged or no netCDF file of sessions: {told(error)}"
        ) from error


def _read_zarr(path: Path, mapping: str | Path | None) -> xr.DataTree:
    if is_nwb_zarr(path):
        return _read_arrays(path, mapping)
    _refuse_mapping(path, mapping)
    try:
        return _as_text(open_zarr(path))
    except DoorError:
        raise
    except BROKEN as error:
        raise DoorError(f"{path.name} is no Zarr group of sessions: {told(error)}") from error


def _read_nwb(path: Path, mapping: str | Path | None) -> xr.DataTree:
    from errorneurons.analysis.readers.nwb.reader import load_mapping, read_nwb

    if mapping is None:
        raise DoorError(_needs_mapping(path))
    return read_nwb(path, load_mapping(mapping))


def is_nwb_zarr(path: Path) -> bool:
    """Whether a Zarr store holds NWB."""
    try:
        described = (path / ".zattrs").read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return False
    return '"nwb_version"' in described


def _read_arrays(path: Path, mapping: str | Path | None) -> xr.DataTree:
    from errorneurons.analysis.mapping import load_mapping
    from errorneurons.analysis.readers.named import opened_by
    from errorneurons.analysis.sources.sessions import read_sessions

    if mapping is None:
        raise DoorError(_needs_mapping(path))
    if path.is_file() and not path.stat().st_size:
        raise DoorError(f"{path.name} is empty; write or copy it again")
    return read_sessions(path, load_mapping(mapping), opened_by(_holding(path)))


def _holding(path: Path) -> Hold:
    """Return how a file or folder of named arrays is held open."""
    from errorneurons.analysis.readers.named import holding
    from errorneurons.analysis.readers.nwb.zarr_store import hold_nwb_zarr

    hold = hold_nwb_zarr if path.is_dir() and is_nwb_zarr(path) else holding(path)
    if hold is None and not path.is_dir():
        raise DoorError(_why_no_recording(path))
    if hold is None:
        from errorneurons.analysis.folders import tables_in

        kinds = ", ".join(READERS)
        tables = tables_in(path)
        hint = f"; if activity stands in one of its tables, name it: {tables}" if tables else ""
        raise DoorError(f"cannot read {path.name}: it is none of {kinds}, nor a folder of Suite2p, "
                        f"of Phy, or in the naming of ALF{hint}")  # fmt: skip
    return hold


def _read_objects(objects: Mapping[str, object], mapping: str | Path | None) -> xr.DataTree:
    from errorneurons.analysis.mapping import load_mapping
    from errorneurons.analysis.readers.objects import opened_objects
    from errorneurons.analysis.sources.sessions import read_sessions

    if mapping is None:
        raise DoorError("objects need a mapping file that says what they mean")
    return read_sessions(Path("objects"), load_mapping(mapping), opened_objects(objects))


def _needs_mapping(path: Path) -> str:
    return (
        f"{path.name} needs a mapping file that says what its fields mean; "
        f"`errorneurons inspect {path.name}` writes one to start from"
    )


Reader = Callable[[Path, str | Path | None], xr.DataTree]

_ARRAYS = (".mat", ".h5", ".hdf5", ".npz", ".npy", ".csv", ".tsv", ".parquet", ".pqt")
READERS: Mapping[str, Reader] = {
    ".nc": _read_netcdf,
    ".zarr": _read_zarr,
    ".nwb": _read_nwb,
    **dict.fromkeys(_ARRAYS, _read_arrays),
}
"""How each kind of file is read."""


_COLUMNS = {*FIELDS} - {field.name for field in ACTIVITY}


def _refuse_mapping(path: Path, mapping: str | Path | None) -> None:
    if mapping is not None:
        raise DoorError(f"{path.name} needs no mapping file; leave {Path(mapping).name} out")


def _as_text(tree: xr.DataTree) -> xr.DataTree:
    """Give text one dtype, whichever the file's own was; a lone session becomes a collection."""
    nodes: dict[str, xr.Dataset] = {}
    for node in tree.subtree:
        dataset = node.to_dataset(inherit=False)
        stacked = unstacked(dataset) if APART in dataset.attrs else {node.path: dataset}
        nodes |= {name if name.startswith("/") else f"/{name}": s for name, s in stacked.items()}
    for dataset in nodes.values():
        for name in _COLUMNS & {*dataset.variables}:
            check_text(
                str(name), dataset.variables[name].load().values
            )  # damage shows here, not later
        for name in FIELDS:
            if name in dataset.variables and _is_loose_text(dataset[name].variable):
                dataset[name] = dataset[name].astype(str)
    if len(nodes) == 1 and "rate" in nodes["/"]:
        nodes = {"/session": nodes["/"]}
    text = xr.DataTree.from_dict(nodes)
    text.set_close(tree.close)
    return text


def _is_loose_text(column: xr.Variable) -> bool:
    kind = column.dtype.kind
    return kind in "OT" and all(isinstance(value, str) for value in column.values.flat)


def describe_recording(path: Path) -> FileContent:
    """Say what is in a file or folder that needs a mapping.

    Raises
    ------
    DoorError
        If there is no such file, it is damaged, or needs no mapping.
    """
    from errorneurons.analysis.readers.named import describe_arrays
    from errorneurons.analysis.readers.nwb.reader import describe_nwb

    if path.suffix == ".nwb" or not _exists(path):
        return describe_nwb(path)
    if not path.is_dir() and not path.is_file():
        raise DoorError(f"{path} is neither a file nor a folder; give another")
    if not needs_mapping(path):
        raise DoorError(f"{path.name} needs no mapping: errorneurons check {path.name}")
    return describe_arrays(path, _holding(path))
