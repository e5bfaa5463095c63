import csv
import io
import json
import re
import subprocess
import sys
from collections import Counter
from dataclasses import replace
from html.parser import HTMLParser
from itertools import pairwise

import pytest

from errorneurons.predictions.claims.claim import Outcome, Verdict
from errorneurons.predictions.pages.cards import card
from errorneurons.predictions.pages.matrix import Book
from errorneurons.predictions.pages.page import render, verdicts_csv, verdicts_json, write

VOID = {"meta", "br", "img", "hr", "input", "link"}
NAMES = ("of_theories", "of_animals", "untestable", "in_families")


class Page(HTMLParser):
    """Collects what the tests ask about, and that every element is closed in order."""

    def __init__(self, text):
        super().__init__()
        self.open, self.elements, self.words = [], [], []
        self.feed(text)
        assert not self.open

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if self.open and self.open[-1] not in ("style", "script"):
            self.words.append(data)

    def attributes(self, tag):
        return [attrs for name, attrs in self.elements if name == tag]

    @property
    def text(self):
        return " ".join(" ".join(self.words).split())


@pytest.fixture(params=NAMES)
def page(request, pages):
    return Page(pages[request.param])


def only(report, subject, **changes):
    """The report with one subject, whose verdicts are changed."""
    return replace(
        report,
        subjects=tuple(s for s in report.subjects if s.name == subject),
        verdicts=tuple(replace(v, **changes) for v in report.verdicts if v.subject == subject),
    )


def test_ids_are_unique(page):
    ids = [attrs["id"] for _, attrs in page.elements if "id" in attrs]
    assert [i for i, n in Counter(ids).items() if n > 1] == []


def test_every_link_within_the_page_has_its_target(page):
    ids = {attrs["id"] for _, attrs in page.elements if "id" in attrs}
    links = {a["href"][1:] for _, a in page.elements if a.get("href", "").startswith("#")}
    assert links <= ids


def test_headings_are_in_order(page):
    levels = [int(tag[1]) for tag, _ in page.elements if re.fullmatch("h[1-6]", tag)]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(b - a <= 1 for a, b in pairwise(levels))


def test_every_figure_is_described_in_words(page):
    drawings = [a for a in page.attributes("svg") if a.get("aria-hidden") != "true"]
    assert drawings
    assert all(len(a["aria-label"]) > 20 and a["role"] == "img" for a in drawings)


def test_header_cells_of_tables_say_what_they_head(page):
    heads = page.attributes("th")
    assert heads
    assert all(a["scope"] in ("col", "row", "rowgroup") for a in heads)


def test_nothing_outside_is_loaded_and_only_citations_lead_outside(page):
    assert not [tag for tag, a in page.elements if "src" in a or tag in ("link", "iframe", "img")]
    links = [a["href"] for _, a in page.elements if "://" in a.get("href", "")]
    assert links
    assert all(link.startswith("https://doi.org/10.") for link in links)


def test_styles_load_nothing(pages):
    assert not re.search(r"@import|url\((?!#)", pages["of_theories"])


def test_numbers_that_are_none_are_words(page):
    assert not re.search(r"\bnan\b|\binf\b|\bNone\b", page.text, re.IGNORECASE)


def test_the_answer_comes_first(page, pages):
    text = page.text
    assert text.index("The answer") < text.index("What was compared") < text.index("Claim ")


def test_a_page_stays_under_five_megabytes(pages):
    assert max(len(text.encode()) for text in pages.values()) < 5e6


def test_every_verdict_is_a_symbol_and_a_word_in_the_matrix(theories, pages):
    cells = re.findall(
        r'class="symbol" aria-hidden="true">(.)</span> (\w[\w ]*)</a>', pages[NAMES[0]]
    )
    assert len(cells) == len(theories.verdicts)
    assert set(cells) <= {
        ("✓", "Supported"), ("✗", "Contradicted"), ("?", "Undecided"), ("–", "Not testable"),
    }  # fmt: skip


def test_a_page_without_testable_claims_says_what_is_missing_and_what_would_answer(example, pages):
    text = Page(pages["untestable"]).text
    for verdict in example.untestable().verdicts:
        assert verdict.reason in text
        assert verdict.remedy in text
    assert "within this session only" in text


def test_a_recording_stands_beside_what_theories_expect(pages):
    assert "Expected: supervised pc" in pages["of_animals"]
    assert "Tells apart" in pages["of_animals"]


def test_a_claim_that_survives_its_counter_circuit_is_named_among_the_doubts(theories):
    spared = replace(
        theories,
        verdicts=tuple(
            replace(v, outcome=Outcome.SUPPORTED) if v.subject == "sensory_leak" else v
            for v in theories.verdicts
        ),
        claims=(replace(theories.claims[0], counter_circuit="sensory_leak"),),
    )
    assert "P02 is supported, not contradicted, where it must fail" in render(spared)


def test_a_page_of_families_names_the_variants_that_escape_a_claim(pages):
    text = Page(pages["in_families"]).text
    assert "contradicted throughout but for supervised pc, fast" in text
    assert "Rivals as families" not in Page(pages["of_theories"]).text


def test_a_variant_stands_in_its_family_and_not_in_the_matrix(example, pages):
    report = example.in_families()
    variant = report.families[1].members[-1]
    page = Page(pages["in_families"])
    assert f"subject-{variant.name.replace('_', '-')}" in {a.get("id") for _, a in page.elements}
    matrix = pages["in_families"].split('id="matrix-main"')[1].split("</table>")[0]
    assert variant.label not in matrix


def test_the_json_says_how_far_each_family_contradicts_a_claim(example):
    found = {
        f["family"]: f["claims"]
        for f in json.loads(verdicts_json(example.in_families()))["families"]
    }
    assert found["supervised"]["P02"] == {
        "reach": "contradicted throughout but for", "escaped": ["supervised_pc_fast"],
    }  # fmt: skip


def test_text_of_a_report_is_escaped(theories):
    evil = '<script>alert("x")</script>'
    claim = replace(
        theories.claims[0], sentence=evil, mechanism=evil, source=evil + "doi:10.1/" + evil
    )
    hostile = replace(
        only(theories, "supervised_pc", reason=evil, statistics={evil: evil}),
        title=evil, answer=evil, claims=(claim,), methods=(evil,), configuration={evil: evil},
        command=evil, doubts=(evil,),
        subjects=(replace(theories.subjects[1], label=evil, notes=(evil,)),),
    )  # fmt: skip
    text = render(hostile)
    Page(text)
    assert text.count("<script>") == 1
    assert "&lt;script&gt;" in text


def test_names_may_be_long_and_alike(theories):
    long = "a very long name of a subject, " * 12
    subjects = tuple(
        replace(s, name=f"a{'!' * i}", label=f"{long}{i}") for i, s in enumerate(theories.subjects)
    )
    verdicts = tuple(
        Verdict("P02", s.name, Outcome.UNDECIDED, long, value=1.0, low=0.5, high=2.0)
        for s in subjects
    )
    report = replace(theories, subjects=subjects, verdicts=verdicts, activity={})
    ids = [a["id"] for _, a in Page(render(report)).elements if "id" in a]
    assert len(ids) == len(set(ids))


def test_values_that_do_not_exist_are_words(theories):
    nan = float("nan")
    empty = only(theories, "supervised_pc", value=nan, low=nan, high=nan, points=(), n=0)
    text = Page(render(empty)).text
    assert "no value" in text
    assert not re.search(r"\bnan\b", text)


def test_a_report_without_claims_is_still_a_page(theories):
    assert "What was compared" in Page(render(replace(theories, claims=(), verdicts=()))).text


def test_files_are_written_under_stable_names_and_nothing_else(theories, tmp_path):
    page = write(replace(theories, activity={}), tmp_path / "new" / "folder")
    assert page.name == "report.html"
    names = ["report.html", "verdicts.csv", "verdicts.json"]
    assert sorted(p.name for p in page.parent.iterdir()) == names


def test_the_same_report_gives_the_same_page(theories):
    one = replace(theories, claims=theories.claims[:1])
    assert render(one) == render(one)


def test_every_verdict_is_a_line_of_the_csv(theories):
    lines = list(csv.DictReader(io.StringIO(verdicts_csv(theories))))
    assert [(r["claim"], r["subject"], r["outcome"]) for r in lines] == [
        (v.claim, v.subject, v.outcome) for v in theories.verdicts
    ]


def test_a_value_that_does_not_exist_is_an_empty_field(example):
    lines = list(csv.DictReader(io.StringIO(verdicts_csv(example.untestable()))))
    assert {r["value"] for r in lines} == {""}


def test_the_json_holds_verdicts_and_configuration(theories):
    content = json.loads(verdicts_json(theories), parse_constant=pytest.fail)
    assert len(content["verdicts"]) == len(theories.verdicts)
    assert content["configuration"]["seed"] == 1


def test_importing_the_report_does_not_load_plotting():
    code = "import errorneurons.predictions.pages.page, sys; sys.exit('matplotlib' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_a_card_of_many_shows_the_first_and_its_nearest_rival_and_folds_the_others(theories):
    shown = card(Book(theories), theories.claims[0])
    first, *rest = [c.subject.name for c in shown.near if c.subject.kind != "counter_circuit"]
    values = {v.subject: v.value for v in theories.verdicts if v.claim == theories.claims[0].key}
    rivals = {c.subject.name for c in shown.others} | set(rest)
    assert first == theories.subjects[0].name
    assert len(rest) <= 1
    assert len(rivals) + 1 == sum(s.kind != "counter_circuit" for s in theories.subjects)
    assert all(values[name] == values[name] for name in rest)


def test_cards_are_folded_and_their_anchors_lie_inside(page):
    cards = [a for a in page.attributes("details") if a.get("class") == "card"]
    assert cards
    assert not [a for a in cards if "open" in a]
