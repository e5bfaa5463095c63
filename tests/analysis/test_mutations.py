"""A damaged recording of any kind is refused in a sentence, or comes in; it never does more."""

from __future__ import annotations

import os
import zipfile
from importlib.util import find_spec
from pathlib import Path

import h5py
import numpy as np
import pytest
from mutations import CUT, KINDS, REST, mat73, npz, one, suite2p

from errorneurons.analysis.door import open_recording
from errorneurons.analysis.session.contract import DoorError

MUTATIONS = 12
"""Of each kind; ``benchmarks/mutations.py`` makes thousands."""


@pytest.mark.parametrize("kind", KINDS)
def test_a_mutation_is_refused_in_a_sentence_or_comes_in(kind: str, tmp_path: Path) -> None:
    if kind == "parquet" and find_spec("pyarrow") is None:
        pytest.skip("pyarrow is not installed")
    answers = {one(kind, 10_000 + k, tmp_path / "m") for k in range(MUTATIONS)}
    assert answers <= {"refused", "came in"}


def refused(path: Path, mapping: str = CUT + REST) -> str:
    said = path.parent / "m.toml"
    said.write_text(mapping)
    with pytest.raises(DoorError) as caught:
        open_recording(path, said)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_an_array_of_objects_is_not_unpickled(tmp_path: Path) -> None:
    path, _ = npz(tmp_path)

    class Evil:
        def __reduce__(self) -> object:
            return os.mkdir, (str(tmp_path / "ran"),)

    np.savez(path, x=np.array([Evil()], dtype=object))
    assert "`x` is pickled, and reading it could run code" in refused(path)
    assert not (tmp_path / "ran").exists()


def test_a_zip_bomb_is_refused_before_it_is_unpacked(tmp_path: Path) -> None:
    head = b"{'descr': '<f8', 'fortran_order': False, 'shape': (1048576, 1024, 4), }".ljust(117)
    with zipfile.ZipFile(tmp_path / "x.npz", "w") as archive:
        archive.writestr("x.npy", b"\x93NUMPY\x01\x00v\x00" + head + b"\n")
    assert "the file does not hold so many" in refused(tmp_path / "x.npz")


@pytest.mark.parametrize(
    ("link", "message"),
    [(h5py.ExternalLink("/etc/passwd", "/x"), "`x` is a link that leads elsewhere"),
     (h5py.SoftLink("/onset"), "`x` is a link that leads elsewhere")],
)  # fmt: skip
def test_links_are_not_followed(tmp_path: Path, link: object, message: str) -> None:
    path, _ = mat73(tmp_path)
    with h5py.File(path, "r+") as file:
        del file["x"]
        file["x"] = link
    assert message in refused(path)


def test_data_in_another_file_are_not_read(tmp_path: Path) -> None:
    path, _ = mat73(tmp_path)
    (tmp_path / "secret").write_bytes(bytes(8 * 6))
    with h5py.File(path, "r+") as file:
        del file["x"]
        file.create_dataset("x", (6,), "f8", external=[(str(tmp_path / "secret"), 0, 48)])
    assert "`x` stands in another file" in refused(path)


def test_a_huge_declared_shape_is_refused_before_it_is_read(tmp_path: Path) -> None:
    path, _ = mat73(tmp_path)
    with h5py.File(path, "r+") as file:
        del file["x"]
        file.create_dataset("x", (2**40, 2**10, 3), "f8", chunks=(1, 1024, 1))
    assert "the file holds 0 bytes of it; save it again" in refused(path)


@pytest.mark.parametrize(
    "name", ["../trials.csv", "/etc/passwd.csv", "a/b.csv", "..", "x\\\\y.csv"]
)
def test_a_table_beside_a_recording_is_in_no_other_folder(tmp_path: Path, name: str) -> None:
    path, mapping = suite2p(tmp_path)
    assert "leads to another folder" in refused(path, mapping.replace("trials.csv", name))


def test_labels_are_text_whatever_they_hold(tmp_path: Path) -> None:
    evil = "<script>alert(1)</script>"
    np.savez(tmp_path / "x.npz", x=np.ones((4, 3, 2)), kind=np.array([evil, "b"] * 2))
    (tmp_path / "m.toml").write_text(CUT + REST)
    with open_recording(tmp_path / "x.npz", tmp_path / "m.toml") as read:
        assert evil in read["m1_s1/stimulus"].values


def test_what_is_no_file_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "x.npz")
    assert "is neither a file nor a folder" in refused(tmp_path / "x.npz")


def test_of_many_names_some_are_said(tmp_path: Path) -> None:
    np.savez(tmp_path / "x.npz", **{f"a{k}": np.ones(1) for k in range(300)})
    assert refused(tmp_path / "x.npz").endswith("a49 and 250 more")
