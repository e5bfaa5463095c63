"""What one can do to a circuit: functions from circuit to circuit.

The ablations take one thing away, or wire it differently; the registry beside says which of them
make sense for which theory. The first sentence of each is the equation that it changes.
"""

from __future__ import annotations

from dataclasses import fields, replace
from typing import Any, TypeVar

import numpy as np

from errorneurons.simulate.arrays import Array, generator
from errorneurons.simulate.circuit import Circuit
from errorneurons.simulate.parts.connectivity import Strengths, chain, dense
from errorneurons.simulate.parts.layered import RoutedCircuit
from errorneurons.simulate.theories.counter_circuits import PLASTIC, unchanging
from errorneurons.simulate.theories.error_microcircuit import ErrorMicrocircuit
from errorneurons.simulate.theories.error_parts import (
    NoisyWeights,
    PairedErrors,
    VariableNeurons,
    WithoutLookahead,
)
from errorneurons.simulate.theories.error_places import Neurons

_CircuitT = TypeVar("_CircuitT", bound=Any)
_RoutedT = TypeVar("_RoutedT", bound=RoutedCircuit)


def no_error_feedback(circuit: _RoutedT) -> _RoutedT:
    """Let no error travel between areas: B e = 0 (W^T e = 0 in predictive coding, Y b = 0)."""
    return circuit.without("error_feedback")


def no_error_to_representation(circuit: _RoutedT) -> _RoutedT:
    """Let errors not reach the representation neurons beside them: v_api = 0 (or -e = 0)."""
    return circuit.without("error_to_representation")


def no_phi_prime(circuit: _RoutedT) -> _RoutedT:
    """Pass errors between areas on ungated: phi' = 1 where it multiplies the error from afar."""
    return circuit.without("phi_prime")


def no_lookahead(circuit: _RoutedT) -> _RoutedT:
    """Let all neurons fire by their potential: r = phi(u), e = phi_E(v) instead of u~, v~."""
    return circuit.without("lookahead")


def no_representation_lookahead(circuit: ErrorMicrocircuit) -> ErrorMicrocircuit:
    """Let representation neurons fire by their potential: r = phi(u) instead of phi(u~)."""
    return circuit.having(WithoutLookahead("representation"))


def no_error_lookahead(circuit: ErrorMicrocircuit) -> ErrorMicrocircuit:
    """Let error neurons fire by their potential: e = phi_E(v) instead of phi_E(v~)."""
    return circuit.having(WithoutLookahead("error"))


def random_feedback(circuit: _CircuitT) -> _CircuitT:
    """Send errors down random synapses that never change: B is drawn once, not W^T."""
    return replace(circuit, feedback="fixed")


def noisy_feedback(circuit: _CircuitT, noise: float = 0.2) -> _CircuitT:
    """Add lasting noise to the feedback: B = W^T + U(-0.2, 0.2)."""
    return replace(circuit, feedback_noise=noise)


def noisy_weights(circuit: ErrorMicrocircuit, noise: float = 0.2) -> ErrorMicrocircuit:
    """Let forward synapses transmit lasting noise of which B knows nothing: W + U(-0.2, 0.2)."""
    return circuit.having(NoisyWeights(noise))


def noisy_laterals(circuit: ErrorMicrocircuit, noise: float = 0.3) -> ErrorMicrocircuit:
    """Let lateral synapses be about one to one only: L = 1 + U(-0.3, 0.3) within an area."""
    return replace(circuit, lateral_noise=noise)


def hierarchical_only(circuit: ErrorMicrocircuit) -> ErrorMicrocircuit:
    """Cut all skip routes: W_lk = 0 and B_kl = 0 unless l = k + 1."""
    return replace(circuit, connectivity=chain(len(circuit.sizes)))


def skip_route_cut(circuit: ErrorMicrocircuit, source: int, target: int) -> ErrorMicrocircuit:
    """Cut one skip route, both ways: W_lk = 0 and B_kl = 0 for area k = {source}, l = {target}."""
    strengths = np.array(circuit.area_strengths, float)
    if target <= len(strengths):
        strengths[target - 1, source] = 0.0
    return replace(circuit, connectivity=_table(strengths))


def shuffled_strengths(circuit: ErrorMicrocircuit) -> ErrorMicrocircuit:
    """Deal the strengths of all ascending projections out anew, so that every area still has one.

    One shuffle for all networks, unlike the order that it began with.
    """
    strengths = np.array(circuit.area_strengths, float)
    pairs = np.nonzero(np.tril(np.ones(strengths.shape)) * (np.arange(strengths.shape[1]) > 0))
    rng, before = generator(1, "ablation", "shuffled strengths"), strengths[pairs]
    if len(np.unique(before)) < 2:
        return circuit
    while np.array_equal(strengths[pairs], before) or not strengths.any(axis=1).all():
        strengths[pairs] = rng.permutation(before)
    return replace(circuit, connectivity=_table(strengths))


def dense_routes(circuit: ErrorMicrocircuit) -> ErrorMicrocircuit:
    """Let each area project to all higher ones, all equally: strength 1 for all l > k."""
    return replace(circuit, connectivity=dense(len(circuit.sizes)))


def error_neurons_per_representation(circuit: ErrorMicrocircuit, ratio: float) -> ErrorMicrocircuit:
    """Give each area {ratio:g} error neurons a representation neuron; L_RE, L_ER are truncated."""
    sizes = tuple(max(1, round(ratio * size)) for size in circuit.sizes)
    return replace(circuit, error_layers=sizes)


def paired_error_neurons(circuit: ErrorMicrocircuit) -> ErrorMicrocircuit:
    """Let two neurons carry each error, with rates that are not negative: e = [e]+ - [-e]+."""
    return circuit.having(PairedErrors())


def variable_neurons(circuit: ErrorMicrocircuit, role: Neurons) -> ErrorMicrocircuit:
    """Let single {role} neurons differ: phi with slope ~ N(1, 0.3) and offset ~ N(0, 0.3)."""
    return circuit.having(VariableNeurons(role, 0.3))


def frozen_area(circuit: _CircuitT, level: int) -> _CircuitT:
    """Let the synapses onto area {level} not change: eta = 0 there."""
    if not hasattr(circuit, "learning_rates"):
        return replace(circuit, frozen=(*circuit.frozen, f"area {level}"))
    own = ((f.name, getattr(circuit, f.name)) for f in fields(circuit) if f.name in PLASTIC)
    rates = {name: rate for name, rate in own if isinstance(rate, tuple)}
    changed = {
        name: tuple(unchanging(r) if at == level else r for at, r in enumerate(rate, start=1))
        for name, rate in rates.items()
    }
    return replace(circuit, **changed)


def no_inhibition(circuit: _RoutedT) -> _RoutedT:
    """Let nothing be subtracted at the apical dendrite: M r = 0, B^PI r^I = 0."""
    return circuit.without("inhibition")


def silent_interneurons(circuit: _RoutedT, kind: str) -> _RoutedT:
    """Silence the {kind} cells: {kind} = 0."""
    return circuit.without(kind)


def _table(strengths: Array) -> Strengths:
    return tuple(tuple(float(x) for x in row) for row in strengths)


def same(whole: Circuit[Any, Any], changed: Circuit[Any, Any]) -> bool:
    """Return whether two circuits of a theory are one, however their connectivity is written."""
    if type(whole) is type(changed) and "connectivity" in vars(whole):
        own: tuple[Any, Any] = (whole, changed)
        if not np.array_equal(*(c.area_strengths for c in own)):
            return False
        whole, changed = (replace(c, connectivity=None) for c in own)
    return bool(whole == changed)


def lets_cut(circuit: Any, route: str) -> bool:
    """Return whether a circuit has a route of that name that can be cut."""
    try:
        circuit.without(route)
    except ValueError:  # the circuit names its routes
        return False
    return True
