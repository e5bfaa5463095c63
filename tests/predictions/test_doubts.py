"""What all cells share of outcomes, as when animals run, is no error and answers nothing."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr

import errorneurons as en
from errorneurons.predictions.claims.registry import claim
from errorneurons.predictions.judging.doubts import measured_with_doubts, without_what_is_shared
from errorneurons.predictions.judging.verdicts import on_recording

ASKED = [claim("P02"), claim("P04a"), claim("P01")]


@pytest.fixture(scope="module")
def recorded() -> list[xr.Dataset]:
    return list(en.simulate("error_microcircuit", "outcome_error", animals=6, seed=3, repeats=4))


def changed(session: xr.Dataset, rate: np.ndarray) -> xr.Dataset:
    return session.assign(rate=session["rate"].copy(data=rate))


def running(session: xr.Dataset, by: float) -> xr.Dataset:
    """Return a session in which all cells fire more where outcomes are unexpected [Hz]."""
    on = session["time"].values >= session["outcome_onset"].values[:, None]
    unexpected = session["outcome"].values == "unexpected"
    more = np.asarray(by * (on & unexpected[:, None]), dtype=np.float32)
    return changed(session, session["rate"].values + more[..., None])


def without_errors(session: xr.Dataset, seed: int) -> xr.Dataset:
    """Return a session with its outcomes dealt anew."""
    known = session["outcome"].values.copy()
    at = np.flatnonzero(known != "none")
    known[at] = known[np.random.default_rng(seed).permutation(at)]
    return session.assign_coords(outcome=("trial", known))


def test_what_all_cells_share_is_taken_off_wholly(recorded: list[xr.Dataset]) -> None:
    plain, moved = (without_what_is_shared(s) for s in (recorded[0], running(recorded[0], 9.0)))
    np.testing.assert_allclose(moved["rate"].values, plain["rate"].values, atol=1e-3)


def test_nothing_is_taken_off_before_outcomes_and_where_there_is_none(
    recorded: list[xr.Dataset],
) -> None:
    session = recorded[0]
    left = without_what_is_shared(session)["rate"].values
    same = ~(session["time"].values >= session["outcome_onset"].values[:, None])
    np.testing.assert_array_equal(left[same], session["rate"].values[same])


def test_what_units_share_is_taken_off_though_each_misses_trials(
    recorded: list[xr.Dataset],
) -> None:
    rng, session = np.random.default_rng(3), recorded[0]
    missing = np.tile(rng.random((session.sizes["trial"], 1, session.sizes["unit"])) < 0.1,
                      (1, session.sizes["time"], 1))  # fmt: skip
    missing[::2, -2:] = True  # trials of unlike lengths
    gappy = [np.where(missing, np.nan, s["rate"].values) for s in (session, running(session, 9.0))]
    plain, moved = (without_what_is_shared(changed(session, r))["rate"].values for r in gappy)
    np.testing.assert_array_equal(np.isnan(plain), np.isnan(gappy[0]))
    np.testing.assert_allclose(moved, plain, atol=1e-3)
    assert np.nanmax(abs(plain - gappy[0])) > 1.0


def test_errors_answer_as_they_did(recorded: list[xr.Dataset]) -> None:
    found = measured_with_doubts(recorded, ASKED)
    assert [own.doubt for own in found.values()] == [None] * 3


def test_a_contrast_that_all_cells_share_is_no_answer(recorded: list[xr.Dataset]) -> None:
    seen = [running(without_errors(s, k), 20.0) for k, s in enumerate(recorded)]
    verdicts, _ = on_recording(seen, "running", ASKED)
    assert [v.outcome for v in verdicts] == ["UNDECIDED"] * 3
    assert verdicts[1].reason.endswith(
        "; but cells may answer outcomes alike, as they do running, arousal or a reward: with what "
        "all of them share taken off, the claim is NOT_TESTABLE."
    )
