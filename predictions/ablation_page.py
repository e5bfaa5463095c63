"""Says what ablations did, on a page and in tables. It formats, and computes nothing but counts."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import xarray as xr
from markupsafe import Markup

from errorneurons import __version__
from errorneurons.analysis.ablation_plots import Cell, effect_map, paired_strips, strip_of
from errorneurons.predictions.ablation_study import TO_ROUNDING, Effect, Pairs, save_netcdf, table
from errorneurons.predictions.circuit_drawing import circuit_svg
from errorneurons.predictions.report import environment, replace_file, template
from errorneurons.predictions.words import counted, linked, listed, number
from errorneurons.simulate.ablation_registry import ABLATIONS, Ablation
from errorneurons.simulate.effects import AREAS, Design
from errorneurons.simulate.theories import THEORIES
from errorneurons.simulate.theories import theory as find

GROUPS = (
    ("whole network", ("learning", "inference")),
    ("error, times intact", tuple(name[-1] for name in AREAS)),
    ("change, times intact", tuple(name[-1] for name in AREAS)),
    ("angle to backprop [deg]", tuple(name[-1] for name in AREAS)),
)
COLUMNS = (("learning", ""), ("inference", ""), *(
    (measure, area) for measure in ("error", "change", "angle") for area in AREAS
))  # fmt: skip
MATTERS = 0.1
"""A cut matters for learning if it costs a tenth of the loss that intact networks remove, and for
inference if the output moves by a tenth of its tuning energy."""
WORDS = {
    "learning": "share of loss removed",
    "inference": "output without teaching",
    "error": "error",
    "change": "change of synapses",
    "angle": "angle to backprop [deg]",
}


@dataclass(frozen=True)
class Card:
    """What the page shows of one ablation."""

    ablation: Ablation
    drawing: Markup
    demands: tuple[tuple[bool, str], ...]
    strip: Markup | None
    rows: tuple[tuple[str, ...], ...]
    absent: str


@dataclass(frozen=True)
class Map:
    """The map of one theory."""

    label: str
    intact: str
    svg: Markup


def write_page(
    data: xr.Dataset, found: tuple[Effect, ...], pairs: Pairs, folder: Path, command: str
) -> Path:
    """Write ``ablations.csv``, ``ablations.nc`` and ``report.html``; return the page's path."""
    replace_file(folder / "ablations.csv", table(found).to_csv(index=False, lineterminator="\n"))
    save_netcdf(data, folder / "ablations.nc")
    design = Design(**json.loads(data.attrs["design"]))
    names = {a.name for _, a in pairs}
    chosen = [a for a in ABLATIONS if a.name in names]
    page = environment().get_template("ablations.html").render(
        title="What each part of the circuit is for",
        answer=answer(found),
        agreement=agreement(found),
        notes=_notes(data),
        maps=[_map(name, found, data) for name in dict.fromkeys(e.theory for e in found)],
        cards=[_card(a, found) for a in chosen],
        theories=[find(name) for name in dict.fromkeys(e.theory for e in found)],
        ablations=chosen,
        methods=_methods(design),
        configuration={"errorneurons": __version__, **asdict(design)},
        command=command,
        linked=linked,
        style=template("style.css"),
    )  # fmt: skip
    path = folder / "report.html"
    replace_file(path, page)
    return path


def answer(found: Sequence[Effect]) -> str:
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
    costly = (
        listed(f"{label} ({number(value)})" for value, label in learning) if learning else "no cut"
    )
    what = "learns less of the task with" if learning else "learns as much with any cut:"
    second = (
        f"of the {counted(lesions, 'lesion')} of trained networks, {listed(moving)} moves "
        "what it infers"
        if moving
        else f"none of the {counted(lesions, 'lesion')} of trained networks moves what it infers"
    )
    return f"The {find(first).label} {what} {costly}; {second}."


def agreement(found: Sequence[Effect]) -> str:
    """Say how often what the equations demand exactly was found."""
    demanded = [e for e in found if e.holds is not None]
    held = sum(bool(e.holds) for e in demanded)
    if not demanded:
        return "The equations demand nothing exact of these ablations."
    worst = max((e.off for e in demanded if e.holds), default=math.nan)
    return (
        f"Of {counted(len(demanded), 'exact demand')} of the equations, {held} "
        f"{'holds' if held == 1 else 'hold'} in every network, to {worst:.0e} or better."
    )


def _notes(data: xr.Dataset) -> list[str]:
    notes = []
    for flag, words in (("diverged", "diverged"), ("oscillating", "oscillated under teaching")):
        counts = data[flag].sum("network")
        parts = [
            f"{a} of {t} ({count:.0f})"
            for t in data["theory"].values
            for a in data["ablation"].values
            if (count := counts.sel(theory=t, ablation=a).item()) > 0
        ]
        if parts:
            notes.append(f"Networks that {words}, which stay in the figures: {'; '.join(parts)}.")
    return notes


def _shade(effect: Effect) -> float:
    if not math.isfinite(effect.value):
        return math.nan
    if effect.measure in ("error", "change"):
        return math.log2(max(effect.value, 1 / 64)) / 3
    return effect.value / (90 if effect.measure == "angle" else 1)


def _cell(effect: Effect, changes: bool) -> Cell:
    if not math.isfinite(effect.value):
        none = effect.measure == "angle" and math.isfinite(effect.intact) and not changes
        return Cell("none" if none else "\N{EN DASH}")
    value = 0.0 if abs(effect.value) < 5e-4 else effect.value
    if effect.measure == "angle":
        return Cell(_signed(value, 0), _shade(effect))
    if effect.measure in ("error", "change") and value >= 100:
        return Cell(f"{value:.0e}".replace("e+0", "e"), _shade(effect))
    if effect.measure == "learning":
        return Cell(_signed(value, 2), _shade(effect))
    return Cell(f"{value:.2f}", _shade(effect))


def _signed(value: float, digits: int) -> str:
    """Return a difference with its sign, 0 without one."""
    shown = f"{value:+.{digits}f}"
    return shown.replace("-", "\N{MINUS SIGN}") if float(shown) else shown[1:]


def _map(theory: str, found: Sequence[Effect], data: xr.Dataset) -> Map:
    own = {(e.ablation, e.measure, e.area): e for e in found if e.theory == theory}
    names = list(dict.fromkeys(name for name, _, _ in own))
    labels = {a.name: a.label for a in ABLATIONS}
    rows = []
    for name in names:
        moved = {area: own[name, "change", area].value > TO_ROUNDING for area in AREAS}
        cells = [_cell(own[name, m, area], moved.get(area, True)) for m, area in COLUMNS]
        rows.append((labels[name], cells))
    removed = data["removed"].sel(theory=theory, ablation="intact").mean().item()
    angles = [own[names[0], "angle", area].intact for area in AREAS]
    known = all(math.isfinite(a) for a in angles)
    intact = f"Intact, training removes {removed:.0%} of the loss" + (
        f", and untrained synapses change at {', '.join(f'{a:.0f}' for a in angles)} degrees to "
        "backprop in areas 1 to 4." if known
        else "; inference is no feedforward sweep, so that there is no gradient to compare with."
    )  # fmt: skip
    label = find(theory).label
    svg = effect_map(rows, GROUPS, f"map-{theory}", f"Effects of ablations on {label}")
    return Map(label, intact, Markup(svg))


def _card(a: Ablation, found: Sequence[Effect]) -> Card:
    own = [e for e in found if e.ablation == a.name]
    learning = [e for e in own if e.measure == "learning"]
    strips = [
        strip_of(e.theory, find(e.theory).label, f"{e.intact:.2f} to {e.ablated:.2f}",
                 e.points, (e.value, e.low, e.high))
        for e in learning
    ]  # fmt: skip
    drawn = circuit_svg(a.cut, a.lesion, f"What {a.label} is")
    svg = paired_strips(
        strips, 0.0, "share of loss removed, ablated minus intact", f"strip-{a.name}",
        f"Effect of {a.label} on learning, network by network",
    )  # fmt: skip
    reasons = "; ".join(why for t in THEORIES if (why := a.why_not(t.name)) is not None)
    rows = tuple(_row(e) for e in own if math.isfinite(e.value) or math.isfinite(e.ablated))
    return Card(a, Markup(drawn), _demands(own), Markup(svg), rows, reasons)


def _demands(own: Sequence[Effect]) -> tuple[tuple[bool, str], ...]:
    found = []
    for theory in dict.fromkeys(e.theory for e in own):
        for measure in WORDS:
            parts = [e for e in own if (e.theory, e.measure) == (theory, measure)]
            parts = [e for e in parts if e.holds is not None]
            if not parts:
                continue
            where = listed(e.area for e in parts if e.area)
            times = " times intact" if measure in ("error", "change") else ""
            wanted = f"{parts[0].demand:g}{times}"
            worst = max(e.off for e in parts)
            place = f" in {where}" if where else ""
            words = f"{find(theory).label}: {WORDS[measure]} {wanted}{place}"
            every = all(bool(e.holds) for e in parts)
            found.append((every, f"{words}; largest distance in a network {worst:.0e}"))
    return tuple(found)


def _row(e: Effect) -> tuple[str, ...]:
    interval = f"{number(e.low)} to {number(e.high)}" if math.isfinite(e.low) else "\N{EN DASH}"
    return (
        find(e.theory).label, f"{WORDS[e.measure]}{f', {e.area}' if e.area else ''}",
        number(e.intact), number(e.ablated), number(e.value), interval, str(e.networks),
    )  # fmt: skip


def _methods(design: Design) -> tuple[str, ...]:
    trained = (
        f"Each circuit was trained from the same {counted(design.networks, 'draw')} of synapses "
        "(networks of 10 inputs and four areas of 20, 15, 10 and 5 neurons a role, steps of 1 ms, "
        "delays of 2 ms between areas) to associate five stimuli with five outcomes, for "
        f"{design.epochs} epochs without stopping early; an epoch shows every stimulus for 300 ms "
        "and then for 100 ms with its outcome. The intact error-neuron microcircuit has the skip "
        "routes of macaque visual cortex (strengths in half-decade bins, doi:10.1371/journal.pcbi."
        "1014164); all other theories are as in the report of theories."
    )
    measured = (
        "Learning is the share of the loss (squared error of the settled output over that of "
        "output 0) removed, ablated minus intact. Inference is the energy by which a lesion of "
        "trained intact networks moves the settled output without teaching, over the energy of its "
        "tuning; 1 is as much as the stimuli do. The error is that after an unexpected minus that "
        "after an expected outcome, the root of its sum of squares over units, ablated over "
        "intact: in trained intact networks for lesions, in networks trained with the ablation "
        "otherwise. The change is that of forward synapses when outcomes come in untrained "
        "networks, per unit of learning rate, summed over stimuli; its angle is to the negative "
        "gradient of the squared error of the circuit's own feedforward output, area by area. "
        "Intervals are 95 % Student intervals of paired differences or ratios over networks. "
        "In hierarchical predictive coding the synapses of an area are those with which it "
        "predicts the level below."
    )
    return trained, measured
