"""What a mapping file may say, and what is answered if it is wrong."""

from __future__ import annotations

from pathlib import Path

import pytest

from errorneurons.analysis.mapping import MappingError, load_mapping, parse_mapping

GOOD = """
[session]
animal = { constant = "m1" }
session_id = { constant = "s1" }
[events]
table = "trials"
time_zero = "start_time"
start = -0.1
stop = 0.3
bin_width = 0.1
[trial]
stimulus = "kind"
input_onset = "start_time"
[unit]
area = "region"
role = { constant = "unknown" }
"""


def test_a_bare_text_names_a_column() -> None:
    assert parse_mapping(GOOD).trial["stimulus"].column == "kind"


def test_the_window_is_a_whole_number_of_bins() -> None:
    assert parse_mapping(GOOD).events.bins == 4


def test_the_digest_depends_on_what_is_said_and_not_on_comments() -> None:
    same, other = GOOD + "# a comment", GOOD.replace("m1", "m2")
    assert parse_mapping(GOOD).digest == parse_mapping(same).digest
    assert parse_mapping(GOOD).digest != parse_mapping(other).digest


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("[trial]", "[trials]", "`trials` is unknown; did you mean `trial`?"),
        ("time_zero", "time_zro", "`time_zro` is unknown; did you mean `time_zero`?"),
        ("input_onset", "input_onsets", "`input_onsets` is unknown; did you mean `input_onset`?"),
        ("animal", "animals", r"\[session\] `animal` is missing; say where it comes from"),
        ("start = -0.1", "start = 'soon'", r"\[events\] `start` is 'soon'; input should be"),
        ("bin_width = 0.1", "bin_width = 0.15", "0.4 s are no whole number of bins of 0.15 s"),
        ("bin_width = 0.1", "bin_width = -1", "give start < stop and a bin_width above 0"),
        ("bin_width = 0.1", "", r"\[events\] `bin_width` is missing; add it"),
        ("constant = \"m1\"", "constat = \"m1\"", "`animal.constat` is unknown; did you mean"),
        ("{ constant = \"m1\" }", "{}", "metadata, constant, combine, during; found none"),
        ("[session]", "[session", "this is no TOML: "),
        ("\n[session]", "\nlabels = 'localizer'\n[session]", "`labels` is 'localizer', which is"),
    ],
)  # fmt: skip
def test_a_wrong_line_is_named_with_its_mend(old: str, new: str, message: str) -> None:
    with pytest.raises(MappingError, match=message):
        parse_mapping(GOOD.replace(old, new, 1))


def test_everything_that_is_wrong_is_named_at_once() -> None:
    wrong = GOOD.replace("time_zero", "zero").replace("area", "aera").replace("-0.1", "'x'")
    with pytest.raises(MappingError, match="`zero` is unknown") as caught:
        parse_mapping(wrong)
    lines = str(caught.value).splitlines()
    assert len(lines) == 5
    assert lines[1] == "[unit] `aera` is unknown; did you mean `area`?"


def test_a_missing_mapping_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(
        MappingError, match=r"there is no mapping file .*m.toml; `errorneurons insp"
    ):
        load_mapping(tmp_path / "m.toml")


def test_an_error_names_its_file(tmp_path: Path) -> None:
    (tmp_path / "m.toml").write_text("x = 1")
    with pytest.raises(MappingError, match=r"^m.toml: `x` is unknown"):
        load_mapping(tmp_path / "m.toml")


def test_a_binary_file_is_no_mapping(tmp_path: Path) -> None:
    (tmp_path / "m.toml").write_bytes(b"\x89HDF\xff\xfe")
    with pytest.raises(MappingError, match=r"m.toml is no text; give a mapping file, TOML"):
        load_mapping(tmp_path / "m.toml")
