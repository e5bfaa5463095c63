"""Tables as text or Parquet: ``.csv``, ``.tsv``, ``.parquet``, ``.pqt``; one array a column."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd

from errorneurons.analysis.named.arrays import NamedArrays
from errorneurons.analysis.readers.delimited import delimited, separator_of
from errorneurons.analysis.readers.whole_rows import doubts_of_end
from errorneurons.analysis.session.contract import DoorError
from errorneurons.analysis.sources.limits import check_size, damage_told
from errorneurons.analysis.sources.recording import LazyArray, RawTable

PARQUET = (".parquet", ".pqt")
TABLES = (".csv", ".tsv", *PARQUET)
"""Endings of tables."""


@contextmanager
def hold_table(path: Path) -> Iterator[NamedArrays]:
    """Yield the columns of a table.

    Raises
    ------
    DoorError
        If the file is damaged, or what Parquet needs is not installed.
    """
    with damage_told(path):
        yield table_columns(path)


def table_columns(path: Path) -> NamedArrays:
    """Return the columns of a table, those that hold no numbers or text with the reason."""
    check_size(path.name, (path.stat().st_size,), 1)
    if path.suffix in PARQUET:
        return frame_columns(_parquet(path))
    held = frame_columns(delimited(path))
    return replace(held, doubts=doubts_of_end(path, separator_of(path)))


def frame_columns(frame: pd.DataFrame) -> NamedArrays:
    """Return the columns of a data frame, those that hold no numbers or text with the reason.

    Raises
    ------
    DoorError
        If two columns have one name.
    """
    arrays: dict[str, LazyArray] = {}
    refused: dict[str, str] = {}
    if not frame.columns.is_unique:
        twice = frame.columns[frame.columns.duplicated()][0]
        raise DoorError(f"a table has two columns `{twice}`; give each a name of its own")
    for name in frame.columns:
        values = _plain(frame[name])
        if values is None:
            refused[str(name)] = _no_number(frame[name])
        else:
            arrays[str(name)] = values
    return NamedArrays(arrays, refused=refused)


def _no_number(column: pd.Series) -> str:
    if column.dtype.kind in "Mm":
        return "holds dates or durations; write seconds on the clock of the recording"
    return "holds neither numbers nor text; write it as one of them"


def event_table(path: Path) -> RawTable:
    """Return a table of events that stands in a file of its own, by the name of the file.

    Raises
    ------
    DoorError
        If there is no such file, or it is no table.
    """
    if path.suffix not in TABLES:
        raise DoorError(f"{path.name} is no table of events; give one of {', '.join(TABLES)}")
    if not path.is_file():
        raise DoorError(f"there is no file {path.name} beside the recording, or in it")
    with damage_told(path):
        held = table_columns(path)
        rows = max((array.shape[0] for array in held.arrays.values()), default=0)
        return replace(held.table("", rows), name=path.stem)


def _parquet(path: Path) -> pd.DataFrame:
    try:
        import pyarrow as arrow
        import pyarrow.parquet as parquet
    except ModuleNotFoundError:
        raise DoorError(
            'reading Parquet needs pyarrow: pip install "errorneurons[parquet]"'
        ) from None
    try:
        file = parquet.ParquetFile(path)
        sizes = [file.metadata.row_group(k).total_byte_size for k in range(file.num_row_groups)]
        check_size(path.name, (max(sum(sizes), file.metadata.num_rows),), 1)
        frame: pd.DataFrame = file.read(use_threads=False).to_pandas(ignore_metadata=True)
        return frame
    except arrow.ArrowException as error:
        raise ValueError(str(error)) from error


def _plain(column: pd.Series) -> np.ndarray | None:
    """Return a column as numbers or text, with empty text where nothing is; None if neither."""
    if column.dtype.kind in "biuf":
        return column.to_numpy()
    values = column.astype(object)
    texts = [
        value if isinstance(value, str) else "" if pd.isna(value) else None for value in values
    ]
    if None not in texts:
        return np.array(texts, dtype=str)
    if all(isinstance(value, bool) or pd.isna(value) for value in values):
        return np.array(["" if pd.isna(v) else str(bool(v)).lower() for v in values])
    return None


def placed(values: LazyArray, rows: np.ndarray, length: int) -> np.ndarray:
    """Return the values of some rows, with NaN or empty text in the others."""
    given = np.asarray(values)
    text = given.dtype.kind == "U"
    found = np.full(length, "" if text else np.nan, given.dtype if text else np.float64)
    found[rows] = given
    return found
