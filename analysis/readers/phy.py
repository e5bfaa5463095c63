"""Folders of Phy and Kilosort: sorted spikes and what was said of clusters.

``params.py`` is a program; of it the number that stands behind ``sample_rate`` is read, and
nothing is run.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from errorneurons.analysis.named.arrays import NamedArrays
from errorneurons.analysis.readers.numpy_files import mapped_npy
from errorneurons.analysis.readers.tables import placed, table_columns
from errorneurons.analysis.session.contract import DoorError
from errorneurons.analysis.signals import SignalSource
from errorneurons.analysis.sources.limits import check_size, damage_told
from errorneurons.analysis.sources.recording import LazyArray, RawValues
from errorneurons.analysis.sources.words import as_texts, missing_in

_LONGEST = 2**16
"""A file of parameters is no longer [bytes]."""


def is_phy(folder: Path) -> bool:
    """Whether a folder is one that Kilosort or Phy wrote."""
    return all((folder / f"{name}.npy").is_file() for name in ("spike_times", "spike_clusters"))


@contextmanager
def hold_phy(folder: Path) -> Iterator[NamedArrays]:
    """Yield the spikes of a folder of Phy, and a table ``clusters``.

    Raises
    ------
    DoorError
        If a file is missing or damaged.
    """
    with damage_told(folder):
        spikes: dict[str, LazyArray] = {
            name: mapped_npy(folder / f"{name}.npy") for name in ("spike_times", "spike_clusters")
        }
        signal = SignalSource(
            spike_times="spike_times",
            spike_units="spike_clusters",
            table="clusters",
            unit_ids="cluster_id",
            rate=_sample_rate(folder / "params.py"),
        )
        yield NamedArrays({**spikes, **_clusters(folder, spikes["spike_clusters"])}, signal=signal)


def _clusters(folder: Path, owners: LazyArray) -> dict[str, LazyArray]:
    """Return the columns of all tables of clusters, one row a cluster that spikes.

    Tables go on telling of clusters that were merged or split away, and have no spike any more.
    """
    check_size("spike_clusters", owners.shape, owners.dtype.itemsize)
    tables = [table_columns(path).arrays for path in sorted(folder.glob("cluster_*.tsv"))]
    told = [table for table in tables if "cluster_id" in table]
    keys = [np.asarray(table["cluster_id"]) for table in told]
    if any(key.dtype.kind not in "iu" or len(np.unique(key)) < len(key) for key in keys):
        raise DoorError(f"{folder.name}: a cluster_id stands twice in a table, or is no number")
    every = np.unique(np.asarray(owners)).astype(np.int64)
    columns: dict[str, LazyArray] = {"clusters.cluster_id": every}
    for table, key in zip(told, keys, strict=True):
        there = np.isin(key, every)
        rows = np.searchsorted(every, key[there])
        for name, values in table.items():
            if name != "cluster_id":
                own = placed(np.asarray(values)[there], rows, len(every))
                first = np.asarray(columns.setdefault(f"clusters.{name}", own))
                _check_alike(folder, name, every, first, own)
    return columns


def _check_alike(
    folder: Path, name: str, clusters: RawValues, first: RawValues, other: RawValues
) -> None:
    """Refuse two tables that say unlike things of a cluster; what one is silent about is none."""
    both = ~(missing_in(first) | missing_in(other))
    unlike = both & (as_texts(first) != as_texts(other))
    if unlike.any():
        at = int(np.argmax(unlike))
        raise DoorError(
            f"{folder.name}: its tables say of cluster {clusters[at]} that `{name}` is "
            f"{first[at]} and {other[at]}; leave the older table out"
        )


def _sample_rate(path: Path) -> float | None:
    """Return the samples a second that a file of parameters states; None if there is none."""
    if not path.is_file():
        return None
    if path.stat().st_size > _LONGEST:
        raise DoorError(f"params.py is {path.stat().st_size} bytes long; it is no file of Phy")
    for statement in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(statement, ast.Assign) and ast.unparse(statement.targets[0]) == "sample_rate":
            rate = ast.literal_eval(statement.value)
            if isinstance(rate, int | float) and 0 < rate < float("inf"):
                return float(rate)
    raise DoorError("params.py states no sample_rate above 0; give rate under [signal]")
