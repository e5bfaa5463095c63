"""What the door lets in, and what it refuses."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from errorneurons.analysis.session.session import (
    FIELDS,
    ContractError,
    check,
    collect,
)

Make = Callable[..., xr.Dataset]

# What a session consists of


def test_a_weight_has_the_sign_that_is_stated(make_session: Make) -> None:
    message = (
        "`causal_sign` of unit 1 is -1 but its `decoder_weight` is 0.2; give the sign of the w"
    )
    with pytest.raises(ContractError, match=message):
        make_session(changes={"decoder_weight": [np.nan, 0.2, 0.0, np.nan]})


def test_a_session_with_every_column_keeps_the_contract(make_session: Make) -> None:
    made = make_session()
    assert set(FIELDS) - set(made.variables) == {
        "trial_start", "soma", "basal", "apical", "burst_probability",
    }  # fmt: skip


def test_the_smallest_session_has_one_trial_one_bin_and_one_unit(make_smallest: Make) -> None:
    assert dict(make_smallest().sizes) == {"trial": 1, "time": 1, "unit": 1}


def test_every_variable_of_a_session_has_a_long_name(make_session: Make) -> None:
    assert all(v.attrs["long_name"] for v in make_session().variables.values())


def test_numbers_carry_units(make_session: Make) -> None:
    made = make_session()
    assert made["rate"].attrs["units"] == "Hz"
    assert made["outcome_onset"].attrs["units"] == "s"


def test_the_sampling_rate_is_one_over_the_bin_width(make_session: Make) -> None:
    assert make_session()["rate"].attrs["sampling_rate"] == 50.0


def test_the_level_of_an_area_may_be_unknown(make_smallest: Make) -> None:
    assert np.isnan(make_smallest(level=[np.nan])["level"]).all()


def test_activity_that_was_not_recorded_is_nan(make_smallest: Make) -> None:
    assert np.isnan(make_smallest(np.nan)["rate"]).all()


def test_text_columns_from_pandas_are_plain_text(make_smallest: Make) -> None:
    made = make_smallest(area=pd.Series(["V1"], dtype="string"), stimulus=pd.Series(["a"]))
    assert {made["area"].dtype.kind, made["stimulus"].dtype.kind} == {"U"}


def test_calcium_comes_in_other_units_than_spikes(make_smallest: Make) -> None:
    made = make_smallest(1.0, signal="calcium", sampling_rate=30.0)
    assert made["rate"].attrs["units"] == "dF/F"


def test_a_column_of_somebodys_own_is_kept(make_smallest: Make) -> None:
    columns = {"unit_id": ["u", "v"], "area": ["V1"] * 2, "level": [1, 1], "role": ["unknown"] * 2}
    made = make_smallest(np.zeros((1, 1, 2)), depth=[100.0, 200.0], **columns)
    assert made["depth"].dims == ("unit",)


# What is refused, and the mend


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("outcome", ["surprise"], "`outcome` holds 'surprise'; allowed are expected, unexpected"),
        ("role", ["pyramidal"], "`role` holds 'pyramidal'; allowed are representation, error"),
        ("error_sign", [2.0], "`error_sign` holds 2.0; allowed are -1, 0, 1"),
        ("teaching", [1], "`teaching` has dtype int64; give it as bool"),
        ("stimulus", ["a\0b"], "`stimulus` holds a NUL character; leave it out"),
        ("time", ["a"], "`time` has dtype <U1; give it as numbers"),
        ("area", [3], "`area` has dtype int64; give it as text"),
        ("area", [None], "`area` has dtype object; give it as text"),
        ("performance", ["good"], "`performance` has dtype <U4; give it as numbers"),
        ("performance", [np.inf], "`performance` holds infinite values; write NaN"),
        ("time", [np.nan], "`time` does not increase throughout"),
        ("label_error", [5.0], "`label_error` lies outside 0 to 1; give it as a share"),
        ("partner", ["x"], "`partner` names 'x', no unit_id; leave it empty if none"),
        ("role", ["error"], "`label_source` is missing but `role` is known"),
        ("manipulation", ["drive"], "`manipulation_onset` is missing but there is a `manipul"),
        ("input_onset", [812.0], "`input_onset` lies at 812 s in trial 0 but `time` runs from"),
        ("stimulus", ["a", "b"], r"`stimulus` has shape \(2,\); give it \('trial',\) = \(1,\)"),
        ("familiarty", ["novel"], "did you mean `familiarity`"),
    ],
)  # fmt: skip
def test_a_wrong_column_is_named_with_its_mend(
    make_smallest: Make, name: str, value: object, message: str
) -> None:
    with pytest.raises(ContractError, match=message):
        make_smallest(**{"trial_start": [0.0], name: value})


@pytest.mark.parametrize("name", ["area", "unit_id", "level", "role", "stimulus", "input_onset"])
def test_a_missing_column_is_named_with_its_dims(make_session: Make, name: str) -> None:
    dims = rf"\('{FIELDS[name].dims[0]}',\)"
    with pytest.raises(ContractError, match=f"`{name}` is missing; add it with dims {dims}"):
        check(make_session().drop_vars(name))


def test_every_breach_is_named_at_once(make_session: Make) -> None:
    broken = make_session().drop_vars("area").assign_attrs(animal="")
    broken["rate"].attrs["units"] = "kHz"
    with pytest.raises(ContractError, match="`animal` is ''; give") as caught:
        check(broken)
    assert len(caught.value.breaches) == 3
    assert str(caught.value).splitlines() == list(caught.value.breaches)


def test_wrong_units_are_refused(make_session: Make) -> None:
    broken = make_session()
    broken["input_onset"].attrs["units"] = "ms"
    with pytest.raises(ContractError, match="`input_onset` has units 'ms'; convert it to 's'"):
        check(broken)


def test_missing_units_are_refused(make_session: Make) -> None:
    broken = make_session()
    del broken["rate"].attrs["units"]
    with pytest.raises(ContractError, match="`rate` has no units; set its attrs"):
        check(broken)


def test_an_unknown_signal_is_refused(make_session: Make) -> None:
    broken = make_session()
    broken["rate"].attrs["signal"] = "lfp"
    with pytest.raises(ContractError, match="`rate` has signal 'lfp'; set its attrs"):
        check(broken)


def test_a_sampling_rate_that_contradicts_time_is_refused(make_session: Make) -> None:
    broken = make_session()
    broken["rate"].attrs["sampling_rate"] = 1000.0
    with pytest.raises(ContractError, match=r"`time` has a step of 0.02 s but the sampling_rate"):
        check(broken)


def test_infinite_activity_is_refused(make_smallest: Make) -> None:
    with pytest.raises(ContractError, match="`rate` holds infinite values; write NaN"):
        make_smallest(np.inf)


def test_negative_spike_rates_are_refused(make_smallest: Make) -> None:
    with pytest.raises(ContractError, match="`rate` holds negative spike rates"):
        make_smallest(-1.0)


def test_what_no_file_can_hold_is_refused(make_session: Make) -> None:
    broken = make_session().assign_attrs(config={"seed": 1})
    broken["extra"] = ("unit", np.array([{}, None, 1, "a"], dtype=object))
    with pytest.raises(ContractError, match=r"`extra` has dtype object; .*\n.*`config` is {'seed'"):
        check(broken)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"notes": "a\0b"}, "`notes` holds a NUL character"),
        ({"flag": True}, "`flag` is True; give"),
    ],
)
def test_attributes_that_no_file_can_hold_are_refused(
    make_session: Make, change: dict[str, object], message: str
) -> None:
    with pytest.raises(ContractError, match=message):
        check(make_session().assign_attrs(change))


def test_counts_given_as_integers_become_floats(make_smallest: Make) -> None:
    made = make_smallest(np.ones((1, 1, 1), int), sampling_rate=1.0)
    assert made["rate"].dtype == np.float64


def test_activity_must_be_floats(make_session: Make) -> None:
    broken = make_session()
    broken["rate"] = broken["rate"].astype(int, keep_attrs=True)
    with pytest.raises(ContractError, match="`rate` has dtype int64; give it as floats"):
        check(broken)


def test_two_units_of_one_name_are_refused(make_session: Make) -> None:
    with pytest.raises(ContractError, match="`unit_id` 'u1' stands twice"):
        make_session(changes={"unit_id": ["u0", "u1", "u1", "u2"]})


def test_an_area_with_two_levels_is_refused(make_session: Make) -> None:
    with pytest.raises(ContractError, match="`level` of area 'V1' is 1 and 2; give an area one"):
        make_session(changes={"level": [1, 2, 2, 2]})


def test_an_area_is_written_the_same_way_everywhere(make_session: Make) -> None:
    with pytest.raises(ContractError, match="`teaching_area` is 'lm' but the units are in 'LM'"):
        check(make_session().assign_attrs(teaching_area="lm"))


def test_the_teaching_area_need_not_be_recorded(make_session: Make) -> None:
    check(make_session().assign_attrs(teaching_area="PFC"))


def test_a_session_without_trials_is_refused(make_session: Make) -> None:
    with pytest.raises(ContractError, match="dim trial has length 0"):
        check(make_session().isel(trial=slice(0)))


def test_a_column_must_be_a_coordinate(make_session: Make) -> None:
    with pytest.raises(ContractError, match="`area` is a variable; make it a coordinate"):
        check(make_session().reset_coords("area"))


def test_another_version_of_the_schema_is_refused(make_session: Make) -> None:
    with pytest.raises(ContractError, match="`schema_version` is 99; this version of errorneurons"):
        check(make_session().assign_attrs(schema_version=99))


def test_a_share_of_false_labels_must_lie_in_its_interval(make_session: Make) -> None:
    broken = make_session()
    broken["label_error"].attrs["high"] = 0.02
    with pytest.raises(ContractError, match=r"outside its interval 0.01 to 0.02; widen"):
        check(broken)


def test_localiser_trials_hold_no_manipulation(make_session: Make) -> None:
    with pytest.raises(ContractError, match="`localiser` is true in 3 trials with a manipulation"):
        check(make_session(changes={"localiser": np.ones(6, dtype=bool)}))


def test_a_session_is_no_other_session_that_labelled_its_units(make_session: Make) -> None:
    with pytest.raises(ContractError, match="`localiser_session` is 's1', the session itself; lea"):
        check(make_session().assign_attrs(localiser_session="s1"))


# Collections


def test_the_root_of_a_collection_is_empty(make_session: Make) -> None:
    tree = xr.DataTree.from_dict({"/": xr.Dataset({"x": 1}), "a": make_session()})
    with pytest.raises(ContractError, match="the root of the collection holds x"):
        check(tree)


def test_a_collection_holds_a_session() -> None:
    with pytest.raises(ContractError, match="the collection holds no session"):
        collect([])


def test_the_same_session_twice_is_refused(make_session: Make) -> None:
    with pytest.raises(ContractError, match="session m1_s1 stands twice"):
        collect([make_session(), make_session()])


def test_a_breach_in_a_collection_names_its_session(make_session: Make) -> None:
    with pytest.raises(ContractError, match=r"^session m1_s1: `area` is missing"):
        collect([make_session().drop_vars("area")])


@pytest.mark.parametrize("opsin", ["eYFP", "Control", "no"])
def test_control_animals_have_no_opsin(make_session: Make, opsin: str) -> None:
    message = f"attribute `opsin` is '{opsin}', which answers no light; write 'none' in control"
    with pytest.raises(ContractError, match=message):
        check(make_session().assign_attrs(opsin=opsin))
    check(make_session().assign_attrs(opsin="ChR2-eYFP"))
