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
    """

    theory: str
    name: str
    label: str
    description: str
    parameters: Mapping[str, Any] = field(hash=False)


_NO_DELAY = Timing(delay=0.0)
"""Areas that hear each other after one step, without a delay of axons."""
_DIRECT = {"direct": 1.0}
_FAST = {"tau": 2.5, "timing": _NO_DELAY}

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
)  # fmt: skip
