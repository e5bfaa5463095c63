"""Open an NWB file and read the columns of its tables; what is wrong is said in one sentence."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import numpy.typing as npt

from errorneurons.analysis.mapping import did_you_mean
from errorneurons.analysis.session.contract import DoorError, told
from errorneurons.analysis.session.files import check_hdf5, import_pynwb

RawColumn = npt.NDArray[Any]


@contextmanager
def open_nwb(path: Path) -> Iterator[Any]:
    """Yield the `pynwb.NWBFile` of a file, open as long as the block runs.

    Raises
    ------
    DoorError
        If there is no such file, or it is damaged or no NWB file.
    """
    _check_is_nwb(path)
    with ExitStack() as stack:
        file = _read(path, stack)
        try:
            yield file
        except OSError as error:
            raise DoorError(f"{path.name} is damaged: {told(error)}; copy it again") from error


def _read(path: Path, stack: ExitStack) -> Any:
    import_pynwb()
    from hdmf.build import BuildError, ConstructError
    from pynwb import NWBHDF5IO

    with warnings.catch_warnings():
        # about cached namespaces and old versions of the schema, which a reader cannot change
        warnings.simplefilter("ignore")
        try:
            return stack.enter_context(NWBHDF5IO(path, mode="r")).read()
        except (
            OSError,
            ValueError,
            KeyError,
            TypeError,
            RuntimeError,
            AttributeError,
            BuildError,
            ConstructError,
        ) as error:
            raise DoorError(
                f"{path.name} is damaged or no valid NWB file: {told(error)}"
            ) from error


def _check_is_nwb(path: Path) -> None:
    check_hdf5(path)
    try:
        with h5py.File(path, "r") as file:
            is_nwb = "nwb_version" in file.attrs
    except (OSError, RuntimeError) as error:
        raise DoorError(f"{path.name} is damaged: {told(error)}; copy it again") from error
    if not is_nwb:
        raise DoorError(f"{path.name} is HDF5 but no NWB file: it has no nwb_version")


def interval_tables(file: Any) -> dict[str, Any]:
    """Return the interval tables of a file by name; ``trials`` and ``epochs`` among them."""
    tables = dict(file.intervals or {})
    for name in ("trials", "epochs", "invalid_times"):
        if getattr(file, name) is not None:
            tables[name] = getattr(file, name)
    return tables


def column(table: Any, name: str) -> RawColumn:
    """Return one column of a table with one value a row, bytes decoded.

    Raises
    ------
    DoorError
        If there is no such column, or it has several values a row.
    """
    if name not in table.colnames:
        raise DoorError(
            f"table `{table.name}` has no column `{name}`; "
            f"{did_you_mean(name, tuple(table.colnames))}"
        )
    values = plain_values(table[name])
    if values is None:
        raise DoorError(
            f"column `{name}` of table `{table.name}` holds no single number or text a row; "
            "choose another column"
        )
    if len(values) != len(table):
        raise DoorError(
            f"column `{name}` of table `{table.name}` has {len(values)} values in {len(table)} "
            "rows; the file is damaged"
        )
    return values


def plain_values(values: Any) -> RawColumn | None:
    """Return the values of a column as a flat array, None if it is ragged or of references."""
    from hdmf.common import DynamicTableRegion, VectorIndex

    if isinstance(values, VectorIndex | DynamicTableRegion):
        return None
    array = np.asarray(values.data[:])
    if array.ndim != 1:
        return None
    if array.dtype.kind in "SO":
        decoded = [_text(value) for value in array.tolist()]
        return None if None in decoded else np.array(decoded, dtype=str)
    return array if array.dtype.kind in "biufUT" else None


def _text(value: object) -> str | None:
    if isinstance(value, bytes):
        return value.decode("utf-8", errors="replace")
    return value if isinstance(value, str) else None


def ragged(table: Any, name: str, row: int) -> RawColumn:
    """Return one row of a ragged column, reading no more than this row."""
    index = table[name]
    start = int(index.data[row - 1]) if row > 0 else 0
    return np.asarray(index.target.data[start : int(index.data[row])])


def first_electrodes(units: Any) -> npt.NDArray[np.intp]:
    """Return for each unit the row of its first electrode in the table of electrodes.

    Raises
    ------
    DoorError
        If units name no electrode.
    """
    from hdmf.common import VectorIndex

    if "electrodes" not in units.colnames:
        raise DoorError("the units name no electrodes; take it from a column or give a constant")
    electrodes = units["electrodes"]
    if not isinstance(electrodes, VectorIndex):
        return np.asarray(electrodes.data[:], dtype=np.intp).reshape(len(units), -1)[:, 0]
    ends = np.asarray(electrodes.data[:], dtype=np.intp)
    starts = np.concatenate([[0], ends[:-1]]).astype(np.intp)
    if (ends <= starts).any():
        raise DoorError(f"unit {int(np.argmax(ends <= starts))} names no electrode; give it one")
    rows: npt.NDArray[np.intp] = np.asarray(electrodes.target.data[:], dtype=np.intp)[starts]
    return rows


def metadata(file: Any, name: str) -> object:
    """Return a field of the file or its subject, e.g. ``subject.species``.

    Raises
    ------
    DoorError
        If the file does not say.
    """
    fields = {key: getattr(file, key) for key in ("session_id", "identifier", "lab", "institution")}
    for key in ("subject_id", "species", "strain", "genotype", "sex"):
        fields[f"subject.{key}"] = getattr(file.subject, key, None)
    if name not in fields:
        raise DoorError(f"there is no metadata `{name}`; {did_you_mean(name, tuple(fields))}")
    if fields[name] is None:
        raise DoorError(f"the file does not give `{name}`; give a constant")
    return fields[name]
