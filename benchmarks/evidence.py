"""Measure how often the verdict between theories is right: `python benchmarks/evidence.py`.

One library of worlds is fitted to; every theory of another, with another seed, then gives new
virtual experiments, which are judged as recordings would be. Acceptance: the set contains the true
theory in at least 93 % of 400 new experiments of each theory. How often only theories of the true
theory's class lead, and how often no other even stays, is reported as it is, and so is what is said
of circuits that are not on the list. With ``--variants`` these are the variants of theories that
nobody fitted, each beside the theory that it is a variant of; *as weighed* is how often that theory
stays if each experiment is weighed as `compare` weighs a recording: by the claims that show a
response, beside experiments that are as uncertain as it is.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
from designs import full_design

from errorneurons.analysis.evidence.comparison import (
    LEVEL_OF_A_THEORY,
    Comparison,
    Judged,
    compare,
    same_class,
)
from errorneurons.analysis.evidence.membership import membership
from errorneurons.predictions.claims.registry import CLAIMS
from errorneurons.predictions.comparing.design import Design
from errorneurons.predictions.comparing.effects import (
    BITS,
    FEATURES,
    Drawn,
    draw,
    features_of,
    together,
)
from errorneurons.predictions.comparing.library import virtual_animals
from errorneurons.predictions.comparing.responding import clear_of_chance
from errorneurons.simulate.animals.animals import Animals
from errorneurons.simulate.theories.registry import COMPARED, OPEN_CHOICES, THEORIES, theory

RICH = replace(full_design(animals=10, cells=24, repeats=5), label_error=(0.025, 0.0, 0.05))
OFF_LIST = ("direct_feedback", "absent_target_read_as_zero", "dendritic_pc", "burst_dependent")
VARIANTS = (
    *(t.name for t in OPEN_CHOICES),
    *(t.name for t in THEORIES if t.name not in COMPARED and t.circuit.carrier == "error"),
)
"""Variants of what theories leave open, and theories with error cells that are not on the list."""
STRANGE_WORLDS = 20
EVERY = tuple(c.key for c in CLAIMS)
DESIGNS: dict[str, tuple[Design, int, tuple[str, ...]]] = {
    "rich: all claims, 10 animals, 96 labelled cells": (RICH, 10, EVERY),
    "all claims, 5 animals": (RICH, 5, EVERY),
    "without silencing of error cells, 10 animals": (
        RICH,
        10,
        ("P02", "P05a", "P05b"),
    ),
    "recording alone (P02), 10 animals": (RICH, 10, ("P02",)),
}


def judged(fitted: Comparison, new: pd.DataFrame, found: Judged) -> pd.DataFrame:
    """Return one row a theory: what is said of its experiments."""
    names = list(fitted.theories)
    rows = []
    for at, name in enumerate(names):
        own = (new["theory"] == name).to_numpy()
        kept = found.kept[own]
        mates = same_class(names, fitted.classes)[at]
        strange = found.leading[own][:, ~mates].any(axis=1)
        rows.append({
            "theory": name,
            "contains": kept[:, at].mean(),
            "leads": found.leading[own][:, at].mean(),
            "inside": (kept.any(axis=1) & ~strange).mean(),
            "alone": (kept.any(axis=1) & ~kept[:, ~mates].any(axis=1)).mean(),
            "empty": (~kept.any(axis=1)).mean(),
            "most probable": (found.posterior[own].argmax(axis=1) == at).mean(),
            "experiments": int(own.sum()),
            "worlds": new.loc[own, "world"].nunique(),
        })  # fmt: skip
    return pd.DataFrame(rows).set_index("theory")


def as_weighed(
    own: Drawn, parent: Callable[[Mapping[str, float]], Drawn], kept: tuple[str, ...]
) -> float:
    """Return how often a theory stays for experiments, weighed as `compare` weighs recordings.

    Parameters
    ----------
    own
        The experiments.
    parent
        Returns experiments of the theory that are as uncertain as one of these.
    kept
        The features that are asked.
    """
    main = np.isin(FEATURES, tuple(BITS))
    asked = np.array([BITS[c.key] in kept for c in CLAIMS])
    stays = []
    for values, p, k in zip(own.values, own.chance, range(len(own.world)), strict=True):
        clear = clear_of_chance(np.where(asked, p, np.nan))
        by = features_of([c.key for c, yes in zip(CLAIMS, clear, strict=True) if yes])
        beside = parent({effect: float(x[k]) for effect, x in own.scatter.items()})
        there = np.isfinite(values) & np.isfinite(beside.values).any(axis=0)
        those = there & np.isin(FEATURES, by)
        if not those.any():  # nothing is weighed
            stays.append(True)
            continue
        member = membership(beside.values[:, those], beside.world, 1, main[those])
        stays.append(bool(member.p(values[None, those])[0] > LEVEL_OF_A_THEORY))
    return float(np.mean(stays))


def strangers(fitted: Comparison, drawn: dict[str, Drawn], kept: tuple[str, ...]) -> pd.DataFrame:
    """Return one row a circuit that is not on the list: what is said of its experiments.

    Of a variant, how often the theory that it is a variant of stays, and leads, and how often it is
    its class alone that leads.
    """
    places = [FEATURES.index(name) for name in kept]
    rows = {}
    for name, own in drawn.items():
        found = fitted.judge(own.values[:, places])
        stays = found.kept
        share = pd.Series(stays.mean(axis=0), fitted.theories).nlargest(2)
        rows[name] = {"empty": (~stays.any(axis=1)).mean(), **_parent(fitted, found, name)} | {
            f"{place} to stay": f"{theory} {value:.3f}"
            for place, (theory, value) in zip(("first", "second"), share.items(), strict=True)
        }
    return pd.DataFrame(rows).T


def _parent(fitted: Comparison, found: Judged, name: str) -> dict[str, float]:
    """Return what becomes of the theory that a circuit is a variant of, nothing if none is."""
    parent = theory(name).variant_of
    if parent not in fitted.theories:
        return {}
    at = fitted.theories.index(parent)
    mates = same_class(fitted.theories, fitted.classes)[at]
    strange = found.leading[:, ~mates].any(axis=1)
    return {
        "parent stays": found.kept[:, at].mean(),
        "parent leads": found.leading[:, at].mean(),
        "inside": (found.kept.any(axis=1) & ~strange).mean(),
    }


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--worlds", type=int, default=40)
    parser.add_argument("--new", type=int, default=400, help="new experiments of each theory")
    parser.add_argument("--libraries", type=Path, default=Path("evidence-libraries"))
    parser.add_argument("--theory", action="append")
    parser.add_argument("--off-list", action="append", help="a circuit that is not on the list")
    parser.add_argument(
        "--held-out", action="store_true", help="one library, each world judged without itself"
    )
    parser.add_argument(
        "--variants", action="store_true", help="off the list: every variant that nobody fitted"
    )
    parser.add_argument(
        "--weighed", type=int, default=0, help="so many of each variant weighed as recordings are"
    )
    chosen = parser.parse_args()
    known = (*OFF_LIST, *VARIANTS) if chosen.variants else OFF_LIST
    names, start = tuple(chosen.theory or COMPARED), time.perf_counter()

    def say(text: str) -> None:
        print(f"{time.perf_counter() - start:6.0f} s  {text}", flush=True)

    plans = [Animals(seed=seed, worlds=chosen.worlds) for seed in (1, 2)[: 2 - chosen.held_out]]
    tables = [
        virtual_animals(names, RICH, plan, chosen.libraries / str(plan.seed), say) for plan in plans
    ]
    other = Animals(seed=3, worlds=STRANGE_WORLDS)
    strange = virtual_animals(
        tuple(chosen.off_list or known), RICH, other, chosen.libraries / str(other.seed), say
    )
    for title, (design, animals, claims) in DESIGNS.items():
        own, kept = replace(design, animals=animals), features_of(claims)
        first, *rest = (
            together({n: draw(t, n, own, plan.seed, count) for n, t in table.items()}).columns(kept)
            for table, plan, count in zip(tables, plans, (1000, chosen.new), strict=False)
        )
        fitted = compare(first, np.random.SeedSequence(1))
        asked = rest[0] if rest else first
        found = fitted.judge(asked.values) if rest else fitted.held_out
        truth = pd.DataFrame({"theory": asked.theory, "world": asked.world})
        print(f"\n{title}\n{judged(fitted, truth, found).round(3).to_string()}")
        drawn = {n: draw(t, n, own, other.seed, chosen.new) for n, t in strange.items()}
        print(strangers(fitted, drawn, kept).to_string())
        for name in drawn:
            parent = theory(name).variant_of
            if chosen.weighed and parent in names:
                few = draw(strange[name], name, own, other.seed, chosen.weighed)
                beside = partial(draw, tables[0][parent], parent, own, 1, 1000)
                stays = as_weighed(few, beside, kept)
                print(f"{name} as weighed: {parent} stays in {stays:.3f} of {chosen.weighed}")
        print("cannot be told apart:", [c for c in fitted.classes if len(c) > 1] or "none")


if __name__ == "__main__":
    main()
