from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from errorneurons.simulate.parts import connectivity
from errorneurons.simulate.parts.connectivity import (
    chain,
    dense,
    from_csv,
    macaque_binned,
    macaque_fln,
)


@pytest.mark.parametrize("make", [chain, dense, macaque_binned, macaque_fln])
def test_the_input_feeds_the_lowest_area_only(make: object) -> None:
    table = np.array(make(5))  # type: ignore[operator]
    assert table[:, 0].tolist() == [1, 0, 0, 0, 0]


@pytest.mark.parametrize("make", [chain, dense, macaque_binned, macaque_fln])
def test_projections_ascend(make: object) -> None:
    table = np.array(make(6))[:, 1:]  # type: ignore[operator]
    assert not np.triu(table).any()


def test_a_chain_links_neighbours_only() -> None:
    assert chain(3) == ((1, 0, 0, 0), (0, 1, 0, 0), (0, 0, 1, 0))


def test_a_dense_hierarchy_links_all() -> None:
    assert dense(3) == ((1, 0, 0, 0), (0, 1, 0, 0), (0, 1, 1, 0))


def test_the_binned_table_is_the_published_one() -> None:
    table = np.array(macaque_binned(7))[:, 1:]
    assert table[6].tolist() == [0, 0.316, 1, 0, 1, 0, 0]
    assert table[4].tolist() == [0.1, 0.316, 1, 0.316, 0, 0, 0]
    assert np.count_nonzero(table) == 14


def test_the_strongest_projection_is_1() -> None:
    table = np.array(macaque_fln(11))
    assert table[1, 1] == 1
    assert table[:, 1:].max() == 1


def test_strengths_keep_the_measured_decades() -> None:
    table = np.array(macaque_fln(("V1", "V2", "V4")))
    assert table[2, 1] == pytest.approx(10 ** (-1.88 + 0.12))


def test_the_exponent_compresses_the_decades() -> None:
    names = ("V1", "V2", "V4")
    once, half = np.array(macaque_fln(names)), np.array(macaque_fln(names, exponent=0.5))
    np.testing.assert_allclose(half, np.sqrt(once))


def test_unknown_areas_are_named_with_the_nearest() -> None:
    with pytest.raises(ValueError, match="area is 'TEOp', which is unknown; did you mean 'TEO'"):
        macaque_fln(("V1", "TEOp"))


def test_areas_out_of_order_are_refused() -> None:
    with pytest.raises(ValueError, match=r"area V2 .* follows V4 .*give areas from low to high"):
        macaque_fln(("V1", "V4", "V2"))


def test_too_many_areas_are_refused() -> None:
    with pytest.raises(ValueError, match="macaque_binned has 7 areas, not 8; give 1 to 7"):
        macaque_binned(8)


def test_a_users_table_is_read(tmp_path: Path) -> None:
    path = tmp_path / "mine.csv"
    path.write_text("source,target,strength\nA,B,1\nB,C,0.5\nA,C,.25\n")
    assert from_csv(path, "ABC") == ((1, 0, 0, 0), (0, 1, 0, 0), (0, 0.25, 0.5, 0))


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ("A,D,1", "target in row 3 of .* is 'D', which is unknown; choose one of A, B, C"),
        ("B,A,1", "row 3 of .* lets B project to A, which is not above it"),
        ("A,C,strong", "strength in row 3 of .* is 'strong'; give a number of 0 or more"),
        ("A,C,-1", r"strength in row 3 of .* is -1.0; give a number"),
        ("A,C,nan", "strength in row 3 of .* is nan; give a number"),
        ("A,B,1", "row 3 of .* gives A -> B a second time; remove it"),
        ("A,C", "strength in row 3 of .* is None; give a number"),
        ("A,C,1,2", "row 3 of .* has more entries than there are columns; remove them"),
        ("C,C,1", "row 3 of .* lets C project to C, which is not above it"),
        (",B,1", "source in row 3 of .* is '', which is unknown; choose one of A, B, C"),
        ("\n\nA,C,inf", "strength in row 5 of .* is inf; give a number"),
    ],
)
def test_an_impossible_row_is_named(tmp_path: Path, row: str, message: str) -> None:
    path = tmp_path / "mine.csv"
    path.write_text(f"source,target,strength\nA,B,1\n{row}\n")
    with pytest.raises(ValueError, match=message):
        from_csv(path, "ABC")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"source,target\nA,B\n", "lacks the column strength; give a header"),
        (b"", "lacks the column source, strength, target; give a header"),
        (b"source,target,strength\n", "holds no projection; give one row a projection"),
        (b"\xff\xfe\x00", "is not a text file; save the table as CSV"),
    ],
    ids=["column missing", "empty", "header only", "not text"],
)
def test_a_table_that_is_none_is_refused(tmp_path: Path, content: bytes, message: str) -> None:
    path = tmp_path / "mine.csv"
    path.write_bytes(content)
    with pytest.raises(ValueError, match=message):
        from_csv(path, "ABC")


def test_areas_of_one_name_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="the areas A, B, A are not all different; name each once"):
        from_csv(tmp_path / "mine.csv", "ABA")


def test_supragranular_shares_are_known_for_all_projections() -> None:
    rows = list(connectivity._data("macaque_fln"))
    assert len(rows) == 99
    assert all(0 <= float(row["sln"]) <= 1 for row in rows)
