"""Says what ablations did, on a page and in tables. It formats, and computes nothing but counts."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr
from markupsafe import Markup

from errorneurons import __version__
from errorneurons.analysis.figures.ablations import EffectCell, effect_map, paired_strips
from errorneurons.analysis.figures.effects import StripRow
from errorneurons.predictions.pages.drawing import circuit_svg
from errorneurons.predictions.pages.looks import style_of
from errorneurons.predictions.pages.page import replace_file
from errorneurons.predictions.studies.ablations import (
    RATIOS,
    TO_ROUNDING,
    AblationEffect,
    effects_table,
)
from errorneurons.predictions.studies.lesions import Pairs
from errorneurons.predictions.texts import paragraphs, written
from errorneurons.predictions.words import counted, listed, number
from errorneurons.simulate.ablations.registry import ABLATIONS, LEARNERS, NULLS, Ablation
from errorneurons.simulate.store.files import replacing, write_netcdf
from errorneurons.simulate.tasks.registry import intact, why_not
from errorneurons.simulate.tasks.registry import task as task_entry
from errorneurons.simulate.tasks.task import TaskDesign
from errorneurons.simulate.theories.registry import theory as find

DASH, MINUS, ARROW = "\N{EN DASH}", "\N{MINUS SIGN}", "\N{RIGHTWARDS ARROW}"
UNSETTLED = "\N{DAGGER}"
GROUPS = {
    "whole network": ("learning", "score", "inference"),
    "error, times intact": ("error",),
    "change, times intact": ("change",),
    "angle to backprop [deg]": ("angle",),
    "feedback to W\u1d40 [deg]": ("feedback",),
}
"""Groups of columns of a map, and the measures in each."""
MATTERS = 0.1
"""A cut matters for learning if it costs a tenth of the loss that intact networks remove, and for
inference if the output moves by a tenth of its tuning energy."""
WORDS = {
    "learning": "share of loss removed",
    "score": "score",
    "inference": "output without teaching",
    "error": "error",
    "change": "change of synapses",
    "angle": "angle to backprop [deg]",
    "feedback_start": "feedback to the transpose of W, untrained [deg]",
    "feedback": "feedback to the transpose of W, trained [deg]",
}


@dataclass(frozen=True)
class _Card:
    """What the page shows of one ablation."""

    ablation: Ablation
    drawing: Markup
    demands: tuple[tuple[bool, str], ...]
    strip: Markup
    rows: tuple[tuple[str, ...], ...]
    absent: tuple[str, ...]


@dataclass(frozen=True)
class Map:
    """The map of one theory."""

    label: str
    intact: str
    svg: Markup


def write_page(
    data: xr.Dataset, found: tuple[AblationEffect, ...], pairs: Pairs, folder: Path, command: str
) -> Path:
    """Write ``ablations.csv``, ``ablations.nc`` and ``report.html``; return the page's path."""
    folder.mkdir(parents=True, exist_ok=True)
    replace_file(
        folder / "ablations.csv", effects_table(found).to_csv(index=False, lineterminator="\n")
    )
    with replacing(folder / "ablations.nc") as part:
        write_netcdf(data, part)
    design = TaskDesign(**json.loads(data.attrs["design"]))
    names = {a.name for _, a in pairs}
    chosen = [a for a in ABLATIONS if a.name in names]
    theories = list(dict.fromkeys(e.theory for e in found))
    page = written("ablations.html", {
        "task": task_entry(design.task),
        "answer": ablations_answer(found),
        "agreement": agreement(found),
        "notes": _notes(data),
        "maps": [_map(name, found, data) for name in theories],
        "cards": [_card(a, found, data, design.task) for a in chosen],
        "theories": [find(name) for name in theories],
        "absent": _absent(design.task),
        "ablations": chosen,
        "methods": _methods(design),
        "configuration": {"errorneurons": __version__, **asdict(design)},
        "command": command,
    })  # fmt: skip
    replace_file(folder / "report.html", page)
    return folder / "report.html"


def ablations_answer(found: Sequence[AblationEffect]) -> str:
    """Return one sentence: which cuts matter for learning, and which for inference.

    It is about the first theory; that nothing is learnt without plasticity goes without saying.
    """
    first = found[0].theory
    own = {(e.ablation, e.measure): e for e in found if e.theory == first and not e.area}
    labels = {a.name: a.label for a in ABLATIONS}
    seen = dict.fromkeys(e.ablation for e in found if e.theory == first)
    names = [name for name in seen if name != "without_learning"] or list(seen)
    learning = sorted(
        (own[n, "learning"].value, labels[n]) for n in names
        if own[n, "learning"].high < 0 and own[n, "learning"].value < -MATTERS
    )  # fmt: skip
    moving = [labels[n] for n in names if own[n, "inference"].value > MATTERS]
    lesions = sum(math.isfinite(own[n, "inference"].value) for n in names)
    label = find(first).label
    said = f"No ablation costs the {label} a tenth of the loss that it could remove"
    if learning:
        costly = listed(f"{name} ({number(value)})" for value, name in learning)
        said = f"The {label} learns less of the task with {costly}"
    return f"{said}{_moved(moving, lesions)}."


def _moved(moving: Sequence[str], lesions: int) -> str:
    """Return which lesions of trained networks move what they infer, the end of a sentence."""
    if not lesions:
        return ""
    verb = "moves" if len(moving) == 1 else "move"
    one = f"{listed(moving)} {verb}" if moving else "none moves"
    return f"; of {counted(lesions, 'lesion')} of trained networks, {one} what they infer"


def agreement(found: Sequence[AblationEffect]) -> str:
    """Say how often what the equations demand exactly was found."""
    demanded = [e for e in found if e.holds is not None]
    held = sum(bool(e.holds) for e in demanded)
    if not demanded:
        return "The equations demand nothing exact of these ablations."
    whole = f"Of {counted(len(demanded), 'exact demand')} of the equations"
    if not held:
        return f"{whole} none holds in every network."
    worst = max(e.off for e in demanded if e.holds)
    verb = "holds" if held == 1 else "hold"
    return f"{whole}, {held} {verb} in every network, to {worst:.0e} or better."


def _notes(data: xr.Dataset) -> list[str]:
    notes = []
    flags = {
        "diverged": "diverged in training",
        "oscillating": "oscillated under teaching after training",
        "unsettled": "did not settle with the cut made in trained networks",
    }
    for flag, words in flags.items():
        if flag not in data:
            continue
        counts = data[flag].sum("network")
        parts = [
            f"{_label(a)} of {find(t).label} ({count:.0f})"
            for t in data["theory"].values
            for a in data["ablation"].values
            if (count := counts.sel(theory=t, ablation=a).item()) > 0
        ]
        if parts:
            notes.append(f"Networks that {words}, which stay in the figures: {'; '.join(parts)}.")
    return notes


def _label(name: str) -> str:
    return {a.name: a.label for a in ABLATIONS}.get(name, name)


def _absent(task: str) -> tuple[str, ...]:
    """Return the reasons why theories are not in a task, each with those that it keeps out."""
    reasons = {t: why for t in LEARNERS if (why := why_not(t, task)) is not None}
    return _grouped(reasons | dict.fromkeys(NULLS, "a null: no errors, and no outcome is learnt"))


def _grouped(reasons: Mapping[str, str]) -> tuple[str, ...]:
    """Return each reason once, after the labels of the theories that it is given for."""
    theories: dict[str, list[str]] = {}
    for theory, why in reasons.items():
        theories.setdefault(why, []).append(find(theory).label)
    return tuple(f"{listed(names)} ({why})" for why, names in theories.items())


def _unsettled(theory: str, name: str, data: xr.Dataset) -> bool:
    """Return whether most networks of an ablation do not settle."""
    flags = [data[f] for f in ("diverged", "oscillating", "unsettled") if f in data]
    own = [flag.sel(theory=theory, ablation=name).mean().item() for flag in flags]
    return any(share > 0.5 for share in own)


def _shade(effect: AblationEffect) -> float:
    if not math.isfinite(effect.value):
        return math.nan
    if effect.measure in RATIOS:
        return math.log2(max(effect.value, 1 / 64)) / 3
    if effect.measure == "score":
        size = max(abs(effect.intact), abs(effect.ablated))
        return effect.value / size if size else 0.0
    return effect.value / (90 if effect.measure in ("angle", "feedback") else 1)


def _cell(effect: AblationEffect, changes: bool) -> EffectCell:
    if not math.isfinite(effect.value):
        none = effect.measure == "angle" and math.isfinite(effect.intact) and not changes
        return EffectCell("none" if none else DASH)
    value = 0.0 if abs(effect.value) < 5e-4 else effect.value
    if effect.measure == "angle" or (effect.measure == "score" and abs(value) >= 10):
        text = _signed(value, 0)
    elif abs(value) >= 100:
        text = f"{value:.0e}".replace("e+0", "e").replace("-", MINUS)
    elif effect.measure in ("learning", "score"):
        text = _signed(value, 2 if abs(value) < 10 else 0)
    else:
        text = f"{value:.2f}"
    return EffectCell(text, _shade(effect))


def _feedback_cell(before: AblationEffect, after: AblationEffect) -> EffectCell:
    """Return the angle of feedback before and after training, which is 0 for the transpose."""
    if not math.isfinite(after.ablated):
        return EffectCell(DASH)
    ends = [f"{e.ablated:.0f}" for e in (before, after)]
    return EffectCell(ARROW.join(dict.fromkeys(ends)), after.ablated / 90)


def _signed(value: float, digits: int) -> str:
    """Return a difference with its sign, 0 without one."""
    shown = f"{value:+.{digits}f}"
    return shown.replace("-", MINUS) if float(shown) else shown[1:]


def _map(theory: str, found: Sequence[AblationEffect], data: xr.Dataset) -> Map:
    own = {(e.ablation, e.measure, e.area): e for e in found if e.theory == theory}
    names = list(dict.fromkeys(name for name, _, _ in own))
    areas = [str(area) for area in data["area"].values]
    groups = _groups(list(own.values()), areas)
    rows = []
    for name in names:
        cells = [
            _cell_of(name, measure, area, own) for _, columns in groups for measure, area in columns
        ]
        mark = f" {UNSETTLED}" if _unsettled(theory, name, data) else ""
        rows.append((f"{_label(name)}{mark}", cells))
    heads = [(title, [area[-1:] or measure for measure, area in columns])
             for title, columns in groups]  # fmt: skip
    label = find(theory).label
    svg = Markup(effect_map(rows, heads, f"map-{theory}", f"Effects of ablations on {label}"))
    return Map(label, _intact_words(theory, own, data), svg)


def _groups(
    own: Sequence[AblationEffect], areas: Sequence[str]
) -> list[tuple[str, list[tuple[str, str]]]]:
    """Return the columns of a map, without groups and measures that say nothing."""
    said = {e.measure for e in own if math.isfinite(e.value) or math.isfinite(e.ablated)}
    groups = []
    for title, measures in GROUPS.items():
        columns = [
            (measure, area)
            for measure in measures
            if measure in said or measure == "learning"
            for area in _areas_of(title, areas)
        ]
        groups.append((title, columns))
    return [(title, columns) for title, columns in groups if columns]


def _areas_of(title: str, areas: Sequence[str]) -> Sequence[str]:
    if title == "whole network":
        return ("",)
    return areas[:-1] if title.startswith("feedback") else areas


def _cell_of(
    name: str, measure: str, area: str, own: Mapping[tuple[str, str, str], AblationEffect]
) -> EffectCell:
    effect = own[name, measure, area]
    if measure == "feedback":
        return _feedback_cell(own[name, "feedback_start", area], effect)
    change = own.get((name, "change", area))
    return _cell(effect, change is None or change.value > TO_ROUNDING)


def _intact_words(
    theory: str, own: Mapping[tuple[str, str, str], AblationEffect], data: xr.Dataset
) -> str:
    removed = data["removed"].sel(theory=theory, ablation="intact").mean().item()
    words = f"Intact, training removes {removed:.0%} of the loss"
    angles = {area[-1]: e.intact for (_, m, area), e in own.items() if m == "angle"}
    if all(math.isfinite(angle) for angle in angles.values()):
        degrees = listed(f"{angle:.0f}" for angle in angles.values())
        return (
            f"{words}, and untrained synapses change at {degrees} degrees to backprop in areas "
            f"{listed(angles)}."
        )
    end = "; inference is no feedforward sweep, which would have a gradient"
    return f"{words}{end if 'angle' in data else ''}."


def _card(a: Ablation, found: Sequence[AblationEffect], data: xr.Dataset, task: str) -> _Card:
    own = [e for e in found if e.ablation == a.name]
    strips = [
        StripRow(
            find(e.theory).label, f"{number(e.intact, DASH)} to {number(e.ablated, DASH)}",
            style_of(e.theory), e.points, e.value, e.low, e.high,
        )
        for e in own if e.measure == "learning"
    ]  # fmt: skip
    areas, skips = len(data["area"]), _skips(own[0].theory, task)
    drawn = circuit_svg(a.cut, f"What {a.label} is", lesion=a.lesion, areas=areas, skips=skips)
    svg = paired_strips(
        strips, 0.0, "share of loss removed, ablated minus intact", f"strip-{a.name}",
        f"Effect of {a.label} on learning, network by network",
    )  # fmt: skip
    reasons = {
        t: why.removeprefix(f"{t} ")
        for t in LEARNERS
        if why_not(t, task) is None and (why := a.why_not(t, task)) is not None
    }
    rows = tuple(_row(e) for e in own if math.isfinite(e.value) or math.isfinite(e.ablated))
    return _Card(a, Markup(drawn), _demands(own), Markup(svg), rows, _grouped(reasons))


def _skips(theory: str, task: str) -> tuple[tuple[int, int], ...]:
    """Return the skip routes of the intact circuit, pairs of areas."""
    circuit: Any = intact(theory, task)
    if "connectivity" not in vars(circuit):
        return ()
    strengths = np.asarray(circuit.area_strengths)
    return tuple(
        (source, target)
        for source in range(1, len(strengths))
        for target in range(source + 2, len(strengths) + 1)
        if strengths[target - 1, source]
    )


def _demands(own: Sequence[AblationEffect]) -> tuple[tuple[bool, str], ...]:
    """Return whether each demand holds, and in words what it is and of which theories."""
    parts: dict[tuple[bool, str], list[AblationEffect]] = {}
    for e in own:
        if e.demand is not None:
            times = " times intact" if e.measure in RATIOS else ""
            words = f"{WORDS[e.measure]} {e.demand:g}{times}"
            parts.setdefault((bool(e.holds), words), []).append(e)
    found = []
    for (holds, words), those in parts.items():
        areas = listed(dict.fromkeys(e.area[-1] for e in those if e.area))
        place = f" in {'area' if len(areas) == 1 else 'areas'} {areas}" if areas else ""
        whom = listed(dict.fromkeys(find(e.theory).label for e in those))
        worst = max(e.off for e in those)
        distance = f"to {worst:.0e}" if worst else "exactly"
        found.append((holds, f"{words}{place}, {distance}: {whom}"))
    return tuple(found)


def _row(e: AblationEffect) -> tuple[str, ...]:
    interval = f"{number(e.low)} to {number(e.high)}" if math.isfinite(e.low) else "\N{EN DASH}"
    return (
        find(e.theory).label, f"{WORDS[e.measure]}{f', {e.area}' if e.area else ''}",
        number(e.intact), number(e.ablated), number(e.value), interval, str(e.networks),
    )  # fmt: skip


def _methods(design: TaskDesign) -> tuple[str, ...]:
    task = task_entry(design.task)
    return paragraphs("methods/ablations", {
        "networks": design.networks,
        "epochs": design.epochs,
        "protocol": task.protocol,
        "score": task.score,
    })  # fmt: skip
