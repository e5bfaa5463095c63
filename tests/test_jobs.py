"""The benchmark of jobs counts what a tree of processes takes, and compares two checkouts."""

from __future__ import annotations

import sys
from pathlib import Path

import jobs
import pytest


def python(code: str) -> list[str]:
    return [sys.executable, "-c", code]


def test_all_jobs_are_run_unless_some_are_named() -> None:
    every = ["report", "demo-recording", "compare", "plan", "simulate", "learning"]
    assert jobs.options([]).job == every
    assert jobs.options(["--job", "plan", "--job", "report"]).job == ["plan", "report"]


def test_first_compare_weighs_eight_theories_and_a_plan_three() -> None:
    found = jobs.jobs_of(small=False)
    assert found["compare"].arguments.count("--theory") == 8
    assert found["plan"].arguments.count("--theory") == 3


def test_the_command_is_the_one_that_the_project_names(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text('[project.scripts]\nerrorneurons = "a.b:go"\n')
    assert "from a.b import go as run" in jobs.Checkout("this", tmp_path, tmp_path).command[-1]


def test_a_folder_that_is_no_checkout_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="is no checkout of errorneurons: src/errorneurons"):
        jobs.link("other", tmp_path, tmp_path)


def test_the_work_and_memory_of_children_of_children_count(tmp_path: Path) -> None:
    work = "held = bytearray(2**26); sum(range(10_000_000))"
    alone = jobs.called(python("pass"), tmp_path, {})
    taken = jobs.called(
        python(f"import subprocess, sys; subprocess.run([sys.executable, '-c', {work!r}])"),
        tmp_path, {},
    )  # fmt: skip
    assert taken[0] > alone[0]
    assert taken[2] > 2**26


def test_a_command_that_fails_shows_what_it_said(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError, match="ended with 3: no such theory"):
        jobs.called(
            python("import sys; print('no such theory', file=sys.stderr); sys.exit(3)"),
            tmp_path, {},
        )  # fmt: skip


def test_the_table_shows_the_best_run_of_each_checkout_and_their_ratio() -> None:
    lines = jobs.table([
        jobs.Run("this", "plan", "cold", 2.0, 1.0, 2**20),
        jobs.Run("this", "plan", "cold", 3.0, 9.0, 2**22),
        jobs.Run("other", "plan", "cold", 8.0, 4.0, 2**21),
        jobs.Run("this", "step of 8-4-2-1", "warm", 2e-6),
    ])  # fmt: skip
    words = [line.split() for line in lines[1:]]
    assert words[0] == ["plan", "cold", "cpu", "2.0", "s", "8.0", "s", "0.250"]
    assert words[1] == ["plan", "cold", "wall", "1.0", "s", "4.0", "s", "0.250"]
    assert words[2] == ["plan", "cold", "memory", "1", "MiB", "2", "MiB", "0.500"]
    assert words[3][-6:] == ["warm", "cpu", "2.000", "us", "-", "-"]
