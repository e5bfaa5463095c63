"""One animal is one animal, one recording is one recording, and what is not believed is refused."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
import xarray as xr

from errorneurons.analysis.measures.energies import Effect, Missing
from errorneurons.analysis.session.session import ContractError, collect, session
from errorneurons.predictions.claims.requirements import what_is_missing
from errorneurons.predictions.judging.believing import as_believed
from errorneurons.predictions.judging.measured import measure
from errorneurons.predictions.judging.verdicts import confirmatory, verdict_table
from errorneurons.predictions.studies.recordings import sources_of


def recorded(seed: int = 0, animal: str = "", signal: str = "spikes", **attrs: Any) -> xr.Dataset:
    """Return six trials of two units."""
    rate = np.random.default_rng(seed).poisson(3.0, (6, 10, 2)) * 10.0
    columns = {
        "time": np.round(0.1 * np.arange(10) + 0.05, 9), "unit_id": ["a", "b"],
        "area": ["V1", "V1"], "level": [1, 1], "role": ["error", "unknown"],
        "label_source": ["genetic", "none"], "stimulus": ["a"] * 6, "input_onset": np.zeros(6),
    }  # fmt: skip
    about = {"animal": animal or f"m{seed}", "session_id": "1"}
    return session({"rate": rate}, columns, about | attrs, signal=signal)


@pytest.mark.parametrize(
    ("one", "two"),
    [
        ("m1", "M1"),
        ("m1", "m1 "),
        ("mouse 1", "mouse_1"),
        ("é", "e\u0301"),
        ("1", "01"),
        ("m7", "m007"),
    ],
)
def test_animals_that_differ_in_spelling_alone_are_refused(one: str, two: str) -> None:
    sessions = [recorded(1, one), recorded(2, two, session_id="2")]
    message = "differ in spelling alone; write the name of an animal the same way"
    with pytest.raises(ContractError, match=message):
        collect(sessions)
    with pytest.raises(ContractError, match=message):
        verdict_table(sessions)


def test_animals_with_different_names_are_different() -> None:
    collect([recorded(k, name) for k, name in enumerate(("m1", "m11", "m10", "m_1", "lab/m1"))])


def test_areas_that_differ_in_spelling_alone_are_refused() -> None:
    mixed = recorded().assign_coords(area=("unit", np.array(["V1", "v1 "])))
    with pytest.raises(ContractError, match="areas 'V1' and 'v1 ' differ in spelling alone"):
        collect([mixed])
    two = recorded(2).assign_coords(area=("unit", np.array(["Área", "Área"])))
    other = recorded(3).assign_coords(area=("unit", np.array(["A\u0301rea"] * 2)))
    with pytest.raises(ContractError, match="differ in spelling alone; write an area the same"):
        collect([two, other])


@pytest.mark.parametrize(
    ("one", "two"), [(("m1", "1_2"), ("m1_1", "2")), (("lab/m1", "1"), ("lab-m1", "1"))]
)
def test_sessions_whose_names_combine_to_one_are_two(
    one: tuple[str, str], two: tuple[str, str]
) -> None:
    tree = collect([recorded(k, a, session_id=s) for k, (a, s) in enumerate((one, two))])
    assert len(tree.children) == 2
    assert {c.attrs["animal"] for c in tree.children.values()} == {one[0], two[0]}


def test_the_same_activity_under_two_names_is_refused() -> None:
    message = "session 1 of m1 and session 2 of other hold the same activity; give a recording once"
    with pytest.raises(ContractError, match=message):
        as_believed([recorded(1), recorded(1, "other", session_id="2")])


@pytest.mark.parametrize(
    "part",
    [{"trial": slice(0, 3)}, {"trial": slice(None, None, -1)}, {"unit": slice(None, None, -1)}],
)
def test_the_same_trials_are_the_same_in_any_order(part: dict[str, slice]) -> None:
    with pytest.raises(ContractError, match="session 1 of m1 and session 1 of m2 hold the same"):
        as_believed([recorded(1), recorded(1, "m2").isel(part)])


def test_a_session_has_a_name_of_its_own() -> None:
    with pytest.raises(ContractError, match="session 1 of m1 stands there 2 times; give each its"):
        as_believed([recorded(1), recorded(2, "m1")])


def test_folds_of_a_session_are_no_copies() -> None:
    folds = [recorded(1, session_id=f"1, fold {k} of 2") for k in (1, 2)]
    assert len(as_believed(folds)) == 2


def test_spikes_and_calcium_are_not_averaged() -> None:
    message = "holds spikes in Hz, session 1 of m2 calcium in dF/F, and the two cannot be averaged"
    with pytest.raises(ContractError, match=message):
        as_believed([recorded(1), recorded(2, signal="calcium")])


def test_percent_beside_a_ratio_is_refused() -> None:
    one, two = (recorded(k, signal="calcium") for k in (1, 2))
    two["rate"].values *= 100
    message = (
        "dF/F varies .* times as much in session 1 of m2 as in session 1 of m1; give both as a"
    )
    with pytest.raises(ContractError, match=message):
        as_believed([one, two])


# Localisers


def lacks(seen: xr.Dataset) -> str:
    found = what_is_missing(seen)
    return found.what if found else ""


@pytest.mark.parametrize("other", [{"animal": "m2", "session_id": "day0"}, {"session_id": "day2"}])
def test_a_localiser_session_that_is_in_no_file_is_not_believed(other: dict[str, str]) -> None:
    source = np.array(["localiser", "none"])
    seen = recorded(1, localiser_session="day0").assign_coords(label_source=("unit", source))
    (alone, _) = as_believed([seen, recorded(2, **{"animal": "m1", **other})])
    assert "labelled by session 'day0', which is no session of the animal" in lacks(alone)


def test_a_localiser_session_that_is_there_is_believed() -> None:
    source = np.array(["localiser", "none"])
    seen = recorded(1, localiser_session="day0").assign_coords(label_source=("unit", source))
    (first, _) = as_believed([seen, recorded(2, "m1", session_id="day0")])
    assert lacks(first) == ""


# What a trial is


@pytest.mark.parametrize(
    ("level", "said"),
    [
        ("mean", "the activity given is means over trials"),
        ("pooled", "the units given are of animals that are not told apart"),
        ("sample", "the activity given is samples of which no trial is known"),
    ],
)
def test_what_is_no_trial_is_not_tested(level: str, said: str) -> None:
    assert said in lacks(recorded(level_of_data=level))


def test_an_unknown_level_of_data_is_refused() -> None:
    with pytest.raises(
        ContractError, match="`level_of_data` is 'average'; allowed are trial, mean"
    ):
        recorded(level_of_data="average")


# What is taken from all files


def test_the_confirmatory_set_is_that_of_all_files() -> None:
    named = [recorded(1, confirmatory="P02"), recorded(2), recorded(3, confirmatory="P05a, P06b")]
    assert confirmatory(named) == ("P02", "P05a", "P06b")


def test_the_hashes_of_all_files_are_kept() -> None:
    origins = [{"source_file": f"{k}.nwb", "source_sha256": k} for k in "ab"]
    sessions = [recorded(k, provenance=json.dumps(o)) for k, o in enumerate(origins)]
    assert sources_of(sessions)["source_file"] == "a.nwb, b.nwb"
    assert sources_of(sessions)["source_sha256"] == "a, b"


@pytest.mark.parametrize("text", ["converted by hand, 3 May", '["a"]', "5"])
def test_provenance_in_free_text_is_no_hash(text: str) -> None:
    assert "source_file" not in sources_of([recorded(provenance=text)])


def test_each_animal_is_corrected_by_its_own_share_of_false_labels() -> None:
    sessions = [
        recorded(k).assign_coords(label_error=("unit", np.full(2, share), {"units": "1"}))
        for k, share in enumerate((0.1, 0.3))
    ]
    found = measure(lambda _: Effect(1.0, 2.0, 1.0), sessions, trial_level=False)
    corrected = found.energies[:, 0] - found.label_error[0] * found.energies[:, 2]
    np.testing.assert_allclose(corrected, [0.9, 0.7])
    assert not isinstance(found.missing, Missing)
