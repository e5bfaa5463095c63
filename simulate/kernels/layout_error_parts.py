"""What the kernel of the error microcircuit makes of the parts of a circuit."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from errorneurons.simulate.arrays import Array
from errorneurons.simulate.kernels.layout import last
from errorneurons.simulate.theories.error_microcircuit import ErrorMicrocircuit
from errorneurons.simulate.theories.error_parts import (
    AbsentTargetAsZero,
    DirectFeedback,
    ErrorActivation,
    FlooredErrors,
    LowPassed,
    NoisyWeights,
    NudgedOutput,
    PairedErrors,
    RateRule,
    RelaxingLaterals,
    SensoryLeak,
    TunedNeurons,
    Ungated,
    VariableNeurons,
    WithoutLookahead,
)
from errorneurons.simulate.theories.error_places import CircuitPart
from errorneurons.simulate.theories.error_synapses import Weights

_KNOWN = (
    AbsentTargetAsZero, DirectFeedback, ErrorActivation, LowPassed, NoisyWeights, NudgedOutput,
    PairedErrors, RateRule, RelaxingLaterals, SensoryLeak, TunedNeurons, Ungated, VariableNeurons,
    WithoutLookahead,
)  # fmt: skip
"""The parts whose equations the kernel has, or which only say how synapses are drawn."""


class Options(NamedTuple):
    """What parts say, as numbers and choices.

    `ahead` and `error_ahead`: whether rates of each area follow the lookahead. `onto_error` and
    `onto_representation`: eta_L of each area. `leak` is c, `low_pass` tau_LO [ms], 0 for none.
    """

    ahead: tuple[bool, ...]
    error_ahead: tuple[bool, ...]
    onto_error: tuple[float, ...]
    onto_representation: tuple[float, ...]
    leak: float
    low_pass: float
    gated: bool
    rate_rule: bool
    absent_is_zero: bool
    nudged: bool


def kernel_options(circuit: ErrorMicrocircuit) -> Options:
    """Return what the parts of a circuit say."""
    yes, none = (True,) * len(circuit.sizes), (0.0,) * len(circuit.sizes)
    ahead = {part.role: part.follow(circuit.sizes) for part in circuit.parts_of(WithoutLookahead)}
    laterals = next(iter(circuit.parts_of(RelaxingLaterals)), RelaxingLaterals())
    return Options(
        ahead=ahead.get("representation", yes),
        error_ahead=ahead.get("error", yes),
        onto_error=laterals.onto_error or none,
        onto_representation=laterals.onto_representation or none,
        leak=sum((float(part.strength) for part in circuit.parts_of(SensoryLeak)), 0.0),
        low_pass=sum(part.tau for part in circuit.parts_of(LowPassed)),
        gated=not circuit.parts_of(Ungated),
        rate_rule=bool(circuit.parts_of(RateRule)),
        absent_is_zero=bool(circuit.parts_of(AbsentTargetAsZero)),
        nudged=bool(circuit.parts_of(NudgedOutput)),
    )


def check_part(part: CircuitPart, mend: str) -> None:
    """Refuse a part that only `step` and `learn` of the theory can do.

    Raises
    ------
    ValueError
        If error neurons have a baseline, forward synapses are noisy, a number is one a network, or
        the kernel does not know the part; the message ends with `mend`.
    """
    if isinstance(part, FlooredErrors):
        raise ValueError(f"the engine knows no error_baseline, which is {part.baseline:g}; {mend}")
    if isinstance(part, NoisyWeights) and np.any(part.half_width):
        raise ValueError(
            f"the engine knows no weight_noise, which is {part.half_width}; add it to W and "
            f"take its transpose from feedback_noise, or {mend}"
        )
    if isinstance(part, SensoryLeak) and isinstance(part.strength, np.ndarray):
        raise ValueError(
            f"the engine takes one {part.name} for all networks, not {part.strength.size}; {mend}"
        )
    if not isinstance(part, _KNOWN):
        raise ValueError(f"the engine knows no {part.name}; {mend}")


def tuning_arrays(circuit: ErrorMicrocircuit, weights: Weights, block: slice) -> list[Array]:
    """Lay out slopes and offsets of all blocks, (row, network), empty if there are none."""
    tunings = (weights.tuning, weights.error_tuning, weights.tuning)
    if tunings == (None, None, None):
        return [np.zeros((0, 1)), np.zeros((0, 1))]
    sizes = (sum(circuit.sizes), sum(circuit.error_sizes), sum(circuit.sizes))
    networks = len(weights.W)
    arrays = []
    for i, neutral in enumerate((1.0, 0.0)):
        parts = [
            np.full((networks, 1, n), neutral) if tuning is None
            else np.broadcast_to(tuning[i], (networks, 1, n))
            for tuning, n in zip(tunings, sizes, strict=True)
        ]  # fmt: skip
        arrays.append(last(np.concatenate(parts, axis=-1)[block, 0]))
    return arrays
