"""P01 on sessions in which it is known which cells respond to what."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import xarray as xr

from errorneurons.analysis.measures.asking import asked_often
from errorneurons.analysis.measures.energies import Effect, Missing
from errorneurons.analysis.session.session import session
from errorneurons.predictions.claims.registry import claim

P01 = claim("P01")
CELLS = 20
OUTCOMES = ("expected", "unexpected")


def recorded(
    both: float = 0.0, kinds: tuple[str, ...] = ("none", *OUTCOMES), trials: int = 4,
    noise: float = 0.0, shared: float = 0.0, cells: int = CELLS, delay: float = 0.3,
    **columns: Any,
) -> xr.Dataset:  # fmt: skip
    """Return trials of two stimuli in which half of the cells respond to the input, half to errors.

    Each half responds with the amplitude `both` to what the other one responds to. `noise` is of
    trials and windows, `shared` is noise of a cell that lasts for the trial after input onset.
    """
    rng = np.random.default_rng(3)
    rows = [(kind, s) for kind in kinds for s in "ab" for _ in range(trials)]
    time = np.round(np.arange(-0.1, 0.5, 0.05) + 0.025, 9)
    first = np.arange(cells) < cells // 2
    to_input, to_error = np.where(first, 1.0, both), np.where(first, both, 1.0)
    surprised = np.array([kind == "unexpected" for kind, _ in rows])
    rate = to_input * (time > 0)[:, None] + surprised[:, None, None] * (
        to_error * (time > delay)[:, None]
    )
    rate = rate + noise * rng.normal(size=rate.shape)
    lasting = rng.normal(size=(len(rows), 1, cells))
    rate = rate + shared * lasting * ((time > 0) & (time < 0.25))[:, None]
    given = {
        "time": time, "unit_id": [f"u{k}" for k in range(cells)], "area": ["V1"] * cells,
        "level": [1.0] * cells, "role": ["unknown"] * cells,
        "stimulus": [s for _, s in rows], "input_onset": [0.0] * len(rows),
        "outcome": [kind for kind, _ in rows], "teaching": [kind != "none" for kind, _ in rows],
        "outcome_onset": [np.nan if kind == "none" else delay for kind, _ in rows],
        "manipulation": ["none"] * len(rows), "familiarity": ["trained"] * len(rows),
        "phase": ["after"] * len(rows),
    }  # fmt: skip
    kept = {name: column for name, column in (given | columns).items() if column is not None}
    attrs = {"animal": "m", "session_id": "1"}
    return session({"rate": rate}, kept, attrs, signal="model", units="Hz", sampling_rate=20.0)


def ratio(seen: xr.Dataset) -> float:
    found = P01.effect(seen)
    assert isinstance(found, Effect), found
    return found.numerator / found.denominator


def lack(seen: xr.Dataset) -> str:
    found = P01.effect(seen)
    assert isinstance(found, Missing)
    return found.what


def test_two_classes_share_nothing_and_cells_that_do_both_share_all() -> None:
    assert ratio(recorded(both=0.0)) == pytest.approx(0.0, abs=1e-12)
    assert ratio(recorded(both=1.0)) == pytest.approx(1.0)


@pytest.mark.parametrize("both", [0.2, 0.5])
def test_what_a_class_has_of_the_other_is_shared(both: float) -> None:
    own, other, pairs = 1.0, both**2, CELLS // 2
    different = 2 * pairs * (pairs - 1) * own * other + pairs**2 * (own**2 + other**2)
    expected = own * other / (different / (CELLS * (CELLS - 1)))
    assert ratio(recorded(both)) == pytest.approx(expected)


def test_without_teaching_without_labels_and_without_the_input_alone_it_is_answered_alike() -> None:
    passive = {"teaching": None, "phase": None, "control": ["matched"] * 16}
    for both in (0.0, 0.5):
        alone = ratio(recorded(both))
        assert ratio(recorded(both, kinds=OUTCOMES)) == pytest.approx(alone)
        assert ratio(recorded(both, kinds=OUTCOMES, **passive)) == pytest.approx(alone)


def test_passive_outcomes_are_not_taken_for_the_input_alone() -> None:
    seen = recorded(kinds=OUTCOMES, teaching=[False] * 16, control=["matched"] * 16)
    assert ratio(seen) == pytest.approx(0.0, abs=1e-12)


def test_passive_outcomes_without_a_control_are_not_told_from_adaptation() -> None:
    passive = lack(recorded(kinds=OUTCOMES, teaching=[False] * 16))
    assert passive.startswith("a violated expectation is not told from adaptation")


def beside_a_control_block(both: float, adaptation: float, teaching: bool = False) -> xr.Dataset:
    """Return outcomes, passive or not, and the same events in a block in which nothing is expected.

    In both, what is rare evokes more by `adaptation` in the cells that respond to the input.
    """
    kinds = [kind for kind in OUTCOMES for _ in range(8)]
    seen = recorded(
        both, kinds=OUTCOMES * 2, teaching=[teaching] * 16 + [False] * 16,
        outcome=[*kinds, *["none"] * 16],
        control=[*["none"] * 16, *kinds],
    )  # fmt: skip
    rate = seen["rate"].values.copy()
    rate[24:] = rate[16:24]
    rare = np.array([kind == "unexpected" for kind in kinds * 2])[:, None, None]
    late, driven = (seen["time"].values > 0.3)[:, None], np.arange(CELLS) < CELLS // 2
    return seen.assign(rate=seen["rate"].copy(data=rate + adaptation * (rare & late & driven)))


@pytest.mark.parametrize("teaching", [False, True])
@pytest.mark.parametrize("both", [0.0, 0.5])
def test_what_a_control_block_evokes_too_is_taken_off(both: float, teaching: bool) -> None:
    alone = ratio(recorded(both))
    assert ratio(beside_a_control_block(both, 0.0, teaching)) == pytest.approx(alone)
    adapted = beside_a_control_block(both, 3.0, teaching)
    assert ratio(adapted) == pytest.approx(alone, abs=1e-12)
    assert P01.caution is not None
    assert P01.caution([adapted]) == ""


def test_noise_of_a_trial_is_in_one_of_the_responses_alone() -> None:
    seen = recorded(kinds=OUTCOMES, trials=16, noise=0.5, shared=2.0, cells=400)
    found = P01.effect(seen)
    assert isinstance(found, Effect)
    assert found.numerator == pytest.approx(0.0, abs=0.06 * found.denominator)


def test_tufts_and_interneurons_are_no_single_cells_of_a_class() -> None:
    kinds = ["soma", "apical tuft"] * (CELLS // 2)
    roles = ["interneuron" if k in (2, 12) else "unknown" for k in range(CELLS)]
    seen = recorded(both=1.0, cell_type=kinds)
    assert lack(seen.isel(unit=slice(0, 18))) == "no area has 10 somata"
    typed = recorded(role=roles, cell_type=kinds, label_source=["genetic"] * CELLS)
    assert lack(typed) == "no area has 10 somata"
    assert ratio(seen) == pytest.approx(1.0)


def test_what_it_cannot_do_without_is_said() -> None:
    assert lack(recorded(trials=3, kinds=OUTCOMES)).startswith(
        "no trials of the input alone, and no stimulus has four trials with an expected outcome"
    )
    assert lack(recorded(delay=0.0)).startswith("no outcome comes 50 ms or more after its input")
    assert lack(recorded(kinds=("none",))).startswith("no stimulus has two trials with an unexp")


def test_being_asked_often_changes_nothing() -> None:
    seen = recorded(0.5, noise=0.2)
    plain = P01.effect(seen)
    with asked_often([seen]):
        assert P01.effect(seen) == P01.effect(seen) == plain


def test_outcomes_that_teach_and_are_rarer_are_answered_with_a_caution() -> None:
    assert P01.caution is not None
    seen = recorded(kinds=("none", *OUTCOMES, "expected"))
    assert P01.caution([seen]).startswith(
        "Unexpected outcomes are rarer than expected ones, and no control block shows both alike"
    )
    assert P01.caution([seen, recorded()]).startswith(
        "Unexpected outcomes are rarer than expected ones in 1 session, and"
    )
    assert P01.caution([recorded()]) == ""
