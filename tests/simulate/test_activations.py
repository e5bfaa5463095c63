from __future__ import annotations

import numpy as np
import pytest

from errorneurons.simulate.parts.activations import ACTIVATIONS, AreaActivations, Tuning

NAMES = tuple(ACTIVATIONS)
#: Away from the kinks of relu (0) and hard_sigmoid (-3, 3).
POINTS = np.array([-5.3, -2.1, -0.7, -0.02, 0.03, 0.4, 1.9, 2.9, 4.2])[None, None]


def of(name: str, derivative: str = "exact") -> AreaActivations:
    return AreaActivations((name,), (POINTS.size,), derivative)  # type: ignore[arg-type]


def numerical(phi: AreaActivations, tuning: Tuning | None) -> np.ndarray:
    h = 1e-6
    return (phi(POINTS + h, tuning) - phi(POINTS - h, tuning)) / (2 * h)


@pytest.mark.parametrize("name", NAMES)
def test_the_derivative_is_the_limit_of_differences(name: str) -> None:
    np.testing.assert_allclose(of(name).slope(POINTS), numerical(of(name), None), atol=1e-8)


@pytest.mark.parametrize("name", NAMES)
def test_the_derivative_heeds_slope_and_offset(name: str) -> None:
    tuning = Tuning(np.full((1, 1, 1), 1.7), np.full((1, 1, 1), 0.11))
    phi = of(name)
    np.testing.assert_allclose(phi.slope(POINTS, tuning), numerical(phi, tuning), atol=1e-7)


@pytest.mark.parametrize("name", NAMES)
def test_the_nominal_derivative_leaves_slope_and_offset_out(name: str) -> None:
    tuning = Tuning(np.full((1, 1, 1), 1.7), np.full((1, 1, 1), 0.11))
    found = of(name, "nominal").slope(POINTS, tuning)
    np.testing.assert_array_equal(found, of(name).slope(POINTS))


def test_only_the_published_ramp_of_hard_sigmoid_has_slope_1() -> None:
    x = np.array([[[-3.5, 0.0, 3.5]]])
    for derivative, ramp in (("exact", 1 / 6), ("nominal", 1 / 6), ("published", 1.0)):
        phi = AreaActivations(("hard_sigmoid",), (3,), derivative)  # type: ignore[arg-type]
        assert phi.slope(x).ravel().tolist() == [0, ramp, 0]


@pytest.mark.parametrize("name", ["tanh", "logistic"])
def test_saturating_functions_take_the_slope_inside(name: str) -> None:
    tuning = Tuning(np.full((1, 1, 1), 3.0), np.full((1, 1, 1), 0.5))
    np.testing.assert_allclose(of(name)(POINTS, tuning), of(name)(3 * (POINTS - 0.5)))


@pytest.mark.parametrize("name", ["linear", "relu", "soft_relu", "hard_sigmoid"])
def test_the_other_functions_take_the_slope_outside(name: str) -> None:
    tuning = Tuning(np.full((1, 1, 1), 3.0), np.full((1, 1, 1), 0.5))
    np.testing.assert_allclose(of(name)(POINTS, tuning), 3 * of(name)(POINTS - 0.5))


def test_soft_relu_does_not_overflow() -> None:
    phi = AreaActivations(("soft_relu",), (2,))
    assert phi(np.array([-1e6, 1e6])).tolist() == [0, 1e6]
    assert phi.slope(np.array([-1e6, 1e6])).tolist() == [0, 1]


@pytest.mark.parametrize("name", NAMES)
def test_the_inverse_finds_the_potential(name: str) -> None:
    x = np.array([0.3, 1.2, 2.5])
    phi = AreaActivations((name,), (3,))
    np.testing.assert_allclose(phi.inverse(phi(x), 0), x, atol=1e-9)


def test_areas_keep_their_own_functions() -> None:
    phi = AreaActivations(("relu", "tanh"), (2, 1))
    assert phi(np.array([-1.0, 2.0, 0.0])).tolist() == [0, 2, 0]


def test_an_unknown_function_is_named_with_the_nearest() -> None:
    with pytest.raises(ValueError, match=r"activation of area 2 is 'tahn'.*did you mean 'tanh'"):
        AreaActivations(("relu", "tahn"), (1, 1))


def test_each_area_needs_a_function() -> None:
    with pytest.raises(ValueError, match="activation has 1 entries for 2 areas"):
        AreaActivations(("relu",), (1, 1))
