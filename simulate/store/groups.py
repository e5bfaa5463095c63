"""Zarr groups that are there whole and intact, or not at all, and say what they rest on."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Literal

import xarray as xr

from errorneurons.simulate.store.files import digest_of, replacing_folder

KEY = "errorneurons_key"
"""The attribute of a group that holds the hash of what it rests on."""
_SUM = "errorneurons_sha256"
"""The attribute that holds the hash of all else of it: a lost chunk would read as NaN."""
_NOTES = ".zattrs"
"""The file of a group's attributes."""
_FORMAT: Literal[2] = 2
"""Of Zarr: text of fixed length has no specification in format 3 yet."""


def key_of(path: Path) -> str | None:
    """Return the key of a group; None if it is not there, or damaged."""
    noted = _noted(path)
    return noted.get(KEY) if _SUM in noted and noted[_SUM] == digest_of(path, _NOTES) else None


def is_damaged(path: Path, key: str) -> bool:
    """Return whether a group says that it has this key, but is not as it was written."""
    return _noted(path).get(KEY) == key and key_of(path) is None


def _noted(path: Path) -> dict[str, str]:
    """Return the attributes of a group; none if it is not there, or they cannot be read."""
    try:
        noted = json.loads((path / _NOTES).read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    return noted if isinstance(noted, dict) else {}


def write_groups(
    groups: Iterator[tuple[str, xr.Dataset]] | Sequence[tuple[str, xr.Dataset]],
    path: Path,
    attrs: dict[str, str],
) -> int:
    """Write groups one by one beside a path, and rename; return how many there were."""
    count = 0
    with replacing_folder(path) as part:
        xr.Dataset(attrs=attrs).to_zarr(part, mode="w", consolidated=False, zarr_format=_FORMAT)
        for name, data in groups:
            data.to_zarr(part, group=name, mode="a", consolidated=False, zarr_format=_FORMAT)
            count += 1
        if count:
            noted = json.loads((part / _NOTES).read_text("utf-8"))
            text = json.dumps(noted | {_SUM: digest_of(part, _NOTES)})
            (part / _NOTES).write_text(text, encoding="utf-8")
        else:
            shutil.rmtree(part)
    return count
