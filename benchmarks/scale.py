"""The sweep over sizes in one process, and on a Dask cluster of two workers with its efficiency.

Run with ``python benchmarks/scale.py``, on an idle machine: it takes the time that has passed. Both
runs begin with compiled code and empty folders. Efficiency is how much longer one process takes,
over the number of workers.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path
from tempfile import TemporaryDirectory

from errorneurons.predictions.studies.published import asked_of, obtain
from errorneurons.simulate.store.work import Labour, silently

WORKERS = 2


def seconds(labour: Labour, quick: bool) -> float:
    """Return how long the sweep takes with someone to do it [s]."""
    with TemporaryDirectory() as folder:
        began = time.monotonic()
        obtain([asked_of("scale", quick)], 0, Path(folder), silently, labour)
        return time.monotonic() - began


def main() -> None:
    """Print both times and the efficiency."""
    from distributed import LocalCluster

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="fewer sizes, networks and epochs")
    quick = parser.parse_args().quick
    seconds(Labour(workers=1), quick=True)  # imports and compiles
    alone = seconds(Labour(workers=1), quick)
    with LocalCluster(n_workers=WORKERS, threads_per_worker=1, dashboard_address=None) as cluster:
        scheduler = Labour(scheduler=cluster.scheduler_address)
        seconds(scheduler, quick=True)  # so do the workers
        together = seconds(scheduler, quick)
    print(f"one process {alone:.1f} s, {WORKERS} Dask workers {together:.1f} s")
    print(f"efficiency {alone / together / WORKERS:.2f}")


if __name__ == "__main__":
    main()
