"""Say what is in a file, before anybody knows what it means."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field

import numpy as np

from errorneurons.analysis.signals import SignalSource
from errorneurons.analysis.sources.recording import RawColumn, RawTable, RawValues

IN_NO_TABLE = "arrays of"
"""How a table of arrays that stand in none is called: ``arrays of 12 rows``."""
EXAMPLES = 6
"""How many values of a column are shown."""
ATLAS = 100
"""So many areas a recording may have."""


@dataclass(frozen=True)
class ColumnContent:
    """A column of a table.

    Attributes
    ----------
    name, description
        As in the file.
    dtype
        Of its values; ``several a row`` if it is ragged, ``reference`` if it points elsewhere.
    values
        All its values if they are few, else the first, as text.
    distinct
        How many different values it holds; 0 if it has not one value a row.
    missing
        In how many rows it is NaN or empty.
    low, high
        Range of its numbers; NaN if it holds none.
    apart
        Smallest difference of two of its numbers; NaN if there are none.
    every
        All its texts, in order, if they are no more than an atlas has; otherwise none.
    """

    name: str
    description: str
    dtype: str
    values: tuple[str, ...] = ()
    distinct: int = 0
    missing: int = 0
    low: float = float("nan")
    high: float = float("nan")
    apart: float = float("nan")
    every: tuple[str, ...] = ()

    def __str__(self) -> str:
        """Return one line."""
        parts = [f"  {self.name} ({self.dtype})"]
        if np.isfinite(self.low):
            parts.append(f"{self.low:g} to {self.high:g}")
        if self.distinct:
            more = ", ..." if self.distinct > len(self.values) else ""
            noun = "value" if self.distinct == 1 else "values"
            parts.append(f"{self.distinct} {noun}: {', '.join(self.values)}{more}")
        if self.missing:
            parts.append(f"{self.missing} missing")
        return "; ".join(parts)


@dataclass(frozen=True)
class TableContent:
    """A table: its name, number of rows and columns."""

    name: str
    rows: int
    columns: tuple[ColumnContent, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the columns."""
        return tuple(column.name for column in self.columns)

    def __str__(self) -> str:
        """Return one line a column under a heading."""
        return "\n".join([f"{self.name}: {self.rows} rows", *map(str, self.columns)])


@dataclass(frozen=True)
class FileContent:
    """What is in a file.

    Attributes
    ----------
    name
        Name of the file.
    about
        Metadata of session and subject that are given, e.g. ``subject.species``.
    units, electrodes
        Their tables, None if there are none. If there are ROIs but no units, the ROIs stand for
        units.
    rois
        What responses of ROIs may be read by name, dF/F first.
    intervals
        Every interval table; one of them holds the trials.
    other
        What else was acquired or computed, by name.
    arrays
        Named arrays and their shapes, in files that do not say what they are.
    signal
        Where activity seems to be in these.
    known
        Whether the program that wrote them is known, so that this is no guess.
    beside
        Names of tables in files of their own -> the file.
    window
        From when to when spikes run that are timed within their trials [s].
    """

    name: str
    about: dict[str, str]
    units: TableContent | None
    electrodes: TableContent | None
    intervals: tuple[TableContent, ...]
    other: tuple[str, ...]
    rois: tuple[str, ...] = ()
    arrays: tuple[str, ...] = ()
    signal: SignalSource | None = None
    known: bool = False
    beside: Mapping[str, str] = field(default_factory=dict)
    window: tuple[float, float] | None = None

    def called(self, name: str) -> list[str]:
        """Return what the file says of itself that goes by a name or one of its synonyms."""
        return [key for key in self.about if _plain(key) in _calls(name)]

    def __str__(self) -> str:
        """Return the whole as text."""
        lines = [self.name, *(f"  {key}: {value}" for key, value in self.about.items())]
        lines += [f"  {array}" for array in self.arrays]
        if self.units is None:
            lines.append("units: none")
        tables = (self.units, self.electrodes, *self.intervals)
        lines += [str(table) for table in tables if table is not None]
        if not self.intervals:
            lines.append(f"{'tables of events' if self.arrays else 'interval tables'}: none")
        if self.rois:
            lines.append(f"responses of ROIs: {', '.join(self.rois)}")
        if self.other:
            lines.append(f"not read: {', '.join(self.other)}")
        return "\n".join(printable(line) for text in lines for line in text.split("\n"))


def printable(text: str) -> str:
    """Return text on one line without control characters, whatever a file holds."""
    return "".join(c if c.isprintable() else " " for c in text)


SYNONYMS: dict[str, tuple[str, ...]] = {
    "animal": ("mouse", "mouseid", "animalid", "subject", "subjectid"),
    "session_id": ("session",),
    "stimulus": (
        "stimulusname",
        "stimulustype",
        "stimtype",
        "stimcategory",
        "stim",
        "stimulusid",
        "condition",
        "conditions",
        "image",
        "cue",
        "contrastleft",
        "imagename",
        "cond",
        "gaborstimulusside",
        "kind",
        "trialtype",
        "eventtype",
        "type",
        "label",
        "labels",
        "y",
    ),
    "input_onset": (
        "stimulusonset",
        "stimonset",
        "stimontime",
        "stimontimes",
        "gaborstimulusonsettime",
        "stimulustime",
        "cueonset",
        "onset",
    ),
    "outcome_onset": ("rewardtime", "rewardonset", "feedbacktime", "feedbacktimes", "omissiontime"),
    "performance": ("correct", "accuracy", "iscorrect", "hit"),
    "running": ("runningspeed", "speed", "velocity"),
    "pupil": ("pupilarea", "pupilsize", "pupildiameter"),
    "unit_id": (
        "unitname",
        "clusterid",
        "unit",
        "neuron",
        "neuronid",
        "cell",
        "cellid",
        "uid",
        "array",
    ),
    "area": (
        "beryllocation",
        "brainarea",
        "region",
        "brainregion",
        "location",
        "brainlocationacronyms",
        "brainlocationids",
        "structure",
        "acronym",
        "allenontology",
    ),
    "cell_type": ("celltype", "waveformclass", "putativecelltype"),
    "layer": ("corticallayer",),
}
"""Other names that columns go by, in lower case and without underscores."""


def column_called(table: TableContent | None, name: str) -> ColumnContent | None:
    """Return the column of a table that goes by a name or one of its synonyms."""
    if table is None:
        return None
    for wanted in _calls(name):
        for column in table.columns:
            if _plain(column.name) == wanted:
                return column
    return None


def _calls(name: str) -> tuple[str, ...]:
    return (name.replace("_", ""), *SYNONYMS.get(name, ()))


def _plain(name: str) -> str:
    return name.lower().replace("_", "").replace(" ", "")


ASKED_NOWHERE = (
    "schema_version", "confirmatory", "cautions", "notes", "provenance",
    "theory", "experiment", "ablation", "connectivity", "layers",
)  # fmt: skip
"""Attributes that are said elsewhere in a mapping, or that simulations alone have."""
OF_NO_FIELD = (
    "spike_times", "obs_intervals", "electrodes", "waveform_mean", "label_error_low",
    "label_error_high", "label_error_source", "array",
)  # fmt: skip
"""Columns of units that say nothing of what a unit is, or are read with another."""


def not_used(
    table: TableContent | None, fields: Iterable[str], used: Collection[str]
) -> tuple[ColumnContent, ...]:
    """Return the columns of a table that are none of these fields, nor used otherwise."""
    known = {*used, *(c.name for name in fields if (c := column_called(table, name)))}
    return tuple(c for c in table.columns if c.name not in known) if table else ()


def content_of(table: RawTable) -> TableContent:
    """Return what a table holds."""
    columns = tuple(_column(name, column) for name, column in table.columns.items())
    return TableContent(table.name, len(table), columns)


def _column(name: str, column: RawColumn) -> ColumnContent:
    values = column.read()
    if values is None:
        kind = "reference" if column.lists is None else "several a row"
        return ColumnContent(name, column.description, kind)
    return _plain_column(name, column.description, values)


def _plain_column(name: str, description: str, values: RawValues) -> ColumnContent:
    numbers = values.dtype.kind in "iuf"
    missing = np.isnan(values) if values.dtype.kind == "f" else values == ""
    present = values[~missing] if values.dtype.kind in "fUT" else values
    distinct, first = np.unique(present, return_index=True)
    shown = distinct if len(distinct) <= EXAMPLES else present[np.sort(first)[:EXAMPLES]]
    return ColumnContent(
        name,
        description,
        "text" if values.dtype.kind in "UT" else str(values.dtype),
        tuple(f"{v:g}" if numbers else str(v) for v in shown),
        len(distinct),
        len(values) - len(present),
        float(present.min()) if numbers and len(present) else float("nan"),
        float(present.max()) if numbers and len(present) else float("nan"),
        float(np.diff(distinct).min()) if numbers and len(distinct) > 1 else float("nan"),
        () if numbers or len(distinct) > ATLAS else tuple(map(str, distinct)),
    )
