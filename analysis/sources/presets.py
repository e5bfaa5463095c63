"""Conventions of public sources, told by the names in a file, and what is right to propose in each.

A file of a convention gets a mapping that says which table holds the trials, what foretells what,
and which units its makers hold for good. A convention is a function: what is in a file -> what to
propose, or None if the file is of another one.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TypeGuard

from errorneurons.analysis.sources.content import ColumnContent, FileContent, TableContent
from errorneurons.analysis.sources.lasers import LASER, LIGHT_POWER


@dataclass(frozen=True)
class Preset:
    """What a convention proposes.

    Attributes
    ----------
    name
        The convention, and where it is described.
    table
        The table of trials.
    zero
        The column that is time zero of a trial, empty for what its name tells.
    drop_missing
        Whether trials may lack it.
    lines
        Column of the contract -> what to write after the equals sign.
    keep
        Lines that keep trials and units.
    rois
        What responses of ROIs to read.
    """

    name: str
    table: TableContent | None = None
    zero: str = ""
    drop_missing: bool = False
    lines: Mapping[str, str] = field(default_factory=dict)
    keep: tuple[str, ...] = ()
    rois: str = ""


def preset_of(content: FileContent) -> Preset | None:
    """Return what the convention of a file proposes, None if it is of none that is known."""
    found = (convention(content) for convention in CONVENTIONS)
    return next((preset for preset in found if preset is not None), None)


def _column(table: TableContent | None, *names: str) -> ColumnContent | None:
    """Return the first of some columns that a table has, by lower case."""
    known = {} if table is None else {column.name.lower(): column for column in table.columns}
    return next((known[name.lower()] for name in names if name.lower() in known), None)


def _with(content: FileContent, *names: str) -> TableContent | None:
    """Return the longest table that has all of some columns."""
    fit = [t for t in content.intervals if all(_column(t, name) for name in names)]
    return max(fit, key=lambda table: table.rows, default=None)


def _truth(column: ColumnContent, yes: str, no: str) -> str:
    """Return a line that translates a column of true and false, however it is written."""
    words = ("true", "false") if column.dtype in ("bool", "text") else ("1", "0")
    if column.dtype == "text" and not {*column.values} <= {"true", "false"}:
        words = ("True", "False")
    meaning = f"{words[0]} = {quoted(yes)}, {words[1]} = {quoted(no)}"
    return f'{{ column = {quoted(column.name)}, values = {{ {meaning} }}, default = "none" }}'


def quoted(text: str) -> str:
    """Return a text as TOML writes it."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def _kept(what: str, column: ColumnContent | None, good: str) -> tuple[str, ...]:
    return () if column is None else (f"{what} = {{ {quoted(column.name)} = {good} }}",)


def allen_flashes(content: FileContent) -> Preset | None:
    """Return the mapping of Visual Behavior, Neuropixels or two-photon: flashes, some left out."""
    table = _with(content, "start_time", "image_name", "omitted")
    omitted = _column(table, "omitted")
    if table is None or omitted is None:
        return None
    change, ids = _column(table, "is_change"), _column(content.units, "cell_specimen_id")
    replayed = _where(_column(table, "active"), yes=True)
    kept = [*_where(change, yes=False), *replayed]
    lines = {
        "stimulus": '{ column = "image_name", previous = true, default = "none" }  '
        "# the image before, which foretells that it comes again",
        "input_onset": '{ column = "start_time", previous = true }  # when that came',
        "outcome": _truth(omitted, "unexpected", "expected") + "  # the image, or its omission",
        "outcome_onset": '"start_time"',
    }
    rois = content.units is not None and content.units.name == "rois"
    good = _column(content.units, "valid_roi") if rois else _column(content.units, "quality")
    return Preset(
        "Allen Institute, Visual Behavior (brain-map.org): a trial is a flash; changes of the "
        f"image {'and the passive replay ' * bool(replayed)}are left out",
        table,
        "start_time",
        lines=lines | ({"unit_id": quoted(ids.name)} if is_key(ids, content.units) else {}),
        keep=(
            *((f"keep_trials = {{ {', '.join(kept)} }}",) if kept else ()),
            *_kept("keep_units", good, _good(good)),
        ),
    )


def _where(column: ColumnContent | None, *, yes: bool) -> list[str]:
    """Return what keeps rows where a column is true, or false, if it is either."""
    if column is None or column.distinct < 2:
        return []
    word = str(yes).lower() if column.dtype == "bool" else str(int(yes))
    return [f"{quoted(column.name)} = [{word}]"]


def is_key(column: ColumnContent | None, table: TableContent | None) -> TypeGuard[ColumnContent]:
    """Return whether each row has a value of its own; a cell that is not matched has id -1."""
    return column is not None and table is not None and column.distinct == table.rows


def _good(column: ColumnContent | None) -> str:
    if column is None or column.dtype == "text":
        return '["good"]'
    return "[true]" if column.dtype == "bool" else "[1]"


_SHOWN = (
    "orientation", "temporal_frequency", "spatial_frequency", "contrast", "frame", "image_name",
    "color", "x_position", "y_position",
)  # fmt: skip
_RANK = ("drifting_gratings", "static_gratings", "natural_scenes", "flashes", "gabors")


def allen_presentations(content: FileContent) -> Preset | None:
    """Return the mapping of Visual Coding, or OpenScope: each kind of stimulus has its table."""
    every = [
        table
        for table in content.intervals
        if table.name.endswith("_presentations") and not table.name.startswith("spontaneous")
    ]
    if not every:
        return None
    rank = {name: k for k, name in enumerate(_RANK)}
    table = min(every, key=lambda t: (rank.get(t.name.removesuffix("_presentations"), 9), -t.rows))
    shown = [c for n in _SHOWN if (c := _column(table, n)) and c.distinct > 1]
    names = ", ".join(quoted(column.name) for column in shown)
    one = _column(table, "stimulus_name")
    said = quoted(one.name) if one else '{ constant = "shown" }'
    good = _column(content.units, "quality")
    return Preset(
        "Allen Institute, one table of presentations for each kind of stimulus (brain-map.org)",
        table,
        "start_time",
        lines={
            "stimulus": f"{{ combine = [{names}] }}" if shown else said,
            "input_onset": '"start_time"',
        },
        keep=_kept("keep_units", good, _good(good)),
    )


def ibl(content: FileContent) -> Preset | None:
    """Return the mapping of the International Brain Laboratory, in NWB or in the naming of ALF."""
    table = _with(content, "gabor_stimulus_onset_time") or _with(content, "stimOn_times")
    zero = _column(table, "gabor_stimulus_onset_time", "stimOn_times")
    if table is None or zero is None:
        return None
    side = _column(table, "gabor_stimulus_side")
    parts = [c for n in ("contrastLeft", "contrastRight") if (c := _column(table, n))]
    blanks = ", ".join(f'{{ column = {quoted(c.name)}, default = "-" }}' for c in parts)
    if side is not None and _column(table, "gabor_stimulus_contrast"):
        stimulus = f'{{ combine = [{quoted(side.name)}, "gabor_stimulus_contrast"] }}'
    else:
        stimulus = f"{{ combine = [{blanks}] }}" if parts else '{ constant = "grating" }'
    return Preset(
        "International Brain Laboratory (Brain Wide Map, doi:10.1038/s41586-025-09235-0): good "
        "units have all three marks",
        table,
        zero.name,
        drop_missing=True,
        lines=_feedback(table, stimulus, zero),
        keep=_kept("keep_units", _column(content.units, "ibl_quality_score", "label"), "[1]"),
    )


def _feedback(table: TableContent, stimulus: str, zero: ColumnContent) -> dict[str, str]:
    """Return what tasks with a choice and its feedback have in common."""
    lines = {"stimulus": stimulus, "input_onset": quoted(zero.name)}
    if when := _column(table, "feedback_time", "feedback_times"):
        lines["outcome_onset"] = quoted(when.name)
    result = _column(table, "is_mouse_rewarded", "feedbackType", "feedback_type")
    if result is not None and result.dtype == "bool":
        lines["performance"] = quoted(result.name)
    elif result is not None and {*result.values} <= {"-1", "1"}:
        values = "values = { 1 = 1, -1 = 0 }"
        lines["performance"] = f"{{ column = {quoted(result.name)}, {values} }}"
    return lines


def steinmetz(content: FileContent) -> Preset | None:
    """Return the mapping of Steinmetz et al. (2019), in NWB or in the naming of ALF."""
    names = ("visual_stimulus_time", "visualStim_times")
    table = _with(content, names[0]) or _with(content, names[1])
    zero = _column(table, *names)
    if table is None or zero is None:
        return None
    sides = [
        ("visual_stimulus_left_contrast", "visual_stimulus_right_contrast"),
        ("visualStim_contrastLeft", "visualStim_contrastRight"),
    ]
    pair = next((p for p in sides if all(_column(table, n) for n in p)), ())
    names_ = ", ".join(map(quoted, pair))
    included = _column(table, "included")
    noted = _column(content.units, "phy_annotations", "_phy_annotation", "phy_annotation")
    return Preset(
        "Steinmetz et al. 2019 (doi:10.1038/s41586-019-1787-x): units noted 2 or more are good",
        table,
        zero.name,
        drop_missing=True,
        lines=_feedback(table, f"{{ combine = [{names_}] }}" if pair else '"stimulus"', zero),
        keep=(
            *_kept("keep_trials", included, "[true]" if _is_bool(included) else "[1]"),
            *_kept("keep_units", noted, '">= 2"'),
        ),
    )


def _is_bool(column: ColumnContent | None) -> bool:
    return column is not None and column.dtype == "bool"


def suite2p_in_nwb(content: FileContent) -> Preset | None:
    """Return what Suite2p left in NWB, as NeuroConv writes it."""
    kinds = {name: name.rpartition("/")[2].lower() for name in content.rois}
    # series of several planes have the name of the plane behind them
    deconvolved, around = (
        [name for name, kind in kinds.items() if kind.startswith(begin)]
        for begin in ("deconvolved", "neuropil")
    )
    accepted = _column(content.units, "Accepted", "iscell")
    if not deconvolved or (accepted is None and not around):
        return None
    found = deconvolved[0] if len(deconvolved) == 1 else f"{_folder(deconvolved[0])}/Deconvolved*"
    return Preset(
        "Suite2p by NeuroConv (neuroconv.readthedocs.io): cells that were accepted; deconvolved, "
        "since the surround is taken away from that alone",
        rois="" if _folder(content.rois[0]) != _folder(found) else found,
        keep=_kept("keep_units", accepted, _good(accepted)),
    )


def _folder(name: str) -> str:
    return name.rpartition("/")[0]


CONVENTIONS: tuple[Callable[[FileContent], Preset | None], ...] = (
    allen_flashes,
    allen_presentations,
    ibl,
    steinmetz,
    suite2p_in_nwb,
)
"""Conventions in the order in which they are tried."""

MOUSE_VISUAL = (
    ("LGd", "LGN"), ("VISp", "V1"), ("VISl", "LM"), ("VISrl", "RL"), ("LP",), ("VISal", "AL"),
    ("VISpm", "PM"), ("VISam", "AM"),
)  # fmt: skip
"""Visual areas of the mouse, the lowest first, under their names.

Source: Harris et al. 2019 (doi:10.1038/s41586-019-1716-z), as used by Siegle et al. 2021
(doi:10.1038/s41586-020-03171-x).
"""
_IN_MICE = "VIS"


def areas_in_order(found: tuple[str, ...]) -> tuple[str, ...]:
    """Return those of some areas that have a known place in a hierarchy, the lowest first.

    Names as short as LM or PM are taken for visual areas only beside V1 or another of them.
    """
    known = [name for names in MOUSE_VISUAL for name in names if name in found]
    if len(known) < 2 or not any(n == "V1" or n.startswith(_IN_MICE) for n in known):
        return ()
    return tuple(known)


def light(content: FileContent, trials: TableContent | None) -> dict[str, str]:
    """Return lines on laser pulses that stand in a table of their own and meet the trials."""
    start = None if _column(trials, "manipulation") else _column(trials, "start_time")
    for table in content.intervals if start else ():
        begin, end = _column(table, "start_time"), _column(table, "stop_time")
        is_light = LASER.search(table.name) or LIGHT_POWER in table.names
        apart = table is trials or not is_light or begin is None or end is None
        if apart or begin is None or start is None:
            continue
        if begin.low > start.high or begin.high < start.low:
            continue
        name = quoted(table.name)
        values = 'values = { true = "silence", false = "none" }'
        role = 'values = { true = "unknown", false = "none" }'
        area = _column(table, "site", "area", "location")
        lines = {
            "manipulation": f'{{ during = {name}, {values} }}  # a guess: "silence" or "drive"',
            "manipulated_role": f"{{ during = {name}, {role} }}",
            "manipulated_area": '{ constant = "unknown" }',
            "manipulation_onset": f'{{ during = {name}, column = "start_time" }}',
            "manipulation_offset": f'{{ during = {name}, column = "stop_time" }}',
        }
        if area:
            column = f"column = {quoted(area.name)}"
            lines["manipulated_area"] = f'{{ during = {name}, {column}, default = "none" }}'
        return lines
    return {}


def heading(preset: Preset | None) -> Iterator[str]:
    """Yield the lines that say which convention was recognised."""
    if preset is not None:
        yield f"# Recognised: {preset.name}."
        yield "# What it proposes below is what is usual there; confirm each line."
