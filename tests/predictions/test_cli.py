"""The command line: what is wrong is one sentence and exit status 2; help is light."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import h5py
import numpy as np
import pytest
import xarray as xr
from typer.testing import CliRunner, Result

import errorneurons
import errorneurons as en
from errorneurons.analysis.door import READERS
from errorneurons.analysis.evidence.membership import FEWEST_WORLDS
from errorneurons.predictions.claims.claim import Outcome
from errorneurons.predictions.claims.registry import CLAIMS, MANIPULATIONS
from errorneurons.predictions.commands import cli
from errorneurons.predictions.commands.entries import (
    ABLATION_NAMES,
    CLAIM_NAMES,
    FILE_ENDINGS,
    MANIPULATION_NAMES,
    RESULT_NAMES,
    TASK_NAMES,
)
from errorneurons.predictions.commands.options import split_names
from errorneurons.predictions.commands.recordings import Worlds
from errorneurons.simulate.ablations.registry import ABLATIONS, ablation
from errorneurons.simulate.published.registry import PUBLISHED_RESULTS
from errorneurons.simulate.store import places
from errorneurons.simulate.tasks.registry import TASKS
from errorneurons.simulate.theories.registry import THEORIES, theory
from errorneurons.simulate.theories.synonyms import ABLATIONS_CALLED, CALLED

Run = Callable[..., Result]
ENTRY = "from errorneurons.simulate.theories.theory import Theory\n"
OBJECT = f"{ENTRY}THEORY = Theory('mine', 'mine', 'theory', 'Nothing.', object())\n"
MINE = f"""{ENTRY}
from dataclasses import dataclass
from typing import ClassVar
from errorneurons.simulate.theories.supervised_pc import SupervisedPC

@dataclass(frozen=True)
class Mine(SupervisedPC):
    theory: ClassVar[str] = "mine"

THEORY = Theory("mine", "my own theory", "theory", "Of mine.", Mine(learning_rate=0.016))
"""


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Return a runner of the command line, in an empty folder."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("ERRORNEURONS_TRACEBACK", raising=False)
    return lambda *words: CliRunner().invoke(cli.app, words, prog_name="errorneurons")


def refusal(result: Result) -> str:
    """Return what was said of bad input: one sentence on stderr, nothing on stdout."""
    assert result.exit_code == 2
    assert not result.stdout
    assert "Traceback" not in result.stderr
    return " ".join(result.stderr.split())


def demo(*words: str) -> tuple[str, ...]:
    return ("demo-recording", "--theory", "supervised_pc", "--out", "x.nwb", *words)


def plan(*words: str) -> tuple[str, ...]:
    return ("plan", "--library", "library", *words)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("list", "theoris"), "'theoris' is not one of 'theories'"),
        (("reprot",), "No such command 'reprot'"),
        (("report", "--networks", "0"), "Invalid value for '--networks'"),
        (("report", "--networks", "many"), "Invalid value for '--networks'"),
        (("report", "--seed", "-1"), "Invalid value for '--seed'"),
        (("report", "--out", "file"), "cannot make the folder file: File exists; give another"),
        (("report", "--out", "file/x"), "cannot make the folder file/x: Not a directory; give"),
        (demo("--cells", "1"), "Invalid value for '--cells'"),
        (demo("--animals", "0"), "Invalid value for '--animals'"),
        (demo("--trials", "1"), "Invalid value for '--trials'"),
        (demo("--label-error", "2"), "Invalid value for '--label-error'"),
        (demo("--stated-label-error", "1"), "Invalid value for '--stated-label-error'"),
        (demo("--stated-label-error", "-1"), "Invalid value for '--stated-label-error'"),
        (demo("--stated-label-error", "5%"), "Invalid value for '--stated-label-error'"),
        (demo("--instrument", "spike"), "'spike' is not one of 'spikes', 'calcium', 'tufts'"),
        (demo("--efficacy", "1.5"), "Invalid value for '--efficacy'"),
        (demo("--off-target", "-1"), "Invalid value for '--off-target'"),
        (demo("--areas", "area 1, area2"), "'area2', which is unknown; did you mean 'area 2'?"),
        (demo("--theory", "supervsed_pc"), "there is no theory 'supervsed_pc'; did you mean"),
        (demo("--theory", "xyz"), "there is no theory 'xyz'; known are error_microcircuit"),
        (("report", "--theory", "rao_ballard"), "'rao_ballard'; did you mean 'hierarchical_pc'?"),
        (("report", "--theory", "adaptation,Keller"), "'Keller'; did you mean 'mismatch_neurons'?"),
        (("report", "--claim", "P4a"), "there is no claim 'P4a'; did you mean 'P04a'?"),
        (("report", "--theory-file", "mine.py"), "there is no file mine.py; give the Python file"),
        (("report", "--theory-file", "bad.toml"), "bad.toml cannot be imported"),
        (("report", "--theory-file", "empty.py"), "empty.py has no THEORY; let it end in THEORY ="),
        (("report", "--theory-file", "broken.py"), "broken.py cannot be imported: SyntaxError: "),
        (("report", "--theory-file", "reads.py"), "reads.py cannot be imported: FileNotFoundError"),
        (("report", "--theory-file", "object.py"), "the circuit of object.py, a object, lacks"),
        (("ablate", "--ablation", "nofeedback"), "did you mean 'no_error_feedback'?"),
        (("ablate", "--task", "cartpole"), "no task 'cartpole'; did you mean 'cart_pole'?"),
        (("reproduce", "cartpole"), "published result 'cartpole'; did you mean 'cart_pole'?"),
        (plan("--manipulation", "drive,drvie"), "'drvie', which is unknown; did you mean 'drive'?"),
        (demo("--out", "x.txt"), "x.txt does not end in .nwb; a demo recording is an NWB file"),
        (demo("--out", "no/x.nwb"), "there is no folder no to write x.nwb to; make it first"),
        (demo("--out", "random.nwb"), "random.nwb is there already and is not overwritten"),
        (("check", "missing.nc"), "there is no file missing.nc"),
        (("check", "table.csv"), "table.csv needs a mapping file that says what its fields mean"),
        (("check", "table.xls"), "there is no file or folder table.xls"),
        (
            ("check", "ttt.toml"),
            "ttt.toml is a mapping file, and no recording; write --mapping ttt",
        ),
        (("report", "mouse.nwb"), "recordings are judged by: errorneurons compare mouse.nwb"),
        (("report", "--claim", "p2"), "there is no claim 'p2'; did you mean 'P02'?"),
        (("report", "--claim", "inference"), "no claim 'inference'; did you mean 'P06a'?"),
        (("report", "--claim", "silence"), "did you mean 'P02' or 'P04a' or 'P04b' or 'P05b'?"),
        (("check", "random.nc"), "random.nc is no HDF5 file, whatever its ending says"),
        (("check", "truncated.nc"), "truncated.nc is truncated: its end is missing; copy it again"),
        (("check", "random.nwb"), "random.nwb needs a mapping file"),
        (("inspect", "missing.nwb"), "there is no file missing.nwb"),
        (("inspect", "random.nwb"), "random.nwb is no HDF5 file, whatever its ending says"),
        (("compare", "missing.nwb"), "there is no file missing.nwb"),
        (("compare", "random.nwb"), "`errorneurons inspect random.nwb` writes one to start from"),
        (("compare", "random.nwb", "--mapping", "no.toml"), "there is no mapping file no.toml;"),
        (("compare", "random.nwb", "--mapping", "random.nwb"), "random.nwb is no text; give a map"),
        (("compare", "random.nwb", "--mapping", "."), "file .: Is a directory; give another --map"),
        (("compare", "random.nwb", "--mapping", "table.csv"), "table.csv: this is no TOML"),
        (("compare", "random.nwb", "--mapping", "bad.toml"), "did you mean `session`?"),
        (("compare", "random.nwb", "--out", "file"), "cannot make the folder file: File exists"),
        (plan("--manipulation", "none", "--manipulation", "drive"), "stands for recording alone;"),
        (plan("--animals", "4,,6"), "--animals is '4,,6'; give whole numbers with commas between"),
        (plan("--areas", "0,1"), "areas to try: 0, 1; give whole numbers of 1 or more"),
        (
            plan("--animals", "4,6", "--budget", "3"),
            "a budget of 3 animals is below the smallest number to try, 4",
        ),
        (plan("--theory", "supervised_pc"), "theories are supervised_pc; name two or more"),
    ],
)
def test_bad_input_is_one_sentence(
    run: Run, tmp_path: Path, words: tuple[str, ...], message: str
) -> None:
    for name in ("random.nc", "random.nwb"):
        (tmp_path / name).write_bytes(bytes(range(256)) * 9)
    with h5py.File(tmp_path / "truncated.nc", "w") as file:
        file["x"] = [1.0] * 999
    (tmp_path / "truncated.nc").write_bytes((tmp_path / "truncated.nc").read_bytes()[:3000])
    (tmp_path / "bad.toml").write_text("[sesion]\nanimal = 'm1'\n", encoding="utf-8")
    (tmp_path / "table.csv").write_text("a,b\n1,2\n", encoding="utf-8")
    (tmp_path / "file").touch()
    (tmp_path / "empty.py").touch()
    (tmp_path / "broken.py").write_text("def\n", encoding="utf-8")
    (tmp_path / "reads.py").write_text("open('weights.npy')\n", encoding="utf-8")
    (tmp_path / "object.py").write_text(OBJECT, encoding="utf-8")
    assert message in refusal(run(*words))


def test_a_folder_that_may_not_be_written_to_is_refused_at_once(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(places, "can_write", lambda _: False)
    assert "the folder out may not be written to" in refusal(run("report", "--out", "out"))
    assert "the folder . may not be written to; give another" in refusal(run(*demo()))


def test_a_mapping_file_is_not_overwritten(run: Run, example_nwb: Path) -> None:
    mapping = example_nwb.with_suffix(".toml")
    mapping.write_text("mine", encoding="utf-8")
    said = refusal(run("inspect", str(example_nwb), "--out", str(mapping)))
    assert "recording.toml is there already and is not overwritten; give another --out" in said
    assert mapping.read_text(encoding="utf-8") == "mine"


def test_inspect_writes_a_mapping_that_check_takes(run: Run, example_nwb: Path) -> None:
    assert "unit" in run("inspect", str(example_nwb)).stdout
    said = run("check", str(example_nwb), "--mapping", "recording.toml").stdout
    assert "obeys the dataset contract: 1 session, 1 animal, 8 trials, 4 units" in said


def test_a_session_given_twice_is_refused(run: Run, example_nwb: Path) -> None:
    run("inspect", str(example_nwb))
    file = str(example_nwb)
    said = refusal(run("compare", file, file, "--mapping", "recording.toml"))
    assert "session m1_day1 stands twice; give each its own session_id" in said


def test_what_cannot_be_tested_is_reported_with_its_reason(run: Run, example_nwb: Path) -> None:
    run("inspect", str(example_nwb))
    said = run("compare", str(example_nwb), "--mapping", "recording.toml", "--out", "out").stdout
    lines = [line for line in said.splitlines() if Outcome.NOT_TESTABLE.value in line]
    assert len(lines) == len(CLAIMS)
    assert Path("out/report.html").exists()


def test_check_says_which_claims_can_be_tested_and_what_the_others_lack(
    run: Run, example_nwb: Path
) -> None:
    run("inspect", str(example_nwb))
    lines = run("check", str(example_nwb), "--mapping", "recording.toml").stdout.splitlines()
    assert f"None of the {len(CLAIMS)} claims can be tested." in lines
    assert "No confirmatory set was declared." in lines
    rows = {line.split()[0]: line for line in lines if line.split()[0] in {c.key for c in CLAIMS}}
    assert len(rows) == len(CLAIMS)
    assert all(" not mapped." in row or "No " in row for row in rows.values())


def test_check_does_not_say_how_tests_come_out(run: Run, example_nwb: Path) -> None:
    run("inspect", str(example_nwb))
    said = run("check", str(example_nwb), "--mapping", "recording.toml").stdout
    assert not any(outcome.value in said for outcome in Outcome)


def test_claims_alone_are_a_page_and_nothing_is_weighed(run: Run, example_nwb: Path) -> None:
    run("inspect", str(example_nwb))
    words = "compare", str(example_nwb), "--mapping", "recording.toml", "--claims-only"
    made = run(*words, "--quiet", "--library", "library")
    assert made.exit_code == 0
    assert made.stdout.splitlines()[-1] == "Report: errorneurons-comparison/report.html"
    assert made.stderr.strip().startswith("No claim about error neurons can be tested here")
    assert not Path("library").exists()


def test_a_refused_comparison_leaves_no_empty_folder(run: Run, example_nwb: Path) -> None:
    refusal(run("compare", str(example_nwb), "--out", "new/out", "--library", "library"))
    assert not Path("new").exists()


def test_a_folder_that_was_there_is_left(run: Run, example_nwb: Path) -> None:
    Path("old").mkdir()
    refusal(run("compare", str(example_nwb), "--out", "old", "--library", "library"))
    assert Path("old").is_dir()


@pytest.mark.parametrize("command", ["check", "compare"])
def test_a_confirmatory_claim_that_is_none_is_refused_first(
    run: Run, example_nwb: Path, command: str
) -> None:
    run("inspect", str(example_nwb))
    mapping = Path("recording.toml")
    text = mapping.read_text(encoding="utf-8")
    mapping.write_text(f'confirmatory = ["P02", "P4a"]\n{text}', encoding="utf-8")
    said = refusal(run(command, str(example_nwb), "--mapping", "recording.toml"))
    assert "`confirmatory` names a claim that is none: there is no claim 'P4a'" in said


@pytest.mark.parametrize("registry", list(cli.Registry))
def test_every_registry_is_listed_with_a_few_words(run: Run, registry: cli.Registry) -> None:
    lines = run("list", registry.value).stdout.splitlines()
    assert len(lines) > 3
    assert all(len(line.split()) > 3 for line in lines)


def test_theories_are_listed_by_name(run: Run) -> None:
    lines = run("list", "theories").stdout.splitlines()
    assert [n.split()[0] for n in lines if n[0] != " "] == [t.name for t in THEORIES]


def test_what_a_theory_leaves_open_is_listed_under_it(run: Run) -> None:
    above = ""
    for line in run("list", "theories").stdout.splitlines():
        above = line.split()[0] if line[0] != " " else above
        assert theory(line.split()[0]).variant_of in (above, theory(above).variant_of)


def test_the_version_is_told(run: Run) -> None:
    assert run("--version").stdout == f"errorneurons {errorneurons.__version__}\n"


def test_an_interruption_says_that_nothing_is_lost(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(cli, "_entries", interrupted)
    result = run("list", "claims")
    assert result.exit_code == 130
    assert "interrupted; what is done is kept, run it again to go on" in result.stderr


def test_too_little_memory_is_one_sentence(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def too_large(_: object) -> None:
        raise MemoryError("Unable to allocate 12 GiB")

    monkeypatch.setattr(cli, "_entries", too_large)
    result = run("list", "claims")
    assert result.exit_code == 2
    assert "memory is short: Unable to allocate 12 GiB; ask for fewer or smal" in result.stderr


def test_whoever_wants_the_traceback_gets_it(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ERRORNEURONS_TRACEBACK", "1")
    assert isinstance(run("check", "missing.nc").exception, ValueError)


def test_help_does_not_wait_for_heavy_libraries() -> None:
    program = (
        "import sys\n"
        "from errorneurons.predictions.commands.cli import main\n"
        "sys.argv = ['errorneurons', '--help']\n"
        "try:\n    main()\nexcept SystemExit as end:\n    assert not end.code\n"
        "sys.stderr.write(' '.join(sys.modules))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert "Usage: errorneurons [OPTIONS] COMMAND" in done.stdout
    heavy = {"numpy", "numba", "xarray", "pandas", "scipy", "pynwb", "h5py", "matplotlib", "jinja2"}
    assert not heavy & set(done.stderr.split())


def test_a_demo_recording_is_one_that_compare_can_read(run: Run) -> None:
    small = ("--animals", "1", "--cells", "4", "--trials", "2", "--label-error", "0.3")
    assert "x.nwb: 1 animal of supervised_pc" in run(*demo(*small)).stderr
    run("inspect", "x.nwb")
    said = run("check", "x.nwb", "--mapping", "x.toml").stdout
    assert "x.nwb obeys the dataset contract: 1 session, 1 animal" in said


def test_a_demo_recording_can_state_another_share_of_false_labels_than_the_true_one(
    run: Run,
) -> None:
    small = ("--animals", "1", "--cells", "4", "--trials", "2", "--label-error", "0.3")
    run(*demo(*small))
    wrong = ("--stated-label-error", "0.02", "--out", "wrong.nwb")
    said = run(*demo(*small, *wrong)).stderr
    assert "; 30% of error labels are false, the file states 2%" in said
    true, stated = (_read(Path(name)) for name in ("x.nwb", "wrong.nwb"))
    is_error = (true["role"] == "error").values
    for session, share, low, high in ((true, 0.3, 0.25, 0.35), (stated, 0.02, 0.0, 0.07)):
        np.testing.assert_allclose(session["label_error"].values[is_error], share)
        assert np.isnan(session["label_error"].values[~is_error]).all()
        attributes = session["label_error"].attrs
        assert (attributes["low"], attributes["high"]) == pytest.approx((low, high))
    xr.testing.assert_equal(true.drop_vars("label_error"), stated.drop_vars("label_error"))


def _read(file: Path) -> xr.Dataset:
    from errorneurons.analysis.readers.nwb.reader import mapping_template, parse_mapping, read_nwb

    (session,) = read_nwb(file, parse_mapping(mapping_template(file))).children.values()
    return session.to_dataset()


def test_a_demo_recording_of_calcium_is_one_that_check_can_read(run: Run) -> None:
    run(*demo("--animals", "1", "--cells", "4", "--trials", "2", "--instrument", "calcium",
              "--areas", "area 2, area 4", "--efficacy", "0.8", "--off-target", "0.1"))  # fmt: skip
    run("inspect", "x.nwb")
    said = run("check", "x.nwb", "--mapping", "x.toml").stdout
    assert "x.nwb obeys the dataset contract: 1 session, 1 animal" in said
    assert "16 units" in said


def test_a_virtual_recording_of_tufts_comes_back_from_nwb(tmp_path: Path) -> None:
    from errorneurons.analysis.readers.nwb.reader import write_nwb
    from errorneurons.analysis.session.schema import FIELDS
    from errorneurons.analysis.session.session import collect
    from errorneurons.simulate.animals.animals import Animals
    from errorneurons.simulate.animals.runner import sessions
    from errorneurons.simulate.experiments.outcome import with_learning
    from errorneurons.simulate.instrument.instrument import TWO_PHOTON_TUFTS
    from errorneurons.simulate.theories.registry import theory

    tufts, tried = replace(TWO_PHOTON_TUFTS, cells=3), replace(with_learning(2), repeats=2)
    (made,) = sessions(theory("dendritic_pc"), tried, Animals(1), tufts)
    assert any("tuft" in str(kind) for kind in made["cell_type"].values)
    back = _read(write_nwb(collect([made]), tmp_path / "x.nwb")).drop_vars("trial_start")
    of_contract = made.drop_vars(set(made.variables) - set(FIELDS) - set(made.data_vars))
    xr.testing.assert_allclose(back, of_contract)
    assert back["rate"].attrs == made["rate"].attrs


def test_what_is_given_twice_is_planned_once(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    from errorneurons.predictions.comparing import plan as planning

    asked: list[planning.Grid] = []

    def stopped(grid: planning.Grid, *_: object) -> None:
        asked.append(grid)
        raise ValueError("enough")

    monkeypatch.setattr(planning, "plan", stopped)
    twice = ("--manipulation", "drive", "--manipulation", "drive", "--areas", "4,1,1")
    assert "enough" in refusal(run(*plan(*twice, "--animals", "8,4", "--animals", "6")))
    assert (asked[0].manipulations, asked[0].areas) == (("drive",), (1, 4))
    assert (asked[0].animals, asked[0].cells) == ((4, 6, 8), (4, 12, 36))


def test_what_is_missing_is_said_once_and_in_words(example_nwb: Path) -> None:
    from errorneurons.predictions.claims.registry import claim

    session = _read(example_nwb)
    lack = claim("P06b").effect(session)
    assert "The trials carry no `performance`" in lack.what
    lack = claim("P02").effect(session)
    assert lack.what.startswith("no trials with novel input and no teaching signal; ")


def test_comparisons_ask_for_worlds_enough_to_leave_a_theory_out() -> None:
    (option,) = Worlds.__metadata__
    assert option.min == FEWEST_WORLDS


def test_names_are_given_with_commas_or_one_by_one() -> None:
    assert split_names(["a, b", "c", "a"]) == ["a", "b", "c"]
    assert split_names(None) == []


def test_what_is_known_by_its_name_alone_is_in_the_registries() -> None:
    assert tuple(a.name for a in ABLATIONS) == ABLATION_NAMES
    assert tuple(t.name for t in TASKS) == TASK_NAMES
    assert {c.key: c.name for c in CLAIMS} == CLAIM_NAMES
    assert [c.key for c in CLAIMS] == [*CLAIM_NAMES]
    assert tuple(MANIPULATIONS) == MANIPULATION_NAMES
    assert tuple(READERS) == FILE_ENDINGS
    assert tuple(r.name for r in PUBLISHED_RESULTS) == RESULT_NAMES


def test_what_is_meant_by_a_word_is_in_the_registries() -> None:
    assert all(theory(name) for meant in CALLED.values() for name in meant)
    assert all(ablation(name) for meant in ABLATIONS_CALLED.values() for name in meant)


@pytest.mark.parametrize(
    ("word", "meant"),
    [("whittington", "supervised_pc"), ("Rao & Ballard 1999", "hierarchical_pc"),
     ("sacramento2018", "dendritic_microcircuit"), ("payeur", "burst_dependent"),
     ("predictive coding", "hierarchical_pc' or 'supervised_pc' or 'mismatch_neurons"),
     ("dendrtic_microcircuit", "dendritic_microcircuit")],
)  # fmt: skip
def test_a_theory_is_found_by_what_it_is_called(word: str, meant: str) -> None:
    with pytest.raises(ValueError, match=f"did you mean '{meant}'\\?$"):
        theory(word)


@pytest.mark.parametrize("command", ["report", "ablate", "sweep", "inspect", "compare", "plan"])
def test_help_says_what_is_to_be_given_in_words(run: Run, command: str) -> None:
    said = run(command, "--help").stdout
    assert not [kind for kind in ("TEXT", "list[", " <", "INTEGER") if kind in said]


@pytest.mark.parametrize(
    "words",
    [("report", "--theory", "typo"), ("compare", "nofile.nwb"), ("ablate", "--ablation", "typo"),
     ("simulate", "novelty", "--theory", "typo", "--out", "o"), ("reproduce", "typo")],
)  # fmt: skip
def test_a_slip_of_the_pen_does_not_wait_for_heavy_libraries(words: tuple[str, ...]) -> None:
    program = (
        "import sys\n"
        "from errorneurons.predictions.commands.cli import main\n"
        f"sys.argv = ['errorneurons', *{words}]\n"
        "try:\n    main()\nexcept SystemExit as end:\n    assert end.code == 2\n"
        "print(' '.join(sys.modules))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert not {"numba", "matplotlib", "pynwb", "sklearn"} & set(done.stdout.split())


def test_a_report_of_few_asks_their_claims_and_draws_their_figures(run: Run) -> None:
    chosen = ("--theory", "adaptation,supervised_pc", "--claim", "P02", "--networks", "2")
    done = run("report", *chosen, "--name", "Of few", "--out", "out", "--figures", "figures")
    assert "(4 of 4)" in done.stderr
    known = json.loads(Path("out/verdicts.json").read_text(encoding="utf-8"))
    assert known["title"] == "Of few"
    assert [c["key"] for c in known["claims"]] == ["P02"]
    assert [s["name"] for s in known["subjects"]] == [
        THEORIES[0].name, "adaptation", "supervised_pc", "sensory_leak",
    ]  # fmt: skip
    assert sorted(p.name for p in Path("figures").iterdir()) == [
        "P02.csv", "P02.pdf", "P02.png", "P02.svg",
    ]  # fmt: skip
    rows = Path("figures/P02.csv").read_text(encoding="utf-8").splitlines()
    assert rows[1].startswith("P02,error_microcircuit,networks,network-000,")
    assert "#030303" not in Path("figures/P02.svg").read_text(encoding="utf-8")


def test_figures_of_a_recording_come_with_the_number_of_each_animal(
    run: Run, tmp_path: Path
) -> None:
    sessions = list(en.simulate("supervised_pc", "novelty", animals=2, repeats=3))
    (tmp_path / "recordings").mkdir()
    for k, session in enumerate(sessions):
        session.to_netcdf(tmp_path / "recordings" / f"{k}.nc")
    done = run("compare", "recordings", "--claims-only", "--figures", "figures", "--out", "out")
    assert done.exit_code == 0, done.stderr
    drawn = {p.stem for p in Path("figures").glob("*.pdf")}
    assert drawn
    rows = Path(f"figures/{min(drawn)}.csv").read_text(encoding="utf-8").splitlines()
    assert [row.split(",")[2:4] for row in rows[1:]] == [
        ["animals", str(s.attrs["animal"])] for s in sessions
    ]


def test_a_theory_of_ones_own_is_judged_beside_the_first_theory(run: Run) -> None:
    Path("mine.py").write_text(MINE, encoding="utf-8")
    chosen = ("--theory-file", "mine.py", "--claim", "P02", "--networks", "2")
    said = run("report", *chosen, "--out", "out").stdout
    assert [line.split()[1] for line in said.splitlines()[:3]] == [
        THEORIES[0].name, "mine", "sensory_leak",
    ]  # fmt: skip
    assert "my own theory" in Path("out/report.html").read_text(encoding="utf-8")
    again = run("report", *chosen, "--out", "out").stderr
    assert "all 3 taken from an earlier run" in again
    Path("mine.py").write_text(MINE.replace("0.016", "0.015"), encoding="utf-8")
    assert "2 of 3 taken from an earlier run" in run("report", *chosen, "--out", "out").stderr


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ((), "there is nothing to compare; give recordings, or groups with --group"),
        (("--group", "a"), "--group is 'a'; give a name and its files, e.g. controls=a.nwb,b.nwb"),
        (("--group", "a=x.nwb", "--group", "b=y.nwb"), "there is no file x.nwb"),
        (("--cost", "drive"), "give a manipulation and a number, e.g. drive=3"),
    ],
)
def test_groups_and_costs_that_make_no_sense_are_refused(
    run: Run, example_nwb: Path, words: tuple[str, ...], said: str
) -> None:
    files = [str(example_nwb)] if "--cost" in words else []
    assert said in refusal(run("compare", *files, *words))
