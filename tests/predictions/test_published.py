"""Published results by command: what is asked, what was published, and what was obtained."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import xarray as xr

import errorneurons as en
from errorneurons.predictions.pages.published import render_published, write_published
from errorneurons.predictions.studies.published import asked_of, compared, obtain
from errorneurons.simulate.published import scaling, transfer
from errorneurons.simulate.published.registry import PUBLISHED_RESULTS, published_result
from errorneurons.simulate.published.result import (
    Case,
    Effort,
    Figure,
    PublishedResult,
    ResultPlot,
)
from errorneurons.simulate.store.work import Labour


def _drawn(case: Case, effort: Effort, seed: int) -> xr.Dataset:
    values = np.arange(effort.networks * effort.teachers, dtype=float)
    teacher = np.repeat(np.arange(effort.teachers), effort.networks)
    return xr.Dataset({"score": ("network", values)}, {"teacher": ("network", teacher), "areas": 1})


def _learnt(case: Case, effort: Effort, seed: int) -> xr.Dataset:
    course = np.full((1, 4), float(case.name[-1]))
    return xr.Dataset({"error": (("network", "epoch"), course)}, {"epoch": range(4)})


SHORT = PublishedResult(
    "short", "Short", "A paper, doi:10.1/short", "Nothing is learnt.",
    lambda _: (Case("only", "backprop"),), _drawn, Effort(4), Effort(2),
    (ResultPlot("Scores", "score", "score", "areas", "areas"),), {"score": "score"},
    (Figure("only", "score", 1.5), Figure("only", "score", 3.5)),
)  # fmt: skip


@pytest.mark.parametrize("result", PUBLISHED_RESULTS, ids=lambda r: r.name)
def test_every_published_number_belongs_to_a_case_of_the_published_effort(result) -> None:
    names = [c.name for c in result.cases(result.published)]
    assert len(names) == len(set(names))
    assert {f.case for f in result.figures} <= set(names)
    assert {f.variable for f in result.figures} <= set(result.variables)
    assert {c.name for c in result.cases(result.quick)}


@pytest.mark.parametrize("result", PUBLISHED_RESULTS, ids=lambda r: r.name)
def test_a_quick_run_does_less_than_the_published_one(result) -> None:
    assert result.quick.networks < result.published.networks
    assert result.quick.epochs <= result.published.epochs


def test_medians_and_quartiles_are_over_networks_and_with_teachers_over_their_medians(
    tmp_path,
) -> None:
    (found,) = obtain([(SHORT, Effort(4))], 0, tmp_path, lambda _: None)
    assert [(r.median, r.low, r.high, r.within) for r in compared(found)] == [
        (1.5, 0.75, 2.25, True),
        (1.5, 0.75, 2.25, False),
    ]
    (found,) = obtain([(SHORT, Effort(2, teachers=2))], 0, tmp_path, lambda _: None)
    assert next((r.median, r.low, r.high) for r in compared(found)) == (1.5, 0.5, 2.5)


def test_a_second_run_takes_what_is_there(tmp_path) -> None:
    said: list[str] = []
    for _ in range(2):
        obtain([(SHORT, Effort(2))], 0, tmp_path, said.append)
    assert said == ["short: only", "all 1 taken from an earlier run"]


def test_the_slope_read_from_noise_is_the_derivative(tmp_path) -> None:
    found = transfer.transferred(Case("tanh", "tanh", "", ("tanh", 0.05)), Effort(2), 0)
    np.testing.assert_allclose(
        found["estimate"].mean("network"), 1 - np.tanh(found["potential"]) ** 2, atol=0.02
    )


def test_a_constant_rate_does_not_pass_the_filter() -> None:
    assert np.abs(transfer.high_passed(np.ones(200))[transfer.DROPPED :]).max() < 0.01


def test_the_page_stands_alone_and_has_every_number(tmp_path) -> None:
    found = obtain([(SHORT, Effort(4))], 0, tmp_path, lambda _: None)
    page, lines = write_published(found, tmp_path, "errorneurons reproduce short", 0)
    text = page.read_text()
    assert "1 of 2 published numbers lie in the range obtained here." in text
    assert "3.5" in text
    assert "://" not in text.replace("http://www.w3.org", "").replace("https://doi.org", "")
    assert lines == ["short                1 of 2 published numbers in range"]
    rows = (tmp_path / "published.csv").read_text().splitlines()
    assert rows[1] == "short,only,backprop,score,,1.5,,,1.5,0.75,2.25,True"
    assert xr.load_dataset(tmp_path / "short.nc").sizes == {"case": 1, "network": 4}


def test_sizes_and_counts_of_networks_stand_on_one_page(tmp_path) -> None:
    every = scaling.RESULT.cases(Effort(1))
    few = tuple(c for c in every if c.name.endswith(("areas-2x10", "networks-3x10")))
    short = replace(scaling.RESULT, cases=lambda _: few)
    (found,) = obtain([(short, Effort(1))], 0, tmp_path, lambda _: None)
    page, _ = write_published([found], tmp_path, "errorneurons reproduce scale", 0)
    assert page.read_text().count("<figure>") >= 4
    told = xr.load_dataset(tmp_path / "scale.nc")["all_seconds"]
    assert list(told["count"].values) == [10, 100, 100_000]


def test_an_empty_page_is_a_page() -> None:
    assert "No number was published" in render_published([], "errorneurons reproduce", 0)


def test_an_unknown_result_and_no_networks_are_refused() -> None:
    with pytest.raises(ValueError, match="cart_pole"):
        published_result("cartpole")
    with pytest.raises(ValueError, match="networks"):
        asked_of("cart_pole", quick=True, networks=0)


def test_python_gives_a_dataset_of_cases() -> None:
    found = en.reproduce("slope_transfer", quick=True, networks=1)
    assert found["theory"].dims == ("case",)
    assert set(found["condition"].values) == {"noise of 0.05", "noise of 0.1"}


def test_courses_of_circuits_that_differ_in_size_are_lines_of_their_own(tmp_path) -> None:
    cases = tuple(Case(f"size-{k}", "backprop") for k in (1, 2))
    panel = ResultPlot("Learning", "error", "error", "epoch", "epoch", "log")
    sizes = replace(SHORT, cases=lambda _: cases, work=_learnt, panels=(panel,), figures=())
    here = Labour(workers=1)  # other processes do not know functions of this module
    found = obtain([(sizes, Effort(1))], 0, tmp_path, lambda _: None, here)
    page, _ = write_published(found, tmp_path, "errorneurons", 0)
    text = page.read_text()
    assert "against epoch, of backprop from 1 to 1; backprop from 2 to 2" in text
    assert text.count(">backprop</text>") == 1  # in the legend


OWN = """
from dataclasses import dataclass
from typing import ClassVar
from errorneurons.simulate.theories.{module} import {base}
from errorneurons.simulate.theories.theory import Theory

@dataclass(frozen=True)
class Mine({base}):
    theory: ClassVar[str] = "mine"

THEORY = Theory(
    "mine", "my own theory", "theory", "Of mine.", Mine(), cannot={{"cart_pole": "has no cart"}}
)
"""


@pytest.fixture
def mine(tmp_path: Path) -> Path:
    file = tmp_path / "mine.py"
    file.write_text(OWN.format(module="supervised_pc", base="SupervisedPC"), encoding="utf-8")
    return file


def test_a_theory_in_a_file_takes_part_beside_the_others_as_they_do(mine: Path) -> None:
    result, effort = asked_of("yin_yang", quick=True, networks=1, theory_files=[mine])
    known, _ = asked_of("yin_yang", quick=True, networks=1)
    cases = {case.theory: case for case in result.cases(effort)}
    assert cases.keys() - {case.theory for case in known.cases(effort)} == {"mine"}
    once = replace(effort, epochs=1)
    found = [result.work(cases[name], once, 0) for name in ("mine", "supervised_pc")]
    assert found[0].score.item() > 0.4  # a third is chance
    assert found[0].sizes == found[1].sizes


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("cart_pole", "has no cart"),
        ("scale", "only the circuits that it was published with take part in it"),
    ],
)
def test_who_takes_no_part_says_why(mine: Path, name: str, reason: str) -> None:
    result, effort = asked_of(name, quick=True, theory_files=[mine])
    assert "mine" not in {case.theory for case in result.cases(effort)}
    assert result.cannot()["mine"] == reason


def test_two_theories_of_one_name_are_refused(mine: Path) -> None:
    with pytest.raises(ValueError, match="two files have a theory of the same name; rename one"):
        asked_of("yin_yang", quick=True, theory_files=[mine, mine])
