"""Write a mapping file to start from: what names tell is filled in, the rest is explained."""

from __future__ import annotations

import json
import math
from collections.abc import Collection, Iterator, Mapping, Sequence

from errorneurons.analysis.session.schema import ATTRIBUTES, TRIAL, UNIT, Field
from errorneurons.analysis.sources.content import (
    IN_NO_TABLE,
    ColumnContent,
    FileContent,
    TableContent,
    printable,
)
from errorneurons.analysis.sources.lasers import LASER
from errorneurons.analysis.sources.presets import (
    Preset,
    areas_in_order,
    heading,
    light,
    preset_of,
    quoted,
)

_STIMULI = (
    "stimulusname", "stimcategory", "stim", "stimulusid", "condition", "image", "cue",
    "contrastleft", "imagename", "cond", "gaborstimulusside", "kind", "trialtype", "eventtype",
    "type",
)  # fmt: skip
SYNONYMS: dict[str, tuple[str, ...]] = {
    "animal": ("mouse", "mouseid", "animalid", "subject", "subjectid"),
    "session_id": ("session",),
    "stimulus": _STIMULI,
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
    "unit_id": ("unitname", "clusterid", "unit"),
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

_NO_TRIALS = ("invalid_times", "epochs")
GUESSES = {
    "role": '{ constant = "unknown" }',
    "area": '{ constant = "unknown" }',
    "stimulus": '{ constant = "all" }',
}
"""What stands for required columns that no name tells."""
_MANY_AREAS = 20
_NO_LABELS = (
    "spike_times", "obs_intervals", "electrodes", "waveform_mean", "label_error_low",
    "label_error_high", "label_error_source", "array",
)  # fmt: skip
"""Columns of units that say nothing of what a unit is, or are read with another."""

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
    some = [t for t in content.intervals if not (t.name in _NO_TRIALS or LASER.search(t.name))]
    tables = sorted(some or content.intervals, key=lambda table: table.name != "trials")
    names = [field.name for field in TRIAL]
    return max(tables, key=lambda t: sum(bool(_find(t, n)) for n in names), default=None)


def _find(table: TableContent | None, name: str) -> ColumnContent | None:
    """Return the column of a table that goes by a name or one of its synonyms."""
    if table is None:
        return None
    for wanted in (name.replace("_", ""), *SYNONYMS.get(name, ())):
        for column in table.columns:
            if column.name.lower().replace("_", "").replace(" ", "") == wanted:
                return column
    return None


def _top(content: FileContent, preset: Preset) -> Iterator[str]:
    if _find(content.units, "level") is None:
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
        yield '# keep_trials = { block = ["main"] }'
    if not any(line.startswith("keep_units") for line in preset.keep):
        yield _keep_units(content.units)


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
        "animal": ("subject.subject_id", "folder.above", "folder.name"),
        "session_id": ("session_id", "identifier", "file.name"),
        "species": ("subject.species",),
    }
    yield "[session]"
    for attribute in ATTRIBUTES:
        name = attribute.name
        if name in ("schema_version", "confirmatory", "cautions", "notes", "provenance"):
            continue
        column = _attribute(content, trials, name)
        given = [key for key in fallback.get(name, ()) if key in content.about]
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
            yield f"{'# ' if content.known else ''}{name} = {json.dumps(value, ensure_ascii=False)}"
    if content.signal.values and not (content.signal.has_trials or content.signal.frame_times):
        yield "rate = 30.0  # a guess; frames a second of one plane" if "rate" not in said else ""
    if content.signal.spike_times and "rate" not in said:
        yield "# rate = 30000.0  # where times are counted in samples, so many a second"


def _cut_events(content: FileContent) -> Iterator[str]:
    if content.signal and content.signal.bin_starts:
        yield "# Bins are those of the recording; start and stop choose a part of them [s]."
        return
    yield "# Decide: when the first bin starts, relative to time zero, and the width of a bin [s]."
    yield "start = 0.0  # a guess"
    yield "bin_width = 0.05  # a guess"


def _events(content: FileContent, trials: TableContent | None, preset: Preset) -> Iterator[str]:
    yield "[events]"
    if content.signal is not None and content.signal.has_trials:
        yield from _cut_events(content)
        return
    if trials is None and content.arrays:
        yield '# file = "trials.csv"  # nothing here seems to be a table of trials; put it beside'
    if trials is None:
        yield '# table = "?"  # this file has no interval table; a recording needs one of trials'
        return
    others = [table.name for table in content.intervals if table is not trials]
    yield from _comment("other interval tables:", others)
    if trials.name in content.beside:
        yield f"file = {quoted(content.beside[trials.name])}"
    elif not trials.name.startswith(IN_NO_TABLE):
        yield f"table = {quoted(trials.name)}"
    times = [c.name for c in trials.columns if "time" in c.name or "onset" in c.name]
    yield from _comment("time zero of a trial [s], or a list of its events; there are", times)
    zero = preset.zero or _zero(trials)
    yield f"time_zero = {quoted(zero)}"
    start, stop, width = _window(trials)
    if width is None:
        yield "# Decide: what is cut out around time zero, and the width of a bin [s]."
        start, stop, width = _fitting(content, next(c for c in trials.columns if c.name == zero))
    yield f"start = {start:.10g}"
    yield f"stop = {stop:.10g}"
    yield f"bin_width = {width:.10g}"
    yield f"{'' if preset.drop_missing else '# '}drop_missing = true  # leave out trials without it"


def _zero(trials: TableContent) -> str:
    """Return the column that seems to be time zero of a trial."""
    for name in ("time_zero", "start_time", "input_onset", "timestamp"):
        if column := _find(trials, name):
            return column.name
    times = [
        c.name for c in trials.columns if "onset" in c.name.lower() or "time" in c.name.lower()
    ]
    return (*times, "start_time")[0]


def _window(trials: TableContent) -> tuple[float, float, float | None]:
    """Return start, stop and bin width as `write_nwb` notes them; a usual window otherwise."""
    columns = [_find(trials, n) for n in ("start_time", "time_zero", "stop_time", "bin_width")]
    if None in columns:
        return -0.5, 1.0, None
    start, zero, stop, width = (column.low for column in columns if column)
    bins = round((stop - start) / width)
    start = round(start - zero, 9)
    return start, start + bins * width, width


def _fitting(content: FileContent, zero: ColumnContent) -> tuple[float, float, float]:
    """Return a usual window, shortened until those of two trials do not overlap."""
    frames = _find(content.units, "imaging_rate")
    width = 0.05
    if frames is not None and 0 < frames.low < 1 / width:
        width = math.ceil(10 / frames.low) / 10
    bins = math.floor(zero.apart / width - 1e-6) if zero.apart > 0 else round(1.5 / width)
    bins = max(min(bins, round(1.5 / width)), 1)
    before = bins // 3
    return -before * width, (bins - before) * width, width


def _attribute(
    content: FileContent, trials: TableContent | None, name: str
) -> ColumnContent | None:
    """Return the column of trials that holds an attribute of the session."""
    if name == "animal" and _find(content.units, name) is None:
        return None  # one animal for all units
    return _find(trials, name)


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
            onset = (
                "{ constant = 0.0 }" if cut else quoted(_zero(trials) if trials else "start_time")
            )
            yield from _line(field, _find(trials, field.name), GUESSES | {"input_onset": onset})
    used = {c.name for a in ATTRIBUTES if (c := _attribute(content, trials, a.name))}
    yield from _unused(trials, TRIAL, {*used, "start_time", "stop_time", "time_zero", "bin_width"})


def _unused(
    table: TableContent | None, fields: Sequence[Field], used: Collection[str]
) -> Iterator[str]:
    """Yield the columns of a table of which the mapping says nothing yet."""
    known = {*used, *(c.name for field in fields if (c := _find(table, field.name)))}
    unused = [c for c in table.columns if c.name not in known] if table else []
    if unused:
        yield "# Not used yet:"
    yield from (f"#   {printable(column.name)}: {_some(column)}" for column in unused)


def _unit(content: FileContent, lines: Mapping[str, str]) -> Iterator[str]:
    yield "[unit]"
    for field in UNIT:
        column = _find(content.units, field.name)
        area = _area_column(content)
        if field.name in lines:
            yield f"{field.name} = {lines[field.name]}"
        elif field.name == "area" and column is None and area:
            yield f"area = {{ {area[0]} = {quoted(area[1].name)} }}  # {_some(area[1])}"
        elif field.name == "label_error" and column and content.units:
            yield _label_error(column, content.units)
        else:
            yield from _line(field, column, GUESSES)
    yield from _unused(content.units, UNIT, {*_NO_LABELS, *(a.name for a in ATTRIBUTES)})


def _area_column(content: FileContent) -> tuple[str, ColumnContent] | None:
    for origin, table in (("column", content.units), ("electrodes", content.electrodes)):
        column = _find(table, "area")
        if column:
            return origin, column
    return None


def _label_error(column: ColumnContent, units: TableContent) -> str:
    parts = [f"column = {quoted(column.name)}"]
    ends = [end for end in ("low", "high") if f"label_error_{end}" in units.names]
    parts += [f'{end} = "label_error_{end}"' for end in ends]
    source = _find(units, "label_error_source")
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
