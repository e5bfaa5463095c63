"""The fabricated reports, by name."""

import importlib.util
import sys
from pathlib import Path

import numpy as np
import pytest


def _example():
    spec = importlib.util.spec_from_file_location(
        "example_report", Path(__file__).with_name("example_report.py")
    )
    module = sys.modules.setdefault(spec.name, importlib.util.module_from_spec(spec))
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="session")
def example():
    return _example()


@pytest.fixture(scope="session")
def theories(example):
    return example.of_theories()


@pytest.fixture(scope="session")
def pages(example):
    from errorneurons.predictions.pages.page import render

    return {
        name: render(getattr(example, name)())
        for name in ("of_theories", "of_animals", "untestable", "in_families")
    }


@pytest.fixture
def example_nwb(tmp_path):
    """Return a small NWB recording without outcomes, which no claim can be tested on."""
    from errorneurons.analysis.readers.nwb.reader import write_nwb
    from errorneurons.analysis.session.session import collect, session

    rng = np.random.default_rng(0)
    made = session(
        {"rate": rng.poisson(0.5, (8, 20, 4)) / 0.02},
        {
            "time": (np.arange(20) + 0.5) * 0.02 - 0.2,
            "unit_id": ["a", "b", "c", "d"],
            "area": ["V1", "V1", "LM", "LM"],
            "level": [1, 1, 2, 2],
            "role": ["error", "unknown"] * 2,
            "label_source": ["genetic", "none"] * 2,
            "stimulus": ["left", "right"] * 4,
            "input_onset": np.zeros(8),
        },
        {"animal": "m1", "session_id": "day1"},
    )
    return write_nwb(collect([made]), tmp_path / "recording.nwb", seed=1)
