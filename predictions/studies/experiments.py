"""Puts theories through an experiment, keeps the sessions on disk, and draws raw activity.

A session is done once its file lies in the folder with the same provenance; an interrupted run
takes up where it stopped.
"""

from __future__ import annotations

import gc
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import xarray as xr

from errorneurons.analysis.door import open_recording
from errorneurons.analysis.figures.days import draw_days
from errorneurons.analysis.figures.influence import draw_influence
from errorneurons.analysis.figures.raw import Caption, draw_raw_activity
from errorneurons.analysis.measures.activity import magnitude, mean_rate
from errorneurons.analysis.measures.conditions import Panel, panels_of, raw_activity
from errorneurons.analysis.measures.days import by_day
from errorneurons.analysis.measures.influence import drives_single_cells
from errorneurons.analysis.session.files import beside
from errorneurons.analysis.session.session import save
from errorneurons.predictions.words import counted
from errorneurons.simulate.animals.cost import cost
from errorneurons.simulate.animals.laboratory import Setup, check_possible, origin_of, sessions
from errorneurons.simulate.experiments.experiment import Experiment
from errorneurons.simulate.instrument.observe import animal
from errorneurons.simulate.theories.registry import Theory

Say = Callable[[str], None]
UNFIT = "left-out.json"
CURVES = (
    ("Mean firing rate", "", mean_rate),
    ("Size of the response, cross-validated over trials", "-responses", magnitude),
)
"""What is drawn, the ending of the file's name, and how it is computed."""


def simulate(
    experiment: Experiment, subjects: Sequence[tuple[Theory, Setup]], out: Path, say: Say
) -> list[Path]:
    """Put theories through an experiment, and leave sessions and figures of each in a folder.

    Parameters
    ----------
    experiment
        What is done.
    subjects
        Theories, and which of their networks are recorded how.
    out
        Folder for ``<theory>/network-<number>-day-<day>.nc`` and the figures of `draw`.
    say
        Called with a sentence: with the cost before a theory is simulated, then whenever something
        is done.

    Returns
    -------
    list of Path
        The figures.

    Raises
    ------
    ValueError
        If one of the theories cannot be put through the experiment; nothing is simulated then.
    """
    for theory, setup in subjects:
        check_possible(theory, experiment, setup)
    figures = []
    for theory, setup in subjects:
        left = missing(experiment, theory, setup, out)
        if left is None:
            say(f"{theory.identifier}: all sessions taken from an earlier run")
        else:
            say(f"{theory.identifier}: {cost(theory, experiment, left)}")
            last, through = len(experiment.days(setup.seed, setup.repeats)), set()
            for session in sessions(theory, experiment, left, say):
                name = _file(session.attrs["animal"], session.attrs["day"])
                save(session, out / theory.identifier / name)
                if session.attrs["day"] == last:
                    through.add(session.attrs["animal"])
            unfit = [network for network in left.networks if animal(network) not in through]
            _note(out / theory.identifier / UNFIT, origin_of(theory, experiment, setup), unfit)
        figures += draw(experiment, theory, setup, out)
        say(f"{theory.identifier}: done")
    return figures


def missing(experiment: Experiment, theory: Theory, setup: Setup, out: Path) -> Setup | None:
    """Return the setup with the networks that are not done, None if all are."""
    folder = out / theory.identifier
    folder.mkdir(parents=True, exist_ok=True)
    days = range(1, 1 + len(experiment.days(setup.seed, setup.repeats)))
    provenance = origin_of(theory, experiment, setup)
    unfit = _noted(folder / UNFIT, provenance)
    open_ones = tuple(
        network
        for network in setup.networks
        if network not in unfit
        and not all(_done(folder / _file(animal(network), day), provenance) for day in days)
    )
    return replace(setup, networks=open_ones) if open_ones else None


def _note(path: Path, provenance: str, networks: Sequence[int]) -> None:
    """Note the networks that oscillate or diverge, if on a later day, so as not to repeat it."""
    if networks:
        known = sorted({*networks, *_noted(path, provenance)})
        with beside(path) as part:
            part.write_text(json.dumps({"provenance": provenance, "networks": known}), "utf-8")


def _noted(path: Path, provenance: str) -> set[int]:
    try:
        noted = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError):
        return set()
    return {*noted["networks"]} if noted["provenance"] == provenance else set()


def _file(name: str, day: int) -> str:
    return f"{name}-day-{day}.nc"


def _done(path: Path, provenance: str) -> bool:
    """Return whether a file holds a session of the same provenance."""
    if not path.is_file():
        return False
    try:
        with open_recording(path) as tree:
            return all(node.attrs["provenance"] == provenance for node in tree.children.values())
    except (ValueError, KeyError):  # damaged, or not ours: it is made again
        return False


def draw(experiment: Experiment, theory: Theory, setup: Setup, out: Path) -> list[Path]:
    """Draw what the sessions in a folder show, day by day.

    Returns
    -------
    list of Path
        ``<theory>.png``, mean rates; ``<theory>-responses.png``, the size of responses, in which
        cells that fire more for positive and for negative errors do not cancel, if stimuli come
        twice in some condition; ``<theory>-influence.png`` if single cells are driven;
        ``<theory>-days.png``, learning and responses by day, if there are several with outcomes.
    """
    files = _files(experiment, theory, setup, out)
    title = f"{experiment.label[0].upper()}{experiment.label[1:]}: {theory.label}"
    over = f"{counted(len(files[1]), 'network')}, mean and 5 to 95 % over networks"
    made = []
    for name, ending, curves in CURVES:
        blocks: list[tuple[Panel, xr.Dataset]] = []
        for day, recorded in files.items():
            first = next(_opened(recorded[:1]))
            panels = panels_of(first, experiment.panels, experiment.lines)
            found = raw_activity(_opened(recorded), panels, curves)
            named = [_of_day(panel, day) if len(files) > 1 else panel for panel in panels]
            blocks += [pair for pair in zip(named, found, strict=True) if _shows(pair[1])]
        if blocks:  # else no stimulus comes twice in any condition: nothing to cross-validate
            made.append(out / f"{theory.identifier}{ending}.png")
            caption = Caption(title, f"{name}; {over}{_of_labels(first)}")
            draw_raw_activity(blocks, caption, made[-1])
    if drives_single_cells(first):
        made.append(out / f"{theory.identifier}-influence.png")
        text = f"Change of every recorded cell of one network{_of_labels(first)}"
        draw_influence(first, Caption(title, text), made[-1])
    every = [file for recorded in files.values() for file in recorded]
    days = by_day(_opened(every)) if len(files) > 1 else None
    if days is not None:
        made.append(out / f"{theory.identifier}-days.png")
        text = f"Trials with an expected outcome; {over}{_of_labels(first)}"
        draw_days(days, Caption(title, text), made[-1])
    return made


def _files(
    experiment: Experiment, theory: Theory, setup: Setup, out: Path
) -> dict[int, list[Path]]:
    """Return the files of each day that has any; before the last, all networks may diverge."""
    folder, days = (
        out / theory.identifier,
        range(1, 1 + len(experiment.days(setup.seed, setup.repeats))),
    )
    every = {
        day: [folder / _file(animal(network), day) for network in setup.networks] for day in days
    }
    there = {day: [file for file in own if file.is_file()] for day, own in every.items()}
    return {day: own for day, own in there.items() if own}


def _shows(activity: xr.Dataset) -> bool:
    return bool(activity["mean"].notnull().any())


def _of_labels(session: xr.Dataset) -> str:
    """Return what is to be said of labels that are no error neurons."""
    marked = "genetic" in session["label_source"].values
    return "; error: an arbitrary half of the representation cells" if marked else ""


def _of_day(panel: Panel, day: int) -> Panel:
    return replace(panel, title=", ".join(filter(None, (f"day {day}", panel.title))))


def _opened(files: Sequence[Path]) -> Iterator[xr.Dataset]:
    """Yield the sessions of files, one in memory at a time."""
    for file in files:
        with open_recording(file) as tree:
            (node,) = tree.children.values()
            yield node.to_dataset().load()
        del tree, node
        gc.collect()  # a tree refers to itself, and would keep the arrays of the session
