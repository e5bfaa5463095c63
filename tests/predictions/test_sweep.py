"""Sweeps: sessions one by one, one dataset of all, and Zarr that is taken up again."""

from __future__ import annotations

import errno
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xarray as xr
from typer.testing import CliRunner

from errorneurons.analysis.door import open_recording
from errorneurons.predictions.commands import cli
from errorneurons.predictions.studies import sweep
from errorneurons.predictions.studies.sweep import CircuitSweep, swept
from errorneurons.simulate.store.work import Labour

EMC = "error_microcircuit"
ALONE = Labour(workers=1)


def small(**other: object) -> CircuitSweep:
    asked = {"ablations": ["intact", "no_error_feedback"], "sizes": [(8, 6, 5), (5, 4)]} | other
    return swept([EMC, "adaptation"], networks=2, repeats=2, **asked)  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> CircuitSweep:
    return small().save(tmp_path_factory.mktemp("sweep"), labour=ALONE)


def sessions_of(kept: CircuitSweep, combination: str) -> Path:
    assert kept.folder is not None
    (path,) = kept.folder.glob(f"sessions/{combination}-????????????????.zarr")
    return path


def test_combinations_that_make_no_sense_are_skipped_with_a_sentence() -> None:
    skipped = small().skipped
    assert skipped.columns.tolist() == ["theory", "ablation", "connectivity", "size", "reason"]
    assert {*skipped["theory"]} == {"adaptation"}
    assert skipped["reason"][0].startswith("adaptation is a null: it has no errors")


@pytest.mark.parametrize(
    ("asked", "refused"),
    [
        ({"theories": EMC}, r"^theories is 'error_microcircuit'; give a list, \['error_micr"),
        ({"theories": []}, "^theories is empty; name one or more"),
        ({"ablations": "intact"}, "^ablations is 'intact'; give a list"),
        ({"connectivity": "chain"}, "^connectivity is 'chain'; give a list"),
        ({"theories": 5}, r"^theories is 5; give a list, \[5\]"),
        ({"networks": 0}, "^networks is 0; give a whole number of 1 or more"),
        ({"sizes": 5}, "^sizes is 5; give a list"),
        ({"sizes": (12, 10, 5)}, r"^sizes is \(12, 10, 5\); give the neurons of each area once"),
    ],
)
def test_one_where_several_are_expected_is_refused(asked: dict[str, Any], refused: str) -> None:
    with pytest.raises(ValueError, match=refused):
        swept(**({"theories": [EMC]} | asked))


def test_an_experiment_that_a_circuit_cannot_be_put_through_is_a_reason_to_skip() -> None:
    found = swept([EMC, "mismatch_neurons"], experiment="interneurons", networks=1)
    assert [t.name for t in found.circuits] == ["mismatch_neurons"]
    assert "interneurons needs interneuron neurons" in found.skipped["reason"][0]
    with pytest.raises(ValueError, match="no combination makes sense: interneurons needs"):
        swept([EMC], experiment="interneurons")


def test_sessions_come_one_by_one_and_say_what_they_are_of() -> None:
    first = next(iter(small()))
    said = {n: first.attrs[n] for n in ("theory", "ablation", "connectivity", "layers")}
    assert said == {"theory": EMC, "ablation": "intact", "connectivity": "chain",
                    "layers": "10-8-6-5"}  # fmt: skip
    assert first.attrs["session_id"] == f"{EMC}+10-8-6-5, day 1"


def test_one_dataset_holds_all_variants(kept: CircuitSweep) -> None:
    found = kept.to_dataset()
    assert dict(found.sizes) | {"time": 0} == {
        "theory": 2, "ablation": 2, "connectivity": 1, "size": 2, "network": 2, "area": 3,
        "role": 2, "condition": 4, "time": 0,
    }  # fmt: skip
    mean = found["mean"]
    assert np.isnan(mean.sel(theory="adaptation", ablation="no_error_feedback")).all()
    assert np.isnan(mean.sel(size="5-4", area="area 3")).all()
    assert np.isfinite(mean.sel(theory=EMC, size="8-6-5")).all()


def test_without_feedback_hidden_errors_do_not_answer_outcomes_at_all(kept: CircuitSweep) -> None:
    after = kept.to_dataset()["response"].sel(theory=EMC, size="8-6-5", role="error")
    late = after.sel(condition="outcome: trained, unexpected", area="area 1", time=slice(0.3, None))
    size = late.mean(("network", "time"))
    assert size.sel(ablation="no_error_feedback") == pytest.approx(0, abs=1e-9)
    assert size.sel(ablation="intact") > 0.5


def test_what_is_kept_is_what_was_simulated_and_opens_like_any_recording(
    kept: CircuitSweep,
) -> None:
    assert kept.folder is not None
    tree = open_recording(sessions_of(kept, f"{EMC}+10-8-6-5"))
    xr.testing.assert_equal(tree["network-000-day-1"].to_dataset(), next(iter(small())))
    xr.testing.assert_equal(next(iter(kept)), next(iter(small())))
    stored = xr.open_zarr(kept.folder / "activity.zarr", consolidated=False)
    xr.testing.assert_equal(stored, kept.to_dataset())
    assert len(kept.to_datatree().children) == 12


def test_a_sweep_is_taken_up_where_it_stopped(kept: CircuitSweep) -> None:
    assert kept.folder is not None
    (sessions_of(kept, f"{EMC}+10-5-4") / ".zattrs").unlink()
    said: list[str] = []
    small().save(kept.folder, said.append, ALONE)
    assert said == ["5 of 6 circuits taken from an earlier run", f"{EMC}+10-5-4: done"]


def test_a_chunk_that_is_lost_is_noticed(kept: CircuitSweep) -> None:
    assert kept.folder is not None
    path = sessions_of(kept, f"{EMC}+10-5-4")
    chunk = next(p for p in (path / "network-000-day-1" / "rate").iterdir() if p.name[0] != ".")
    whole, said = chunk.read_bytes(), list[str]()
    chunk.unlink()
    small().save(kept.folder, said.append, ALONE)
    assert said == [f"{path} cannot be read and is made again",
                    "5 of 6 circuits taken from an earlier run", f"{EMC}+10-5-4: done"]  # fmt: skip
    assert chunk.read_bytes() == whole


def test_a_full_disk_is_one_sentence_with_what_could_not_be_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(xr.Dataset, "to_zarr", full)
    with pytest.raises(
        OSError, match=r"^cannot write .*adaptation-\w+\.zarr: the disk is full; make"
    ):
        swept(["adaptation"], networks=1, repeats=1).save(tmp_path, labour=ALONE)


def test_another_seed_leaves_what_is_there_alone_and_nothing_half_written(tmp_path: Path) -> None:
    said: list[str] = []
    for seed in (1, 2, 1):
        swept(["adaptation"], networks=1, repeats=1, seed=seed).save(tmp_path, said.append, ALONE)
    assert said == [*["adaptation: done"] * 2, "1 of 1 circuits taken from an earlier run"]
    names = [p.name.partition("-")[0] for p in tmp_path.rglob("*.zarr")]
    assert sorted(names) == ["activity.zarr", "adaptation", "adaptation"]
    activity = xr.open_zarr(tmp_path / "activity.zarr", consolidated=False)
    assert activity.attrs["seed"] == 1


@pytest.fixture
def namesakes(tmp_path: Path) -> list[str]:
    """Return two tables of strengths that have one name."""
    paths = [tmp_path / folder / "w.csv" for folder in "ab"]
    for path, strength in zip(paths, (0.2, 0.9), strict=True):
        path.parent.mkdir()
        lines = [f"area {k},area {k + 1},{strength}" for k in (1, 2, 3)]
        path.write_text("\n".join(["source,target,strength", *lines]), encoding="utf-8")
    return [str(path) for path in paths]


def test_what_stopped_workers_began_to_write_does_not_stay(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    begun = f".{EMC}-0.{socket.gethostname()}-{ended.pid}-0.part.zarr"

    def stopped(*_: object) -> None:
        (tmp_path / "sessions" / begun).mkdir()
        raise KeyboardInterrupt

    monkeypatch.setattr(sweep, "run_all", stopped)
    with pytest.raises(KeyboardInterrupt):
        small().save(tmp_path)
    assert not list((tmp_path / "sessions").iterdir())


def test_tables_of_one_name_cannot_be_told_apart_in_one_sweep(namesakes: list[str]) -> None:
    with pytest.raises(ValueError, match=r"a/w\.csv and .*b/w\.csv have the same name; rename one"):
        swept([EMC], connectivity=namesakes)
    assert len(swept([EMC], connectivity=namesakes[:1] * 2, networks=1).circuits) == 1


def test_sweeps_of_tables_of_one_name_leave_each_other_alone_in_one_folder(
    namesakes: list[str], tmp_path: Path
) -> None:
    asked = [swept([EMC], connectivity=[p], networks=1, repeats=1) for p in namesakes]
    first, _ = [one.save(tmp_path / "out", labour=ALONE) for one in asked]
    assert len(list(tmp_path.glob("out/sessions/*+w.csv-*.zarr"))) == 2
    xr.testing.assert_equal(next(iter(first)), next(iter(asked[0])))


def test_the_command_leaves_zarr_and_says_what_it_skips(tmp_path: Path) -> None:
    words = (
        "sweep", "sinusoidal", "--theory", "adaptation", "--theory", "feature_gain",
        "--networks", "1", "--repeats", "2", "--layers", "10-6-5",
        "--connectivity", "chain", "--connectivity", "dense", "--out", str(tmp_path),
    )  # fmt: skip
    done = CliRunner().invoke(cli.app, words, prog_name="errorneurons")
    assert done.exit_code == 0
    assert "skipped: adaptation cannot be wired as dense: by its equations" in done.stderr
    found = xr.open_zarr(tmp_path / "activity.zarr", consolidated=False)
    assert found["theory"].values.tolist() == ["adaptation", "feature_gain"]
    assert found["size"].values.tolist() == ["6-5"]


def test_a_sweep_of_nothing_that_makes_sense_is_one_sentence(tmp_path: Path) -> None:
    words = ("sweep", "novelty", "--theory", "supervised_pc", "--connectivity", "dense",
             "--out", str(tmp_path))  # fmt: skip
    done = CliRunner().invoke(cli.app, words, prog_name="errorneurons")
    assert done.exit_code == 2
    assert done.stderr.startswith("errorneurons: no combination makes sense: supervised_pc cannot")
