"""The readout of a brain-computer interface: a cursor that output neurons move by known weights.

=========== ======================================================================
cursor      y = w . r                        w is the decoder, r the output
teaching    t_i = r_i + w^_i (y* - y)        y* is the goal; w^ the animal's idea of the decoder
=========== ======================================================================

The animal sees its cursor miss when the outcome comes. What that asks of each output neuron it
can only tell by what it takes the neuron to do, so the error is signed by w^. Teaching is a
target like any other, and every theory can be put to it. When the decoder becomes another one, w^
follows as far as a trial says: at once, if whatever carries errors down follows the synapses that
carry activity up; never, if it is fixed.

Read out and taught is the output just before the outcome; the target then stays, so the loop is
closed from trial to trial.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from errorneurons.simulate.arrays import Array, generator
from errorneurons.simulate.experiments.association import STIMULI
from errorneurons.simulate.refusing import entry

LIMIT = 0.95
"""Targets are kept within the range of the output's rates, short of its ends, at which some
theories would ask for an infinite potential."""
FARTHEST = 0.6
"""Size of the outermost goals, which output neurons at about half their range reach."""

NO_DECODER = "none"
FIRST, HALF, ALL = "first", "half of the signs flipped", "all signs flipped"


@dataclass(frozen=True)
class Readout:
    """The decoders and goals of many networks.

    Attributes
    ----------
    decoders
        Name -> weight of each output neuron, (network, output neuron), of length 1; `FIRST` is
        the one that the animal knows.
    goals
        Where the cursor is to be after each stimulus, (network, stimulus).
    """

    decoders: Mapping[str, Array]
    goals: Array


@dataclass(frozen=True)
class Cursor:
    """The cursor in one trial of every stream.

    Attributes
    ----------
    decoder, belief
        w and w^, (network, stream or 1, output neuron).
    goal
        y*, (network, stream, 1).
    """

    decoder: Array
    belief: Array
    goal: Array

    def position(self, output: Array) -> Array:
        """Return where an output, (network, stream, output neuron), moves it: (.., .., 1)."""
        return np.asarray((self.decoder * output).sum(axis=-1, keepdims=True))

    def targets(self, output: Array) -> Array:
        """Return what the cursor's error asks of the output; dims as `output`."""
        error = self.goal - self.position(output)
        return np.clip(output + self.belief * error, -LIMIT, LIMIT)


def readout(seed: int, networks: Sequence[int], outputs: int = 5) -> Readout:
    """Draw decoders and goals.

    Half of the weights are positive and half negative (of an odd number, one more or less); their
    sizes lie within a factor of 2. Goals are equally spaced, in random order.

    Parameters
    ----------
    seed
        Seed of the run; the same for all theories.
    networks
        Numbers of the networks.
    outputs
        Neurons of the output area.
    """
    drawn = [_decoders(generator(seed, "readout", n), outputs) for n in networks]
    goals = [
        generator(seed, "goals", n).permutation(np.linspace(-FARTHEST, FARTHEST, STIMULI))
        for n in networks
    ]
    decoders = {name: np.stack([one[name] for one in drawn]) for name in (FIRST, HALF, ALL)}
    return Readout(decoders, np.stack(goals))


def _decoders(rng: np.random.Generator, outputs: int) -> dict[str, Array]:
    more = outputs // 2 + int(rng.integers(2)) * (outputs % 2)
    signs = np.where(rng.permutation(outputs) < more, 1.0, -1.0)
    first = signs * rng.uniform(0.5, 1.0, outputs)
    first /= np.linalg.norm(first)
    flipped = np.where(rng.permutation(outputs) < outputs // 2, -1.0, 1.0)
    return {FIRST: first, HALF: flipped * first, ALL: -first}


def decoder_of(readout: Readout | None, table: pd.DataFrame) -> Array | None:
    """Return the decoder of a table of trials, (network, output neuron); None if it has none.

    Parameters
    ----------
    readout
        Decoders and goals.
    table
        Trials; the column ``decoder``, if there is one, names their decoder.

    Raises
    ------
    ValueError
        If trials differ in their decoder, there is no readout, or it does not know the decoder.
    """
    names = table.get("decoder", pd.Series([NO_DECODER])).unique().tolist()
    if names == [NO_DECODER]:
        return None
    if len(names) > 1:
        raise ValueError(
            f"one day has the decoders {' and '.join(map(repr, names))}; give each a day of its own"
        )
    if readout is None:
        raise ValueError(
            f"trials have the decoder {names[0]!r} but Bench.readout is None; draw one with "
            "`readout`"
        )
    return entry("decoder", names[0], readout.decoders)


def cursor(
    readout: Readout | None, decoder: Array | None, trials: Sequence[Mapping[Any, Any]]
) -> Cursor | None:
    """Return the cursor of trials, one a stream; None without a decoder.

    Parameters
    ----------
    readout
        Decoders and goals.
    decoder
        As `decoder_of` returns it.
    trials
        Rows of a table. ``realigned`` is how far the animal's idea of the decoder has moved from
        `FIRST` to the one in force, from 0 to 1.
    """
    if readout is None or decoder is None:
        return None
    first = readout.decoders[FIRST][:, None]
    moved = np.array([float(trial.get("realigned", 1.0)) for trial in trials])[:, None]
    goal = np.stack([readout.goals[:, trial["pattern"]] for trial in trials], axis=1)
    now = decoder[:, None]
    return Cursor(now, first + moved * (now - first), goal[..., None])
