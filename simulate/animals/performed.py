"""Networks of a theory after a day of an experiment, ready to be recorded as often as one likes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt

from errorneurons.simulate.animals.animals import MOST, Animals
from errorneurons.simulate.animals.day import Ran, repeats_itself, run_day
from errorneurons.simulate.animals.trained import (
    DIVERGED,
    OSCILLATES,
    Trained,
    none_left,
    train_animals,
)
from errorneurons.simulate.arrays import Array, of_networks
from errorneurons.simulate.experiments.experiment import Day, Experiment
from errorneurons.simulate.experiments.outcome import with_learning
from errorneurons.simulate.experiments.trials import CLOCK
from errorneurons.simulate.instrument.instrument import Instrument
from errorneurons.simulate.theories.registry import Theory
from errorneurons.simulate.trials.bench import Laser, NoiseCurrent
from errorneurons.simulate.trials.run import Activity
from errorneurons.simulate.trials.training import QUIETLY

LEAST_REMOVED = 0.9
COARSE = replace(CLOCK, bin=0.05)
"""Every window that a claim looks at is a multiple of these bins."""
OF_WORLDS = replace(with_learning(3), clock=COARSE, repeats=2)
"""What the animals of worlds are put through."""
ELECTRODES = Instrument()
"""What their labels refer to. Where errors are elsewhere, an arbitrary half is labelled."""
SIDE_BY_SIDE = 40
"""The most of them that run side by side, in less than 0.4 GB."""


@dataclass(frozen=True)
class Performed:
    """Networks after a day of an experiment, ready to be recorded.

    Attributes
    ----------
    theory
        What they are networks of.
    experiment
        What was done.
    animals
        Which of its networks; those that are left out are none of them.
    blocks
        What happened, block by block; none if no network is left.
    removed
        Share of the loss that training removed, (network,).
    nuisance
        Name -> what was drawn of what the theory leaves open, (network,).
    left_out
        Number of a network that was not used -> why.
    laser
        How well the laser silenced.
    """

    theory: Theory
    experiment: Experiment
    animals: Animals
    blocks: tuple[Ran, ...]
    removed: Array
    nuisance: Mapping[str, Array]
    left_out: Mapping[int, str]
    laser: Laser = field(default_factory=Laser)

    @property
    def number(self) -> npt.NDArray[np.int64]:
        """Numbers of the networks, (network,)."""
        return np.array(self.animals.numbers, dtype=np.int64)

    @property
    def world(self) -> npt.NDArray[np.int64]:
        """World of each network, (network,)."""
        return self.number // MOST

    @property
    def day(self) -> int:
        """On which day of the experiment it was; the first if no network is left."""
        return self.blocks[0].activity.day if self.blocks else 1

    @property
    def activity(self) -> tuple[Activity, ...]:
        """What was recorded in each block, each kind of trial once where it repeats itself."""
        return tuple(ran.activity for ran in self.blocks)

    @property
    def learnt(self) -> bool:
        """Whether training removed at least 90 % of the loss in the median network."""
        return bool(np.median(self.removed) >= LEAST_REMOVED)

    @property
    def training(self) -> str:
        """How much of the loss training removed, in words."""
        share = 100 * self.removed
        return (
            f"Training removed {np.median(share):.0f} % of the loss (median of {len(share)} "
            f"networks, from {share.min():.0f} to {share.max():.0f} %)."
        )

    @property
    def notes(self) -> tuple[str, ...]:
        """What the reader must know: networks left out, and what training did not reach."""
        moving = [str(n) for n, why in self.left_out.items() if why == OSCILLATES]
        notes = [
            f"Network {n} {why} and is left out."
            for n, why in self.left_out.items()
            if why != OSCILLATES
        ]
        if moving:
            names = ", ".join(moving)
            notes.append(f"Networks that oscillate under teaching are left out: {names}.")
        if not self.learnt:
            notes.append(
                f"Training removed {np.median(self.removed):.0%} of the loss, less than 90 %; "
                "claims about learning compare what is learnt of a new association."
            )
        return tuple(notes)

    def of(self, numbers: Sequence[int]) -> Performed:
        """Return the same of some of the networks, by their numbers."""
        where = [self.animals.numbers.index(number) for number in numbers]
        removed, nuisance = of_networks(
            (self.removed, self.nuisance), where, len(self.animals.numbers)
        )
        blocks = tuple(ran.of(where) for ran in self.blocks) if where else ()
        animals = replace(self.animals, only=tuple(numbers))
        return replace(self, animals=animals, blocks=blocks, removed=removed, nuisance=nuisance)

    def repeated(self, repeats: int) -> Performed:
        """Return the same with other repeats of each kind of trial that repeats itself."""
        if not self.blocks:
            return self
        experiment = replace(self.experiment, repeats=repeats)
        day = experiment.day(self.animals.seed, self.day)
        blocks = tuple(
            ran.repeated_as(block.table) if repeats_itself(block, experiment.noise) else ran
            for ran, block in zip(self.blocks, day.blocks, strict=True)
        )
        return replace(self, experiment=experiment, blocks=blocks)


def under_noise(theory: Theory, experiment: Experiment) -> Experiment:
    """Return an experiment with at least as much noise as a theory always has."""
    return replace(experiment, noise=max(experiment.noise, theory.noise))


@QUIETLY
def perform(
    ready: Trained, experiment: Experiment, day: Day, number: int = 1
) -> tuple[Performed, Trained]:
    """Put trained networks through a day; those that diverge in it are left out.

    Parameters
    ----------
    ready
        The networks in the morning.
    experiment
        What is done.
    day, number
        One of its days, and which.

    Returns
    -------
    performed, evening
        What happened, and the networks afterwards.
    """
    numbers = ready.animals.numbers
    experiment = under_noise(ready.theory, experiment)
    noise = NoiseCurrent(experiment.noise, ready.animals.seed, np.array(numbers), number)
    bench = replace(ready.bench, noise=noise if experiment.noise else None)
    blocks, weights = run_day(bench, ready.weights, day, experiment.clock)
    fine = np.logical_and.reduce([ran.activity.finite() for ran in blocks])
    lost = {n: f"{DIVERGED} on day {number}" for n, ok in zip(numbers, fine, strict=True) if not ok}
    if lost:
        blocks = [ran.of(fine.nonzero()[0].tolist()) for ran in blocks]
    evening = replace(ready, weights=weights).without(lost)
    told = [
        replace(ran, activity=replace(ran.activity, extents=evening.extents, day=number))
        for ran in blocks
        if evening.animals.numbers
    ]
    return _told(evening, experiment, told), evening


def not_put_through(ready: Trained, experiment: Experiment) -> Performed:
    """Return what is known of trained networks without any experiment."""
    return _told(ready, experiment, ())


def _told(ready: Trained, experiment: Experiment, blocks: Iterable[Ran]) -> Performed:
    return Performed(
        ready.theory, experiment, ready.animals, tuple(blocks), ready.removed, ready.nuisance,
        ready.left_out, ready.bench.laser,
    )  # fmt: skip


def put_through(
    theory: Theory,
    experiment: Experiment,
    animals: Animals,
    instrument: Instrument,
    laser: Laser | None = None,
    progress: Callable[[str], None] = lambda _: None,
) -> Performed:
    """Train networks of a theory, all side by side, and put them through the day of an experiment.

    Parameters
    ----------
    theory
        An entry of the registry.
    experiment
        What is done, on one day.
    animals
        Which networks.
    instrument
        What labels refer to.
    laser
        How well it silences.
    progress
        Called with a few words whenever a part is done.

    Raises
    ------
    ValueError
        If no network is left, and there are no worlds to be like.
    """
    ready = ready_animals(theory, animals, instrument, laser)
    progress("trained")
    found = on_one_day(ready, experiment)
    if not found.animals.numbers and animals.worlds is None:
        raise ValueError(none_left(theory, found.left_out.values()))
    progress("experiment done")
    return found


def ready_animals(
    theory: Theory, animals: Animals, instrument: Instrument, laser: Laser | None = None
) -> Trained:
    """Return trained networks, as `train_animals` does; none only where there are worlds.

    Parameters
    ----------
    theory, animals, instrument, laser
        As in `put_through`.

    Raises
    ------
    ValueError
        If no network is left, and there are no worlds to be like.
    """
    ready = train_animals(theory, animals, instrument, laser)
    if not ready.animals.numbers and animals.worlds is None:
        raise ValueError(none_left(theory, ready.left_out.values()))
    return ready


def on_one_day(ready: Trained, experiment: Experiment) -> Performed:
    """Put trained networks, which stay as they are, through an experiment of one day."""
    if not ready.animals.numbers:
        return _told(ready, experiment, ())
    (day,) = experiment.days(ready.animals.seed)
    return perform(ready, experiment, day)[0]
