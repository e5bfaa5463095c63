"""What theories leave open, as points: each lets one choice fall otherwise than the registry does.

A claim that a theory contradicts with one choice and escapes with another tests the choice, and not
the theory. So rivals are judged as families, see `OPEN_CHOICES` of the registry beside.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from errorneurons.simulate.circuit import Timing


@dataclass(frozen=True)
class Choice:
    """One thing, or a few, that a theory leaves open, decided otherwise.

    Attributes
    ----------
    theory
        Name of the theory.
    name
        What follows the theory's name in that of the variant.
    label
        What follows its label.
    description
        One sentence.
    parameters
        Parameters of the circuit that differ.
    noise
        Noise into its somata, as in `Experiment`.
    """

    theory: str
    name: str
    label: str
    description: str
    parameters: Mapping[str, Any] = field(default_factory=dict, hash=False)
    noise: float = 0.0


_NO_DELAY = Timing(delay=0.0)
"""Areas that hear each other after one step, without a delay of axons."""
_DIRECT = {"direct": 1.0}
_FAST = {"tau": 2.5, "timing": _NO_DELAY}

_NOISE = 0.5
"""Half of what moves a cell by its natural tuning, in each step of 1 ms."""


_OF_EACH_FAMILY = (
    "error_microcircuit", "supervised_pc", "hierarchical_pc", "mismatch_neurons",
    "dendritic_microcircuit", "burst_dependent", "latent_equilibrium", "scalar_reward",
)  # fmt: skip
_LOOSE_OTHERWISE = ("error_microcircuit", "mismatch_neurons", "dendritic_microcircuit")
"""A variant of the first is in the registry, areas of the second hear all others, and what is
subtracted within an area of the third cannot cancel what comes from areas further up."""


def _noisy(theory: str) -> Choice:
    return Choice(
        theory, "noisy", "noise",
        "White noise drives every soma in all trials, those of learning included.",
        noise=_NOISE,
    )  # fmt: skip


def _loose(theory: str) -> Choice:
    return Choice(
        theory, "loose", "loose hierarchy",
        "Areas skip areas as in macaque visual cortex.",
        {"skips": 1.0},
    )  # fmt: skip


def _alike(theory: str) -> Choice:
    return Choice(
        theory, "alike", "areas alike",
        "The lower three areas have 15 neurons each, and not ever fewer.",
        {"layers": (10, 15, 15, 15, 5)},
    )  # fmt: skip


LEFT_OPEN: tuple[Choice, ...] = (
    Choice(
        "supervised_pc", "direct", "direct drive",
        "Representation cells sum their drive themselves; error cells report and descend.",
        _DIRECT,
    ),
    Choice(
        "supervised_pc", "5ms", "5 ms",
        "Relaxation within 5 ms, and no axonal delay.",
        {"tau": 5.0, "timing": _NO_DELAY},
    ),
    Choice(
        "supervised_pc", "2ms", "2.5 ms",
        "Relaxation within 2.5 ms, and no axonal delay.",
        _FAST,
    ),
    Choice(
        "supervised_pc", "direct_2ms", "direct drive, 2.5 ms",
        "Direct drive, relaxation within 2.5 ms, and no axonal delay.",
        _DIRECT | _FAST,
    ),
    Choice(
        "supervised_pc", "direct_ahead", "direct drive, lookahead",
        "Direct drive, rates 2 ms ahead of potentials, and no axonal delay.",
        _DIRECT | {"lookahead": 2.0, "timing": _NO_DELAY},
    ),
    Choice(
        "prospective_configuration", "direct_2ms", "direct drive, 2.5 ms",
        "Direct drive, relaxation within 2.5 ms, and no axonal delay.",
        _DIRECT | _FAST,
    ),
    Choice(
        "hierarchical_pc", "flat_prior", "flat prior",
        "No prior pulls the top to 0.",
        {"prior": 0.0},
    ),
    Choice(
        "hierarchical_pc", "weak_prior", "weak prior",
        "The prior at the top has a tenth of the precision.",
        {"prior": 0.1},
    ),
    Choice(
        "hierarchical_pc_sensory", "weak_prior", "weak prior",
        "The prior at the top has a tenth of the precision; with a flat one nothing settles.",
        {"prior": 0.1},
    ),
    Choice(
        "mismatch_neurons", "no_recurrence", "no recurrence",
        "Areas are predicted by all others, and not by themselves.",
        {"recurrence": 0.0},
    ),
    Choice(
        "burst_dependent", "balanced", "balanced bursts",
        "Apical inhibition cancels what events alone bring down (Greedy et al. 2022).",
        {"inhibition": 1.0},
    ),
    *(_loose(t) for t in _OF_EACH_FAMILY if t not in _LOOSE_OTHERWISE),
    *(_alike(t) for t in _OF_EACH_FAMILY),
    *(_noisy(t) for t in _OF_EACH_FAMILY),
)  # fmt: skip
