"""Ablations from the command line to the page: tables, map, drawings, refusals."""

from __future__ import annotations

import csv
import re
import xml.etree.ElementTree as ET
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xarray as xr
from typer.testing import CliRunner, Result

from errorneurons.predictions.commands import cli
from errorneurons.predictions.pages.ablations import ablations_answer, agreement
from errorneurons.predictions.pages.drawing import circuit_svg
from errorneurons.predictions.studies import lesions
from errorneurons.predictions.studies.ablations import (
    MEASURES,
    AblationEffect,
    effects_of,
)
from errorneurons.predictions.studies.lesions import INTACT_NAME, simulate_pairs
from errorneurons.simulate.ablations.registry import ABLATIONS, pairs
from errorneurons.simulate.tasks.task import TaskDesign

WORDS = ("ablate", "--theory", "error_microcircuit", "--theory", "mismatch_neurons",
         "--ablation", "no_error_feedback", "--ablation", "dense_routes", "--ablation",
         "frozen_area_2", "--networks", "2", "--epochs", "2")  # fmt: skip
CHOSEN = pairs(
    ("error_microcircuit", "mismatch_neurons"),
    ("no_error_feedback", "dense_routes", "frozen_area_2"),
)


def invoke(*words: str) -> Result:
    return CliRunner().invoke(cli.app, words, prog_name="errorneurons")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with the page of a few ablations."""
    place = tmp_path_factory.mktemp("ablations")
    result = invoke(*WORDS, "--out", str(place))
    assert result.exit_code == 0, result.stderr
    return place


@pytest.fixture(scope="module")
def data(folder: Path) -> xr.Dataset:
    return xr.open_dataset(folder / "ablations.nc", engine="h5netcdf").load()


@pytest.fixture(scope="module")
def found(data: xr.Dataset) -> tuple[AblationEffect, ...]:
    return effects_of(data, CHOSEN)


def test_all_networks_stand_in_the_netcdf_file(data: xr.Dataset) -> None:
    assert list(data["ablation"]) == [
        INTACT_NAME,
        "no_error_feedback",
        "dense_routes",
        "frozen_area_2",
    ]
    assert data["error"].dims == ("theory", "ablation", "network", "area")
    assert data["removed"].sel(theory="mismatch_neurons", ablation="dense_routes").isnull().all()
    assert data["removed"].sel(theory="error_microcircuit").notnull().all()


def test_the_table_has_a_row_a_theory_ablation_measure_and_area(folder: Path) -> None:
    with (folder / "ablations.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == len(CHOSEN) * (3 + 5 * 4)
    assert {row["measure"] for row in rows} == set(MEASURES)
    cut = next(r for r in rows if (r["measure"], r["area"], r["ablation"])
               == ("error", "area 1", "no_error_feedback"))  # fmt: skip
    assert (cut["effect"], cut["demand"], cut["holds"]) == ("0.0", "0.0", "True")


def test_what_the_equations_demand_is_found(found: tuple[AblationEffect, ...]) -> None:
    demanded = [e for e in found if e.holds is not None]
    assert len(demanded) == 18
    assert all(e.holds for e in demanded)
    assert agreement(found).startswith("Of 18 exact demands of the equations, 18 hold in every")


def test_demands_that_do_not_hold_are_counted(found: tuple[AblationEffect, ...]) -> None:
    missed = [replace(e, off=0.1) for e in found if e.holds is not None]
    assert agreement(missed) == "Of 18 exact demands of the equations none holds in every network."
    assert agreement([*missed[1:], replace(missed[0], off=0.0)]) == (
        "Of 18 exact demands of the equations, 1 holds in every network, to 0e+00 or better."
    )


def test_where_nothing_costs_much_the_answer_says_so(found: tuple[AblationEffect, ...]) -> None:
    same = [replace(e, value=0.0, low=-0.1, high=0.1) for e in found]
    assert ablations_answer(same).startswith(
        "No ablation costs the error-neuron microcircuit a tenth of"
    )
    unmeasured = [replace(e, value=float("nan")) for e in same]
    assert ablations_answer(unmeasured).endswith("a tenth of the loss that it could remove.")


def test_effects_are_paired_differences_of_the_same_networks(
    data: xr.Dataset, found: tuple[AblationEffect, ...]
) -> None:
    own = data["removed"].sel(theory="error_microcircuit")
    effect = next(e for e in found if (e.ablation, e.measure) == ("dense_routes", "learning"))
    difference = (own.sel(ablation="dense_routes") - own.sel(ablation=INTACT_NAME)).values
    np.testing.assert_allclose(effect.points, difference)
    assert effect.value == pytest.approx(difference.mean())
    assert effect.low < effect.value < effect.high


def test_inference_of_other_wiring_is_not_compared(found: tuple[AblationEffect, ...]) -> None:
    effect = next(e for e in found if (e.ablation, e.measure) == ("dense_routes", "inference"))
    assert effect.networks == 0
    assert np.isnan(effect.value)


def test_what_is_done_is_taken_from_disk(folder: Path, data: xr.Dataset,
                                         monkeypatch: pytest.MonkeyPatch) -> None:  # fmt: skip
    def refuse(*_: Any) -> None:
        raise AssertionError("trained again")

    monkeypatch.setattr(lesions, "trained", refuse)
    said: list[str] = []
    again = simulate_pairs(CHOSEN, TaskDesign(2, 1, 2), folder, said.append)
    assert said == ["all 2 taken from an earlier run", "all 4 taken from an earlier run"]
    xr.testing.assert_identical(again.drop_attrs(), data.drop_attrs())


def test_the_page_stands_alone_and_names_what_was_cut(folder: Path) -> None:
    page = (folder / "report.html").read_text(encoding="utf-8")
    assert not re.search(r'(?:src|href)="(?!#|https://doi\.org/)', page)
    for a in (a for a in ABLATIONS if a.name in {b.name for _, b in CHOSEN}):
        assert f'id="ablation-{a.name}"' in page
        assert a.label in page
    assert "mismatch neurons and joint embedding (has errors that stay in their own area)" in page
    ids = re.findall(r' id="([^"]+)"', page)
    assert len(ids) == len(set(ids))


def test_the_answer_names_cuts_that_matter_most_first() -> None:
    effects = tuple(
        AblationEffect("error_microcircuit", name, measure, "", (), value, value - 0.1, value + 0.1,
               0.0, 0.0, None, float("nan"))
        for name, learning, moved in (
            ("no_lookahead", -0.3, 0.0), ("no_error_feedback", -0.6, 0.5),
            ("frozen_area_1", -0.05, 0.0),
        )
        for measure, value in (("learning", learning), ("inference", moved))
    )  # fmt: skip
    said = ablations_answer(effects)
    first, second = "no error-to-error feedback (−0.60)", "no lookahead (all) (−0.30)"
    assert said.index(first) < said.index(second)
    assert "area 1" not in said
    assert "of 3 lesions of trained networks, no error-to-error feedback moves what" in said


@pytest.mark.parametrize("a", ABLATIONS, ids=lambda a: a.name)
def test_every_drawing_marks_something(a: Any) -> None:
    intact = circuit_svg((), "alt", lesion=True)
    drawn = circuit_svg(a.cut, "alt", lesion=a.lesion)
    for drawing in (intact, drawn):
        ET.fromstring(drawing)
    assert drawn != intact


def test_a_drawing_has_the_areas_and_skips_of_its_circuit() -> None:
    two = circuit_svg((), "alt", lesion=True, areas=2, skips=())
    assert two.count('class="area"') == 2
    assert "area 3" not in two
    assert 'class="route' not in two


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--theory", "error_microcircit"), "did you mean 'error_microcircuit'?"),
        (("--ablation", "no_lookahed"), "there is no ablation 'no_lookahed'; did you mean"),
        (("--theory", "feature_gain"), "feature_gain is a null: it has no errors and learns no"),
        (("--theory", "burst_dependent", "--ablation", "no_lookahead"), "has no lookahead to"),
        (("--networks", "1"), "Invalid value for '--networks'"),
        (("--task", "yingyang"), "there is no task 'yingyang'; did you mean"),
        (("--task", "yin_yang", "--theory", "supervised_pc"), "takes part in `reproduce` as it is"),
        (("--task", "yin_yang", "--ablation", "dense_routes"), "a circuit of 2 areas has nothing"),
        (("--out", "/dev/null/x"), "cannot make the folder /dev/null/x: Not a directory; give"),
    ],
)
def test_what_cannot_be_done_is_one_sentence(words: tuple[str, ...], message: str) -> None:
    result = invoke("ablate", *words)
    assert result.exit_code == 2
    assert message in " ".join(result.stderr.split())


def test_the_list_gives_the_equation_that_each_ablation_changes() -> None:
    listed = invoke("list", "ablations").stdout
    assert "no_error_feedback            Let no error travel between areas: B e = 0" in listed
    assert "for area k = 1, l = 3." in listed
