"""How long one learning step of one network takes, compiled and in plain NumPy, side by side.

Run with ``python benchmarks/engine.py``; it takes a minute or two. The baseline is the theory's
own `step` and `learn` with one network, as a reader would write them. All networks have all skip
connections, and learn; each figure is the best of several runs, the ratio is taken in one run.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from dataclasses import replace

import numpy as np

from errorneurons.simulate import engine, layout
from errorneurons.simulate.circuit import Timing, World
from errorneurons.simulate.models.error_microcircuit import ErrorMicrocircuit

HOLD = 20
#: layers, networks, presentations in a timed run, steps of plain NumPy
SIZES = {
    "8-4-2-1": ((8, 4, 2, 1), 1024, 100, 2000),
    "32-16-8-4-2-1": ((32, 16, 8, 4, 2, 1), 512, 40, 2000),
    "50+7x50": ((50,) * 8, 2, 100, 400),
    "784+4x256": ((784,) + (256,) * 4, 2, 15, 20),
}


def circuit_of(layers: tuple[int, ...], lateral_noise: float) -> ErrorMicrocircuit:
    """Return an error microcircuit with all skip connections."""
    areas = len(layers) - 1
    strengths = tuple(
        tuple(float(k <= t and (k > 0 or t == 0)) for k in range(areas + 1)) for t in range(areas)
    )
    return ErrorMicrocircuit(
        layers=layers,
        activation=("tanh",) * areas,
        timing=Timing(1e-5, 0.0),
        g_apical=0.06,
        learning_rates=(0.01,) * areas,
        connectivity=strengths,
        lateral_noise=lateral_noise,
    )


def schedule_of(circuit: ErrorMicrocircuit, networks: int, count: int) -> layout.Schedule:
    """Return presentations of random items, taught and learnt."""
    rng = np.random.default_rng(0)
    always = np.ones(count, bool)
    return layout.Schedule(
        rng.uniform(size=(1, 100, circuit.layers[0])),
        rng.uniform(-0.5, 0.5, (1, 100, circuit.layers[-1])),
        rng.integers(0, 100, (networks, count)),
        np.full(count, HOLD), always, always,
    )  # fmt: skip


def best(function: Callable[[], object], repeats: int) -> float:
    """Return the shortest time that a function takes [s]."""
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        function()
        times.append(time.perf_counter() - start)
    return min(times)


def numpy_step(circuit: ErrorMicrocircuit, steps: int, repeats: int) -> float:
    """Return what a step of one network takes in plain NumPy [s]."""
    weights = circuit.initial_weights(0, [0])
    plan = schedule_of(circuit, 1, max(1, steps // HOLD))
    yes = np.ones((1, 1, 1), bool)

    def simulate() -> None:
        w, state = weights, circuit.rest(weights, 1)
        for item in plan.order[0]:
            world = World(plan.inputs[:, item : item + 1], plan.targets[:, item : item + 1], yes)
            for _ in range(HOLD):
                after = circuit.step(w, state, world)
                w, state = circuit.learn(w, state, after), after

    return best(simulate, repeats) / plan.steps.sum()


def engine_step(
    circuit: ErrorMicrocircuit, networks: int, count: int, threads: int, repeats: int
) -> float:
    """Return what a step of one network takes in the engine [s]."""
    weights = circuit.initial_weights(0, range(networks))
    plan = schedule_of(circuit, networks, count)
    few = replace(plan, **{n: getattr(plan, n)[..., :1] for n in
                           ("order", "steps", "teaching", "learning")})  # fmt: skip
    execution = layout.Execution(threads=threads)
    engine.run(circuit, weights, few)
    # Laying out is paid once a run, however long it is: what it takes is subtracted.
    short = best(lambda: engine.run(circuit, weights, few, execution=execution), repeats)
    long = best(lambda: engine.run(circuit, weights, plan, execution=execution), repeats)
    return (long - short) / ((count - 1) * HOLD * networks)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--laterals", type=float, default=0.0, help="noise on lateral synapses")
    arguments = parser.parse_args()
    print("microseconds a learning step of one network; ratio to plain NumPy, one network")
    for name, (layers, networks, count, steps) in SIZES.items():
        circuit = circuit_of(layers, arguments.laterals)
        slow = numpy_step(circuit, steps, max(2, arguments.repeats // 2))
        one = engine_step(circuit, networks, count, 1, arguments.repeats)
        two = engine_step(circuit, networks, count, 2, arguments.repeats)
        print(
            f"{name:>14}: NumPy {1e6 * slow:9.1f}  engine {1e6 * one:8.3f}"
            f"  {slow / one:6.0f}x  two threads {one / two:4.2f}x"
        )


if __name__ == "__main__":
    main()
