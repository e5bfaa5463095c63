"""Virtual experiments imitate a design, share a world's nuisance, and are kept on disk."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import scipy
import xarray as xr
from designs import full_design

from errorneurons.analysis.measures.asking import asked_often
from errorneurons.analysis.measures.energies import trials
from errorneurons.analysis.measures.labelling import Rule, cross_fitted
from errorneurons.analysis.measures.windows import window_mean
from errorneurons.predictions.claims.registry import CLAIMS, claim
from errorneurons.predictions.claims.requirements import LATE, OUTCOME, UNEXPECTED_TRIALS
from errorneurons.predictions.comparing import library, shards
from errorneurons.predictions.comparing import tables as recorded_tables
from errorneurons.predictions.comparing.animals import (
    Table,
    composed,
    effects_under,
    instrument_of,
    measured,
    stocked,
)
from errorneurons.predictions.comparing.design import (
    Design,
    design_of,
    simulated_levels,
)
from errorneurons.predictions.comparing.effects import (
    BITS,
    FEATURES,
    INDICES,
    Drawn,
    draw,
    recorded,
)
from errorneurons.predictions.comparing.recording import (
    Seen,
    presentation,
    record,
    recorded_plainly,
    subject_of,
)
from errorneurons.predictions.judging.measured import Measured, measure
from errorneurons.predictions.studies.asked import question_of
from errorneurons.simulate.animals.animals import Animals
from errorneurons.simulate.animals.day import Ran, distinct
from errorneurons.simulate.animals.performed import COARSE, OF_WORLDS, Performed
from errorneurons.simulate.arrays import generator
from errorneurons.simulate.experiments.outcome import OUTCOME_ERROR
from errorneurons.simulate.store import keys
from errorneurons.simulate.store.work import Labour
from errorneurons.simulate.theories.registry import REGISTRY, theory
from errorneurons.simulate.trials.run import Activity

PLAN = Animals(2, worlds=2)
SMALL = full_design(animals=2, cells=4, repeats=2)


@pytest.fixture(scope="module")
def animals() -> Performed:
    """Two worlds of two networks whose neurons fire at random."""
    rng, blocks = np.random.default_rng(0), []
    for block in OF_WORLDS.days(1)[0].blocks:
        table, rows = distinct(block)
        shape = (4, len(table))
        rates: Any = {role: rng.normal(size=(*shape, 12, 50)).astype(np.float32)
                      for role in ("representation", "error")}  # fmt: skip
        found = Activity(rates, rng.normal(size=(*shape, 5)), np.ones((*shape, 5)), table, COARSE)
        blocks.append(Ran(found, rows, block.table))
    drawn = {"g_apical": np.ones(4)}
    return Performed(
        theory("error_microcircuit"), OF_WORLDS, PLAN, tuple(blocks), np.ones(4), drawn, {}
    )


def effects(energies: dict[str, Any]) -> Any:
    """Return what animals with these energies give the evidence, by `FEATURES`."""
    told = {key: Measured(tuple(map(str, range(len(own)))), own) for key, own in energies.items()}
    return np.array([*recorded([], told).values.values()])


def session_of(animals: Performed, design: Design, index: int = 0, seed: int = 1) -> xr.Dataset:
    return record(animals, index, design, instrument_of(design, 1, "t", 0), seed)


def table_of(energies: Any, world: Any = (0, 0, 1, 1)) -> Table:
    return Table(np.array(world), np.asarray(energies, float), INDICES)


def test_a_virtual_session_has_the_cells_and_trials_of_its_design(animals: Performed) -> None:
    cells = {(1, "error"): 3, (1, "representation"): 2, (4, "representation"): 5}
    design = replace(SMALL, cells=cells, trials=(4, 3, 0, 0, 2, 2, 0, 0, 2), stimuli=3)
    session = session_of(animals, design)
    counts = {
        ("area 1", "error"): 3,
        ("area 1", "representation"): 2,
        ("area 4", "representation"): 5,
    }
    found = list(zip(session["area"].values, session["role"].values, strict=True))
    assert {key: found.count(key) for key in set(found)} == counts
    frozen = session.isel(trial=np.flatnonzero(session["phase"].values == "after"))
    assert frozen.sizes["trial"] == 3 * sum(design.trials)


def test_virtual_animals_say_what_their_sessions_say(animals: Performed) -> None:
    design = replace(SMALL, sessions=2, signal="calcium")
    table = measured(animals, "t", design, seed=1)
    for at, (world, number) in enumerate(zip(table.world, (0, 1, 0, 1), strict=True)):
        instrument = instrument_of(design, 1, "t", int(world))
        draws = (generator(1, "recording", "t", 0, k).integers(2**31) for k in range(2))
        index = 2 * int(world) + number
        sessions = [record(animals, index, design, instrument, int(seed)) for seed in draws]
        for name, effect in effects_under(design).items():
            said = measure(effect, sessions, trial_level=False).energies
            found = table.energies[at, table.effects.index(name)]
            assert found == pytest.approx(said[0] if len(said) else np.nan, nan_ok=True, rel=1e-9)


def seen_twice(animals: Performed, seed: int) -> tuple[xr.Dataset, Seen]:
    """Return a session with all spikes, and one of the same cells for the claims alone."""
    instrument = instrument_of(SMALL, 1, "t", 0)
    subject = subject_of(animals, 0, instrument, presentation(animals, SMALL))
    return record(animals, 0, SMALL, instrument, seed), recorded_plainly(subject, SMALL, seed, {})


def test_a_session_for_the_claims_alone_has_the_cells_and_trials_of_the_whole(
    animals: Performed,
) -> None:
    whole, seen = seen_twice(animals, seed=3)
    for name, column in seen.session.variables.items():
        if name not in ("rate", "time"):
            np.testing.assert_array_equal(whole[name].values, column.values)
    assert dict(seen.session.sizes) == dict(whole.sizes)


def test_windows_for_the_claims_alone_have_the_distribution_of_those_of_all_spikes(
    animals: Performed,
) -> None:
    def means(one: xr.Dataset | Seen) -> np.ndarray:
        session, own = (one.session, one.own) if isinstance(one, Seen) else (one, {})
        with asked_often([session], [(own, {})]):
            chosen = trials(session, UNEXPECTED_TRIALS)
            each = [window_mean(session, chosen, "outcome_onset", w) for w in (OUTCOME, LATE)]
        return np.stack(each)

    both = [[means(one) for one in seen_twice(animals, seed)] for seed in range(60)]
    whole, alone = np.array(both).swapaxes(0, 1)
    spread = np.sqrt((whole + alone).mean(axis=0) / 2 / 0.05 / 60)  # at most
    assert np.abs((whole - alone).mean(axis=0) / spread).max() < 6
    # the late window lies in the other: what they share is shared
    slope = [((x[:, 0] - x[:, 0].mean()) * x[:, 1]).mean() for x in (whole, alone)]
    assert slope[1] == pytest.approx(slope[0], rel=0.2)


@pytest.mark.parametrize(
    "asked",
    [lambda session: window_mean(session, np.arange(4), "input_onset", (0.01, 0.19)),
     lambda session: session["rate"].values.mean()],
    ids=["a window that is not asked of all", "bins"],
)  # fmt: skip
def test_what_was_not_drawn_is_an_error_not_a_zero(
    animals: Performed, asked: Callable[[xr.Dataset], object]
) -> None:
    _, seen = seen_twice(animals, seed=1)
    with (
        asked_often([seen.session], [(seen.own, seen.alike)]),
        pytest.raises(RuntimeError, match="asked a virtual animal for activity that was not drawn"),
    ):
        asked(seen.session)


def test_the_design_of_a_virtual_recording_is_the_one_it_was_made_with(animals: Performed) -> None:
    sessions = [session_of(animals, SMALL, i).assign_attrs(animal=str(i)) for i in (0, 1)]
    found = design_of(sessions)
    assert found.label_error[1:] == SMALL.label_error[1:]
    days = {c.key for c in CLAIMS if c.shown_by != "outcome_error"}
    assert {*SMALL.claims} - {*found.claims} - days == {
        "P01"
    }  # it has fewer than ten cells an area
    assert replace(found, label_error=SMALL.label_error, claims=SMALL.claims) == SMALL


def test_a_recording_without_a_laser_has_a_design_without_its_claims(animals: Performed) -> None:
    session = session_of(animals, replace(SMALL, trials=(2, 2, 0, 0, 2, 2, 0, 0, 0)))
    during = np.flatnonzero(session["phase"].values == "after")
    found = design_of([session.isel(trial=during)])
    assert found.claims == ("P02", "P03")
    assert found.trials == (2, 2, 0, 0, 2, 2, 0, 0, 0)


def recorded_areas(areas: dict[str, int], manipulated: str = "", teaching: str = "") -> xr.Dataset:
    """Return a session with one error cell an area, one area silenced at the outcome."""
    columns = {"teaching": [True], "manipulation": ["silence"], "manipulated_role": ["error"],
               "manipulated_area": [manipulated]}  # fmt: skip
    coords = {name: ("trial", value) for name, value in columns.items()}
    units = {"area": ("unit", list(areas)), "level": ("unit", list(areas.values()))}
    return xr.Dataset(coords=coords | units, attrs={"teaching_area": teaching})


@pytest.mark.parametrize(
    ("session", "expected"),
    [
        (recorded_areas({"V1": 1, "LM": 2, "AL": 3, "PFC": 4}, "LM", "PFC"), [1, 2, 3, 4]),
        (recorded_areas({"V1": 1, "LM": 2}, "LM"), [1, 2]),
        (recorded_areas({"V1": 1, "LM": 2, "PFC": 9}, "V1", "PFC"), [2, 3, 4]),
        (recorded_areas({"V1": 1}, ""), [1]),
        (recorded_areas({"a": 1, "b": 2, "c": 3, "d": 4, "e": 5, "f": 6}, "", "f"),
         [1, 1, 1, 2, 3, 4]),
    ],
)  # fmt: skip
def test_areas_keep_their_order_and_manipulations_their_place(
    session: xr.Dataset, expected: list[int]
) -> None:
    assert list(simulated_levels(session).values()) == expected


def test_a_virtual_animal_is_measured_by_the_claims_own_code(animals: Performed) -> None:
    table = measured(animals, "t", stocked(SMALL), seed=1)
    assert (np.bincount(table.world) == 3).all()  # half as many again as an experiment needs
    design = replace(stocked(SMALL), claims=("P02",))
    alone = measured(animals, "t", design, seed=1)
    np.testing.assert_array_equal(alone.energies[:, 0], table.energies[:, 0])


def test_a_localiser_is_not_told_how_many_cells_signal_errors() -> None:
    design = replace(SMALL, labels="localiser", cells={(1, "error"): 4, (1, "representation"): 36})
    shares = []
    for world in range(40):
        cells = composed(design, 1, "t", world).cells
        assert sum(cells.values()) == 40
        shares.append(cells[1, "error"] / 40)
    assert 0.1 <= min(shares) < 0.15
    assert 0.45 < max(shares) <= 0.5
    assert composed(SMALL, 1, "t", 0) is SMALL


def test_cells_that_a_localiser_found_are_found_again_in_virtual_recordings(
    animals: Performed,
) -> None:
    found = measured(animals, "t", replace(SMALL, labels="localiser", claims=("P06a",)), seed=1)
    assert np.isfinite(found.energies).all()  # P06a needs no labels; sessions come once a fold
    stated = measured(animals, "t", replace(SMALL, claims=("P06a",)), seed=1)
    assert (found.energies != stated.energies).any()


def test_more_false_labels_than_stated_are_recorded_in_some_of_the_worlds(
    animals: Performed,
) -> None:
    design = replace(SMALL, unstated=0.3)
    assert set(measured(animals, "t", design, seed=1).world) == {0}
    seen, known = (instrument_of(d, 1, "t", 0) for d in (design, SMALL))
    assert seen.label_error == pytest.approx(known.label_error + 0.3)


def test_the_design_of_a_localised_recording_is_that_of_what_was_recorded(
    animals: Performed,
) -> None:
    design = full_design(animals=1, cells=12, repeats=6)
    session = session_of(animals, design).assign_attrs(animal="a")
    folds = cross_fitted(session, np.random.default_rng(0), rule=Rule(permutations=99))
    found = design_of(folds)
    assert (found.labels, found.sessions, found.trials) == ("localiser", 1, design.trials)
    assert sum(found.cells.values()) == sum(design.cells.values())


def test_recording_a_network_again_takes_other_cells_and_noise(animals: Performed) -> None:
    first, again, other = (
        measure(claim("P02").effect, [session_of(animals, SMALL, 0, seed)], False).energies
        for seed in (1, 1, 2)
    )
    np.testing.assert_array_equal(first, again)
    assert (first != other).any()


def test_the_bounded_index_is_finite_for_exact_zeros_and_nan_without_an_answer() -> None:
    energies = {
        "P02": np.array([[0.0, 2.0, 0.0], [0.0, 2.0, 0.0]]),
        "P05a": np.array([[3.0, 1.0, 0.0], [np.nan, 1.0, 0.0]]),
        "P05b": np.zeros((2, 3)),
    }
    found = dict(zip(FEATURES, effects(energies), strict=True))
    assert (found["P02"], found["P05a"], found["P05b"]) == pytest.approx((-1.0, 0.5, 0.0))
    assert np.isnan(found["P06a"])


def test_noise_over_noise_is_no_effect() -> None:
    rng = np.random.default_rng(0)
    found = [effects({"P02": rng.normal(size=(10, 3))})[0] for _ in range(200)]
    assert np.quantile(np.abs(found), 0.95) < 0.6
    assert np.abs(np.mean(found)) < 0.05


@pytest.mark.parametrize(("m", "bit"), [([5.0, 6.0, 5.5], 1.0), ([5.0, -6.0, 0.5], 0.0)])
def test_a_bit_says_whether_there_is_a_response_to_compare_with(m: list[float], bit: float) -> None:
    found = dict(zip(FEATURES, effects({"P02": np.array([[0.0, x, 0.0] for x in m])}), strict=True))
    assert found[BITS["P02"]] == bit
    assert np.isnan(found[BITS["P06a"]])


def test_experiments_of_a_world_share_its_discrepancy() -> None:
    energies = np.broadcast_to([1.0, 1.0, 0.0], (4, len(INDICES), 3))
    found = draw(table_of(energies), "t", full_design(animals=2), seed=1, count=6)
    for world in (0, 1):
        assert len(np.unique(found.values[found.world == world, 0])) == 1
    assert len(np.unique(found.values[:, 0])) == 2
    assert np.isin(found.values[:, len(INDICES) :], [0, 1]).all()


def test_indices_stay_bounded_and_untested_claims_are_nan() -> None:
    energies = np.broadcast_to([0.0, 1.0, 0.0], (4, 1, 3))
    table = Table(np.array([0, 0, 1, 1]), np.array(energies), ("P02",))
    found = draw(table, "t", full_design(animals=2), seed=1, count=40).values
    assert np.nanmin(found) == -1.0
    assert np.isnan(found[:, 1 : len(INDICES)]).all()


def test_an_experiment_does_not_depend_on_how_many_are_drawn() -> None:
    energies = np.random.default_rng(0).normal(size=(4, len(INDICES), 3))
    few, many = (draw(table_of(energies), "t", SMALL, 1, n).values for n in (4, 9))
    np.testing.assert_array_equal(few, many[:4])


def test_a_claim_that_asks_for_two_things_is_weighed_by_the_first_of_them() -> None:
    three = np.array([[0.2, 1.0, 0.1], [0.3, 1.1, 0.1]])
    four = np.column_stack([three, [0.9, 0.8]])
    assert np.array_equal(effects({"P11": four}), effects({"P11": three}), equal_nan=True)


@pytest.mark.parametrize(("animals", "degrees"), [(12, 11), (3, 7)])
def test_a_response_is_tested_over_animals_and_with_few_as_over_eight_groups_of_trials(
    animals: int, degrees: int
) -> None:
    m = np.random.default_rng(3).normal(0.7, 1.0, (2, animals))  # a world a row, drawn as it is
    made = Table(np.repeat([0, 1], animals), np.stack([m.reshape(-1, 1)] * 3, axis=-1), ("P02",))
    chance = draw(made, "t", replace(SMALL, animals=animals), 1, 2).chance
    t = m.mean(axis=1) / m.std(axis=1, ddof=1) * np.sqrt(animals)
    assert chance[:, CLAIMS.index(claim("P02"))] == pytest.approx(scipy.stats.t.sf(t, degrees))


def test_experiments_are_made_as_uncertain_as_a_recording_that_is_less_certain_than_most() -> None:
    energies = np.random.default_rng(0).normal([0.0, 5.0, 0.0], 0.3, (80, len(INDICES), 3))
    made = table_of(energies, np.repeat(np.arange(20), 4))
    usual, alike, less = (
        draw(made, "t", SMALL, 1, 200, scatter).values[:, 0]
        for scatter in (None, {"P02": 0.01}, {"P02": 0.3})
    )
    np.testing.assert_array_equal(alike, usual)
    assert np.median(less) > np.median(usual) + 0.2
    assert less.std() > 1.5 * usual.std()


OWN = """
from dataclasses import dataclass
from typing import ClassVar

from errorneurons.simulate.theories.supervised_pc import SupervisedPC
from errorneurons.simulate.theories.theory import Theory

@dataclass(frozen=True)
class Mine(SupervisedPC):
    theory: ClassVar[str] = "mine"

THEORY = Theory("mine", "my own theory", "theory", "Of mine.", Mine(learning_rate=0.016))
"""


def test_a_theory_of_ones_own_has_worlds_under_its_name_that_its_file_is_the_key_of(
    tmp_path: Path,
) -> None:
    file, said = tmp_path / "a file.py", list[str]()
    file.write_text(OWN, encoding="utf-8")
    asked = question_of(["supervised_pc", str(file)])
    assert asked.labels["mine"] == "my own theory"
    (_, own), few = asked.theories, Animals(1, worlds=2)
    (name, table), *others = library.virtual_animals(
        [own], SMALL, few, tmp_path, said.append, Labour(1)
    ).items()
    assert (name, others, table.world.tolist()) == ("mine", [], [0, 0, 0, 1, 1, 1])
    assert (tmp_path / "mine").is_dir()
    before = shards.worlds_key(own, few)
    file.write_text(OWN.replace("0.016", "0.015"), encoding="utf-8")
    assert shards.worlds_key(own, few) != before
    copy = tmp_path / "copy.py"
    copy.write_text(OWN, encoding="utf-8")
    with pytest.raises(ValueError, match="two files hold a theory of one name: mine; rename one"):
        question_of([own, str(copy)])


def test_without_virtual_animals_the_mend_is_named() -> None:
    with pytest.raises(ValueError, match="no virtual animal of t is left; narrow its nuisance"):
        draw(table_of(np.empty((0, len(INDICES), 3)), []), "t", SMALL, 1)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [({"animals": 0}, "a design has 0 animals of 1 sessions; give 1 or more"),
     ({"trials": (1, 2)}, f"for each of the {len(OUTCOME_ERROR)} conditions")],
)  # fmt: skip
def test_an_impossible_design_is_refused(wrong: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        replace(SMALL, **wrong)


def test_a_design_needs_a_session() -> None:
    with pytest.raises(ValueError, match="no session to read a design off"):
        design_of([])


@pytest.fixture
def made(animals: Performed, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Return a maker of experiments with a library, and what has been simulated so far."""
    done: list[Any] = []

    def simulate(_: Any, __: Any, batch: Animals, ___: Any) -> Performed:
        done.append(batch)
        return animals

    monkeypatch.setattr(shards, "put_through", simulate)
    for module in (library, recorded_tables):
        monkeypatch.setattr(module, "batches_of", lambda _, every: [every])

    def make(design: Design = SMALL, plan: Animals = PLAN) -> tuple[dict[str, Drawn], list[Any]]:
        said: list[str] = []
        found = library.virtual_experiments(
            ["error_microcircuit"], [design], plan, tmp_path, said.append, labour=Labour(1)
        )
        return found, [len(done), *said]

    return make


def test_the_library_simulates_once_and_records_once_a_design(made: Any) -> None:
    first, (simulated, *said) = made()
    again, (still, *nothing) = made()
    assert made(full_design(8, 4, 2))[1] == [1, "error_microcircuit: recorded"]
    assert made(full_design(20, 4, 2))[1] == [1]  # twelve virtual animals stand for more
    _, (_, *recorded) = made(replace(SMALL, animals=1))
    assert (simulated, still, nothing) == (1, 1, [])
    assert said[0].startswith("simulating 4 networks in 1 batches; kept in ")
    assert recorded == ["error_microcircuit: recorded"]
    for drawn in ("values", "ratios", "world"):
        np.testing.assert_array_equal(
            getattr(first["error_microcircuit"], drawn), getattr(again["error_microcircuit"], drawn)
        )


def test_another_plan_makes_the_library_again(made: Any) -> None:
    made()
    assert made(plan=replace(PLAN, seed=2))[1][0] == 2


def test_what_the_library_keeps_comes_back_as_it_was(
    made: Any, animals: Performed, tmp_path: Path
) -> None:
    made()
    (found,) = shards.read_worlds(tmp_path, "error_microcircuit", PLAN)
    for block, known in zip(found.activity, animals.activity, strict=True):
        for role, rates in known.rates.items():
            np.testing.assert_array_equal(block.rates[role], rates)
    np.testing.assert_array_equal(found.number, animals.number)


def test_a_damaged_shard_is_made_again(made: Any, tmp_path: Path) -> None:
    made()
    shard = next((tmp_path / "error_microcircuit").glob("worlds-*.npz"))
    shard.write_bytes(shard.read_bytes()[:1000])
    simulated, _, *said = made()[1]
    assert simulated == 2
    assert said[0] == f"{shard} cannot be read and is made again"


def test_a_summary_that_a_stopped_run_has_not_written_is_written(made: Any, tmp_path: Path) -> None:
    made()
    (summary,) = (tmp_path / "error_microcircuit").glob("summary-*.json")
    whole = summary.read_bytes()
    summary.unlink()
    assert made()[1][0] == 1
    assert summary.read_bytes() == whole


def test_worlds_of_another_seed_do_not_replace_those_that_are_there(
    made: Any, tmp_path: Path
) -> None:
    made()
    made(plan=replace(PLAN, seed=2))
    assert len(list((tmp_path / "error_microcircuit").glob("worlds-*.npz"))) == 2
    assert made()[1][0] == 2


def test_the_library_lies_where_the_environment_says(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", os.path.join(os.sep, "cache"))  # noqa: PTH118
    monkeypatch.delenv(library.FOLDER, raising=False)
    assert library.default_folder() == Path(os.sep) / "cache" / "errorneurons-library"
    monkeypatch.setenv(library.FOLDER, "elsewhere")
    assert library.default_folder() == Path("elsewhere")


@pytest.mark.parametrize(("name", "often"), [("error_microcircuit", 2), ("supervised_pc_noisy", 8)])
def test_trials_under_noise_are_simulated_often_enough_to_be_recorded_once(
    name: str, often: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[int] = []
    monkeypatch.setattr(shards, "_packed", lambda _: {})
    monkeypatch.setattr(shards, "put_through", lambda _, tried, *__: asked.append(tried.repeats))
    batch = shards.batches_of(name, Animals(4, worlds=20))[0]
    piece = shards.shard_of(name, batch, OF_WORLDS)
    piece.work(*piece.arguments)
    assert asked == [often]
    assert len(batch.numbers) <= 80 // often


def test_worlds_rest_neither_on_instruments_nor_on_claims() -> None:
    left = REGISTRY
    reached = keys._reached((shards.__name__,), left)
    assert not [m for m in reached if ".claims." in m or m.endswith((".observe", ".registry"))]
    assert any(".claims." in m for m in keys._reached((recorded_tables.__name__,), left))
