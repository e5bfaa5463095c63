"""The benchmark of error rates in its short form: 400 data sets, bounds that 999 of 1000 keep."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import error_rates as benchmark
import numpy as np
import pytest
from known_energies import Design
from scipy import stats

COUNT = 400
DESIGN = Design(animals=6, cells=20, icc=0.3)


def likely(rate: float) -> tuple[float, float]:
    low, high = stats.binom.interval(0.999, COUNT, rate)
    return low / COUNT, high / COUNT


@pytest.mark.parametrize("animals", [6, 10, 20])
def test_one_number_an_animal_keeps_its_error_rates(animals: int) -> None:
    line = benchmark.Line("symmetric", replace(DESIGN, animals=animals))
    found = benchmark.rates(line, 1, COUNT)
    wanted = {"student_supported": 0.05, "student_contradicted": 0.05, "coverage": 0.95,
              "sign_flip": found["sign_flip_attainable"]}  # fmt: skip
    for name, rate in wanted.items():
        low, high = likely(rate)
        assert low <= found[name] <= high
    for name in ("supported", "contradicted"):
        assert likely(0.03)[0] <= found[name] <= found[f"student_{name}"]


def test_cells_as_n_do_not() -> None:
    line = benchmark.Line("symmetric", replace(DESIGN, cells=200))
    found = benchmark.rates(line, 1, COUNT)
    assert found["cells_two_sided"] > 0.6
    assert found["supported"] <= likely(0.05)[1]


@pytest.mark.parametrize(
    "design",
    [replace(DESIGN, icc=0.05, label_error=0.05), replace(DESIGN, cells=60, shape="skewed")],
    ids=["few labels, some false", "only N differs between animals"],
)
def test_where_d_is_skewed_student_exceeds_its_level_and_the_rule_keeps_it(design: Design) -> None:
    found = benchmark.rates_again(benchmark.Line("skewed", design), 1, 20 * COUNT)
    assert found["student_supported"] > 0.08
    assert found["supported"] <= benchmark.HIGHEST
    assert found["rule_supported"] <= benchmark.HIGHEST


def test_the_share_of_each_outcome_adds_up() -> None:
    line = benchmark.Line("noisy", replace(DESIGN, icc=0.1, noise=1.5, label_error=0.05))
    found = benchmark.rates_again(line, 1, COUNT)
    rule = [found[f"rule_{o}"] for o in ("supported", "contradicted", "undecided", "not_testable")]
    assert sum(rule) == pytest.approx(1.0)
    assert rule[3] > 0


def test_a_finished_line_is_not_computed_again(tmp_path: Path) -> None:
    results = benchmark.Results(tmp_path / "rates.csv")
    results.add({"name": "a", "supported": 0.05})
    again = benchmark.Results(tmp_path / "rates.csv")
    assert again.find("a") == {"name": "a", "supported": 0.05}
    assert again.find("b") is None


def test_the_grid_is_that_of_the_specification() -> None:
    designs = [line.design for line in benchmark.grid() if line.group == "symmetric"]
    axes = {(d.animals, d.icc, d.cells, d.label_error) for d in designs}
    assert len(designs) == len(axes) == 4 * 3 * 3 * 3
    assert {a[0] for a in axes} == {6, 8, 10, 20}


@pytest.mark.parametrize("breach", ["supported", "contradicted", "coverage", "sign_flip"])
def test_a_line_outside_the_bounds_is_named(breach: str) -> None:
    names = ("supported", "contradicted", "rule_supported", "rule_contradicted", "sign_flip")
    row = {**dict.fromkeys(names, 0.05), "coverage": 0.95, "sign_flip_attainable": 0.05,
           "effect": 0.0}  # fmt: skip
    assert benchmark.breaches(row) == []
    assert [b.split()[0] for b in benchmark.breaches({**row, breach: 0.1})] == [breach]


def test_other_data_sets_do_not_depend_on_how_many_are_drawn() -> None:
    line = benchmark.Line("symmetric", DESIGN)
    few, many = (list(benchmark.data_sets(line, 1, n)) for n in (100, 300))
    np.testing.assert_array_equal(few[0].numerator, many[0].numerator)


@pytest.mark.parametrize("animals", [5, 6, 8, 20])
def test_the_attainable_size_is_the_largest_possible_p_that_rejects(animals: int) -> None:
    possible = np.arange(0, 2 ** (animals - 1) + 1) * 2.0 ** (1 - animals)
    assert benchmark.attainable_size(animals) == possible[possible <= 0.05].max()
