"""Text stands in templates: whole, escaped where it is shown, and all of it used."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest
from jinja2 import UndefinedError

from errorneurons.predictions.texts import one_paragraph, paragraphs, typeset, written
from errorneurons.predictions.words import GLOSSES

ROOT = Path(__file__).parents[2] / "predictions"
TEMPLATES = ROOT / "templates"
LONGEST = 220
"""Letters of a text in a module: a sentence, no paragraph."""


def test_a_paragraph_may_be_wrapped_anywhere_and_ends_at_an_empty_line() -> None:
    first, second = paragraphs("methods/tests", {"fewest": 5})
    assert "\n" not in first + second
    assert "With fewer than 5 animals nothing is said of the population." in second


def test_a_paragraph_without_one_of_its_values_is_refused() -> None:
    with pytest.raises(UndefinedError, match="'fewest' is undefined"):
        paragraphs("methods/tests")


def test_paragraphs_are_plain_and_drawings_escaped() -> None:
    told = {
        "tested": ["P02"],
        "all": 15,
        "counts": ["<b> & co"],
        "one": "",
        "otherwise": (),
        "unlike": "",
    }
    assert "<b> & co" in one_paragraph("answers/unweighed", told)
    known = {"cut": (), "alt": "<b>", "lesion": True, "areas": 2, "skips": ()}
    assert 'aria-label="&lt;b&gt;"' in written("circuit.svg", known)


@pytest.mark.parametrize("word", GLOSSES)
def test_words_of_this_house_say_what_they_mean_when_pointed_at(word: str) -> None:
    assert typeset(f"<p>A {word}.</p>") == (
        f'<p>A <abbr title="{GLOSSES[word]}">{word}</abbr>.</p>'
    )
    as_they_are = f'<title>{word}</title><i title="{word}">a</i><code>{word}</code> a{word}'
    assert typeset(as_they_are) == as_they_are


@pytest.mark.parametrize("page", ["page", "plan", "ablations"])
def test_pages_share_a_frame(page: str) -> None:
    text = (TEMPLATES / f"{page}.html").read_text(encoding="utf-8")
    assert text.startswith('{% extends "base.html" %}')
    assert "<head>" not in text


def test_every_template_is_named_somewhere() -> None:
    files = [p for p in TEMPLATES.rglob("*") if p.is_file()]
    texts = [p.read_text(encoding="utf-8") for p in (*files, *ROOT.rglob("*.py"))]
    named = {name for text in texts for name in re.findall(r'"([\w./]+)"', text)}
    # the schema is for those who read results, see docs/results.md
    known = {p.relative_to(TEMPLATES).as_posix() for p in files if ".schema" not in p.name}
    assert {name.removesuffix(".txt") for name in known} <= named


def test_modules_hold_no_paragraphs() -> None:
    rooms = ("comparing", "pages", "studies", "judging", "commands")
    long = [
        f"{path.name}:{node.lineno}"
        for room in rooms
        for path in (ROOT / room).glob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.JoinedStr)
        and sum(len(v.value) for v in node.values if isinstance(v, ast.Constant)) > LONGEST
    ]
    assert not long
