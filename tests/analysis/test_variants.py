"""Activity across variants: unequal circuits side by side, by label."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import xarray as xr

from errorneurons.analysis.measures.activity import activity, mean_rate
from errorneurons.analysis.measures.variants import VARIANT, WITHIN, by_variant

Maker = Callable[..., xr.Dataset]


@pytest.fixture
def made(make_session: Maker) -> Maker:
    def of(theory: str, areas: tuple[str, ...] = ("V1", "V1", "LM", "LM"), animal: str = "m1"):
        found = make_session(animal).assign_coords(area=("unit", list(areas)))
        said = {"theory": theory, "ablation": "intact", "connectivity": "chain"}
        return found.assign_attrs(said, layers="10-20-5")

    return of


def test_dims_are_those_of_variants_and_of_neuron_types(made: Maker) -> None:
    found = by_variant([made("a")], lines=("outcome",))
    assert found["mean"].dims == found["response"].dims == (*VARIANT, *WITHIN)
    assert found["size"].item() == "20-5"
    assert found["role"].values.tolist() == ["representation", "error", "unknown"]
    assert found["condition"].values.tolist() == ["no outcome", "expected", "unexpected"]
    assert found["mean"].attrs["units"] == "Hz"


def test_a_value_is_the_mean_over_cells_and_trials(made: Maker) -> None:
    session = made("a")
    found = by_variant([session], lines=("outcome",))["mean"].squeeze(VARIANT)
    alone = activity([session], {"expected": {"outcome": "expected"}}, mean_rate)["mean"]
    xr.testing.assert_allclose(
        found.sel(condition="expected", role="error", area="V1").drop_vars(VARIANT),
        alone.sel(condition="expected", role="error", area="V1"),
    )


def test_unequal_circuits_align_by_label_and_what_does_not_exist_is_nan(made: Maker) -> None:
    other = made("b", ("V1", "V1", "AL", "AL"))
    fewer = other.isel(unit=slice(1, None))
    found = by_variant([made("a"), fewer], lines=("outcome",))["mean"]
    assert {*found["area"].values.tolist()} == {"V1", "LM", "AL"}
    assert np.isnan(found.sel(theory="a", area="AL")).all()
    assert np.isnan(found.sel(theory="b", area="LM")).all()
    assert np.isnan(found.sel(theory="b", area="V1", role="error")).all()
    assert np.isfinite(found.sel(theory="b", area="V1", role="representation")).all()


def test_a_combination_without_sessions_is_nan(made: Maker) -> None:
    cut = made("a").assign_attrs(ablation="cut")
    found = by_variant([made("a"), cut, made("b")], lines=("outcome",))["mean"]
    assert np.isnan(found.sel(theory="b", ablation="cut")).all()


def test_days_are_conditions_of_their_own(made: Maker) -> None:
    days = [made("a").assign_attrs(day=1), made("a").assign_attrs(day=2)]
    found = by_variant(days, lines=("outcome",))
    assert found["condition"].values.tolist()[3] == "day 2, no outcome"
    assert found["mean"].notnull().any(WITHIN[:2]).all()


def test_a_session_that_does_not_say_what_it_is_of_is_refused(make_session: Maker) -> None:
    with pytest.raises(ValueError, match="session s1 of m1 does not say its theory, ablation, co"):
        by_variant([make_session()])


def test_no_session_is_refused() -> None:
    with pytest.raises(ValueError, match="there is no session to take activity from"):
        by_variant([])
