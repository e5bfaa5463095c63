"""Turn the columns of a recording into columns of the contract, as a mapping says."""

from __future__ import annotations

import json
from collections.abc import Iterator
from collections.abc import Mapping as Dict
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from errorneurons.analysis.filters import checked_filter
from errorneurons.analysis.mapping import Mapping, did_you_mean
from errorneurons.analysis.origins import Scalar, Source
from errorneurons.analysis.session.contract import DoorError
from errorneurons.analysis.session.schema import ATTRIBUTES, FIELDS, Kind
from errorneurons.analysis.sources.grouped import grouped
from errorneurons.analysis.sources.per_event import one_row_per_event
from errorneurons.analysis.sources.recording import RawRecording, RawTable, RawValues, RowNumbers
from errorneurons.analysis.sources.words import (
    as_text,
    before,
    filled_in,
    looked_up,
    matched,
    overlapping,
    parts_of,
    put_together,
    squeezed,
    translated,
)

TRUTH = {"true": True, "false": False, "yes": True, "no": False, "1": True, "0": False}


@dataclass(frozen=True)
class Tables:
    """A recording, and which of its tables a mapping takes for that of trials.

    Attributes
    ----------
    recording
        What the file holds.
    trials
        The table of trials.
    """

    recording: RawRecording
    trials: RawTable

    @property
    def units(self) -> RawTable:
        """The table of units."""
        return self.recording.units


def read_tables(recording: RawRecording, mapping: Mapping) -> Tables:
    """Return the tables that the mapping reads.

    Raises
    ------
    DoorError
        If there are no trials under the name that the mapping gives.
    """
    known = recording.tables
    if not known:
        raise DoorError("the file holds no interval table; a recording needs a table of trials")
    if mapping.events.table not in known:
        hint = did_you_mean(mapping.events.table, tuple(known))
        raise DoorError(f"the file has no interval table `{mapping.events.table}`; {hint}")
    trials = known[mapping.events.table]
    if len(trials) == 0:
        raise DoorError(f"table `{trials.name}` holds no trials")
    if mapping.events.group:
        trials = grouped(trials, mapping.events.group)
    if mapping.events.several:
        trials = one_row_per_event(trials, mapping.events)
    return Tables(recording, trials)


def resolve(source: Source, table: RawTable, found: Tables) -> RawValues:
    """Return the values of a source, one a row of `table`, translated but of the file's own dtype.

    Raises
    ------
    DoorError
        If the file has no such thing, or a value is found that the mapping does not translate.
    """
    if source.constant is not None:
        return np.full(len(table), source.constant)
    values, where = _origin(source, table, found)
    if source.previous:
        values = before(values)
    if source.minus is not None:
        other = as_kind(table.plain(source.minus), "number", source.minus)
        values = as_kind(values, "number", source.column or "minus") - other
    if source.part is not None:
        values = parts_of(values, source.part)
    if source.matches is not None:
        values = matched(values, source.matches)
    if source.values is not None:
        return translated(values, source.values, source.default, where)
    return values if source.default is None else filled_in(values, source.default)


def _origin(source: Source, table: RawTable, found: Tables) -> tuple[RawValues, str]:
    """Return what a source names, one value a row of `table`, and what it is called."""
    if source.combine is not None:
        return put_together([resolve(part, table, found) for part in source.combine]), "`combine`"
    if source.during is not None:
        other = found.recording.table(source.during)
        return overlapping(source, table, other), f"`during` {source.during}"
    if source.column is not None:
        return _column(source, source.column, table, found), f"column `{source.column}`"
    if source.electrodes is not None:
        if found.recording.sites is None or table is not found.units:
            raise DoorError(f"there is no electrode to take `{source.electrodes}` from")
        values = found.recording.sites.at(source.electrodes)
        return values, f"electrodes column `{source.electrodes}`"
    said = str(found.recording.said(str(source.metadata)))
    return np.full(len(table), said), f"metadata `{source.metadata}`"


def _column(source: Source, name: str, table: RawTable, found: Tables) -> RawValues:
    if source.table is not None:
        return looked_up(source, table, found.recording.table(source.table))
    return table.plain(name) if source.squeeze is None else squeezed(table, name, source.squeeze)


def kept(table: RawTable, keep: Dict[str, tuple[Scalar, ...] | str]) -> npt.NDArray[np.bool_]:
    """Return which rows of a table a mapping keeps.

    Raises
    ------
    DoorError
        If there is no such column, or no row is kept.
    """
    rows = np.ones(len(table), dtype=bool)
    for name, wanted in keep.items():
        values = table.plain(name)
        if isinstance(wanted, str):
            numbers = as_kind(values, "number", name)
            for compare, bound in checked_filter(wanted):
                rows &= compare(numbers, bound) & ~np.isnan(numbers)
        else:
            rows &= matched(values, wanted)
        if not rows.any():
            found = ", ".join(repr(as_text(value)) for value in np.unique(values)[:8])
            raise DoorError(
                f"no row of table `{table.name}` is kept by `{name}`, which holds {found}"
            )
    return rows


def as_kind(values: RawValues, kind: Kind, name: str) -> RawValues:
    """Return values as the contract wants them.

    Raises
    ------
    DoorError
        If a value cannot be read so.
    """
    if kind == "text":
        return np.array([as_text(value) for value in values], dtype=str)
    if kind == "number":
        try:
            return values.astype(np.float64)
        except ValueError as error:
            raise DoorError(
                f"`{name}` must be numbers: {error}; translate with `values`"
            ) from error
    words = [as_text(value).lower() for value in values]
    strange = sorted(set(words) - set(TRUTH))
    if "" in strange:
        raise DoorError(
            f"`{name}` is empty in {words.count('')} of {len(words)} rows; give a `default`, true "
            "or false"
        )
    if strange:
        raise DoorError(
            f"`{name}` must be true or false but holds {strange[0]!r}; translate with `values`"
        )
    return np.array([TRUTH[word] for word in words])


def contract_columns(
    sources: Dict[str, Source], table: RawTable, found: Tables
) -> dict[str, RawValues]:
    """Return the columns of the contract that a mapping gives, one value a row of `table`.

    ``targeted`` is left out; see `targeted`.

    Raises
    ------
    DoorError
        Naming every column that cannot be read.
    """
    columns: dict[str, RawValues] = {}
    wrong: list[str] = []
    for name, source in sources.items():
        if name != "targeted":
            try:
                columns[name] = as_kind(resolve(source, table, found), FIELDS[name].kind, name)
                wrong += _strange_words(columns[name], name)
            except DoorError as error:
                wrong.append(f"`{name}`: {_or_constant(str(error), source, table)}")
    if wrong:
        raise DoorError("\n".join(wrong))
    return columns


def _strange_words(values: RawValues, name: str) -> Iterator[str]:
    """Name words that the contract does not know, as long as their column is known."""
    allowed = FIELDS[name].values
    strange = [v for v in np.unique(values).tolist() if v not in allowed]
    if allowed and FIELDS[name].kind == "text" and strange:
        meaning = ", ".join(f"{json.dumps(v, ensure_ascii=False)} = ..." for v in strange[:4])
        yield (
            f"`{name}` holds {', '.join(map(repr, strange[:5]))}; allowed are "
            f"{', '.join(map(str, allowed))}; say what is meant by values = {{ {meaning} }}"
        )


def _or_constant(said: str, source: Source, table: RawTable) -> str:
    """Return a sentence about a column that is not there, with the other thing that is meant."""
    name = source.column
    plain = source.model_dump(exclude_none=True, exclude_defaults=True).keys() == {"column"}
    if not plain or said.endswith("?") or name in table.names or name in table.refused:
        return said
    return f'{said}; or write {{ constant = "{name}" }} if it is so everywhere'


def session_columns(mapping: Mapping, found: Tables) -> dict[str, RawValues]:
    """Return the attributes of the session of each trial, one value a trial.

    Raises
    ------
    DoorError
        If one cannot be read.
    """
    kinds = {attribute.name: attribute.kind for attribute in ATTRIBUTES}
    columns = {}
    for name, source in mapping.session.items():
        try:
            columns[name] = as_kind(resolve(source, found.trials, found), kinds[name], name)
        except DoorError as error:
            said = _or_constant(str(error), source, found.trials)
            raise DoorError(f"`{name}`: {said}") from error
    return columns


def unit_sessions(mapping: Mapping, found: Tables) -> dict[str, RawValues]:
    """Return animal and session of each unit, as far as the units say.

    Raises
    ------
    DoorError
        If trials name their animal in a column that the units do not have.
    """
    keys = {}
    for name in ("animal", "session_id"):
        source = mapping.session[name]
        if source.column is None or source.column in found.units.names:
            keys[name] = as_kind(resolve(source, found.units, found), "text", name)
        elif name == "animal":
            raise DoorError(
                f"the trials name their animal in `{source.column}`, the units do not; "
                "add the column to the units or give one animal as a constant"
            )
    return keys


def targeted(
    source: Source, found: Tables, trials: RowNumbers, units: RowNumbers
) -> npt.NDArray[np.bool_]:
    """Return whether the manipulation of a trial aims at a unit: dims (trial, unit).

    Parameters
    ----------
    source
        A ragged column of the trials: ids of units.
    found
        The tables.
    trials, units
        Rows of a session's trials and units.

    Raises
    ------
    DoorError
        If there is no such ragged column.
    """
    name = source.column or ""
    given = found.trials.columns.get(name)
    if given is None or given.lists is None:
        raise DoorError(f"`targeted`: the trials have no ragged column `{name}` of ids of units")
    known = found.units.keys
    place = {int(unit): k for k, unit in enumerate(known[units])}
    values, ends = given.lists()
    starts = np.concatenate([[0], ends[:-1]]).astype(np.intp)
    ids = np.asarray(values, dtype=np.intp)
    strange = np.setdiff1d(ids, known)
    if len(strange):
        raise DoorError(
            f"`targeted`: column `{name}` names unit {strange[0]}, which is no id of a unit; "
            "mend it"
        )
    aimed = np.zeros((len(trials), len(units)), dtype=bool)
    for row, trial in enumerate(trials):
        aimed[row, [place[unit] for unit in ids[starts[trial] : ends[trial]] if unit in place]] = (
            True
        )
    return aimed


def label_interval(source: Source, found: Tables, rows: RowNumbers) -> dict[str, float | str]:
    """Return ``low``, ``high`` and ``source`` of the share of false labels of some units.

    Raises
    ------
    DoorError
        If a column they are taken from is missing.
    """
    interval: dict[str, float | str] = {}
    for name, given, extreme in (("low", source.low, np.min), ("high", source.high, np.max)):
        if isinstance(given, str):
            values = as_kind(found.units.plain(given), "number", name)[rows]
            values = values[np.isfinite(values)]
            if len(values):
                interval[name] = float(extreme(values))
        elif given is not None:
            interval[name] = given
    if source.source:
        interval["source"] = _known_from(source.source, found, rows)
    return interval


def _known_from(source: str, found: Tables, rows: RowNumbers) -> str:
    """Return how the share is known: in these words, or as the column of this name says."""
    if source not in found.units.names:
        return source
    values = dict.fromkeys(str(value) for value in found.units.plain(source)[rows])
    return "; ".join(value for value in values if value)
