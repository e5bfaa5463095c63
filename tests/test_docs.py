"""The documentation names what the code has. Its examples run as doctests."""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from errorneurons.analysis.session.schema import ATTRIBUTES, FIELDS, Attribute, Field
from errorneurons.predictions.claims.registry import CLAIMS
from errorneurons.predictions.commands import cli
from errorneurons.simulate.experiments.columns import TRIAL_COLUMNS, Column
from errorneurons.simulate.experiments.experiment import Experiment
from errorneurons.simulate.experiments.registry import EXPERIMENTS
from errorneurons.simulate.theories.registry import THEORIES

ROOT = Path(__file__).parents[1]
DATASET = (ROOT / "docs" / "dataset.md").read_text(encoding="utf-8")
EXPERIMENTS_PAGE = (ROOT / "docs" / "experiments.md").read_text(encoding="utf-8")
README = (ROOT / "README.md").read_text(encoding="utf-8")
TUTORIAL = (ROOT / "docs" / "twenty_minutes.md").read_text(encoding="utf-8")
MINUTES_LONG = ("compare", "compare-results", "plan")
"""Commands of the tutorial that are run with `--slow` only."""
MADE_BY_THE_SITE = {"claims.md", "theory_list.md", "reference.md", "changelog.md"} | {
    f"gallery/{name}.html" for name in ("theories", "comparison", "plan", "ablations")
}
"""Pages that are written from the code when the site is built, or before."""
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")])


@pytest.mark.parametrize(
    "field", [f for f in (*FIELDS.values(), *ATTRIBUTES) if f.name != "time"], ids=lambda f: f.name
)
def test_the_contract_is_documented(field: Field | Attribute) -> None:
    what = field.long_name if isinstance(field, Field) else field.meaning
    row = next(line for line in DATASET.splitlines() if line.startswith(f"| `{field.name}` |"))
    cells = [cell.strip() for cell in row.split("|")[2:4]]
    assert cells[0] == ("yes" if field.required else "")
    assert cells[1].startswith(what)


@pytest.mark.parametrize("column", TRIAL_COLUMNS, ids=lambda c: c.name)
def test_the_columns_of_a_table_of_trials_are_documented(column: Column) -> None:
    row = next(x for x in EXPERIMENTS_PAGE.splitlines() if x.startswith(f"| `{column.name}` |"))
    default, values, meaning = (cell.strip() for cell in row.split("|")[2:5])
    assert meaning == column.meaning
    assert default == ("" if column.default is None else f"{column.default}")
    assert all(f"`{value}`" in values for value in column.values)
    assert column.units in ("", "1") or f"[{column.units}]" in values


@pytest.mark.parametrize("known", EXPERIMENTS, ids=lambda e: e.name)
def test_every_experiment_is_documented(known: Experiment) -> None:
    assert f"| `{known.name}` | {known.description} |" in EXPERIMENTS_PAGE


@pytest.mark.parametrize("name", [t.name for t in THEORIES] + [c.key for c in CLAIMS])
def test_the_readme_names_every_theory_and_claim(name: str) -> None:
    assert f"| `{name}` |" in README


@pytest.mark.parametrize("page", PAGES, ids=lambda p: p.name)
def test_links_between_pages_lead_somewhere(page: Path) -> None:
    targets = re.findall(r"\]\((?!https?:|#)([^)#]+)", page.read_text(encoding="utf-8"))
    assert not [t for t in targets if not (page.parent / t).exists() and t not in MADE_BY_THE_SITE]


def test_the_tutorial_runs_as_it_stands(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> None:
    monkeypatch.chdir(tmp_path)
    known: dict[str, Any] = {}
    said = ""
    for language, text in re.findall(r"```(\w+)\n(.*?)```", TUTORIAL, re.DOTALL):
        if language == "python":
            exec(text, known)
        elif language == "sh":
            said = "".join(printed(line) for line in text.splitlines() if wanted(line, request))
        else:
            shown = [re.escape(line).replace(r"\.\.\.", ".*") for line in text.splitlines()]
            assert not [line for line in shown if not re.search(f"(?m)^{line}$", said)]


def wanted(line: str, request: pytest.FixtureRequest) -> bool:
    """Return whether a command is run: not those that take minutes, unless asked for."""
    return line.split()[1] not in MINUTES_LONG or bool(request.config.getoption("--slow"))


def printed(line: str) -> str:
    """Run a command and return what it prints."""
    program, *words = shlex.split(line)
    result = CliRunner().invoke(cli.app, words, prog_name=program)
    assert result.exit_code == (1 if words[0] == "compare-results" else 0), result.output
    return result.output
