"""Error cells by a localiser: what it finds, what it must not find, and how sure its labels are."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Callable
from functools import cache
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
import xarray as xr

from errorneurons.analysis.door import open_recording
from errorneurons.analysis.measures.energies import false_labels, trials
from errorneurons.analysis.measures.labelling import (
    Labels,
    Rule,
    cross_fitted,
    labelled_by_localiser,
    localise,
    localiser_trials,
    with_labels,
)
from errorneurons.analysis.readers.nwb.reader import (
    mapping_template,
    parse_mapping,
    read_nwb,
    write_nwb,
)
from errorneurons.analysis.session.session import check, collect
from errorneurons.analysis.session.storage import DoorError, save

QUICK = Rule(permutations=499)
Change = Callable[[xr.Dataset], xr.Dataset]


@cache
def benchmark() -> ModuleType:
    """Return the benchmark, which makes up sessions whose error cells are known."""
    path = Path(__file__).parents[2] / "benchmarks" / "labelling.py"
    spec = importlib.util.spec_from_file_location("benchmark_labelling", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def stream(*entropy: int) -> np.random.Generator:
    return np.random.default_rng(np.random.SeedSequence(entropy))


def drawn(seed: int = 0, **kind: float) -> tuple[xr.Dataset, np.ndarray]:
    return benchmark().Made(**{"units": 40} | kind).draw(stream(seed))


def found(seen: xr.Dataset, rule: Rule = QUICK) -> Labels:
    return localise(seen, stream(9), rule)


# Which units are error cells


def test_strong_error_cells_are_found_and_tuned_cells_are_not() -> None:
    seen, truth = drawn(error=0.3, contrast=20.0, trials=12, baseline=30.0)
    labels = found(seen)
    assert labels.error[truth].mean() > 0.9
    assert not labels.error[~truth].any()
    assert labels.score[labels.error].min() > 1 / 3


def test_where_no_unit_signals_errors_nearly_nothing_is_found() -> None:
    with_finds = [found(drawn(seed)[0]).error.any() for seed in range(20)]
    assert sum(with_finds) <= 3


def test_without_a_contrast_p_is_uniform() -> None:
    p = np.concatenate([found(drawn(seed, units=150)[0]).p_value for seed in range(10)])
    for level in (0.05, 0.2, 0.5, 0.8):
        error = np.sqrt(level * (1 - level) / len(p))
        assert np.mean(p <= level) == pytest.approx(level, abs=3 * error)


def test_a_response_that_is_the_same_to_all_inputs_counts_as_one() -> None:
    seen, _ = drawn(error=1.0, contrast=20.0, baseline=40.0, trials=12)
    assert found(seen).error.mean() > 0.7
    driven = seen["rate"] + 60.0 * (seen["time"] > 0)
    assert not found(seen.assign(rate=driven.assign_attrs(seen["rate"].attrs))).error.any()


@pytest.mark.parametrize("gain", [1e-3, 1.0, 1e3])
def test_labels_depend_on_no_units_of_measure(gain: float) -> None:
    seen, _ = drawn(error=0.3)
    scaled = (seen["rate"] * gain).assign_attrs(seen["rate"].attrs)
    labels, other = found(seen), found(seen.assign(rate=scaled))
    np.testing.assert_array_equal(labels.error, other.error)
    np.testing.assert_allclose(labels.score, other.score, atol=1e-9)


def test_drift_over_trials_hides_no_error_cell() -> None:
    seen, truth = drawn(error=0.3, contrast=20.0, trials=12, baseline=30.0)
    drift = stream(1).permutation(np.linspace(0, 60, seen.sizes["trial"]))
    drifting = (seen["rate"] + xr.DataArray(drift, dims="trial")).assign_attrs(seen["rate"].attrs)
    assert found(seen.assign(rate=drifting)).error[truth].mean() > 0.8


@pytest.mark.parametrize(("step", "sign"), [(30.0, 1), (-30.0, -1)])
def test_the_sign_is_that_of_the_contrast(step: float, sign: int) -> None:
    seen, _ = drawn(tuning=0.0, baseline=40.0)
    after = (seen["time"] > 0.3) & (seen["outcome"] == "unexpected")
    labels = found(seen.assign(rate=(seen["rate"] + step * after).assign_attrs(seen["rate"].attrs)))
    assert (labels.error_sign == sign).all()


def test_a_contrast_whose_sign_differs_from_stimulus_to_stimulus_has_none() -> None:
    seen, _ = drawn(tuning=0.0, baseline=60.0)
    way = seen["stimulus"].isin(["0", "1"]) * 1.0 - seen["stimulus"].isin(["2", "3"])
    after = (seen["time"] > 0.3) & (seen["outcome"] == "unexpected")
    moved = (seen["rate"] + 40 * way * after).assign_attrs(seen["rate"].attrs)
    labels = found(seen.assign(rate=moved))
    assert labels.error.all()
    assert np.mean(labels.error_sign != 0) < 0.2


# Which trials choose


def test_expected_and_unexpected_outcomes_choose_and_nothing_else() -> None:
    seen, _ = drawn()
    chosen = localiser_trials(seen)
    assert chosen.tolist() == (seen["outcome"].values != "none").tolist()


@pytest.mark.parametrize(
    ("name", "value"), [("manipulation", "silence"), ("phase", "during"), ("outcome", "none")]
)
def test_trials_with_a_laser_or_of_learning_choose_nothing(name: str, value: str) -> None:
    seen, _ = drawn()
    column = seen[name].values.astype("U12")
    column[:3] = value
    chosen = localiser_trials(seen.assign_coords({name: ("trial", column)}))
    assert chosen.sum() == 77
    assert not chosen[:3].any()


def test_only_marked_trials_choose_if_there_are_any() -> None:
    seen, _ = drawn()
    marked = seen.assign_coords(localiser=("trial", np.arange(88) < 32))
    np.testing.assert_array_equal(found(marked).trials, np.arange(88) < 32)
    (made,) = labelled_by_localiser(marked, stream(1))
    np.testing.assert_array_equal(made["localiser"], np.arange(88) < 32)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda s: s.drop_vars("outcome"), "no stimulus has two trials with an expected and two"),
        (lambda s: s.isel(trial=[0, 1, 8, 80]), "no stimulus has two trials with an expected and"),
        (lambda s: s.isel(time=slice(6)), "too few trials with an outcome were recorded in every"),
        (lambda s: s.assign(rate=s["rate"] * np.nan), "too few trials with an outcome"),
    ],
)
def test_a_session_that_cannot_be_localised_is_refused(change: Change, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        found(change(drawn()[0]))


@pytest.mark.parametrize(
    ("wrong", "message"),
    [({"level": 1.0}, "level is 1.0; give a share"), ({"factor": 0.0}, "factor is 0.0; give a"),
     ({"permutations": 9}, "permutations is 9; give 99 or more")],
)  # fmt: skip
def test_an_impossible_rule_is_refused(wrong: dict[str, float], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Rule(**wrong)  # type: ignore[arg-type]


# How sure the labels are


def test_the_estimated_share_of_false_labels_is_that_of_the_truth() -> None:
    kind = {"error": 0.3, "contrast": 12.0, "tuning": 0.0, "units": 80}
    rule = Rule(level=0.2, permutations=499)
    estimated, true, covered = [], [], []
    for seed in range(30):
        seen, truth = drawn(seed, **kind)
        labels = found(seen, rule)
        share = (labels.error & ~truth).sum() / labels.error.sum()
        value, low, high = labels.false_share
        estimated.append(value)
        true.append(share)
        covered.append(low <= share <= high)
    assert np.mean(true) > 0.02
    error = np.std(np.subtract(estimated, true)) / np.sqrt(30)
    assert np.mean(estimated) == pytest.approx(np.mean(true), abs=3 * error + 0.01)
    assert np.mean(covered) > 0.8


def test_labels_that_come_back_in_the_other_half_are_reliable() -> None:
    clear = found(drawn(error=0.4, contrast=20.0, trials=16, baseline=30.0)[0])
    assert clear.reliability > 0.8
    assert 0.4 < clear.replication < 0.7  # at most 1 less the share of error cells
    assert abs(found(drawn(units=300, trials=16)[0]).reliability) < 0.3


def test_too_few_trials_for_halves_leave_the_reliability_unknown() -> None:
    labels = found(drawn(error=0.4, trials=3)[0])
    assert np.isnan([labels.reliability, labels.replication]).all()


def test_the_same_stream_gives_the_same_labels() -> None:
    seen, _ = drawn(error=0.3)
    assert str(found(seen)) == str(found(seen))
    assert found(seen).false_share == found(seen).false_share


# Writing labels into sessions


def test_labels_are_written_in_the_terms_of_the_contract() -> None:
    seen, _ = drawn(error=0.3, contrast=20.0, baseline=30.0)
    labels = found(seen)
    made = check(with_labels(seen, labels))
    np.testing.assert_array_equal(made["role"] == "error", labels.error)
    assert set(made["label_source"].values) == {"localiser"}
    assert false_labels(made) == pytest.approx(labels.false_share)
    assert made["label_error"].attrs["source"].startswith("localiser of 80 trials, Benjamini-Hoch")


def test_the_trials_that_chose_the_units_test_nothing() -> None:
    seen, _ = drawn(error=0.3)
    made = with_labels(seen, found(seen))
    assert len(trials(made, {"outcome": "unexpected"})) == 0
    assert len(trials(made, {"outcome": "none"})) == 8


def test_marked_trials_stay_marked_even_if_they_could_not_choose() -> None:
    seen, _ = drawn(error=0.3)
    marked = seen.assign_coords(localiser=("trial", np.arange(88) < 33))  # one of its kind too many
    assert found(marked).trials.sum() == 32
    assert with_labels(marked, found(marked))["localiser"].sum() == 33


def test_a_session_without_error_cells_says_so_and_keeps_the_contract() -> None:
    seen, _ = drawn(tuning=20.0, baseline=40.0)
    made = check(with_labels(seen, found(seen)))
    assert set(made["role"].values) == {"unknown"}
    assert false_labels(made) is None


def test_another_session_of_the_animal_names_the_one_that_chose() -> None:
    seen, _ = drawn(error=0.3, contrast=20.0, baseline=30.0)
    labels = found(seen)
    later = seen.assign_attrs(session_id="2").isel(unit=slice(None, None, -1))
    made = check(with_labels(later, labels))
    assert made.attrs["localiser_session"] == "1"
    np.testing.assert_array_equal((made["role"] == "error")[::-1], labels.error)
    assert len(trials(made, {"outcome": "unexpected"})) == 40


def test_labels_of_another_animal_or_of_other_units_are_refused() -> None:
    seen, _ = drawn()
    labels = found(seen)
    with pytest.raises(ValueError, match="the labels are of animal 'm', the session of 'n'; loc"):
        with_labels(seen.assign_attrs(animal="n"), labels)
    strangers = seen.assign_coords(unit_id=("unit", [f"v{k}" for k in range(40)]))
    with pytest.raises(ValueError, match="the labels name no unit of the session; give `unit_id`"):
        with_labels(strangers, labels)


# Cross-fitting


@pytest.mark.parametrize("folds", [2, 4])
def test_each_trial_with_an_outcome_tests_in_exactly_one_fold(folds: int) -> None:
    seen, _ = drawn()
    made = cross_fitted(seen, stream(1), folds, QUICK)
    testing = [trials(s, {"phase": "after"}) for s in made]
    outcome = seen["outcome"].values
    counts = np.bincount(np.concatenate(testing), minlength=88)
    np.testing.assert_array_equal(counts, np.where(outcome == "none", folds, 1))
    for chosen in testing:
        kinds = list(zip(seen["stimulus"].values[chosen], outcome[chosen], strict=True))
        sizes = {kind: kinds.count(kind) for kind in kinds if kind[1] != "none"}
        assert set(sizes.values()) == {8 // folds}


def test_folds_are_sessions_of_the_same_animal() -> None:
    made = cross_fitted(drawn()[0], stream(1), rule=QUICK)
    assert list(collect(made)) == ["m_1, fold 1 of 2", "m_1, fold 2 of 2"]


def test_cross_fitted_sessions_survive_a_file(tmp_path: Path) -> None:
    made = collect(cross_fitted(drawn(error=0.3)[0], stream(1), rule=QUICK))
    again = open_recording(save(made, tmp_path / "x.nc"))
    for name in made:
        xr.testing.assert_identical(again[name]["localiser"].load(), made[name]["localiser"])
        assert again[name]["label_error"].attrs == made[name]["label_error"].attrs
    again.close()


def test_cross_fitting_is_refused_where_trials_are_marked_or_folds_too_few() -> None:
    seen, _ = drawn()
    with pytest.raises(ValueError, match="folds is 1; give 2 or more, one tests what the others"):
        cross_fitted(seen, stream(1), 1)
    marked = seen.assign_coords(localiser=("trial", np.arange(88) < 32))
    with pytest.raises(ValueError, match="`localiser` marks trials already; label by them, with"):
        cross_fitted(marked, stream(1))


# The door


def test_a_mapping_file_can_ask_for_a_localiser(tmp_path: Path) -> None:
    seen, truth = drawn(error=0.4, contrast=25.0, units=16, baseline=30.0)
    nwb = write_nwb(seen, tmp_path / "x.nwb", seed=1)
    text = mapping_template(nwb).replace("# labels =", "labels =")
    made, again = (read_nwb(nwb, parse_mapping(text)) for _ in range(2))
    assert list(made) == ["m_1, fold 1 of 2", "m_1, fold 2 of 2"]
    for name in made:
        assert (made[name]["role"].values == "error")[truth].mean() > 0.5
        xr.testing.assert_identical(made[name]["role"], again[name]["role"])


def test_a_file_without_outcomes_cannot_be_localised(tmp_path: Path) -> None:
    seen = drawn(units=4)[0].drop_vars(["outcome", "outcome_onset"])
    nwb = write_nwb(seen, tmp_path / "x.nwb", seed=1)
    mapping = parse_mapping(mapping_template(nwb).replace("# labels =", "labels ="))
    with pytest.raises(DoorError, match=r'x.nwb: labels = "localiser" in session m/1: no stimulus'):
        read_nwb(nwb, mapping)
