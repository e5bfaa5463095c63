"""P21 and P03 on sessions in which it is known where a violation is answered, and when."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import xarray as xr

from errorneurons.analysis.measures.asking import asked_often
from errorneurons.analysis.measures.energies import Effect, Missing
from errorneurons.analysis.session.session import session
from errorneurons.predictions.claims.claim import Claim, Outcome, Verdict
from errorneurons.predictions.claims.registry import claim, else_behind

P21, P03 = claim("P21"), claim("P03")
KINDS = ("expected", "unexpected")
MATCHED = {"control": "matched"}
BIN = 0.025


def recorded(
    mismatch: tuple[float, ...] = (0.0, 0.0), starts: tuple[float, ...] = (0.0, 0.0),
    adapted: float = 0.0, blocks: tuple[str, ...] = ("matched",), teaching: bool | None = False,
    trials: int = 4, noise: float = 0.0, width: float = BIN, ends: float = 1.0, **columns: Any,
) -> xr.Dataset:  # fmt: skip
    """Return trials of two events in areas of 6 cells, which respond to what comes with 1.

    To an unexpected event an area responds with `mismatch` more, from `starts` to `ends` after it.
    What is adapted less responds with `adapted` more, in the control block as well.
    """
    rng = np.random.default_rng(5)
    rows = [
        (block, kind, s) for block in blocks for kind in KINDS for s in "ab" for _ in range(trials)
    ]
    time = np.round(np.arange(-0.1, 0.6, width) + width / 2, 9)
    area = np.repeat(np.arange(len(mismatch)), 6)
    surprised = np.array([kind == "unexpected" for _, kind, _ in rows])[:, None, None]
    expecting = np.array([block != "control" for block, _, _ in rows])[:, None, None]
    after = time[:, None] - 0.3
    begun = (after > np.array(starts)[area]) & (after < ends)
    rate = np.ones((len(rows), 1, 1)) * (time > 0)[:, None] + surprised * (
        expecting * np.array(mismatch)[area] * begun + adapted * (after > 0)
    )
    rate = rate + noise * rng.normal(size=rate.shape)
    given = {
        "time": time, "unit_id": [f"u{k}" for k in range(len(area))],
        "area": [f"area {k}" for k in area], "level": area + 1.0, "role": ["unknown"] * len(area),
        "stimulus": [s for _, _, s in rows], "input_onset": [0.0] * len(rows),
        "outcome": ["none" if block == "control" else kind for block, kind, _ in rows],
        "control": [kind if block == "control" else block for block, kind, _ in rows],
        "outcome_onset": [0.3] * len(rows), "manipulation": ["none"] * len(rows),
        "teaching": None if teaching is None else [teaching] * len(rows),
        "familiarity": ["trained"] * len(rows), "phase": ["after"] * len(rows),
    }  # fmt: skip
    kept = {name: column for name, column in (given | columns).items() if column is not None}
    attrs = {"animal": "m", "session_id": "1", "teaching_area": f"area {len(mismatch) - 1}"}
    return session({"rate": rate}, kept, attrs, signal="model", units="Hz", sampling_rate=1 / width)


def ratio(claimed: Claim, seen: xr.Dataset) -> float:
    found = claimed.effect(seen)
    assert isinstance(found, Effect), found
    return found.numerator / found.denominator


def lack(claimed: Claim, seen: xr.Dataset) -> str:
    found = claimed.effect(seen)
    assert isinstance(found, Missing)
    return found.what


# P21


def test_without_a_response_to_the_violation_nothing_is_evoked() -> None:
    assert ratio(P21, recorded()) == pytest.approx(0.0, abs=1e-12)


def test_what_a_violation_evokes_is_measured_against_the_input_and_averaged_over_areas() -> None:
    assert ratio(P21, recorded((0.5, 0.5))) == pytest.approx(0.25)
    assert ratio(P21, recorded((0.0, 1.0))) == pytest.approx(0.5)
    seen = recorded((0.5, 1.0))
    ends = (P21.secondary[f"in the {name} area"](seen) for name in ("lowest", "highest"))
    assert [e.numerator / e.denominator for e in ends if isinstance(e, Effect)] == pytest.approx(
        [0.25, 1.0]
    )


def test_a_control_block_takes_adaptation_off_and_leaves_the_mismatch() -> None:
    both = ("none", "control")
    assert ratio(P21, recorded(adapted=1.0, blocks=both)) == pytest.approx(0.0, abs=1e-12)
    assert ratio(P21, recorded((0.5, 0.5), adapted=1.0, blocks=both)) == pytest.approx(0.25)


def test_noise_does_not_make_a_mismatch() -> None:
    found = P21.effect(recorded((0.0,) * 40, (0.0,) * 40, noise=1.0, trials=20))
    assert isinstance(found, Effect)
    assert abs(found.numerator) < 0.01 * found.denominator


def test_adaptation_that_nothing_controls_is_no_answer() -> None:
    assert lack(P21, recorded(blocks=("none",))).startswith(
        "a violated expectation is not told from adaptation: no event comes both"
    )
    bare = recorded(control=None)
    assert lack(P21, bare).endswith("The trials carry no `control`")
    other = ["ab"[kind == "expected"] for kind in recorded()["outcome"].values]
    assert "no event comes both expected and unexpected" in lack(P21, recorded(stimulus=other))


def test_that_nothing_teaches_must_be_said() -> None:
    assert lack(P21, recorded(teaching=None)).startswith("whether the outcomes teach is not said")
    assert lack(P21, recorded(teaching=True)).startswith(
        "no stimulus has two trials with an unexpected outcome that teaches nothing"
    )


def test_one_trial_of_a_kind_is_not_enough() -> None:
    assert "two trials with an unexpected outcome" in lack(P21, recorded(trials=1))


def test_beside_outcomes_that_teach_none_are_asked_of_a_passive_block() -> None:
    found = P21.secondary["beside outcomes that teach"](recorded())
    assert isinstance(found, Missing)
    assert found.what == "no outcomes that teach to compare with"


# P03


@pytest.mark.parametrize("teaching", [True, False])
def test_order_is_1_if_nothing_comes_early_in_the_taught_area_and_0_if_nothing_does_below(
    teaching: bool,
) -> None:
    def order(below: float, taught: float) -> float:
        return ratio(P03, recorded((1.0, 1.0), (below, taught), teaching=teaching))

    assert order(0.0, 0.1) == pytest.approx(1.0)
    assert order(0.1, 0.0) == pytest.approx(0.0)
    assert order(0.05, 0.05) == order(0.05, 0.052) == pytest.approx(0.5)


def test_order_compares_what_is_early_with_what_is_late() -> None:
    # below all is there at once; above begins after 50 ms: by 100 ms 1/2 in amplitude
    early, late = np.array([0.0, 1 / 4]), np.ones(2)
    found = ratio(P03, recorded((1.0, 1.0), (0.0, 0.05)))
    assert found == pytest.approx(late.sum() / (late + early).sum())


def test_size_of_a_response_makes_no_order() -> None:
    assert ratio(P03, recorded((0.2, 3.0))) == pytest.approx(0.5)


def test_areas_below_are_weighed_by_their_energy() -> None:
    first, last, taught = (0.0, 0.15, 0.05)
    pairs = (recorded((1.0, 1.0), (start, taught)) for start in (first, last))
    (n, m), (other_n, other_m) = ((e.numerator, e.denominator) for e in map(P03.effect, pairs))
    found = ratio(P03, recorded((2.0, 1.0, 1.0), (first, last, taught)))
    assert found == pytest.approx((4 * n + other_n) / (4 * m + other_m))


def test_noise_makes_no_order() -> None:
    seen = recorded((1.0, 1.0), noise=1.0, trials=40)
    assert ratio(P03, seen) == pytest.approx(0.5, abs=0.03)


def test_a_recording_that_is_too_coarse_is_told_which_bins_would_do() -> None:
    found = P03.effect(recorded((1.0, 1.0), width=0.1))
    assert isinstance(found, Missing)
    assert found.what.startswith("bins of 100 ms are wider than the window of 50 ms")
    assert found.remedy == "Cut the recording into bins of 50 ms or less."


def test_one_area_has_no_order() -> None:
    assert lack(P03, recorded((1.0,), (0.0,))).startswith("no cells in both the teaching area and")
    nowhere = recorded((1.0, 1.0)).assign_attrs(teaching_area="")
    assert lack(P03, nowhere).startswith("the area that the teaching signal enters is not declared")


def test_an_untaught_violation_needs_a_control_here_as_well() -> None:
    assert "not told from adaptation" in lack(P03, recorded(blocks=("none",)))


@pytest.mark.parametrize("claimed", [P21, P03])
def test_being_asked_often_changes_nothing(claimed: Claim) -> None:
    seen = recorded((0.5, 1.0), noise=0.2)
    plain = claimed.effect(seen)
    with asked_often([seen]):
        assert claimed.effect(seen) == claimed.effect(seen) == plain


def test_what_else_supports_a_claim_is_said_where_it_is_supported() -> None:
    said = [Verdict("P21", "mice", outcome, "") for outcome in Outcome]
    (only,) = else_behind(said)
    assert only.startswith("An animal that expects nothing supports the claim as well")
