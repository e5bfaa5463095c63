"""Tables as text: what spreadsheets and scripts write, without values that slip a column."""

from __future__ import annotations

import csv
import re
from pathlib import Path

import numpy as np
import pandas as pd

from errorneurons.analysis.readers.whole_rows import check_rows, is_number
from errorneurons.analysis.session.contract import DoorError

_SEPARATORS = (",", ";", "\t")
_WORDS = {"None", "null", "NULL"}
"""What stands for nothing in one language, and for a condition in many tables."""
_NOTHING = sorted({"", "#N/A", "<NA>", "N/A", "n/a", "NA", "NaN", "nan", "-nan", "-NaN"})
_WITH_COMMA = re.compile(r"[-+]?\d+(,\d+)?")
_NUMBERED = re.compile(r"\s*0\d+\s*")
"""Numbers that are names: ``007`` is not 7."""
_SMALL = 2**20
"""Tables of so many bytes at most are those of trials, units or sessions, which have names."""


def delimited(path: Path) -> pd.DataFrame:
    """Return a table as text, with names of columns that are all different.

    Columns stand between commas, semicolons or tabs. Between semicolons or tabs a number may have
    a decimal comma.

    Raises
    ------
    DoorError
        If the table is empty or cut short, two columns have one name, or rows have more values than
        there are names.
    """
    if not path.stat().st_size:
        raise DoorError(f"{path.name} is empty; write or copy it again")
    separator = separator_of(path)
    names = _checked_names(path, separator)
    frame = pd.read_csv(
        path, sep=separator, encoding="utf-8-sig", low_memory=False, skipinitialspace=True
    )
    frame.columns = pd.Index(
        [n or str(given) for n, given in zip(names, frame.columns, strict=True)]
    )
    frame = _with_words(path, separator, frame)
    if separator != ",":
        frame = frame.apply(_with_points)
    return frame


def separator_of(path: Path) -> str:
    """Return what stands between columns: what the ending says, or else what the names show."""
    usual = "\t" if path.suffix == ".tsv" else ","
    with path.open(encoding="utf-8-sig") as stream:
        head = stream.readline()
    others = [other for other in _SEPARATORS if other in head]
    return others[0] if usual not in head and len(others) == 1 else usual


def _checked_names(path: Path, separator: str) -> list[str]:
    with path.open(encoding="utf-8-sig", newline="") as stream:
        rows = csv.reader(stream, delimiter=separator, skipinitialspace=True)
        try:
            names = [name.strip() for name in next((row for row in rows if row), [])]
            first = next((row for row in rows if row), [])
        except csv.Error as error:
            raise ValueError(str(error)) from error
    twice = [name for k, name in enumerate(names) if name and name in names[:k]]
    if twice:
        raise DoorError(
            f"{path.name} has two columns `{twice[0]}`; give each a name of its own, or leave one "
            "out"
        )
    if names and all(map(is_number, names)) and names != [str(k) for k in range(len(names))]:
        raise DoorError(
            f"{path.name} begins with {names[0]}, no name of a column; write the names above the "
            "first row"
        )
    if len(first) > len(names):
        raise DoorError(
            f"{path.name} has {len(names)} names of columns, and {len(first)} values in its first "
            "row; give each column a name, and write decimal points where decimal commas stand"
        )
    if len(names) > 1:
        check_rows(path, separator, len(names))
    return names


def _with_words(path: Path, separator: str, frame: pd.DataFrame) -> pd.DataFrame:
    """Return a table in which words stay words: ``None`` is a condition, ``007`` an animal."""
    small = path.stat().st_size < _SMALL
    unsure = [k for k in range(frame.shape[1]) if _may_lose_words(frame.iloc[:, k], small)]
    if not unsure:
        return frame
    again = pd.read_csv(
        path, sep=separator, encoding="utf-8-sig", skipinitialspace=True, usecols=unsure,
        dtype=str, keep_default_na=False, na_values=_NOTHING,
    )  # fmt: skip
    for place, k in enumerate(unsure):
        name, texts = frame.columns[k], again.iloc[:, place]
        known = texts.dropna()
        named = frame[name].dtype.kind in "iu" and known.str.fullmatch(_NUMBERED).any()
        if named or known.isin(_WORDS).any():
            frame[name] = texts.to_numpy(dtype=object)
    return frame


def _may_lose_words(column: pd.Series, small: bool) -> bool:
    """Whether words of a column may have been read as nothing, or as numbers."""
    if column.dtype.kind in "iu":
        return small
    none = column.isna()
    return bool(none.any()) and (column.dtype.kind not in "biufM" or bool(none.all()))


def _with_points(column: pd.Series) -> pd.Series:
    """Return a column of numbers with decimal commas as numbers."""
    if column.dtype.kind in "biuf":
        return column
    known = column.dropna().astype(str)
    if not len(known) or not known.str.fullmatch(_WITH_COMMA).all():
        return column
    numbers = np.full(len(column), np.nan)
    numbers[column.notna().to_numpy()] = known.str.replace(",", ".").astype(np.float64)
    return pd.Series(numbers, index=column.index, name=column.name)
