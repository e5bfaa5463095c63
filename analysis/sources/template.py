"""Write a mapping file to start from: what names tell is filled in, the rest is explained."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator, Mapping, Sequence

from errorneurons.analysis.called import FOLDERS_ABOVE
from errorneurons.analysis.session.schema import ATTRIBUTES, TRIAL, UNIT, Field
from errorneurons.analysis.sources.content import (
    ASKED_NOWHERE,
    IN_NO_TABLE,
    OF_NO_FIELD,
    ColumnContent,
    FileContent,
    TableContent,
    column_called,
    not_used,
    printable,
)
from errorneurons.analysis.sources.lasers import LASER
from errorneurons.analysis.sources.presets import (
    Preset,
    areas_in_order,
    heading,
    is_key,
    light,
    preset_of,
    quoted,
)

_NO_TRIALS = ("invalid_times", "epochs")
_UNKNOWN = '{ constant = "unknown" }'
GUESSES = {"role": _UNKNOWN, "area": _UNKNOWN, "stimulus": '{ constant = "all" }'}
"""What stands for required columns that no name tells."""
_MANY_AREAS = 20
_LONGEST_TRIAL = 60.0
"""Times beyond are not on the clock of a trial [s]."""

_HEAD = """\
# What the fields of {name} mean.
#
# A line says: <field of the contract> = "<column of the file>". Instead of a column there may be
#   {{ constant = ... }}             the same value everywhere
#   {{ metadata = "session_id" }}    a field of the file or its subject
#   {{ electrodes = "location" }}    for units: a column of the table of electrodes
# and values can be translated, e.g.
#   {{ column = "type", values = {{ 0 = "expected", 1 = "unexpected" }} }}
# Columns can be joined, combined, looked up before or during others: docs/recordings.md.
# Lines that begin with # are not read. What is not mapped counts as not recorded.
"""


def template_of(content: FileContent) -> str:
    """Return the text of a mapping file to start from, TOML with comments.

    What names tell is filled in; a file written by `write_nwb` gets a complete mapping.
    """
    preset = preset_of(content)
    chosen = preset or Preset("")
    trials = chosen.table or _likely_trials(content)
    parts = (
        heading(preset),
        _top(content, chosen),
        _session(content, trials),
        _signal(content),
        _events(content, trials, chosen),
        _trial(content, trials, {**light(content, trials), **chosen.lines}),
        _unit(content, chosen.lines),
    )
    lines = [line for part in map(tuple, parts) if part for line in ("", *part)]
    return _HEAD.format(name=_plain(content.name)) + "\n".join(lines) + "\n"


def _likely_trials(content: FileContent) -> TableContent | None:
    """Return the table with most columns that the contract knows; ``trials`` wins a draw."""
    # a series of times and values is one where nothing else may be
    whole = [t for t in content.intervals if "timestamp" not in t.names or len(t.names) > 2]
    whole = whole or [*content.intervals]
    some = [t for t in whole if not (t.name in _NO_TRIALS or LASER.search(t.name))]
    tables = sorted(some or whole, key=lambda table: table.name != "trials")
    names = [field.name for field in TRIAL]
    return max(tables, key=lambda t: sum(bool(column_called(t, n)) for n in names), default=None)


def _top(content: FileContent, preset: Preset) -> Iterator[str]:
    if column_called(content.units, "level") is None:
        yield from _areas(content)
    if content.rois:
        read = content.units is not None and content.units.name == "rois"
        yield "# Whose responses of ROIs are read; without it, the spikes of the units."
        yield f"{'' if read else '# '}rois = {quoted(preset.rois or content.rois[0])}"
    yield "# Claims to be judged, chosen before looking at the data; the report prints them."
    yield '# confirmatory = ["P02", "P04a", "P04b"]'
    yield "# Find error cells by their response to unexpected outcomes, in place of `role` below;"
    yield "# trials that choose a cell do not test it."
    yield '# labels = "localiser"'
    yield "# What a reader must know."
    yield '# notes = ""'
    yield "# Which trials and units are read: column of the file = the values with which they are."
    yield from preset.keep
    if not any(line.startswith("keep_trials") for line in preset.keep):
        yield f"# keep_trials = {{ {_kinds_of_rows(preset.table or _likely_trials(content))} }}"
    if not any(line.startswith("keep_units") for line in preset.keep):
        yield _keep_units(content.units)


_KINDS = re.compile("line|channel|state|edge|polarity|code|event|block|phase", re.IGNORECASE)


def _kinds_of_rows(trials: TableContent | None) -> str:
    """Return by what some rows of the table of trials may be kept, an example if nothing tells."""
    for column in trials.columns if trials else ():
        if _KINDS.search(column.name) and 1 < column.distinct == len(column.values):
            first = column.values[0]
            word = quoted(first) if column.dtype == "text" else first.lower()
            return f"{quoted(column.name)} = [{word}]"
    return 'block = ["main"]'


def _areas(content: FileContent) -> Iterator[str]:
    """Propose no order but one that is known: that of an alphabet is none of areas."""
    yield "# The order of the areas, the lowest first; without it no area is above another."
    area = _area_column(content)
    found = area[1].every or area[1].values if area else ()
    if order := areas_in_order(found):
        yield "# Visual areas of mice, after Harris et al. 2019 (doi:10.1038/s41586-019-1716-z) and"
        yield "# Siegle et al. 2021 (doi:10.1038/s41586-020-03171-x); confirm it for this file."
        yield f"# areas = [{', '.join(map(quoted, order))}]"
        return
    yield '# areas = ["the lowest", "the highest"]'
    yield from _comment("The file has, in no order:", list(found[:_MANY_AREAS]))


def _keep_units(units: TableContent | None) -> str:
    """Return which units are read, where a known program says which are good."""
    for name, good in (("iscell", "true"), ("group", '"good"'), ("KSLabel", '"good"')):
        if units is not None and name in units.names:
            return f"keep_units = {{ {name} = [{good}] }}"
    return '# keep_units = { quality = ["good"] }'


def _session(content: FileContent, trials: TableContent | None) -> Iterator[str]:
    fallback = {
        "animal": ("subject.subject_id", "file.sub", *FOLDERS_ABOVE),
        "session_id": ("session_id", "identifier", "file.name", *FOLDERS_ABOVE[::-1]),
        "species": ("subject.species",),
    }
    yield "[session]"
    for attribute in ATTRIBUTES:
        if (name := attribute.name) in ASKED_NOWHERE:
            continue
        column = _attribute(content, trials, name)
        given = content.called(name) or [k for k in fallback.get(name, ()) if k in content.about]
        if column:
            yield f"{name} = {quoted(column.name)}"
        elif given:
            found = _plain(content.about[given[0]])
            yield f"{name} = {{ metadata = {quoted(given[0])} }}  # {found}"
        elif name in fallback and attribute.required:
            yield f'{name} = {{ constant = "unknown" }}  # a guess; {attribute.meaning}'
        else:
            yield f'# {name} = {{ constant = "?" }}  # {attribute.meaning}'


def _signal(content: FileContent) -> Iterator[str]:
    """Say where activity is, in files that leave it open."""
    if not content.arrays:
        return
    yield "[signal]"
    if content.signal is None:
        yield "# Decide: values with dims, or spike_times with spike_units; see docs/recordings.md."
        return
    said = content.signal.model_dump(exclude_unset=True, exclude_none=True)
    if content.known:
        yield "# As the program that wrote the folder says; a line here counts before it."
    else:
        yield "# A guess by names and shapes: check each line."
    for name, value in said.items():
        if value:
            yield f"{'# ' if content.known else ''}{name} = {_toml(value)}"
    if content.signal.values and not (content.signal.has_trials or content.signal.frame_times):
        yield "rate = 30.0  # a guess; frames a second of one plane" if "rate" not in said else ""
    if content.signal.spike_times and "rate" not in said:
        yield "# rate = 30000.0  # where times are counted in samples, so many a second"


def _toml(value: object) -> str:
    if isinstance(value, dict):
        return f"{{ {', '.join(f'{key} = {_toml(inner)}' for key, inner in value.items())} }}"
    return json.dumps(value, ensure_ascii=False)


def _cut_events(content: FileContent) -> Iterator[str]:
    if content.signal and (content.signal.bin_starts or "time" in content.signal.columns):
        yield "# Bins are those of the recording; start and stop choose a part of them [s]."
        return
    if content.window:
        yield "# Decide: what is counted, on the clock of trials, and the width of a bin [s]."
        yield from (f"{n} = {t:g}" for n, t in zip(("start", "stop"), content.window, strict=True))
        yield "bin_width = 0.05  # a guess"
        return
    yield "# Decide: when the first bin starts, relative to time zero, and the width of a bin [s]."
    yield "start = 0.0  # a guess"
    yield "bin_width = 0.05  # a guess"


def _events(content: FileContent, trials: TableContent | None, preset: Preset) -> Iterator[str]:
    yield "[events]"
    if content.signal is not None and content.signal.has_trials:
        yield from _where_trials_stand(content, trials)
        yield from _cut_events(content)
        return
    if trials is None and content.arrays:
        yield '# file = "trials.csv"  # nothing here seems to be a table of trials; put it beside'
    if trials is None:
        yield '# table = "?"  # this file has no interval table; a recording needs one of trials'
        return
    others = [table.name for table in content.intervals if table is not trials]
    yield from _comment("other interval tables:", others)
    yield from _where_trials_stand(content, trials)
    times = [c.name for c in trials.columns if _TIMES.search(c.name)]
    yield from _comment("time zero of a trial [s], or a list of its events; there are", times)
    zero = preset.zero or _zero(trials)
    yield f"time_zero = {quoted(zero)}" if zero else '# time_zero = "?"  # no name tells of times'
    rate, counted = _ticks(zero)
    if counted:
        yield f"rate = {rate:.10g}  # a guess; {counted}"
    start, stop, width = _window(trials)
    if width is None:
        yield "# Decide: what is cut out around time zero, and the width of a bin [s]."
        apart = next((c.apart / rate for c in trials.columns if c.name == zero), math.nan)
        start, stop, width = _fitting(content, apart)
    yield f"start = {start:.10g}"
    yield f"stop = {stop:.10g}"
    yield f"bin_width = {width:.10g}"
    yield f"{'' if preset.drop_missing else '# '}drop_missing = true  # leave out trials without it"


_TIMES = re.compile(r"time|onset|start|stamp|frame|sample|(^|_)(on|t|ms)$", re.IGNORECASE)
_TICKS = (
    (re.compile("^(?!.*time).*frame", re.IGNORECASE), 30.0, "frames a second of one plane"),
    (re.compile("^(?!.*time).*sample", re.IGNORECASE), 30000.0, "samples a second"),
    (re.compile(r"_ms$|\bms\b|msec|milli", re.IGNORECASE), 1000.0, "milliseconds"),
)
"""Names of times that are no seconds -> so many a second, and what is counted."""


def _where_trials_stand(content: FileContent, trials: TableContent | None) -> Iterator[str]:
    file = content.beside.get(trials.name) if trials else None
    if file:
        yield f"file = {quoted(file)}"
    of_its_own = trials is not None and not trials.name.startswith(IN_NO_TABLE)
    if trials and of_its_own and (file is None or file.endswith((".mat", ".npz"))):
        yield f"table = {quoted(trials.name)}"


def _zero(trials: TableContent) -> str:
    """Return the column that seems to be time zero of a trial; empty if none does."""
    for name in ("time_zero", "start_time", "input_onset", "timestamp"):
        if column := column_called(trials, name):
            return column.name
    times = [c for c in trials.columns if _TIMES.search(c.name) and math.isfinite(c.low)]
    # of several, those that differ in each trial: a delay is no time on the clock
    every = [c.name for c in times if c.distinct == trials.rows]
    return (*every, *(c.name for c in times), "")[0]


def _ticks(name: str) -> tuple[float, str]:
    """Return how many a second times under a name are counted in, and what is counted."""
    return next(((rate, what) for found, rate, what in _TICKS if found.search(name)), (1.0, ""))


def _window(trials: TableContent) -> tuple[float, float, float | None]:
    """Return start, stop and bin width as `write_nwb` notes them; a usual window otherwise."""
    names = ("start_time", "time_zero", "stop_time", "bin_width")
    columns = [column_called(trials, name) for name in names]
    if None in columns:
        return -0.5, 1.0, None
    start, zero, stop, width = (column.low for column in columns if column)
    bins = round((stop - start) / width)
    start = round(start - zero, 9)
    return start, start + bins * width, width


def _fitting(content: FileContent, apart: float) -> tuple[float, float, float]:
    """Return a usual window, shortened until those of trials `apart` [s] do not overlap."""
    frames = column_called(content.units, "imaging_rate")
    width = 0.05
    if frames is not None and 0 < frames.low < 1 / width:
        width = math.ceil(10 / frames.low) / 10
    bins = math.floor(apart / width - 1e-6) if apart > 0 else round(1.5 / width)
    bins = max(min(bins, round(1.5 / width)), 1)
    before = bins // 3
    return -before * width, (bins - before) * width, width


def _attribute(
    content: FileContent, trials: TableContent | None, name: str
) -> ColumnContent | None:
    """Return the column of trials that holds an attribute of the session."""
    if name == "animal" and column_called(content.units, name) is None:
        return None  # one animal for all units
    return column_called(trials, name)


def _trial(
    content: FileContent, trials: TableContent | None, lines: Mapping[str, str]
) -> Iterator[str]:
    yield "[trial]"
    yield "# Onsets are read as times of the recording [s]."
    for field in TRIAL:
        if field.name in lines:
            yield f"{field.name} = {lines[field.name]}"
        elif field.name != "trial_start":
            cut = content.signal is not None and content.signal.has_trials
            start = (trials and _zero(trials)) or "start_time"
            onset = "{ constant = 0.0 }" if cut else quoted(start)
            column = column_called(trials, field.name)
            if cut and field.units == ("s",) and column and not column.high < _LONGEST_TRIAL:
                column = None  # a time of the recording, and none of the trial
            yield from _line(field, column, GUESSES | {"input_onset": onset})
    used = {c.name for a in ATTRIBUTES if (c := _attribute(content, trials, a.name))}
    used |= {"start_time", "stop_time", "time_zero", "bin_width"}
    yield from _unused(not_used(trials, [f.name for f in TRIAL], used))


def _unused(columns: Sequence[ColumnContent]) -> Iterator[str]:
    if columns:
        yield "# Not used yet:"
    yield from (f"#   {printable(column.name)}: {_some(column)}" for column in columns)


def _unit(content: FileContent, lines: Mapping[str, str]) -> Iterator[str]:
    yield "[unit]"
    for field in UNIT:
        column = column_called(content.units, field.name)
        if field.name == "unit_id" and column_called(content.units, "animal") is None:
            # numbers that every probe begins anew are none
            column = column if is_key(column, content.units) else None
        area = _area_column(content)
        if field.name in lines:
            yield f"{field.name} = {lines[field.name]}"
        elif field.name == "area" and column is None and area:
            yield f"area = {{ {area[0]} = {quoted(area[1].name)} }}  # {_some(area[1])}"
        elif field.name == "label_error" and column and content.units:
            yield _label_error(column, content.units)
        else:
            yield from _line(field, column, GUESSES)
    used = {*OF_NO_FIELD, *(a.name for a in ATTRIBUTES)}
    yield from _unused(not_used(content.units, [f.name for f in UNIT], used))


def _area_column(content: FileContent) -> tuple[str, ColumnContent] | None:
    for origin, table in (("column", content.units), ("electrodes", content.electrodes)):
        column = column_called(table, "area")
        if column:
            return origin, column
    return None


def _label_error(column: ColumnContent, units: TableContent) -> str:
    parts = [f"column = {quoted(column.name)}"]
    ends = [end for end in ("low", "high") if f"label_error_{end}" in units.names]
    parts += [f'{end} = "label_error_{end}"' for end in ends]
    source = column_called(units, "label_error_source")
    if source and source.values:
        alike = source.distinct == 1
        parts.append(f"source = {quoted(source.values[0] if alike else source.name)}")
    return f"label_error = {{ {', '.join(parts)} }}"


def _line(field: Field, column: ColumnContent | None, guesses: Mapping[str, str]) -> Iterator[str]:
    allowed = f" ({', '.join(map(str, field.values))})" if field.values else ""
    if column is None and field.name in guesses:
        yield f"{field.name} = {guesses[field.name]}  # a guess; {field.long_name}{allowed}"
    elif column is None:
        yield f'# {field.name} = "?"  # {field.long_name}{allowed}'
    elif field.kind == "text" and not set(column.values) <= set(field.values or column.values):
        values = ", ".join(f'{quoted(value)} = "?"' for value in column.values)
        yield f"# Decide which of{allowed}:"
        yield f"# {field.name} = {{ column = {quoted(column.name)}, values = {{ {values} }} }}"
    else:
        yield f"{field.name} = {quoted(column.name)}  # {_some(column)}"


def _some(column: ColumnContent) -> str:
    return _plain(", ".join(column.values) or column.dtype)


def _comment(text: str, names: list[str]) -> Iterator[str]:
    if names:
        yield printable(f"# {text} {', '.join(names)}")


def _plain(text: str) -> str:
    line = printable(text)
    return line if len(line) <= 70 else f"{line[:67]}..."
