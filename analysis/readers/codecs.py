"""What the arrays of a Zarr store were packed with: nothing is unpacked that could run code."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from errorneurons.analysis.session.contract import DoorError

_SAFE = {
    "adler32", "astype", "bitround", "blosc", "bytes", "bz2", "categorize", "crc32", "crc32c",
    "delta", "fixedscaleoffset", "fletcher32", "gzip", "json2", "lz4", "lzma", "packbits",
    "quantize", "sharding_indexed", "shuffle", "transpose", "vlen-array", "vlen-bytes", "vlen-utf8",
    "zlib", "zstd",
}  # fmt: skip
"""Codecs that make numbers and text of bytes, and nothing else."""
_LONGEST = 2**24
"""A description of an array is no longer [bytes]."""


def check_codecs(store: Path) -> None:
    """Refuse a store of which any part was packed with what could run code, or leads elsewhere.

    Raises
    ------
    DoorError
        Naming the array and the codec.
    """
    check_inside(store)
    for folder, described in described_arrays(store):
        if strange := strange_codec(described):
            name = folder.relative_to(store).as_posix()
            raise DoorError(
                f"{store.name}: `{name}` is packed with {strange!r}, which is not known to be "
                "safe; write it with a plain compressor such as zstd"
            )


def check_inside(store: Path) -> None:
    """Refuse a store with links that lead out of it.

    Raises
    ------
    DoorError
        Naming the link.
    """
    root = store.resolve()
    for path in store.rglob("*"):
        if path.is_symlink() and root not in path.resolve().parents:
            raise DoorError(f"{store.name}: {path.name} is a link that leads out of it; copy it")


def described_arrays(store: Path) -> Iterator[tuple[Path, Any]]:
    """Yield the folders of the arrays of a store, with what describes them.

    Raises
    ------
    DoorError
        If a description is no JSON.
    """
    for name in (".zarray", "zarr.json"):
        for path in sorted(store.rglob(name)):
            described = _json(store, path)
            if name == ".zarray" or described.get("node_type") == "array":
                yield path.parent, described


def _json(store: Path, path: Path) -> Any:
    where = path.relative_to(store).as_posix()
    try:
        if path.stat().st_size > _LONGEST:
            raise ValueError("it is too long")
        described = json.loads(path.read_text(encoding="utf-8"))
        if not isinstance(described, dict):
            raise ValueError("it is no object")
    except (ValueError, RecursionError) as error:
        raise DoorError(f"{store.name}: {where} describes no array: {error}; copy it") from error
    return described


def strange_codec(described: Any) -> str:
    """Return the first codec of a description that is not known to be safe; empty if none is."""
    for name in _codecs(described):
        if name.removeprefix("numcodecs.") not in _SAFE:
            return name
    return ""


def _codecs(described: Any) -> Iterator[str]:
    """Yield the names of codecs, those in other codecs too."""
    if isinstance(described, dict):
        for key in ("compressor", "filters", "codecs", "index_codecs", "object_codec"):
            inner = described.get(key)
            for codec in inner if isinstance(inner, list) else [inner]:
                if codec is not None:
                    name = codec.get("id", codec.get("name")) if isinstance(codec, dict) else codec
                    yield str(name)
                    yield from _codecs(codec)
                    yield from _codecs(codec.get("configuration") if isinstance(codec, dict) else 0)
