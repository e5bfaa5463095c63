"""`import errorneurons as en`: light, lazy, documented by examples that run, and refusing well."""

from __future__ import annotations

import doctest
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import xarray as xr

import errorneurons as en
from errorneurons.analysis.evidence.experiments import Experiments
from errorneurons.analysis.evidence.weigh import weigh
from errorneurons.predictions.claims.claim import Outcome
from errorneurons.predictions.claims.registry import CLAIMS
from errorneurons.predictions.studies.asked import question_of
from errorneurons.simulate.theories.registry import COMPARED, THEORIES

VERBS = ("open", "simulate", "sweep", "judge", "weigh", "plan", "reproduce", "ablate")


@pytest.fixture(scope="module")
def networks() -> list[xr.Dataset]:
    return list(en.simulate("error_microcircuit", "novelty", animals=2, repeats=2))


def test_the_import_loads_no_library_and_nothing_of_ours() -> None:
    code = (
        "import sys, errorneurons as en; dir(en); "
        "sys.exit(bool({'numpy', 'xarray', 'pandas', 'errorneurons.simulate'} & {*sys.modules}))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_every_name_of_the_face_is_there_and_told() -> None:
    assert {*VERBS, "THEORIES", "EXPERIMENTS", "CLAIMS"} == {*en.__all__}
    assert {*en.__all__} <= {*dir(en)}
    assert all(callable(getattr(en, verb)) and getattr(en, verb).__doc__ for verb in VERBS)


def test_what_is_not_there_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="module 'errorneurons' has no attribute 'jugde'"):
        _ = en.jugde  # type: ignore[attr-defined]


def test_simulate_is_a_verb_also_once_the_package_of_that_name_is_imported() -> None:
    import errorneurons.simulate.theories.registry as room

    assert tuple(en.THEORIES.values()) == room.THEORIES
    assert callable(en.simulate)


@pytest.mark.parametrize("module", [
    "errorneurons", "errorneurons.simulate.variants", "errorneurons.predictions.studies.sweep",
    "errorneurons.predictions.studies.asked", "errorneurons.predictions.judging.verdicts",
])  # fmt: skip
def test_the_examples_run(module: str) -> None:
    __import__(module)
    found = doctest.testmod(sys.modules[module])
    assert found.attempted
    assert not found.failed


def test_registries_are_read_by_name_and_print_a_line_an_entry() -> None:
    assert [*en.THEORIES] == [t.name for t in THEORIES]
    assert en.CLAIMS["P02"] is CLAIMS[0]
    assert "P99" not in en.CLAIMS
    assert repr(en.EXPERIMENTS).splitlines()[1].startswith("novelty ")
    with pytest.raises(ValueError, match="there is no theory 'supervised'; did you mean 'superv"):
        en.THEORIES["supervised"]
    with pytest.raises(ValueError, match=r"there is no claim 'P2'; did you mean 'P02'\?"):
        en.CLAIMS["P2"]


def test_verdicts_are_a_table_of_a_row_a_claim_with_numbers(networks: list[xr.Dataset]) -> None:
    table = en.judge(networks)
    assert table["claim"].tolist() == [c.key for c in CLAIMS]
    assert {*table["outcome"]} <= {o.value for o in Outcome}
    assert table[["value", "low", "high"]].dtypes.eq(float).all()
    first = table.iloc[0]
    assert (first["over"], first["n"], first["outcome"]) == ("networks", 2, "SUPPORTED")
    assert first["low"] <= first["value"] <= first["high"] < 1 / 9


def test_simulated_sessions_can_be_judged_as_a_recording(networks: list[xr.Dataset]) -> None:
    (row,) = en.judge(networks, ["P02"], kind="recording").to_dict("records")
    assert row["outcome"] == "UNDECIDED"
    assert row["reason"].startswith("2 animals: no statement about the population.")


def test_a_session_a_list_and_a_collection_are_judged_alike(networks: list[xr.Dataset]) -> None:
    tree = xr.DataTree.from_dict({"a": networks[0], "b": networks[1]})
    pd.testing.assert_frame_equal(en.judge(tree), en.judge(iter(networks)))
    assert en.judge(networks[0], ["P02"])["n"].item() == 1


def test_verdicts_are_a_dataframe_and_labelled_arrays(networks: list[xr.Dataset]) -> None:
    table = en.judge(networks, ["P02", "P04a"])
    assert isinstance(table, pd.DataFrame)
    assert type(table.to_dataframe()) is pd.DataFrame
    arrays = table.to_xarray()
    assert arrays["value"].dims == ("claim",)
    assert arrays["n"].sel(claim="P02") == 2
    assert table[["claim", "n"]].to_xarray()["n"].dims == ("claim",)
    assert "SUPPORTED" in table._repr_html_()


def test_the_test_over_animals_is_numbers_and_n_counts_animals(networks: list[xr.Dataset]) -> None:
    few = en.judge(networks, ["P02"], kind="recording").iloc[0]
    assert (few["n"], few["over"]) == (2, "animals")
    assert np.isnan(few["t"])
    many = [
        s.assign(rate=(1 + 0.1 * k) * s["rate"]).assign_attrs(animal=f"m{k}", session_id=f"m{k}")
        for k, s in enumerate([*networks, *networks, networks[0]])
    ]
    row = en.judge(many, ["P02"], kind="recording").iloc[0]
    assert (row["n"], row["over"], row["df"]) == (5, "animals", 4)
    assert row["t"] < 0
    assert 0 < row["p"] <= row["p_holm"] < 1


def test_a_theory_of_ones_own_is_simulated_by_its_file(tmp_path: Path) -> None:
    file = tmp_path / "mine.py"
    file.write_text(
        "from errorneurons.simulate.theories.adaptation import Adaptation\n"
        "from errorneurons.simulate.theories.theory import Theory\n"
        "THEORY = Theory('mine', 'mine', 'theory', 'A null.', Adaptation())\n",
        encoding="utf-8",
    )
    session = next(en.simulate(str(file), "novelty", animals=1, repeats=1))
    assert session.attrs["theory"] == "mine"


@pytest.mark.parametrize(
    ("ask", "sentence"),
    [
        (lambda: en.open("nowhere.nwb"), "there is no file nowhere.nwb"),
        (lambda: en.simulate("supervised_pc", "novlety"), "did you mean 'novelty'"),
        (lambda: en.simulate("supervised_pc", "interneurons"), "needs interneuron neurons"),
        (lambda: en.open(5), "the recording is of type int; give the path of its file"),
        (lambda: en.open("x" * 5000 + ".nwb"), "cannot look for x+.nwb: File name too long; give"),
        (lambda: en.open("x.nwb", {}), "the mapping is of type dict; give the path of its file"),
        (lambda: en.open("x.nwb", 5), "the mapping is of type int; give the path of its file"),
        (lambda: en.simulate("supervised_pc", "novelty", animals=0), "^animals is 0; give a whole"),
        (lambda: en.simulate("supervised_pc", "novelty", animals=1.5), "^animals is 1.5; give a"),
        (lambda: en.simulate("supervised_pc", "novelty", seed="a"), "seed is 'a'; give a whole"),
        (lambda: en.simulate("supervised_pc", "novelty", repeats="2"), "^repeats is '2'; give a"),
        (
            lambda: en.simulate("supervised_pc", "novelty", layers=3),
            "^layers is 3; give at least 3",
        ),
        (lambda: en.simulate(5, "novelty"), "there is no theory 5; known are"),
        (lambda: en.simulate("supervised_pc", 5), "there is no experiment 5; known are"),
        (lambda: en.simulate("supervised_pc", "novelty", ablation="pv"), "did you mean 'pv_off'"),
        (lambda: en.simulate("supervised_pc", "novelty", layers="10x5"), "layers is '10x5'; give"),
        (lambda: en.simulate("supervised_pc", "novelty", instrument="eeg"), "no instrument 'eeg'"),
        (lambda: en.judge(5), "^sessions is 5; give what `open` or `simulate` returns"),
        (lambda: en.judge("x.nc"), "^sessions is 'x.nc', a file; give what `open` makes of it"),
        (lambda: en.judge([5]), "among the sessions is 5; give what `open`"),
        (lambda: en.judge([], "P02"), r"^claims is 'P02'; give a list, \['P02'\]"),
        (lambda: en.judge([]), "there is no session to judge"),
        (lambda: en.weigh([]), "there is no session to judge"),
        (lambda: en.plan(["supervised_pc"]), "theories are supervised_pc; name two or more"),
        (lambda: en.plan(manipulations=["drvie"]), "manipulation is 'drvie', which is unknown"),
        (lambda: en.plan(animals=4), r"^animals is 4; give a list, \[4\]"),
        (lambda: en.plan(animals=["4"]), "^animals to try: 4; give whole numbers of 2 or more"),
        (lambda: en.plan(budget="8"), "^budget is '8'; give a whole number"),
        (lambda: en.plan(label_error="5 %"), "label_error is '5 %'; give a share from 0 to 0.9"),
        (lambda: en.plan("supervised_pc"), "^theories is 'supervised_pc'; give a list"),
        (lambda: en.plan(label_error=2), "label_error is 2; give a share from 0 to 0.9"),
        (lambda: en.ablate("adaptation"), "adaptation is a null"),
        (lambda: en.ablate(["zz"]), r"^theory is \['zz'\]; give the name of one"),
        (lambda: en.ablate("zz"), "^there is no theory to ablate 'zz'; known are error_microcirc"),
        (lambda: en.ablate("burst_dependent", "pv_off"), "^ablations is 'pv_off'; give a list"),
        (
            lambda: en.ablate("burst_dependent", ["sst"]),
            "no ablation 'sst'; did you mean 'sst_off'",
        ),
        (lambda: en.ablate("burst_dependent", networks=0), "^networks is 0; give a whole number"),
        (
            lambda: en.sweep(["supervised_pc"], connectivity=[5]),
            "there is no connectivity 5; known",
        ),
        (
            lambda: en.sweep(["supervised_pc"]).save(__file__),
            "cannot make the folder .*; give anot",
        ),
        (lambda: en.sweep(["supervised_pc"], ["no_lookahead"]), "has no lookahead to switch off"),
    ],
)
def test_what_is_wrong_is_one_sentence(ask: Any, sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence) as caught:
        ask()
    assert "\n" not in str(caught.value)


def test_sessions_that_break_the_contract_or_stand_twice_are_not_judged(
    networks: list[xr.Dataset],
) -> None:
    name = "session network-000_novelty_day1"
    with pytest.raises(ValueError, match=f"{name} stands twice"):
        en.judge([networks[0], networks[0]])
    with pytest.raises(ValueError, match=f"{name}: `rate` is missing; add it"):
        en.judge(networks[0].drop_vars("rate"))


def test_a_folder_of_sessions_is_refused_with_what_to_give(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="is a folder; give one of the files in it"):
        en.open(tmp_path)


def test_a_recording_that_can_test_nothing_cannot_be_weighed(networks: list[xr.Dataset]) -> None:
    mute = [s.drop_vars(["outcome", "familiarity", "teaching"]) for s in networks]
    with pytest.raises(ValueError, match="nothing can be weighed: no claim can be tested"):
        en.weigh(mute)


def test_theories_are_compared_by_default_as_the_commands_do(tmp_path: Path) -> None:
    question = question_of(library=tmp_path)
    assert question.theories == COMPARED
    assert question.folder == tmp_path


def test_evidence_is_a_table_of_a_row_a_theory_those_that_stay_first() -> None:
    rng, worlds = np.random.default_rng(0), np.repeat(np.arange(40), 3)
    values = np.concatenate([rng.normal(m, 0.1, (120, 1)) for m in (-0.5, 0.5)]).clip(-1, 1)
    theory = ("low",) * 120 + ("high",) * 120
    experiments = Experiments(("x",), values, theory, np.tile(worlds, 2))
    evidence = weigh(experiments, {"x": 0.5}, np.random.SeedSequence(1))
    found = evidence.to_dataframe()
    assert found["theory"].tolist() == ["high", "low"]
    assert found["kept"].tolist() == [True, False]
    assert found["posterior"].notna().tolist() == [True, False]
    arrays = evidence.to_xarray()
    assert arrays["posterior"].sel(theory="high") > 0.5
    assert arrays.attrs["trust_low"] <= arrays.attrs["trust"] <= arrays.attrs["trust_high"]
    assert evidence._repr_html_().startswith("<p>one theory: high</p><table")
