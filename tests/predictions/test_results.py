"""Results for programs: their schema, and what differs between two of them."""

from __future__ import annotations

import json
from dataclasses import replace
from importlib import resources
from pathlib import Path
from typing import Any

import jsonschema
import pandas as pd
import pytest
from typer.testing import CliRunner, Result

from errorneurons.analysis.evidence.weigh import Evidence
from errorneurons.analysis.statistics import Interval
from errorneurons.predictions.claims.claim import Outcome
from errorneurons.predictions.commands import cli
from errorneurons.predictions.comparing.steps import NextSteps, Step
from errorneurons.predictions.judging.readiness import Readiness, Ready
from errorneurons.predictions.pages.page import render, verdicts_json
from errorneurons.predictions.pages.results import RESULT_VERSION, differences, read_result
from errorneurons.predictions.studies.findings import Report, references
from errorneurons.simulate.theories.papers import PAPERS
from errorneurons.simulate.theories.registry import COUNTER_CIRCUITS, SUBJECTS, THEORIES

TEMPLATES = resources.files("errorneurons.predictions") / "templates"
SCHEMA = json.loads((TEMPLATES / "verdicts.schema.json").read_text(encoding="utf-8"))
REPORTS = ("of_theories", "of_animals", "untestable", "in_families")
NAMES = ("error_microcircuit", "supervised_pc")
EACH = dict.fromkeys(NAMES, 0.5)
NONE = pd.DataFrame()
EVIDENCE = Evidence(
    EACH, EACH, NAMES, NAMES[:1], "several", (NAMES[:1], NAMES[1:]), ("P02",), {"P11": "one day"},
    Interval(0.9, 0.8, 1.0, ""), 40, NONE, NONE, NONE, NONE, 0.01, NONE, NONE, NONE, EACH,
    "ridge", {}, dict.fromkeys(NAMES, 40),
)  # fmt: skip
STEPS = NextSteps("More.", (Step("As it is", "Six animals.", 0.9, 0.8, 1.0, 6.0),), NONE)


def written(report: Report, path: Path) -> Path:
    path.write_text(verdicts_json(report), encoding="utf-8")
    return path


def compared(*words: Path | str) -> Result:
    return CliRunner().invoke(cli.app, ["compare-results", *map(str, words)])


@pytest.fixture
def report(example: Any) -> Report:
    """Return a fabricated report of a recording with all that one may hold."""
    made = example.of_animals()
    ready = Ready((Readiness(made.claims[0], "no", "One day.", "Record two.", 1),), "Few.", "More.")
    return replace(made, ready=ready, evidence=EVIDENCE, steps=STEPS, references=references(NAMES))


@pytest.fixture
def first(report: Report, tmp_path: Path) -> Path:
    return written(report, tmp_path / "verdicts.json")


@pytest.mark.parametrize("name", REPORTS)
def test_every_result_obeys_the_schema(example: Any, name: str) -> None:
    made = replace(getattr(example, name)(), references=references([t.name for t in THEORIES]))
    jsonschema.validate(json.loads(verdicts_json(made)), SCHEMA)


def test_the_schema_describes_all_that_is_written(report: Report) -> None:
    content = json.loads(verdicts_json(report))
    assert list(content) == SCHEMA["required"] == list(SCHEMA["properties"])
    jsonschema.validate(content, SCHEMA)
    for plural in ("references", "subjects", "claims", "verdicts", "next"):
        assert set(content[plural][0]) == set(SCHEMA["properties"][plural]["items"]["properties"])
    for one in ("ready", "evidence"):
        assert set(content[one]) == set(SCHEMA["properties"][one]["properties"])


def test_the_version_is_that_of_the_schema() -> None:
    assert SCHEMA["properties"]["schema_version"]["const"] == RESULT_VERSION
    jsonschema.Draft202012Validator.check_schema(SCHEMA)


def test_a_result_is_the_same_as_itself(first: Path) -> None:
    result = compared(first, first.parent)
    assert result.exit_code == 0
    assert result.stdout == "The results are the same.\n"


def test_outcomes_values_and_claims_that_differ_are_told(report: Report, first: Path) -> None:
    verdicts = list(report.verdicts)
    verdicts[0] = replace(verdicts[0], outcome=Outcome.UNDECIDED, value=0.5, low=0.25, high=0.75)
    verdicts[4] = replace(verdicts[4], value=verdicts[4].value + 3)
    changed = replace(report, verdicts=tuple(verdicts[:-1]), configuration={"seed": 7})
    result = compared(first, written(changed, first.parent / "other.json"))
    assert result.exit_code == 1
    told = result.stdout.splitlines()
    assert told[0].endswith(" -> UNDECIDED 0.50 [0.25, 0.75]")
    assert told[1].startswith(f"{verdicts[4].claim} on the recording: ")
    assert told[2] == f"{report.verdicts[-1].claim} on the recording: only in the first"
    assert "-> 7" in result.stderr


def test_values_within_the_tolerance_are_the_same(report: Report, first: Path) -> None:
    moved = [replace(v, value=v.value + 0.005) for v in report.verdicts]
    other = written(replace(report, verdicts=tuple(moved)), first.parent / "other.json")
    assert not differences(read_result(first), read_result(other))
    assert compared(first, other, "--tolerance", "0").exit_code == 1


def test_evidence_in_one_result_only_is_told(report: Report, first: Path) -> None:
    other = written(replace(report, evidence=None), first.parent / "other.json")
    assert "theories: weighed only in the first" in compared(first, other).stdout.splitlines()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (None, "there is no file "),
        ("verdicts", " is no JSON; give the verdicts.json of report or compare"),
        ("[]", " is no result: all of it: Input should be"),
        ('{"subjects": []}', " is no result: verdicts: Field required; give the verdicts.json"),
        ('{"subjects": [], "verdicts": [], "schema_version": 9}', " is of version 9 and known is"),
    ],
)
def test_what_is_no_result_is_refused(first: Path, text: str | None, message: str) -> None:
    other = first.parent / "other.json"
    if text is not None:
        other.write_text(text, encoding="utf-8")
    result = compared(first, other)
    assert result.exit_code == 2
    assert message in result.stderr


@pytest.mark.parametrize("name", [t.name for t in THEORIES if not t.variant_of])
def test_every_theory_has_its_papers(name: str) -> None:
    assert PAPERS[name]


def test_all_papers_are_those_of_theories() -> None:
    assert {*PAPERS} <= {t.name for t in THEORIES}


def test_references_are_listed_once_and_on_the_page(example: Any) -> None:
    found = references([t.name for t in SUBJECTS])
    assert len({r.text for r in found}) == len(found)
    made = render(replace(example.of_animals(), references=found))
    assert made.count("<li>Rao, Ballard (1999).") == 1
    assert all(f"https://doi.org/{r.doi}" in made for r in found)


def test_a_counter_circuit_cites_the_model_alone() -> None:
    (paper,) = references([COUNTER_CIRCUITS[0].name])
    assert paper.doi == "10.1371/journal.pcbi.1014164"
