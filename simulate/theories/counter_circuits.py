"""The circuits that break a theory on purpose, and the control that never learns.

Each counter-circuit is the circuit under which some claim must be contradicted; a claim that no
circuit contradicts says nothing. The first sentence of each is the equation that it changes.
"""

from __future__ import annotations

from dataclasses import fields, replace
from typing import Any, TypeVar

import numpy as np

from errorneurons.simulate.theories.error_axons import (
    AscendingErrors,
    DriveThroughErrors,
    ErrorsNeedThoseBelow,
    MixedClasses,
)
from errorneurons.simulate.theories.error_microcircuit import ErrorMicrocircuit
from errorneurons.simulate.theories.error_parts import (
    AbsentTargetAsZero,
    ClimbingErrors,
    DirectFeedback,
    ErrorAsOneNumber,
    HeldOutput,
    NudgedOutput,
    SensoryLeak,
    WithoutLookahead,
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


def ascending_errors(circuit: ErrorMicrocircuit, share: float = 0.8) -> ErrorMicrocircuit:
    """Let errors ascend as well: v_den = phi' ((1 - c) B + c B^T) e."""
    return circuit.having(AscendingErrors(share))


def errors_need_those_below(circuit: ErrorMicrocircuit, share: float = 1.0) -> ErrorMicrocircuit:
    """Let errors pass only where those below are not silenced: v_den = phi' (1 - c + c k) B e."""
    return circuit.having(ErrorsNeedThoseBelow(share))


def mixed_classes(
    circuit: ErrorMicrocircuit, up: float = 0.5, down: float = 2.5
) -> ErrorMicrocircuit:
    """Let axons between areas reach both classes: v_den += c L_RE W r, v_api += d L_ER B e.

    Nothing is learnt: with inputs for errors, synapses would grow without bound.
    """
    return without_learning(circuit).having(MixedClasses(up, down))


def drive_through_errors(circuit: ErrorMicrocircuit, share: float = 1.0) -> ErrorMicrocircuit:
    """Let the drive need error neurons that are not silenced: v_bas = (1 - c + c L_ER k) W r."""
    return circuit.having(DriveThroughErrors(share))


def teaching_to_representation(circuit: ErrorMicrocircuit) -> ErrorMicrocircuit:
    """Nudge the output's representation neurons towards the target, besides their error neurons.

    The nudge carries the learning: the hidden areas learn a tenth as fast. It is stronger than the
    apical drive, so the output learns at two thirds of its rate.
    """
    rates = 0.1 * np.broadcast_to(circuit.learning_rates, len(circuit.layers) - 1)
    rates[-1] *= 10 / 1.5
    return replace(circuit, learning_rates=tuple(rates.tolist())).having(NudgedOutput())


def climbing_errors(circuit: ErrorMicrocircuit) -> ErrorMicrocircuit:
    """Teach the lowest area and let errors ascend, v_den = B^T e, without looking ahead."""
    return circuit.having(ClimbingErrors(), WithoutLookahead(role="error"))


def error_as_one_number(circuit: ErrorMicrocircuit) -> ErrorMicrocircuit:
    """Tell all error neurons of the output one number: e_i = <(phi'(u) (t - r))^2>^(1/2).

    The target of a cursor is t = r + w d, so the number is |d| <(phi' w)^2>^(1/2). It has neither
    the sign of the error nor that of a weight, and being the same in all cells it is 0 times the
    weights' signs less their mean, whatever it is. It pushes all cells the same way.
    """
    return circuit.having(ErrorAsOneNumber())


def held_output(circuit: ErrorMicrocircuit) -> ErrorMicrocircuit:
    """Hold the output at the outcome that teaches: du_L/dt = (t - r_L) / tau, its input forgotten.

    It comes to rest where r_L = t, and nowhere else. For a cursor y = w . r with |w| = 1 the target
    is t = r + w d, so the cursor moves by w . (t - r) = d: all of its error is gone. Error neurons
    compare as before, but soon there is nothing left to compare.
    """
    return circuit.having(HeldOutput(1 / circuit.tau))
