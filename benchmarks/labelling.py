"""What a localiser finds: hits, false labels and their estimate, where the truth is known.

Run with ``python benchmarks/labelling.py``; it takes about ten minutes. The first table is of
sessions made up here, the second of virtual recordings of theories, which know the source of each
unit; the third judges the claims on both, with true labels and with those of the localiser.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

import numpy as np
import xarray as xr

from errorneurons.analysis.measures.labelling import Labels, Rule, cross_fitted, localise
from errorneurons.analysis.session.session import session
from errorneurons.predictions.claims.registry import CLAIMS, claim
from errorneurons.predictions.judging.judge import judge
from errorneurons.predictions.judging.measured import measure
from errorneurons.simulate.animals.animals import Animals
from errorneurons.simulate.animals.performed import put_through
from errorneurons.simulate.animals.runner import recordings_of
from errorneurons.simulate.experiments.outcome import with_learning
from errorneurons.simulate.instrument.instrument import Instrument
from errorneurons.simulate.theories.registry import THEORIES, theory

STIMULI = 5
BINS = np.round(np.arange(-0.1, 0.5 - 1e-9, 0.05) + 0.025, 9)
INPUT, OUTCOME = 0.0, 0.3
RULE = Rule(permutations=1999)


@dataclass(frozen=True)
class Made:
    """A session made up of Poisson cells.

    Attributes
    ----------
    units, error
        How many, and the share of error cells.
    trials
        Trials of each outcome and stimulus.
    contrast, tuning
        Standard deviation over stimuli of the response of error cells to an unexpected outcome,
        and of that of representation cells to the input [Hz].
    arousal
        Gain of all cells after unexpected outcomes, minus 1.
    baseline
        Rate without any input [Hz].
    """

    units: int = 120
    error: float = 0.0
    trials: int = 8
    contrast: float = 10.0
    tuning: float = 10.0
    arousal: float = 0.0
    baseline: float = 10.0

    def draw(self, rng: np.random.Generator) -> tuple[xr.Dataset, np.ndarray]:
        """Return a session, with novel input besides, and which units are error cells."""
        is_error = rng.random(self.units) < self.error
        shape = STIMULI + 1, self.units  # the last stimulus is the novel one
        tuning = np.where(is_error, 0.0, rng.normal(0, self.tuning, shape))
        contrast = np.where(is_error, rng.normal(0, self.contrast, shape), 0.0)
        kinds = [(s, o) for s in range(STIMULI) for o in ("expected", "unexpected")]
        rows = [kind for kind in [*kinds, (STIMULI, "none")] for _ in range(self.trials)]
        rates = np.stack([self._rate(tuning[s], contrast[s], outcome) for s, outcome in rows])
        counts = rng.poisson(np.maximum(rates, 0) * 0.05) / 0.05
        stimulus = [str(s) for s, _ in rows]
        outcome = np.array([o for _, o in rows])
        columns = {
            "time": BINS, "unit_id": [f"u{k}" for k in range(self.units)],
            "area": ["A"] * self.units, "level": [1.0] * self.units,
            "role": ["unknown"] * self.units, "stimulus": stimulus, "outcome": outcome,
            "input_onset": [INPUT] * len(rows), "teaching": outcome != "none",
            "outcome_onset": np.where(outcome == "none", np.nan, OUTCOME),
            "manipulation": ["none"] * len(rows), "phase": ["after"] * len(rows),
            "familiarity": np.where(outcome == "none", "novel", "trained"),
        }  # fmt: skip
        attrs = {"animal": "m", "session_id": "1"}
        return session({"rate": counts}, columns, attrs, sampling_rate=20.0), is_error

    def _rate(self, tuning: np.ndarray, contrast: np.ndarray, outcome: str) -> np.ndarray:
        """Rate of each unit in time [Hz], (time, unit)."""
        after = (BINS > OUTCOME)[:, None] & (outcome == "unexpected")
        rate = self.baseline + (BINS > INPUT)[:, None] * tuning + after * contrast
        return rate * (1 + after * self.arousal)


@dataclass(frozen=True)
class Found:
    """What a localiser found in one session, beside the truth."""

    labels: Labels
    truth: np.ndarray

    @property
    def false(self) -> float:
        """True share of false labels, NaN without labels."""
        found = self.labels.error
        return float((found & ~self.truth).sum() / found.sum()) if found.any() else float("nan")


def row(name: str, found: list[Found], trials: int) -> str:
    """Return one row of the table, averaged over sessions."""
    share = np.mean([f.labels.error.mean() for f in found])
    hits = [f.labels.error[f.truth].mean() for f in found if f.truth.any()]
    some = [f for f in found if f.labels.error.any()]
    true = [f.false for f in some]
    low, value, high = (
        [f.labels.false_share[k] for f in some] for k in (1, 0, 2)
    )  # fmt: skip
    covered = [lo <= t <= hi for lo, t, hi in zip(low, true, high, strict=True)]
    with np.errstate(invalid="ignore"):
        cells = [
            f"{len(found):3d} x {found[0].truth.size}", f"{trials}", f"{share:.3f}",
            f"{mean(hits):.2f}", f"{len(some)}", f"{mean(true):.3f}", f"{mean(value):.3f}",
            f"{mean(low):.2f}-{mean(high):.2f}", f"{mean(covered):.2f}",
            f"{mean([f.labels.reliability for f in found]):.2f}",
            f"{mean([f.labels.replication for f in found]):.2f}",
        ]  # fmt: skip
    return f"| {name} | " + " | ".join(cells) + " |"


def of_theory(name: str, seen: list[xr.Dataset]) -> Iterator[str]:
    """Yield rows for virtual recordings of a theory, whole and without their error cells."""
    parts = {name: ["error", "representation"], f"{name}, no error cells": ["representation"]}
    for part, roles in parts.items():
        found = []
        for n, whole in enumerate(seen):
            own = whole.isel(unit=np.isin(whole["role"].values, roles))
            labels = localise(own, np.random.default_rng(np.random.SeedSequence([2, n])), RULE)
            found.append(Found(labels, own["role"].values == "error"))
        yield row(part, found, 8)


def judged(name: str, seen: list[xr.Dataset], keys: tuple[str, ...]) -> Iterator[str]:
    """Yield rows of verdicts: with the labels that the sessions have, and cross-fitted."""
    streams = [np.random.default_rng(np.random.SeedSequence([3, n])) for n in range(len(seen))]
    folds = [f for s, rng in zip(seen, streams, strict=True) for f in cross_fitted(s, rng, 2, RULE)]
    for key in keys:
        verdicts = [
            judge(claim(key), name, measure(claim(key).effect, sessions, False), "recording")
            for sessions in (seen, folds)
        ]
        said = [f"{v.outcome} {v.value:.2f} [{v.low:.2f}, {v.high:.2f}]" for v in verdicts]
        yield f"| {name} | {key} | {' | '.join(said)} |"


def recorded(name: str, networks: int) -> list[xr.Dataset]:
    """Return virtual recordings of a theory whose labels are all true."""
    instrument = Instrument(label_error=0.0, label_error_interval=(0.0, 0.0))
    tried = replace(with_learning(12), repeats=8)
    seen = put_through(theory(name), tried, Animals(networks), instrument)
    return list(recordings_of(seen, instrument))


def aroused(count: int) -> list[xr.Dataset]:
    """Return made-up animals without error cells, weakly tuned and aroused by the unexpected."""
    kind = Made(arousal=0.6, tuning=3.0, trials=16)
    streams = [np.random.default_rng(np.random.SeedSequence([4, n])) for n in range(count)]
    return [kind.draw(rng)[0].assign_attrs(animal=f"m{n}") for n, rng in enumerate(streams)]


def mean(values: Iterable[float]) -> float:
    """Return the mean of what is a number, NaN if nothing is."""
    finite = [v for v in values if np.isfinite(v)]
    return float(np.mean(finite)) if finite else float("nan")


HEAD = (
    "| theory | sessions x cells | trials | share found | hit rate | sessions with finds "
    "| false, true | false, estimated | interval | covered | reliability | replication |\n"
    "|---|---|---|---|---|---|---|---|---|---|---|---|"
)


def made_up(count: int) -> Iterator[str]:
    """Yield a row for each kind of made-up session."""
    kinds = {
        "null: tuned cells, 8 trials": Made(),
        "null: tuned cells, 20 trials": Made(trials=20),
        "null: weakly tuned cells": Made(tuning=2.0),
        "null: arousal gain 10 %": Made(arousal=0.1),
        "null: arousal gain 30 %": Made(arousal=0.3),
        "null: arousal 30 %, weakly tuned": Made(arousal=0.3, tuning=2.0),
        "error cells 5 %": Made(error=0.05),
        "error cells 20 %": Made(error=0.2),
        "error cells 20 %, weak": Made(error=0.2, contrast=5.0),
        "error cells 20 %, others weakly tuned": Made(error=0.2, tuning=2.0),
        "error cells 20 %, weak, others untuned": Made(error=0.2, contrast=5.0, tuning=0.0),
        "error cells 20 % and arousal 30 %": Made(error=0.2, arousal=0.3),
    }
    for k, (name, kind) in enumerate(kinds.items()):
        found = []
        for n in range(count):
            rng = np.random.default_rng(np.random.SeedSequence([1, k, n]))
            seen, truth = kind.draw(rng)
            found.append(Found(localise(seen, rng, RULE), truth))
        yield row(name, found, kind.trials)


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sessions", type=int, default=40, help="made-up sessions of each kind")
    parser.add_argument("--networks", type=int, default=8, help="networks of each theory")
    options = parser.parse_args()
    print(HEAD)
    for line in made_up(options.sessions):
        print(line, flush=True)
    verdicts = list(judged("null: arousal 60 %, 16 trials", aroused(options.networks), ("P02",)))
    for known in THEORIES:
        seen = recorded(known.name, options.networks)
        for line in of_theory(known.name, seen):
            print(line, flush=True)
        verdicts += judged(known.name, seen, tuple(c.key for c in CLAIMS))
    print("\n| recording | claim | true labels | localiser |\n|---|---|---|---|")
    for line in verdicts:
        print(line)


if __name__ == "__main__":
    main()
