"""How much faster the compiled loop steps the theories of the registry than NumPy does.

One thread, processor time. Run: python benchmarks/theories.py [theory ...]
"""

from __future__ import annotations

import sys
import time
from typing import Any

import numpy as np
from threadpoolctl import threadpool_limits

from errorneurons.simulate.circuit import World, neurons
from errorneurons.simulate.engine.run import Stepper
from errorneurons.simulate.theories.registry import theory

NAMES = ("error_microcircuit", "supervised_pc", "dendritic_microcircuit", "hierarchical_pc")
CASES = ((16, 1, True), (48, 1, True), (16, 1, False), (16, 5, False), (16, 45, False),
         (16, 69, False))  # fmt: skip
STEPS, PLAIN_STEPS = 400, 40


def compared(circuit: Any, networks: int, streams: int, learn: bool) -> tuple[float, float]:
    """Return the time of a step of all networks in NumPy and in the loop [s]."""
    rng, weights = np.random.default_rng(0), circuit.initial_weights(1, range(networks))
    out = neurons(circuit, "representation", circuit.output_area)
    world = World(
        rng.uniform(-1, 1, (networks, streams, circuit.layers[0])),
        rng.uniform(-0.8, 0.8, (networks, streams, out.stop - out.start)),
        np.ones((1, 1, 1), dtype=bool),
    )
    stepper = Stepper(circuit, weights, streams, plastic=learn)
    stepper.advance(world, 2, learn, stepper.roles)
    start = time.process_time()
    stepper.advance(world, STEPS, learn, stepper.roles)
    middle = time.process_time()
    state = circuit.rest(weights, streams)
    for _ in range(PLAIN_STEPS):
        before, state = state, circuit.step(weights, state, world)
        weights = circuit.learn(weights, before, state) if learn else weights
    end = time.process_time()
    return (end - middle) / PLAIN_STEPS, (middle - start) / STEPS


if __name__ == "__main__":
    for name in sys.argv[1:] or NAMES:
        for networks, streams, learn in CASES:
            with threadpool_limits(1):
                plain, loop = compared(theory(name).circuit, networks, streams, learn)
            print(
                f"{name}: {networks} networks x {streams} streams, "
                f"{'learning' if learn else 'frozen'}: NumPy {1e6 * plain:.0f} us a step, "
                f"loop {1e6 * loop:.1f} us, {plain / loop:.1f} times as fast"
            )
