"""The circuits that break a theory on purpose, and the control that never learns.

Each counter-circuit is the circuit under which some claim must be contradicted; a claim that no
circuit contradicts says nothing. The first sentence of each is the equation that it changes.
"""

from __future__ import annotations

from dataclasses import fields, replace
from typing import Any, TypeVar

import numpy as np

from errorneurons.simulate.theories.error_microcircuit import ErrorMicrocircuit
from errorneurons.simulate.theories.error_parts import (
    AbsentTargetAsZero,
    DirectFeedback,
    NudgedOutput,
    SensoryLeak,
)

_CircuitT = TypeVar("_CircuitT", bound=Any)

PLASTIC = (
    "learning_rate",
    "learning_rates",
    "lateral_rates",
    "interneuron_rates",
    "inhibition_rates",
    "inhibition_rate",
)
"""What theories call the rates at which their synapses change."""


def without_learning(circuit: _CircuitT) -> _CircuitT:
    """Let no synapse change: eta = 0. What is trained as this stays untrained, a control."""
    rates = {f.name: getattr(circuit, f.name) for f in fields(circuit) if f.name in PLASTIC}
    frozen: _CircuitT = replace(circuit, **{name: unchanging(rate) for name, rate in rates.items()})
    return frozen


def unchanging(rate: Any) -> Any:
    """Return rates of the same shape that are all 0."""
    return tuple(unchanging(r) for r in rate) if isinstance(rate, tuple) else 0.0


def absent_target_read_as_zero(circuit: ErrorMicrocircuit) -> ErrorMicrocircuit:
    """Let the output's error neurons take an absent target for 0: e_L = -phi'(u_L) r_L."""
    return circuit.having(AbsentTargetAsZero())


def sensory_leak(circuit: ErrorMicrocircuit, strength: float = 0.5) -> ErrorMicrocircuit:
    """Let representation neurons drive the error neurons beside them: v_den += c L_RE r."""
    return circuit.having(SensoryLeak(strength))


def direct_feedback(circuit: ErrorMicrocircuit) -> ErrorMicrocircuit:
    """Drive every area's error neurons from the teaching area alone, by fixed random synapses."""
    return circuit.having(DirectFeedback())


def teaching_to_representation(circuit: ErrorMicrocircuit) -> ErrorMicrocircuit:
    """Nudge the output's representation neurons towards the target, besides their error neurons.

    The nudge carries the learning: the hidden areas learn a tenth as fast. It is stronger than the
    apical drive, so the output learns at two thirds of its rate.
    """
    rates = 0.1 * np.broadcast_to(circuit.learning_rates, len(circuit.layers) - 1)
    rates[-1] *= 10 / 1.5
    return replace(circuit, learning_rates=tuple(rates.tolist())).having(NudgedOutput())
