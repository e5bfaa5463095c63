"""What a recording is called: by its file, the folders that it stands in, and parts of its name."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

_PART = re.compile(r"([a-z]+)-([A-Za-z0-9]+)")
"""A part of a name that says what it is, as in ``sub-01_ses-2_events`` (BIDS, DANDI)."""
_DATE = re.compile(r"\d{4}-?\d\d-?\d\d.*")
FOLDERS_ABOVE = ("folder.top", "folder.above", "folder.name")
"""Names of the folders that a recording stands in, its own one last."""


def called_by(path: Path) -> dict[str, str]:
    """Return the names of a recording and of its folders.

    Examples
    --------
    >>> names = called_by(Path("/lab/m1/day2/sub-01_ses-2_task.nwb"))
    >>> names["file.name"], names["file.sub"], names["folder.name"], names["folder.above"]
    ('sub-01_ses-2_task', '01', 'day2', 'm1')
    """
    parts = [_PART.fullmatch(part) for part in path.stem.split("_")]
    said = {f"file.{found[1]}": found[2] for found in parts if found}
    folders = [folder.name for folder in path.resolve().parents[:3]]
    return said | {"file.name": path.stem} | dict(zip(FOLDERS_ABOVE[::-1], folders, strict=False))


def names_that_tell(paths: Sequence[Path]) -> dict[str, str]:
    """Return those names of the first of some recordings that tell them apart.

    A recording alone is told by the parts of its name, and by the folder above that of its date.
    """
    every = [called_by(path) for path in paths]
    first = every[0]
    telling = {key for key in first if len({names.get(key) for names in every}) > 1}
    if len({names["file.name"] for names in every}) == len(every):
        telling.add("file.name")
    telling |= {key for key in first if key.startswith("file.") and key != "file.name"}
    if _DATE.fullmatch(first.get("folder.name", "")):
        telling = (telling - {"file.name"}) | {"folder.above", "folder.name"}
    return {key: first[key] for key in first if key in telling}
