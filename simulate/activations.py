"""Activation functions and their derivatives, one entry a function."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from errorneurons.simulate.circuit import Array, area_slices
from scipy import special

Function = Callable[[Array], Array]


def _linear(x: Array) -> Array:
    return x


def _linear_slope(x: Array) -> Array:
    return np.ones_like(x)


def _tanh_slope(x: Array) -> Array:
    return 1.0 - np.tanh(x) ** 2


def _soft_relu(x: Array) -> Array:
    return np.logaddexp(0.0, 10.0 * x) / 10.0


def _soft_relu_slope(x: Array) -> Array:
    slope: Array = special.expit(10.0 * x)
    return slope


#: name -> (phi, phi')
ACTIVATIONS: dict[str, tuple[Function, Function]] = {
    "linear": (_linear, _linear_slope),
    "tanh": (np.tanh, _tanh_slope),
    "soft_relu": (_soft_relu, _soft_relu_slope),
}


@dataclass(frozen=True)
class AreaActivations:
    """The activation functions of areas that stand side by side, one a name."""

    names: tuple[str, ...]
    sizes: tuple[int, ...]

    def __call__(self, x: Array) -> Array:
        """Return phi(x), dims (..., neuron)."""
        return self._apply(x, 0)

    def slope(self, x: Array) -> Array:
        """Return phi'(x), dims (..., neuron)."""
        return self._apply(x, 1)

    def _apply(self, x: Array, which: int) -> Array:
        if len(set(self.names)) == 1:
            return ACTIVATIONS[self.names[0]][which](x)
        parts = [
            ACTIVATIONS[name][which](x[..., area])
            for name, area in zip(self.names, area_slices(self.sizes), strict=True)
        ]
        return np.concatenate(parts, axis=-1)
