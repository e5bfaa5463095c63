"""Activation functions and their derivatives, one entry a function.

With a slope s and an offset o a neuron computes ``phi(s (x - o))`` where phi saturates smoothly
(tanh, logistic) and ``s phi(x - o)`` elsewhere.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, NamedTuple

import numpy as np
from scipy import special

from errorneurons.simulate.arrays import Array, area_slices
from errorneurons.simulate.refusing import known, lengths

Function = Callable[[Array], Array]
Derivative = Literal["exact", "nominal", "published"]

#: How far inside the range of phi a rate is taken before phi is inverted.
EDGE = 1e-6


class Activation(NamedTuple):
    """An activation function phi, its derivative, its inverse, and where the slope acts.

    `derivative_of_rate` is the derivative as a function of phi(x), where that is cheaper.
    """

    function: Function
    derivative: Function
    inverse: Function
    slope_inside: bool
    derivative_of_rate: Function | None = None


class Tuning(NamedTuple):
    """Slope and offset of each neuron's activation function, dims (network or 1, 1, neuron)."""

    slope: Array
    offset: Array


def _same(x: Array) -> Array:
    return x


def _relu(x: Array) -> Array:
    return np.maximum(x, 0.0)


def _relu_derivative(x: Array) -> Array:
    return np.where(x > 0, 1.0, 0.0)


def _soft_relu(x: Array) -> Array:
    return np.logaddexp(0.0, 10.0 * x) / 10.0


def _soft_relu_derivative(x: Array) -> Array:
    slope: Array = special.expit(10.0 * x)
    return slope


def _soft_relu_inverse(rate: Array) -> Array:
    above = np.maximum(rate, EDGE)
    return above + np.log(-np.expm1(-10.0 * above)) / 10.0


def _logistic(x: Array) -> Array:
    rate: Array = special.expit(x)
    return rate


def _logistic_derivative(x: Array) -> Array:
    return _logistic_derivative_of_rate(_logistic(x))


def _logistic_derivative_of_rate(rate: Array) -> Array:
    return rate * (1.0 - rate)


def _logistic_inverse(rate: Array) -> Array:
    potential: Array = special.logit(np.clip(rate, EDGE, 1 - EDGE))
    return potential


def _tanh_derivative(x: Array) -> Array:
    return _tanh_derivative_of_rate(np.tanh(x))


def _tanh_derivative_of_rate(rate: Array) -> Array:
    return 1.0 - rate**2


def _tanh_inverse(rate: Array) -> Array:
    return np.arctanh(np.clip(rate, EDGE - 1, 1 - EDGE))


def _hard_sigmoid(x: Array) -> Array:
    return np.clip(x / 6.0 + 0.5, 0.0, 1.0)


def _hard_sigmoid_derivative(x: Array) -> Array:
    return np.where(np.abs(x) < 3.0, 1.0 / 6.0, 0.0)


def _hard_sigmoid_inverse(rate: Array) -> Array:
    return 6.0 * (np.clip(rate, 0.0, 1.0) - 0.5)


def _unit_ramp(x: Array) -> Array:
    return np.where(np.abs(x) < 3.0, 1.0, 0.0)


ACTIVATIONS: dict[str, Activation] = {
    "linear": Activation(_same, np.ones_like, _same, False, np.ones_like),
    "relu": Activation(_relu, _relu_derivative, _relu, slope_inside=False),
    "soft_relu": Activation(
        _soft_relu, _soft_relu_derivative, _soft_relu_inverse, slope_inside=False
    ),
    "logistic": Activation(
        _logistic, _logistic_derivative, _logistic_inverse, True, _logistic_derivative_of_rate
    ),
    "tanh": Activation(np.tanh, _tanh_derivative, _tanh_inverse, True, _tanh_derivative_of_rate),
    "hard_sigmoid": Activation(
        _hard_sigmoid, _hard_sigmoid_derivative, _hard_sigmoid_inverse, slope_inside=False
    ),
}


def _slope_of_rate(name: str, rate: Array, tuning: Tuning | None) -> Array:  # noqa: ARG001
    derivative = ACTIVATIONS[name].derivative_of_rate
    assert derivative is not None  # `with_slope` has seen to it
    return derivative(rate)


@dataclass(frozen=True)
class AreaActivations:
    """The activation functions of areas that stand side by side, one a name.

    Attributes
    ----------
    names
        Activation function of each area, a key of `ACTIVATIONS`.
    sizes
        Neurons of each area.
    derivative
        ``"exact"``; or what the published code computed: ``"nominal"`` leaves slope and offset
        out of the derivative, and ``"published"`` moreover takes 1 for the derivative of
        hard_sigmoid on its ramp, where 1/6 is right.

    Raises
    ------
    ValueError
        If a name is unknown, or there is not one for each area.
    """

    names: tuple[str, ...]
    sizes: tuple[int, ...]
    derivative: Derivative = "exact"

    def __post_init__(self) -> None:
        lengths("activation", self.names, len(self.sizes))
        for area, name in enumerate(self.names, start=1):
            known(f"activation of area {area}", name, ACTIVATIONS)
        known("derivative", self.derivative, ("exact", "nominal", "published"))

    def __call__(self, x: Array, tuning: Tuning | None = None) -> Array:
        """Return phi(x), dims (..., neuron)."""
        return self._by_area(x, tuning, self._rate)

    def slope(self, x: Array, tuning: Tuning | None = None) -> Array:
        """Return phi'(x), dims (..., neuron)."""
        if self.derivative != "exact":
            tuning = None
        return self._by_area(x, tuning, self._slope)

    def with_slope(self, x: Array, tuning: Tuning | None = None) -> tuple[Array, Array]:
        """Return phi(x) and phi'(x), which costs little more than one of them."""
        rate = self(x, tuning)
        plain = tuning is None and self.derivative == "exact"
        if not plain or any(ACTIVATIONS[name].derivative_of_rate is None for name in self.names):
            return rate, self.slope(x, tuning)
        return rate, self._by_area(rate, None, _slope_of_rate)

    def inverse(self, rate: Array, area: int) -> Array:
        """Return the potential at which the neurons of an area fire at `rate`.

        Rates beyond the range of phi are taken just inside it.
        """
        return ACTIVATIONS[self.names[area]].inverse(rate)

    def _by_area(
        self,
        x: Array,
        tuning: Tuning | None,
        one: Callable[[str, Array, Tuning | None], Array],
    ) -> Array:
        if len(set(self.names)) == 1:
            return one(self.names[0], x, tuning)
        parts = []
        for name, area in zip(self.names, area_slices(self.sizes), strict=True):
            own = tuning and Tuning(tuning.slope[..., area], tuning.offset[..., area])
            parts.append(one(name, x[..., area], own))
        return np.concatenate(parts, axis=-1)

    def _rate(self, name: str, x: Array, tuning: Tuning | None) -> Array:
        phi = ACTIVATIONS[name]
        if tuning is None:
            return phi.function(x)
        if phi.slope_inside:
            return phi.function(tuning.slope * (x - tuning.offset))
        return tuning.slope * phi.function(x - tuning.offset)

    def _slope(self, name: str, x: Array, tuning: Tuning | None) -> Array:
        derivative = ACTIVATIONS[name].derivative
        if name == "hard_sigmoid" and self.derivative == "published":
            derivative = _unit_ramp
        if tuning is None:
            return derivative(x)
        inside = tuning.slope if ACTIVATIONS[name].slope_inside else 1.0
        return tuning.slope * derivative(inside * (x - tuning.offset))
