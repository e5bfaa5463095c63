"""Options of the test run: slow tests, and reference trajectories from another folder."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from hypothesis import settings

ROOT = Path(__file__).parents[1]
# What several tests share stands beside this file, and benchmarks are tested too.
sys.path[:0] = [str(ROOT / "tests"), str(ROOT / "benchmarks")]

# No test is timed: how long an example takes depends on what else the machine does.
settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--slow", action="store_true", help="run tests that take minutes as well")
    parser.addoption(
        "--reference-cases",
        type=Path,
        metavar="DIR",
        help="replay the reference trajectories of this folder (cases.json and npz files) instead",
    )


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if config.getoption("--slow"):
        return
    skip = pytest.mark.skip(reason="takes minutes; run with --slow")
    for item in items:
        if "slow" in item.keywords:
            item.add_marker(skip)
