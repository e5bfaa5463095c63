"""How often lasers that do too little let a claim be answered wrongly.

Run with ``python benchmarks/weak_lasers.py``; it takes some minutes. Networks of a theory go
through the outcome-error experiment once for each efficacy of the laser: the share of its rate that
a silenced cell loses, and the share of its natural tuning with which a cell is driven. Of the
sessions many recordings are made: in each, some of the networks, drawn anew, with lasers that are
all as weak, that differ between animals, or that are dead in three animals of eight. What a theory
says is the verdict on its networks with a laser that does all it should, seen without noise; the
opposite answer is wrong. Labels are right, so that as much is answered as can be. The table in
Markdown goes to standard output.
"""

from __future__ import annotations

import argparse
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace

import numpy as np
import xarray as xr
from answers import DECIDED, counted, outcomes_by  # beside this file

from errorneurons.analysis.measures.asking import asked_often
from errorneurons.predictions.claims.claim import Claim, Outcome
from errorneurons.predictions.claims.registry import claim
from errorneurons.predictions.judging.judge import judge
from errorneurons.predictions.judging.measured import measure
from errorneurons.simulate.animals.animals import Animals
from errorneurons.simulate.animals.runner import sessions
from errorneurons.simulate.arrays import generator
from errorneurons.simulate.experiments.experiment import Experiment, Frozen
from errorneurons.simulate.experiments.registry import experiment
from errorneurons.simulate.instrument.instrument import Instrument, Spiking
from errorneurons.simulate.theories.registry import theory
from errorneurons.simulate.trials.bench import Laser

THEORIES = "error_microcircuit", "supervised_pc", "hierarchical_pc"
CLAIMS = tuple(claim(key) for key in ("P04a", "P04b", "P05a", "P05b", "P06a", "P06b"))
EFFICACIES = 0.0, 0.2, 0.4, 0.6, 0.8, 1.0
WEAK = EFFICACIES[1:-1]
NETWORKS, ANIMALS, DEAD = 16, 8, 3
OPPOSITE = dict(zip(DECIDED, DECIDED[::-1], strict=True))

Lasers = Callable[[np.random.Generator], Sequence[float]]
"""Draws the efficacy of the laser in each animal of a recording."""
Sessions = Mapping[float, Sequence[xr.Dataset]]
"""Efficacy -> one session a network."""


def weakened(whole: Experiment, efficacy: float) -> Experiment:
    """Return an experiment in which cells are driven by a share of the current that they should."""
    blocks = tuple(
        replace(
            block,
            conditions=tuple(
                {**kind, "drive_size": efficacy} if kind.get("manipulation") == "drive" else kind
                for kind in block.conditions
            ),
        )
        if isinstance(block, Frozen)
        else block
        for block in whole.blocks
    )
    return replace(whole, blocks=blocks)


def recorded(
    name: str, efficacy: float, networks: int, seed: int, spiking: Spiking = "poisson"
) -> list[xr.Dataset]:
    """Return a session of each network of a theory, with a laser of some efficacy."""
    whole = replace(experiment("outcome_error"), repeats=5)
    tried = theory(name), weakened(whole, efficacy), Animals(networks, seed)
    seen = Instrument(12, label_error=0.0, label_error_interval=(0.0, 0.0), spiking=spiking)
    return list(sessions(*tried, seen, Laser(efficacy)))


def what_it_says(name: str, seed: int) -> dict[str, Outcome]:
    """Return the verdict on some networks of a theory, with a laser that does all it should."""
    seen = recorded(name, 1.0, 4, seed, "none")
    found = (judge(c, name, measure(c.effect, seen, trial_level=False), "theory") for c in CLAIMS)
    return {verdict.claim: verdict.outcome for verdict in found}


def groups() -> dict[str, Lasers]:
    """Return how lasers are over animals: all as weak, unlike, or some dead."""
    alike = {f"all {e:g}": _as_weak([e] * ANIMALS) for e in EFFICACIES}
    unlike: dict[str, Lasers] = {"each .2 to .8": lambda rng: rng.choice(WEAK, ANIMALS).tolist()}
    dead = {
        f"{DEAD} of {ANIMALS} dead, others {e:g}": _as_weak([0.0] * DEAD + [e] * (ANIMALS - DEAD))
        for e in (*WEAK, 1.0)
    }
    return alike | unlike | dead


def _as_weak(efficacies: Sequence[float]) -> Lasers:
    return lambda _: efficacies


def outcomes_of(
    seen: Sessions, lasers: Lasers, count: int, seed: int, claims: Sequence[Claim] = CLAIMS
) -> dict[str, Counter[Outcome]]:
    """Return what is said of each claim, of many recordings of some of the networks."""
    networks = len(next(iter(seen.values())))

    def made() -> Iterator[list[xr.Dataset]]:
        for k in range(count):
            rng = generator(seed, "weak lasers", k)
            efficacies = lasers(rng)
            chosen = rng.permutation(networks)[: len(efficacies)]
            yield [seen[e][n] for e, n in zip(efficacies, chosen, strict=True)]

    return counted(made(), outcomes_by(claims))


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--recordings", type=int, default=100)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--theory", action="append", help="by default three; may be repeated")
    arguments = parser.parse_args()
    print(f"| theory | laser | {' | '.join(c.key for c in CLAIMS)} |")
    print("|---" * (2 + len(CLAIMS)) + "|")
    for name in arguments.theory or THEORIES:
        seen = {e: recorded(name, e, NETWORKS, arguments.seed) for e in EFFICACIES}
        every = [session for own in seen.values() for session in own]
        truth = what_it_says(name, arguments.seed)
        with asked_often(every):
            print(f"| {name} | the truth | {' | '.join(truth[c.key] for c in CLAIMS)} |")
            for group, lasers in groups().items():
                found = outcomes_of(seen, lasers, arguments.recordings, arguments.seed)
                told = [_rates(found[c.key], truth[c.key]) for c in CLAIMS]
                print(f"| {name} | {group} | {' | '.join(told)} |", flush=True)


def _rates(found: Counter[Outcome], truth: Outcome) -> str:
    """Return the shares of recordings that are answered rightly and wrongly."""
    right, wrong = found[truth], found[OPPOSITE.get(truth, Outcome.SUPPORTED)]
    return f"{right / found.total():.2f}, wrong {wrong / found.total():.3f}"


if __name__ == "__main__":
    main()
