"""Error neurons that are never silent: an offset is an error that nothing brings down."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import pytest

from errorneurons.simulate.arrays import outer
from errorneurons.simulate.circuit import World
from errorneurons.simulate.experiments.association import association
from errorneurons.simulate.parts.activations import Tuning
from errorneurons.simulate.theories.error_places import CircuitPart, Neurons, Sizes
from errorneurons.simulate.theories.registry import INTACT
from errorneurons.simulate.trials.training import train

NETWORKS = list(range(4))
TAUGHT = np.zeros((1, 1, 1), dtype=bool)


@dataclass(frozen=True)
class Apart(CircuitPart):
    """Slopes and offsets of error neurons, spread one by one; offsets in some areas only."""

    name: str = field(default="apart", init=False)
    slope: float = 0.0
    offset: float = 0.0
    areas: tuple[int, ...] = (0, 1, 2, 3)

    def varied(
        self, tuning: Tuning | None, role: Neurons, rngs: Sequence[np.random.Generator],
        sizes: Sizes,
    ) -> Tuning | None:  # fmt: skip
        if role != "error":
            return tuning
        drawn = np.stack([rng.normal(size=(2, 1, sum(sizes))) for rng in rngs])
        there = np.repeat([float(area in self.areas) for area in range(len(sizes))], sizes)
        return Tuning(1 + self.slope * drawn[:, 0], self.offset * there * drawn[:, 1])

    def disturbance(self) -> str:
        return self.name if self.offset else ""


@pytest.mark.parametrize("seed", [0, 1])
def test_an_offset_changes_synapses_in_one_direction_whatever_is_shown(seed: int) -> None:
    """dW/dt = -eta tau g_api (L_ER o) r^T: the stimulus says which synapses, and never the sign."""
    circuit = INTACT.having(Apart(offset=0.3, areas=(0,)))
    weights = circuit.initial_weights(1, [0])
    shown = np.random.default_rng(seed).uniform(-1, 1, (1, 1, 10))
    world = World(shown, np.zeros((1, 1, 5)), TAUGHT)
    state = circuit.rest(weights, 1)
    for _ in range(300):
        before, state = state, circuit.step(weights, state, world)
    change = circuit.learn(weights, before, state).W - weights.W
    assert weights.error_tuning is not None
    drift = -circuit.tau * circuit.g_apical * weights.error_tuning.offset
    expected = circuit.timing.dt * circuit.eta * outer(drift, before.presynaptic)
    np.testing.assert_allclose(change, expected, atol=1e-9)


def removed(part: Apart, epochs: int = 8) -> list[float]:
    """Return the share of the loss that training removes from each network."""
    circuit = INTACT.having(part)
    return sorted(train(circuit, association(1, NETWORKS), 1, NETWORKS, epochs).removed)


def test_error_neurons_may_differ_in_slope_as_much_as_they_like_within_reason() -> None:
    assert removed(Apart(slope=0.3))[0] > 0.9


@pytest.mark.parametrize("areas", [(0, 1, 2), (3,)], ids=["hidden areas", "output"])
def test_offsets_as_large_as_outcome_errors_undo_what_is_learnt(areas: tuple[int, ...]) -> None:
    assert removed(Apart(offset=0.3, areas=areas))[-1] < 0


def test_offsets_smaller_than_the_errors_that_are_left_are_tolerated() -> None:
    assert removed(Apart(offset=0.001))[0] > 0.9


def test_what_is_subtracted_at_rest_makes_of_offsets_slopes_alone() -> None:
    whole = INTACT.having(Apart(slope=0.3, offset=0.3)).initial_weights(1, [0])
    slopes = INTACT.having(Apart(slope=0.3)).initial_weights(1, [0])
    assert whole.error_tuning is not None
    v = np.random.default_rng(0).normal(size=(1, 1, 50))
    phi = INTACT.phi_error
    relative = phi(v, whole.error_tuning) - phi(0 * v, whole.error_tuning)
    np.testing.assert_allclose(relative, phi(v, replace(slopes).error_tuning), atol=1e-12)
