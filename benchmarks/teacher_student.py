"""The published teacher-student experiment, beside the figures it is to reproduce.

Run with ``python benchmarks/teacher_student.py``; it takes minutes on two cores. What a network
can reach depends on the teacher and on the networks that were drawn, and the quoted figures are
one draw of ten networks. So several teachers are drawn here, with ten networks each, and each
yields one median: the table holds the range of these medians beside the quoted one.
"""

from __future__ import annotations

import argparse
import time
from typing import Any

import numpy as np

from errorneurons.simulate.kernels.layout import Execution
from errorneurons.simulate.tasks import teacher_student as task

#: layers -> theory -> (median, lower and upper quartile, untrained, angles), as quoted.
WANTED = {
    (2, 1): {
        "error_microcircuit": (6.1e-10, 3.8e-10, 1.3e-9, 0.34, (0,)),
        "dendritic_pc": (2e-5, 1.9e-5, 2.3e-5, 0.25, (0,)),
        "dendritic_microcircuit": (4.1e-6, 3.7e-6, 4.6e-6, 0.16, (0,)),
        "backprop": (3.2e-10, 1.5e-10, 1.5e-9, 0.16, (0,)),
    },
    (4, 2, 1): {
        "error_microcircuit": (3.3e-5, 2.9e-5, 4.2e-5, 0.089, (12.5, 0.112)),
        "dendritic_pc": (3.1e-4, 3.0e-4, 3.1e-4, 0.074, (22.1, 0.998)),
        "dendritic_microcircuit": (2.3e-4, 1.7e-4, 2.9e-4, 0.068, (45.6, 3.21)),
        "backprop": (7.1e-6, 5.8e-6, 1.4e-5, 0.068, (0, 0)),
    },
    (8, 4, 2, 1): {
        "error_microcircuit": (2.6e-4, 2.4e-4, 2.8e-4, 0.037, (55.8, 45.7, 34.9)),
        "dendritic_pc": (5.1e-3, 3.4e-3, 7.8e-3, 0.036, (48.3, 31.2, 1.1)),
        "dendritic_microcircuit": (8.3e-3, 7.1e-3, 1.5e-2, 0.034, (83.4, 27.9, 0.667)),
        "backprop": (1.6e-4, 1.6e-4, 1.8e-4, 0.046, (0, 0, 0)),
    },
    (16, 8, 4, 2, 1): {
        "error_microcircuit": (2.0e-3, 1.8e-3, 2.3e-3, 0.032, (78.3, 78.7, 67.6, 61.4)),
        "dendritic_pc": (2.7e-2, 2.4e-2, 3.2e-2, 0.062, (56.4, 44.2, 20.1, 3.43)),
        "dendritic_microcircuit": (3.3e-2, 2.8e-2, 3.8e-2, 0.041, (90, 54.1, 16.4, 3.03)),
        "backprop": (1.3e-3, 1.0e-3, 2.6e-3, 0.083, (0, 0, 0, 0)),
    },
    (32, 16, 8, 4, 2, 1): {
        "error_microcircuit": (9.3e-3, 8e-3, 1e-2, 0.28, (90, 90, 89.2, 84.5, 85.1)),
        "dendritic_pc": (1.3e-2, 1.3e-2, 1.5e-2, 0.19, (70.2, 56.9, 47.4, 32, 0.582)),
        "dendritic_microcircuit": (0.15, 0.15, 0.15, 0.14, (101, 91, 91.3, 91.3, 71)),
        "backprop": (9.9e-3, 7.7e-3, 1.2e-2, 0.12, (0, 0, 0, 0, 0)),
    },
}


NETWORKS = 10


def trained(
    theory: str, layers: tuple[int, ...], teachers: int, epochs: int, threads: int
) -> tuple[Any, Any, Any]:
    """Return test errors before and after training, (teacher, network), and the angles."""
    circuit, networks = task.student(theory, layers), range(NETWORKS * teachers)
    data = task.teach(circuit, 0, np.repeat(np.arange(teachers), NETWORKS).tolist())
    weights = task.untrained(circuit, 0, networks)
    before = task.held_out_error(circuit, weights, data)
    weights, _ = task.learn(
        circuit, weights, data, 0, networks, epochs, execution=Execution(threads)
    )
    after = task.held_out_error(circuit, weights, data)
    angles = task.update_angles(circuit, weights, data)["angle"].mean(("network", "item"))
    return before.reshape(teachers, -1), after.reshape(teachers, -1), angles


def compared(found: Any, quoted: float) -> str:
    """Return the range of medians over teachers, and whether the quoted one is inside."""
    medians = np.median(found, axis=1)
    inside = "in" if medians.min() <= quoted <= medians.max() else "OUT"
    low, middle, high = medians.min(), np.median(medians), medians.max()
    return f"{middle:8.2g} ({low:.2g} to {high:.2g}), {quoted:.2g} quoted: {inside:3}"


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--epochs", type=int, default=1000)
    parser.add_argument("--teachers", type=int, default=8)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--areas", type=int, nargs="+", default=[1, 2, 3], help="up to 5")
    arguments = parser.parse_args()
    settings = (arguments.teachers, arguments.epochs, arguments.threads)
    for layers, theories in WANTED.items():
        if len(layers) - 1 not in arguments.areas:
            continue
        errors = {}
        for theory, (median, low, high, before, angles) in theories.items():
            start = time.perf_counter()
            first, errors[theory], found = trained(theory, layers, *settings)
            spread = np.median(np.divide(*np.percentile(errors[theory], [75, 25], axis=1)))
            print(
                f"{'-'.join(map(str, layers))} {theory}, {time.perf_counter() - start:.0f} s\n"
                f"    test error  {compared(errors[theory], median)}\n"
                f"    upper / lower quartile  {spread:.2g}, {high / low:.2g} quoted\n"
                f"    untrained   {compared(first, before)}\n"
                f"    angles      {np.round(found.sel(definition='published').values, 1)}, "
                f"{angles} quoted; same skips "
                f"{np.round(found.sel(definition='same_skips').values, 1)}",
                flush=True,
            )
        order = np.argsort(np.argsort([np.median(e, axis=1) for e in errors.values()], 0), 0)
        quoted = np.argsort(np.argsort([figures[0] for figures in theories.values()]))
        same = (order == quoted[:, None]).all(0).sum()
        print(f"    order of theories as quoted with {same} of {arguments.teachers} teachers\n")


if __name__ == "__main__":
    main()
