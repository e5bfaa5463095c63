"""The fabricated reports, by name."""

import importlib.util
import sys
from pathlib import Path

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
    from errorneurons.predictions.report import render

    return {
        name: render(getattr(example, name)())
        for name in ("of_theories", "of_animals", "untestable")
    }
