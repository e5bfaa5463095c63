"""What is kept is made again when what it rests on is edited, and only then."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from errorneurons.analysis.door import open_recording
from errorneurons.predictions.comparing.shards import worlds_key
from errorneurons.predictions.studies import theories
from errorneurons.simulate.animals.animals import Animals
from errorneurons.simulate.store import keys
from errorneurons.simulate.store.work import Labour, silently

Edit = Callable[[str, str, str], dict[str, str]]
NAMES = ("adaptation", "supervised_pc")
CLAIM = "predictions.claims.silencing_evokes_no_error"
EQUATION = ("simulate.theories.adaptation", "(1 - state.a)", "(2 - state.a)")


@pytest.fixture
def edit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Edit]:
    """Return what edits a module, and returns the keys of the report's subjects thereafter."""
    original = keys._file

    def edited(module: str, old: str, new: str) -> dict[str, str]:
        name = f"errorneurons.{module}"
        path = original(name)
        assert path is not None
        text = path.read_text(encoding="utf-8")
        assert old in text
        copy = tmp_path / f"{module}.py"
        copy.write_text(text.replace(old, new), encoding="utf-8")
        monkeypatch.setattr(keys, "_file", lambda asked: copy if asked == name else original(asked))
        keys.source_hash.cache_clear()
        return known()

    yield edited
    monkeypatch.undo()
    keys.source_hash.cache_clear()


def known() -> dict[str, str]:
    return {name: theories._piece(name, Animals(), Path()).key for name in NAMES}


@pytest.mark.parametrize(
    ("old", "new"),
    [("protocol.SILENCED, below,", "protocol.DRIVEN, below,"), ("1 / 9", "1 / 8"),
     ('off", protocol.SILENCED)', 'off", protocol.DRIVEN)')],
    ids=["effect", "threshold", "conditions of a picture"],
)  # fmt: skip
def test_an_edited_claim_makes_all_subjects_of_the_report_again(
    edit: Edit, old: str, new: str
) -> None:
    before, after = known(), edit(CLAIM, old, new)
    assert all(before[name] != after[name] for name in NAMES)


def test_an_edited_equation_makes_the_subjects_of_that_theory_again(edit: Edit) -> None:
    before, after = known(), edit(*EQUATION)
    assert before["adaptation"] != after["adaptation"]
    assert before["supervised_pc"] == after["supervised_pc"]


def test_an_edited_equation_makes_the_worlds_of_that_theory_again(edit: Edit) -> None:
    def worlds() -> list[str]:
        return [worlds_key(name, Animals(worlds=40)) for name in NAMES]

    before = worlds()
    edit(*EQUATION)
    assert [a == b for a, b in zip(before, worlds(), strict=True)] == [False, True]


@pytest.mark.parametrize(
    ("module", "old", "new"),
    [("analysis.readers.nwb.reader", "Neurodata Without", "Data Without"),
     ("analysis.session.session", "Sessions: what simulated", "What simulated"),
     ("simulate.theories.adaptation", "one time step later", "a step later"),
     ("simulate.theories.registry", "SUBJECTS =", "MORE = 1\nSUBJECTS ="),
     ("simulate.theories.error_parts", "return -slope * r", "return slope * r"),
     ("simulate.theories.ranges", "0.01, 0.04", "0.01, 0.05"),
     ("simulate.experiments.registry", "EXPERIMENTS:", "MORE = 1\nEXPERIMENTS:"),
     ("simulate.experiments.silencing", "EXPERIMENTS =", "MORE = 1\nEXPERIMENTS =")],
    ids=["docstring of NWB", "docstrings of sessions", "docstring of a theory", "registry",
         "part of another theory", "range of another theory", "experiments", "an experiment"],
)  # fmt: skip
def test_docstrings_further_entries_and_what_others_rest_on_make_nothing_again(
    edit: Edit, module: str, old: str, new: str
) -> None:
    before = known()
    assert edit(module, old, new) == before


def test_sessions_are_left_only_where_they_are_asked_for(tmp_path: Path) -> None:
    for asked in (False, True):
        theories.simulate_all(
            ["adaptation"],
            Animals(1),
            tmp_path,
            silently,
            Labour(1),
            sessions=asked,
        )
        left = list(tmp_path.glob("sessions/*.nc"))
        assert len(left) == asked
    with open_recording(left[0]) as sessions:
        assert list(sessions.children)
