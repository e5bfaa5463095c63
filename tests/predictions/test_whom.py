"""Sentences on a recording of people speak of participants."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from errorneurons.predictions.claims.claim import Outcome, Verdict
from errorneurons.predictions.commands.cli import app
from errorneurons.predictions.judging.whom import said_of, verdict_of
from errorneurons.predictions.studies.recordings import tests_in_words as methods_of_tests


@pytest.mark.parametrize(
    ("sentence", "said"),
    [
        ("An animal a day.", "A participant a day."),
        ("Animals differ; record 5 animals.", "Participants differ; record 5 participants."),
        ("Say `animal` of each.", "Say `animal` of each."),
        ("in 2 of 3 animals", "in 2 of 3 participants"),
    ],
)
def test_animals_are_participants_where_people_were_recorded(sentence: str, said: str) -> None:
    assert said_of(sentence, "participant") == said
    assert said_of(sentence, "animal") == sentence


def test_check_of_a_patient_speaks_of_no_animal(example_nwb: Path) -> None:
    mapping = example_nwb.with_suffix(".toml")
    CliRunner().invoke(app, ["inspect", str(example_nwb), "--out", str(mapping)])
    text = mapping.read_text(encoding="utf-8")
    lines = [x for x in text.split("\n") if not x.startswith("species")]
    people = "[session]\nspecies = { constant = 'Homo sapiens' }"
    mapping.write_text("\n".join(lines).replace("[session]", people), encoding="utf-8")
    told = CliRunner().invoke(app, ["check", str(example_nwb), "--mapping", str(mapping)]).stdout
    assert "1 participant" in told
    assert "animal" not in told.replace("the animal's", "")


def test_verdicts_on_people_are_over_participants() -> None:
    seen = Verdict("P01", "mine", Outcome.SUPPORTED, "so", n=5, over="animals")
    assert verdict_of(seen, "participant").over == "participants"
    assert verdict_of(seen, "animal").over == "animals"


def test_methods_on_people_speak_of_participants() -> None:
    told = " ".join(methods_of_tests("participant"))
    assert "tested against 0 over participants by a one-sided Student t test" in told
    assert "animal" not in told.lower()
