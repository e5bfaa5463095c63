"""Small sessions and small NWB files, as the tests of the door need them."""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
import xarray as xr

from errorneurons.analysis.evidence.experiments import Experiments
from errorneurons.analysis.measures.labelling import cross_fitted
from errorneurons.analysis.readers.nwb.reader import (
    mapping_template,
    parse_mapping,
    read_nwb,
    write_nwb,
)
from errorneurons.analysis.session.session import session

TRIALS, BINS, UNITS = 6, 5, 4
BIN = 0.02


def arrays() -> dict[str, object]:
    """Return every column of the contract for a small session."""
    acted = np.arange(TRIALS) % 2 == 1
    return {
        "time": (np.arange(BINS) + 0.5) * BIN - 0.04,
        "unit_id": [f"u{k}" for k in range(UNITS)],
        "area": ["V1", "V1", "LM", "LM"],
        "level": [1.0, 1.0, 2.0, 2.0],
        "layer": ["2/3", "5", "2/3", ""],
        "role": ["error", "representation", "error", "unknown"],
        "cell_type": ["Adamts2", "", "Ärzte", "PV"],
        "error_sign": [1.0, np.nan, -1.0, np.nan],
        "label_source": ["genetic", "none", "genetic", "none"],
        "label_error": [0.05, 0.05, 0.05, np.nan],
        "partner": ["u1", "u0", "", ""],
        "causal_sign": [1.0, -1.0, 0.0, np.nan],
        "decoder_weight": [np.nan, -0.2, 0.0, np.nan],
        "stimulus": ["a", "b"] * 3,
        "input_onset": np.zeros(TRIALS),
        "outcome": ["expected", "unexpected", "none"] * 2,
        "outcome_onset": [0.02, 0.02, np.nan] * 2,
        "teaching": acted,
        "familiarity": ["trained", "novel"] * 3,
        "phase": ["before", "during", "after"] * 2,
        "control": ["matched", "none"] * 3,
        "association": ["trained", "reversed"] * 3,
        "decoder": ["first"] * TRIALS,
        "localiser": ~acted,
        "manipulation": np.where(acted, "silence", "none"),
        "manipulated_role": np.where(acted, "error", "none"),
        "manipulated_area": np.where(acted, "V1", "none"),
        "manipulation_onset": np.where(acted, -0.02, np.nan),
        "manipulation_offset": np.where(acted, 0.04, np.nan),
        "targeted": np.outer(acted, [True, False, False, True]),
        "performance": np.linspace(0, 1, TRIALS),
        "outcome_error": np.linspace(-1, 1, TRIALS),
        "running": np.linspace(0, 9, TRIALS),
        "pupil": [np.nan] * TRIALS,
    }


@pytest.fixture
def make_session() -> Callable[..., xr.Dataset]:
    """Return a maker of sessions of spikes with every column; `changes` replace columns."""

    def make(animal: str = "m1", changes: dict[str, object] | None = None) -> xr.Dataset:
        counts = np.random.default_rng(len(animal)).poisson(0.7, (TRIALS, BINS, UNITS))
        attrs = {"animal": animal, "session_id": "s1", "teaching_area": "LM", "output_area": "V1"}
        columns = arrays() | (changes or {})
        made = session(
            {"rate": (counts / BIN).astype(np.float32)},
            {name: column for name, column in columns.items() if column is not None},
            attrs | {"day": 3.0, "opsin": "none", "species": "Mus musculus", "provenance": "{}"},
        )
        made["label_error"].attrs |= {"low": 0.01, "high": 0.1, "source": "antibody"}
        return made

    return make


@pytest.fixture(scope="session")
def make_smallest() -> Callable[..., xr.Dataset]:
    """Return a maker of sessions with the fewest columns; what is given replaces or adds some."""
    minimum = {
        "time": [0.0], "unit_id": ["u"], "area": ["V1"], "level": [np.nan], "role": ["unknown"],
        "stimulus": ["a"], "input_onset": [0.0],
    }  # fmt: skip

    def make(
        rate: npt.ArrayLike = 0.0,
        signal: str = "spikes",
        sampling_rate: float = 10.0,
        **columns: object,
    ) -> xr.Dataset:
        return session(
            {"rate": np.atleast_3d(rate)}, minimum | columns, {"animal": "m", "session_id": "1"},
            signal=signal, sampling_rate=sampling_rate,
        )  # fmt: skip

    return make


@pytest.fixture
def round_trip(tmp_path: Path) -> Callable[[xr.DataTree], xr.DataTree]:
    """Return a function that writes a recording as NWB and reads it again."""

    def there_and_back(tree: xr.DataTree) -> xr.DataTree:
        path = write_nwb(tree, tmp_path / "x.nwb")
        return read_nwb(path, parse_mapping(mapping_template(path)))

    return there_and_back


@pytest.fixture
def inspected(tmp_path: Path) -> Callable[[xr.DataTree], list[str]]:
    """Return a function that writes a recording as NWB and tells what the inspector minds."""

    def complaints(tree: xr.DataTree) -> list[str]:
        from nwbinspector import inspect_nwbfile

        grave = {"CRITICAL", "BEST_PRACTICE_VIOLATION", "PYNWB_VALIDATION", "ERROR"}
        found = inspect_nwbfile(nwbfile_path=write_nwb(tree, tmp_path / "x.nwb"))
        return [message.message for message in found if message.importance.name in grave]

    return complaints


@pytest.fixture
def make_calcium(make_session: Callable[..., xr.Dataset]) -> Callable[..., xr.Dataset]:
    """Return a maker of the same sessions with calcium, every third bin without a frame."""

    def make(animal: str = "m1") -> xr.Dataset:
        made = make_session(animal)
        noise = np.random.default_rng(len(animal)).normal(0, 0.1, made["rate"].shape)
        made["rate"].values = noise.astype(np.float32)
        made["rate"].values.reshape(-1, UNITS)[::3] = np.nan
        made["rate"].attrs |= {
            "signal": "calcium", "units": "dF/F", "frame_rate": 11.0, "indicator": "GCaMP6f",
        }  # fmt: skip
        return made

    return make


@pytest.fixture
def make_localised() -> Callable[[], list[xr.Dataset]]:
    """Return a maker of both folds of a session in which a localiser finds three error cells."""

    def make() -> list[xr.Dataset]:
        rng = np.random.default_rng(1)
        outcome = np.tile(["expected", "unexpected"], 20)
        time = np.round(np.arange(-0.1, 0.5, 0.05) + 0.025, 9)
        answered = (time > 0.3) & (outcome == "unexpected")[:, None]
        spikes = rng.poisson(0.05 * (10 + 30 * answered[..., None] * (np.arange(8) < 3)))
        columns = {
            "time": time, "unit_id": [f"u{k}" for k in range(8)], "area": ["V1"] * 8,
            "level": [1] * 8, "role": ["unknown"] * 8, "stimulus": ["a"] * 40,
            "input_onset": np.zeros(40), "outcome": outcome, "outcome_onset": np.full(40, 0.3),
        }  # fmt: skip
        attrs = {"animal": "m1", "session_id": "day1", "species": "Mus musculus"}
        return list(cross_fitted(session({"rate": spikes / 0.05}, columns, attrs), rng))

    return make


@pytest.fixture
def make_nwb(tmp_path: Path) -> Callable[..., Path]:
    """Return a maker of NWB files as a laboratory might write them, with one unit."""

    def make(
        trials: dict[str, list[object]] | None,
        spikes: list[float] | None,
        intervals: list[list[float]] | None = None,
    ) -> Path:
        from pynwb import NWBHDF5IO, NWBFile

        file = NWBFile("a test", "id", datetime(2020, 1, 1, tzinfo=UTC), session_id="1")
        if trials is not None:
            file.add_trial_column("kind", "kind of trial")
            file.add_trial_column("event", "time of the event")
            for row in zip(*trials.values(), strict=True):
                file.add_trial(**dict(zip(trials, row, strict=True)))
        if spikes is not None:
            file.add_unit_column("region", "area")
            kwargs = {"obs_intervals": intervals} if intervals else {}
            file.add_unit(spike_times=spikes, region="V1", **kwargs)
        path = tmp_path / "lab.nwb"
        with NWBHDF5IO(path, "w") as io:
            io.write(file)
        return path

    return make


@pytest.fixture
def zheng() -> Path:
    """Return the path of the recording of Zheng et al. 2022, or skip."""
    root = Path(__file__).parents[2]
    folder = os.environ.get("ERRORNEURONS_RECORDINGS", str(root.parent / "shared" / "recordings"))
    path = Path(folder) / "zheng2022_human_mtl_nwb" / "sub-4_ses-4_ecephys+image.nwb"
    if not path.exists():
        pytest.skip("the recording of Zheng et al. 2022 is not here; set ERRORNEURONS_RECORDINGS")
    return path


@pytest.fixture(scope="session")
def clusters():
    """Return a maker of virtual experiments: bounded clusters around the centres of theories."""

    def make(centres, worlds=20, each=5, shift=0.1, noise=0.15, seed=0):
        rng, rows, names, world = np.random.default_rng(seed), [], [], []
        for name, centre in centres.items():
            shifts = rng.normal(0, shift, (worlds, 1, len(centre)))
            points = np.arctanh(centre) + shifts
            points = points + rng.normal(0, noise, (worlds, each, len(centre)))
            rows.append(np.tanh(points).reshape(-1, len(centre)))
            names += [name] * worlds * each
            world.append(np.repeat(np.arange(worlds), each))
        features = tuple(f"claim {i}" for i in range(rows[0].shape[1]))
        return Experiments(features, np.concatenate(rows), tuple(names), np.concatenate(world))

    return make
