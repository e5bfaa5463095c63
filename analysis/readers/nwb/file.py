"""Open an NWB file and read the columns of its tables; what is wrong is said in one sentence."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from errorneurons.analysis.session.contract import DoorError, told
from errorneurons.analysis.session.files import check_hdf5, import_pynwb
from errorneurons.analysis.session.links import linked_files
from errorneurons.analysis.sources.limits import BROKEN
from errorneurons.analysis.sources.recording import RawColumn, RawTable, RawValues, RowNumbers
from errorneurons.analysis.sources.when import Times


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
        except DoorError:
            raise
        except OSError as error:
            raise DoorError(f"{path.name} is damaged: {told(error)}; copy it again") from error
        except BROKEN as error:
            # tables of a damaged file point to what is not there, and libraries trip over it
            raise DoorError(
                f"{path.name} is damaged, or a part of it that is read is missing: "
                f"{_in_a_line(error)}; mend it, or copy it again"
            ) from error


def _read(path: Path, stack: ExitStack) -> Any:
    import_pynwb()
    from hdmf.build import BuildError, ConstructError
    from pynwb import NWBHDF5IO

    with warnings.catch_warnings():
        # about cached namespaces and old versions of the schema, which a reader cannot change
        warnings.simplefilter("ignore")
        try:
            return stack.enter_context(NWBHDF5IO(path, mode="r")).read()
        except (*BROKEN, BuildError, ConstructError) as error:
            raise DoorError(
                f"{path.name} is damaged or no valid NWB file: {_in_a_line(error)}"
            ) from error


def _in_a_line(error: Exception) -> str:
    """Return what a library says, without the whole of the file that it shows beside it."""
    said = [part for part in error.args if isinstance(part, str)]
    line = " ".join((said[-1] if said else told(error)).split())
    return line if len(line) <= LONGEST else f"{line[:LONGEST]} ..."


LONGEST = 200
"""Of what a library says no more is told [characters]."""


def _check_is_nwb(path: Path) -> None:
    check_hdf5(path)
    try:
        with h5py.File(path, "r") as file:
            is_nwb = "nwb_version" in file.attrs
        if is_nwb:
            linked_files(path)  # refuses links that lead elsewhere
    except DoorError as error:
        raise DoorError(f"{path.name}: {error}") from error
    except BROKEN as error:
        raise DoorError(f"{path.name} is damaged: {told(error)}; copy it again") from error
    if not is_nwb:
        raise DoorError(f"{path.name} is HDF5 but no NWB file: it has no nwb_version")


def interval_tables(file: Any) -> dict[str, Any]:
    """Return the tables of events of a file by name, wherever they stand.

    ``trials`` and ``epochs`` among them, intervals in acquisition or a module, and tables of events
    with one ``timestamp`` each.
    """
    tables = dict(file.intervals or {})
    for name in ("trials", "epochs", "invalid_times"):
        if getattr(file, name) is not None:
            tables[name] = getattr(file, name)
    modules = [module.data_interfaces for module in file.processing.values()]
    # tables of events came with version 4 of the library
    for held in (file.acquisition, *modules, getattr(file, "events", None) or {}):
        for name, table in held.items():
            if table.neurodata_type in ("TimeIntervals", "EventsTable"):
                tables.setdefault(name, table)
    return tables


def raw_table(name: str, table: Any) -> RawTable:
    """Return a table of the file, its columns not yet read."""
    return RawTable(
        name,
        len(table),
        {column: _raw_column(table, column) for column in table.colnames},
        ids=lambda: np.asarray(table.id[:]),
    )


def _raw_column(table: Any, name: str) -> RawColumn:
    from hdmf.common import VectorIndex

    def lists() -> tuple[RawValues, RowNumbers]:
        return np.asarray(table[name].target.data[:]), ends_of(table, name)

    def of_matrix() -> tuple[RawValues, RowNumbers]:
        values = np.asarray(table[name].data[:])
        return values.ravel(), np.arange(1, len(values) + 1) * values.shape[1]

    is_ragged = isinstance(table[name], VectorIndex)
    shape = np.shape(getattr(table[name], "data", ()))
    is_matrix = not is_ragged and len(shape) == 2 and shape[1] > 1
    described = table[name].target if is_ragged else table[name]
    return RawColumn(
        lambda: plain_values(table[name]),
        lists if is_ragged else of_matrix if is_matrix else None,
        str(getattr(described, "description", "")),
    )


def plain_column(table: Any, name: str) -> RawValues:
    """Return one column of a table with one value a row, bytes decoded.

    Raises
    ------
    DoorError
        If there is no such column, or it has several values a row.
    """
    return raw_table(table.name, table).plain(name)


def plain_values(values: Any) -> RawValues | None:
    """Return the values of a column as a flat array, None if it is ragged or of references."""
    from hdmf.common import DynamicTableRegion, VectorIndex

    if isinstance(values, VectorIndex | DynamicTableRegion):
        return None
    array = np.asarray(values.data[:])
    if array.ndim == 2 and array.shape[1] == 1:
        array = array[:, 0]  # as MATLAB writes a column
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


def ragged(table: Any, name: str, row: int) -> RawValues:
    """Return one row of a ragged column, reading no more than this row."""
    index = table[name]
    start = int(index.data[row - 1]) if row > 0 else 0
    values = np.asarray(index.target.data[start : int(index.data[row])])
    # as MATLAB writes a column
    return values[:, 0] if values.ndim == 2 and values.shape[1] == 1 else values


def ends_of(table: Any, name: str) -> RowNumbers:
    """Return where each row of a ragged column ends.

    Raises
    ------
    DoorError
        If the column is not ragged, or the index does not fit what it points into.
    """
    from hdmf.common import VectorIndex

    index = table[name]
    if not isinstance(index, VectorIndex):
        raise DoorError(
            f"column `{name}` of table `{table.name}` has no index that says which values are "
            "whose; write it as a ragged column"
        )
    ends = np.asarray(index.data[:]).astype(np.intp)
    length = len(index.target.data)
    if len(ends) != len(table) or (np.diff(ends, prepend=0) < 0).any():
        raise DoorError(
            f"`{name}_index` of table `{table.name}` goes back, or has not one end a row; the file "
            "is damaged"
        )
    if len(ends) and ends[-1] != length:
        raise DoorError(
            f"column `{name}` of table `{table.name}` holds {length} values but its index ends at "
            f"{ends[-1]}; the file is damaged, copy it again"
        )
    return ends


def check_ragged(table: Any, *names: str) -> None:
    """Refuse ragged columns whose index does not fit.

    Raises
    ------
    DoorError
        As `ends_of`.
    """
    for name in names:
        ends_of(table, name)


def about(file: Any) -> dict[str, object]:
    """Return what a mapping may ask of the file or its subject, None where the file is silent."""
    fields = {key: getattr(file, key) for key in ("session_id", "identifier", "lab", "institution")}
    for key in ("subject_id", "species", "strain", "genotype", "sex"):
        fields[f"subject.{key}"] = getattr(file.subject, key, None)
    return fields


def invalid_times(file: Any) -> Times:
    """Return the intervals that the file says to leave out of any analysis, (interval, 2) [s].

    Raises
    ------
    DoorError
        If one is NaN or ends before it starts.
    """
    table = file.invalid_times
    if table is None or len(table) == 0:
        return np.empty((0, 2))
    ends = [plain_column(table, name).astype(np.float64) for name in ("start_time", "stop_time")]
    both = np.column_stack(ends)
    if not np.isfinite(both).all() or (both[:, 1] < both[:, 0]).any():
        raise DoorError(
            "`invalid_times` hold an interval that is NaN or ends before it starts; mend its "
            "start_time and stop_time"
        )
    return both
