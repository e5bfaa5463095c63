"""The command simulate: sessions and figures in a folder, taken up where it stopped."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from typer.testing import CliRunner, Result

from errorneurons.analysis.door import open_recording
from errorneurons.predictions.commands import cli
from errorneurons.predictions.studies import experiments as experimenting
from errorneurons.predictions.studies.experiments import Asked
from errorneurons.simulate.animals.animals import Animals
from errorneurons.simulate.experiments.experiment import Block, Experiment, Written
from errorneurons.simulate.experiments.registry import named_experiment
from errorneurons.simulate.experiments.tables import completed
from errorneurons.simulate.instrument.instrument import Instrument
from errorneurons.simulate.theories.registry import Theory, theory

Run = Callable[..., Result]
TABLE = "pattern,outcome,block\n0,none,a\n0,none,a\n0,unexpected,b\n0,unexpected,b\n"


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Return a runner of the command in a folder with tables."""
    monkeypatch.chdir(tmp_path)
    Path("mine.csv").write_text(TABLE, encoding="utf-8")
    Path("broken.csv").write_text("pattern,contrst\n9,1\n", encoding="utf-8")
    words = ("simulate", "--networks", "2", "--out", "out", "--theory")
    return lambda *more: CliRunner().invoke(cli.app, [*words, *more], prog_name="errorneurons")


def files() -> list[str]:
    return sorted(p.relative_to("out").as_posix() for p in Path("out").rglob("*") if p.is_file())


def test_a_table_leaves_sessions_and_figures_and_is_not_simulated_twice(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = run("adaptation", "mine.csv")
    assert "4 trials a network, 5 s simulated; about" in first.stderr
    *figures, damaged, whole = files()
    assert figures == ["adaptation-responses.png", "adaptation.png"]
    assert damaged.startswith("adaptation/network-000-day-1-")
    assert whole.startswith("adaptation/network-001-day-1-")
    with open_recording(Path("out") / whole) as tree:
        (session,) = tree.children.values()
        assert session.coords["block"].values.tolist() == ["a", "a", "b", "b"]
    (Path("out") / damaged).write_bytes(b"damaged")
    monkeypatch.setattr(experimenting, "draw_sessions", lambda *_: [])
    asked: list[tuple[int, ...]] = []
    original = experimenting.sessions
    monkeypatch.setattr(
        experimenting, "sessions",
        lambda known, tested, animals, seen, progress: (
            asked.append(animals.numbers), original(known, tested, animals, seen, progress=progress)
        )[1],
    )  # fmt: skip
    again = run("adaptation", "mine.csv")
    assert f"{Path('out') / damaged} cannot be read and is made again" in again.stderr
    assert asked == [(0,)]
    mine = replace(named_experiment("mine.csv"), repeats=1)
    known = Asked(theory("adaptation"), mine, Animals(2), Instrument())

    def left(animals: Animals) -> tuple[int, ...] | None:
        found = experimenting.missing(known._replace(animals=animals), Path("out"))
        return found and found.animals.numbers

    assert left(Animals(2)) is None
    assert left(Animals(only=(1, 4))) == (4,)
    assert left(Animals(3, seed=2)) == (0, 1, 2)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("adaptation", "noveltie"), "no experiment 'noveltie'; did you mean 'novelty'?"),
        (("adaptatio", "novelty"), "there is no theory 'adaptatio'; did you mean 'adaptation'?"),
        (("adaptation", "no.csv"), "there is no table no.csv; give a CSV file with one row a"),
        (("adaptation", "broken.csv"), "`contrst` is unknown; did you mean `contrast`? column `pa"),
        (("adaptation", "mine.csv", "--streams", "3"), "mine.csv has 4 trials, which cannot be"),
        (("adaptation", "interneurons"), "interneurons needs interneuron neurons, and adaptation"),
        (("hierarchical_pc", "terminals"), "hierarchical_pc has no axons of error cells from"),
        (("adaptation", "novelty", "--repeats", "0"), "Invalid value for '--repeats'"),
    ],
)
def test_bad_input_is_one_sentence(run: Run, words: tuple[str, ...], message: str) -> None:
    result = run(*words)
    assert result.exit_code == 2
    assert "Traceback" not in result.stderr
    assert message in " ".join(result.stderr.split())


def test_what_one_theory_cannot_do_is_said_before_another_is_simulated(run: Run) -> None:
    result = run("mismatch_neurons", "--theory", "adaptation", "interneurons")
    assert result.exit_code == 2
    assert files() == []


def test_networks_that_are_left_out_are_not_trained_again(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    original = experimenting.sessions

    def one_oscillates(known: Theory, tested: Any, _: Animals, seen: Any, progress: Any) -> Any:
        return original(known, tested, Animals(1), seen, progress=progress)

    monkeypatch.setattr(experimenting, "sessions", one_oscillates)
    monkeypatch.setattr(experimenting, "draw_sessions", lambda *_: [])
    assert run("adaptation", "mine.csv").exit_code == 0
    again = run("adaptation", "mine.csv")
    assert again.exit_code == 0
    assert "adaptation: all sessions taken from an earlier run" in again.stderr


def test_a_table_shares_its_trials_out_to_as_many_streams_as_asked(run: Run) -> None:
    mine = replace(named_experiment("mine.csv", 2), repeats=1)
    ((block,),) = (day.blocks for day in mine.days(1))
    assert (block.streams, len(block.table)) == (2, 4)


def test_days_of_learning_leave_a_figure_of_their_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(experimenting, "cost", lambda *_: "not measured")
    table = completed(pd.DataFrame({"pattern": [0, 1] * 2, "outcome": "expected"}))
    blocks = (Written(Block(table)), Written(Block(table, plastic=True), day=2))
    taught = Experiment("taught", "taught", "A test.", blocks, repeats=1)
    tried = Asked(theory("adaptation"), taught, Animals(1), Instrument(cells=4))
    made = experimenting.simulate([tried], tmp_path, str)
    assert [figure.name for figure in made][-1] == "adaptation-days.png"
    assert all(figure.stat().st_size > 10_000 for figure in made)


def test_figures_of_sessions_at_hand_are_those_of_their_files(run: Run) -> None:
    assert run("adaptation", "mine.csv").exit_code == 0
    figures = [Path("out", name) for name in files() if name.endswith(".png")]
    at_hand = [figure.read_bytes() for figure in figures]
    again = run("adaptation", "mine.csv")
    assert "adaptation: all sessions taken from an earlier run" in again.stderr
    assert [figure.read_bytes() for figure in figures] == at_hand


def test_a_variant_has_a_folder_of_its_own_and_says_what_it_is(run: Run) -> None:
    done = run("supervised_pc", "mine.csv", "--ablation", "no_error_feedback", "--layers", "10-7-5")
    assert done.exit_code == 0
    name = "supervised_pc+no_error_feedback+10-7-5"
    assert f"{name}.png" in files()
    (first, _) = sorted(Path("out", name).glob("*.nc"))
    with open_recording(first) as tree:
        (session,) = tree.children.values()
        assert session.attrs["ablation"] == "no_error_feedback"
        assert session.attrs["layers"] == "10-7-5"


@pytest.mark.parametrize(
    ("option", "sentence"),
    [
        (("--connectivity", "macaque_fln"), "supervised_pc cannot be wired as macaque_fln"),
        (("--ablation", "no_lookahead"), "supervised_pc has no lookahead to switch off"),
        (("--layers", "10,20,5"), "layers is '10,20,5'; give the neurons of the input"),
    ],
)
def test_a_variant_that_makes_no_sense_is_one_sentence(
    run: Run, option: tuple[str, str], sentence: str
) -> None:
    done = run("supervised_pc", "novelty", *option)
    assert done.exit_code == 2
    assert done.stderr.startswith(f"errorneurons: {sentence}")
