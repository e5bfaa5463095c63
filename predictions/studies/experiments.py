"""Puts theories through an experiment, keeps the sessions on disk, and draws raw activity.

A session is done once its file lies in the folder, under the key of all it rests on; an interrupted
run takes up where it stopped.
"""

from __future__ import annotations

import gc
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from pathlib import Path
from typing import NamedTuple

import xarray as xr

from errorneurons.analysis.door import open_recording
from errorneurons.analysis.figures.days import draw_days
from errorneurons.analysis.figures.influence import draw_influence
from errorneurons.analysis.figures.raw import Caption, draw_raw_activity
from errorneurons.analysis.measures.activity import magnitude, mean_rate
from errorneurons.analysis.measures.conditions import Panel, panels_of, raw_activities
from errorneurons.analysis.measures.days import by_day
from errorneurons.analysis.measures.influence import drives_single_cells
from errorneurons.analysis.session.session import packed
from errorneurons.predictions.words import counted
from errorneurons.simulate.animals.animals import Animals
from errorneurons.simulate.animals.cost import cost
from errorneurons.simulate.animals.runner import check_possible, origin_of, sessions
from errorneurons.simulate.engine.plans import PLANS
from errorneurons.simulate.experiments.experiment import Experiment
from errorneurons.simulate.instrument.instrument import Instrument
from errorneurons.simulate.instrument.instrumented import animal
from errorneurons.simulate.store.counting import counting
from errorneurons.simulate.store.files import (
    JSON,
    NETCDF,
    is_intact,
    keep,
    keeping,
    remove_abandoned,
)
from errorneurons.simulate.store.keys import key
from errorneurons.simulate.store.shelf import Shelf
from errorneurons.simulate.store.work import Labour, Progress, run_all
from errorneurons.simulate.store.workers import give_back
from errorneurons.simulate.theories.registry import REGISTRY, Theory

UNFIT = "left-out"
CURVES = (
    ("Mean firing rate", "", mean_rate),
    ("Size of the response, cross-validated over trials", "-responses", magnitude),
)
"""What is drawn, the ending of the file's name, and how it is computed."""


class Asked(NamedTuple):
    """A theory that is put through an experiment: which of its networks, recorded how."""

    theory: Theory
    experiment: Experiment
    animals: Animals
    instrument: Instrument


def simulate(
    subjects: Sequence[Asked],
    out: Path,
    say: Progress,
    labour: Labour | None = None,
) -> list[Path]:
    """Put theories through an experiment, and leave sessions and figures of each in a folder.

    Parameters
    ----------
    subjects
        Theories, and the experiment that they are put through.
    out
        Folder for ``<theory>/network-<number>-day-<day>-<key>.nc`` and what `draw_sessions` draws.
    say
        Called with a sentence: with the cost before a theory is simulated, then whenever something
        is done.
    labour
        Where the theories are simulated at once; one after the other, in this process, without.

    Returns
    -------
    list of Path
        The figures.

    Raises
    ------
    ValueError
        If one of the theories cannot be put through the experiment; nothing is simulated then.
    """
    for tried in subjects:
        check_possible(*tried)
    remove_abandoned(out)
    left: dict[str, Asked] = {}
    for tried in subjects:
        name, own = tried.theory.identifier, missing(tried, out, say)
        if own is None:
            say(f"{name}: all sessions taken from an earlier run")
        else:
            left[name] = own
            say(f"{name}: {cost(*own)}")
    _set_aside()
    seen = _record_all(left, out, say, labour)
    figures = []
    _set_aside()
    for tried in subjects:
        name, animals = tried.theory.identifier, tried.animals
        partly = name in left and left[name].animals.numbers != animals.numbers
        figures += draw_sessions(tried, out, None if partly else seen.get(name))
        _set_aside()
    return figures


def _record_all(
    left: Mapping[str, Asked], out: Path, say: Progress, labour: Labour | None
) -> dict[str, dict[int, _Shown]]:
    """Leave the sessions of theories in a folder; return what those show that were made here."""
    tasks = {f"{name}: simulated": (_recorded, (own, out)) for name, own in left.items()}
    done = counting(say, tasks)
    if labour is not None and labour.scheduler:
        for sentence in chain.from_iterable(run_all(tasks, done, labour).values()):
            say(sentence)
        return {}
    shown = {}
    for task, (name, own) in zip(tasks, left.items(), strict=True):
        shown[name] = _record(own, out, say)
        PLANS.clear()  # another theory has other programs
        give_back()
        done(task)
    return shown


def _recorded(tried: Asked, out: Path) -> list[str]:
    """Leave the sessions of a theory in a folder; return what is to be said of them."""
    said: list[str] = []
    for _ in _recording(tried, out, said.append):
        pass
    return said


def _record(tried: Asked, out: Path, say: Progress) -> dict[int, _Shown]:
    """Leave the sessions of a theory in a folder; return what a lone day shows, by day."""
    made = _recording(tried, out, say)
    seen = _see(tried.experiment, made) if len(_days(tried)) == 1 else None
    for _ in made:  # over many days, sessions come network by network
        pass
    return {} if seen is None else {1: seen}


def _recording(tried: Asked, out: Path, say: Progress) -> Iterator[xr.Dataset]:
    """Yield the sessions of a theory as they are left in a folder."""
    place = _place(tried, out)
    last, through = _days(tried)[-1], set()
    for session in sessions(*tried, progress=say):
        own, day = session.attrs["animal"], session.attrs["day"]
        with keeping(place.session(own, day)) as part:
            part.write_bytes(packed(session))
        if day == last:
            through.add(own)
        yield session
        del session  # before the next one takes as much
    unfit = {network for network in tried.animals.numbers if animal(network) not in through}
    if unfit:  # they oscillate or diverge, if on a later day: it is not repeated
        keep(sorted(unfit | _noted(place.unfit)), place.unfit, JSON)


def missing(tried: Asked, out: Path, say: Progress = lambda _: None) -> Asked | None:
    """Return the same with the networks that are not done, None if all are."""
    days, place = _days(tried), _place(tried, out)
    unfit = _noted(place.unfit)
    open_ones: list[int] = []
    for network in tried.animals.numbers:
        files = [place.session(animal(network), day) for day in days]
        damaged = [file for file in files if not is_intact(file)]
        if damaged and network not in unfit:
            open_ones.append(network)
            for file in filter(Path.exists, damaged):
                say(f"{file} cannot be read and is made again")
    if not open_ones:
        return None
    return tried._replace(animals=replace(tried.animals, only=tuple(open_ones)))


def _days(tried: Asked) -> range:
    """Return the numbers of the days of an experiment."""
    return range(1, 1 + len(tried.experiment.days(tried.animals.seed)))


def _noted(path: Path) -> set[int]:
    """Return the networks that are known to be unfit."""
    return {*JSON.read(path)} if is_intact(path) else set()


@dataclass(frozen=True)
class _Place:
    """Where the sessions of a theory lie, under the key of everything they rest on."""

    folder: Path
    key: str

    def session(self, name: str, day: int) -> Path:
        """Return the file of a session."""
        return Shelf(self.folder, NETCDF).path(f"{name}-day-{day}", self.key)

    @property
    def unfit(self) -> Path:
        """The file that says which networks are left out."""
        return Shelf(self.folder, JSON).path(UNFIT, self.key)


def _place(tried: Asked, out: Path) -> _Place:
    # `origin_of` stands in the module of `sessions`, and what it returns holds every trial
    rests_on = (origin_of(*tried), tried.theory.rests_on)
    return _Place(out / tried.theory.identifier, key(origin_of, rests_on, REGISTRY))


@dataclass(frozen=True)
class _Shown:
    """What is drawn of the sessions of a day.

    Attributes
    ----------
    networks
        How many sessions there are.
    blocks
        Panels and what they show, for each of `CURVES`.
    first
        The first session; without its activity, unless single cells are driven in it.
    """

    networks: int
    blocks: Sequence[Sequence[tuple[Panel, xr.Dataset]]]
    first: xr.Dataset


def _see(experiment: Experiment, recorded: Iterator[xr.Dataset]) -> _Shown | None:
    """Return what sessions of a day show, None if there is none; each is looked at once."""
    first = next(recorded, None)
    if first is None:
        return None
    panels = panels_of(first, experiment.panels, experiment.lines)
    kept = first if drives_single_cells(first) else first.drop_vars("rate")
    animals: list[str] = []

    def each(session: xr.Dataset | None) -> Iterator[xr.Dataset]:
        while session is not None:
            animals.append(session.attrs["animal"])
            yield session
            session = None  # before the next one takes as much
            session = next(recorded, None)

    every = each(first)
    del first
    found = raw_activities(every, panels, [curves for *_, curves in CURVES])
    blocks = [list(zip(panels, shown, strict=True)) for shown in found]
    return _Shown(len(animals), blocks, kept)


def draw_sessions(tried: Asked, out: Path, seen: Mapping[int, _Shown] | None = None) -> list[Path]:
    """Draw what the sessions in a folder show, day by day.

    Parameters
    ----------
    tried, out
        What was done to whom, and the folder.
    seen
        What the sessions of a day show, where all of them were just recorded.

    Returns
    -------
    list of Path
        ``<theory>.png``, mean rates; ``<theory>-responses.png``, the size of responses, in which
        cells that fire more for positive and for negative errors do not cancel, if stimuli come
        twice in some condition; ``<theory>-influence.png`` if single cells are driven;
        ``<theory>-days.png``, learning and responses by day, if there are several with outcomes.
    """
    files, theory, experiment = _files(tried, out), tried.theory, tried.experiment
    seen = seen or {d: s for d, f in files.items() if (s := _see(experiment, _opened(f)))}
    if not seen:
        return []
    networks, first = seen[min(seen)].networks, seen[max(seen)].first
    title = f"{experiment.label[0].upper()}{experiment.label[1:]}: {theory.label}"
    over = f"{counted(networks, 'network')}, mean and 5 to 95 % over networks"
    made = []
    for number, (name, ending, _) in enumerate(CURVES):
        own = [
            (_of_day(panel, day) if len(seen) > 1 else panel, shown)
            for day, of_day in seen.items()
            for panel, shown in of_day.blocks[number]
            if _shows(shown)
        ]
        if own:  # else no stimulus comes twice in any condition: nothing to cross-validate
            made.append(out / f"{theory.identifier}{ending}.png")
            caption = Caption(title, f"{name}; {over}{_of_labels(first)}")
            draw_raw_activity(own, caption, made[-1])
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


def _files(tried: Asked, out: Path) -> dict[int, list[Path]]:
    """Return the files of each day that has any; before the last, all networks may diverge."""
    place, numbers = _place(tried, out), tried.animals.numbers
    every = {day: [place.session(animal(n), day) for n in numbers] for day in _days(tried)}
    there = {day: [file for file in own if file.is_file()] for day, own in every.items()}
    return {day: own for day, own in there.items() if own}


def _set_aside() -> None:
    """Hand back what compiling and figures leave; what libraries hold is not searched again."""
    gc.collect()
    give_back()
    gc.freeze()


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
