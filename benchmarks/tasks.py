"""The published tasks, beside the figures they are to reproduce.

Run with ``python benchmarks/tasks.py``, or with the names of some tasks; it takes minutes. What is
printed in brackets is published.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from errorneurons.simulate.tasks import cart_pole, images, match_to_sample, yin_yang

PENALTIES = {
    "linear": "260.5 35 8.5 5 5, final 5 [3 7.75]",
    "tanh": "325 105.5 16 17 31, final 17 [8.25 29.25]",
}
MATCHING = "2.08 1.24 .46 .03 from epoch 4 on; test .038; 7 of 10 solve it"
POINTS = "backprop with Adam: 97.6 +- 1.5 %; lower synapses frozen 85.5 +- 5.8 %; no hidden 63.8 %"


def figures(values: npt.ArrayLike) -> str:
    """Return numbers with three figures."""
    return " ".join(f"{value:.3g}" for value in np.atleast_1d(values))


def balance(seed: int, networks: Sequence[int], _: int) -> None:
    """Print the penalties of the cart-pole."""
    for theory in cart_pole.CONTROLLERS:
        for hidden, published in PENALTIES.items():
            circuit = cart_pole.cart_pole_learner(theory, hidden)  # type: ignore[arg-type]
            found = cart_pole.cart_pole(circuit, seed, networks)
            median, low, high = np.percentile(found["score"], [50, 25, 75])
            controller = float(found["controller"].median())
            print(
                f"cart-pole {theory} {hidden}: {figures(found['penalty'].median('network'))}, "
                f"final {median:g} [{low:g} {high:g}], controller {controller:g}"
                + (f"  ({published}; controller 5)" if theory == "error_microcircuit" else ""),
                flush=True,
            )


def match(seed: int, networks: Sequence[int], _: int) -> None:
    """Print the errors of the delayed match to sample, for both times of teaching."""
    for taught in ("test", "rest"):
        task = match_to_sample.MatchToSample(taught=taught)
        found = match_to_sample.match_to_sample(
            match_to_sample.match_learner(), seed, networks, task
        )
        print(
            f"match to sample, taught from the {taught} on: "
            f"{figures(found['error'].median('network')[:6])}; test "
            f"{float(found['score'].median()):.3g}; {int((found['correct'] == 1).sum())} of "
            f"{len(networks)} solve it, the others {figures(found['score'][found['correct'] < 1])}"
            f"  ({MATCHING})",
            flush=True,
        )


def classify(seed: int, networks: Sequence[int], epochs: int) -> None:
    """Print the test accuracies of Yin-Yang, with its controls."""
    task = replace(yin_yang.YinYang(), epochs=epochs)
    learners = {
        "all learn": yin_yang.yin_yang_learner,
        "lower frozen": lambda theory: yin_yang.yin_yang_learner(theory, frozen=True),
        "no hidden area": lambda theory: yin_yang.yin_yang_learner(theory, hidden=0),
    }
    for theory in yin_yang.CLASSIFIERS:
        for name, learner in learners.items():
            found = yin_yang.yin_yang(learner(theory), seed, networks, task)
            score = 100 * found["score"]
            print(
                f"Yin-Yang {theory}, {name}, {epochs} epochs: {float(score.mean()):.1f} +- "
                f"{float(score.std()):.1f} %  ({POINTS}, 300 epochs)",
                flush=True,
            )


def draw(seed: int, networks: Sequence[int], _: int) -> None:
    """Print the errors of the digits, for several numbers of error neurons."""
    for theory, error in (("backprop", None), *(("error_microcircuit", n) for n in (50, 25, 10))):
        found = images.images(images.image_learner(theory, 50, error), seed, networks)
        print(
            f"digits {theory} 10-50-784, {error or 50} error neurons, after 0, 1, 10, 50, 100 "
            f"epochs: {figures(found['error'].median('network')[[0, 1, 10, 50, 100]])}",
            flush=True,
        )


BENCHMARKS: dict[str, Callable[[int, Sequence[int], int], None]] = {
    "cart_pole": balance,
    "match_to_sample": match,
    "yin_yang": classify,
    "images": draw,
}


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("tasks", nargs="*", help=", ".join(BENCHMARKS))
    parser.add_argument("--networks", type=int, default=10)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--epochs", type=int, default=300, help="epochs of Yin-Yang")
    arguments = parser.parse_args()
    for name in arguments.tasks or BENCHMARKS:
        start = time.perf_counter()
        BENCHMARKS[name](arguments.seed, range(arguments.networks), arguments.epochs)
        print(f"{name}: {time.perf_counter() - start:.0f} s", flush=True)


if __name__ == "__main__":
    main()
