"""Tables of trials: what a user leaves out is filled in, what is wrong is named at once."""

from __future__ import annotations

from dataclasses import replace
from importlib import import_module
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from errorneurons.simulate.experiments import __name__ as package
from errorneurons.simulate.experiments import __path__ as folder
from errorneurons.simulate.experiments import registry
from errorneurons.simulate.experiments.columns import BY_NAME, DEFAULTS, TRIAL_COLUMNS
from errorneurons.simulate.experiments.experiment import Experiment
from errorneurons.simulate.experiments.registry import EXPERIMENTS, experiment
from errorneurons.simulate.experiments.tables import completed, experiment_of, read_table
from errorneurons.simulate.experiments.trials import CLOCK, UNEXPECTED, silence, tabulated, trial

LASER = {
    "manipulation": "silence", "manipulated_role": "error", "manipulated_area": "area 2",
    "manipulation_onset": 0.3, "manipulation_offset": 0.5,
}  # fmt: skip


def one(**values: object) -> pd.DataFrame:
    return pd.DataFrame([{"pattern": 0, **values}])


def breaches(table: pd.DataFrame) -> list[str]:
    with pytest.raises(ValueError, match="column") as refused:
        completed(table)
    return str(refused.value).splitlines()


def test_a_table_with_nothing_but_stimuli_is_a_passive_block() -> None:
    table = completed(pd.DataFrame({"pattern": [0, 4]}))
    assert list(table.columns) == [column.name for column in TRIAL_COLUMNS]
    assert table["stimulus"].tolist() == ["trained 1", "trained 5"]
    assert not table["teaching"].any()
    assert table["outcome_onset"].isna().all()


def test_an_outcome_comes_when_the_clock_says_and_teaches() -> None:
    table = completed(one(outcome="unexpected", familiarity="novel"))
    assert table.loc[0, ["outcome_onset", "teaching"]].tolist() == [CLOCK.outcome, True]
    assert table.loc[0, ["association", "stimulus"]].tolist() == ["novel", "novel 1"]


def test_a_completed_row_is_the_row_of_the_same_trial() -> None:
    factors = UNEXPECTED | silence("error", "area 2", (0.3, 0.5))
    wanted = tabulated([trial(factors, 3, CLOCK)])
    given_by_hand = pd.DataFrame([{"pattern": 3, "outcome": "unexpected", **LASER}])
    found = completed(given_by_hand)[wanted.columns]
    pd.testing.assert_frame_equal(found, wanted, check_dtype=False)


def test_columns_of_the_users_own_are_kept() -> None:
    assert completed(one(block="first"))["block"].tolist() == ["first"]


@pytest.mark.parametrize("name", [e.name for e in EXPERIMENTS])
def test_every_experiment_is_a_table_that_a_user_could_have_written(name: str) -> None:
    known = experiment(name)
    for block in (block for day in replace(known, repeats=2).days(2) for block in day.blocks):
        again = completed(block.table, known.clock)
        wanted = block.table.reset_index(drop=True)
        pd.testing.assert_frame_equal(again[wanted.columns], wanted, check_dtype=False)
        assert len(wanted) % block.streams == 0
        assert {*known.panels, *known.lines} <= {*again.columns}


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 4), st.sampled_from(["none", "expected", "unexpected"]),
       st.floats(0, 3), st.floats(0, 40))  # fmt: skip
def test_completing_twice_changes_nothing(
    pattern: int, outcome: str, contrast: float, frequency: float
) -> None:
    table = completed(one(outcome=outcome, contrast=contrast, modulation_frequency=frequency)
                      .assign(pattern=pattern))  # fmt: skip
    pd.testing.assert_frame_equal(completed(table), table)


def test_every_breach_is_named_at_once_with_row_value_and_mend() -> None:
    table = pd.DataFrame({"pattern": [0, 7, 1.5], "outcome": ["none", "unexpcted", "none"],
                          "contrast": [-1, "much", 1], "manipulaton": "none"})  # fmt: skip
    assert breaches(table) == [
        "column `manipulaton` is unknown; did you mean `manipulation`?",
        "column `pattern`, row 2, is 7.0; give a number from 0 to 4",
        "column `pattern`, row 3, is 1.5; give a whole number",
        "column `outcome`, row 2, is 'unexpcted'; did you mean 'unexpected'?",
        "column `contrast`, row 2, is 'much'; give a number",
        "column `contrast`, row 1, is -1.0; give a number from 0 on",
    ]


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({**LASER, "manipulated_area": "none"}, "`manipulated_area`, row 1, is 'none'; say what"),
        ({**LASER, "manipulation": "none"}, "`manipulated_role`, row 1, is 'error'; set `manip"),
        ({**LASER, "manipulation_onset": None}, "`manipulation_onset`, row 1, is nan; give a time"),
        ({**LASER, "manipulation_offset": 0.2}, "row 1, is 0.2; give an end after the onset"),
        ({**LASER, "manipulation_offset": 0.7}, "row 1, is 0.7; give a time of the trial, -0.1 to"),
        ({"input_offset": -0.05}, "`input_offset`, row 1, is -0.05; give an end after the onset"),
        ({"outcome_onset": 0.3}, "`outcome_onset`, row 1, is 0.3; there is no outcome: give NaN"),
        ({"teaching": True}, "`teaching`, row 1, is True; an outcome teaches, and nothing else"),
        ({**LASER, "manipulation": "drive", "manipulated_target": "area 1"},
         "`manipulated_target`, row 1, is 'area 1'; only silencing reaches axon terminals"),
        ({"area": "x"}, "column `area` has a name that sessions need for something else"),
        ({"performance": 1.0}, "column `performance` has a name that sessions need"),
        ({"efficacy": 1.5}, "`efficacy`, row 1, is 1.5; give a number from 0 to 1"),
        ({"pattern": None}, "`pattern`, row 1, is None; give a number from 0 to 4"),
        ({"contrast": np.inf}, "`contrast`, row 1, is inf; give a number from 0 on"),
        ({"teaching": "maybe"}, "`teaching`, row 1, is 'maybe'; give True or False"),
    ],
)  # fmt: skip
def test_what_cannot_be_run_is_refused(values: dict[str, object], message: str) -> None:
    assert any(message in breach for breach in breaches(one(**values)))


def test_a_breach_in_many_rows_is_named_once() -> None:
    table = pd.DataFrame({"pattern": [0, 9, 9, 9]})
    assert breaches(table) == [
        "column `pattern`, row 2 (and 2 more), is 9; give a number from 0 to 4"
    ]


def test_an_empty_table_is_refused() -> None:
    with pytest.raises(ValueError, match="the table has no rows; give one row a trial"):
        completed(pd.DataFrame({"pattern": []}))


def test_a_table_comes_back_from_a_file(tmp_path: Path) -> None:
    table = completed(pd.DataFrame({"pattern": [0, 1], "outcome": ["none", "unexpected"]}))
    table.to_csv(tmp_path / "mine.csv", index=False)
    pd.testing.assert_frame_equal(read_table(tmp_path / "mine.csv"), table)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (None, "there is no table .*mine.csv; give a CSV file with one row a trial"),
        ("", "mine.csv is no table: No columns to parse from file; give a CSV file"),
        ("pattern\n1,2,3\n4,5\n1,2,3,4,5", "mine.csv is no table: .* give a CSV file"),
        ("pattern\n9", "mine.csv cannot be run:\ncolumn `pattern`, row 1, is 9; give a number"),
        ("stimulus\nx", "column `pattern` is missing, which says which stimulus is shown; give 0"),
    ],
)
def test_a_broken_file_is_refused(tmp_path: Path, text: str | None, message: str) -> None:
    if text is not None:
        (tmp_path / "mine.csv").write_text(text, encoding="utf-8")
    with pytest.raises(ValueError, match=message):
        read_table(tmp_path / "mine.csv")


def test_a_table_is_an_experiment_of_one_day_that_can_be_repeated() -> None:
    mine = experiment_of(pd.DataFrame({"pattern": [3, 1]}), "mine")
    (day,) = replace(mine, repeats=2).days(1)
    assert day.table["pattern"].tolist() == [3, 1, 3, 1]
    assert not day.blocks[0].plastic


def test_every_experiment_of_every_module_is_in_the_registry() -> None:
    modules = [import_module(f"{package}.{path.stem}") for path in Path(*folder).glob("*.py")]
    written = [e for m in modules for e in getattr(m, "EXPERIMENTS", ()) if m is not registry]
    assert sorted(e.name for e in written) == sorted({e.name for e in EXPERIMENTS})
    assert len(written) == len(EXPERIMENTS)


@pytest.mark.parametrize("known", EXPERIMENTS, ids=lambda e: e.name)
def test_an_experiment_says_what_is_done_and_what_it_asks(known: Experiment) -> None:
    assert len(known.description) > 40
    assert known.description.endswith((".", "?"))


def test_an_unknown_experiment_is_refused_with_the_nearest_name() -> None:
    with pytest.raises(ValueError, match="no experiment 'odball'; did you mean 'oddball'"):
        experiment("odball")
    with pytest.raises(ValueError, match="no experiment 'xyz'; known are outcome_error, novelty"):
        experiment("xyz")


def test_defaults_are_those_of_the_columns() -> None:
    assert DEFAULTS["contrast"] == BY_NAME["contrast"].default == 1.0
    assert "pattern" not in DEFAULTS
