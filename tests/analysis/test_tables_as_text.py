"""Tables as spreadsheets and scripts write them: no value slips a column, no word is lost."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from errorneurons.analysis.readers import whole_rows
from errorneurons.analysis.readers.tables import event_table, frame_columns
from errorneurons.analysis.session.contract import DoorError


def column(folder: Path, text: str, name: str = "x", file: str = "trials.csv") -> list[object]:
    (folder / file).write_text(text, encoding="utf-8")
    found: list[object] = event_table(folder / file).plain(name).tolist()
    return found


@pytest.mark.parametrize(
    "text",
    [
        "x,kind\n1.5,a\n2,b\n",
        "\ufeffx,kind\n1.5,a\n2,b\n",
        "x, kind\n1.5, a\n2, b",
        "x;kind\n1.5;a\n2;b\n",
        "x;kind\n1,5;a\n2;b\n",
        "x\tkind\n1,5\ta\n2\tb\n",
    ],
)
def test_a_table_is_the_same_whatever_stands_between_its_columns(tmp_path: Path, text: str) -> None:
    assert column(tmp_path, text) == [1.5, 2.0]
    assert column(tmp_path, text, "kind") == ["a", "b"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("x,y\n1,5,2\n2,5,3\n", "2 names of columns, and 3 values in its first row; give each"),
        ("x,y\n1,2,\n2,3,\n", "2 names of columns, and 3 values in its first row; give each"),
        ("0.5,1\n0.7,2\n", "begins with 0.5, no name of a column; write the names above the"),
        ("x,y,x\n1,2,3\n", "has two columns `x`; give each a name of its own"),
        ("x,y\n1,2\n3", "has 2 columns, its last row has 1; it is cut short, copy it again"),
        ("x,y\n1,2\n3\n\n", "has 2 columns, its last row has 1; it is cut short, copy it again"),
        ("x,y,z\n1,2,3\n\n4,5\n7,8,9\n", "has 3 columns, its line 4 has 2; mend it, with nothing"),
        ('x,y\n"a,b",2\n"c\nd"\n1,2\n', "has 2 columns, its line 4 has 1; mend it, with nothing"),
        ("x,y\r1,2\r3\r4,5\r", "has 2 columns, its line 3 has 1; mend it, with nothing"),
        ("x,y\n1,2.25\n2,3.25\n3,4.", "ends in '4.' without an end of line, shorter than"),
        ("x,y\n1,2.25\n2,3.25\n3,", "ends in '' without an end of line, shorter than what"),
        ("x,y\n1,grating\n2,a\n3,grat", "ends in 'grat' without an end of line, shorter than"),
    ],
)
def test_values_that_slip_a_column_are_refused(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(DoorError, match=message):
        column(tmp_path, text)


def test_empty_values_and_rows_are_no_rows_cut_short(tmp_path: Path) -> None:
    assert column(tmp_path, "x,y\r\n1,\r\n\r\n,2\r\n \r\n", "y")[1] == 2
    assert column(tmp_path, 'x,y\n"1\n\n",a\n\n"2",b\n', "y") == ["a", "b"]


def test_rows_are_counted_over_all_pieces_of_a_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(whole_rows, "_PIECE", 7)
    text = "x,y\n" + "1,2\n" * 20
    assert len(column(tmp_path, text)) == 20
    with pytest.raises(DoorError, match="has 2 columns, its line 22 has 1; mend it"):
        column(tmp_path, f"{text}3\n4,5\n")


def test_a_last_value_that_may_be_cut_short_is_a_caution(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("x,y\n1,2\n2,31")
    said = "a.csv ends without an end of line: if it was cut short, so is its 31"
    assert event_table(tmp_path / "a.csv").doubts == (said,)
    (tmp_path / "a.csv").write_text("x,y\n1,2\n2,31\n")
    assert event_table(tmp_path / "a.csv").doubts == ()


def test_columns_may_be_numbered(tmp_path: Path) -> None:
    assert column(tmp_path, "0,1\n0.7,2\n", "1") == [2]


def test_a_last_row_wider_than_what_is_looked_at_is_whole(tmp_path: Path) -> None:
    names = ",".join(f"c{k}" for k in range(20_000))
    assert column(tmp_path, f"{names}\n{','.join(['7.5'] * 20_000)}\n", "c9") == [7.5]


def test_words_for_nothing_in_some_language_are_words(tmp_path: Path) -> None:
    assert column(tmp_path, "x\nNone\nnull\nNA\n") == ["None", "null", ""]
    assert column(tmp_path, "x,y\nNone,1\n,2\nnan,3\n") == ["None", "", ""]


def test_numbers_that_are_names_keep_their_zeros(tmp_path: Path) -> None:
    assert column(tmp_path, "x,y\n007,1\n11,2\n") == ["007", "11"]
    assert column(tmp_path, "x,y\n0,1\n11,2\n") == [0, 11]


def test_a_frame_with_two_columns_of_one_name_is_refused() -> None:
    with pytest.raises(DoorError, match="a table has two columns `x`; give each a name"):
        frame_columns(pd.DataFrame(np.zeros((2, 2)), columns=["x", "x"]))


def test_dates_are_no_seconds() -> None:
    held = frame_columns(pd.DataFrame({"x": pd.to_datetime([1.0, 2.0], unit="s", utc=True)}))
    with pytest.raises(DoorError, match="`x` holds dates or durations; write seconds on the clock"):
        held.array("x")
