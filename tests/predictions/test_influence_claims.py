"""P18a and P18b on sessions in which it is known which class moves which, and where."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest
import xarray as xr

from errorneurons.analysis.measures.asking import asked_often
from errorneurons.analysis.measures.energies import Effect, Missing
from errorneurons.analysis.session.session import session
from errorneurons.predictions.claims.claim import Outcome
from errorneurons.predictions.claims.registry import EFFECTS, claim
from errorneurons.predictions.judging.judge import judge
from errorneurons.predictions.judging.measured import measure

KEYS = ("P18a", "P18b")
NAMES = [name for key in KEYS for name in EFFECTS[key]]
R, E = "representation", "error"
CELLS = 4
AS_CLAIMED = {(E, E, 1): 2.0, (R, R, 3): 3.0}
"""(driven, seen, level) -> what driving moves each cell by; cells of area 2 are driven."""


def recorded(
    moves: Mapping[tuple[str, str, int], float] = AS_CLAIMED, trials: int = 2, from_: float = 0.1,
    gains: Mapping[str, float] = {}, noise: float = 0.0, attrs: Mapping[str, Any] = {},
    **columns: Any,
) -> xr.Dataset:  # fmt: skip
    """Return passive trials of two stimuli in which a class of area 2 is driven, or nobody.

    Driven cells move others from `from_` on [s]; gains are those of the cells of a class.
    """
    rng = np.random.default_rng(3)
    driven = [d for d in ("none", R, E) for _ in "ab" for _ in range(trials)]
    units = [(role, level) for role in (R, E) for level in (1, 2, 3) for _ in range(CELLS)]
    time = np.round(np.arange(-0.1, 0.3, 0.01) + 0.005, 9)
    size = [
        [gains.get(role, 1.0) * moves.get((d, role, level), 0.0) for role, level in units]
        for d in driven
    ]
    rate = np.array(size)[:, None, :] * (time > from_)[None, :, None]
    rate = rate + noise * rng.normal(size=rate.shape)
    on = np.array([d != "none" for d in driven])
    given = {
        "time": time, "unit_id": [f"u{k}" for k in range(len(units))],
        "area": [f"V{level}" for _, level in units], "level": [float(k) for _, k in units],
        "role": [role for role, _ in units], "label_source": ["genetic"] * len(units),
        "stimulus": [s for _ in range(3) for s in "ab" for _ in range(trials)],
        "input_onset": [0.0] * len(driven), "teaching": [False] * len(driven),
        "manipulation": np.where(on, "drive", "none"), "manipulated_role": driven,
        "manipulated_area": np.where(on, "V2", "none"),
        "manipulation_onset": np.where(on, 0.1, np.nan),
        "manipulation_offset": np.where(on, 0.2, np.nan),
        "familiarity": ["trained"] * len(driven),
    }  # fmt: skip
    kept = {name: column for name, column in (given | columns).items() if column is not None}
    known = {"animal": "m", "session_id": "1", **attrs}
    return session({"rate": rate}, kept, known, signal="model", units="Hz", sampling_rate=100.0)


def ratio(name: str, seen: xr.Dataset) -> float:
    found = EFFECTS[name[:4]][name](seen)
    assert isinstance(found, Effect), found
    return found.numerator / found.denominator


def lack(name: str, seen: xr.Dataset) -> Missing:
    found = EFFECTS[name[:4]][name](seen)
    assert isinstance(found, Missing), found
    return found


@pytest.mark.parametrize("name", NAMES)
def test_what_goes_where_the_theory_says_is_no_crossing(name: str) -> None:
    assert ratio(name, recorded()) == pytest.approx(0.0, abs=1e-12)


@pytest.mark.parametrize("level", [1, 3])
def test_p18a_is_the_product_of_what_each_class_moves_of_the_other(level: int) -> None:
    seen = recorded(AS_CLAIMED | {(R, E, level): 1.5, (E, R, level): 0.5})
    first, second = (1.5 / 3.0) ** 2, (0.5 / 2.0) ** 2
    assert ratio("P18a of representation cells", seen) == pytest.approx(first)
    assert ratio("P18a of error cells", seen) == pytest.approx(second)
    assert ratio("P18a", seen) == pytest.approx(first * second)
    for one in ({(R, E, level): 1.5}, {(E, R, level): 0.5}):
        assert ratio("P18a", recorded(AS_CLAIMED | one)) == pytest.approx(0.0, abs=1e-12)


def test_each_class_that_moves_cells_on_the_wrong_side_adds_its_ratio_to_p18b() -> None:
    wrong = AS_CLAIMED | {(E, E, 3): 1.0, (R, R, 1): 1.5}
    assert ratio("P18b", recorded(wrong)) == pytest.approx((1 / 2) ** 2 + (1.5 / 3) ** 2)
    assert ratio("P18b of error cells", recorded(wrong)) == pytest.approx((1 / 2) ** 2)
    assert ratio("P18b of representation cells", recorded(wrong)) == pytest.approx((1.5 / 3) ** 2)
    assert ratio("P18b", recorded(AS_CLAIMED | {(R, E, 1): 9.0, (E, R, 3): 9.0})) == 0


def test_what_is_moved_in_the_driven_area_does_not_count() -> None:
    local = {(R, E, 2): 9.0, (E, R, 2): 9.0, (R, R, 2): 9.0, (E, E, 2): 9.0}
    for key in KEYS:
        assert ratio(key, recorded(AS_CLAIMED | local)) == pytest.approx(0.0, abs=1e-12)


@pytest.mark.parametrize("gain", [0.1, 1.0, 10.0])
def test_gains_cancel_and_cells_moved_whatever_their_class_make_1(gain: float) -> None:
    strong, weak = {(R, c, 3): 2.0 for c in (R, E)}, {(E, c, 3): 0.5 for c in (R, E)}
    assert ratio("P18a", recorded(strong | weak, gains={E: gain})) == pytest.approx(1.0)


def test_an_animal_driven_twice_as_strongly_counts_as_much_as_another() -> None:
    mixed = AS_CLAIMED | {(R, E, 1): 1.0, (E, R, 1): 1.0}
    one, two = (EFFECTS["P18a"]["P18a"](recorded(mixed, gains={R: k, E: k})) for k in (1.0, 2.0))
    assert isinstance(one, Effect)
    assert isinstance(two, Effect)
    assert two.numerator == pytest.approx(one.numerator)
    assert two.denominator == pytest.approx(one.denominator)


def test_an_animal_of_which_a_drive_moves_nobody_counts_for_little() -> None:
    everywhere = {(d, c, level): 2.0 for d in (R, E) for c in (R, E) for level in (1, 3)}
    sizes = []
    for moves in (everywhere, {}):
        found = EFFECTS["P18a"]["P18a"](recorded(moves, noise=0.5, trials=10))
        assert isinstance(found, Effect)
        sizes.append(abs(found.numerator) + abs(found.denominator))
    assert sizes[1] < 0.1 * sizes[0]


def test_a_ratio_that_is_large_in_one_animal_does_not_grow_without_bound() -> None:
    crossing = {(R, E, 1): 1e3, (E, R, 1): 1e3, (R, R, 1): 1.0, (E, E, 1): 1.0}
    found = EFFECTS["P18a"]["P18a"](recorded(crossing))
    assert isinstance(found, Effect)
    assert found.numerator <= 1
    assert found.numerator / found.denominator == pytest.approx(1e12)


@pytest.mark.parametrize("gain", [0.1, 1.0, 10.0])
def test_no_gain_of_an_area_hides_what_goes_either_way(gain: float) -> None:
    either = {(c, c, level): gain if level == 1 else 1.0 for c in (R, E) for level in (1, 3)}
    assert ratio("P18b", recorded(either)) == pytest.approx(gain**2 + gain**-2)
    assert ratio("P18b", recorded(either)) >= 2


def test_at_first_what_comes_later_is_not_seen() -> None:
    late = recorded(AS_CLAIMED | {(R, E, 1): 3.0, (E, R, 1): 2.0}, from_=0.12)
    assert ratio("P18a", late) == pytest.approx(1.0)
    quiet = EFFECTS["P18a"]["P18a at first"](late)
    assert isinstance(quiet, Effect)
    assert (quiet.numerator, quiet.denominator) == (0.0, 0.0)


def test_falsely_labelled_cells_are_taken_off() -> None:
    seen = recorded(AS_CLAIMED | {(E, R, 1): 1.0})
    false = np.flatnonzero((seen["role"].values == R) & (seen["level"].values == 3))[:1]
    role = seen["role"].values.copy()
    role[false] = E
    mixed = seen.assign_coords(role=("unit", role))
    found = claim("P18a").effect(mixed)
    assert isinstance(found, Effect)
    share = 1 / (2 * CELLS + 1)  # of the cells labelled error in the areas 1 and 3
    others = (CELLS - 1) / (2 * CELLS - 1)  # of representation cells there that are moved
    # the false one is in one of the halves, each of which is in units of the other
    assert found.numerator == pytest.approx(share / others * found.false_label, rel=0.25)


def test_silence_of_everything_is_no_support() -> None:
    quiet = [recorded({}, attrs={"animal": f"m{k}"}) for k in range(6)]
    for key in KEYS:
        found = judge(claim(key), "quiet", measure(claim(key).effect, quiet, True), "recording")
        assert found.outcome is Outcome.NOT_TESTABLE
        assert found.reason.startswith("There is no response to compare with")


@pytest.mark.parametrize("key", KEYS)
def test_without_an_error_class_nothing_is_said_and_why(key: str) -> None:
    kinds = np.where(np.arange(6 * CELLS) < 3 * CELLS, "soma", "apical tuft")
    found = lack(key, recorded(cell_type=kinds))
    assert found.what.startswith("what is labelled error are tufts of representation cells")
    assert "there is no second class" in found.remedy
    unlabelled = recorded(role=["unknown"] * (6 * CELLS), label_source=None)
    assert "no unit has the role 'error'" in lack(key, unlabelled).what


@pytest.mark.parametrize("key", KEYS)
def test_what_the_experiment_lacks_is_said_with_its_mend(key: str) -> None:
    seen = recorded()
    for role in (R, E):
        part = seen.isel(trial=np.flatnonzero(seen["manipulated_role"].values != role))
        found = lack(key, part)
        assert f"no stimulus has two trials with {role} cells driven, no teaching" in found.what
        assert f"Stimulate the labelled {role} cells of one area" in found.remedy
    both = seen.copy(deep=True)
    both["manipulated_area"].values[both["manipulated_role"].values == E] = "V3"
    assert "no area, of known level, has trials in which its error cells" in lack(key, both).what
    control = lack(key, recorded(attrs={"opsin": "none"}))
    assert "control animals without an opsin are left out" in control.what


def test_each_claim_asks_for_the_areas_that_it_needs() -> None:
    seen = recorded()
    upper, own = (seen.isel(unit=np.flatnonzero(seen["level"].values >= k)) for k in (2, 3))
    assert isinstance(claim("P18a").effect(upper), Effect)
    found = lack("P18b", upper)
    assert found.what == "no labelled error and representation cells below the driven area"
    assert found.remedy == "Record both classes below the driven area."
    assert lack("P18a", own).what.startswith("no area, of known level,")


def test_bins_too_wide_for_the_beginning_are_refused_by_what_looks_at_it_alone() -> None:
    wide = recorded().coarsen(time=5).mean()
    wide = wide.assign(rate=wide["rate"].assign_attrs(units="Hz", sampling_rate=20.0))
    assert isinstance(claim("P18a").effect(wide), Effect)
    assert "are wider than the window of 20 ms" in lack("P18a at first", wide).what


@pytest.mark.parametrize("name", NAMES)
def test_being_asked_often_does_not_change_what_is_found(name: str) -> None:
    seen = recorded(noise=0.5, trials=3)
    plain = EFFECTS[name[:4]][name](seen)
    with asked_often([seen]):
        assert EFFECTS[name[:4]][name](seen) == EFFECTS[name[:4]][name](seen) == plain


def test_where_drives_and_controls_share_no_stimulus_there_is_no_number() -> None:
    seen = recorded()
    stimulus = np.where(seen["manipulation"].values == "drive", "a", "b")
    found = measure(claim("P18a").effect, [seen.assign_coords(stimulus=("trial", stimulus))], True)
    assert found.missing is not None
    assert found.missing.what.startswith("no stimulus has two trials in each of the conditions")
