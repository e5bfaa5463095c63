"""One trial of every stream: the world at each of its steps."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from errorneurons.simulate.arrays import Array, generator
from errorneurons.simulate.circuit import NOTHING, UNTOUCHED, Circuit, Role, World, has, neurons
from errorneurons.simulate.experiments.association import Association
from errorneurons.simulate.experiments.readout import Cursor
from errorneurons.simulate.experiments.trials import Clock
from errorneurons.simulate.trials.bench import Bench
from errorneurons.simulate.trials.manipulations import manipulated

_Trials = tuple[dict[Any, Any], ...]
Currents = dict[Role, Array]

_ROLES: tuple[Role, ...] = ("representation", "error", "interneuron")
_DRAWN = 10
"""Steps whose noise is drawn at once."""
_VARYING = 50
"""The most steps for which what differs from step to step is kept in memory."""


class Segment(NamedTuple):
    """Steps from `first` to before `last` in which nothing begins or ends.

    What differs from step to step has one more dimension in front, see `Stepper.advance`.
    """

    first: int
    last: int
    world: World
    plastic: bool


class Trial:
    """One trial of every stream.

    Parameters
    ----------
    bench
        Circuit and task.
    trials
        The row of the table of each stream, with all columns.
    clock
        When things happen.
    cursor
        The cursor of a brain-computer interface, if the trials have one.
    """

    def __init__(
        self,
        bench: Bench[Any, Any],
        trials: _Trials,
        clock: Clock,
        cursor: Cursor | None = None,
    ) -> None:
        self.circuit, self.clock, self.cursor = bench.circuit, clock, cursor
        self.time_step = bench.circuit.timing.step
        self.length = round((clock.stop - clock.start) / self.time_step)
        self.input_onset, self.input_offset, self.outcome_onset, self.on, self.off = (
            self._steps([t[name] for t in trials])
            for name in (
                "input_onset", "input_offset", "outcome_onset", "manipulation_onset",
                "manipulation_offset",
            )
        )  # fmt: skip
        taught = np.array([[bool(t.get("teaching", True))] for t in trials])
        self.taught = np.where(taught, self.outcome_onset, self.length)
        self.met = self.outcome_onset if bench.senses_outcomes else self.taught
        self.input, self.target = _shown(bench.association, trials)
        self.frequency = np.array([[float(t["modulation_frequency"])] for t in trials])
        self.done = manipulated(bench, trials)

    def _steps(self, times: list[float]) -> npt.NDArray[np.int64]:
        """Return (stream, 1) step numbers; an event that never comes is after the end."""
        found = [
            self.length if np.isnan(t) else round((t - self.clock.start) / self.time_step)
            for t in times
        ]
        return np.array(found)[:, None]

    def segments(
        self, noise: SomaticNoise | None, separate: bool, edges: Iterable[int]
    ) -> Iterator[Segment]:
        """Yield stretches of steps in which nothing begins or ends, each with its world.

        Parameters
        ----------
        noise
            Into all somata, if there is any.
        separate
            Whether each stream of each network stands as a network of its own.
        edges
            Steps at which a stretch must end, and at which bins do.
        """
        events = (self.input_onset, self.input_offset, self.outcome_onset, self.on, self.off)
        changes = {int(k) for event in events for k in event.ravel()} | self._learning()
        always = noise is not None or bool(self.frequency.any())
        begins = {0, *changes, *edges, *(range(0, self.length, _VARYING) if always else ())}
        within = sorted({k for k in begins if 0 <= k < self.length})
        for first, last in pairwise([*within, self.length]):
            world = self._world(first)
            if always:
                world = self._varying(world, range(first, last), noise)
            yield Segment(
                first, last, self._separated(world) if separate else world, self.plastic(first)
            )

    def _learning(self) -> set[int]:
        """Return the steps at which it may begin that synapses change."""
        first = self.clock.plasticity
        late = 0 if first is None else round((first - self.clock.start) / self.time_step)
        begins = {late, int(self.outcome_onset[0, 0])}
        if self.circuit.plastic == "after settling":
            begins.add(self.length - self._last)
        return begins

    @property
    def _last(self) -> int:
        """Return for how many steps at the end synapses change that wait until all has settled."""
        return round(0.01 / self.time_step)

    def _varying(self, world: World, steps: range, noise: SomaticNoise | None) -> World:
        """Return the world of some steps, (step, network, stream, neuron) of what varies."""
        if self.frequency.any():
            world = replace(world, input=np.stack([self._input(k) for k in steps]))
        if noise is None:
            return world
        each_step = np.zeros((len(steps), 1, 1, 1))
        current = noise.currents(len(steps))
        for role, value in world.current.items():
            current[role] = current.get(role, each_step) + value
        return replace(world, current=current)

    def _world(self, k: int) -> World:
        acting = (self.on <= k) & (k < self.off)
        keep: dict[Role, Array] = {
            role: np.where(acting, factor, 1.0) for role, factor in self.done.keep.items()
        }
        current: dict[Role, Array] = {
            role: np.where(acting, amplitude, 0.0) for role, amplitude in self.done.current.items()
        }
        synapses = {
            name: np.where(acting[..., None], factor, 1.0)
            for name, factor in self.done.synapses.items()
        }
        return World(
            input=self._input(k),
            target=self.target,
            teaching=(k >= self.met)[None],
            keep=keep if acting.any() else NOTHING,
            current=current if acting.any() else NOTHING,
            synapses=synapses if acting.any() else UNTOUCHED,
        )

    def _input(self, k: int) -> Array:
        shown: Array = self.input * ((self.input_onset <= k) & (k < self.input_offset))
        if not self.frequency.any():
            return shown
        phase = 2 * np.pi * self.frequency * self.time_step * (k - self.input_onset)
        return shown * np.where(self.frequency > 0, (1 + np.sin(phase)) / 2, 1.0)

    def _separated(self, world: World) -> World:
        networks, count = self.input.shape[:2]

        def stacked(x: Any) -> Any:
            steps = x.shape[:-3]
            spread = np.broadcast_to(x, (*steps, networks, count, x.shape[-1]))
            return spread.reshape(*steps, networks * count, 1, x.shape[-1])

        def synapses(x: Array) -> Array:
            spread = np.broadcast_to(x, (networks, count, *x.shape[2:]))
            return spread.reshape(networks * count, *x.shape[2:])

        return World(
            stacked(world.input),
            stacked(world.target),
            stacked(world.teaching),
            {role: stacked(x) for role, x in world.keep.items()},
            {role: stacked(x) for role, x in world.current.items()},
            {name: synapses(x) for name, x in world.synapses.items()},
        )

    def plastic(self, k: int) -> bool:
        """Whether synapses change at step k: with teaching, or only late in it."""
        if self.circuit.plastic == "after settling" and k < self.length - self._last:
            return False
        first = self.clock.plasticity
        late = first is None or k >= round((first - self.clock.start) / self.time_step)
        return bool(late and k >= self.taught[0, 0])

    def close_loop(self, output: Array) -> None:
        """Let the outcome be what the cursor's error asks of the output, (network, stream, .)."""
        if self.cursor:
            self.target = self.cursor.targets(output)

    def read(self, output: Array) -> Array:
        """Return what is read of the output: itself, or the cursor, (network, stream, .)."""
        return self.cursor.position(output) if self.cursor else output

    def shown_target(self) -> Array:
        """(network, stream, output), or where the cursor was to be; NaN where no outcome came."""
        wanted = self.cursor.goal if self.cursor else self.target
        return np.where(self.outcome_onset < self.length, wanted, np.nan)


def _shown(association: Association, trials: _Trials) -> tuple[Array, Array]:
    """Input and target of each stream's trial, (network, stream, neuron)."""
    inputs = [
        t["contrast"] * association.stimuli[t["association"]][:, t["pattern"]] for t in trials
    ]
    return np.stack(inputs, axis=1), np.stack([_outcome(association, t) for t in trials], axis=1)


def _outcome(association: Association, trial: Mapping[Any, Any]) -> Array:
    name, pattern = trial["association"], trial["pattern"]
    if trial["outcome"] != "unexpected":
        return association.outcomes[name][:, pattern]
    sized = replace(association, surprise=association.surprise * trial["outcome_size"])
    return sized.unexpected(name)[:, pattern]


class SomaticNoise:
    """Noise into all somata, drawn as steps are taken.

    It is up or down in each step, as in the simplified weak Euler scheme (Kloeden and Platen 1992,
    chapter 14): potentials sum many steps, and have the moments that normal steps give.
    """

    def __init__(self, bench: Bench[Any, Any], streams: int) -> None:
        """Begin the noise of a bench, another one for each of so many copies of each network."""
        noise, circuit = bench.noise, bench.circuit
        assert noise is not None
        sizes = {role: neurons(circuit, role).stop for role in somata(circuit)}
        ends = np.cumsum([0, *sizes.values()]).tolist()
        self._roles = {role: slice(*own) for role, own in zip(sizes, pairwise(ends), strict=True)}
        when = (noise.day, noise.block) if noise.block else (noise.day,)
        self._rngs = [
            generator(noise.seed, circuit.theory, int(n), "noise", *when) for n in noise.networks
        ]
        self._shape = (_DRAWN, streams, ends[-1])
        self._size = noise.size * bench.drive
        self._left = self._drawn()

    def currents(self, steps: int) -> Currents:
        """Return that of the next steps, by role, (step, network, stream, neuron)."""
        parts = [self._left]
        while sum(map(len, parts)) < steps:
            parts.append(self._drawn())
        every = np.concatenate(parts)
        self._left = every[steps:]
        return {role: self._size * every[:steps, ..., own] for role, own in self._roles.items()}

    def _drawn(self) -> Array:
        drawn = [rng.integers(0, 2, self._shape, np.int8) for rng in self._rngs]
        return 2.0 * np.stack(drawn, axis=1) - 1.0


def somata(circuit: Circuit[Any, Any]) -> tuple[Role, ...]:
    """Return the roles whose neurons are cells; apical potentials and bursts are parts of cells."""
    return tuple(
        role
        for role in _ROLES
        if has(circuit, role) and (role != "error" or circuit.carrier == "error")
    )
