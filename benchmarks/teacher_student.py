"""The published teacher-student experiment, beside the figures it is to reproduce.

Run with ``python benchmarks/teacher_student.py``; it takes minutes. For each layout and theory it
prints the median and quartiles of the test error over 10 networks, trained and untrained, and
the mean update angles of the trained networks in both definitions, input side first.
"""

from __future__ import annotations

import argparse
import time

import numpy as np

from errorneurons.simulate.tasks import teacher_student as task

#: layers -> theory -> (median, lower and upper quartile, untrained, angles), as specified.
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
}


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--epochs", type=int, default=1000)
    parser.add_argument("--networks", type=int, default=10)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    networks = range(arguments.networks)
    for layers, theories in WANTED.items():
        for theory, (median, low, high, before, angles) in theories.items():
            start = time.perf_counter()
            circuit = task.student(theory, layers)
            data = task.teach(circuit, arguments.seed)
            weights = task.untrained(circuit, arguments.seed, networks)
            first = task.held_out_error(circuit, weights, data)
            weights, _ = task.learn(
                circuit, weights, data, arguments.seed, networks, arguments.epochs
            )
            error = task.held_out_error(circuit, weights, data)
            quartiles = " ".join(f"{q:.2g}" for q in np.percentile(error, [50, 25, 75]))
            mean = task.update_angles(circuit, weights, data)["angle"].mean(("network", "item"))
            found = {
                str(d): np.round(mean.sel(definition=d).values, 2).tolist()
                for d in mean.definition.values
            }
            print(
                f"{'-'.join(map(str, layers)):8} {theory:23} {quartiles} (wanted {median:.2g} "
                f"{low:.2g} {high:.2g})  untrained {np.median(first):.2g} (wanted {before:.2g})  "
                f"angles {found} (wanted {angles})  {time.perf_counter() - start:.0f} s",
                flush=True,
            )


if __name__ == "__main__":
    main()
